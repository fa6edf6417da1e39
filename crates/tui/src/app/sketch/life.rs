//! A sketch's life on screen: opened, built again at each save, broken and mended.
//!
//! It is an entry of the list, before those of the catalogue. A new build takes the place of the entry, and its values are those
//! of the form, as far as they are still valid.

use std::path::PathBuf;

use engine::Spec;
use engine::sketch::{Exit, Problem, Spot};
use scenario::{Group, Scenario, Values};

use super::shown::is_shown;
use super::view::{Building, SketchView, Trouble};
use crate::app::effect::{Effect, SourceLine};
use crate::app::form::fields::Form;
use crate::app::form::start;
use crate::app::model::Model;
use crate::app::panes::{CodeTab, Pane};
use crate::app::session::Entry;
use crate::source;
use crate::text;

/// Puts a sketch into the list that is not built yet.
pub fn opened(model: &mut Model, folder: PathBuf) {
    // A playground is named after the service that it is for.
    let named = folder.parent().filter(|_| folder.ends_with("playground")).unwrap_or(&folder);
    let name = named.file_name().map(|name| text::name(&name.to_string_lossy()).into_owned()).unwrap_or_default();
    let id = source::keep(format!("{name}/")).unwrap_or("sketch/");
    let blank = Scenario { id, title: id, group: Group::Sketches, lesson: "It is being built.", ..Scenario::DEFAULTS };
    if model.sketch.take().is_some() {
        model.catalogue = &model.catalogue[1..];
    }
    model.sketch = Some(SketchView::new(id, folder));
    list(model, &blank);
}

/// Puts the sketch before the catalogue. The cursor of the list stays on its scenario.
fn list(model: &mut Model, sketch: &Scenario) {
    let is_there = model.catalogue.first().is_some_and(|first| first.id == sketch.id);
    let rest = if is_there { &model.catalogue[1..] } else { model.catalogue };
    let at = model.list.selected(model.catalogue).map(|at| model.catalogue[at].id);
    let all: Vec<Scenario> = std::iter::once(*sketch).chain(rest.iter().copied()).collect();
    model.catalogue = Box::leak(all.into_boxed_slice());
    let at = at.and_then(|id| model.catalogue.iter().position(|scenario| scenario.id == id));
    model.list.select(model.catalogue, at.unwrap_or(0));
}

/// A build has begun, or has gone on.
pub fn building(model: &mut Model, building: Building) {
    if let Some(sketch) = &mut model.sketch {
        sketch.building = Some(building);
    }
}

/// The build has failed. What was on screen stays.
pub fn broken(model: &mut Model, mut problems: Vec<Problem>) {
    for problem in &mut problems {
        problem.text = text::message(&problem.text);
    }
    let told = format!("{} does not build: {}", sketch_id(model), count(problems.len()));
    if let Some(sketch) = &mut model.sketch {
        sketch.row = sketch.row.min(problems.len().saturating_sub(1));
        (sketch.building, sketch.trouble) = (None, Trouble::Broken(problems));
    }
    if !is_shown(model) {
        model.notify(true, told);
    }
}

/// The process has ended by itself.
pub fn ended(model: &mut Model, exit: &Exit) {
    let output = exit.output.iter().map(|line| text::message(line)).collect();
    let exit = Exit { how: text::message(&exit.how), output };
    let told = format!("{} {}", sketch_id(model), exit.how);
    if let Some(sketch) = &mut model.sketch {
        (sketch.building, sketch.trouble) = (None, Trouble::Ended(exit));
    }
    if !is_shown(model) {
        model.notify(true, told);
    }
}

/// It was built. Returns the effects that put its run on screen, if it is what the screen shows.
pub fn ready(model: &mut Model, built: &Scenario) -> Vec<Effect> {
    let Some(sketch) = &mut model.sketch else { return Vec::new() };
    let first = !sketch.built;
    *sketch = SketchView { building: None, built: true, ..SketchView::new(sketch.id, sketch.folder.clone()) };
    let id = sketch.id;
    list(model, &Scenario { id, group: Group::Sketches, ..*built });
    let scenario = &model.catalogue[0];
    if model.form.scenario.id != id {
        model.notify(false, format!("{id} is built"));
        return Vec::new();
    }
    model.form = carried(&model.form, scenario);
    start::start(model, if first { Entry::Fresh } else { Entry::Keep })
}

/// A run was started, so what ended the last one is over.
pub fn started(model: &mut Model, spec: &Spec) {
    if let Some(sketch) = &mut model.sketch
        && sketch.id == spec.scenario.id
        && matches!(sketch.trouble, Trouble::Ended(_))
    {
        sketch.trouble = Trouble::None;
    }
}

/// The form of another version of a scenario, with the values that it still has.
fn carried(old: &Form, scenario: &'static Scenario) -> Form {
    let usual = Spec::new(scenario);
    let mut values = Values::defaults(scenario.params);
    for (was, value) in old.values.iter() {
        let same = scenario.param(was.name).and_then(|param| Some((param, param.parse(&value.to_string()).ok()?)));
        // A default that was changed in the source is what the user wants to see.
        if let Some((param, value)) = same.filter(|_| value != was.default()) {
            values.set(param, value);
        }
    }
    let clock = if scenario.clocks.contains(&old.clock) { old.clock } else { usual.clock };
    let row = old.row;
    let Form { seed, workers, detail, stall_after, .. } = *old;
    let form = Form { values, seed, clock, workers, detail, stall_after, schedule: old.schedule.clone(), ..Form::new(scenario) };
    Form { row: row.min(form.fields().len() - 1), ..form }
}

/// Shows the sketch instead of the scenario that it was made from, whose values it takes.
pub fn take_over(model: &mut Model) {
    let Some(sketch) = &model.sketch else { return };
    // Until it is built, it looks like its origin.
    list(model, &Scenario { id: sketch.id, group: Group::Sketches, ..*model.form.scenario });
    model.form.scenario = &model.catalogue[0];
    model.list.clear_search(model.catalogue);
    model.list.select(model.catalogue, 0);
    model.code.show(CodeTab::Rust);
    model.focus_on(Pane::Timeline);
}

/// Picks the sketch, which is not built yet.
pub fn select(model: &mut Model) {
    model.list.clear_search(model.catalogue);
    model.list.select(model.catalogue, 0);
    model.form = Form::new(&model.catalogue[0]);
    model.code.show(CodeTab::Rust);
}

/// Opens the place of the problem under the cursor in the editor.
pub(in crate::app) fn open_problem(model: &mut Model) -> Vec<Effect> {
    let place = model.sketch.as_ref().and_then(|sketch| sketch.problem()?.place.clone());
    let Some(Spot { file, line, .. }) = place else {
        model.notify(false, "this problem has no place in a file");
        return Vec::new();
    };
    vec![Effect::OpenEditor(SourceLine { file, line, text: None })]
}

fn sketch_id(model: &Model) -> &'static str {
    model.sketch.as_ref().map_or("", |sketch| sketch.id)
}

fn count(problems: usize) -> String {
    if problems == 1 { "1 error".to_owned() } else { format!("{problems} errors") }
}

#[cfg(test)]
mod tests;
