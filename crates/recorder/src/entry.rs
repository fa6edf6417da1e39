//! What a thread writes into its ring, and how.
//!
//! The reader turns entries into events. An entry is smaller than the events that it stands for, because a program waits while it
//! is written. It is made in its place in the ring: a copy would have to wait until what is copied has reached the cache, which
//! takes longer than everything else.
#![expect(unsafe_code, reason = "only unsafe code can make an entry in its place in the ring")]

use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use rtrb::PushError;

use super::event::{LastPoll, TaskId, What};
use super::local::{Local, Role};
use super::presence::Poll;
use super::recorder::OnFull;

/// An entry of a ring, with its stamp.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) stamp: u64,
    pub(super) entry: Entry,
}

/// A fact as a thread writes it. Most polls contain no other event, so one entry covers both start and end, which halves the
/// writing.
#[derive(Debug)]
pub(super) enum Entry {
    /// A poll has ended, in which nothing else was written.
    Polled(Poll),
    /// The task's last poll has ended, in which it returned and nothing else was written.
    Finished(Poll),
    /// A task was spawned.
    Spawned {
        task: TaskId,
        parent: Option<TaskId>,
        /// The number of its [line](super::lines).
        line: u32,
        /// The size of its future; 0 if unknown, or written before with its name.
        bytes: u32,
    },
    /// A poll has begun, and another entry in it follows. The stamp is that of the start.
    Began(Poll),
    /// The following entries belong to this [turn](super::turns).
    Turn(u64),
    /// Anything else.
    What(What),
}

const _: () = assert!(size_of::<Written>() == 40, "written at every poll and every wait");

impl Entry {
    /// How many events it represents.
    pub(super) fn events(&self) -> u64 {
        match self {
            Entry::Finished(_) => 3,
            Entry::Polled(_) => 2,
            Entry::Spawned { bytes, .. } => 1 + u64::from(*bytes > 0),
            Entry::Began(_) | Entry::What(_) => 1,
            Entry::Turn(_) => 0,
        }
    }
}

#[expect(clippy::inline_always, reason = "otherwise the entry is not made in its place")]
impl Local {
    /// Writes one event, stamped now.
    #[inline(always)]
    pub(super) fn push(&mut self, what: What) {
        self.push_entry(Entry::What(what));
    }

    /// Writes one event that is part of the last one, which was written just now, so it has the same stamp.
    #[inline(always)]
    pub(super) fn push_at_once(&mut self, what: What) {
        if !self.shared.closed() {
            self.put(self.last_stamp, Entry::What(what));
        }
    }

    #[inline(always)]
    fn push_entry(&mut self, entry: Entry) {
        if self.shared.closed() {
            return;
        }
        self.settle();
        self.write_beginning();
        let stamp = self.shared.stamp();
        self.write(stamp, entry);
    }

    /// Writes the start of the current poll, unless an entry has been written for it.
    pub(super) fn write_beginning(&mut self) {
        if let Some(poll) = self.unwritten.take() {
            // Its turn was written when it began.
            self.put(poll.began, Entry::Began(poll));
            if std::mem::take(&mut self.finished) {
                let stamp = self.shared.stamp();
                self.write(stamp, Entry::What(What::Terminate { task: poll.task, last: LastPoll::Polled }));
            }
        }
    }

    /// Writes a spawn by the current task.
    pub(super) fn spawned(&mut self, task: TaskId, line: u32, bytes: u32) {
        let parent = self.task();
        self.push_entry(Entry::Spawned { task, parent, line, bytes });
    }

    /// Writes the end of a task, which nearly always returns in a poll without any other event: then one entry covers all.
    /// Returns the stamp.
    pub(super) fn ends(&mut self, task: TaskId, last: LastPoll) -> u64 {
        if last == LastPoll::Polled && self.unwritten.is_some_and(|poll| poll.task == task) && !self.shared.closed() {
            self.finished = true;
            self.shared.stamp()
        } else {
            self.push(What::Terminate { task, last });
            self.last_stamp
        }
    }

    #[inline(always)]
    pub(super) fn write(&mut self, stamp: u64, entry: Entry) {
        self.take_turn(stamp);
        self.put(stamp, entry);
    }

    /// Writes the turn if it has changed.
    pub(super) fn take_turn(&mut self, stamp: u64) {
        let turn = if self.role == Role::Pool { self.shared.turns.next() } else { self.shared.turns.now() };
        if turn != self.turn {
            self.turn = turn;
            self.put(stamp, Entry::Turn(turn));
        }
    }

    #[inline(always)]
    fn put(&mut self, stamp: u64, entry: Entry) {
        self.last_stamp = stamp;
        match self.ring.write_chunk_uninit(1) {
            Ok(mut chunk) => {
                chunk.as_mut_slices().0[0].write(Written { stamp, entry });
                // SAFETY: the chunk has one slot, which was just written.
                unsafe { chunk.commit_all() }
            }
            Err(_) => self.write_when_full(Written { stamp, entry }),
        }
        self.written = self.written.wrapping_add(1);
        if self.written & self.notify_mask == 0 {
            self.shared.notify();
        }
    }

    #[cold]
    fn write_when_full(&mut self, mut written: Written) {
        if self.shared.on_full == OnFull::Drop {
            self.shared.lost.fetch_add(written.entry.events(), Ordering::Relaxed);
            return;
        }
        while !self.ring.is_abandoned() && !self.shared.closed() {
            self.shared.notify();
            thread::park_timeout(Duration::from_micros(50));
            match self.ring.push(written) {
                Ok(()) => return,
                Err(PushError::Full(back)) => written = back,
            }
        }
    }
}
