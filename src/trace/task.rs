//! A task: its life as a row of segments.
//!
//! A segment starts where the one before ends, so only starts are kept: 16
//! bytes a change of state, found by binary search.

use super::few::Few;
use super::overdue::Overdue;
use super::resource::ResourceIx;
use crate::record::event::{CallLine, LaneOf};
use crate::record::site::Cause;

/// The place of a task in [`Trace::tasks`](super::Trace): its number, in the
/// order of spawning, from 0. *main* is 0.
pub type TaskIx = u32;

/// Pushes, and makes room for half as much again when there is none. There are as many of these lists as tasks, and the room
/// that a `Vec` leaves when it doubles would be a third of a trace.
#[inline]
pub(super) fn push<T>(list: &mut Vec<T>, item: T) {
    if list.len() == list.capacity() {
        grow(list);
    }
    list.push(item);
}

#[cold]
fn grow<T>(list: &mut Vec<T>) {
    list.reserve_exact(match list.len() {
        0 => 2,
        // A task that waits twice has room for its life at the second try.
        short @ 1..8 => (8 - short).min(4),
        long => long / 2,
    });
}

/// The segments of a task that is spawned, with room for those of its first poll.
pub(super) fn first_segment(at_ns: u64) -> Vec<Segment> {
    let mut segments = Vec::with_capacity(4);
    segments.push(Segment::new(at_ns, State::Ready));
    segments
}

/// One task.
///
/// What every fact about it touches comes first and fills two cache lines: a run has as many facts as a screen has
/// patience, and it is the way to the memory that they cost.
#[derive(Debug, Default)]
#[repr(C, align(128))]
pub struct Task {
    /// How and when it ended, or when the recording stopped and it was alive ([`End::Dropped`]).
    pub ended: Option<Ended>,
    /// Its polls so far, with one that is under way.
    pub polls: u64,
    /// The time it has spent in polls, in nanoseconds, without a poll that is under way.
    pub busy_ns: u64,
    /// The time it has been ready and not polled, in nanoseconds, without a stretch that lasts.
    pub ready_ns: u64,
    /// The time it has waited, in nanoseconds, without a wait that lasts.
    pub waiting_ns: u64,
    /// Its changes of state, in order of time. The first is the spawn, with
    /// [`State::Ready`]. Neighbours differ, but for two polls with nothing known
    /// between them: then the end of the first came late or was lost.
    pub segments: Vec<Segment>,
    /// The wakes that made it ready, in order of time.
    pub wakes: Vec<Wake>,
    /// Wakes that changed nothing, because it was ready or had been woken in the same poll.
    pub redundant_wakes: u64,
    /// Of its wakes those that the program gave the task in its own poll. Not counted where lines are not recorded.
    pub self_wakes: u32,
    /// The size of its future, in bytes; 0 when that is not known.
    pub bytes: u32,
    /// The times and the polls before each 64th segment, so that no look back has to add up a whole life.
    pub sums: Few<(Times, u64)>,
    /// Its lines of the log, as marks on the lane.
    pub marks: Few<Mark>,
    /// The name it was given, or `task N`.
    pub name: String,
    /// The task that spawned it.
    pub parent: Option<TaskIx>,
    /// When it was spawned, in nanoseconds since the run began.
    pub spawned_ns: u64,
    /// The source line that spawned it.
    pub spawned_at: Option<CallLine>,
    /// The tasks that it spawned, in the order of spawning.
    pub children: Few<TaskIx>,
    /// The guards that it took, and those that are believed to have moved to it, each by its resource and its place among
    /// the guards of that: see [`Trace::held`](super::Trace::held).
    pub guards: Few<(ResourceIx, u32)>,
    /// Waits that went on after the deadline of a timer had passed: see the module `overdue`.
    pub overdue: Few<Overdue>,
    /// The scenario's spans that it entered, in order of time.
    pub spans: Few<SpanLabel>,
    /// What it said when it panicked; also when somebody caught the panic and it lived on.
    pub panic: Option<Box<str>>,
    /// Whether it emitted an error event with a field `error`.
    pub failed: bool,
    /// What it is: a task of the runtime, or something beside those that is polled like one.
    pub of: LaneOf,
}

const _: () = assert!(size_of::<Task>() == 256, "there are as many as a run wants");

/// Segments between two of [`Task::sums`].
const EVERY: usize = 64;

/// A stretch of time in one state; it lasts until the next one, or the end of the task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// When it starts, in nanoseconds since the run began.
    pub start_ns: u64,
    /// What the task does.
    pub state: State,
    /// If it waits, what for: the place among the sets of leaves.
    pub(super) leaves: u32,
}

impl Segment {
    /// One in which a task does this from that time on, in nanoseconds. What it waits for is not known.
    pub fn new(start_ns: u64, state: State) -> Self {
        Self { start_ns, state, leaves: 0 }
    }
}

/// What a task does at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// A worker polls it: the index of the thread in [`Trace::threads`](super::Trace).
    Running(u16),
    /// It was spawned or woken, and no worker polls it yet.
    Ready,
    /// It returned `Pending` and nobody has woken it. Of several causes this is
    /// the one to draw; [`Trace::wait_at`](super::Trace::wait_at) has them all.
    Waiting(Cause),
}

impl State {
    /// Whether it waits, for whatever cause.
    pub fn is_waiting(self) -> bool {
        matches!(self, Self::Waiting(_))
    }
}

const _: () = assert!(size_of::<Segment>() == 16, "a segment is kept for every change of state");

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
    /// A timer of the task's, which was due.
    Timer,
    /// The IO driver, by what the task waited for.
    Io,
    /// A blocking thread, by what the task waited for.
    Blocking,
    /// The runtime, which gives a task that yielded its turn.
    Scheduler,
    /// The runtime, which puts a task that has used up its budget behind the others.
    Budget,
    /// A thread outside the runtime, or code outside all tasks.
    Outside,
    /// No task, and it is not known what.
    Unknown,
}

/// The end of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// When, in nanoseconds since the run began.
    pub at_ns: u64,
    /// How.
    pub how: End,
    /// Whether `how` is inferred and not observed: the last poll's beginning was
    /// lost, and with it maybe what tells a panic from a return.
    ///
    /// Two cases look exactly like another one and are not marked, because every
    /// end of that kind would be: an abort from within the task's own poll reads
    /// as `Completed` or `Failed`, and a panic that is caught within the very
    /// poll that returns reads as `Panicked`.
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
    /// It panicked, in its last poll or when its future was dropped.
    Panicked,
    /// It was alive when the recording stopped, which is no end of its own:
    /// from then on it stands as it stood, and counts as alive.
    Dropped,
    /// It is not known how: Tokio's tracing was not heard.
    Unknown,
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

/// How long a task has been in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times {
    /// In polls, in nanoseconds.
    pub busy_ns: u64,
    /// Ready and not polled, in nanoseconds.
    pub ready_ns: u64,
    /// Waiting, in nanoseconds.
    pub waiting_ns: u64,
}

impl Times {
    fn add(&mut self, state: State, ns: u64) {
        match state {
            State::Running(_) => self.busy_ns += ns,
            State::Ready => self.ready_ns += ns,
            State::Waiting(_) => self.waiting_ns += ns,
        }
    }
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
    /// The segment that covers a time; none before the spawn and from an end of its own on.
    pub fn segment_at(&self, at_ns: u64) -> Option<Segment> {
        if self.end_at(at_ns).is_some() {
            return None;
        }
        let after = self.segments.partition_point(|segment| segment.start_ns <= at_ns);
        after.checked_sub(1).map(|i| self.segments[i])
    }

    /// Its idle gaps, in order of time: each segment that waits, with its place among all of them.
    pub(super) fn waits(&self) -> impl DoubleEndedIterator<Item = (usize, Segment)> {
        self.segments.iter().copied().enumerate().filter(|(_, segment)| segment.state.is_waiting())
    }

    /// How long it had lived at a time, in nanoseconds, as far as it was recorded; 0 before the spawn.
    pub fn duration(&self, at_ns: u64) -> u64 {
        self.until(at_ns).saturating_sub(self.spawned_ns)
    }

    /// How long it had been in each state by a time.
    pub fn times_at(&self, at_ns: u64) -> Times {
        let until = self.until(at_ns);
        let Some(last) = self.segments.last() else { return Times::default() };
        // What has been counted reaches up to the last change, the end included.
        let counted_ns = self.ended.map_or(last.start_ns, |end| end.at_ns);
        if until >= counted_ns {
            let mut times = self.counted();
            times.add(last.state, until - counted_ns);
            return times;
        }
        let (mut times, _, begun) = self.counted_before(until);
        for (i, segment) in begun.iter().enumerate() {
            let end_ns = begun.get(i + 1).map_or(until, |next| next.start_ns);
            times.add(segment.state, end_ns - segment.start_ns);
        }
        times
    }

    /// How long it had been in polls by a time by which so many of its segments had begun, in nanoseconds.
    pub fn busy_by(&self, begun: usize, at_ns: u64) -> u64 {
        let kept = (begun.saturating_sub(1) / EVERY).min(self.sums.len());
        let before_ns = kept.checked_sub(1).map_or(0, |last| self.sums[last].0.busy_ns);
        let (first, last) = (kept * EVERY, begun.min(self.segments.len()));
        let Some(segments) = self.segments.get(first..last) else { return before_ns };
        let ends = segments.iter().skip(1).map(|next| next.start_ns).chain([self.until(at_ns)]);
        let polls = segments.iter().zip(ends).filter(|(segment, _)| matches!(segment.state, State::Running(_)));
        before_ns + polls.map(|(segment, end_ns)| end_ns.saturating_sub(segment.start_ns)).sum::<u64>()
    }

    /// How many of its polls had begun by a time.
    pub fn polls_at(&self, at_ns: u64) -> u64 {
        let (_, polls, begun) = self.counted_before(at_ns);
        polls + begun.iter().filter(|segment| matches!(segment.state, State::Running(_))).count() as u64
    }

    /// The last sums that are kept from before a time, and the segments from there on that had begun by then.
    fn counted_before(&self, at_ns: u64) -> (Times, u64, &[Segment]) {
        let begun = self.segments.partition_point(|segment| segment.start_ns <= at_ns);
        let kept = (begun.saturating_sub(1) / EVERY).min(self.sums.len());
        let (times, polls) = kept.checked_sub(1).map_or_else(Default::default, |last| self.sums[last]);
        (times, polls, &self.segments[kept * EVERY..begun])
    }

    /// Its state changes; what came before has been counted.
    #[inline]
    pub(super) fn enter(&mut self, segment: Segment) {
        if self.segments.len().is_multiple_of(EVERY) {
            self.sum_up();
        }
        push(&mut self.segments, segment);
    }

    #[cold]
    fn sum_up(&mut self) {
        if !self.segments.is_empty() {
            let sum = (self.counted(), self.polls);
            self.sums.push(sum);
        }
    }

    /// The last wake that made it ready by a time.
    pub fn wake_at(&self, at_ns: u64) -> Option<Wake> {
        let after = self.wakes.partition_point(|wake| wake.at_ns <= at_ns);
        after.checked_sub(1).map(|i| self.wakes[i])
    }

    /// The wake that made it ready in the segment at that place. Several can fall on one virtual moment: they are told apart by
    /// their order.
    pub(super) fn wake_into(&self, segment: usize) -> Option<Wake> {
        let ready = self.segments.get(segment)?;
        // The first one is the spawn, for which nobody woke it.
        let before = self.segments[1.min(segment)..segment].iter().rev();
        let same = before.take_while(|before| before.start_ns == ready.start_ns);
        let earlier = same.filter(|before| before.state == State::Ready).count();
        let first = self.wakes.partition_point(|wake| wake.at_ns < ready.start_ns);
        let all = self.wakes[first..].partition_point(|wake| wake.at_ns == ready.start_ns);
        match all {
            0 => self.wake_at(ready.start_ns),
            _ => self.wakes.get(first + earlier.min(all - 1)).copied(),
        }
    }

    /// That time, or the end if it is before.
    fn until(&self, at_ns: u64) -> u64 {
        self.ended.map_or(at_ns, |end| end.at_ns.min(at_ns))
    }

    /// The time in each state that is over.
    fn counted(&self) -> Times {
        Times { busy_ns: self.busy_ns, ready_ns: self.ready_ns, waiting_ns: self.waiting_ns }
    }

    /// The segment that lasts, which is this one, is over: counts its time.
    pub(super) fn count(&mut self, last: Segment, end_ns: u64) {
        let mut times = self.counted();
        times.add(last.state, end_ns - last.start_ns);
        Times { busy_ns: self.busy_ns, ready_ns: self.ready_ns, waiting_ns: self.waiting_ns } = times;
    }

    /// How it ended, when that was at or before this time. That the recording stopped is no end.
    pub fn end_at(&self, at_ns: u64) -> Option<Ended> {
        self.end().filter(|end| end.at_ns <= at_ns)
    }

    /// Its own end, if it has come to one.
    pub(super) fn end(&self) -> Option<Ended> {
        self.ended.filter(|end| end.how != End::Dropped)
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
