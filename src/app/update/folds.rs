//! Folding of the spawn tree.

use super::{kinds, notify, timeline};
use crate::app::lanes::Lanes;
use crate::app::model::{Density, Model};
use crate::trace::TaskIx;

/// Folds the tasks away that descend from the selected one, or unfolds them. Of a task that spawned none, its parent's.
pub(super) fn toggle(model: &mut Model) {
    let Some(run) = &model.run else { return };
    let Some((task, of)) = model.timeline.selected.and_then(|ix| Some((ix, run.trace.tasks.get(ix as usize)?))) else {
        notify(model, false, "no task is selected: pick a lane of the timeline first");
        return;
    };
    let folded = if of.children.is_empty() { of.parent } else { Some(task) };
    let Some(task) = folded else {
        notify(model, false, "no other task was spawned");
        return;
    };
    kinds::to_tasks(model);
    model.timeline.density = Density::default();
    model.session.opened.clear();
    if let Some(run) = &model.run {
        model.session.folds.toggle(&run.trace, task);
    }
    timeline::select(model, task);
    keep_top(model);
}

/// Unfolds whatever hides a task that is to be looked at.
pub(super) fn show(model: &mut Model, task: TaskIx) {
    if let Some(run) = &model.run {
        model.session.folds.show(&run.trace, task);
    }
}

/// Takes in the tasks that have come.
pub(super) fn recorded(model: &mut Model) {
    if let Some(run) = &model.run {
        model.session.folds.grow(&run.trace);
    }
}

/// Where fewer lanes are left, no row below the last one is in sight that a lane could have.
fn keep_top(model: &mut Model) {
    let last = Lanes::of(model).map_or(0, |lanes| lanes.len());
    let height = usize::from(model.areas.lanes.height).max(1);
    model.timeline.top = model.timeline.top.min(last.saturating_sub(height));
}
