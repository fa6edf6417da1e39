//! In which order the threads of a virtual run wrote what has one time.
//!
//! Virtual time stands still while a thread of the blocking pool, or one of the
//! program's own, is at work. What such a thread does, and what the runtime's
//! thread does before and after it, all have one time. So whenever such a thread
//! writes something, a *turn* begins. The runtime's thread looks at the turn
//! before it writes, and writes down when that has changed; so it has the turn of
//! what it reacts to. On the real clock the time says it all, and there are no turns.

use std::sync::atomic::{AtomicU64, Ordering};

/// Whether a turn is that of something that is not the runtime's.
pub(super) fn is_of_another(turn: u64) -> bool {
    turn != 0 && turn.is_multiple_of(2)
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Odd: an even number is that of something that a thread outside the runtime wrote. 0 as long as there are no turns.
    now: AtomicU64,
}

impl Turns {
    /// From now on there are turns.
    pub(super) fn begin(&self) {
        self.now.fetch_max(1, Ordering::AcqRel);
    }

    /// The turn of what the runtime's thread writes now.
    pub(super) fn now(&self) -> u64 {
        self.now.load(Ordering::Acquire)
    }

    /// The turn of what another thread writes now: after all that had the turn before, and before all that have the next.
    pub(super) fn next(&self) -> u64 {
        if self.now() == 0 { 0 } else { self.now.fetch_add(2, Ordering::AcqRel) + 1 }
    }
}
