//! The selected task, and scrolling to its lane.

use crate::app::model::Model;
use crate::app::run::view::RunView;
use crate::app::timeline::lanes::Lanes;
use trace::TaskIx;

/// Whether the lane of a task is visible, judging by the last frame.
pub(in crate::app) fn is_in_sight(model: &Model, task: TaskIx) -> bool {
    let shown = model.timeline.top..model.timeline.top + usize::from(model.areas.lanes_shown().height);
    let row = Lanes::of(model).and_then(|lanes| lanes.row(task));
    !model.timeline.grouping.shows_groups() && row.is_some_and(|row| shown.contains(&row))
}

/// Scrolls to the lane of a task.
pub(in crate::app) fn reveal(model: &mut Model, task: TaskIx) {
    let Some(row) = Lanes::of(model).and_then(|lanes| lanes.row(task)) else { return };
    let height = usize::from(model.areas.lanes_shown().height).max(1);
    model.timeline.top = model.timeline.top.clamp((row + 1).saturating_sub(height), row);
}

/// Selects a task and scrolls to its lane.
pub(in crate::app) fn select(model: &mut Model, task: TaskIx) {
    let tasks = model.run.as_ref().map_or(0, |run| run.trace.tasks.len());
    let Some(last) = tasks.checked_sub(1) else { return };
    let row = (task as usize).min(last);
    model.timeline.selected = Some(row as TaskIx);
    if let Some(run) = &model.run {
        model.session.folds.show(&run.trace, row as TaskIx);
    }
    reveal(model, row as TaskIx);
}

/// The selected task and its run; if there is none, a notice says how to select one.
pub(in crate::app) fn selected(model: &mut Model) -> Option<(TaskIx, &RunView)> {
    let known = |run: &RunView, task: TaskIx| (task as usize) < run.trace.tasks.len();
    let task = model.timeline.selected.filter(|task| model.run.as_ref().is_some_and(|run| known(run, *task)));
    if task.is_none() {
        model.notify(false, "no task selected: pick a lane in the timeline first");
    }
    Some((task?, model.run.as_ref()?))
}
