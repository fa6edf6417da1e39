//! Scenarios under schedules: what is declared to break does, a hunt finds it, and the right variants survive.

use std::ops::RangeInclusive;
use std::thread;
use std::time::Duration;

use engine::hunt::{Found, Hunt, Hunting, Progress};
use engine::{Schedule, Spec};
use scenario::{Breaks, Clock, How, Scenario, Values};

use super::on;
use super::simulate::values;
use super::ways::assert_ends_as_declared;

/// Longer than any hunt here takes.
const FOR_EVER: Duration = Duration::from_secs(3600);
/// The most preemptions of a schedule that a scenario declares.
const MOST: usize = 2;
/// After how many runs a hunt must have found what is declared.
const WITHIN: u64 = 300;
/// The first schedules that are no single preemption.
const FEW: RangeInclusive<u64> = 257..=264;
/// The seeds under which the right variants are run.
const SEEDS: RangeInclusive<u64> = 0..=2;

/// A run of a scenario on the virtual clock.
fn spec(scenario: &'static Scenario, values: Values) -> Spec {
    Spec { values, clock: Clock::Virtual, ..Spec::new(scenario) }
}

/// Every declared failure that the virtual clock allows, with its scenario.
fn declared() -> impl Iterator<Item = (&'static Scenario, &'static Breaks)> {
    let all = on(Clock::Virtual).flat_map(|scenario| scenario.breaks.iter().map(move |breaks| (scenario, breaks)));
    all.filter(|(scenario, breaks)| (scenario.refuse)(&values(scenario, breaks.setting), Clock::Virtual).is_ok())
}

/// Hunts to its end, on all processors.
fn hunt(hunt: Hunt) -> (Vec<Found>, Progress) {
    let name = hunt.spec.share();
    let threads = thread::available_parallelism().map_or(2, usize::from);
    let hunting = Hunting::start(hunt, threads).expect("the system has threads");
    assert!(hunting.wait(FOR_EVER), "{name}: the hunt does not end");
    (hunting.found(), hunting.progress())
}

#[test]
fn what_breaks_under_a_schedule_goes_well_in_tokios_order() {
    for (scenario, breaks) in declared() {
        let Some(text) = breaks.schedule else { continue };
        let schedule: Schedule = text.parse().expect("it is a schedule");
        let Schedule::List(cuts) = &schedule else { panic!("{}: {text} is no list of preemptions", scenario.id) };
        assert!(cuts.len() <= MOST, "{}: {text} has too many preemptions", scenario.id);
        for seed in [0, 1, 7] {
            let in_tokios_order = Spec { seed, ..spec(scenario, values(scenario, breaks.setting)) };
            assert_ends_as_declared(&in_tokios_order, None);
            assert_ends_as_declared(&Spec { schedule: schedule.clone(), ..in_tokios_order }, Some(breaks));
        }
    }
}

#[test]
fn a_hunt_finds_whatever_is_declared_to_break() {
    for (scenario, breaks) in declared() {
        let spec = spec(scenario, values(scenario, breaks.setting));
        let (found, progress) = hunt(Hunt { limit_runs: WITHIN, ..Hunt::new(spec) });
        let [found] = &found[..] else { panic!("{} {:?}: nothing in {} runs", scenario.id, breaks.setting, progress.runs) };
        let what = format!("{}: {} after {} runs", found.spec.share(), found.what, found.after_runs);
        println!("{what}");
        assert!(found.cuts.len() <= MOST, "{what}");
        assert_eq!(found.spec.schedule.is_tokios(), breaks.schedule.is_none(), "{what}");
        match breaks.how {
            How::Stalls => assert!(!found.what.starts_with("check failed"), "{what}"),
            How::Checks(checks) => assert_eq!(found.what, format!("check failed: {}", checks.join("; "))),
        }
    }
}

/// The schedules under which the right variants are run: a few with many preemptions here, the first thousand with
/// `just schedules`.
fn schedules() -> RangeInclusive<u64> {
    std::env::var("SCHEDULES").map_or(FEW, |text| 0..=text.parse().expect("SCHEDULES is a whole number"))
}

/// Every variant that no declaration covers, with three seeds: no check fails, and nothing stalls.
#[test]
fn no_schedule_breaks_a_right_variant() {
    let (mut settings, mut runs, mut different, mut wrong) = (0, 0, 0, Vec::new());
    for scenario in on(Clock::Virtual) {
        for values in scenario.variants(Clock::Virtual).into_iter().filter(|values| scenario.breaks_at(values).is_none()) {
            let spec = spec(scenario, values);
            let share = spec.share();
            let schedules = schedules();
            let all = Hunt { seeds: SEEDS, schedules, limit_runs: u64::MAX, all: true, ..Hunt::new(spec) };
            let (found, progress) = hunt(all);
            (settings, runs, different) = (settings + 1, runs + progress.runs, different + progress.different);
            wrong.extend(found.iter().map(|found| format!("{}: {}", found.spec.share(), found.what)));
            if progress.too_long > 0 {
                wrong.push(format!("{share}: {} runs took too long", progress.too_long));
            }
            println!("{share}: {} runs, {} different, {:?}", progress.runs, progress.different, progress.elapsed);
        }
    }
    println!("{settings} settings, {runs} runs, {different} different");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
