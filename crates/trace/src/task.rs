//! A task: its history as a list of segments.
//!
//! A segment starts where the previous one ends, so only starts are kept: 16 bytes per
//! change of state, found by binary search.

use super::few::Few;
use super::overdue::Overdue;
use super::resource::ResourceIx;
use facts::event::{CallLine, LaneOf};
use facts::site::Cause;

/// The index of a task in [`Trace::tasks`](super::Trace): its number in spawn order,
/// from 0. *main* is 0.
pub type TaskIx = u32;

/// Pushes, and grows a full list by half. Every task has such lists, and the spare room of a doubling `Vec` would be a third
/// of a trace.
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
        // The second growth has room for the whole history of a task that waits twice.
        short @ 1..8 => (8 - short).min(4),
        long => long / 2,
    });
}

/// The segments of a newly spawned task, with room for its first poll.
pub(super) fn first_segment(at_ns: u64) -> Vec<Segment> {
    let mut segments = Vec::with_capacity(4);
    segments.push(Segment::new(at_ns, State::Ready));
    segments
}

/// One task.
///
/// The fields that every fact touches come first and fill two cache lines: the cost of a fact is access to memory.
#[derive(Debug, Default)]
#[repr(C, align(128))]
pub struct Task {
    /// How and when it ended, or when the recording stopped while it was alive ([`End::Dropped`]).
    pub ended: Option<Ended>,
    /// Its polls so far, including one in progress.
    pub polls: u64,
    /// The time in finished polls, in nanoseconds.
    pub busy_ns: u64,
    /// The time ready and not polled, in nanoseconds, without a current stretch.
    pub ready_ns: u64,
    /// The time in finished waits, in nanoseconds.
    pub waiting_ns: u64,
    /// Its changes of state, in order of time. The first is the spawn, with
    /// [`State::Ready`]. Neighbours differ, except for two polls with nothing known
    /// between them: the end of the first came late or was lost.
    pub segments: Vec<Segment>,
    /// The wakes that made it ready, in order of time.
    pub wakes: Vec<Wake>,
    /// Wakes without effect, because it was ready or had already been woken in the same poll.
    pub redundant_wakes: u64,
    /// Wakes that the program made in the task's own poll. Not counted if lines are not recorded.
    pub self_wakes: u32,
    /// The size of its future, in bytes; 0 if unknown.
    pub bytes: u32,
    /// The times and polls before each 64th segment, so that no query adds up a whole history.
    pub sums: Few<(Times, u64)>,
    /// Its log lines, as marks on the lane.
    pub marks: Few<Mark>,
    /// Its name, or `task N`.
    pub name: String,
    /// The task that spawned it.
    pub parent: Option<TaskIx>,
    /// When it was spawned, in nanoseconds since the run began.
    pub spawned_ns: u64,
    /// The source line that spawned it.
    pub spawned_at: Option<CallLine>,
    /// The tasks that it spawned, in spawn order.
    pub children: Few<TaskIx>,
    /// The guards that it took or that are believed to have moved to it, each by resource and index among the resource's
    /// guards: see [`Trace::held`](super::Trace::held).
    pub guards: Few<(ResourceIx, u32)>,
    /// Waits that continued past a timer's deadline: see the module `overdue`.
    pub overdue: Few<Overdue>,
    /// The scenario's spans that it entered, in order of time.
    pub spans: Few<SpanLabel>,
    /// Its panic message, even if the panic was caught and the task continued.
    pub panic: Option<Box<str>>,
    /// Whether it emitted an error event with a field `error`.
    pub failed: bool,
    /// What it is: a task of the runtime, or something else that is polled like one.
    pub of: LaneOf,
}

const _: () = assert!(size_of::<Task>() == 256, "a run may have any number of tasks");

/// Segments between two of [`Task::sums`].
const EVERY: usize = 64;

/// A stretch of time in one state. It lasts until the next segment or the end of the task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// When it starts, in nanoseconds since the run began.
    pub start_ns: u64,
    /// The state of the task.
    pub state: State,
    /// If it waits, the index of its set of leaves.
    pub(super) leaves: u32,
}

impl Segment {
    /// A segment from a time on, in nanoseconds, with no known leaves.
    pub fn new(start_ns: u64, state: State) -> Self {
        Self { start_ns, state, leaves: 0 }
    }
}

/// The state of a task at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is being polled, on the thread with this index in [`Trace::threads`](super::Trace).
    Running(u16),
    /// It was spawned or woken, and is not being polled yet.
    Ready,
    /// It returned `Pending` and has not been woken. This is the cause to draw if there
    /// are several; [`Trace::wait_at`](super::Trace::wait_at) has all.
    Waiting(Cause),
}

impl State {
    /// Whether it waits, for any cause.
    pub fn is_waiting(self) -> bool {
        matches!(self, Self::Waiting(_))
    }
}

const _: () = assert!(size_of::<Segment>() == 16, "a segment is kept for every change of state");

/// A call of a task's waker that made the task ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wake {
    /// When, in nanoseconds since the run began.
    pub at_ns: u64,
    /// What called it.
    pub by: Waker,
}

/// What called a waker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waker {
    /// Another task, or the task itself.
    Task(TaskIx),
    /// A timer of the task that was due.
    Timer,
    /// The IO driver, judging by what the task waited for.
    Io,
    /// A blocking thread, judging by what the task waited for.
    Blocking,
    /// The runtime, giving its turn to a task that yielded.
    Scheduler,
    /// The runtime, moving a task that is out of budget behind the others.
    Budget,
    /// The runtime, moving a task whose poll the run's schedule cut behind the others.
    Schedule,
    /// A thread outside the runtime, or code outside all tasks.
    Outside,
    /// Not a task; otherwise unknown.
    Unknown,
}

/// The end of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// When, in nanoseconds since the run began.
    pub at_ns: u64,
    /// How.
    pub how: End,
    /// Whether `how` is inferred: the start of the last poll was lost, and perhaps with
    /// it what distinguishes a panic from a return.
    ///
    /// Two cases look exactly like others and are not marked, because otherwise every
    /// such end would be: an abort from within the task's own poll looks like
    /// `Completed` or `Failed`, and a panic that is caught in the poll that returns
    /// looks like `Panicked`.
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
    /// It was alive when the recording stopped. It keeps its last state and counts as
    /// alive.
    Dropped,
    /// Unknown, because Tokio's tracing was not received.
    Unknown,
}

impl End {
    /// One word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Panicked => "panicked",
            Self::Dropped => "alive",
            Self::Unknown => "unknown",
        }
    }
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

/// How long a task was in each state.
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
    /// The index of the line in [`Trace::log`](super::Trace).
    pub line: u32,
}

impl Task {
    /// The segment at a time; none before the spawn and after the task's own end.
    pub fn segment_at(&self, at_ns: u64) -> Option<Segment> {
        if self.end_at(at_ns).is_some() {
            return None;
        }
        let after = self.segments.partition_point(|segment| segment.start_ns <= at_ns);
        after.checked_sub(1).map(|i| self.segments[i])
    }

    /// Its idle gaps in order of time: each waiting segment with its index.
    pub(super) fn waits(&self) -> impl DoubleEndedIterator<Item = (usize, Segment)> {
        self.segments.iter().copied().enumerate().filter(|(_, segment)| segment.state.is_waiting())
    }

    /// How long it had been alive at a time, in nanoseconds, as far as recorded; 0 before the spawn.
    pub fn duration(&self, at_ns: u64) -> u64 {
        self.until(at_ns).saturating_sub(self.spawned_ns)
    }

    /// How long it had been in each state by a time.
    pub fn times_at(&self, at_ns: u64) -> Times {
        let until = self.until(at_ns);
        let Some(last) = self.segments.last() else { return Times::default() };
        // The counts reach up to the last change, including the end.
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

    /// How long it had been in polls by a time, in nanoseconds. `begun` is the number of segments begun by then.
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

    /// The last kept sums before a time, and the segments from there that had begun by then.
    fn counted_before(&self, at_ns: u64) -> (Times, u64, &[Segment]) {
        let begun = self.segments.partition_point(|segment| segment.start_ns <= at_ns);
        let kept = (begun.saturating_sub(1) / EVERY).min(self.sums.len());
        let (times, polls) = kept.checked_sub(1).map_or_else(Default::default, |last| self.sums[last]);
        (times, polls, &self.segments[kept * EVERY..begun])
    }

    /// Its state changes; the time before has been counted.
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

    /// The wake that made it ready in the segment with this index. Wakes at the same virtual moment are distinguished by their
    /// order.
    pub(super) fn wake_into(&self, segment: usize) -> Option<Wake> {
        self.wake_index_into(segment).map(|wake| self.wakes[wake])
    }

    /// The index of that wake.
    pub(super) fn wake_index_into(&self, segment: usize) -> Option<usize> {
        let ready = self.segments.get(segment)?;
        // The first segment is the spawn, which has no wake.
        let before = self.segments[1.min(segment)..segment].iter().rev();
        let same = before.take_while(|before| before.start_ns == ready.start_ns);
        let earlier = same.filter(|before| before.state == State::Ready).count();
        let first = self.wakes.partition_point(|wake| wake.at_ns < ready.start_ns);
        let all = self.wakes[first..].partition_point(|wake| wake.at_ns == ready.start_ns);
        match all {
            0 => first.checked_sub(1),
            _ => Some(first + earlier.min(all - 1)),
        }
    }

    /// The time, or the end of the task if that is earlier.
    fn until(&self, at_ns: u64) -> u64 {
        self.ended.map_or(at_ns, |end| end.at_ns.min(at_ns))
    }

    /// The counted time in each state.
    fn counted(&self) -> Times {
        Times { busy_ns: self.busy_ns, ready_ns: self.ready_ns, waiting_ns: self.waiting_ns }
    }

    /// Counts the time of the current segment, `last`, which ends.
    pub(super) fn count(&mut self, last: Segment, end_ns: u64) {
        let mut times = self.counted();
        times.add(last.state, end_ns - last.start_ns);
        Times { busy_ns: self.busy_ns, ready_ns: self.ready_ns, waiting_ns: self.waiting_ns } = times;
    }

    /// How it ended, if it ended by a time. The end of the recording does not count.
    pub fn end_at(&self, at_ns: u64) -> Option<Ended> {
        self.end().filter(|end| end.at_ns <= at_ns)
    }

    /// Its own end, if it has ended.
    pub(super) fn end(&self) -> Option<Ended> {
        self.ended.filter(|end| end.how != End::Dropped)
    }

    /// The segments that overlap a stretch of time (both ends included): the segment at
    /// its start, and all that begin within it.
    pub fn segments_in(&self, from_ns: u64, to_ns: u64) -> &[Segment] {
        let first = self.segments.partition_point(|segment| segment.start_ns <= from_ns);
        // Several changes may share one virtual instant: include all changes at `from_ns`.
        let start = self.segments[..first].partition_point(|segment| segment.start_ns < from_ns).saturating_sub(1);
        let end = self.segments.partition_point(|segment| segment.start_ns <= to_ns);
        &self.segments[start.min(end)..end]
    }
}
