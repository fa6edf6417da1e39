//! Claims about times on the wall clock.
//!
//! A machine that has something else to do makes anything late, however right
//! it is: a third of a second was seen. So such a claim is tried again when it
//! does not hold. A program that is wrong is wrong every time; what may go
//! wrong now and then by chance must not be tried in this way.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// How often something is tried.
const TIMES: usize = 5;

/// Tries until it does not panic, and panics as it does the last time.
pub(crate) fn in_a_calm_moment<T>(mut attempt: impl FnMut() -> T) -> T {
    for _ in 1..TIMES {
        if let Ok(done) = catch_unwind(AssertUnwindSafe(&mut attempt)) {
            return done;
        }
    }
    attempt()
}
