//! The header and the footer of a recording.
//!
//! Both are JSON, so that other programs can list recordings without decoding facts. They are plain data: what they mean is
//! up to the program that ran, and a reader must check every value like a typed one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What was recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the recorder.
    pub version: String,
    /// What ran.
    #[serde(flatten)]
    pub subject: Subject,
}

/// What ran: a scenario of the playground, or any other program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A scenario.
    Scenario(Scenario),
    /// A program with the recorder in it.
    Program(Program),
}

/// The spec of a scenario's run, without its speed, which does not matter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// Its id.
    pub id: String,
    /// Its parameters, each with its value as a text.
    pub params: BTreeMap<String, String>,
    /// The seed of all randomness.
    pub seed: u64,
    /// The schedule as a text; Tokio's own order if missing.
    #[serde(default = "tokios_order")]
    pub schedule: String,
    /// `virtual` or `real`.
    pub clock: String,
    /// Worker threads; 0 is the current-thread runtime.
    pub workers: usize,
    /// When to stop the run, in milliseconds.
    pub limit_ms: u64,
    /// `polls` or `waits`.
    pub detail: String,
    /// How long the run must be quiet to count as stalled, in milliseconds.
    pub stall_after_ms: u64,
}

/// A program that is observed while it runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// The name of its executable, without the path.
    pub name: String,
    /// Its process.
    pub pid: u32,
    /// Its command line.
    pub args: Vec<String>,
    /// The path of its executable.
    pub exe: String,
    /// The folder that the paths of its sources are relative to; empty if it is not known.
    pub base: String,
    /// When the recording began, in milliseconds since 1970.
    pub began_ms: u64,
    /// `polls` or `waits`.
    pub detail: String,
    /// What the recording cannot show, and why: one line each.
    pub lacks: Vec<String>,
}

/// How a recording ended, and what identifies its trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Footer {
    /// When the trace was closed, in nanoseconds since the run began.
    pub closed_ns: u64,
    /// The trace's hash, as in `run --json`; none if the writer had no trace.
    pub trace_hash: Option<String>,
    /// The hash of its wakes; none if there was no trace, or wakes were not recorded.
    #[serde(default)]
    pub wake_hash: Option<String>,
    /// The number of events in the trace; none likewise.
    pub recorded: Option<u64>,
    /// How the run ended.
    pub ending: Ended,
    /// How long the run took, in nanoseconds.
    pub elapsed_ns: u64,
    /// The number of polls by Tokio's own count, if known.
    pub runtime_polls: Option<u64>,
}

/// The schedule that cuts no poll.
fn tokios_order() -> String {
    "0".to_owned()
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// A scenario returned its outcome.
    Finished {
        /// Its figures.
        figures: Vec<Figure>,
        /// Its checks.
        checks: Vec<Check>,
    },
    /// It returned an error: the error.
    Failed(String),
    /// Its main task panicked: the message.
    Panicked(String),
    /// Nothing could ever run again.
    Stalled,
    /// It reached its limit.
    Limit,
    /// It was stopped.
    Stopped,
    /// It was told to stop, but a task never yielded.
    Abandoned,
    /// The end is not known.
    CutOff,
    /// A program ended by itself.
    Exited,
}

/// One figure of an outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// The value as a text, since a JSON number may lose precision.
    pub value: String,
    /// Its unit.
    pub unit: String,
}

/// One check of an outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// The invariant.
    pub name: String,
    /// Whether it held.
    pub holds: bool,
}
