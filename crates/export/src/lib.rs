//! A run in a form that leaves the terminal: a page for a browser, a trace for Perfetto, events as JSON.
//!
//! Everything here is written from the same [`Exported`]: what was run, its trace, and how it ended. Nothing is drawn: pictures of
//! the screen are made where the screen is, in `tui`. A text from a program may contain anything, so each form escapes all of
//! them.

pub mod events;
mod perfetto;

use std::ops::RangeInclusive;

use engine::{Report, Spec};
use recording::Program;
use trace::Trace;

pub use perfetto::perfetto;

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
