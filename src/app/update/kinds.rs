//! The kinds of lanes: which is shown, and the selection among rows that are no tasks.

use super::{notify, timeline};
use crate::app::kinds;
use crate::app::model::{Density, LaneKind, Model};

/// Shows the next kind of lanes.
pub(super) fn next(model: &mut Model) {
    if model.run.is_none() {
        notify(model, false, "no run whose lanes could be of another kind");
        return;
    }
    let kind = match model.timeline.lanes.kind {
        LaneKind::Tasks => LaneKind::Threads,
        LaneKind::Threads => LaneKind::Resources,
        LaneKind::Resources => LaneKind::Lines,
        LaneKind::Lines => LaneKind::Tasks,
    };
    (model.timeline.lanes.kind, model.timeline.lanes.row) = (kind, 0);
    // Groups are of tasks.
    model.timeline.density = Density::default();
    model.session.opened.clear();
    if let Some(task) = model.timeline.selected.filter(|_| kind == LaneKind::Tasks) {
        timeline::reveal(model, task);
    }
}

/// Shows the lanes of tasks.
pub(super) fn to_tasks(model: &mut Model) {
    (model.timeline.lanes.kind, model.timeline.lanes.row) = (LaneKind::Tasks, 0);
}

/// The last row.
pub(super) fn last(model: &Model) -> usize {
    model.run.as_ref().map_or(0, |run| kinds::rows(model, run)).saturating_sub(1)
}

/// Selects a row, or what the one is about that is selected already.
pub(super) fn point(model: &mut Model, row: usize) {
    if model.timeline.lanes.row == row {
        open(model);
    } else {
        model.timeline.lanes.row = row.min(last(model));
    }
}

/// Selects the task that the row is about: that runs on the thread, holds the resource, waits at the line.
pub(super) fn open(model: &mut Model) {
    let Some(run) = &model.run else { return };
    if let Some(task) = kinds::task_of(model, run) {
        timeline::select(model, task);
        return;
    }
    let none = match model.timeline.lanes.kind {
        LaneKind::Tasks => return,
        LaneKind::Threads => "this thread has polled no task by now",
        LaneKind::Resources => "no task holds it or waits for it at the cursor",
        LaneKind::Lines => "no task waits there at the cursor",
    };
    notify(model, false, none);
}

/// Shows the counters under the lanes, or hides them.
pub(super) fn counters(model: &mut Model) {
    let Some(run) = &model.run else { return };
    if run.trace.counters.is_empty() {
        notify(model, false, "this run has no counters: a scenario sets them in its events");
        return;
    }
    let shown = model.areas.counters > 0;
    model.timeline.lanes.counters = Some(!shown);
    if shown || model.areas.lanes.height == 0 {
        return;
    }
    let needs = crate::app::model::COUNTERS_NEED;
    if model.areas.pane(crate::app::model::Pane::Timeline).height < needs {
        notify(model, false, format!("counters need a timeline of {needs} rows: z lets it fill the screen"));
    }
}
