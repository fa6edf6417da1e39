//! What several panes ask about a run at the time cursor.

use crate::app::model::{Model, RunView};
use crate::engine::{Ending, Phase};
use crate::trace::{Census, State, Task, Trace};

/// How many tasks are counted one by one; with more, the census of the nearest stretch is near enough.
const COUNTED: usize = 1_000;

/// What the header says about the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// There is no run.
    None,
    /// The cursor moves.
    Playing,
    /// The cursor is held.
    Paused,
    /// The run was told to stop.
    Stopping,
    /// The cursor is at the end of a run that is over.
    Ended,
}

/// Where the run on screen stands.
pub(crate) fn standing(model: &Model) -> Standing {
    match &model.run {
        None => Standing::None,
        Some(run) if run.phase == Phase::Stopping => Standing::Stopping,
        Some(run) if at_end(run) => Standing::Ended,
        Some(run) if run.cursor.playing => Standing::Playing,
        Some(_) => Standing::Paused,
    }
}

/// Whether the cursor is at the end of a run that is over.
pub(crate) fn at_end(run: &RunView) -> bool {
    run.phase == Phase::Over && run.cursor.at_ns >= end_ns(run)
}

/// The latest time known.
pub(crate) fn end_ns(run: &RunView) -> u64 {
    run.trace.end_ns.max(run.report.as_ref().map_or(0, |report| report.elapsed_ns))
}

/// How it ended, when the cursor has got there.
pub(crate) fn ending(run: &RunView) -> Option<&Ending> {
    run.report.as_ref().filter(|_| at_end(run)).map(|report| &report.ending)
}

/// How many tasks have been spawned at a time. Tasks stand in the order of spawning.
pub(crate) fn spawned(trace: &Trace, at_ns: u64) -> usize {
    trace.tasks.partition_point(|task| task.spawned_ns <= at_ns)
}

/// How many tasks are in which state at a time.
pub(crate) fn census(trace: &Trace, at_ns: u64) -> Census {
    let tasks = spawned(trace, at_ns);
    if tasks > COUNTED
        && let Some(bin) = bin_at(trace, at_ns).and_then(|at| trace.bins.bins.get(at))
    {
        return bin.census;
    }
    let mut census = Census::default();
    for task in &trace.tasks[..tasks] {
        match task.segment_at(at_ns).map(|segment| segment.state) {
            Some(State::Running(_)) => census.running += 1,
            Some(State::Ready) => census.ready += 1,
            Some(State::Waiting) => census.waiting += 1,
            None => census.ended += 1,
        }
    }
    census
}

/// The place of the stretch that covers a time, or of the last one before it.
pub(crate) fn bin_at(trace: &Trace, at_ns: u64) -> Option<usize> {
    let last = trace.bins.bins.len().checked_sub(1)?;
    Some(((at_ns / trace.bins.width_ns.max(1)) as usize).min(last))
}

/// What a task has done up to a time, in nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Its polls that have begun.
    pub(crate) polls: u64,
    /// In polls.
    pub(crate) busy_ns: u64,
    /// Ready.
    pub(crate) ready_ns: u64,
    /// Waiting.
    pub(crate) waiting_ns: u64,
}

/// Adds up a task's life until a time.
pub(crate) fn totals(task: &Task, at_ns: u64) -> Totals {
    let until = task.end_at(at_ns).map_or(at_ns, |end| end.at_ns);
    let begun = task.segments.partition_point(|segment| segment.start_ns <= until);
    let segments = &task.segments[..begun];
    let mut totals = Totals::default();
    for (i, segment) in segments.iter().enumerate() {
        let ns = segments.get(i + 1).map_or(until, |next| next.start_ns).saturating_sub(segment.start_ns);
        match segment.state {
            State::Running(_) => {
                totals.polls += 1;
                totals.busy_ns += ns;
            }
            State::Ready => totals.ready_ns += ns,
            State::Waiting => totals.waiting_ns += ns,
        }
    }
    totals
}
