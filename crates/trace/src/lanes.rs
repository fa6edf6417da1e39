//! Lanes that are not tasks of the runtime: local tasks, blocking closures and `block_on` roots.
//!
//! They are drawn like tasks: they are polled, wait, wake and end. They are left
//! out where the runtime's tasks are counted ([`Totals`](super::Totals), the
//! census, the polls and their durations), because Tokio does not count them
//! either. They are also left out of the trace hash, because the timing of a pool
//! thread differs from run to run.

use super::Trace;
use super::task::TaskIx;
pub use facts::event::LaneOf;

/// The number of lanes of each kind.
#[derive(Debug, Default)]
pub(super) struct Lanes([u32; 4]);

impl Lanes {
    /// Returns the number of the next lane of a kind.
    pub(super) fn next(&mut self, of: LaneOf) -> u32 {
        let count = &mut self.0[of as usize];
        *count += 1;
        *count - 1
    }
}

impl Trace {
    /// The number of a task among the runtime's tasks; `None` for any other lane.
    pub(super) fn number(&self, task: TaskIx) -> Option<u32> {
        self.life(task).number
    }

    /// The number of lanes of a kind.
    pub fn lanes_of(&self, of: LaneOf) -> u32 {
        self.lanes.0[of as usize]
    }

    /// Whether a thread belongs to the pool for blocking work.
    pub fn is_pool_thread(&self, thread: u16) -> bool {
        self.pool.binary_search(&thread).is_ok()
    }

    /// The name of a thread. Pool threads get their own numbers, because the runtime numbers all its threads in one sequence.
    pub fn thread_name(&self, thread: u16) -> String {
        match self.pool.binary_search(&thread) {
            Ok(place) => format!("blocking thread {place}"),
            Err(_) => self.threads.get(usize::from(thread)).cloned().unwrap_or_else(|| format!("thread {thread}")),
        }
    }
}
