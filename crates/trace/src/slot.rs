//! A worker's LIFO slot, from which no other worker steals.
//!
//! When a task on a multi-thread runtime wakes or spawns another task, the other task
//! goes into the worker's *LIFO slot*, and the previous occupant moves to the worker's
//! queue. Idle workers steal from the queue of a busy worker but never from its slot.
//! So a task can be ready while another worker is idle, until the poll that woke it
//! ends.
//!
//! Tokio does not report which task is in the slot, so this is inferred: the task was
//! the last to become ready in a poll that is still in progress, and another worker
//! that could have stolen it from a queue has polled nothing for some milliseconds.

use super::Trace;
use super::task::{State, Task, TaskIx, Waker};
use facts::event::LaneOf;

/// An idle worker steals a task from a queue sooner than this, unless the system is slow to run its thread.
const LASTS_NS: u64 = 5_000_000;

/// With more tasks than this, the slot is not looked up: a frame has no time for it.
const TASKS: usize = 4_096;

/// The LIFO slot that holds a ready task although another worker is idle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// The worker, by its index in [`Trace::threads`].
    pub worker: u16,
    /// The task that the worker polls.
    pub behind: TaskIx,
    /// An idle worker.
    pub idle: u16,
}

impl Trace {
    /// The slot that a ready task is in, if it could run elsewhere. Inferred.
    pub fn slot_at(&self, task: TaskIx, at_ns: u64) -> Option<Slot> {
        let of = self.tasks.get(task as usize).filter(|of| of.of == LaneOf::Task && self.tasks.len() <= TASKS)?;
        let since_ns = of.segment_at(at_ns).filter(|segment| segment.state == State::Ready)?.start_ns;
        let behind = made_ready_by(of, since_ns)?;
        let poll = self.tasks[behind as usize].segment_at(at_ns)?;
        let State::Running(worker) = poll.state else { return None };
        let in_this_poll = self.is_worker(worker) && poll.start_ns <= since_ns && at_ns.saturating_sub(since_ns) >= LASTS_NS;
        let later = |other: &Task| {
            let ready = other.segments_in(since_ns, at_ns).iter().filter(|segment| segment.state == State::Ready);
            ready.filter(|ready| ready.start_ns >= since_ns).any(|ready| made_ready_by(other, ready.start_ns) == Some(behind))
        };
        if !in_this_poll || (0..).zip(&self.tasks).any(|(ix, other): (TaskIx, _)| ix != task && later(other)) {
            return None;
        }
        let idle = self.workers().find(|other| *other != worker && self.is_idle(*other, at_ns - LASTS_NS, at_ns))?;
        Some(Slot { worker, behind, idle })
    }

    /// Whether a thread made no poll between two times.
    fn is_idle(&self, thread: u16, from_ns: u64, to_ns: u64) -> bool {
        self.polls_on(thread).is_none_or(|polls| {
            let begun = polls.begun_by(from_ns);
            let over = |place: usize| polls.get(place).and_then(|poll| poll.end_ns).is_some_and(|end_ns| end_ns <= from_ns);
            polls.begun_by(to_ns) == begun && begun.checked_sub(1).is_none_or(over)
        })
    }
}

/// The task whose poll made `task` ready at a time, by spawning or waking it.
fn made_ready_by(task: &Task, at_ns: u64) -> Option<TaskIx> {
    let segment = task.segments.partition_point(|segment| segment.start_ns <= at_ns).checked_sub(1)?;
    if segment == 0 {
        return task.parent.filter(|_| task.spawned_ns == at_ns);
    }
    let wake = task.wake_into(segment).filter(|wake| wake.at_ns == at_ns)?;
    if let Waker::Task(by) = wake.by { Some(by) } else { None }
}

#[cfg(test)]
mod tests {
    use super::super::told::{Told, id};
    use super::*;
    use facts::event::What;

    const MS: u64 = 1_000_000;

    /// Two workers. The first polls a task that wakes the second task after a millisecond and keeps running.
    fn woken() -> Told {
        let mut told = Told::default();
        told.tell(0, 0, What::WorkerThread).tell(1, 0, What::WorkerThread);
        told.spawn(0, 1, None).spawn(0, 2, None).spawn(0, 3, None);
        told.tell(1, 0, What::PollStart(id(2))).tell(1, 1, What::PollEnd(id(2)));
        told.tell(1, 1, What::PollStart(id(3))).tell(1, 2, What::PollEnd(id(3)));
        told.tell(0, MS, What::PollStart(id(1)));
        told.tell(0, 2 * MS, What::Wake { task: id(2), by: Some(id(1)) });
        told
    }

    fn slot(told: &Told) -> Option<Slot> {
        told.0.slot_at(1, 20 * MS)
    }

    #[test]
    fn the_last_one_to_be_woken_in_a_poll_is_kept_from_idle_workers() {
        assert_eq!(slot(&woken()), Some(Slot { worker: 0, behind: 0, idle: 1 }));
        assert_eq!(woken().0.slot_at(1, 3 * MS), None, "the idle worker may be about to take it");
    }

    #[test]
    fn so_is_one_that_is_spawned_in_it() {
        let mut told = woken();
        told.spawn(3 * MS, 4, Some(1));
        assert_eq!(told.0.slot_at(3, 20 * MS), Some(Slot { worker: 0, behind: 0, idle: 1 }));
        assert_eq!(slot(&told), None, "it is in the queue now");
    }

    #[test]
    fn where_it_cannot_be_known_nothing_is_said() {
        let mut busy = woken();
        busy.tell(1, 18 * MS, What::PollStart(id(3)));
        assert_eq!(slot(&busy), None, "the other worker polls");
        let mut over = woken();
        over.tell(0, 9 * MS, What::PollEnd(id(1)));
        assert_eq!(slot(&over), None, "the poll is over");
        let mut displaced = woken();
        displaced.tell(0, 3 * MS, What::Wake { task: id(3), by: Some(id(1)) });
        assert_eq!(slot(&displaced), None, "another task is in the slot");
        let mut outside = woken();
        outside.tell(0, 21 * MS, What::PollEnd(id(1))).tell(0, 21 * MS, What::PollStart(id(2)));
        assert_eq!(outside.0.slot_at(1, 30 * MS), None, "it runs");
    }
}
