//! Every scenario on both clocks; pace, pause, and what a clock refuses.

use std::time::{Duration, Instant};

use engine::{Detail, Ending, Run, Spec, SpecError, StartError};
use scenario::{Breaks, Clock, How, Outcome, Scenario, Values};
use scenarios::CATALOGUE;
use trace::Trace;

use super::programs::{TICKS_FOR_EVER, scenario};
use super::{find, ms, real, to_end};
use scenario::testing::in_a_calm_moment;

/// Scenarios about so many tasks that they do not fit on one screen.
const MANY_LANES: &[&str] = &["rate-limit", "batching"];

/// Scenarios that keep a processor busy: their duration depends on the number of workers.
const COMPUTE: &[&str] = &["blocking", "timeout", "workers"];

/// How a scenario goes wrong on purpose at its defaults, if it does with the seed that all runs here use.
fn wrong_at_first(scenario: &'static Scenario) -> Option<&'static Breaks> {
    let breaks = scenario.breaks_at(&Values::defaults(scenario.params));
    breaks.filter(|breaks| breaks.schedule.is_none() && breaks.seed.is_none_or(|seed| seed == Spec::new(scenario).seed))
}

/// The scenarios that end at their defaults on this clock.
fn ending(clock: Clock) -> impl Iterator<Item = &'static Scenario> {
    let ends = |scenario| wrong_at_first(scenario).is_none_or(|breaks| breaks.how != How::Stalls);
    CATALOGUE.iter().filter(move |scenario| scenario.clocks.contains(&clock) && ends(scenario))
}

/// True if its duration is the same on both clocks, so the two can be compared.
fn on_both(scenario: &Scenario) -> bool {
    scenario.clocks.contains(&Clock::Virtual) && !COMPUTE.contains(&scenario.id)
}

/// True if every check holds at the defaults.
fn holds_at_first(scenario: &'static Scenario) -> bool {
    wrong_at_first(scenario).is_none()
}

#[test]
fn every_scenario_runs_on_the_virtual_clock_and_nothing_is_missed() {
    for scenario in ending(Clock::Virtual) {
        let (trace, report) = to_end(&Spec { clock: Clock::Virtual, ..Spec::new(scenario) });
        let Ending::Finished(outcome) = &report.ending else { panic!("{}: {:?}", scenario.id, report.ending) };
        assert_eq!(outcome.holds(), holds_at_first(scenario), "{}: {outcome:?}", scenario.id);
        assert_eq!(Some(trace.polls), report.runtime_polls, "{}: polls by Tokio's count", scenario.id);
        assert_eq!((trace.lost, trace.late), (0, 0), "{}", scenario.id);
        assert!(trace.closed);
        assert!((500..=8_000).contains(&ms(report.elapsed_ns)), "{}: {} ms", scenario.id, ms(report.elapsed_ns));
        let lanes = if MANY_LANES.contains(&scenario.id) { 48 } else { 24 };
        assert!(trace.tasks.len() <= lanes, "{}: {} lanes", scenario.id, trace.tasks.len());
    }
}

#[test]
fn the_same_spec_gives_the_same_trace() {
    for scenario in CATALOGUE.iter().filter(|scenario| scenario.clocks.contains(&Clock::Virtual)) {
        let spec = Spec { seed: 7, clock: Clock::Virtual, ..Spec::new(scenario) };
        let first = to_end(&spec).0.hash();
        assert!((0..5).all(|_| to_end(&spec).0.hash() == first), "{}", scenario.id);
    }
}

/// True if a check may fail at the defaults: two workers can do what on one thread takes a schedule.
fn by_chance(scenario: &'static Scenario, workers: usize) -> bool {
    let breaks = scenario.breaks_at(&Values::defaults(scenario.params));
    workers > 0 && breaks.is_some_and(|breaks| breaks.schedule.is_some())
}

/// A run on the real clock takes as long as on the virtual one, and gives the same results.
fn is_the_same_on_the_real_clock(scenario: &'static Scenario, workers: usize) {
    let (_, on_virtual) = to_end(&Spec { clock: Clock::Virtual, ..Spec::new(scenario) });
    let (trace, on_real) = to_end(&real(scenario, workers));
    let Ending::Finished(outcome) = &on_real.ending else { panic!("{}: {on_real:?}", scenario.id) };
    assert!(outcome.holds() == holds_at_first(scenario) || by_chance(scenario, workers), "{}: {outcome:?}", scenario.id);
    assert_eq!(trace.lost, 0);
    assert_eq!(on_real.runtime_polls.is_some(), workers == 0);
    assert!(on_real.runtime_polls.is_none_or(|polls| polls == trace.polls));
    assert!(!trace.samples.is_empty(), "ten samples a second");
    let ratio = on_real.elapsed_ns as f64 / on_virtual.elapsed_ns as f64;
    assert!((0.85..1.15).contains(&ratio), "{} with {workers} workers: {ratio}", scenario.id);
}

#[test]
fn on_the_real_clock_it_takes_as_long_as_on_the_virtual_one() {
    let runs: Vec<_> =
        ending(Clock::Real).filter(|scenario| on_both(scenario)).flat_map(|scenario| [(scenario, 0), (scenario, 2)]).collect();
    // Side by side, since they wait and do not compute. A run that this disturbs is repeated alone.
    let side_by_side: Vec<_> = std::thread::scope(|scope| {
        let handles: Vec<_> = runs
            .iter()
            .map(|&(scenario, workers)| scope.spawn(move || is_the_same_on_the_real_clock(scenario, workers)))
            .collect();
        handles.into_iter().map(|handle| handle.join().is_ok()).collect()
    });
    for ((scenario, workers), held) in runs.into_iter().zip(side_by_side) {
        if !held {
            in_a_calm_moment(|| is_the_same_on_the_real_clock(scenario, workers));
        }
    }
}

#[test]
fn a_paced_run_keeps_its_pace() {
    // Without lines of waits: resolving them takes wall time.
    let spec = Spec { pace: Some(10.0), detail: Detail::Polls, ..Spec::new(find("semaphore")) };
    let (paced, report) = in_a_calm_moment(|| {
        let start = Instant::now();
        let done = to_end(&spec);
        let wall = start.elapsed().as_secs_f64();
        assert!((0.35..3.5).contains(&wall), "3.5 s at 10x took {wall} s: neither at once nor in its own time");
        done
    });
    let (unpaced, _) = to_end(&Spec::new(find("semaphore")));
    assert_eq!(paced.hash(), unpaced.hash(), "watching it slowly does not change it");
    assert_eq!(ms(report.elapsed_ns), 3_500);
}

/// How much a paced run falls behind the wall clock in so many seconds, in milliseconds, when its speed is set again at odd
/// times.
fn drift_ms(watched_s: u64) -> f64 {
    // Polls every 100 ms until it is stopped.
    let spec = Spec { pace: Some(1.0), detail: Detail::Polls, ..Spec::new(&TICKS_FOR_EVER) };
    let mut run = Run::start(&spec).unwrap();
    let mut trace = Trace::default();
    // The delay of each virtual time, when it first becomes known, against the wall clock.
    let mut lags = Vec::new();
    let start = Instant::now();
    while trace.end_ns < watched_s * 1_000_000_000 {
        run.wait(Duration::from_millis(10));
        let before = trace.end_ns;
        run.drain(&mut trace);
        if trace.end_ns > before {
            lags.push(start.elapsed().as_secs_f64() * 1e3 - trace.end_ns as f64 / 1e6);
            // Set the same speed again, at an odd time between two polls: that must not cost anything.
            std::thread::sleep(Duration::from_millis(37));
            run.set_pace(1.0);
        }
    }
    let lowest = |lags: &[f64]| lags.iter().copied().fold(f64::INFINITY, f64::min);
    lowest(&lags[lags.len() * 3 / 4..]) - lowest(&lags[..lags.len() / 4])
}

#[test]
fn a_paced_run_does_not_drift_against_the_wall_clock_whatever_is_done_to_its_speed() {
    let watched_s: u64 = std::env::var("DRIFT_SECONDS").map_or(3, |seconds| seconds.parse().unwrap());
    // What a change of speed loses, it loses every time; what a busy machine takes varies.
    let drift = in_a_calm_moment(|| {
        let drift = drift_ms(watched_s);
        assert!(drift.abs() < 20.0, "{drift} ms over {watched_s} s");
        drift
    });
    println!("drift of a paced run over {watched_s} s: {drift:.2} ms");
}

#[test]
fn a_paused_or_stepped_real_run_polls_only_what_it_is_let() {
    let mut run = Run::start(&real(&TICKS_FOR_EVER, 0)).unwrap();
    let mut trace = Trace::default();
    let mut polled = |run: &mut Run, polls: u64| {
        while trace.polls < polls {
            run.wait(Duration::from_millis(10));
            run.drain(&mut trace);
        }
        trace.polls
    };
    polled(&mut run, 3);
    run.step();
    polled(&mut run, 4);
    // A poll that was running when the gate closed may still arrive.
    let settle = Instant::now();
    while settle.elapsed() < Duration::from_millis(150) {
        run.wait(Duration::from_millis(10));
        polled(&mut run, 0);
    }
    let held = polled(&mut run, 0);
    for more in 1..=5 {
        run.step();
        // No further poll arrives in two ticks.
        polled(&mut run, held + more);
        let since = Instant::now();
        while since.elapsed() < Duration::from_millis(250) {
            run.wait(Duration::from_millis(10));
            assert_eq!(polled(&mut run, 0), held + more);
        }
    }
}

#[test]
fn a_paused_real_run_polls_nothing_until_it_goes_on() {
    let mut run = Run::start(&real(&TICKS_FOR_EVER, 2)).unwrap();
    let mut trace = Trace::default();
    run.pause(true);
    // A poll that was running when the gate closed may still end.
    let settle = Instant::now();
    while settle.elapsed() < Duration::from_millis(150) {
        run.wait(Duration::from_millis(10));
        run.drain(&mut trace);
    }
    let polls = trace.polls;
    let held = Instant::now();
    while held.elapsed() < Duration::from_millis(250) {
        run.wait(Duration::from_millis(10));
        run.drain(&mut trace);
    }
    assert_eq!(trace.polls, polls, "two ticks were due and none was polled");
    run.pause(false);
    while trace.polls == polls {
        run.wait(Duration::from_millis(10));
        run.drain(&mut trace);
    }
}

#[test]
fn what_cannot_be_run_is_refused_with_a_reason() {
    static ONLY_REAL: Scenario = Scenario { clocks: &[Clock::Real], ..PANICS_TEMPLATE };
    const PANICS_TEMPLATE: Scenario = scenario("only-real", |_| Box::pin(async { Ok(Outcome::new()) }));
    let semaphore = find("semaphore");
    let mut too_many_each = Spec::new(semaphore);
    let each = semaphore.param("permits_each").unwrap();
    too_many_each.values.set(each, each.parse("4").unwrap());
    let cases = [
        (Spec { clock: Clock::Virtual, ..Spec::new(&ONLY_REAL) }, "clock: only-real has no virtual clock; it has: real"),
        (Spec { workers: 2, ..Spec::new(semaphore) }, "workers: 2 workers need the real clock"),
        (Spec { workers: 65, ..real(semaphore, 0) }, "workers: 65 workers is out of range: 0 to 64"),
        (Spec { pace: Some(2.0), ..real(semaphore, 0) }, "speed: the real clock has one speed"),
        (Spec { pace: Some(0.0), ..Spec::new(semaphore) }, "speed: 0 is not a speed"),
        (too_many_each, "permits_each: 4 is more than the 3 permits of the semaphore"),
    ];
    for (spec, reason) in cases {
        let Err(StartError::Spec(error)) = Run::start(&spec) else { panic!("{reason}: was not refused") };
        assert!(error.to_string().starts_with(reason), "{error}");
        assert!(!matches!(error, SpecError::Values(_)) || reason.starts_with("permits_each"));
    }
}
