//! Tests of durations on the wall clock.
//!
//! A busy machine delays correct programs too: a third of a second was
//! measured. So a test of a duration is repeated when it fails. A wrong program
//! fails every time. Do not use this for faults that occur by chance.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// How many attempts a test has.
const TIMES: usize = 5;

/// Repeats `attempt` until it does not panic. The last attempt may panic.
pub(crate) fn in_a_calm_moment<T>(mut attempt: impl FnMut() -> T) -> T {
    for _ in 1..TIMES {
        if let Ok(done) = catch_unwind(AssertUnwindSafe(&mut attempt)) {
            return done;
        }
    }
    attempt()
}
