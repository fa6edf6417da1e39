//! What the crates do, through their public interfaces.
//!
//! These tests are one program, because each program is linked anew, and because some of them wait while others compute. Tests
//! that need a process of their own are programs beside this one.

mod books;
mod critical;
mod determinism;
mod engine;
mod exports;
mod findings;
mod handover;
mod holders;
mod keyframe;
mod lanes;
mod model;
mod observed;
mod record;
mod scenarios;
mod schedules;
mod sketch;
mod stories;
mod trace_model;
mod truth;
mod turn;
mod waits;
mod why;
mod workloads;

use std::time::Duration;

use ::engine::{Phase, Report, Run, Spec};
use ::trace::Trace;

/// The trace of a finished run.
fn trace(spec: &Spec) -> Trace {
    run(spec).0
}

/// The trace of a finished run, and its report.
fn run(spec: &Spec) -> (Trace, Report) {
    let mut run = Run::start(spec).expect("it can be run");
    let mut trace = Trace::default();
    while run.phase() != Phase::Over {
        run.wait(Duration::from_millis(10));
        run.drain(&mut trace);
    }
    run.drain(&mut trace);
    let report = run.report().expect("it is over").clone();
    (trace, report)
}
