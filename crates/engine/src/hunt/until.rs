//! What a hunt is for: the condition that a run must meet.

use std::fmt;
use std::str::FromStr;

use trace::{StallKind, Trace};

use crate::{Ending, Report};

/// What a hunt looks for in a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Until {
    /// Anything that goes wrong: a check fails, tasks are stuck, main fails or panics, or the limit is reached.
    Wrong,
    /// A check fails.
    Check,
    /// Tasks can never go on.
    Stall,
    /// There is a finding.
    Finding,
    /// A figure of the outcome is above a value.
    Figure {
        /// Its name.
        name: String,
        /// The value.
        above: f64,
    },
}

/// How a run meets the condition.
#[derive(Debug, Clone)]
pub(super) struct Met {
    /// Runs that meet it alike have the same kind.
    pub(super) kind: String,
    /// In one sentence without a full stop.
    pub(super) what: String,
    /// When, in nanoseconds since the run began.
    pub(super) at_ns: u64,
}

impl Until {
    /// Whether a run may meet the condition, as far as its spawns, polls and ends show. Only waits show that some tasks are stuck
    /// in a run that ended well; then they are still alive.
    pub(super) fn may_be_met_by(&self, trace: &Trace, report: &Report) -> bool {
        match (self, &report.ending) {
            (Self::Wrong | Self::Stall, Ending::Finished(outcome)) => !outcome.holds() || trace.totals().alive > 0,
            (Self::Wrong | Self::Stall | Self::Finding, _) => true,
            (Self::Check | Self::Figure { .. }, _) => self.met_by(trace, report).is_some(),
        }
    }

    /// How a run meets the condition; `None` if it does not.
    pub(super) fn met_by(&self, trace: &Trace, report: &Report) -> Option<Met> {
        match self {
            Self::Wrong => stall(trace, report).or_else(|| check(trace, report)).or_else(|| other(trace, report)),
            Self::Check => check(trace, report),
            Self::Stall => stall(trace, report),
            Self::Finding => {
                let first = trace.findings().list.into_iter().next()?;
                let what = format!("{}: {}", first.kind.name(), first.text);
                Some(Met { kind: first.kind.name().to_owned(), what, at_ns: first.at_ns })
            }
            Self::Figure { name, above } => {
                let Ending::Finished(outcome) = &report.ending else { return None };
                let figure = outcome.figures.iter().find(|figure| figure.name == *name && figure.value > *above)?;
                let what = format!("{name} is {} {}, above {above}", figure.value, figure.unit);
                Some(Met { kind: name.clone(), what, at_ns: last_cut(trace) })
            }
        }
    }
}

fn check(trace: &Trace, report: &Report) -> Option<Met> {
    let Ending::Finished(outcome) = &report.ending else { return None };
    let failed: Vec<_> = outcome.checks.iter().filter(|check| !check.holds).map(|check| check.name.as_str()).collect();
    let what = format!("check failed: {}", failed.join("; "));
    (!failed.is_empty()).then(|| Met { kind: what.clone(), what, at_ns: last_cut(trace) })
}

fn stall(trace: &Trace, report: &Report) -> Option<Met> {
    let stall = report.stall(trace)?;
    let at_ns = match stall.kind {
        StallKind::Cycle => trace.deadlocks.first().map_or(trace.end_ns, |(at_ns, _)| *at_ns),
        _ => trace.end_ns,
    };
    Some(Met { kind: format!("stall: {}", stall.kind.name()), what: stall.text, at_ns })
}

fn other(trace: &Trace, report: &Report) -> Option<Met> {
    let (kind, what) = match &report.ending {
        Ending::Failed(reason) => ("failed", format!("main failed: {reason}")),
        Ending::Panicked(message) => ("panicked", format!("main panicked: {message}")),
        Ending::Limit => ("limit", "the run reached its limit before main ended".to_owned()),
        _ => return None,
    };
    Some(Met { kind: kind.to_owned(), what, at_ns: last_cut(trace) })
}

/// When the last poll was cut, or else the end of the run.
fn last_cut(trace: &Trace) -> u64 {
    trace.preemptions().last().map_or(trace.end_ns, |cut| cut.at_ns)
}

/// Why a text is no condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UntilError;

impl fmt::Display for UntilError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected wrong, check, stall, finding, or a figure and a value such as 'total>3500'")
    }
}

impl std::error::Error for UntilError {}

impl FromStr for Until {
    type Err = UntilError;

    fn from_str(text: &str) -> Result<Self, UntilError> {
        match text.trim() {
            "wrong" => Ok(Self::Wrong),
            "check" => Ok(Self::Check),
            "stall" => Ok(Self::Stall),
            "finding" => Ok(Self::Finding),
            other => {
                let (name, above) = other.split_once('>').ok_or(UntilError)?;
                let above = above.trim().parse().ok().filter(|above: &f64| above.is_finite()).ok_or(UntilError)?;
                let name = name.trim().to_owned();
                if name.is_empty() { Err(UntilError) } else { Ok(Self::Figure { name, above }) }
            }
        }
    }
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong => f.write_str("wrong"),
            Self::Check => f.write_str("check"),
            Self::Stall => f.write_str("stall"),
            Self::Finding => f.write_str("finding"),
            Self::Figure { name, above } => write!(f, "{name}>{above}"),
        }
    }
}
