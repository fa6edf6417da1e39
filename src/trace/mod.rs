//! What the events mean: tasks and their states over time.
//!
//! A [`Trace`] is all that is known of a run. It is built from the recorder's
//! events as they come, is owned by whoever looks at it (so it needs no lock),
//! and answers questions about any moment of the run, not only the last one:
//! the screen shows the trace *at a cursor*. It knows neither Tokio nor a
//! screen, so a recording in a file and a live run are the same to it.

mod bins;
mod ingest;
mod task;

pub use bins::{Bin, Bins, Census};
pub use task::{End, Ended, Mark, Segment, SpanLabel, State, Task, TaskIx, Wake, Waker};

use crate::record::event::Level;

/// All that is known of a run.
#[derive(Debug, Default)]
pub struct Trace {
    /// Every task, in the order of spawning; a task's place here is its [`TaskIx`].
    pub tasks: Vec<Task>,
    /// The scenario's own events, in the order they came.
    pub log: Vec<LogLine>,
    /// Each field `counter.NAME` of the scenario's events, as a track over time, in order of first use.
    pub counters: Vec<Counter>,
    /// Tokio's own figures, about ten a second.
    pub samples: Vec<Sample>,
    /// Counts for each short stretch of time, for charts.
    pub bins: Bins,
    /// The threads that have polled tasks, by index: their names.
    pub threads: Vec<String>,
    /// Events taken in.
    pub recorded: u64,
    /// Events that the recorder had to drop, because nobody took them in time.
    pub lost: u64,
    /// Events that came later than the order allowed (multi-thread only): their times were moved up.
    pub late: u64,
    /// Polls taken in.
    pub polls: u64,
    /// The latest time known, in nanoseconds since the run began.
    pub end_ns: u64,
    /// Whether the recording is over: nothing will be added.
    pub closed: bool,
    ingest: ingest::Ingest,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLine {
    /// When, in nanoseconds since the run began.
    pub at_ns: u64,
    /// The task that emitted it; none from outside a poll.
    pub task: Option<TaskIx>,
    /// How much it matters.
    pub level: Level,
    /// The message and its fields.
    pub message: String,
}

/// A quantity of the scenario over time: each change as (nanoseconds, value).
#[derive(Debug, Clone, PartialEq)]
pub struct Counter {
    /// The part of the field's name after `counter.`.
    pub name: &'static str,
    /// Each change, in order of time.
    pub points: Vec<(u64, f64)>,
}

impl Counter {
    /// The value in force at that time; none before the first change.
    pub fn at(&self, at_ns: u64) -> Option<f64> {
        let after = self.points.partition_point(|(t, _)| *t <= at_ns);
        after.checked_sub(1).map(|i| self.points[i].1)
    }
}

/// Tokio's own figures for the time since the sample before, from tokio-metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// When, in nanoseconds since the run began.
    pub at_ns: u64,
    /// For each worker, the part of the wall time that it was busy, 0 to 1.
    pub busy: Vec<f64>,
    /// Mean wall time of a poll, in nanoseconds.
    pub mean_poll_ns: u64,
    /// Polls since the sample before, as Tokio counts them.
    pub polls: u64,
    /// Tasks in the queue that all workers share.
    pub global_queue: usize,
    /// Tasks in the workers' own queues, together.
    pub local_queue: usize,
    /// Tasks that a worker took from another one.
    pub steals: u64,
    /// Threads of the blocking pool.
    pub blocking_threads: usize,
    /// Times that the coop budget made a task yield.
    pub budget_yields: u64,
}
