//! The scenarios: their declarations, every variant on both clocks, the ends of every range, and the claims of the lessons.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails with the test")]

mod basics;
mod coverage;
mod declared;
mod extremes;
mod queues;
mod scheduled;
mod sequence;
mod sharing;
#[path = "../simulate/mod.rs"]
pub(crate) mod simulate;
mod watched;
mod ways;

use std::time::Duration;

use scenario::{Breaks, Clock, How, Outcome, Scenario, Values};
use scenarios::{CATALOGUE, find};
use simulate::{Ended, simulate, values};

/// Scenarios that keep a processor busy: their duration depends on the number of workers.
const COMPUTE: &[&str] = &["blocking", "timeout", "workers"];

fn scenario(id: &str) -> &'static Scenario {
    find(id).unwrap_or_else(|| panic!("there is no scenario {id}"))
}

/// The scenarios with this clock.
fn on(clock: Clock) -> impl Iterator<Item = &'static Scenario> {
    CATALOGUE.iter().filter(move |scenario| scenario.clocks.contains(&clock))
}

/// The outcome of a run on virtual time, and its duration.
fn finish(id: &str, turned: &[(&str, &str)], seed: u64) -> (Outcome, Duration) {
    let scenario = scenario(id);
    match simulate(scenario, values(scenario, turned), seed) {
        Ended::Finished(outcome, elapsed) => (outcome, elapsed),
        Ended::Stalled => panic!("{id} {turned:?} stalled"),
    }
}

/// The outcome and the duration of a run in which no check may fail.
fn finish_well(id: &str, turned: &[(&str, &str)], seed: u64) -> Outcome {
    let (outcome, _) = finish(id, turned, seed);
    assert_eq!(broken(&outcome), [""; 0], "{id} {turned:?}, seed {seed}: {outcome:?}");
    outcome
}

/// The names of the failed checks.
fn broken(outcome: &Outcome) -> Vec<&str> {
    outcome.checks.iter().filter(|check| !check.holds).map(|check| check.name.as_str()).collect()
}

/// The declarations that need no schedule.
fn in_tokios_order(scenario: &Scenario) -> impl Iterator<Item = &'static Breaks> {
    scenario.breaks.iter().filter(|breaks| breaks.schedule.is_none())
}

/// True if these parameters may end in a stall.
fn may_stall(scenario: &Scenario, values: &Values) -> bool {
    in_tokios_order(scenario).any(|breaks| breaks.how == How::Stalls && breaks.may_be_at(values))
}

/// True if every check holds, except the ones that these parameters may break.
fn holds_or_breaks_as_declared(scenario: &Scenario, values: &Values, outcome: &Outcome) -> bool {
    let may_break = |check: &&str| {
        let mut breaks = in_tokios_order(scenario).filter(|breaks| breaks.may_be_at(values));
        breaks.any(|breaks| matches!(breaks.how, How::Checks(checks) if checks.contains(check)))
    };
    broken(outcome).iter().all(may_break)
}

/// The parameters with their values, as typed.
fn typed(values: &Values) -> Vec<String> {
    values.iter().map(|(param, value)| format!("{}={value}", param.name)).collect()
}

/// The scenarios that end at their defaults on this clock, and do not stall.
fn ending(clock: Clock) -> impl Iterator<Item = (&'static Scenario, Values)> {
    let with_defaults = on(clock).map(|scenario| (scenario, Values::defaults(scenario.params)));
    with_defaults.filter(|(scenario, values)| !may_stall(scenario, values))
}
