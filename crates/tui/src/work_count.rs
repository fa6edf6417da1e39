//! A step counter for tests that the work on a text is bounded by its length.
//!
//! A test that measures seconds fails on a busy machine and passes on a fast one. So code that reads text counts its steps
//! here: a character, a comparison.

use std::cell::Cell;

thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// Counts steps.
pub fn count(steps: usize) {
    STEPS.set(STEPS.get() + steps as u64);
}

/// Runs `work` and returns how many steps this thread took in it.
pub fn of(work: impl FnOnce()) -> u64 {
    let before = STEPS.get();
    work();
    STEPS.get() - before
}
