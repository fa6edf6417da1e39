//! The header and the footer of a recording.
//!
//! Both are JSON, so that other programs can list recordings without decoding facts.
//! Values that are read back are checked like typed ones.

use std::collections::BTreeMap;
use std::time::Duration;

use scenarios::{Check, Clock, Figure, Outcome, Values};
use serde::{Deserialize, Serialize};

use super::names;
use crate::engine::{Detail, Ending, Report, Spec};
use crate::text;
use crate::trace::Trace;

/// The spec of the run, without its speed, which does not matter.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    /// The version of the program that wrote it.
    program: String,
    scenario: String,
    params: BTreeMap<String, String>,
    seed: u64,
    clock: String,
    workers: usize,
    limit_ms: u64,
    detail: String,
    stall_after_ms: u64,
}

impl Header {
    pub(super) fn of(spec: &Spec) -> Self {
        Self {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: spec.scenario.id.to_owned(),
            params: spec.values.iter().map(|(param, value)| (param.name.to_owned(), value.to_string())).collect(),
            seed: spec.seed,
            clock: spec.clock.name().to_owned(),
            workers: spec.workers,
            limit_ms: spec.limit.as_millis() as u64,
            detail: word(spec.detail).to_owned(),
            stall_after_ms: spec.stall_after.as_millis() as u64,
        }
    }

    /// Whether this version of the program wrote it, so that the sources are the same.
    pub(super) fn is_of_this_program(&self) -> bool {
        self.program == env!("CARGO_PKG_VERSION")
    }

    /// The spec of the run, if this program has the scenario and its parameters; otherwise the reason.
    pub(super) fn spec(&self) -> Result<Spec, String> {
        // The values are not checked yet.
        let recorded_by = format!("it was recorded by version {}", text::name(&self.program));
        let scenario = scenarios::find(&self.scenario)
            .ok_or_else(|| format!("this version has no scenario '{}'; {recorded_by}", text::name(&self.scenario)))?;
        let mut values = Values::defaults(scenario.params);
        for param in scenario.params {
            let text = self.params.get(param.name);
            let text = text.ok_or_else(|| format!("it lacks the parameter '{}'; {recorded_by}", param.name))?;
            values.set(param, param.parse(&text::name(text)).map_err(|error| format!("{error}; {recorded_by}"))?);
        }
        let clocks = [Clock::Virtual, Clock::Real];
        let details = [Detail::Polls, Detail::Waits];
        let spec = Spec {
            values,
            seed: self.seed,
            clock: clocks.into_iter().find(|clock| clock.name() == self.clock).ok_or("it has an unknown clock")?,
            workers: self.workers,
            limit: Duration::from_millis(self.limit_ms),
            detail: details.into_iter().find(|detail| word(*detail) == self.detail).ok_or("it has an unknown detail")?,
            stall_after: Duration::from_millis(self.stall_after_ms),
            ..Spec::new(scenario)
        };
        spec.check().map_err(|error| error.to_string())?;
        Ok(spec)
    }
}

fn word(detail: Detail) -> &'static str {
    match detail {
        Detail::Polls => "polls",
        Detail::Waits => "waits",
    }
}

/// How the run ended, and what identifies its trace.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Footer {
    /// When the trace was closed, in nanoseconds since the run began.
    pub(super) closed_ns: u64,
    /// As in `run --json`.
    pub(super) trace_hash: String,
    /// The number of events, as in [`Trace::recorded`].
    pub(super) recorded: u64,
    ending: TheEnding,
    elapsed_ns: u64,
    runtime_polls: Option<u64>,
}

/// An [`Ending`] in JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TheEnding {
    Finished { figures: Vec<TheFigure>, checks: Vec<TheCheck> },
    Failed(String),
    Panicked(String),
    Stalled,
    Limit,
    Stopped,
    Abandoned,
    CutOff,
}

#[derive(Debug, Serialize, Deserialize)]
struct TheFigure {
    name: String,
    /// A string, since a JSON number may lose precision.
    value: String,
    unit: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct TheCheck {
    name: String,
    holds: bool,
}

impl Footer {
    pub(super) fn of(closed_ns: u64, report: &Report, trace: &Trace) -> Self {
        Self {
            closed_ns,
            trace_hash: hash(trace),
            recorded: trace.recorded,
            ending: TheEnding::of(&report.ending),
            elapsed_ns: report.elapsed_ns,
            runtime_polls: report.runtime_polls,
        }
    }

    /// Whether this is the trace that the footer was written for.
    pub(super) fn is_of(&self, trace: &Trace) -> bool {
        self.trace_hash == hash(trace) && self.recorded == trace.recorded
    }

    /// The report of the run; `None` if there are too many names of units.
    pub(super) fn report(self) -> Option<Report> {
        let ending = self.ending.back()?;
        Some(Report { ending, elapsed_ns: self.elapsed_ns, runtime_polls: self.runtime_polls })
    }
}

fn hash(trace: &Trace) -> String {
    format!("{:016x}", trace.hash())
}

impl TheEnding {
    fn of(ending: &Ending) -> Self {
        match ending {
            Ending::Finished(outcome) => {
                let figure = |figure: &Figure| TheFigure {
                    name: figure.name.clone(),
                    value: format!("{:?}", figure.value),
                    unit: figure.unit.to_owned(),
                };
                let check = |check: &Check| TheCheck { name: check.name.clone(), holds: check.holds };
                Self::Finished {
                    figures: outcome.figures.iter().map(figure).collect(),
                    checks: outcome.checks.iter().map(check).collect(),
                }
            }
            Ending::Failed(reason) => Self::Failed(reason.clone()),
            Ending::Panicked(message) => Self::Panicked(message.clone()),
            Ending::Stalled => Self::Stalled,
            Ending::Limit => Self::Limit,
            Ending::Stopped => Self::Stopped,
            Ending::Abandoned => Self::Abandoned,
            Ending::CutOff => Self::CutOff,
        }
    }

    fn back(self) -> Option<Ending> {
        Some(match self {
            Self::Finished { figures, checks } => {
                let figure = |figure: TheFigure| {
                    Some(Figure { name: figure.name, value: figure.value.parse().ok()?, unit: names::fixed(&figure.unit)? })
                };
                Ending::Finished(Outcome {
                    figures: figures.into_iter().map(figure).collect::<Option<_>>()?,
                    checks: checks.into_iter().map(|check| Check { name: check.name, holds: check.holds }).collect(),
                })
            }
            Self::Failed(reason) => Ending::Failed(reason),
            Self::Panicked(message) => Ending::Panicked(message),
            Self::Stalled => Ending::Stalled,
            Self::Limit => Ending::Limit,
            Self::Stopped => Ending::Stopped,
            Self::Abandoned => Ending::Abandoned,
            Self::CutOff => Ending::CutOff,
        })
    }
}
