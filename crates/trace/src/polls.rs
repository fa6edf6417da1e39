//! The polls of a run, in the order in which they began.
//!
//! On the virtual clock a poll takes no time, so many polls can begin at one moment.
//! Stepping through a run poll by poll needs their order, which the segments of two
//! different tasks do not give.

use super::Trace;
use super::task::TaskIx;
use super::threads::Threads;
use facts::event::LaneOf;

/// The beginning of a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollStart {
    /// When, in nanoseconds since the run began. Never before the previous poll.
    pub at_ns: u64,
    /// The task that is polled.
    pub task: TaskIx,
}

/// All poll starts. Two lists take a quarter less memory than one list of pairs.
#[derive(Debug, Default)]
pub(super) struct PollStarts {
    pub(super) at_ns: Vec<u64>,
    pub(super) tasks: Vec<TaskIx>,
    /// The polls by thread.
    pub(super) threads: Threads,
}

impl PollStarts {
    /// Records the start of a poll on a thread. A poll inside another poll is not added to the thread's polls.
    pub(super) fn push(&mut self, at_ns: u64, task: TaskIx, thread: u16, may_be_inner: bool) {
        let at_ns = self.at_ns.last().map_or(at_ns, |last| at_ns.max(*last));
        if !(may_be_inner && self.threads.is_busy(thread)) {
            let before = self.threads.last(thread).and_then(|last| self.at_ns.get(last as usize)).copied();
            self.threads.begin(thread, self.tasks.len() as u32, at_ns - before.unwrap_or(at_ns));
        }
        self.at_ns.push(at_ns);
        self.tasks.push(task);
    }

    /// Records the end of a poll on a thread, and how long it lasted.
    pub(super) fn end(&mut self, thread: u16, task: TaskIx, lasted_ns: u64) {
        if self.threads.last(thread).is_some_and(|last| self.tasks[last as usize] == task) {
            self.threads.end(thread, lasted_ns);
        }
    }
}

impl Trace {
    /// The poll with a number, counted from 0 in the order in which polls began; none if it has not begun.
    pub fn poll(&self, number: u64) -> Option<PollStart> {
        let number = usize::try_from(number).ok()?;
        Some(PollStart { at_ns: *self.poll_starts.at_ns.get(number)?, task: *self.poll_starts.tasks.get(number)? })
    }

    /// How many of the polls up to and including one are polls of the runtime's tasks, not of what is polled beside them. A
    /// schedule counts these.
    pub fn task_polls_to(&self, number: u64) -> u64 {
        let tasks =
            self.poll_starts.tasks.iter().take(usize::try_from(number).map_or(usize::MAX, |number| number.saturating_add(1)));
        tasks.filter(|task| self.tasks[**task as usize].of == LaneOf::Task).count() as u64
    }

    /// How many polls had begun up to and including a time. This is the number of the next poll.
    pub fn polls_by(&self, at_ns: u64) -> u64 {
        self.poll_starts.at_ns.partition_point(|start| *start <= at_ns) as u64
    }

    /// How many polls had begun before a time.
    pub fn polls_before(&self, at_ns: u64) -> u64 {
        self.poll_starts.at_ns.partition_point(|start| *start < at_ns) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::super::told::Told;
    use super::*;

    #[test]
    fn polls_are_numbered_as_they_begin_also_at_one_time() {
        let mut told = Told::default();
        told.spawn(0, 5, None).spawn(0, 6, None).start(3, 6).stop(3, 6).start(3, 5).stop(4, 5).wake(7, 6, None).start(8, 6);
        let polls: Vec<_> = (0..4).map_while(|number| told.0.poll(number)).map(|poll| (poll.at_ns, poll.task)).collect();
        assert_eq!(polls, [(3, 1), (3, 0), (8, 1)]);
        assert_eq!([2, 3, 7, 8].map(|at| (told.0.polls_before(at), told.0.polls_by(at))), [(0, 0), (0, 2), (2, 2), (2, 3)]);
    }

    #[test]
    fn a_poll_that_comes_late_does_not_go_back_in_time() {
        let mut told = Told::default();
        told.spawn(0, 5, None).spawn(0, 6, None).tell(0, 9, start(5)).tell(1, 8, start(6));
        assert_eq!(
            (told.0.poll(0), told.0.poll(1)),
            (Some(PollStart { at_ns: 9, task: 0 }), Some(PollStart { at_ns: 9, task: 1 }))
        );
        assert_eq!((told.0.polls_by(8), told.0.polls_by(9)), (0, 2));
    }

    fn start(task: u64) -> facts::event::What {
        facts::event::What::PollStart(super::super::told::id(task))
    }
}
