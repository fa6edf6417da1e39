//! On the virtual clock the same scenario, parameters and seed give the same trace, whatever else the machine does.
//!
//! Two busy threads take processor time at arbitrary moments, and the runs go side by side, so anything that depends on wall
//! time, on addresses, or on the order of a hash table gives a different trace.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use engine::{Detail, Phase, Run, Spec};
use scenario::{Clock, Kind, Scenario, Values};
use scenarios::CATALOGUE;
use trace::Trace;

/// The number of runs of each scenario to compare: few here, a hundred by `just determinism`.
fn runs() -> usize {
    std::env::var("HASH_RUNS").map_or(3, |runs| runs.parse().expect("HASH_RUNS is a whole number"))
}

/// The trace of a run.
fn trace(spec: &Spec) -> Trace {
    let mut trace = Trace::default();
    let mut run = Run::start(spec).expect("it can be run");
    while run.phase() != Phase::Over {
        run.wait(Duration::from_secs(1));
        run.drain(&mut trace);
    }
    assert_eq!(trace.lost, 0, "{}", spec.scenario.id);
    trace
}

/// The hashes of a run's trace, and its length and polls, so that a failure shows more than the fact that the traces differ.
fn hash(spec: &Spec) -> (u64, Option<u64>, u64, u64) {
    let trace = trace(spec);
    (trace.hash(), trace.wake_hash(), trace.end_ns, trace.polls)
}

/// Runs `work` while one busy thread per processor competes with it.
fn while_busy<R>(work: impl FnOnce() -> R) -> R {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    std::hint::black_box((0..1_000_u64).fold(0, u64::wrapping_add));
                }
            });
        }
        let result = work();
        over.store(true, Ordering::Relaxed);
        result
    })
}

fn virtual_ones() -> impl Iterator<Item = &'static Scenario> {
    CATALOGUE.iter().filter(|scenario| scenario.clocks.contains(&Clock::Virtual))
}

#[test]
fn every_run_of_a_scenario_gives_the_same_trace() {
    let runs = runs();
    while_busy(|| {
        for scenario in virtual_ones() {
            let spec = Spec { seed: 3, ..Spec::new(scenario) };
            let first = hash(&spec);
            thread::scope(|scope| {
                for half in [runs / 2, runs - runs / 2] {
                    let (spec, first) = (&spec, &first);
                    scope.spawn(move || {
                        for run in 0..half {
                            assert_eq!(hash(spec), *first, "{}, run {run}", scenario.id);
                        }
                    });
                }
            });
        }
    });
    println!("{} scenarios, {runs} runs each", virtual_ones().count());
}

#[test]
fn the_trace_hash_is_the_same_at_either_detail_and_the_hash_of_wakes_needs_wakes() {
    for scenario in virtual_ones() {
        for seed in 0..3 {
            let of = |detail| trace(&Spec { seed, values: jittered(scenario), detail, ..Spec::new(scenario) });
            let (polls, waits) = (of(Detail::Polls), of(Detail::Waits));
            assert_eq!((polls.hash(), polls.polls), (waits.hash(), waits.polls), "{}, seed {seed}", scenario.id);
            assert_eq!(polls.wake_hash(), None, "{}", scenario.id);
            assert_ne!(waits.wake_hash(), Some(Trace::default().hash()), "{}: a hash of no wakes", scenario.id);
            assert!(polls.tasks.iter().all(|task| task.wakes.is_empty()), "{}", scenario.id);
            assert!(polls.recorded < waits.recorded, "{}", scenario.id);
        }
    }
}

/// The defaults of a scenario, with jitter on and every drawn share above zero.
fn jittered(scenario: &'static Scenario) -> Values {
    let mut values = Values::defaults(scenario.params);
    for param in scenario.params {
        let text = match (param.name, param.kind) {
            ("jitter", Kind::Number { max, .. }) => max.min(200).to_string(),
            ("jitter", Kind::Choice(choices)) => choices[choices.len() - 1].to_owned(),
            (_, Kind::Number { default: 0, unit: "%", .. }) => "30".to_owned(),
            _ => continue,
        };
        values.set(param, param.parse(&text).expect("it is within the range"));
    }
    values
}

#[test]
fn another_seed_gives_another_trace_where_something_is_drawn_and_only_there() {
    for scenario in virtual_ones() {
        let draws = [".draw(", ".jittered("].iter().any(|call| scenario.source.contains(call));
        let of_seed = |seed| trace(&Spec { seed, values: jittered(scenario), ..Spec::new(scenario) });
        let first = of_seed(0);
        let others: Vec<Trace> = (1..=8).map(of_seed).collect();
        let another_hash = others.iter().any(|trace| trace.hash() != first.hash());
        // A draw may change only the content, not the timing: which call fails, and not when.
        let another = another_hash || others.iter().any(|trace| trace.log != first.log);
        assert_eq!(another, draws, "{}: the effect of the seed", scenario.id);
        assert!(another_hash || scenario.param("jitter").is_none(), "{}: jitter without effect", scenario.id);
    }
}
