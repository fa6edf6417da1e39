//! The overlay that says why a task waits, and the resources in place of the selected task.

use crate::app::mode::{Mode, Overlay};
use crate::app::model::Model;
use crate::app::panes::Pane;
use crate::app::timeline::selection;

/// Opens the overlay that says why the selected task waits, or closes it.
pub(in crate::app) fn toggle(model: &mut Model) {
    if matches!(model.mode, Mode::Overlay(Overlay::Why { .. })) {
        model.mode = Mode::Browse;
    } else if let Some((task, _)) = selection::selected(model) {
        model.mode = Mode::Overlay(Overlay::Why { task, top: 0 });
    }
}

/// Shows the resources in the pane of the selected task, or the task again.
pub(in crate::app) fn resources(model: &mut Model) {
    model.task.resources = !model.task.resources;
    // On a small screen the pane is seen only while it has the focus.
    if model.task.resources && model.areas.pane(Pane::Task).is_empty() {
        model.focus_on(Pane::Task);
    }
}

#[cfg(test)]
mod tests;
