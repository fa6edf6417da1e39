//! Chooses the source line to open in the user's editor.

use crate::app::effect::{Effect, SourceLine};
use crate::app::model::Model;
use crate::app::panes::{CodeTab, Pane};
use crate::app::programs::source;
use crate::app::sketch::files;
use trace::{Task, TaskIx, Trace};

/// Opens the current line: the top line of the code pane if that has the focus, otherwise the line where the selected
/// task waits or was spawned.
pub(in crate::app) fn open(model: &mut Model) -> Vec<Effect> {
    let place = match model.focus {
        Pane::Code if model.programs.is_some() => program_line(model),
        Pane::Code => Some(code_line(model)),
        _ => task_line(model),
    };
    if place.is_none() {
        model.notify(false, "no line to open: select a task or focus the code");
    }
    place.map(Effect::OpenEditor).into_iter().collect()
}

/// The line at the top of the code pane.
fn code_line(model: &Model) -> SourceLine {
    let scenario = model.form.scenario;
    let line = model.areas.code_line.max(1);
    let rust = |line| SourceLine { file: scenario.path.to_owned(), line, text: Some(scenario.source) };
    let twin = || {
        let file = scenario.path.strip_suffix(".rs").unwrap_or(scenario.path);
        SourceLine { file: format!("{file}.py"), line, text: Some(scenario.twin) }
    };
    match model.code.tab {
        CodeTab::Rust if let Some((_, file, _)) = files::shown(model) => SourceLine { file: file.to_string(), line, text: None },
        CodeTab::Lesson => rust(1),
        CodeTab::Test if model.areas.code_second => twin(),
        CodeTab::Rust | CodeTab::Test => rust(line),
        CodeTab::Asyncio => twin(),
    }
}

/// The line at the top of the code pane, of a program's own file.
fn program_line(model: &Model) -> Option<SourceLine> {
    let (file, _) = source::shown(model)?;
    Some(SourceLine { file: file.to_string(), line: model.areas.code_line.max(1), text: None })
}

/// Where the selected task waits at the cursor, or where it was spawned.
fn task_line(model: &Model) -> Option<SourceLine> {
    let (run, task) = (model.run.as_ref()?, model.timeline.selected?);
    let spawned = |task: &Task| task.spawned_at.as_ref().map(|call| (call.file().to_owned(), call.line()));
    let waits = wait_line(&run.trace, task, run.cursor.at_ns);
    let (file, line) = waits.or_else(|| spawned(run.trace.tasks.get(task as usize)?))?;
    let text = model.catalogue.iter().find(|scenario| scenario.path == file).map(|scenario| scenario.source);
    Some(SourceLine { file, line, text })
}

fn wait_line(trace: &Trace, task: TaskIx, at_ns: u64) -> Option<(String, u32)> {
    let leaf = *trace.leaves_at(task, at_ns).first()?;
    let place = trace.site(leaf.site).place.as_ref()?;
    Some((place.file.to_string(), place.line))
}

/// The editor was closed, or failed to open.
pub fn edited(model: &mut Model, outcome: Result<Option<String>, String>) {
    match outcome {
        Ok(None) => {}
        Ok(Some(text)) => model.notify(false, text),
        Err(text) => model.notify(true, text),
    }
}
