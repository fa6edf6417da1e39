//! Every variant of every scenario that goes well, at its defaults: only what is really so is told.

use async_playground::engine::Spec;
use async_playground::trace::FindingKind::{self, BlocksWorker, LockAcrossWait};
use scenarios::{CATALOGUE, Clock};

use super::trace;

/// What is told of a right way and is true: the scenario, words of its setting, and the kinds.
const TRUE: &[(&str, &str, &[FindingKind])] = &[
    // It computes for 200 ms in a task, as its lesson is about where to compute.
    ("workers", "", &[BlocksWorker]),
    // A chunk of work takes 200 ms, and yields only then.
    ("fairness", "", &[BlocksWorker]),
    // The lesson is about what is done under the lock.
    ("lock-contention", "lock=across-await", &[LockAcrossWait]),
    ("lost-update", "variant=lock", &[LockAcrossWait]),
    ("deadlock", "", &[LockAcrossWait]),
    ("rwlock", "", &[LockAcrossWait]),
    // Forks are held for as long as a philosopher eats, which is a sleep.
    ("philosophers", "", &[LockAcrossWait]),
    // The backup has the database to itself.
    ("futurelock", "", &[LockAcrossWait]),
    // One loads, and all others are meant to wait for that.
    ("cache", "variant=single-flight", &[LockAcrossWait]),
    ("cache", "variant=early-refresh", &[LockAcrossWait]),
];

#[test]
fn of_what_goes_well_only_what_is_so_is_told() {
    for scenario in CATALOGUE.iter().filter(|scenario| scenario.clocks.contains(&Clock::Virtual)) {
        for values in scenario.variants(Clock::Virtual) {
            if scenario.breaks_at(&values).is_some() {
                continue;
            }
            let setting: Vec<_> = values.iter().map(|(param, value)| format!("{}={value}", param.name)).collect();
            let is_told = |words: &str| words.is_empty() || setting.iter().any(|turned| turned == words);
            let known = TRUE.iter().filter(|(id, words, _)| *id == scenario.id && is_told(words));
            let known: Vec<FindingKind> = known.flat_map(|(.., kinds)| kinds.iter().copied()).collect();
            for seed in [0, 1, 7] {
                let spec = Spec { values: values.clone(), seed, clock: Clock::Virtual, ..Spec::new(scenario) };
                let list = trace(&spec).findings().list;
                let other = list.iter().find(|finding| !known.contains(&finding.kind));
                assert_eq!(other, None, "{} {setting:?}, seed {seed}", scenario.id);
            }
        }
    }
}
