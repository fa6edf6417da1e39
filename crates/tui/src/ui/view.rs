//! Questions that several panes ask about a run at the time cursor.

use scenario::Clock;

use crate::app::model::{Model, RunView};
use engine::{Ending, Phase};
use trace::Trace;

/// The state of the run in the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// There is no run.
    None,
    /// The cursor moves.
    Playing,
    /// The cursor is paused.
    Paused,
    /// The run was told to stop.
    Stopping,
    /// The cursor is at the end of a run that is over.
    Ended,
}

/// The state of the run on screen.
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

/// Whether the gate holds the run while its clock keeps running.
pub(crate) fn is_held(run: &RunView) -> bool {
    run.held && run.phase == Phase::Running && run.spec.clock == Clock::Real
}

/// The latest time known.
pub(crate) fn end_ns(run: &RunView) -> u64 {
    run.trace.end_ns.max(run.report.as_ref().map_or(0, |report| report.elapsed_ns))
}

/// How it ended, once the cursor is there.
pub(crate) fn ending(run: &RunView) -> Option<&Ending> {
    run.report.as_ref().filter(|_| at_end(run)).map(|report| &report.ending)
}

/// Whether the cursor is at the end of a run in which nothing can ever run again.
pub(crate) fn is_stalled(run: &RunView) -> bool {
    ending(run) == Some(&Ending::Stalled)
}

/// How many tasks have been spawned by a time. Tasks are in spawn order.
pub(crate) fn spawned(trace: &Trace, at_ns: u64) -> usize {
    trace.tasks.partition_point(|task| task.spawned_ns <= at_ns)
}
