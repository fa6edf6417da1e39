//! The last line: how the run ended, with the words of `run --json`.

use recording::header::{Check, Figure};
use recording::{Ended, Flaw, Footer};
use serde::Serialize;
use serde_json::Value;

/// The last line.
#[derive(Debug, Serialize)]
pub struct End {
    r#type: &'static str,
    /// When the trace was closed, in nanoseconds since the run began.
    at_ns: u64,
    /// How it ended.
    ended: &'static str,
    /// The error, the panic, or what is wrong with the recording.
    why: Option<String>,
    elapsed_ns: u64,
    outcome: Vec<Measured>,
    checks: Vec<Check>,
    polls: Polls,
    events: Events,
    trace_hash: Option<String>,
    wake_hash: Option<String>,
}

/// A figure of the outcome.
#[derive(Debug, Serialize)]
struct Measured {
    name: String,
    /// Whole if it is.
    value: Value,
    unit: String,
}

#[derive(Debug, Serialize)]
struct Polls {
    /// By Tokio's own count.
    runtime: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Events {
    /// Those that belong to the run.
    recorded: Option<u64>,
}

impl End {
    pub(super) fn of(footer: Footer) -> Self {
        let Footer { closed_ns, trace_hash, wake_hash, recorded, ending, elapsed_ns, runtime_polls } = footer;
        let (ended, why, figures, checks) = match ending {
            Ended::Finished { figures, checks } => ("finished", None, figures, checks),
            Ended::Failed(error) => ("failed", Some(error), Vec::new(), Vec::new()),
            Ended::Panicked(message) => ("panicked", Some(message), Vec::new(), Vec::new()),
            other => (word(&other), None, Vec::new(), Vec::new()),
        };
        Self {
            r#type: "end",
            at_ns: closed_ns,
            ended,
            why,
            elapsed_ns,
            outcome: figures.into_iter().map(measured).collect(),
            checks,
            polls: Polls { runtime: runtime_polls },
            events: Events { recorded },
            trace_hash,
            wake_hash,
        }
    }

    /// The end of a recording that cannot be read up to its own.
    pub(super) fn without(at_ns: u64, flaw: &Flaw) -> Self {
        Self {
            r#type: "end",
            at_ns,
            ended: word(&Ended::CutOff),
            why: Some(flaw.to_string()),
            elapsed_ns: at_ns,
            outcome: Vec::new(),
            checks: Vec::new(),
            polls: Polls { runtime: None },
            events: Events { recorded: None },
            trace_hash: None,
            wake_hash: None,
        }
    }
}

fn word(ended: &Ended) -> &'static str {
    match ended {
        Ended::Finished { .. } => "finished",
        Ended::Failed(_) => "failed",
        Ended::Panicked(_) => "panicked",
        Ended::Stalled => "stalled",
        Ended::Limit => "limit",
        Ended::Stopped => "stopped",
        Ended::Abandoned => "abandoned",
        Ended::CutOff => "cut off",
        Ended::Exited => "exited",
    }
}

/// Every whole number up to here is exactly representable.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A value that is no number is null.
fn measured(figure: Figure) -> Measured {
    let value: f64 = figure.value.parse().unwrap_or(f64::NAN);
    let whole = value.fract() == 0.0 && value.abs() <= EXACT;
    let value = if whole { (value as i64).into() } else { value.into() };
    Measured { name: figure.name, value, unit: figure.unit }
}
