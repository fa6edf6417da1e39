//! A task as it was when a given poll began, even within one moment.
//!
//! On the virtual clock many polls begin at one time, so times alone cannot say what had
//! happened when the third of them began. The order of polls can: everything a task did
//! at that moment belongs to one of its own polls or to the poll in which another task
//! woke or spawned it, and each poll has a number.

use super::Trace;
use super::cells::Seen;
use super::task::{State, TaskIx, Waker};
use super::within::Happening;

/// In a moment with more polls than this, lanes show the whole moment.
const POLLS: u64 = 4_096;

impl Trace {
    /// How many of a task's segments had begun when a poll began; none if that cannot be known.
    pub(super) fn before_poll(&self, task: TaskIx, number: u64) -> Option<Seen> {
        let at_ns = self.poll(number)?.at_ns;
        let (first, after) = (self.polls_before(at_ns), self.polls_by(at_ns));
        if after - first > POLLS {
            return None;
        }
        let of = self.tasks.get(task as usize)?;
        let polls = |task: TaskIx| (first..after).filter(move |poll| self.poll(*poll).is_some_and(|poll| poll.task == task));
        let mut own = polls(task);
        // The poll of another task that woke or spawned this task, if it is the first of that task after this one's own last poll.
        let within = |by: TaskIx, since: Option<u64>| polls(by).find(|poll| since.is_none_or(|since| *poll > since));
        let before = of.segments.partition_point(|segment| segment.start_ns < at_ns);
        let until = of.segments.partition_point(|segment| segment.start_ns <= at_ns);
        let mut last = None;
        let mut seen = before;
        for (ix, segment) in of.segments[before..until].iter().enumerate() {
            let happened_in = match segment.state {
                State::Running(_) => {
                    last = own.next();
                    // The poll itself has begun.
                    last.and_then(|poll| poll.checked_sub(1))
                }
                State::Waiting(_) => last,
                State::Ready if before + ix == 0 => {
                    let known = self.poll_of(Happening::Spawn(task));
                    known.or_else(|| of.parent.and_then(|parent| within(parent, last)))
                }
                State::Ready => match of.wake_index_into(before + ix).map(|wake| (wake, of.wakes[wake].by)) {
                    Some((wake, Waker::Task(by))) => {
                        self.poll_of(Happening::Wake(task, wake as u32)).or_else(|| within(by, last))
                    }
                    _ => last,
                },
            };
            if happened_in.is_some_and(|poll| poll >= number) {
                break;
            }
            seen += 1;
        }
        let ended = of.ended.filter(|end| end.at_ns < at_ns || (seen == until && last.is_none_or(|poll| poll < number)));
        Some(Seen { segments: seen, ended })
    }
}
