//! Makes any scenario the user's own: asks for a folder, in which the shell puts a crate with the scenario's source.

use std::env;
use std::path::PathBuf;

use crate::app::effect::Effect;
use crate::app::input::text_field::TextField;
use crate::app::mode::{Mode, Prompt, Wanted};
use crate::app::model::Model;

/// Asks for the folder.
pub(in crate::app) fn ask(model: &mut Model) {
    if !model.can_run() {
        let what = if model.replay { "a recording" } else { "a program" };
        return model.notify(true, format!("{what} has no source to make your own"));
    }
    let scenario = model.form.scenario;
    if model.sketch.as_ref().is_some_and(|sketch| sketch.id == scenario.id) {
        return model.notify(false, "this is your own already");
    }
    let text = TextField::new(format!("./{}", scenario.id));
    model.mode = Mode::Prompt(Prompt { what: Wanted::Folder, text, error: None });
}

/// Puts the scenario into the typed folder.
pub(in crate::app) fn make(model: &mut Model) -> Vec<Effect> {
    let Mode::Prompt(Prompt { what: Wanted::Folder, text, error }) = &mut model.mode else { return Vec::new() };
    let name = text.text().trim();
    if name.is_empty() {
        *error = Some("enter the name of a folder".into());
        return Vec::new();
    }
    let folder = match (name.strip_prefix("~/"), env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(name),
    };
    vec![Effect::MakeOwn { scenario: model.form.scenario, folder }]
}

/// It was not made: the reason. The prompt stays open, so that the typed name survives.
pub fn refused(model: &mut Model, reason: String) {
    match model.mode.prompt_mut() {
        Some(prompt) => prompt.error = Some(reason),
        None => model.notify(true, reason),
    }
}

/// It was made.
pub fn made(model: &mut Model) {
    if model.mode.prompt().is_some() {
        model.mode = Mode::Browse;
    }
}
