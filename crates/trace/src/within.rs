//! In which poll something happened, where the times do not say so.
//!
//! On the virtual clock a task may be polled several times in one moment. What it does there has the same time in each of these
//! polls, so the number of the poll is kept, except if it is the first of that moment. That is rare, so it costs little.

use std::collections::HashMap;

use super::Trace;
use super::task::{Segment, State, Task, TaskIx, Waker};

/// The poll of a task that does something is among so many of the newest.
const NEWEST: usize = 64;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Happening {
    /// A task's waker was called: the wake with this index among the wakes of the task.
    Wake(TaskIx, u32),
    /// A task was spawned.
    Spawn(TaskIx),
    /// A line of the log was written: its index in [`Trace::log`].
    Log(u32),
}

/// The polls of what did not happen in the first poll of a task in a moment.
#[derive(Debug, Default)]
pub(super) struct Within(HashMap<Happening, u32>);

impl Trace {
    /// The number of the poll in which something happened, counted from 0 as in [`Trace::poll`]. None if it happened in the first
    /// poll of its task in that moment, or outside all polls.
    pub fn poll_of(&self, happening: Happening) -> Option<u64> {
        self.within.0.get(&happening).map(|poll| u64::from(*poll))
    }

    /// Something happens in a poll of this task.
    pub(super) fn happens_in(&mut self, at_ns: u64, task: TaskIx, happening: Happening) {
        if !self.tasks.get(task as usize).is_some_and(|task| was_polled_before(task, at_ns)) {
            return;
        }
        self.keep_poll(task, happening);
    }

    /// Keeps the poll in which something happens: the newest of this task. Not inlined, as it is rare and needs room on the stack.
    #[cold]
    #[inline(never)]
    fn keep_poll(&mut self, task: TaskIx, happening: Happening) {
        let newest = (0..self.poll_starts.tasks.len()).rev().take(NEWEST);
        let mut of_task = newest.filter(|poll| self.poll_starts.tasks[*poll] == task);
        if let Some(poll) = of_task.next() {
            self.within.0.insert(happening, poll as u32);
        }
    }

    /// The last wake of a task happens.
    pub(super) fn wake_happens(&mut self, at_ns: u64, task: TaskIx, by: Waker) {
        if let Waker::Task(by) = by {
            let wake = self.tasks[task as usize].wakes.len() as u32 - 1;
            self.happens_in(at_ns, by, Happening::Wake(task, wake));
        }
    }
}

/// Whether an earlier poll of a task reached into the same moment as its last one.
#[inline(never)]
fn was_polled_before(task: &Task, at_ns: u64) -> bool {
    let is_poll = |segment: &Segment| matches!(segment.state, State::Running(_));
    let (mut polls, mut next_ns) = (0, u64::MAX);
    for segment in task.segments.iter().rev() {
        if segment.start_ns < at_ns {
            // A poll that began before and ended now.
            return polls > 0 && next_ns == at_ns && is_poll(segment);
        }
        polls += u32::from(is_poll(segment));
        if polls > 1 {
            return true;
        }
        next_ns = segment.start_ns;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::super::told::Told;
    use super::*;

    #[test]
    fn a_wake_in_a_later_poll_of_one_moment_knows_its_poll() {
        let mut told = Told::default();
        told.spawn(0, 1, None).spawn(0, 2, None).spawn(0, 3, None);
        told.start(1, 2).stop(1, 2).start(1, 3).stop(1, 3);
        // The first task is polled twice at 5, and wakes one task in each poll.
        told.wake(4, 1, None).start(5, 1).wake(5, 2, Some(1)).wake(5, 1, Some(1)).stop(5, 1);
        told.start(5, 1).wake(5, 3, Some(1)).stop(5, 1);
        assert_eq!(told.0.poll_of(Happening::Wake(1, 0)), None, "in the first poll of that moment");
        assert_eq!(told.0.poll_of(Happening::Wake(2, 0)), Some(3));
        assert_eq!(told.0.poll(3).map(|poll| (poll.at_ns, poll.task)), Some((5, 0)));
        // A step to the second of these polls shows the first wake and not the second.
        let seen = |task| told.0.before_poll(task, 3).map(|seen| seen.segments);
        let all = |task: usize| told.0.tasks[task].segments.len();
        assert_eq!((seen(1), seen(2)), (Some(all(1)), Some(all(2) - 1)));
    }
}
