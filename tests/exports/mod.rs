//! Exports of every scenario, read back and compared with the run.
//!
//! Nothing here uses the program's own crate: it brings its allocator along, which needs more than the tiny stacks of other tests.

mod events;
mod hostile;
mod page;
mod perfetto;
mod read;
#[path = "../support/said.rs"]
mod said;

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::engine::{Phase, Report, Run, Spec};
use ::trace::Trace;
use export::Exported;
use scenarios::CATALOGUE;

/// A finished run: its trace, its report, and its recording.
struct Made {
    spec: Spec,
    trace: Trace,
    report: Report,
    recording: Vec<u8>,
}

impl Made {
    fn exported(&self) -> Exported<'_> {
        let range_ns = self.trace.since_ns..=self.trace.end_ns;
        Exported { spec: &self.spec, program: None, trace: &self.trace, report: Some(&self.report), range_ns }
    }
}

/// Memory that a recording is written to.
#[derive(Debug, Default, Clone)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs and records a spec.
fn make(spec: Spec) -> Made {
    let mut run = Run::start(&spec).expect("it can be run");
    let recording = Shared::default();
    run.set_sink(Box::new(::engine::writer(recording.clone(), &spec)));
    let mut trace = tui::source::trace(spec.scenario);
    while run.phase() != Phase::Over {
        run.wait(Duration::from_millis(10));
        run.drain(&mut trace);
    }
    run.drain(&mut trace);
    assert_eq!(run.sink_fault(), None);
    let report = run.report().expect("it is over").clone();
    let recording = std::mem::take(&mut *recording.0.lock().unwrap_or_else(PoisonError::into_inner));
    Made { spec, trace, report, recording }
}

/// A run of every scenario at its defaults.
fn all() -> impl Iterator<Item = Made> {
    CATALOGUE.iter().map(|scenario| make(Spec::new(scenario)))
}
