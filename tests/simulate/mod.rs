//! A scenario by itself: on a plain paused runtime, without the engine.
//!
//! This tests the scenario's own code and nothing that observes it.

use std::time::Duration;

use scenario::{Clock, Context, Outcome, Scenario, Values};
use tokio::runtime::{Builder, RngSeed};
use tokio::time::{Instant, sleep};

/// How a run on virtual time ended.
#[derive(Debug, PartialEq)]
pub(crate) enum Ended {
    /// It returned this outcome after that much virtual time.
    Finished(Outcome, Duration),
    /// Nothing could ever run again.
    Stalled,
}

/// The defaults of a scenario, except for the parameters given as text.
pub(crate) fn values(scenario: &Scenario, turned: &[(&str, &str)]) -> Values {
    let mut values = Values::defaults(scenario.params);
    for (name, text) in turned {
        let param = scenario.param(name).unwrap_or_else(|| panic!("{} has no parameter {name}", scenario.id));
        values.set(param, param.parse(text).unwrap_or_else(|error| panic!("{}: {error}", scenario.id)));
    }
    values
}

/// Runs a scenario on virtual time, as a spawned task.
pub(crate) fn simulate(scenario: &Scenario, values: Values, seed: u64) -> Ended {
    let rng_seed = RngSeed::from_bytes(&seed.to_le_bytes());
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).rng_seed(rng_seed).build().expect("a runtime");
    let running = (scenario.run)(Context::new(values, seed, Clock::Virtual));
    runtime.block_on(async {
        let started = Instant::now();
        let main = tokio::spawn(running);
        tokio::select! {
            biased;
            outcome = main => {
                let outcome = outcome.expect("the scenario does not panic").expect("the scenario does not fail");
                Ended::Finished(outcome, started.elapsed())
            }
            // Time jumps this far only if no other timer is left.
            () = sleep(Duration::from_secs(365 * 24 * 3600)) => Ended::Stalled,
        }
    })
}
