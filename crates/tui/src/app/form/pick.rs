//! Picking a scenario: its settings are restored, and the previous scenario's are remembered.

use crate::app::effect::Effect;
use crate::app::form::fields::Form;
use crate::app::form::start;
use crate::app::mode::Mode;
use crate::app::model::Model;
use crate::app::overlay::path;
use crate::app::panes::{CodeTab, Pane};
use crate::app::session::Settings;

/// Picks the scenario under the cursor and starts it with its last settings.
pub(in crate::app) fn pick(model: &mut Model) -> Vec<Effect> {
    let on_path = path::picked(model);
    let Some(at) = on_path.or_else(|| model.list.selected(model.catalogue)) else { return Vec::new() };
    model.list.clear_search(model.catalogue);
    model.list.select(model.catalogue, at);
    model.mode = Mode::Browse;
    // A list that fills the screen would hide the run.
    model.full = model.full.filter(|pane| !matches!(pane, Pane::Scenarios | Pane::Parameters));
    if !model.seen.contains(model.catalogue[at].id) {
        model.code.show(CodeTab::Lesson);
    }
    turn_to(model, at);
    start::fresh(model)
}

/// Previews the scenario under the list's cursor before it is run: its lesson, its code and its last settings. The
/// run on screen stays.
pub(in crate::app) fn preview(model: &mut Model) {
    let Some(at) = model.list.selected(model.catalogue).filter(|_| !model.replay) else { return };
    if model.catalogue[at].id != model.form.scenario.id {
        turn_to(model, at);
    }
}

/// Whether the form describes a scenario other than the one on screen.
pub(in crate::app) fn is_preview(model: &Model) -> bool {
    model.run.as_ref().is_some_and(|run| run.spec.scenario.id != model.form.scenario.id)
}

/// Ends a preview: the form describes the run on screen again, and the list's cursor is on its scenario.
pub(in crate::app) fn end_preview(model: &mut Model) {
    let Some(id) = model.run.as_ref().map(|run| run.spec.scenario.id) else { return };
    let Some(at) = model.catalogue.iter().position(|scenario| scenario.id == id) else { return };
    if id != model.form.scenario.id {
        turn_to(model, at);
    }
    model.list.select(model.catalogue, at);
}

fn turn_to(model: &mut Model, at: usize) {
    leave(model);
    let scenario = &model.catalogue[at];
    let Form { detail, stall_after, .. } = model.form;
    model.form = Form { detail, stall_after, ..Form::new(scenario) };
    if let Some(was) = model.session.visited.iter().find(|settings| settings.id == scenario.id) {
        model.form.values = was.values.clone();
        (model.form.seed, model.form.clock, model.form.workers) = (was.seed, was.clock, was.workers);
        model.form.schedule = was.schedule.clone();
    }
    model.session.schedules.clear();
    model.code.top = 0;
}

/// Remembers the settings of the scenario that was picked until now.
fn leave(model: &mut Model) {
    let form = &model.form;
    let settings = Settings {
        id: form.scenario.id,
        values: form.values.clone(),
        seed: form.seed,
        schedule: form.schedule.clone(),
        clock: form.clock,
        workers: form.workers,
    };
    model.session.visited.retain(|was| was.id != settings.id);
    model.session.visited.push(settings);
}

#[cfg(test)]
mod tests;
