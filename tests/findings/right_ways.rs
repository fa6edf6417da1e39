//! Every variant that goes well, at its defaults: its findings are true.

use engine::Spec;
use scenario::{Clock, Kind, Param, Scenario, Value, Values};
use scenarios::CATALOGUE;
use trace::FindingKind::{self, BlocksWorker, LockAcrossWait};

use super::{SEEDS, trace};

/// True findings of right ways: the scenario, words of its setting, and the kinds.
const TRUE: &[(&str, &str, &[FindingKind])] = &[
    // It computes for 200 ms in a task, since the lesson is about where to compute.
    ("workers", "", &[BlocksWorker]),
    // A chunk of work takes 200 ms and yields only then.
    ("fairness", "", &[BlocksWorker]),
    // The lesson is about work under the lock.
    ("lock-contention", "lock=across-await", &[LockAcrossWait]),
    ("lost-update", "variant=lock", &[LockAcrossWait]),
    ("deadlock", "", &[LockAcrossWait]),
    ("rwlock", "", &[LockAcrossWait]),
    // A philosopher holds the forks while eating, which is a sleep.
    ("philosophers", "", &[LockAcrossWait]),
    // The backup has the database to itself.
    ("futurelock", "", &[LockAcrossWait]),
    // Consumers that share a stream wait for the one that takes an item.
    ("stream", "consumers=20", &[LockAcrossWait]),
    // One task loads, and all others are meant to wait for it.
    ("cache", "variant=single-flight", &[LockAcrossWait]),
    ("cache", "variant=early-refresh", &[LockAcrossWait]),
    ("cache-key", "", &[LockAcrossWait]),
];

/// The findings allowed for a scenario with these values.
fn known(scenario: &Scenario, values: &Values) -> Vec<FindingKind> {
    let setting: Vec<_> = values.iter().map(|(param, value)| format!("{}={value}", param.name)).collect();
    let is_told = |words: &str| words.is_empty() || setting.iter().any(|turned| turned == words);
    let known = TRUE.iter().filter(|(id, words, _)| *id == scenario.id && is_told(words));
    known.flat_map(|(.., kinds)| kinds.iter().copied()).collect()
}

/// A run with these values has only allowed findings.
fn check(scenario: &'static Scenario, values: &Values, seed: u64) {
    let known = known(scenario, values);
    let spec = Spec { values: values.clone(), seed, clock: Clock::Virtual, ..Spec::new(scenario) };
    let list = trace(&spec).findings().list;
    let other = list.iter().find(|finding| !known.contains(&finding.kind));
    let setting: Vec<_> = values.iter().map(|(param, value)| format!("{}={value}", param.name)).collect();
    assert_eq!(other, None, "{} {setting:?}, seed {seed}", scenario.id);
}

/// Every variant that goes well.
fn right_ways() -> impl Iterator<Item = (&'static Scenario, Values)> {
    let virtual_time = CATALOGUE.iter().filter(|scenario| scenario.clocks.contains(&Clock::Virtual));
    let all =
        virtual_time.flat_map(|scenario| scenario.variants(Clock::Virtual).into_iter().map(move |values| (scenario, values)));
    all.filter(|(scenario, values)| scenario.breaks_at(values).is_none())
}

#[test]
fn of_what_goes_well_only_what_is_so_is_told() {
    for (scenario, values) in right_ways() {
        for seed in SEEDS {
            check(scenario, &values, seed);
        }
    }
}

/// Scenarios in which each task handles each item, or each worker its share: all counts together are only six times as many,
/// which is still 36 times the events.
const PRODUCTS: &[&str] = &["producer-consumer", "broadcast", "philosophers"];

/// Twenty times each parameter's default, as far as its range allows: one parameter at a time, and all together.
fn of_many(scenario: &Scenario, values: &Values) -> Vec<Values> {
    let larger = |param: &'static Param, times: u64| {
        let Kind::Number { default, max, unit, .. } = param.kind else { return None };
        let is_count = !["ms", "%", "calls/s", "s"].contains(&unit) && default > 0;
        is_count.then(|| (param, Value::Number(max.min(default * times))))
    };
    let counts = |times| scenario.params.iter().filter_map(|param| larger(param, times)).collect::<Vec<_>>();
    let with = |turned: &[(&Param, Value)]| {
        let mut values = values.clone();
        for (param, value) in turned {
            values.set(param, *value);
        }
        values
    };
    let one: Vec<_> = counts(20).iter().map(|count| with(std::slice::from_ref(count))).collect();
    let together = counts(if PRODUCTS.contains(&scenario.id) { 6 } else { 20 });
    let several = (together.len() > 1).then(|| with(&together));
    let mut all: Vec<_> = one.into_iter().chain(several).collect();
    all.retain(|values| (scenario.refuse)(values, Clock::Virtual).is_ok() && scenario.breaks_at(values).is_none());
    all
}

#[test]
fn of_twenty_times_as_many_only_what_is_so_is_told() {
    for (scenario, values) in right_ways() {
        for values in of_many(scenario, &values) {
            check(scenario, &values, 0);
        }
    }
}

#[test]
fn of_twenty_thousand_requests_nothing_is_told() {
    let scenario = scenarios::find("semaphore").expect("it is in the catalogue");
    let mut values = Values::defaults(scenario.params);
    for (name, text) in [("requests", "20000"), ("permits", "1000"), ("latency", "10")] {
        let param = scenario.param(name).expect("it has that parameter");
        values.set(param, param.parse(text).expect("it is in range"));
    }
    check(scenario, &values, 0);
}
