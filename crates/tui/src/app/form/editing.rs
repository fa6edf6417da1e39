//! Changing a field: stepping through values, typing, resetting to the default. A valid value starts a run at once.

use scenario::{Clock, Kind, Param, Value};

use crate::app::effect::Effect;
use crate::app::form::fields::{Field, FieldError};
use crate::app::form::start;
use crate::app::input::text_field::TextField;
use crate::app::mode::Mode;
use crate::app::model::Model;
use crate::app::session::Entry;
use engine::{Schedule, Spec};

/// The workers as a parameter, so that they are stepped, typed and validated like one.
const WORKERS: Param = Param::count(
    "workers",
    0,
    (0, Spec::MOST_WORKERS as u64),
    "threads",
    "Worker threads on the real clock; 0 = current-thread.",
);

/// The seed as a parameter.
const SEED: Param = Param::count("seed", 0, (0, u64::MAX), "as a seed", "Random seed.");

/// Steps the field under the cursor to another value, and runs again if it changed.
pub(in crate::app) fn turn(model: &mut Model, steps: i64) -> Vec<Effect> {
    let form = &mut model.form;
    let turned = match form.field() {
        Field::Param(param) => {
            let before = form.values.get(param);
            form.values.set(param, param.step(before, steps));
            form.values.get(param) != before
        }
        Field::Clock => return switch_clock(model),
        Field::Workers => {
            let before = form.workers;
            form.workers = stepped(form.workers, steps);
            form.workers != before
        }
        Field::Seed => {
            form.seed = form.seed.wrapping_add_signed(steps);
            true
        }
        Field::Schedule => {
            if form.clock == Clock::Real {
                return no_schedule(model);
            }
            let number = if let Schedule::Number(number) = form.schedule { number } else { 0 };
            form.schedule = Schedule::Number(number.wrapping_add_signed(steps));
            true
        }
    };
    if turned { start::start(model, Entry::Keep) } else { Vec::new() }
}

/// Gives the parameter of a row another choice, and runs again if that changed it.
pub(in crate::app) fn choose(model: &mut Model, row: usize, value: Value) -> Vec<Effect> {
    let form = &mut model.form;
    let Some(Field::Param(param)) = form.fields().get(row).copied() else { return Vec::new() };
    form.row = row;
    if form.values.get(param) == value {
        let text = format!("{} is already {value}", param.name);
        model.notify(false, text);
        return Vec::new();
    }
    form.values.set(param, value);
    start::start(model, Entry::Keep)
}

fn stepped(workers: usize, steps: i64) -> usize {
    match WORKERS.step(scenario::Value::Number(workers as u64), steps) {
        scenario::Value::Number(n) => usize::try_from(n).unwrap_or(usize::MAX),
        scenario::Value::Choice(_) => workers,
    }
}

/// Switches to the other clock, if the scenario supports it. The worker count belongs to the real clock and is
/// restored with it.
pub(in crate::app) fn switch_clock(model: &mut Model) -> Vec<Effect> {
    let form = &mut model.form;
    let other = if form.clock == Clock::Virtual { Clock::Real } else { Clock::Virtual };
    if !form.scenario.clocks.contains(&other) {
        let text = format!("{} has no {} clock", form.scenario.id, other.name());
        model.notify(true, text);
        return Vec::new();
    }
    form.clock = other;
    if other == Clock::Virtual {
        model.session.real_workers = std::mem::take(&mut form.workers);
    } else {
        form.workers = model.session.real_workers;
    }
    start::start(model, Entry::Rewind)
}

/// Starts typing. A choice cannot be typed, so it steps to the next value instead.
pub(in crate::app) fn edit(model: &mut Model) -> Vec<Effect> {
    let form = &mut model.form;
    let now = match form.field() {
        Field::Clock | Field::Param(Param { kind: Kind::Choice(_), .. }) => return turn(model, 1),
        Field::Param(param) => form.values.get(param).to_string(),
        Field::Workers => form.workers.to_string(),
        Field::Seed => form.seed.to_string(),
        Field::Schedule if form.clock == Clock::Real => return no_schedule(model),
        Field::Schedule => form.schedule.to_string(),
    };
    model.mode = Mode::Edit(TextField::new(now));
    Vec::new()
}

/// Commits the typed value and runs again. An invalid value stays in its field, with the reason.
pub(in crate::app) fn commit(model: &mut Model) -> Vec<Effect> {
    let Some(text) = model.mode.edited().map(|editing| editing.text().to_owned()) else { return Vec::new() };
    let form = &mut model.form;
    let field = form.field();
    if field == Field::Schedule {
        return commit_schedule(model, &text);
    }
    let param = match field {
        Field::Param(param) => param,
        Field::Workers => &WORKERS,
        Field::Seed | Field::Clock | Field::Schedule => &SEED,
    };
    let value = match param.parse(&text) {
        Ok(value) => value,
        Err(error) => {
            form.error = Some(FieldError { row: form.row, reason: error.reason });
            return Vec::new();
        }
    };
    model.mode = Mode::Browse;
    let before = (form.values.clone(), form.workers, form.seed);
    match (field, value) {
        (Field::Param(param), value) => form.values.set(param, value),
        (Field::Workers, scenario::Value::Number(n)) => form.workers = usize::try_from(n).unwrap_or(usize::MAX),
        (Field::Seed, scenario::Value::Number(n)) => form.seed = n,
        _ => {}
    }
    let changed = before != (form.values.clone(), form.workers, form.seed);
    if changed || form.error.is_some() { start::start(model, Entry::Keep) } else { Vec::new() }
}

/// Commits the typed schedule, like any value.
fn commit_schedule(model: &mut Model, text: &str) -> Vec<Effect> {
    let form = &mut model.form;
    match text.parse() {
        Ok(schedule) => {
            model.mode = Mode::Browse;
            let changed = std::mem::replace(&mut form.schedule, schedule) != form.schedule;
            if changed || form.error.is_some() { start::start(model, Entry::Keep) } else { Vec::new() }
        }
        Err(error) => {
            form.error = Some(FieldError { row: form.row, reason: error.to_string() });
            Vec::new()
        }
    }
}

/// Explains why the real clock has no schedule.
fn no_schedule(model: &mut Model) -> Vec<Effect> {
    model.notify(true, "a schedule decides only on the virtual clock: switch the clock first");
    Vec::new()
}

/// Stops typing and restores the previous value, with its error if it had one.
pub(in crate::app) fn revert(model: &mut Model) {
    model.mode = Mode::Browse;
    model.form.error = None;
    if let Err(error) = start::spec(model).check() {
        start::refuse(model, &error);
    }
}

/// Resets the field to its default, and runs again if it changed.
pub(in crate::app) fn reset(model: &mut Model) -> Vec<Effect> {
    let form = &mut model.form;
    let changed = match form.field() {
        Field::Param(param) => {
            let before = form.values.get(param);
            form.values.set(param, param.default());
            form.values.get(param) != before
        }
        Field::Clock if form.clock == form.scenario.clocks[0] => false,
        Field::Clock => return switch_clock(model),
        Field::Workers => std::mem::take(&mut form.workers) != 0,
        Field::Seed => std::mem::take(&mut form.seed) != 0,
        Field::Schedule => std::mem::take(&mut form.schedule) != Schedule::default(),
    };
    if changed { start::start(model, Entry::Keep) } else { Vec::new() }
}

#[cfg(test)]
mod tests;
