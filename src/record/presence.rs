//! What a thread is at, for others to see without asking it.
//!
//! Most polls are written down when they are over, in one entry. One that lasts
//! is to be on screen while it lasts, a task that blocks its worker above all.
//! So a thread says here what it polls, in two plain stores, and the reader
//! looks when it comes by. It is a seqlock (H.-J. Boehm, "Can seqlocks get along
//! with programming language memory models?", 2012): the writer never waits.

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};

use super::event::TaskId;

/// A poll that has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Poll {
    pub(super) task: TaskId,
    /// The stamp of its beginning.
    pub(super) began: u64,
    /// Which of the thread's polls it is; it wraps.
    pub(super) number: u32,
}

/// See the module. A cache line of its own: the reader's looking must not slow down what lies beside it.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Presence {
    /// The number of the poll under way, doubled, and one more; even while there is none.
    turn: AtomicU64,
    task: AtomicU64,
    began: AtomicU64,
    /// Whether it sleeps: whatever it writes next is later than now.
    parked: AtomicBool,
}

impl Presence {
    /// A poll begins. Called by the thread itself.
    pub(super) fn begin(&self, poll: Poll) {
        // After the end of the last poll, and before what follows.
        fence(Ordering::Release);
        self.task.store(poll.task.0.get(), Ordering::Relaxed);
        self.began.store(poll.began, Ordering::Relaxed);
        self.turn.store(u64::from(poll.number) * 2 + 1, Ordering::Release);
    }

    /// The poll has ended, and all that was to be written of it is. Called by the thread itself.
    pub(super) fn end(&self) {
        let turn = self.turn.load(Ordering::Relaxed);
        self.turn.store(turn & !1, Ordering::Release);
    }

    pub(super) fn park(&self) {
        self.parked.store(true, Ordering::Release);
    }

    pub(super) fn unpark(&self) {
        self.parked.store(false, Ordering::Release);
    }

    pub(super) fn parked(&self) -> bool {
        self.parked.load(Ordering::Acquire)
    }

    /// The poll under way, if there is one and it neither began nor ended while it was read. Whatever the thread has
    /// written before that poll can then be read.
    pub(super) fn poll(&self) -> Option<Poll> {
        let turn = self.turn.load(Ordering::Acquire);
        let task = NonZeroU64::new(self.task.load(Ordering::Relaxed)).map(TaskId)?;
        let began = self.began.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        let stays = turn & 1 == 1 && self.turn.load(Ordering::Relaxed) == turn;
        stays.then_some(Poll { task, began, number: (turn / 2) as u32 })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    use std::thread;

    use super::*;

    fn poll(number: u32) -> Poll {
        let n = u64::from(number) + 1;
        Poll { task: TaskId(NonZeroU64::new(n).unwrap()), began: n * 3, number }
    }

    #[test]
    fn a_poll_is_seen_while_it_lasts() {
        let presence = Presence::default();
        assert_eq!(presence.poll(), None);
        presence.begin(poll(7));
        assert_eq!(presence.poll(), Some(poll(7)));
        presence.end();
        assert_eq!(presence.poll(), None);
    }

    #[test]
    fn no_poll_is_seen_that_never_was() {
        let (presence, over) = (Arc::new(Presence::default()), Arc::new(AtomicBool::new(false)));
        let (theirs, until) = (presence.clone(), over.clone());
        let writer = thread::spawn(move || {
            let mut number = 0_u32;
            while !until.load(Ordering::Relaxed) {
                theirs.begin(poll(number));
                theirs.end();
                number = number.wrapping_add(1);
            }
        });
        let mut seen = 0;
        let mut newest = 0;
        while seen < 10_000 {
            if let Some(found) = presence.poll() {
                assert_eq!(found, poll(found.number), "parts of two polls");
                assert!(found.number >= newest);
                newest = found.number;
                seen += 1;
            }
        }
        over.store(true, Ordering::Relaxed);
        writer.join().unwrap();
    }
}
