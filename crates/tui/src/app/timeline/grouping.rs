//! Groups of lanes, for runs with more lanes than rows.

use crate::app::model::Model;
use crate::app::timeline::lanes::Lanes;
use crate::app::timeline::view::{GroupBy, Grouping};
use crate::app::timeline::{kinds, lanes, selection};

/// Groups tasks by the next criterion; after the last, ungroups them.
pub(in crate::app) fn next(model: &mut Model) {
    if model.run.is_none() {
        model.notify(false, "no run yet: space starts one");
        return;
    }
    kinds::to_tasks(model);
    let by = match model.timeline.grouping.by {
        None => Some(GroupBy::Place),
        Some(GroupBy::Place) => Some(GroupBy::Name),
        Some(GroupBy::Name) => Some(GroupBy::State),
        Some(GroupBy::State) => None,
    };
    model.timeline.grouping = Grouping { by, ..Grouping::default() };
    model.session.opened.clear();
    reveal_selected(model);
}

/// Shows the lanes of the selected group.
pub(in crate::app) fn open(model: &mut Model) {
    if kinds::is_on(model) {
        return kinds::open(model);
    }
    let view = model.timeline.grouping;
    let (Some(run), Some(by)) = (&model.run, view.by) else { return };
    if by == GroupBy::State {
        let Some(activity) = lanes::activities(&run.trace).get(view.row).copied() else { return };
        model.session.opened = lanes::doing(&run.trace, activity, run.cursor.at_ns);
    }
    model.timeline.grouping.open = true;
    if Lanes::of(model).is_none_or(|lanes| lanes.is_empty()) {
        model.timeline.grouping.open = false;
        model.notify(false, "no task is doing that at the cursor");
        return;
    }
    model.timeline.top = 0;
    reveal_selected(model);
}

/// Shows the groups again. Returns whether a group was open.
pub(in crate::app) fn close(model: &mut Model) -> bool {
    let was = std::mem::take(&mut model.timeline.grouping.open);
    model.session.opened.clear();
    was
}

/// Whether rows are groups.
pub(in crate::app) fn is_on(model: &Model) -> bool {
    model.timeline.grouping.shows_groups()
}

/// Selects a group, or opens it if it is already selected.
pub(in crate::app) fn point(model: &mut Model, row: usize) {
    if kinds::is_on(model) {
        kinds::point(model, row);
    } else if model.timeline.grouping.row == row {
        open(model);
    } else {
        model.timeline.grouping.row = row;
    }
}

/// The index of the last row.
pub(in crate::app) fn last(model: &Model) -> usize {
    let rows = model.run.as_ref().zip(model.timeline.grouping.by).map_or(0, |(run, by)| lanes::groups(run, by));
    rows.saturating_sub(1)
}

/// An earlier view was restored: searches for the tasks of the open group again, if it needs that.
pub(in crate::app) fn restored(model: &mut Model) {
    let view = model.timeline.grouping;
    model.session.opened.clear();
    if view.open && view.by == Some(GroupBy::State) {
        open(model);
    }
}

fn reveal_selected(model: &mut Model) {
    if let Some(task) = model.timeline.selected {
        selection::reveal(model, task);
    }
}
