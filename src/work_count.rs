//! A clock of steps, for tests that a text takes no more work than its length allows.
//!
//! A test with a clock of seconds fails on a busy machine and passes on a fast one. What looks at text counts its steps
//! here: a character, a comparison.

use std::cell::Cell;

thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// So many steps were taken.
pub(crate) fn count(steps: usize) {
    STEPS.set(STEPS.get() + steps as u64);
}

/// The steps that this thread takes meanwhile.
pub(crate) fn of(work: impl FnOnce()) -> u64 {
    let before = STEPS.get();
    work();
    STEPS.get() - before
}
