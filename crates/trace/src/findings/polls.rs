//! Long polls: those that block a worker, and tasks that never yield.
//!
//! On the real clock a poll's length is wall time. On the virtual clock a poll takes
//! no time unless something in it advances the clock to represent work.
//!
//! The bound is asyncio's debug bound, 100 ms. A good poll is a thousand times
//! shorter, but a high bound avoids false positives: the system may not have run the
//! thread for a while, which is not the program's fault.

use super::{FindingKind, Findings, Sight, at_least, short, span, tasks};
use crate::task::{Segment, State, Task, TaskIx, Waker};
use crate::{End, LaneOf, Trace};
use facts::site::Place;

/// A poll of this length or more blocks its worker.
const BLOCKS_NS: u64 = 100_000_000;

/// A task whose only poll lasts this long or more never yields. This is tokio-console's bound.
const NEVER_YIELDS_NS: u64 = 1_000_000_000;

/// At most this many long polls are kept. More would add nothing.
const MOST: usize = 4_096;

/// At how many places the tasks kept waiting are counted. Each count looks at every task.
const COUNTED: usize = 8;

/// The long polls that have ended, in the order of their ends.
#[derive(Debug, Default)]
pub(crate) struct LongPolls(Vec<LongPoll>);

/// A poll that blocked its worker.
#[derive(Debug, Clone, Copy)]
pub(super) struct LongPoll {
    task: TaskIx,
    thread: u16,
    start_ns: u64,
    end_ns: u64,
}

/// What happened at the line that is reported for a poll.
#[derive(Debug, Clone, Copy)]
enum Around {
    /// The task waited there after the poll.
    Until,
    /// The task waited there before the poll.
    Since,
    /// The task was spawned there; no line of its waits is known.
    Spawned,
}

impl LongPoll {
    fn length_ns(self) -> u64 {
        self.end_ns - self.start_ns
    }
}

impl Trace {
    /// Counts a poll that ended, and keeps it if it blocked its worker.
    pub(crate) fn poll_is_over(&mut self, task: TaskIx, start_ns: u64, end_ns: u64) {
        if self.number(task).is_some() {
            self.bins.add_poll(end_ns, end_ns - start_ns);
            self.poll_times.add(end_ns, end_ns - start_ns);
        }
        if end_ns - start_ns >= BLOCKS_NS
            && self.long_polls.0.len() < MOST
            && let State::Running(thread) = self.last(task).state
            && keeps_a_worker(self.task(task))
        {
            self.long_polls.0.push(LongPoll { task, thread, start_ns, end_ns });
        }
    }

    /// The line at which the task waited after a poll or else before it.
    fn around(&self, poll: LongPoll) -> (Around, Option<Place>) {
        let task = &self.tasks[poll.task as usize];
        let next = task.segments.partition_point(|segment| segment.start_ns <= poll.start_ns);
        let (begun, after) = task.segments.split_at(next);
        let place = |segment: &Segment| self.place_among(self.leaves(*segment));
        let back = after.first().and_then(place).map(|place| (Around::Until, place));
        let before =
            || begun.iter().rfind(|segment| segment.state.is_waiting()).and_then(place).map(|place| (Around::Since, place));
        let spawned = || self.spawn_place(poll.task);
        back.or_else(before).map_or_else(|| (Around::Spawned, spawned()), |(around, place)| (around, Some(place)))
    }

    /// How many other tasks could not be polled because of a poll; 0 if wakes were not recorded. A timer that expires during the poll wakes its task right
    /// after it. A task that another task wakes at that time did not wait for this poll.
    fn kept_waiting(&self, poll: LongPoll) -> usize {
        if !self.knows_ready() {
            return 0;
        }
        let soon_ns = poll.end_ns.saturating_add(poll.length_ns() / 100);
        let waited = |task: &Task| {
            let next = task.segments.partition_point(|segment| segment.start_ns < poll.end_ns);
            let before = next.checked_sub(1).map(|last| task.segments[last].state);
            let soon = |segment: &Segment| segment.state == State::Ready && segment.start_ns <= soon_ns;
            let due = || !matches!(task.wake_into(next).map(|wake| wake.by), Some(Waker::Task(_)));
            before == Some(State::Ready) || (before.is_some() && task.segments.get(next).is_some_and(soon) && due())
        };
        (0..).zip(&self.tasks).filter(|(ix, task): &(TaskIx, _)| *ix != poll.task && waited(task)).count()
    }
}

/// Whether this poll is all that the task ever did.
fn never_yields(task: &Task, poll: LongPoll) -> bool {
    let returned = |end: End| matches!(end, End::Completed | End::Failed | End::Panicked | End::Dropped);
    task.polls == 1 && poll.length_ns() >= NEVER_YIELDS_NS && task.ended.is_none_or(|end| returned(end.how))
}

/// A long poll that is still in progress, or was when the recording stopped. It lasts until the end of the trace.
pub(super) fn lasting(trace: &Trace, task: TaskIx, of: &Task) -> Option<LongPoll> {
    let last = of.segments.last().filter(|_| of.end().is_none() && keeps_a_worker(of))?;
    let State::Running(thread) = last.state else { return None };
    let poll = LongPoll { task, thread, start_ns: last.start_ns, end_ns: trace.end_ns.max(last.start_ns) };
    (poll.length_ns() >= BLOCKS_NS).then_some(poll)
}

/// Whether other tasks wait while this one is polled: true for tasks of the runtime and of a `LocalSet`. A closure has its own
/// thread, and which tasks a root delays is unknown.
fn keeps_a_worker(of: &Task) -> bool {
    matches!(of.of, LaneOf::Task | LaneOf::Local)
}

/// Leaves out polls that only contain a long poll of a local task: its driver does nothing else during that poll.
fn innermost(trace: &Trace, polls: Vec<LongPoll>) -> Vec<LongPoll> {
    let local = |poll: &&LongPoll| trace.tasks[poll.task as usize].of == LaneOf::Local;
    let inner: Vec<LongPoll> = polls.iter().filter(local).copied().collect();
    let drives = |poll: &LongPoll| {
        let within = |inner: &LongPoll| {
            let (begins, ends) = (poll.start_ns <= inner.start_ns, inner.end_ns <= poll.end_ns);
            inner.task != poll.task && inner.thread == poll.thread && begins && ends
        };
        inner.iter().any(within)
    };
    if inner.is_empty() { polls } else { polls.into_iter().filter(|poll| !drives(poll)).collect() }
}

/// Finds polls that block their worker: those that ended, and those in `lasting`.
pub(super) fn long_ones(trace: &Trace, lasting: Vec<LongPoll>, found: &mut Findings) {
    let (mut never, mut blocks) = (Vec::new(), Vec::new());
    for poll in innermost(trace, trace.long_polls.0.iter().copied().chain(lasting).collect()) {
        let of = &trace.tasks[poll.task as usize];
        let (task, at_ns, weight) = (Some(poll.task), poll.end_ns, poll.length_ns());
        if never_yields(of, poll) {
            never.push(Sight { task, at_ns, place: trace.spawn_place(poll.task), weight, told: poll });
        } else {
            let (around, place) = trace.around(poll);
            blocks.push(Sight { task, at_ns, place, weight, told: (poll, around) });
        }
    }
    let at_least = at_least(trace.long_polls.0.len() < MOST);
    let counted = std::cell::Cell::new(0);
    let others = |poll: LongPoll| {
        counted.set(counted.get() + 1);
        match if counted.get() <= COUNTED { trace.kept_waiting(poll) } else { 0 } {
            0 => String::new(),
            others => format!("; {} had to wait meanwhile", tasks(others)),
        }
    };
    let name = |poll: LongPoll| &trace.tasks[poll.task as usize].name;
    found.add_some(FindingKind::NeverYields, never, at_least, |sight| {
        let poll = sight.told;
        format!("{} ran for {} in one poll, its only one{}", name(poll), span(poll.length_ns()), others(poll))
    });
    found.add_some(FindingKind::BlocksWorker, blocks, at_least, |sight| {
        let (poll, around) = sight.told;
        let until = match (around, &sight.place) {
            (Around::Until, Some(place)) => format!(", then waited at {}", short(place)),
            (Around::Since, Some(place)) => format!(", after waiting at {}", short(place)),
            _ => String::new(),
        };
        format!("{} kept its worker for {} in one poll{until}{}", name(poll), span(poll.length_ns()), others(poll))
    });
}
