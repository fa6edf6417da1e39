//! A run in a form that leaves the terminal: a page for a browser, a trace for Perfetto, events as JSON.
//!
//! Everything here is written from the same [`Exported`]: what was run, its trace, and how it ended. Nothing is drawn: pictures of
//! the screen are made where the screen is, in `tui`. A text from a program may contain anything, so each form escapes all of
//! them.

pub mod book;
pub mod events;
mod format;
mod page;
mod perfetto;

use std::ops::RangeInclusive;

pub use format::Format;
pub use page::page;
pub use perfetto::perfetto;

use engine::{Report, Schedule, Spec};
use recording::Program;
use scenario::{Kind, Param, Value, unit_after};
use trace::Trace;

/// What is exported.
#[derive(Debug, Clone)]
pub struct Exported<'a> {
    /// What was run.
    pub spec: &'a Spec,
    /// The program, if it is not a scenario.
    pub program: Option<&'a Program>,
    /// What happened, as far as it is known.
    pub trace: &'a Trace,
    /// How it ended; none if it goes on.
    pub report: Option<&'a Report>,
    /// The part that is exported, in nanoseconds since the run began.
    pub range_ns: RangeInclusive<u64>,
}

impl Exported<'_> {
    /// The name of the scenario, or of the program.
    pub fn title(&self) -> String {
        self.program.map_or_else(|| self.spec.scenario.title.to_owned(), |program| program.name.clone())
    }

    /// What the run depends on, as names and values.
    pub fn settings(&self) -> Vec<(String, String)> {
        let named = |name: &str, value: String| (name.to_owned(), value);
        if let Some(program) = self.program {
            return vec![named("process", program.pid.to_string()), named("command", program.args.join(" "))];
        }
        let spec = self.spec;
        let value = |(param, value): (&'static Param, Value)| match (param.kind, value) {
            (Kind::Number { unit, .. }, Value::Number(n)) => named(param.name, format!("{n} {}", unit_after(n as f64, unit))),
            _ => named(param.name, value.to_string()),
        };
        let mut all: Vec<_> = spec.values.iter().map(value).collect();
        all.extend([named("seed", spec.seed.to_string()), named("clock", spec.clock.name().to_owned())]);
        if spec.schedule != Schedule::default() {
            all.push(named("schedule", spec.schedule.to_string()));
        }
        if spec.workers > 0 {
            all.push(named("workers", spec.workers.to_string()));
        }
        all
    }
}
