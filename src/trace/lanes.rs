//! What has a lane and is no task of the runtime: local tasks, blocking closures, roots of `block_on`.
//!
//! They are tasks in all that is drawn: they are polled, wait, wake and end. They
//! are not counted where the runtime's tasks are ([`Totals`](super::Totals), the
//! census, the polls and how long they took), since Tokio does not count them
//! either; and they are no part of the trace hash, since a thread of the pool is
//! never as fast as it was the last time.

use super::Trace;
use super::task::TaskIx;
pub use crate::record::event::LaneOf;

/// How many lanes there are of each kind.
#[derive(Debug, Default)]
pub(super) struct Lanes([u32; 4]);

impl Lanes {
    /// The number of the next of that kind.
    pub(super) fn next(&mut self, of: LaneOf) -> u32 {
        let count = &mut self.0[of as usize];
        *count += 1;
        *count - 1
    }
}

/// What one without a name is called, before its number.
pub(super) fn word(of: LaneOf) -> &'static str {
    match of {
        LaneOf::Task => "task",
        LaneOf::Local => "local",
        LaneOf::Blocking => "blocking",
        LaneOf::Root => "block_on",
    }
}

impl Trace {
    /// The number of a task among those of the runtime; none for any other lane.
    pub(super) fn number(&self, task: TaskIx) -> Option<u32> {
        self.life(task).number
    }

    /// How many lanes there are of a kind.
    pub fn lanes_of(&self, of: LaneOf) -> u32 {
        self.lanes.0[of as usize]
    }

    /// What a thread is called. A thread of the pool has a number of its own: the runtime numbers all its threads alike.
    pub fn thread_name(&self, thread: u16) -> String {
        match self.pool.binary_search(&thread) {
            Ok(place) => format!("blocking thread {place}"),
            Err(_) => self.threads.get(usize::from(thread)).cloned().unwrap_or_else(|| format!("thread {thread}")),
        }
    }
}
