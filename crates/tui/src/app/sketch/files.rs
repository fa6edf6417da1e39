//! The source files of a sketch besides that of its scenario.
//!
//! The trace names files; the shell reads those of the sketch when a task first waits in them, and forgets them at the next build.

use std::sync::Arc;

use trace::Names;

use super::shown::is_shown;
use crate::app::model::Model;
use crate::app::programs::source;

/// The most files that are read.
const MOST: usize = 256;

/// The file and the line that the code pane shows instead of the scenario: where the selected task waits or was spawned, or where
/// tasks waited longest.
pub fn shown(model: &Model) -> Option<(&'static str, Arc<str>, u32)> {
    let sketch = model.sketch.as_ref().filter(|_| is_shown(model))?;
    let (file, line) = source::shown(model).filter(|(file, _)| **file != *model.form.scenario.path)?;
    let text = sketch.files.get(&file).copied().flatten()?;
    Some((text, file, line))
}

/// The files to read now. Each is asked for once.
pub fn wanted(model: &mut Model) -> Vec<Arc<str>> {
    if !is_shown(model) {
        return Vec::new();
    }
    let open = source::shown(model).map(|(file, _)| file);
    let (Some(run), Some(sketch)) = (&model.run, &mut model.sketch) else { return Vec::new() };
    if run.spec.scenario.id != sketch.id {
        return Vec::new();
    }
    // A new run has a new trace.
    let from = if run.trace.sites() < sketch.sites { 0 } else { sketch.sites };
    sketch.sites = run.trace.sites();
    let places = (from..sketch.sites).flat_map(|site| run.trace.site(site).chain().map(|frame| &frame.place.file)).cloned();
    let mut files = Vec::new();
    for file in places.chain(open) {
        if *file != *run.spec.scenario.path && sketch.files.len() < MOST && !sketch.files.contains_key(&file) {
            sketch.files.insert(file.clone(), None);
            files.push(file);
        }
    }
    files
}

/// A file was read.
pub fn read(model: &mut Model, file: Arc<str>, text: &'static str, names: Arc<Names>) {
    if let Some(sketch) = &mut model.sketch {
        sketch.files.insert(file, Some(text));
        sketch.names.push(names);
    }
}

/// Gives a trace the names in the files that were read.
pub fn name(model: &mut Model) {
    let (Some(run), Some(sketch)) = (&mut model.run, &model.sketch) else { return };
    if run.spec.scenario.id != sketch.id {
        return;
    }
    for names in &sketch.names {
        if !run.trace.names().iter().any(|known| Arc::ptr_eq(known, names)) {
            run.trace.add_names(names.clone());
        }
    }
}
