//! A task: its life as a row of segments.
//!
//! A segment starts where the one before ends, so only starts are kept: 16
//! bytes a change of state, found by binary search.

use std::panic::Location;

/// The place of a task in [`Trace::tasks`](super::Trace): its number, in the
/// order of spawning, from 0. *main* is 0.
pub type TaskIx = u32;

/// One task.
#[derive(Debug, Default)]
pub struct Task {
    /// The name it was given, or `task N`.
    pub name: String,
    /// The task that spawned it.
    pub parent: Option<TaskIx>,
    /// When it was spawned, in nanoseconds since the run began.
    pub spawned_ns: u64,
    /// The source line that spawned it.
    pub spawned_at: Option<&'static Location<'static>>,
    /// Its changes of state, in order of time. The first is the spawn, with [`State::Ready`].
    pub segments: Vec<Segment>,
    /// The wakes that made it ready, in order of time.
    pub wakes: Vec<Wake>,
    /// How and when it ended.
    pub ended: Option<Ended>,
    /// Its polls so far.
    pub polls: u64,
    /// The time it has spent in polls, in nanoseconds.
    pub busy_ns: u64,
    /// The scenario's spans that it entered, in order of time.
    pub spans: Vec<SpanLabel>,
    /// Its lines of the log, as marks on the lane.
    pub marks: Vec<Mark>,
    /// What it said when it panicked.
    pub panic: Option<String>,
    /// Whether it emitted an error event with a field `error`.
    pub failed: bool,
}

/// A stretch of time in one state; it lasts until the next one, or the end of the task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// When it starts, in nanoseconds since the run began.
    pub start_ns: u64,
    /// What the task does.
    pub state: State,
}

/// What a task does at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// A worker polls it: the index of the thread in [`Trace::threads`](super::Trace).
    Running(u16),
    /// It was spawned or woken, and no worker polls it yet.
    Ready,
    /// It returned `Pending` and nobody has woken it.
    Waiting,
}

/// A call of a task's waker that made it ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wake {
    /// When, in nanoseconds since the run began.
    pub at_ns: u64,
    /// Who called it.
    pub by: Waker,
}

/// Who called a waker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waker {
    /// Another task, or the task itself.
    Task(TaskIx),
    /// No task: a timer, the IO driver, another thread.
    Outside,
}

/// The end of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// When, in nanoseconds since the run began.
    pub at_ns: u64,
    /// How.
    pub how: End,
    /// Whether `how` is inferred and not observed.
    pub inferred: bool,
}

/// How a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// Its future returned.
    Completed,
    /// Its future returned, after an error event with a field `error`.
    Failed,
    /// It was aborted: its future was dropped before it returned.
    Cancelled,
    /// It panicked.
    Panicked,
    /// It was alive when the recording stopped; the runtime's shutdown dropped it.
    Dropped,
}

/// A span of the scenario, on the lane of the task that entered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpanLabel {
    /// When it was first entered.
    pub start_ns: u64,
    /// When its last handle was dropped; none while it is open.
    pub end_ns: Option<u64>,
    /// Its name and fields.
    pub label: String,
}

/// A line of the log, on the lane of the task that emitted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// When, in nanoseconds since the run began.
    pub at_ns: u64,
    /// The line's place in [`Trace::log`](super::Trace).
    pub line: u32,
}

impl Task {
    /// The segment that covers a time; none before the spawn and from the end on.
    pub fn segment_at(&self, at_ns: u64) -> Option<Segment> {
        if self.ended.is_some_and(|end| end.at_ns <= at_ns) {
            return None;
        }
        let after = self.segments.partition_point(|segment| segment.start_ns <= at_ns);
        after.checked_sub(1).map(|i| self.segments[i])
    }

    /// How it ended, when that was at or before this time.
    pub fn end_at(&self, at_ns: u64) -> Option<Ended> {
        self.ended.filter(|end| end.at_ns <= at_ns)
    }

    /// The segments that touch a stretch of time (both ends included): the one
    /// in force at its start, and those that begin within.
    pub fn segments_in(&self, from_ns: u64, to_ns: u64) -> &[Segment] {
        let first = self.segments.partition_point(|segment| segment.start_ns <= from_ns);
        // Several changes at one virtual instant: all of those at `from_ns` are part of the picture.
        let start = self.segments[..first].partition_point(|segment| segment.start_ns < from_ns).saturating_sub(1);
        let end = self.segments.partition_point(|segment| segment.start_ns <= to_ns);
        &self.segments[start.min(end)..end]
    }
}
