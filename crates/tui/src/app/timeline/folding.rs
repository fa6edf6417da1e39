//! Folding of the spawn tree.

use crate::app::model::Model;
use crate::app::timeline::lanes::Lanes;
use crate::app::timeline::view::Grouping;
use crate::app::timeline::{kinds, selection};

/// Folds or unfolds the selected task's descendants; if it spawned no tasks, its parent's.
pub(in crate::app) fn toggle(model: &mut Model) {
    let Some(run) = &model.run else { return };
    let Some((task, of)) = model.timeline.selected.and_then(|ix| Some((ix, run.trace.tasks.get(ix as usize)?))) else {
        model.notify(false, "no task selected: pick a lane in the timeline first");
        return;
    };
    let folded = if of.children.is_empty() { of.parent } else { Some(task) };
    let Some(task) = folded else {
        model.notify(false, "nothing to fold: no other tasks");
        return;
    };
    kinds::to_tasks(model);
    model.timeline.grouping = Grouping::default();
    model.session.opened.clear();
    if let Some(run) = &model.run {
        model.session.folds.toggle(&run.trace, task);
    }
    selection::select(model, task);
    keep_top(model);
}

/// After lanes have gone, scrolls back so that no row stays empty while a lane could fill it.
fn keep_top(model: &mut Model) {
    let last = Lanes::of(model).map_or(0, |lanes| lanes.len());
    let height = usize::from(model.areas.lanes.height).max(1);
    model.timeline.top = model.timeline.top.min(last.saturating_sub(height));
}
