//! The scenarios: what they declare, every variant on both clocks, the ends of every range, and what the lessons claim.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails with the test")]

mod basics;
#[path = "../../scenarios/calm.rs"]
mod calm;
mod coverage;
mod declared;
mod extremes;
mod queues;
mod sharing;
#[path = "../simulate/mod.rs"]
mod simulate;
mod watched;
mod ways;

use std::time::Duration;

use scenarios::{CATALOGUE, Clock, How, Outcome, Scenario, Values, find};
use simulate::{Ended, simulate, values};

/// Scenarios that keep a processor busy: how long they take depends on how many workers there are.
const COMPUTE: &[&str] = &["blocking", "timeout", "workers"];

fn scenario(id: &str) -> &'static Scenario {
    find(id).unwrap_or_else(|| panic!("there is no scenario {id}"))
}

/// The scenarios that have this clock.
fn on(clock: Clock) -> impl Iterator<Item = &'static Scenario> {
    CATALOGUE.iter().filter(move |scenario| scenario.clocks.contains(&clock))
}

/// What came out of a run on virtual time, and how long it took.
fn finish(id: &str, turned: &[(&str, &str)], seed: u64) -> (Outcome, Duration) {
    let scenario = scenario(id);
    match simulate(scenario, values(scenario, turned), seed) {
        Ended::Finished(outcome, elapsed) => (outcome, elapsed),
        Ended::Stalled => panic!("{id} {turned:?} stalled"),
    }
}

/// The same, where no check may break.
fn finish_well(id: &str, turned: &[(&str, &str)], seed: u64) -> Outcome {
    let (outcome, _) = finish(id, turned, seed);
    assert_eq!(broken(&outcome), [""; 0], "{id} {turned:?}, seed {seed}: {outcome:?}");
    outcome
}

/// The names of the checks that did not hold.
fn broken(outcome: &Outcome) -> Vec<&str> {
    outcome.checks.iter().filter(|check| !check.holds).map(|check| check.name.as_str()).collect()
}

/// Whether these parameters may end in a stall.
fn may_stall(scenario: &Scenario, values: &Values) -> bool {
    scenario.breaks.iter().any(|breaks| breaks.how == How::Stalls && breaks.may_be_at(values))
}

/// Whether every check holds, but for those that these parameters may break.
fn holds_or_breaks_as_declared(scenario: &Scenario, values: &Values, outcome: &Outcome) -> bool {
    let may_break = |check: &&str| {
        let mut breaks = scenario.breaks.iter().filter(|breaks| breaks.may_be_at(values));
        breaks.any(|breaks| matches!(breaks.how, How::Checks(checks) if checks.contains(check)))
    };
    broken(outcome).iter().all(may_break)
}

/// The parameters with their values, as they are typed.
fn typed(values: &Values) -> Vec<String> {
    values.iter().map(|(param, value)| format!("{}={value}", param.name)).collect()
}

/// The scenarios that end on this clock with their defaults: not the ones that are about a stall.
fn ending(clock: Clock) -> impl Iterator<Item = (&'static Scenario, Values)> {
    let with_defaults = on(clock).map(|scenario| (scenario, Values::defaults(scenario.params)));
    with_defaults.filter(|(scenario, values)| !may_stall(scenario, values))
}
