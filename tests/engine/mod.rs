//! Runs from start to end: clocks, limits, stalls, panics, and stops.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails with the test")]

mod clocks;
mod endings;
mod present;
mod programs;
mod stalls;

use std::time::Duration;

use engine::{Phase, Report, Run, Spec};
use scenario::{Clock, Scenario};
use trace::Trace;

fn to_end(spec: &Spec) -> (Trace, Report) {
    let mut run = Run::start(spec).unwrap();
    let mut trace = Trace::default();
    drain_to_end(&mut run, &mut trace);
    let report = run.report().cloned().unwrap();
    (trace, report)
}

fn drain_to_end(run: &mut Run, trace: &mut Trace) {
    while run.phase() != Phase::Over {
        run.wait(Duration::from_millis(10));
        run.drain(trace);
    }
}

fn find(id: &str) -> &'static Scenario {
    scenarios::find(id).unwrap()
}

fn real(scenario: &'static Scenario, workers: usize) -> Spec {
    Spec { clock: Clock::Real, workers, ..Spec::new(scenario) }
}

fn ms(ns: u64) -> u64 {
    ns / 1_000_000
}
