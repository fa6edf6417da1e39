//! The list of scenarios: search and pick.

use super::{focus, form, path};
use crate::app::effect::Effect;
use crate::app::model::{Form, Mode, Model, Pane};
use crate::app::session::Settings;

/// Starts a search; what was searched for before is still there to be changed.
pub(super) fn find(model: &mut Model) {
    focus(model, Pane::Scenarios);
    model.mode = Mode::Search;
}

/// Ends the search; the whole list is back, the cursor on the same scenario.
pub(super) fn end_search(model: &mut Model) {
    let at = selected(model);
    model.list.search.clear();
    if model.mode == Mode::Search {
        model.mode = Mode::Browse;
    }
    select(model, at.unwrap_or(0));
}

/// The place in the catalogue of the scenario under the cursor; none when the search leaves none.
pub(super) fn selected(model: &Model) -> Option<usize> {
    model.list.matches(model.catalogue).get(model.list.row).copied()
}

/// Puts the cursor on a scenario, by its place in the catalogue.
pub(super) fn select(model: &mut Model, at: usize) {
    let matches = model.list.matches(model.catalogue);
    model.list.row = matches.iter().position(|m| *m == at).unwrap_or(0);
}

/// Picks the scenario under the cursor and starts it, with the settings it was left with.
pub(super) fn pick(model: &mut Model) -> Vec<Effect> {
    let on_path = path::picked(model);
    let Some(at) = on_path.or_else(|| selected(model)) else { return Vec::new() };
    end_search(model);
    select(model, at);
    model.mode = Mode::Browse;
    leave(model);
    let scenario = &model.catalogue[at];
    let Form { detail, stall_after, .. } = model.form;
    model.form = Form { detail, stall_after, ..Form::new(scenario) };
    if let Some(was) = model.session.visited.iter().find(|settings| settings.id == scenario.id) {
        model.form.values = was.values.clone();
        (model.form.seed, model.form.clock, model.form.workers) = (was.seed, was.clock, was.workers);
    }
    form::fresh(model)
}

/// Remembers the settings of the scenario that was picked until now.
fn leave(model: &mut Model) {
    let form = &model.form;
    let settings =
        Settings { id: form.scenario.id, values: form.values.clone(), seed: form.seed, clock: form.clock, workers: form.workers };
    model.session.visited.retain(|was| was.id != settings.id);
    model.session.visited.push(settings);
}
