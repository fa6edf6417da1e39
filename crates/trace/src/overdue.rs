//! Late timers: the time from a deadline to the wake.
//!
//! A runtime checks its timers between polls. During a long poll no timer fires, so
//! tasks seem to sleep past their deadlines. Tokio reports each timer's duration, so
//! the time from deadline to wake is known. A task is *overdue* in that time, and is
//! drawn as ready, because without the long poll it would be.

use std::collections::HashSet;

use super::Trace;
use super::task::TaskIx;
use super::waits::Live;
use facts::site::Cause;

/// Tokio rounds deadlines up to whole milliseconds and checks them at most that often: a shorter delay is not late.
const LATE_NS: u64 = 2_000_000;

/// A stretch of a wait in which a timer should have fired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overdue {
    /// The deadline, in nanoseconds since the run began.
    pub due_ns: u64,
    /// When the task was woken; `u64::MAX` if it has not been.
    pub woken_ns: u64,
}

/// What kept a worker while a task was overdue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kept {
    /// The task that was polled.
    pub(super) task: TaskIx,
    /// The index of the poll in its task's segments.
    pub(super) segment: usize,
    /// How long the other task was overdue.
    pub(super) late_ns: u64,
}

/// When late timers were due, and when they fired: two sorted lists, so counting at any time takes two searches.
#[derive(Debug, Default)]
pub(super) struct LateTimers {
    due_ns: Vec<u64>,
    fired_ns: Vec<u64>,
}

impl LateTimers {
    fn add(&mut self, due_ns: u64, fired_ns: u64) {
        for (all, at_ns) in [(&mut self.due_ns, due_ns), (&mut self.fired_ns, fired_ns)] {
            all.insert(all.partition_point(|earlier| *earlier <= at_ns), at_ns);
        }
    }

    fn at(&self, at_ns: u64) -> usize {
        let by = |all: &[u64]| all.partition_point(|time| *time <= at_ns);
        by(&self.due_ns) - by(&self.fired_ns)
    }
}

impl Trace {
    /// Counts the overdue tasks at a time, without tasks that are still waiting. Overdue tasks count as ready.
    pub fn overdue_at(&self, at_ns: u64) -> u32 {
        self.late_timers.at(at_ns) as u32
    }

    /// Counts all overdue tasks at a time. This looks at every timer that is set.
    pub fn all_overdue_at(&self, at_ns: u64) -> u32 {
        let late = |due_ns: u64| at_ns.saturating_sub(due_ns) >= LATE_NS;
        let set = self.ingest.timers.iter().filter(|(_, set)| late(set.due_ns()));
        let tasks: HashSet<TaskIx> = set.filter_map(|(op, _)| Some(self.ingest.ops.get(op)?.task)).collect();
        let waits = |task: &&TaskIx| self.wait_at(**task, at_ns).is_some_and(|wait| wait.end_ns.is_none());
        self.overdue_at(at_ns) + tasks.iter().filter(waits).count() as u32
    }

    /// Called when a wait that may have a deadline ends; records the task as overdue if it was late.
    pub(super) fn note_overdue(&mut self, at_ns: u64, task: TaskIx) {
        if let Some(due_ns) = self.due_ns(task).filter(|due_ns| at_ns.saturating_sub(*due_ns) >= LATE_NS) {
            self.late_timers.add(due_ns, at_ns);
            self.tasks[task as usize].overdue.push(Overdue { due_ns, woken_ns: at_ns });
        }
    }

    /// The overdue stretches of a task that overlap a stretch of time, both ends included.
    pub fn overdue_in(&self, task: TaskIx, from_ns: u64, to_ns: u64) -> Vec<Overdue> {
        let Some(of) = self.tasks.get(task as usize) else { return Vec::new() };
        let first = of.overdue.partition_point(|overdue| overdue.woken_ns < from_ns);
        let mut all: Vec<Overdue> = of.overdue[first..].iter().take_while(|overdue| overdue.due_ns <= to_ns).copied().collect();
        let waits = of.ended.is_none() && of.segments.last().is_some_and(|last| last.state.is_waiting());
        let lasts = self.due_ns(task).filter(|due_ns| waits && to_ns.saturating_sub(*due_ns) >= LATE_NS);
        all.extend(lasts.map(|due_ns| Overdue { due_ns, woken_ns: u64::MAX }));
        all
    }

    /// The poll that kept a worker while a task, woken at `woken_ns`, was overdue: the one with the largest share of that time,
    /// if that share is more than half.
    pub(super) fn kept_by(&self, task: TaskIx, woken_ns: u64) -> Option<Kept> {
        let overdue = &self.tasks.get(task as usize)?.overdue;
        let late =
            overdue.get(overdue.partition_point(|late| late.woken_ns < woken_ns)).filter(|late| late.woken_ns == woken_ns)?;
        let late_ns = woken_ns - late.due_ns;
        let polls = self.polling_threads().filter_map(|thread| {
            let polls = self.polls_on(thread)?;
            let last = polls.begun_by(woken_ns.saturating_sub(1)).checked_sub(1)?;
            let poll = polls.get(last).filter(|poll| poll.task != task && poll.start_ns < woken_ns)?;
            let within_ns = poll.end_ns.unwrap_or(woken_ns).min(woken_ns).saturating_sub(poll.start_ns.max(late.due_ns));
            Some((within_ns, poll))
        });
        let (within_ns, poll) = polls.max_by_key(|(within_ns, _)| *within_ns)?;
        let segments = &self.tasks[poll.task as usize].segments;
        let segment = segments.iter().rposition(|segment: &super::Segment| {
            segment.start_ns == poll.start_ns && matches!(segment.state, super::State::Running(_))
        })?;
        (within_ns > late_ns / 2).then_some(Kept { task: poll.task, segment, late_ns })
    }

    /// The earliest deadline among a task's current waits.
    fn due_ns(&self, task: TaskIx) -> Option<u64> {
        if self.ingest.timers.is_empty() {
            return None;
        }
        let leaves = &self.life(task).leaves.live;
        let timers = leaves.iter().filter(|leaf| leaf.cause == Cause::Time);
        timers.filter_map(|leaf: &Live| self.ingest.timers.get(&leaf.op?)).map(super::timers::Set::due_ns).min()
    }
}
