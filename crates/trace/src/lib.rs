//! What the events mean: tasks and their states over time.
//!
//! A [`Trace`] is all that is known of a run. It is built from the recorder's events
//! as they arrive. The thread that reads it owns it, so it needs no lock. It answers
//! questions about any moment of the run: the screen shows the trace *at a cursor*.
//! It depends on neither Tokio nor a screen, so it treats a recording in a file like a
//! live run.
//!
//! [`Trace::push`] takes in facts one at a time and applies each to its task.

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
pub mod marks;
mod measure;
mod moments;
mod names;
mod notes;
mod numbers;
mod overdue;
mod places;
mod polls;
mod preempted;
mod resource;
mod slot;
mod spread;
mod stages;
mod stall;
mod step;
mod task;
mod tenure;
#[cfg(test)]
mod tests;
mod threads;
mod ticks;
mod timers;
#[cfg(test)]
mod told;
mod track;
mod turns;
mod usual;
mod wait_queue;
#[cfg(test)]
mod wait_queue_tests;
#[cfg(test)]
mod wait_tests;
mod waits;
mod why;
mod within;

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
pub use preempted::Preempted;
pub use resource::{Holder, Holdings, Resource, ResourceIx};
pub use slot::Slot;
pub use spread::{Quantiles, Spread};
pub use stages::{Grip, Stage};
pub use stall::{Held, Stall, StallKind, Stalled, StalledWait};
pub use task::{End, Ended, Mark, Segment, SpanLabel, State, Task, TaskIx, Times, Wake, Waker};
pub use tenure::{Levels, Tenure};
pub use threads::{ThreadPoll, ThreadPolls, Turn};
pub use wait_queue::Waiter;
pub use waits::{Leaf, PlaceCount, SiteIx, WaitTotal, WaitView};
pub use why::{Blocker, Link, Why};
pub use within::Happening;

use std::collections::HashMap;

pub use facts::Detail;
use facts::event::Level;
pub use facts::event::ResourceKind;
pub use facts::sample::Sample;
pub use facts::site::{Cause, Frame, Missing, Place, Polls, Site};

/// All that is known of a run.
#[derive(Debug, Default)]
pub struct Trace {
    /// Every task, in spawn order. A task's index here is its [`TaskIx`].
    pub tasks: Vec<Task>,
    /// The scenario's own events and the panics, in order of arrival; times never decrease.
    pub log: Vec<LogLine>,
    /// The `counter.NAME` fields of the scenario's events, each a track over time, in order of first use.
    pub counters: Vec<Counter>,
    /// The decisive moments of the run in order of time, including announced future ones.
    pub moments: Vec<Moment>,
    /// Quantities whose values are words, in order of first use.
    pub words: Vec<Words>,
    /// The durations of all polls that ended.
    pub poll_times: Spread,
    /// How long tasks were ready before a poll began.
    pub delays: Spread,
    /// Tokio's own metrics, about ten samples a second.
    pub samples: Vec<Sample>,
    /// Counts per short stretch of time, for charts.
    pub bins: Bins,
    /// The names of the threads that polled tasks. [`State::Running`] holds an index into it.
    pub threads: Vec<String>,
    /// The threads of the blocking pool.
    pool: Vec<u16>,
    /// The number of lanes of each kind.
    lanes: lanes::Lanes,
    /// What the recording contains. It must be right before the first event.
    pub detail: Detail,
    /// Events taken in that belong to the run: to its tasks, spans and log. Excludes
    /// events of tasks whose spawn was never seen.
    pub recorded: u64,
    /// Events that the recorder dropped because they were not read in time.
    pub lost: u64,
    /// Events that arrived out of order (multi-thread only): their times were moved up,
    /// or their facts were already known.
    pub late: u64,
    /// Polls taken in, counted when they start.
    pub polls: u64,
    /// What the build lacks, so that the lines of waits are unknown.
    pub missing: Missing,
    /// The latest known time, in nanoseconds since the run began: of the newest event, or now on the real clock.
    pub end_ns: u64,
    /// From when on everything is known, in nanoseconds since the run began; 0 unless the facts begin with a keyframe. Before
    /// that only what still mattered then is known.
    pub since_ns: u64,
    /// Whether the recording has ended, so that nothing will be added.
    pub closed: bool,
    /// Every lock, semaphore and channel of the run, in order of creation.
    pub resources: Vec<Resource>,
    /// The deadlock cycles, in which each task waits for what the next one holds, in
    /// the order in which they closed, each with that time in nanoseconds.
    pub deadlocks: Vec<(u64, Vec<TaskIx>)>,
    /// The time of the newest event.
    heard_ns: u64,
    /// The tasks that were spawned outside any task of the run.
    roots: Vec<TaskIx>,
    /// How many resources of each kind were created at each place.
    made: HashMap<(ResourceKind, Option<Place>), u32>,
    /// The resources that tasks had to wait for, in order of creation.
    contended: Vec<ResourceIx>,
    /// Names from the program's sources.
    names: Vec<std::sync::Arc<names::Names>>,
    /// The futures that waited side by side in one task.
    branches: HashMap<TaskIx, branches::Branches>,
    /// Whether some task was ready for a while before it was polled.
    was_ready: bool,
    /// Futures that were dropped while they held a lock.
    cuts: Vec<cut::Cut>,
    /// Timers that fired late.
    late_timers: overdue::LateTimers,
    /// Timeouts that returned a value after their deadline.
    late_timeouts: Vec<timers::Late>,
    /// Interval ticks that came all at once.
    bursts: Vec<ticks::Burst>,
    /// Reports of receivers that lost messages.
    lagged: findings::Lagged,
    /// The turns that tasks gave themselves.
    turns: turns::Turns,
    /// The polls that the run's schedule cut.
    preemptions: Vec<Preempted>,
    /// The polls long enough to be findings.
    long_polls: findings::LongPolls,
    totals: Totals,
    changes: census::Changes,
    groups: groups::Groups,
    digest: digest::Digest,
    wake_digest: digest::Digest,
    ingest: lookup::Ingest,
    poll_starts: polls::PollStarts,
    waits: waits::Waits,
    /// What happened in a later poll of a task in one moment.
    within: within::Within,
}

/// How many tasks there were, and how they ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// All tasks.
    pub spawned: u32,
    /// Tasks that ended as [`End::Completed`].
    pub completed: u32,
    /// Tasks that ended as [`End::Failed`].
    pub failed: u32,
    /// Tasks that ended as [`End::Cancelled`].
    pub cancelled: u32,
    /// Tasks that ended as [`End::Panicked`].
    pub panicked: u32,
    /// Tasks that ended as [`End::Unknown`].
    pub unknown: u32,
    /// Tasks that are alive, or were when the recording stopped ([`End::Dropped`]).
    pub alive: u32,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLine {
    /// When, in nanoseconds since the run began.
    pub at_ns: u64,
    /// The task that emitted it; none from outside a poll.
    pub task: Option<TaskIx>,
    /// Its level.
    pub level: Level,
    /// The message and its fields.
    pub message: String,
    /// The mark that it puts on the task's lane, if any.
    pub mark: Option<Box<str>>,
}

/// A decisive moment of the run, with a word: drawn as a rule through all lanes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// When it happens, in nanoseconds since the run began.
    pub at_ns: u64,
    /// When it was announced.
    pub known_ns: u64,
    /// The word.
    pub word: Box<str>,
}

/// A quantity of the scenario over time whose values are words.
#[derive(Debug, Clone, PartialEq)]
pub struct Words {
    /// The part of the field's name after `state.`.
    pub name: &'static str,
    /// Each word, with the time in nanoseconds from which it applies, in order.
    pub points: Vec<(u64, Box<str>)>,
}

/// A quantity of the scenario over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Counter {
    /// The part of the field's name after `counter.`.
    pub name: &'static str,
    /// Each value as (nanoseconds, value), in order of time. If several are set at one time, the last wins.
    pub points: Vec<(u64, f64)>,
    /// The task that set it first; none from outside a poll.
    pub task: Option<TaskIx>,
}

impl Counter {
    /// The value at a time; none before it is first set.
    pub fn at(&self, at_ns: u64) -> Option<f64> {
        let after = self.points.partition_point(|(t, _)| *t <= at_ns);
        after.checked_sub(1).map(|i| self.points[i].1)
    }
}

impl Trace {
    /// An empty trace of a recording at this detail.
    pub fn new(detail: Detail) -> Self {
        Self { detail, ..Self::default() }
    }

    /// The number of tasks in each state at a time, after everything that happened at
    /// that time. Exact up to about 65,000 moments with changes; beyond that, the time is
    /// off by less than a 30,000th of the run's length.
    pub fn census_at(&self, at_ns: u64) -> Census {
        self.changes.at(at_ns)
    }

    /// Whether some task was visibly ready, that is, not polled at once.
    pub fn was_ready(&self) -> bool {
        self.was_ready || self.census_at(self.end_ns).ready > 0
    }

    /// How many tasks there are so far, and how they ended.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// The trace hash. It covers every poll, spawn and end, in order, with times
    /// and the run's own task numbers. It leaves out wakes, threads, names, spans and the
    /// log. On the virtual clock, equal runs of one build have equal hashes, at either
    /// detail. It is final once the trace is closed.
    pub fn hash(&self) -> u64 {
        self.digest.value()
    }

    /// The hash of the wakes: of each wake in order, with its time, its task, the task that
    /// called the waker, and what of the trace hash came before. `None` if wakes were not
    /// recorded. Equal runs have equal hashes, like [`Trace::hash`].
    pub fn wake_hash(&self) -> Option<u64> {
        self.knows_ready().then(|| self.wake_digest.value())
    }

    /// Whether it is known when a task became ready after a poll. That needs wakes.
    pub fn knows_ready(&self) -> bool {
        self.detail == Detail::Waits
    }

    /// The tasks that no other task of the run spawned, in spawn order. Usually only *main*.
    pub fn roots(&self) -> &[TaskIx] {
        &self.roots
    }

    /// The tasks that a task spawned, in spawn order; empty if there is no such task.
    pub fn children_of(&self, task: TaskIx) -> &[TaskIx] {
        self.tasks.get(task as usize).map_or(&[], |task| &task.children)
    }

    /// The log up to and including a time.
    pub fn log_at(&self, at_ns: u64) -> &[LogLine] {
        &self.log[..self.log.partition_point(|line| line.at_ns <= at_ns)]
    }

    /// The last sample up to a time; none before the first.
    pub fn sample_at(&self, at_ns: u64) -> Option<&Sample> {
        let after = self.samples.partition_point(|sample| sample.at_ns <= at_ns);
        after.checked_sub(1).map(|i| &self.samples[i])
    }
}
