//! Saving the recording of the run on screen.
//!
//! The shell writes the file. The prompt stays open until the result is known, so that the typed name survives an
//! error.

use std::path::{Path, PathBuf};

use crate::app::effect::Effect;
use crate::app::input::text_field::TextField;
use crate::app::mode::{Mode, Prompt, Wanted};
use crate::app::model::Model;
use engine::SaveError;
use scenario::Group;

/// Opens the prompt for the file name.
pub(in crate::app) fn ask(model: &mut Model) {
    let Some(run) = model.run.as_ref().filter(|_| !model.replay) else {
        let why = if model.replay { "this run is already a recording" } else { "no run to save" };
        model.notify(model.replay, why);
        return;
    };
    if run.spec.scenario.group == Group::Sketches {
        return model.notify(false, "the run of a sketch cannot be saved: its code may be another one at the next save");
    }
    let name = format!("{}-{}.rec", run.spec.scenario.id, run.spec.seed);
    model.mode = Mode::Prompt(Prompt { what: Wanted::File { overwrite: false }, text: TextField::new(name), error: None });
}

/// Saves the recording in the typed file.
pub(in crate::app) fn save(model: &mut Model) -> Vec<Effect> {
    let Mode::Prompt(Prompt { what: Wanted::File { overwrite }, text, error }) = &mut model.mode else { return Vec::new() };
    let name = text.text().trim();
    if name.is_empty() {
        *error = Some("enter a file name".into());
        return Vec::new();
    }
    vec![Effect::Save { path: at_home(name, std::env::home_dir()), force: *overwrite }]
}

/// Expands `~/` to the home folder, as a shell does.
pub(super) fn at_home(name: &str, home: Option<PathBuf>) -> PathBuf {
    match (name.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => name.into(),
    }
}

/// The recording was saved.
pub fn saved(model: &mut Model, path: &Path) {
    if model.mode.prompt().is_some() {
        model.mode = Mode::Browse;
    }
    let part = if model.run.as_ref().is_some_and(|run| run.trace.closed) { "" } else { ", up to now" };
    model.notify(false, format!("saved{part}: async-playground replay {}", path.display()));
}

/// The recording was not saved, or not completely.
pub fn unsaved(model: &mut Model, fault: &SaveError) {
    let Some(prompt) = model.mode.prompt_mut() else { return };
    prompt.error = Some(match fault {
        SaveError::Exists => {
            prompt.what = Wanted::File { overwrite: true };
            "file exists: Enter again overwrites it".into()
        }
        other => other.to_string(),
    });
}

#[cfg(test)]
mod tests;
