//! The path through the catalogue: what was run, and what comes next.

use scenarios::Scenario;

use crate::app::model::{Layer, Model};

/// Opens the path at what comes next, or closes it.
pub(super) fn toggle(model: &mut Model) {
    model.layer = match model.layer {
        Some(Layer::Path { .. }) => None,
        _ => Some(Layer::Path { row: next(model).unwrap_or(0) }),
    };
}

/// Takes the scenario under the cursor of the path, by its place in the catalogue, and closes the path; none when it is
/// not open.
pub(super) fn picked(model: &mut Model) -> Option<usize> {
    let Some(Layer::Path { row }) = model.layer else { return None };
    model.layer = None;
    Some(row)
}

/// What to see next, by its place in the catalogue: the first that was not run although all that it builds on was. None
/// when everything was run.
pub fn next(model: &Model) -> Option<usize> {
    let run = |id: &&str| model.seen.contains(id);
    let ready = |scenario: &Scenario| !run(&scenario.id) && scenario.builds_on.iter().all(run);
    let first_left = || model.catalogue.iter().position(|scenario| !run(&scenario.id));
    model.catalogue.iter().position(ready).or_else(first_left)
}
