//! Preemptions: the polls that the run's schedule cut.
//!
//! A schedule limits how many of Tokio's operations some polls make. Such a poll is cut only if it asks for one more, so a limit
//! is no preemption yet. The list of the preemptions is itself a schedule, and gives the same run.

use super::Trace;
use super::task::TaskIx;
use super::waits::SiteIx;
use facts::event::TaskId;

/// A poll that the schedule cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preempted {
    /// Which poll of the run, counted from 1 in the order in which they began.
    pub poll: u64,
    /// How many of Tokio's operations it made.
    pub operations: u8,
    /// The task.
    pub task: TaskIx,
    /// When, in nanoseconds since the run began.
    pub at_ns: u64,
    /// The operation that it did not begin.
    pub site: SiteIx,
}

impl Trace {
    /// The schedule limits the current poll of a task.
    pub(super) fn limited(&mut self, task: TaskId, operations: u8) -> bool {
        let Some(task) = self.known(task) else { return false };
        self.life_mut(task).limit = Some(operations);
        true
    }

    /// An operation of the task was put off at a site. If the schedule limits the poll, this is a preemption.
    pub(super) fn is_preempted(&mut self, task: TaskIx, site: SiteIx) {
        let Some(operations) = self.life(task).limit else { return };
        let (poll, at_ns) = (self.polls, self.life(task).polled_ns);
        if self.preemptions.last().is_none_or(|last| last.poll != poll) {
            self.preemptions.push(Preempted { poll, operations, task, at_ns, site });
        }
    }

    /// The polls that the run's schedule cut, in order.
    pub fn preemptions(&self) -> &[Preempted] {
        &self.preemptions
    }

    /// The preemptions of a task within a span of time, both ends included.
    pub fn preempted_within(&self, task: TaskIx, from_ns: u64, to_ns: u64) -> impl Iterator<Item = &Preempted> {
        let first = self.preemptions.partition_point(|cut| cut.at_ns < from_ns);
        let known = self.preemptions[first..].iter().take_while(move |cut| cut.at_ns <= to_ns);
        known.filter(move |cut| cut.task == task)
    }

    /// The last preemption of a task up to and including a time.
    pub fn preempted_by(&self, task: TaskIx, at_ns: u64) -> Option<&Preempted> {
        let known = &self.preemptions[..self.preemptions.partition_point(|cut| cut.at_ns <= at_ns)];
        known.iter().rev().find(|cut| cut.task == task)
    }
}
