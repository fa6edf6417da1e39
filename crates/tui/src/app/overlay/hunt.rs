//! The hunt: search seeds and schedules for a run that goes wrong, and open what was found.

use scenario::Clock;

use crate::app::effect::Effect;
use crate::app::form::start;
use crate::app::mode::{Mode, Overlay};
use crate::app::model::Model;
use crate::app::overlay::hunted::HuntView;
use crate::app::session::Entry;
use engine::Spec;
use engine::hunt::{Found, Hunt, Progress};

/// Opens the last hunt, if it was for the form's settings; otherwise, or if it is open, starts a new one.
pub(in crate::app) fn hunt(model: &mut Model) -> Vec<Effect> {
    if !model.can_run() {
        start::refuse_a_run(model);
        return Vec::new();
    }
    if model.sketch.as_ref().is_some_and(|sketch| sketch.id == model.form.scenario.id) {
        model.notify(true, "a sketch runs in its own process, where it cannot be hunted from here: use cargo run -- --hunt");
        return Vec::new();
    }
    let is_open = matches!(model.mode, Mode::Overlay(Overlay::Hunt { .. }));
    let spec = Spec { clock: Clock::Virtual, workers: 0, pace: None, ..model.form.spec(model.options.limit) };
    let hunt = Hunt { all: true, ..Hunt::new(Spec { schedule: engine::Schedule::default(), ..spec }) };
    if let Err(error) = hunt.check() {
        model.notify(true, format!("nothing to hunt: {error}"));
        return Vec::new();
    }
    model.mode = Mode::Overlay(Overlay::Hunt { row: 0 });
    if !is_open && model.hunt.as_ref().is_some_and(|last| last.spec.share() == hunt.spec.share()) {
        return Vec::new();
    }
    model.hunt = Some(HuntView { spec: hunt.spec.clone(), progress: Progress::default(), found: Vec::new(), over: false });
    vec![Effect::Hunt(Box::new(hunt))]
}

/// Takes in what a hunt has done. Returns whether the screen shows it.
pub fn progressed(model: &mut Model, progress: Progress, found: Vec<Found>, over: bool) -> bool {
    let Some(view) = &mut model.hunt else { return false };
    (view.progress, view.found, view.over) = (progress, found, over);
    matches!(model.mode, Mode::Overlay(Overlay::Hunt { .. }))
}

/// Closes the overlay, and stops the hunt.
pub(in crate::app) fn close(model: &mut Model) -> Vec<Effect> {
    model.mode = Mode::Browse;
    vec![Effect::EndHunt]
}

/// The index of the last row.
pub(in crate::app) fn last_row(model: &Model) -> usize {
    model.hunt.as_ref().map_or(0, |hunt| hunt.found.len()).saturating_sub(1)
}

/// Opens the selected run where it goes wrong, and stops the hunt.
pub(in crate::app) fn open(model: &mut Model) -> Vec<Effect> {
    let Mode::Overlay(Overlay::Hunt { row }) = model.mode else { return Vec::new() };
    let Some(found) = model.hunt.as_ref().and_then(|hunt| hunt.found.get(row.min(hunt.found.len().saturating_sub(1)))) else {
        return Vec::new();
    };
    let (spec, at_ns, what) = (found.spec.clone(), found.at_ns, found.what.clone());
    let mut effects = close(model);
    let form = &mut model.form;
    (form.values, form.seed, form.schedule) = (spec.values, spec.seed, spec.schedule);
    (form.clock, form.workers) = (Clock::Virtual, 0);
    model.session.schedules.clear();
    model.session.go_to_ns = Some(at_ns);
    effects.extend(start::start(model, Entry::Rewind));
    model.notify(false, what);
    effects
}

#[cfg(test)]
mod tests;
