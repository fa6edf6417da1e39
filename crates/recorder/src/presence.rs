//! Publishes the poll that a thread is in.
//!
//! Most polls are recorded at their end, in one entry. But a long poll must be on
//! screen while it lasts, above all if it blocks its worker. So a thread publishes its
//! current poll here in a few plain stores, and the reader checks it at each drain.
//! This is a seqlock (H.-J. Boehm, "Can seqlocks get along with programming language
//! memory models?", 2012): the writer never waits.

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};

use super::event::TaskId;

/// A poll that has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Poll {
    pub(super) task: TaskId,
    /// The stamp of its start.
    pub(super) began: u64,
    /// The number of the poll on its thread; it wraps.
    pub(super) number: u32,
}

/// See the module. It has its own cache line, so that the reader's loads do not slow down neighbouring data.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Presence {
    /// Twice the number of the poll, plus one while the poll is in progress.
    turn: AtomicU64,
    task: AtomicU64,
    began: AtomicU64,
    /// The stamp at which the thread left the task, if it did: the poll is over unless the thread returns to drop the task.
    left: AtomicU64,
    /// Whether the thread sleeps, so that its next event is later than now.
    parked: AtomicBool,
}

impl Presence {
    /// Publishes a poll that begins. Called by the thread itself.
    pub(super) fn begin(&self, poll: Poll) {
        // Order this after the end of the last poll, and before the stores below.
        fence(Ordering::Release);
        self.task.store(poll.task.0.get(), Ordering::Relaxed);
        self.began.store(poll.began, Ordering::Relaxed);
        self.left.store(0, Ordering::Relaxed);
        self.turn.store(u64::from(poll.number) * 2 + 1, Ordering::Release);
    }

    /// Ends the poll, after all its events were written. Called by the thread itself.
    pub(super) fn end(&self) {
        let turn = self.turn.load(Ordering::Relaxed);
        self.turn.store(turn & !1, Ordering::Release);
    }

    /// Publishes that the thread left the task. Called by the thread itself, as is [`Presence::stay`].
    pub(super) fn leave(&self, stamp: u64) {
        self.left.store(stamp, Ordering::Relaxed);
    }

    /// The thread has returned to the task.
    pub(super) fn stay(&self) {
        self.left.store(0, Ordering::Relaxed);
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

    /// The poll in progress, unless it began or ended during this read, and when its task was left, if it was. Everything that
    /// the thread wrote before that poll is then visible.
    pub(super) fn poll(&self) -> Option<(Poll, Option<u64>)> {
        let turn = self.turn.load(Ordering::Acquire);
        let task = NonZeroU64::new(self.task.load(Ordering::Relaxed)).map(TaskId)?;
        let began = self.began.load(Ordering::Relaxed);
        let left = self.left.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        let stays = turn & 1 == 1 && self.turn.load(Ordering::Relaxed) == turn;
        stays.then_some((Poll { task, began, number: (turn / 2) as u32 }, Some(left).filter(|left| *left != 0)))
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
        assert_eq!(presence.poll(), Some((poll(7), None)));
        presence.leave(30);
        assert_eq!(presence.poll(), Some((poll(7), Some(30))));
        presence.stay();
        assert_eq!(presence.poll(), Some((poll(7), None)));
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
            if let Some((found, _)) = presence.poll() {
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
