//! The sweep: a figure over the values of the parameter under the cursor, and the run at any of them.

use scenario::{Clock, Param};

use crate::app::effect::Effect;
use crate::app::form::fields::Field;
use crate::app::form::start;
use crate::app::mode::{Mode, Overlay};
use crate::app::model::Model;
use crate::app::overlay::swept::SweepView;
use crate::app::session::Entry;
use engine::Spec;
use engine::sweep::{self, Point, Sweep};

/// How many seeds each value runs with on the virtual clock.
const SEEDS: u64 = 5;

/// If the run on screen has more tasks, each value runs with one seed only.
const LARGE: usize = 20_000;

/// Opens the last sweep, if it was for the form's settings; otherwise, or if it is open, starts a new one.
pub(in crate::app) fn sweep(model: &mut Model) -> Vec<Effect> {
    if !model.can_run() {
        start::refuse_a_run(model);
        return Vec::new();
    }
    if model.sketch.as_ref().is_some_and(|sketch| sketch.id == model.form.scenario.id) {
        model.notify(true, "a sketch runs in its own process, where it cannot be swept");
        return Vec::new();
    }
    let Some(param) = parameter(model) else {
        model.notify(true, format!("{} has no parameter to sweep", model.form.scenario.id));
        return Vec::new();
    };
    let form = &model.form;
    let spec = Spec { workers: form.workers, pace: None, ..form.spec(model.options.limit) };
    let spec = if spec.clock == Clock::Virtual { Spec { workers: 0, ..spec } } else { spec };
    let now = spec.values.get(param);
    let is_large = model.run.as_ref().is_some_and(|run| run.trace.tasks.len() > LARGE);
    let last = if spec.clock == Clock::Virtual && !is_large { spec.seed.saturating_add(SEEDS - 1) } else { spec.seed };
    let sweep = Sweep { seeds: spec.seed..=last, values: sweep::around(param, now), spec, param };
    if let Err(error) = sweep.check() {
        model.notify(true, format!("nothing to sweep: {error}"));
        return Vec::new();
    }
    let at = sweep.values.iter().position(|value| *value == now).unwrap_or(0);
    let is_open = matches!(model.mode, Mode::Overlay(Overlay::Sweep { .. }));
    model.mode = Mode::Overlay(Overlay::Sweep { at });
    if !is_open && model.sweep.as_ref().is_some_and(|last| last.over && is_same(&last.sweep, &sweep)) {
        return Vec::new();
    }
    model.sweep = Some(SweepView { sweep: sweep.clone(), points: Vec::new(), over: false, figure: None });
    vec![Effect::Sweep(Box::new(sweep))]
}

/// The parameter under the cursor of the form, or else the first.
fn parameter(model: &Model) -> Option<&'static Param> {
    match model.form.field() {
        Field::Param(param) => Some(param),
        _ => model.form.scenario.params.first(),
    }
}

fn is_same(one: &Sweep, other: &Sweep) -> bool {
    (one.param, &one.seeds, one.spec.share()) == (other.param, &other.seeds, other.spec.share())
}

/// Takes in the runs of a sweep. Returns whether the screen shows them.
pub fn progressed(model: &mut Model, points: Vec<Point>, over: bool) -> bool {
    let Some(view) = &mut model.sweep else { return false };
    (view.points, view.over) = (points, over);
    matches!(model.mode, Mode::Overlay(Overlay::Sweep { .. }))
}

/// Closes the overlay, and stops the sweep.
pub(in crate::app) fn close(model: &mut Model) -> Vec<Effect> {
    model.mode = Mode::Browse;
    vec![Effect::EndSweep]
}

/// Moves to another value.
pub(in crate::app) fn turn(model: &mut Model, steps: i64) {
    let last = model.sweep.as_ref().map_or(0, |view| view.sweep.values.len()).saturating_sub(1);
    if let Mode::Overlay(Overlay::Sweep { at }) = &mut model.mode {
        *at = at.saturating_add_signed(steps as isize).min(last);
    }
}

/// Shows another figure: the next or the previous one, round and round.
pub(in crate::app) fn choose(model: &mut Model, by: i64) {
    if let Some(view) = &mut model.sweep {
        let count = view.figures().len().max(1) as i64;
        view.figure = Some((view.shown() as i64 + by.signum()).rem_euclid(count) as usize);
    }
}

/// Opens the run with the value under the cursor, and stops the sweep.
pub(in crate::app) fn open(model: &mut Model) -> Vec<Effect> {
    let Mode::Overlay(Overlay::Sweep { at }) = model.mode else { return Vec::new() };
    let Some(view) = &model.sweep else { return Vec::new() };
    let Some(value) = view.sweep.values.get(at).copied() else { return Vec::new() };
    let (param, values, seed) = (view.sweep.param, view.sweep.spec.values.clone(), *view.sweep.seeds.start());
    let mut effects = close(model);
    (model.form.values, model.form.seed) = (values, seed);
    model.form.values.set(param, value);
    effects.extend(start::start(model, Entry::Rewind));
    effects
}

#[cfg(test)]
mod tests;
