//! For the tests of scenarios: a context, and durations on the wall clock.
//!
//! A busy machine delays correct programs too: a third of a second was
//! measured. So a test of a duration is repeated when it fails. A wrong program
//! fails every time. Do not use this for faults that occur by chance.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{Clock, Context, Param, Result, Scenario, Values};

/// How many attempts a test has.
const TIMES: usize = 5;

/// Repeats `attempt` until it does not panic. The last attempt may panic.
pub fn in_a_calm_moment<T>(mut attempt: impl FnMut() -> T) -> T {
    for _ in 1..TIMES {
        if let Ok(done) = catch_unwind(AssertUnwindSafe(&mut attempt)) {
            return done;
        }
    }
    attempt()
}

/// Runs a test on the real clock. A busy machine may delay it, so it is tried again if it fails.
pub fn really(test: impl AsyncFn() -> Result<()>) {
    in_a_calm_moment(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(test()).expect("it goes well");
    });
}

impl Context {
    /// A context for tests: the scenario's defaults, except for `turned`; seed 0, virtual clock.
    pub fn of(scenario: &Scenario, turned: &[(Param, &str)]) -> Self {
        let mut values = Values::defaults(scenario.params);
        for (param, text) in turned {
            values.set(param, param.parse(text).expect("a value in range"));
        }
        Self::new(values, 0, Clock::Virtual)
    }

    /// A context like that of [`Context::of`], on the real clock.
    pub fn real(scenario: &Scenario, turned: &[(Param, &str)]) -> Self {
        Self { clock: Clock::Real, ..Self::of(scenario, turned) }
    }
}
