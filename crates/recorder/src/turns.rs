//! Orders the events of several threads at the same virtual time.
//!
//! Virtual time does not advance while a thread of the blocking pool, or one of the
//! program's own, is working. So the events of such a thread, and the events of
//! the runtime's thread before and after them, all have the same time. Therefore each
//! event of such a thread begins a new *turn*. The runtime's thread checks the turn
//! before it writes, and records each change, so that its events have the turn of
//! what they react to. On the real clock the time is sufficient, and there are no turns.

use std::sync::atomic::{AtomicU64, Ordering};

/// Whether a turn belongs to an event of a thread outside the runtime.
pub(super) fn is_of_another(turn: u64) -> bool {
    turn != 0 && turn.is_multiple_of(2)
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// The current turn, which is odd; even turns belong to events of threads outside the runtime. 0 if there are no turns.
    now: AtomicU64,
}

impl Turns {
    /// Starts counting turns.
    pub(super) fn begin(&self) {
        self.now.fetch_max(1, Ordering::AcqRel);
    }

    /// The turn of an event that the runtime's thread writes now.
    pub(super) fn now(&self) -> u64 {
        self.now.load(Ordering::Acquire)
    }

    /// The turn of an event that another thread writes now: after all events of the last turn, and before all of the next.
    pub(super) fn next(&self) -> u64 {
        if self.now() == 0 { 0 } else { self.now.fetch_add(2, Ordering::AcqRel) + 1 }
    }
}
