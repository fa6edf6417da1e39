//! The list of findings: move through it, go to where one shows.

use crate::app::mode::{Mode, Overlay};
use crate::app::model::Model;
use crate::app::run::jump;

/// The index of the last row.
pub(in crate::app) fn last_row(model: &Model) -> usize {
    model.run.as_ref().map_or(0, |run| run.found.all.list.len()).saturating_sub(1)
}

/// Goes to the moment when the selected finding shows, selects its task, and closes the list.
pub(in crate::app) fn show(model: &mut Model) {
    let Mode::Overlay(Overlay::Findings { row }) = model.mode else { return };
    let row = row.min(last_row(model));
    let found = model.run.as_ref().and_then(|run| run.found.all.list.get(row));
    model.mode = Mode::Browse;
    let Some((at_ns, task, text)) = found.map(|finding| (finding.at_ns, finding.task, finding.text.clone())) else { return };
    jump::to(model, at_ns, task);
    model.notify(false, text);
}

#[cfg(test)]
mod tests;
