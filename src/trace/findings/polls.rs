//! Polls that last: one that keeps its worker, and tasks that know no other.
//!
//! On the real clock that is wall time. On the virtual clock a poll takes no
//! time at all, unless something in it moves the clock: then it stands for work.
//!
//! The bound is that of asyncio's debug mode, a tenth of a second. A poll should
//! be over a thousand times sooner, but what is told here is told for sure: a
//! thread that the system did not run for a while is no fault of the program's.

use super::{FindingKind, Findings, Sight, at_least, short, span, tasks};
use crate::record::site::Place;
use crate::trace::task::{Segment, State, Task, TaskIx, Waker};
use crate::trace::{End, LaneOf, Trace};

/// A poll that lasts so long blocks its worker.
const BLOCKS_NS: u64 = 100_000_000;

/// A task whose only poll lasts so long never yields, as for tokio-console.
const NEVER_YIELDS_NS: u64 = 1_000_000_000;

/// So many long polls are kept. More of them tell nothing new.
const MOST: usize = 4_096;

/// The others that had to wait are counted at so many places: that takes a look at every task.
const COUNTED: usize = 8;

/// The long polls that are over, in the order in which they ended.
#[derive(Debug, Default)]
pub(in crate::trace) struct LongPolls(Vec<LongPoll>);

/// A poll that blocked its worker.
#[derive(Debug, Clone, Copy)]
pub(super) struct LongPoll {
    task: TaskIx,
    thread: u16,
    start_ns: u64,
    end_ns: u64,
}

/// Where the line reported for a poll is.
#[derive(Debug, Clone, Copy)]
enum Around {
    /// The task waited there when the poll was over.
    Until,
    /// The task had waited there before.
    Since,
    /// It has never waited at a line that is known: there it was spawned.
    Spawned,
}

impl LongPoll {
    fn length_ns(self) -> u64 {
        self.end_ns - self.start_ns
    }
}

impl Trace {
    /// A poll is over.
    pub(in crate::trace) fn poll_is_over(&mut self, task: TaskIx, start_ns: u64, end_ns: u64) {
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

    /// The line at which a task waited after a poll or, if it did not, before.
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

    /// How many other tasks were to be polled while a poll lasted. A timer that was due meanwhile wakes its task when the poll
    /// is over. A task that another one wakes then did not wait for this poll.
    fn kept_waiting(&self, poll: LongPoll) -> usize {
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

/// Whether all that a task ever did was this poll.
fn never_yields(task: &Task, poll: LongPoll) -> bool {
    let returned = |end: End| matches!(end, End::Completed | End::Failed | End::Panicked | End::Dropped);
    task.polls == 1 && poll.length_ns() >= NEVER_YIELDS_NS && task.ended.is_none_or(|end| returned(end.how))
}

/// A long poll that is under way, or was when the recording stopped: it has no end of its own.
pub(super) fn lasting(trace: &Trace, task: TaskIx, of: &Task) -> Option<LongPoll> {
    let last = of.segments.last().filter(|_| of.end().is_none() && keeps_a_worker(of))?;
    let State::Running(thread) = last.state else { return None };
    let poll = LongPoll { task, thread, start_ns: last.start_ns, end_ns: trace.end_ns.max(last.start_ns) };
    (poll.length_ns() >= BLOCKS_NS).then_some(poll)
}

/// Whether others wait while this is polled: tasks, or those of a `LocalSet`. A closure has a thread to itself, and what a
/// root keeps is not known.
fn keeps_a_worker(of: &Task) -> bool {
    matches!(of.of, LaneOf::Task | LaneOf::Local)
}

/// Without the polls in which a local task was polled for so long: the task that drives it does nothing else meanwhile.
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

/// Finds polls that block their worker: those that are over, and these.
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
            others => format!("; {} had to wait for that", tasks(others)),
        }
    };
    let name = |poll: LongPoll| &trace.tasks[poll.task as usize].name;
    found.add_some(FindingKind::NeverYields, never, at_least, |sight| {
        let poll = sight.told;
        format!("{} ran for {} in one poll, and was polled only once{}", name(poll), span(poll.length_ns()), others(poll))
    });
    found.add_some(FindingKind::BlocksWorker, blocks, at_least, |sight| {
        let (poll, around) = sight.told;
        let until = match (around, &sight.place) {
            (Around::Until, Some(place)) => format!(", until it waited at {}", short(place)),
            (Around::Since, Some(place)) => format!(", since it had waited at {}", short(place)),
            _ => String::new(),
        };
        format!("{} kept its worker for {} in one poll{until}{}", name(poll), span(poll.length_ns()), others(poll))
    });
}
