//! Whether the sketch is what the screen shows, and what follows from that.

use std::path::Path;

use crate::app::model::Model;

/// Whether the sketch is on screen, or what the form describes.
pub fn is_shown(model: &Model) -> bool {
    let shown = model.run.as_ref().map_or(model.form.scenario.id, |run| run.spec.scenario.id);
    model.sketch.as_ref().is_some_and(|sketch| sketch.id == shown || sketch.id == model.form.scenario.id)
}

/// Whether errors of the compiler are in the place of the lanes.
pub fn shows_problems(model: &Model) -> bool {
    is_shown(model) && model.sketch.as_ref().is_some_and(|sketch| !sketch.problems().is_empty())
}

/// The folder of the sketch on screen, if this file is in it.
pub fn folder_of<'a>(model: &'a Model, file: &str) -> Option<&'a Path> {
    let sketch = model.sketch.as_ref().filter(|_| is_shown(model))?;
    sketch.folder.join(file).is_file().then_some(&sketch.folder)
}

/// The command that repeats a run with this share line, and the command that shows it on the screen. A sketch is run by cargo, in
/// its folder.
pub fn share(model: &Model, line: &str) -> [String; 2] {
    let sketch = model.sketch.as_ref().filter(|_| is_shown(model));
    let Some(flags) = line.strip_prefix("async-playground run ") else { return [line.to_owned(), line.to_owned()] };
    match sketch.and_then(|sketch| Some((sketch, flags.strip_prefix(sketch.id)?))) {
        Some((sketch, rest)) => {
            let folder = quoted(&sketch.folder.to_string_lossy());
            [format!("cd {folder} && cargo run --{rest}"), format!("async-playground open {folder}")]
        }
        None => [line.to_owned(), format!("async-playground {flags}")],
    }
}

/// A path as a shell takes it for one word.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+~".contains(c);
    if path.chars().all(plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', "'\\''")) }
}
