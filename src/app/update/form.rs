//! The form: turn, type, reset. What is valid runs at once.

use scenarios::{Clock, Kind, Param};

use super::notify;
use crate::app::action::TextKey;
use crate::app::effect::Effect;
use crate::app::model::{Field, FieldError, Form, Mode, Model, Overlay, Pane, Wanted};
use crate::app::session::Entry;
use crate::app::text::{MOST, TextField};
use crate::engine::{Spec, SpecError};

/// The workers as a parameter, so that they are typed, turned and refused like one.
const WORKERS: Param = Param::count(
    "workers",
    0,
    (0, Spec::MOST_WORKERS as u64),
    "threads",
    "Worker threads on the real clock; 0 is the current thread.",
);

/// The seed as a parameter.
const SEED: Param = Param::count("seed", 0, (0, u64::MAX), "as a seed", "Where all randomness comes from.");

/// Shows the picked scenario from its start, as if for the first time.
pub(super) fn fresh(model: &mut Model) -> Vec<Effect> {
    start(model, Entry::Fresh)
}

/// Starts what the form describes, if that can be run; if not, says so at the field.
pub(super) fn start(model: &mut Model, entry: Entry) -> Vec<Effect> {
    let spec = spec(model);
    match spec.check() {
        Ok(()) => {
            model.form.error = None;
            model.session.entry = model.session.entry.max(entry);
            vec![Effect::Start(spec)]
        }
        Err(error) => {
            refuse(model, &error);
            Vec::new()
        }
    }
}

/// What the form describes. Only a virtual run that somebody else watches too is paced.
fn spec(model: &Model) -> Spec {
    let paced = model.options.console.is_some() && model.form.clock == Clock::Virtual;
    let pace = paced.then_some(model.session.speed).filter(|speed| speed.is_finite());
    Spec { pace, ..model.form.spec(model.options.limit) }
}

/// Puts the reason at the field that is at fault.
pub(super) fn refuse(model: &mut Model, error: &SpecError) {
    let form = &model.form;
    let at = |field: Field| form.fields().iter().position(|f| *f == field).unwrap_or(form.row);
    let error = match error {
        SpecError::Values(error) => FieldError::from((form, error)),
        SpecError::Clock(reason) | SpecError::Speed(reason) => FieldError { row: at(Field::Clock), reason: reason.clone() },
        SpecError::Workers(reason) => FieldError { row: at(Field::Workers), reason: reason.clone() },
    };
    model.form.error = Some(error);
}

fn field(form: &Form) -> Field {
    let fields = form.fields();
    fields[form.row.min(fields.len() - 1)]
}

/// Turns the field under the cursor, and runs again if that changed it.
pub(super) fn turn(model: &mut Model, steps: i64) -> Vec<Effect> {
    let form = &mut model.form;
    let turned = match field(form) {
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
    };
    if turned { start(model, Entry::Keep) } else { Vec::new() }
}

fn stepped(workers: usize, steps: i64) -> usize {
    match WORKERS.step(scenarios::Value::Number(workers as u64), steps) {
        scenarios::Value::Number(n) => usize::try_from(n).unwrap_or(usize::MAX),
        scenarios::Value::Choice(_) => workers,
    }
}

/// The other clock, if the scenario has it. Workers go and come back with the real one.
pub(super) fn switch_clock(model: &mut Model) -> Vec<Effect> {
    let form = &mut model.form;
    let other = if form.clock == Clock::Virtual { Clock::Real } else { Clock::Virtual };
    if !form.scenario.clocks.contains(&other) {
        let text = format!("{} has no {} clock", form.scenario.id, other.name());
        notify(model, true, text);
        return Vec::new();
    }
    form.clock = other;
    if other == Clock::Virtual {
        model.session.real_workers = std::mem::take(&mut form.workers);
    } else {
        form.workers = model.session.real_workers;
    }
    start(model, Entry::Rewind)
}

/// Starts typing; a choice has nothing to type and turns instead.
pub(super) fn edit(model: &mut Model) -> Vec<Effect> {
    let form = &mut model.form;
    let now = match field(form) {
        Field::Clock | Field::Param(Param { kind: Kind::Choice(_), .. }) => return turn(model, 1),
        Field::Param(param) => form.values.get(param).to_string(),
        Field::Workers => form.workers.to_string(),
        Field::Seed => form.seed.to_string(),
    };
    model.mode = Mode::Edit(TextField::new(now));
    Vec::new()
}

/// Takes what was typed and runs again; what cannot be taken stays, with the reason at its field.
pub(super) fn commit(model: &mut Model) -> Vec<Effect> {
    let Some(text) = model.mode.edited().map(|editing| editing.text().to_owned()) else { return Vec::new() };
    let form = &mut model.form;
    let field = field(form);
    let param = match field {
        Field::Param(param) => param,
        Field::Workers => &WORKERS,
        Field::Seed | Field::Clock => &SEED,
    };
    let value = match param.parse(&text) {
        Ok(value) => value,
        Err(error) => {
            form.error = Some(FieldError { row: form.row, reason: error.reason });
            return Vec::new();
        }
    };
    model.mode = Mode::Browse;
    match (field, value) {
        (Field::Param(param), value) => form.values.set(param, value),
        (Field::Workers, scenarios::Value::Number(n)) => form.workers = usize::try_from(n).unwrap_or(usize::MAX),
        (Field::Seed, scenarios::Value::Number(n)) => form.seed = n,
        _ => {}
    }
    start(model, Entry::Keep)
}

/// Ends typing; the value is the one from before, and so is what is wrong with it, if anything.
pub(super) fn revert(model: &mut Model) {
    model.mode = Mode::Browse;
    model.form.error = None;
    if let Err(error) = spec(model).check() {
        refuse(model, &error);
    }
}

/// Turns the field back to its default, and runs again if that changed it.
pub(super) fn reset(model: &mut Model) -> Vec<Effect> {
    let form = &mut model.form;
    let changed = match field(form) {
        Field::Param(param) => {
            let before = form.values.get(param);
            form.values.set(param, param.default());
            form.values.get(param) != before
        }
        Field::Clock if form.clock == form.scenario.clocks[0] => false,
        Field::Clock => return switch_clock(model),
        Field::Workers => std::mem::take(&mut form.workers) != 0,
        Field::Seed => std::mem::take(&mut form.seed) != 0,
    };
    if changed { start(model, Entry::Keep) } else { Vec::new() }
}

/// Types into the search, into the field, or starts typing into a field that takes numbers.
pub(super) fn type_text(model: &mut Model, text: &str) {
    if model.mode == Mode::Browse {
        if model.focus != Pane::Parameters || !takes_numbers(field(&model.form)) {
            return;
        }
        if model.replay {
            return super::refuse_a_run(model);
        }
        model.mode = Mode::Edit(TextField::default());
    }
    // One line: what a pasted text has behind its first line end is not for this field.
    let line = text.trim_start_matches(['\r', '\n']).split(['\r', '\n']).next().unwrap_or_default();
    if !line.chars().filter(|c| !c.is_control()).all(|c| edited(model, |field| field.insert(c))) {
        notify(model, true, format!("a line takes {MOST} bytes: the rest was left out"));
    }
}

fn takes_numbers(field: Field) -> bool {
    !matches!(field, Field::Clock | Field::Param(Param { kind: Kind::Choice(_), .. }))
}

/// Edits the text that is typed.
pub(super) fn text_key(model: &mut Model, key: TextKey) {
    edited(model, |field| {
        match key {
            TextKey::Backspace => field.backspace(),
            TextKey::Delete => field.delete(),
            TextKey::Left => field.left(),
            TextKey::Right => field.right(),
            TextKey::Home => field.home(),
            TextKey::End => field.end(),
            TextKey::Clear => field.clear(),
        }
        true
    });
}

/// Edits the text that is typed. `change` says whether it did something; if not, nothing else is done either.
fn edited(model: &mut Model, change: impl FnOnce(&mut TextField) -> bool) -> bool {
    match &mut model.mode {
        Mode::Overlay(Overlay::Palette { text, row }) => {
            let changed = change(text);
            *row = if changed { 0 } else { *row };
            changed
        }
        Mode::Prompt(prompt) => {
            let changed = change(&mut prompt.text);
            if changed {
                prompt.error = None;
                if let Wanted::File { overwrite } = &mut prompt.what {
                    *overwrite = false;
                }
            }
            changed
        }
        Mode::Search => {
            let changed = change(&mut model.list.search);
            model.list.row = if changed { 0 } else { model.list.row };
            changed
        }
        Mode::Edit(text) => change(text),
        Mode::Browse | Mode::Overlay(_) => false,
    }
}
