//! Moves the cursor of a run that is over, as playback on the screen does.

use std::time::Duration;

use crate::app::input::action::Action;
use crate::app::model::Model;
use crate::app::update;

/// Finishes what the screen would do over several frames: the search for findings.
pub(super) fn settle(model: &mut Model) {
    while model.run.as_ref().is_some_and(|run| run.found.is_looking()) {
        pass(model);
    }
}

/// Plays up to this time. At the end of the run, the cursor stops there.
pub(super) fn to(model: &mut Model, at_ns: u64) {
    if let Some(run) = &mut model.run {
        let cursor = &mut run.cursor;
        (cursor.at_ns, cursor.poll) = (at_ns.min(run.trace.end_ns), None);
        (cursor.playing, cursor.live) = (true, false);
    }
    pass(model);
}

fn pass(model: &mut Model) {
    // A tick has no effects: the run is over.
    _ = update::update(model, Action::Tick(Duration::ZERO));
}
