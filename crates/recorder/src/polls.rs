//! Polls of tasks from Tokio's spans, without hooks.
//!
//! Tokio enters a task's span to poll the task, and once more to drop its future, and does not say which. Three cases matter:
//!
//! - A task that *returns* or panics is dropped in the same poll: enter, exit, enter, exit, close.
//! - A task that was *aborted* is dropped in a poll of its own, which Tokio counts: enter, exit, close.
//! - A task that lives when its runtime *shuts down* is dropped outside all polls: enter, exit, close.
//!
//! What tells them apart is Tokio's budget, the number of operations that a task may do in one poll. Each poll begins with a
//! full budget, and outside polls there is none. When a span is left, the recorder takes one operation from the budget, which
//! the task needs no more. So if the span is entered again and the budget is full, this is another poll; otherwise it is the
//! drop in the same poll.
//!
//! The budget can only be read as text, which takes a tenth of a microsecond. So it is read only where the nearest callers do
//! not answer the question: two polls of a task come from the same place in Tokio, its drop comes from another one, and a drop in
//! the same poll follows at once.
//!
//! A task that is left may return to be dropped, so the end of its poll is written with the next event of the thread. Until then
//! the thread [publishes](super::presence) when it left the task.

use std::fmt::{self, Write as _};
use std::task::{Context, Poll, Waker};

use tokio::task::coop;

use super::event::{LaneOf, LastPoll, TaskId};
use super::local::Local;

/// Tokio's budget at the start of a poll.
const FULL: u32 = 128;

/// How soon a task is dropped after its last poll, in nanoseconds, from a place of which this is known. Tokio cannot begin
/// another poll in less.
const AT_ONCE_NS: u64 = 200;

/// How many places a thread remembers.
const PLACES: usize = 64;

/// Places in the code, as hashes of callers, from which this thread has polled tasks, dropped them after their last poll, or begun
/// something else that depends only on the place.
#[derive(Debug)]
pub(super) struct Places(Box<[u64]>);

impl Default for Places {
    fn default() -> Self {
        // Not an array on the stack, which may be small.
        Self(vec![0; PLACES].into_boxed_slice())
    }
}

impl Places {
    fn slot(callers: u64) -> usize {
        (callers >> 32) as usize % PLACES
    }

    pub(super) fn knows(&self, callers: u64) -> bool {
        callers != 0 && self.0[Self::slot(callers)] == callers
    }

    pub(super) fn learn(&mut self, callers: u64) {
        self.0[Self::slot(callers)] = callers;
    }
}

/// How many operations Tokio lets this thread's task do before it has to yield; `None` outside polls.
fn budget() -> Option<u32> {
    if !coop::has_budget_remaining() {
        return Some(0);
    }
    let Poll::Ready(budget) = coop::poll_proceed(&mut Context::from_waker(Waker::noop())) else { return Some(0) };
    let mut number = Number(None);
    let _ = write!(number, "{budget:?}");
    number.0
    // The budget is what it was when this is dropped without progress.
}

/// Whether this thread is in Tokio's code for a poll.
pub(super) fn is_in_poll() -> bool {
    budget().is_some()
}

/// Leaves this many operations of a full budget, so that the poll that has just begun is cut at the one after them: Tokio makes
/// the task yield there, and puts it behind all that are ready.
pub(super) fn limit(operations: u8) {
    for _ in u32::from(operations)..FULL {
        spend();
    }
}

/// Takes one operation from the budget.
fn spend() {
    if coop::has_budget_remaining()
        && let Poll::Ready(budget) = coop::poll_proceed(&mut Context::from_waker(Waker::noop()))
    {
        budget.made_progress();
    }
}

/// The first number in a text.
struct Number(Option<u32>);

impl fmt::Write for Number {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            match (byte, self.0) {
                (b'0'..=b'9', number) => {
                    self.0 = Some(number.unwrap_or(0).saturating_mul(10).saturating_add(u32::from(byte - b'0')));
                }
                // Nothing more is of interest, which an error says.
                (_, Some(_)) => return Err(fmt::Error),
                (_, None) => {}
            }
        }
        Ok(())
    }
}

impl Local {
    /// The span of a task or local task is entered.
    pub(super) fn enter_future(&mut self, task: TaskId, of: LaneOf) {
        let callers = self.callers();
        if let Some(left) = self.lanes.left
            && self.task == Some(task)
            && self.is_dropped(left, callers)
        {
            self.lanes.left = None;
            self.stay();
            self.enters = self.enters.saturating_add(1);
            return;
        }
        self.settle();
        let polls = self.lanes.polls.knows(callers) || budget().is_some();
        self.write_beginning();
        if self.task.is_none() {
            self.inside.reset();
        }
        if polls && of == LaneOf::Task {
            self.drives();
        }
        self.go_within(task, u8::from(polls));
        self.lanes.callers = callers;
        if self.shared().closed() {
            self.count_unrecorded(of);
        } else if polls {
            self.begin(task, true);
        }
    }

    /// Whether the current task, which was left at that time, is entered to be dropped in the same poll.
    fn is_dropped(&mut self, left: u64, callers: u64) -> bool {
        if callers != 0 && callers == self.lanes.callers {
            return false;
        }
        if self.lanes.drops.knows(callers) && self.shared().since_ns(left) < AT_ONCE_NS {
            return true;
        }
        let same_poll = budget().is_some_and(|left| left < FULL);
        if same_poll && callers != 0 {
            self.lanes.drops.learn(callers);
        }
        same_poll
    }

    /// The span of a task or local task is left.
    pub(super) fn exit_future(&mut self, task: TaskId) {
        if !self.is_at(task) {
            return;
        }
        match self.enters {
            0 => {}
            1 => {
                let stamp = self.shared().stamp();
                self.lanes.left = Some(stamp);
                self.leave(stamp);
                spend();
            }
            _ => {
                self.learn_place();
                self.end_future(task);
            }
        }
    }

    /// The span of a task, local task, closure or root is closed.
    pub(super) fn close_future(&mut self, task: TaskId) {
        if !self.knows_end(task) {
            self.end_future(task);
        }
    }

    /// Records the end of a task, local task, closure or root, which was dropped.
    pub(super) fn end_future(&mut self, task: TaskId) {
        let here = self.is_at(task);
        if here {
            self.lanes.left = None;
        }
        let last = match self.enters {
            0 if here => LastPoll::Shutdown,
            1 if here => LastPoll::Dropped,
            _ => LastPoll::Polled,
        };
        let stamp = self.ends(task, last);
        if here && last == LastPoll::Shutdown {
            self.back();
        } else if here {
            self.end_lane(stamp);
        }
        self.note_end(task);
    }

    /// The poll that was left has turned out to be one: remembers from where.
    pub(super) fn learn_place(&mut self) {
        if self.lanes.callers != 0 {
            self.lanes.polls.learn(self.lanes.callers);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn run<T: 'static>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
    }

    #[test]
    fn the_budget_is_full_when_a_poll_begins_and_there_is_none_outside() {
        assert_eq!(budget(), None);
        let (first, spent, after) = run(async {
            let first = budget();
            spend();
            let spent = budget();
            tokio::task::yield_now().await;
            (first, spent, budget())
        });
        assert_eq!((first, spent, after), (Some(FULL), Some(FULL - 1), Some(FULL)));
    }

    #[test]
    fn reading_the_budget_does_not_change_it_even_at_its_end() {
        let left = Cell::new(0);
        run(async {
            for _ in 0..FULL {
                left.set(budget().expect("within a poll"));
                spend();
            }
            assert_eq!((left.get(), budget(), budget()), (1, Some(0), Some(0)));
            spend();
        });
    }

    #[test]
    fn a_place_is_known_once_it_was_learned() {
        let mut places = Places::default();
        assert!(!places.knows(0) && !places.knows(7));
        places.learn(7);
        assert!(places.knows(7) && !places.knows(8), "another one with the same slot");
    }
}
