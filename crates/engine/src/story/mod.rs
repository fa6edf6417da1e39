//! Tells a scenario's story about a run: finds each stop in the trace, and fills in the figures.
//!
//! The scenario says what to look at, and the trace what there is. Both are known here, and the
//! screen needs only what comes of it.

pub(crate) mod figures;
pub(crate) mod find;

use scenario::story::Stop;
use trace::{TaskIx, Trace};

use crate::{Report, Spec};

/// A stop that was found in a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// When it is, in nanoseconds since the run began.
    pub at_ns: u64,
    /// The task to look at.
    pub task: Option<TaskIx>,
    /// The number of the source line to look at, from 1, if the story names one.
    pub line: Option<u32>,
    /// What to see there, with the figures of the run.
    pub says: String,
    /// The stop's place in the scenario's story.
    pub place: usize,
}

/// The stops of the run's story that occur in it, in order of time. Those that the run has not reached yet are left out, and so
/// is a stop whose text names a figure that the run does not have.
pub fn story(spec: &Spec, trace: &Trace, report: Option<&Report>) -> Vec<Told> {
    let values = &spec.values;
    let stops = spec.scenario.story.iter().enumerate().filter(|(_, stop)| stop.is_told_at(values));
    let mut all: Vec<Told> = stops.filter_map(|(place, stop)| told(spec, trace, report, place, stop)).collect();
    all.sort_by_key(|told| told.at_ns);
    all
}

fn told(spec: &Spec, trace: &Trace, report: Option<&Report>, place: usize, stop: &Stop) -> Option<Told> {
    let found = find::find(trace, report, stop.when)?;
    let says = figures::Run { spec, trace, report, found }.fill(stop.says)?;
    let line = line_of(spec.scenario.source, stop.line);
    Some(Told { at_ns: found.at_ns, task: found.task, line, says, place })
}

/// The number of the first line, from 1, of the scenario's own code that contains this text; comments do not count.
pub(crate) fn line_of(source: &str, text: &str) -> Option<u32> {
    let mut lines = (1..).zip(source.lines()).skip_while(|(_, line)| !line.starts_with("async fn run("));
    let is_it = |line: &str| !text.is_empty() && !line.trim_start().starts_with("//") && line.contains(text);
    lines.find(|(_, line)| is_it(line)).map(|(number, _)| number)
}
