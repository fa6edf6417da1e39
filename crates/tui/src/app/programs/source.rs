//! Which of the program's source files are on screen, and which are still to be read.
//!
//! The trace names files; the shell reads them on another thread. A file is asked for once, when a task first waits in it.

use std::sync::Arc;

use trace::{TaskIx, Trace};

use super::view::Source;
use crate::app::model::Model;

/// The most source files of one program that are read.
const MOST_FILES: usize = 512;

/// The file and the line that the code pane shows: where the selected task waits at the cursor or was spawned; without a
/// selection, where tasks waited longest.
pub fn shown(model: &Model) -> Option<(Arc<str>, u32)> {
    let run = model.run.as_ref()?;
    let (trace, at_ns) = (&run.trace, run.cursor.at_ns);
    let selected = model.timeline.selected.and_then(|task| waits(trace, task, at_ns).or_else(|| spawned(trace, task)));
    selected.or_else(|| busiest(trace))
}

fn waits(trace: &Trace, task: TaskIx, at_ns: u64) -> Option<(Arc<str>, u32)> {
    let leaf = *trace.leaves_at(task, at_ns).first()?;
    let place = trace.site(leaf.site).place.as_ref()?;
    Some((place.file.clone(), place.line))
}

fn spawned(trace: &Trace, task: TaskIx) -> Option<(Arc<str>, u32)> {
    let call = trace.tasks.get(task as usize)?.spawned_at.as_ref()?;
    Some((call.file().into(), call.line()))
}

fn busiest(trace: &Trace) -> Option<(Arc<str>, u32)> {
    let place = trace.wait_totals().into_iter().find_map(|total| total.place);
    place.map(|place| (place.file, place.line)).or_else(|| spawned(trace, *trace.roots().first()?))
}

/// The files to read now, each of which is then being read.
pub fn wanted(model: &mut Model) -> Vec<Arc<str>> {
    let open = shown(model).map(|(file, _)| file);
    let (Some(run), Some(programs)) = (&model.run, &mut model.programs) else { return Vec::new() };
    let Some(current) = &mut programs.current else { return Vec::new() };
    let sites = current.sites.min(run.trace.sites())..run.trace.sites();
    current.sites = sites.end;
    let places = sites.flat_map(|site| run.trace.site(site).chain().map(|frame| &frame.place.file)).cloned();
    let mut files: Vec<Arc<str>> = Vec::new();
    for file in places.chain(open) {
        if current.sources.len() < MOST_FILES && !current.sources.contains_key(&file) {
            current.sources.insert(file.clone(), Source::Reading);
            files.push(file);
        }
    }
    files
}

/// A file was read, or could not be read.
pub fn read(model: &mut Model, file: Arc<str>, source: Source) {
    let Some(current) = model.programs.as_mut().and_then(|programs| programs.current.as_mut()) else { return };
    if let (Source::Text { names, .. }, Some(run)) = (&source, &mut model.run) {
        run.trace.add_names(names.clone());
    }
    current.sources.insert(file, source);
}
