//! What a thread writes into its ring.
//!
//! The reader turns entries into events. An entry is smaller than the events that it stands for, because a program waits while it
//! is written.

use super::event::{TaskId, What};
use super::presence::Poll;

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
