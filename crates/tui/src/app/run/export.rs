//! Exporting the run on screen as a page, a picture, a trace, a film or JSON.
//!
//! One prompt asks for the form and the file: the ending of the file's name says the form. The shell writes the file, and the
//! prompt stays open until the result is known.

use std::path::Path;

use crate::app::effect::Effect;
use crate::app::input::text_field::TextField;
use crate::app::mode::{Mode, Prompt, Wanted};
use crate::app::model::Model;
use crate::app::run::save::at_home;
use engine::SaveError;
use export::Format;

/// The most characters of a proposed name, without its ending.
const NAME: usize = 40;

/// Opens the prompt for the form and the file.
pub(in crate::app) fn ask(model: &mut Model) {
    if model.run.is_none() {
        return model.notify(false, model.no_run());
    }
    let name = format!("{}.{}", name(model), Format::Html.ending());
    model.mode = Mode::Prompt(Prompt { what: Wanted::Export { overwrite: false }, text: TextField::new(name), error: None });
}

/// A name for the file: of the scenario and its seed, or of the program. What a shell could take for something else is left out.
fn name(model: &Model) -> String {
    let program = model.programs.as_ref().and_then(|programs| programs.current.as_ref());
    let spec = model.run.as_ref().map(|run| &run.spec);
    let name = match (program, spec) {
        (Some(current), _) => current.program.name.clone(),
        (None, Some(spec)) => format!("{}-{}", spec.scenario.id, spec.seed),
        (None, None) => String::new(),
    };
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = name.chars().take(NAME).map(plain).collect();
    if name.is_empty() { "run".to_owned() } else { name }
}

/// Changes the ending of the typed name to the next form's.
pub(in crate::app) fn next_format(model: &mut Model) {
    let Mode::Prompt(Prompt { what: Wanted::Export { overwrite }, text, error }) = &mut model.mode else { return };
    let typed = Path::new(text.text());
    let next = Format::of(typed).map_or(Format::Html, Format::next);
    let stem = if Format::of(typed).is_some() { typed.with_extension("") } else { typed.to_owned() };
    *text = TextField::new(format!("{}.{}", stem.display(), next.ending()));
    (*overwrite, *error) = (false, None);
}

/// Exports the run to the typed file.
pub(in crate::app) fn export(model: &mut Model) -> Vec<Effect> {
    let Mode::Prompt(Prompt { what: Wanted::Export { overwrite }, text, error }) = &mut model.mode else { return Vec::new() };
    let path = at_home(text.text().trim(), std::env::home_dir());
    let Some(format) = Format::of(&path) else {
        let endings = Format::ALL.map(|form| format!(".{}", form.ending())).join(" ");
        *error = Some(format!("end the name with one of {endings}"));
        return Vec::new();
    };
    vec![Effect::Export { path, format, force: *overwrite }]
}

/// The file was written; its path has been copied.
pub fn exported(model: &mut Model, format: Format, path: &Path) {
    if model.mode.prompt().is_some() {
        model.mode = Mode::Browse;
    }
    let part = if model.run.as_ref().is_some_and(|run| run.trace.closed) { "" } else { ", up to now" };
    model.notify(false, format!("{}{part}, path copied: {}", format.what(), path.display()));
}

/// The file was not written.
pub fn not_exported(model: &mut Model, fault: &SaveError) {
    let Some(prompt) = model.mode.prompt_mut() else { return };
    prompt.error = Some(match fault {
        SaveError::Exists => {
            prompt.what = Wanted::Export { overwrite: true };
            "file exists: Enter again overwrites it".into()
        }
        other => other.to_string(),
    });
}

#[cfg(test)]
mod tests;
