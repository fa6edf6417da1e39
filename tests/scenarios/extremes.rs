//! The ends of every range: the smallest and the largest value of each parameter, one at a time.
//!
//! Such a run ends, or is stopped at the limit like any other, and loses nothing. With more than twenty thousand of something
//! it takes long in a debug build, so it runs only on request: `just extremes`.

use engine::{Ending, Spec};
use scenario::{Clock, Kind, Param, Scenario, Value, Values};

use super::watched::watch;
use super::{broken, holds_or_breaks_as_declared, may_stall, on, typed};

/// More than this counts as many, except for times: virtual time costs nothing.
const MANY: u64 = 20_000;

#[test]
fn the_smallest_and_the_largest_of_every_parameter_end_or_are_stopped() {
    for (scenario, values) in ends(|size| size <= MANY) {
        assert_ends_or_is_stopped(scenario, values);
    }
}

#[test]
#[ignore = "a million tasks take long in a debug build: `just extremes`"]
fn a_million_of_something_ends_or_is_stopped_too() {
    for (scenario, values) in ends(|size| size > MANY) {
        let (what, started) = (typed(&values), std::time::Instant::now());
        assert_ends_or_is_stopped(scenario, values);
        println!("{} {what:?}: {:?}", scenario.id, started.elapsed());
    }
}

fn assert_ends_or_is_stopped(scenario: &'static Scenario, values: Values) {
    let spec = Spec { values, clock: Clock::Virtual, ..Spec::new(scenario) };
    let what = format!("{} {:?}", scenario.id, typed(&spec.values));
    match watch(&spec) {
        Ending::Finished(outcome) => {
            assert!(holds_or_breaks_as_declared(scenario, &spec.values, &outcome), "{what}: {:?}", broken(&outcome));
        }
        Ending::Limit => {}
        Ending::Stalled => assert!(may_stall(scenario, &spec.values), "{what} stalled"),
        ending => panic!("{what}: {ending:?}"),
    }
}

/// Each scenario with one parameter at an end of its range, if the scenario accepts it and the end is of such a size.
fn ends(of_size: fn(u64) -> bool) -> Vec<(&'static Scenario, Values)> {
    let mut all = Vec::new();
    for scenario in on(Clock::Virtual) {
        for param in scenario.params {
            let Kind::Number { min, max, .. } = param.kind else { continue };
            for end in [min, max].into_iter().filter(|end| of_size(size(param, *end))) {
                let mut values = Values::defaults(scenario.params);
                values.set(param, Value::Number(end));
                if (scenario.refuse)(&values, Clock::Virtual).is_ok() {
                    all.push((scenario, values));
                }
            }
        }
    }
    all
}

/// The number of things that a value means.
fn size(param: &Param, value: u64) -> u64 {
    match param.kind {
        Kind::Number { unit: "ms", .. } => 0,
        _ => value,
    }
}
