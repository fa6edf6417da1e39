//! The tour of the catalogue: what was run, and what comes next.

use scenario::Scenario;

use crate::app::mode::{Mode, Overlay};
use crate::app::model::Model;

/// Opens the tour at what comes next, or closes it.
pub(in crate::app) fn toggle(model: &mut Model) {
    model.mode = match model.mode {
        Mode::Overlay(Overlay::Path { .. }) => Mode::Browse,
        _ => Mode::Overlay(Overlay::Path { row: next(model).unwrap_or(0) }),
    };
}

/// Takes the scenario under the tour's cursor, by its catalogue index, and closes the tour; `None` if it is not open.
pub(in crate::app) fn picked(model: &mut Model) -> Option<usize> {
    let Mode::Overlay(Overlay::Path { row }) = model.mode else { return None };
    model.mode = Mode::Browse;
    Some(row)
}

/// The catalogue index of the scenario to run next: the first that was not run although everything it builds on was.
/// `None` if everything was run.
pub fn next(model: &Model) -> Option<usize> {
    let run = |id: &&str| model.seen.contains(id);
    let ready = |scenario: &Scenario| !run(&scenario.id) && scenario.builds_on.iter().all(run);
    let first_left = || model.catalogue.iter().position(|scenario| !run(&scenario.id));
    model.catalogue.iter().position(ready).or_else(first_left)
}

#[cfg(test)]
mod tests;
