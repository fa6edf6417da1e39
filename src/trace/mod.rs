//! What the events mean: tasks and their states over time.
//!
//! A [`Trace`] is all that is known of a run. It is built from the recorder's
//! events as they come, is owned by the thread that looks at it (so it needs no lock),
//! and answers questions about any moment of the run, not only the last one:
//! the screen shows the trace *at a cursor*. It knows neither Tokio nor a
//! screen, so a recording in a file and a live run are the same to it.
//!
//! Facts go in through [`Trace::push`], one at a time, which says what each of
//! them does to a task's life.

mod ahead;
mod bins;
mod branches;
mod cells;
mod census;
mod course;
mod critical;
mod cut;
mod deadlock;
#[cfg(test)]
mod deadlock_tests;
mod digest;
mod family;
mod few;
mod findings;
mod groups;
mod guard;
mod hands;
mod hoard;
mod hold;
mod holding;
mod ingest;
mod lanes;
mod lookup;
mod measure;
mod moments;
mod names;
mod notes;
mod numbers;
mod overdue;
mod places;
mod polls;
mod resource;
mod slot;
mod spread;
mod stages;
mod stall;
mod step;
mod task;
#[cfg(test)]
mod tests;
mod threads;
mod ticks;
mod timers;
#[cfg(test)]
mod told;
mod track;
mod turns;
mod wait_queue;
#[cfg(test)]
mod wait_queue_tests;
#[cfg(test)]
mod wait_tests;
mod waits;
mod why;

pub use ahead::Ahead;
pub use bins::{Bin, Bins};
pub use branches::{Branch, BranchEnd};
pub use cells::{Fill, Window, tail};
pub use census::Census;
pub use course::{Activity, Course, Stretch};
pub use critical::{CriticalPath, Doing, Handover, PathStep};
pub use family::Family;
pub use few::Few;
pub use findings::{Finding, FindingKind, Findings, Search};
pub use groups::{Courses, Group, Grouping};
pub use holding::Holding;
pub use lanes::LaneOf;

pub use measure::Measure;
pub use names::Names;
pub use overdue::Overdue;
pub use places::{Await, Peak};
pub use polls::PollStart;
pub use resource::{Holder, Holdings, Resource, ResourceIx};
pub use slot::Slot;
pub use spread::{Quantiles, Spread};
pub use stages::{Grip, Stage};
pub use stall::{Held, Stall, StallKind, Stalled, StalledWait};
pub use task::{End, Ended, Mark, Segment, SpanLabel, State, Task, TaskIx, Times, Wake, Waker};
pub use threads::{ThreadPoll, ThreadPolls, Turn};
pub use wait_queue::Waiter;
pub use waits::{Leaf, PlaceCount, SiteIx, WaitTotal, WaitView};
pub use why::{Blocker, Link, Why};

use std::collections::HashMap;

use crate::record::event::Level;
pub use crate::record::event::ResourceKind;
pub use crate::record::site::{Cause, Frame, Missing, Place, Polls, Site};

/// All that is known of a run.
#[derive(Debug, Default)]
pub struct Trace {
    /// Every task, in the order of spawning; a task's place here is its [`TaskIx`].
    pub tasks: Vec<Task>,
    /// The scenario's own events and the panics, in the order they came; their times never go back.
    pub log: Vec<LogLine>,
    /// Each field `counter.NAME` of the scenario's events, as a track over time, in order of first use.
    pub counters: Vec<Counter>,
    /// What decides the run, in order of time, also what is known ahead.
    pub moments: Vec<Moment>,
    /// Quantities whose values are words, in the order in which they were first set.
    pub words: Vec<Words>,
    /// How long polls took, for each that ended.
    pub poll_times: Spread,
    /// How long tasks were ready before a poll began.
    pub delays: Spread,
    /// Tokio's own figures, about ten a second.
    pub samples: Vec<Sample>,
    /// Counts for each short stretch of time, for charts.
    pub bins: Bins,
    /// The threads that have polled tasks, by index: their names. Each [`State::Running`] has one.
    pub threads: Vec<String>,
    /// Which of them belong to the pool for blocking work.
    pool: Vec<u16>,
    /// How many lanes there are of each kind.
    lanes: lanes::Lanes,
    /// Events taken in that concern the run: its tasks, spans and log. Those of
    /// tasks whose spawn was never seen are not among them.
    pub recorded: u64,
    /// Events that the recorder had to drop, because nobody took them in time.
    pub lost: u64,
    /// Events that came later than the order allowed (multi-thread only): their
    /// times were moved up, or what they say was already known.
    pub late: u64,
    /// Polls taken in, each when it starts.
    pub polls: u64,
    /// What the build of the program lacks, so that lines of waits are not known.
    pub missing: Missing,
    /// The latest time known, in nanoseconds since the run began: of the newest event, or on the real clock the present.
    pub end_ns: u64,
    /// Whether the recording is over: nothing will be added.
    pub closed: bool,
    /// Every lock, semaphore and channel that was made in the run, in the order they were made.
    pub resources: Vec<Resource>,
    /// The circles of tasks in which each waits for what the next one holds, in
    /// the order in which they closed, each with that time in nanoseconds.
    pub deadlocks: Vec<(u64, Vec<TaskIx>)>,
    /// The time of the newest event.
    heard_ns: u64,
    /// The tasks that were spawned from outside any task of the run.
    roots: Vec<TaskIx>,
    /// How many resources of each kind were made at each place.
    made: HashMap<(ResourceKind, Option<Place>), u32>,
    /// The resources that tasks have had to wait for, in the order they were made.
    contended: Vec<ResourceIx>,
    /// What the program's source calls things.
    names: std::sync::Arc<names::Names>,
    /// The futures of tasks that waited side by side.
    branches: HashMap<TaskIx, branches::Branches>,
    /// Whether a task has been ready for some time before it was polled.
    was_ready: bool,
    /// Futures that were dropped while they held a lock.
    cuts: Vec<cut::Cut>,
    /// Timers that fired late.
    late_timers: overdue::LateTimers,
    /// Timeouts that returned a value after their deadline.
    late_timeouts: Vec<timers::Late>,
    /// Ticks that came all at once.
    bursts: Vec<ticks::Burst>,
    /// What was said of receivers that have lost messages.
    lagged: findings::Lagged,
    /// What is known of the turns that tasks gave themselves.
    turns: turns::Turns,
    /// The polls that lasted so long that they are findings.
    long_polls: findings::LongPolls,
    totals: Totals,
    changes: census::Changes,
    groups: groups::Groups,
    digest: digest::Digest,
    ingest: lookup::Ingest,
    poll_starts: polls::PollStarts,
    waits: waits::Waits,
}

/// How many tasks there were, and how they ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// All tasks.
    pub spawned: u32,
    /// Those that ended as [`End::Completed`].
    pub completed: u32,
    /// Those that ended as [`End::Failed`].
    pub failed: u32,
    /// Those that ended as [`End::Cancelled`].
    pub cancelled: u32,
    /// Those that ended as [`End::Panicked`].
    pub panicked: u32,
    /// Those that ended as [`End::Unknown`].
    pub unknown: u32,
    /// Those that live, or were alive when the recording stopped ([`End::Dropped`]).
    pub alive: u32,
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
    /// What it puts on the lane of the task, if anything.
    pub mark: Option<Box<str>>,
}

/// Something that decides the run, in a word: a rule through all lanes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// When it is, in nanoseconds since the run began.
    pub at_ns: u64,
    /// Since when it is known.
    pub known_ns: u64,
    /// The word.
    pub word: Box<str>,
}

/// A quantity of the scenario over time whose values are words.
#[derive(Debug, Clone, PartialEq)]
pub struct Words {
    /// The part of the field's name after `state.`.
    pub name: &'static str,
    /// Each word that was set, with the time in nanoseconds from which on it holds, in order.
    pub points: Vec<(u64, Box<str>)>,
}

/// A quantity of the scenario over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Counter {
    /// The part of the field's name after `counter.`.
    pub name: &'static str,
    /// Each value that was set, as (nanoseconds, value), in order of time; of several at one time the last.
    pub points: Vec<(u64, f64)>,
    /// The task that set it first; none from outside a poll.
    pub task: Option<TaskIx>,
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

impl Trace {
    /// How many tasks were in which state at a time, after all that happened at
    /// it. Exact while fewer than about 65,000 moments had a change; then off by
    /// less than a 30,000th of the run's length.
    pub fn census_at(&self, at_ns: u64) -> Census {
        self.changes.at(at_ns)
    }

    /// Whether any task has been ready for some time, and not polled at once: so that it can be seen.
    pub fn was_ready(&self) -> bool {
        self.was_ready || self.census_at(self.end_ns).ready > 0
    }

    /// How many tasks there are by now, and how they ended.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// The trace hash: covers every poll, wake, spawn and end in order with
    /// their times. Equal for equal runs on the virtual clock, if the build is
    /// the same. Task numbers are those of the run, and threads, names, spans
    /// and the log are left out. It is final once the trace is closed.
    pub fn hash(&self) -> u64 {
        self.digest.value()
    }

    /// The tasks that no other task of the run spawned, in order of spawning. Usually *main* alone.
    pub fn roots(&self) -> &[TaskIx] {
        &self.roots
    }

    /// The tasks that this one spawned, in order of spawning; none for a number that no task has.
    pub fn children_of(&self, task: TaskIx) -> &[TaskIx] {
        self.tasks.get(task as usize).map_or(&[], |task| &task.children)
    }

    /// The lines of the log up to a time, it included.
    pub fn log_at(&self, at_ns: u64) -> &[LogLine] {
        &self.log[..self.log.partition_point(|line| line.at_ns <= at_ns)]
    }

    /// The last sample that was taken by a time; none before the first.
    pub fn sample_at(&self, at_ns: u64) -> Option<&Sample> {
        let after = self.samples.partition_point(|sample| sample.at_ns <= at_ns);
        after.checked_sub(1).map(|i| &self.samples[i])
    }
}
