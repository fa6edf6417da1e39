//! Every variant on both clocks: what is declared to go wrong does, and nothing else.

use std::thread;
use std::time::{Duration, Instant};

use scenario::Measure;
use scenario::{Breaks, Clock, Context, How, Kind, Scenario, Value, Values};

use super::simulate::{Ended, simulate, values};
use super::watched::watch;
use super::{COMPUTE, broken, ending, finish, holds_or_breaks_as_declared, may_stall, on, typed};
use engine::{Ending, Spec};
use scenario::testing::in_a_calm_moment;

/// Runs with this spec end well, or in the one way declared for it.
pub(super) fn assert_ends_as_declared(spec: &Spec, breaks: Option<&Breaks>) {
    let what = format!("{} {:?} seed {} on the {} clock", spec.scenario.id, typed(&spec.values), spec.seed, spec.clock.name());
    let ending = watch(spec);
    match (breaks.map(|breaks| breaks.how), &ending) {
        (None, Ending::Finished(outcome)) => assert_eq!(broken(outcome), [""; 0], "{what}"),
        (Some(How::Checks(checks)), Ending::Finished(outcome)) => assert_eq!(broken(outcome), checks, "{what}"),
        (Some(How::Stalls), Ending::Stalled) => {}
        _ => panic!("{what}: {ending:?}, but declared is {breaks:?}"),
    }
}

/// As the program runs it, on the virtual clock: three seeds of every variant, with the numbers at their defaults.
#[test]
fn every_variant_goes_well_or_breaks_where_it_is_declared_with_three_seeds() {
    for scenario in on(Clock::Virtual) {
        for values in scenario.variants(Clock::Virtual) {
            // If it depends on the seed, a test below covers it; if it takes a schedule, it goes well here.
            let breaks = scenario.breaks_at(&values).filter(|breaks| breaks.schedule.is_none());
            for seed in [0, 1, 7].into_iter().filter(|_| breaks.is_none_or(|breaks| breaks.seed.is_none())) {
                assert_ends_as_declared(&Spec { values: values.clone(), seed, ..virtually(scenario) }, breaks);
            }
        }
    }
}

/// The declarations that also set numbers, and the ones that name a seed. Schedules have a module of their own. Variants that virtual time refuses have a test below.
#[test]
fn every_setting_that_is_declared_to_break_does() {
    for scenario in on(Clock::Virtual) {
        let accepted = |breaks: &&Breaks| {
            breaks.schedule.is_none() && (scenario.refuse)(&values(scenario, breaks.setting), Clock::Virtual).is_ok()
        };
        for breaks in scenario.breaks.iter().filter(accepted) {
            for seed in breaks.seed.map_or(vec![0, 1, 7], |seed| vec![seed]) {
                assert_ends_as_declared(
                    &Spec { values: values(scenario, breaks.setting), seed, ..virtually(scenario) },
                    Some(breaks),
                );
            }
        }
    }
}

/// A declaration that names a seed means that other seeds may go well.
#[test]
fn what_breaks_with_one_seed_goes_well_with_another() {
    for scenario in on(Clock::Virtual) {
        for breaks in scenario.breaks.iter().filter(|breaks| breaks.seed.is_some()) {
            let well = |seed: &u64| match simulate(scenario, values(scenario, breaks.setting), *seed) {
                Ended::Finished(outcome, _) => outcome.holds(),
                Ended::Stalled => false,
            };
            assert!((0..20).any(|seed| well(&seed)), "{}: {breaks:?}", scenario.id);
        }
    }
}

/// The variants that virtual time refuses.
#[test]
fn every_variant_that_needs_the_real_clock_goes_well_or_breaks_where_it_is_declared() {
    let refused = |scenario: &Scenario, values: &Values| {
        (scenario.refuse)(values, Clock::Virtual).is_err() || !scenario.clocks.contains(&Clock::Virtual)
    };
    let variants = on(Clock::Real).flat_map(|scenario| {
        let refused = scenario.variants(Clock::Real).into_iter().filter(move |values| refused(scenario, values));
        refused.map(move |values| Spec { values, clock: Clock::Real, workers: 2, ..Spec::new(scenario) })
    });
    side_by_side(&variants.collect::<Vec<_>>(), |spec| {
        let breaks = spec.scenario.breaks_at(&spec.values).filter(|breaks| breaks.schedule.is_none());
        assert_ends_as_declared(spec, breaks);
    });
}

/// Runs all of them at the same time, since they mostly wait. A run that this disturbs is repeated alone.
fn side_by_side<T: Sync>(all: &[T], run: impl Fn(&T) + Sync) {
    let ended_well: Vec<bool> = thread::scope(|scope| {
        let runs: Vec<_> = all.iter().map(|one| scope.spawn(|| run(one))).collect();
        runs.into_iter().map(|run| run.join().is_ok()).collect()
    });
    for (one, _) in all.iter().zip(ended_well).filter(|(_, well)| !well) {
        in_a_calm_moment(|| run(one));
    }
}

fn virtually(scenario: &'static Scenario) -> Spec {
    Spec { clock: Clock::Virtual, ..Spec::new(scenario) }
}

/// True if its duration is the same on both clocks, so the two can be compared.
fn on_both(scenario: &Scenario) -> bool {
    scenario.clocks.contains(&Clock::Virtual) && !COMPUTE.contains(&scenario.id)
}

#[test]
fn at_the_defaults_every_check_holds_or_shows_the_fault_and_the_run_is_short() {
    for (scenario, defaults) in ending(Clock::Virtual) {
        let (outcome, elapsed) = finish(scenario.id, &[], 0);
        let declared = holds_or_breaks_as_declared(scenario, &defaults, &outcome);
        assert!(declared, "{}: {:?}", scenario.id, broken(&outcome));
        assert!(!outcome.checks.is_empty(), "{}", scenario.id);
        assert!(elapsed < Duration::from_secs(8), "{}: {elapsed:?}", scenario.id);
        assert_eq!(outcome.value("total"), Some(elapsed.measure()), "{}", scenario.id);
    }
}

/// Every combination of choices, with each number at its smallest, its default, and, if there are few, something odd.
#[test]
fn every_mixture_is_refused_or_ends_or_is_the_stall_that_is_declared() {
    for scenario in on(Clock::Virtual) {
        for values in turned(scenario) {
            if (scenario.refuse)(&values, Clock::Virtual).is_err() {
                continue;
            }
            let what = typed(&values);
            match simulate(scenario, values.clone(), 3) {
                Ended::Stalled => assert!(may_stall(scenario, &values), "{} {what:?} stalled", scenario.id),
                Ended::Finished(outcome, _) => {
                    let declared = holds_or_breaks_as_declared(scenario, &values, &outcome);
                    assert!(declared, "{} {what:?}: {:?}", scenario.id, broken(&outcome));
                }
            }
        }
    }
}

fn turned(scenario: &Scenario) -> Vec<Values> {
    // Three values for each of many parameters would be thousands of runs.
    let few = scenario.params.len() <= 6;
    let mut all = vec![Values::defaults(scenario.params)];
    for param in scenario.params {
        let turns = match param.kind {
            Kind::Choice(choices) => choices.iter().copied().map(Value::Choice).collect::<Vec<_>>(),
            Kind::Number { default, min, max, .. } => {
                let odd = few.then_some(7_u64.clamp(min, max));
                [min, default].into_iter().chain(odd).map(Value::Number).collect()
            }
        };
        all = all
            .iter()
            .flat_map(|values| {
                turns.iter().map(|turn| {
                    let mut turned = values.clone();
                    turned.set(param, *turn);
                    turned
                })
            })
            .collect();
    }
    all
}

/// A run on the real clock with two workers ends well and takes as long as one on the virtual clock.
fn holds_and_takes_as_long(scenario: &'static Scenario, defaults: &Values) {
    let (_, expected) = finish(scenario.id, &[], 0);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build();
    let cx = Context::new(defaults.clone(), 0, Clock::Real);
    let started = Instant::now();
    let outcome = runtime.expect("a runtime").block_on(async { tokio::spawn((scenario.run)(cx)).await });
    let took = started.elapsed();
    let outcome = outcome.expect("no panic").expect("no failure");
    let declared = holds_or_breaks_as_declared(scenario, defaults, &outcome);
    assert!(declared, "{}: {:?}", scenario.id, broken(&outcome));
    let ratio = took.as_secs_f64() / expected.as_secs_f64();
    assert!((0.85..1.15).contains(&ratio), "{}: {ratio}", scenario.id);
}

#[test]
fn every_scenario_holds_on_the_real_clock_and_takes_as_long() {
    let all: Vec<_> = ending(Clock::Real).filter(|(scenario, _)| on_both(scenario)).collect();
    side_by_side(&all, |(scenario, defaults)| holds_and_takes_as_long(scenario, defaults));
}
