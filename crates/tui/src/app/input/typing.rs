//! Typing: characters, pasted text and editing keys, for the active text field.

use crate::app::form::start;
use crate::app::input::action::TextKey;
use crate::app::input::text_field::{MOST, TextField};
use crate::app::mode::{Mode, Overlay, Wanted};
use crate::app::model::Model;
use crate::app::panes::Pane;
use crate::app::run::predict;

/// Types into the active text field, or starts typing into a numeric field.
pub(in crate::app) fn type_text(model: &mut Model, text: &str) {
    if model.mode == Mode::Browse {
        if model.focus != Pane::Parameters || !model.form.field().takes_digits() {
            return;
        }
        if !model.can_run() {
            return start::refuse_a_run(model);
        }
        model.mode = Mode::Edit(TextField::default());
    }
    if choose(model, text) {
        return;
    }
    // A field has one line, so only the first line of pasted text is used.
    let line = text.trim_start_matches(['\r', '\n']).split(['\r', '\n']).next().unwrap_or_default();
    if !line.chars().filter(|c| !c.is_control()).all(|c| edited(model, |field| field.insert(c))) {
        model.notify(true, format!("only {MOST} bytes fit: the rest was dropped"));
    }
}

/// Moves to the choice with a typed number, if there are choices.
fn choose(model: &mut Model, text: &str) -> bool {
    let Some(count) = predict::choices(model) else { return false };
    let Mode::Overlay(Overlay::Predict { row, .. }) = &mut model.mode else { return false };
    if let Some(chosen) = text.parse::<usize>().ok().and_then(|number| number.checked_sub(1)).filter(|chosen| *chosen < count) {
        *row = chosen;
    }
    true
}

/// Edits the active text field.
pub(in crate::app) fn text_key(model: &mut Model, key: TextKey) {
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

/// Edits the active text field. `change` returns whether it changed anything; if not, nothing else happens.
fn edited(model: &mut Model, change: impl FnOnce(&mut TextField) -> bool) -> bool {
    match &mut model.mode {
        Mode::Overlay(Overlay::Palette { text, row }) => {
            let changed = change(text);
            *row = if changed { 0 } else { *row };
            changed
        }
        Mode::Overlay(Overlay::Predict { text, error, .. }) => {
            *error = None;
            change(text)
        }
        Mode::Prompt(prompt) => {
            let changed = change(&mut prompt.text);
            if changed {
                prompt.error = None;
                if let Wanted::File { overwrite } | Wanted::Export { overwrite } = &mut prompt.what {
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
        Mode::Browse | Mode::Ask(_) | Mode::Overlay(_) => false,
    }
}
