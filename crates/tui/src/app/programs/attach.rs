//! Choosing a process, attaching to it, and the change to a shorter trace of it.

use engine::target::Process;
use trace::{Task, TaskIx, Trace};

use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::overlay::range;
use crate::app::run::found::Found;
use crate::app::timeline::history::History;
use crate::app::timeline::{listing, viewport};

/// Attaches to the process under the cursor.
pub(in crate::app) fn attach(model: &mut Model) -> Vec<Effect> {
    let Some(programs) = &mut model.programs else { return Vec::new() };
    let Some(process) = programs.picked().cloned() else {
        model.notify(false, "no program listens");
        return Vec::new();
    };
    if programs.is_current(process.pid) && model.run.as_ref().is_some_and(|run| !run.trace.closed) {
        model.notify(false, format!("already attached to {}", process.pid));
        return Vec::new();
    }
    programs.attaching = Some(process.pid);
    model.notify(false, format!("attaching to {} …", process.pid));
    vec![Effect::Attach(process)]
}

/// Attaching has failed. The program on screen stays.
pub fn failed(model: &mut Model, reason: &str) {
    if let Some(programs) = &mut model.programs {
        programs.attaching = None;
    }
    model.notify(true, format!("cannot attach: {reason}"));
}

/// Other processes can be attached to. The row under the cursor stays on its process. Returns whether anything has changed.
pub fn listed(model: &mut Model, processes: Vec<Process>) -> bool {
    let Some(programs) = &mut model.programs else { return false };
    if programs.processes == processes {
        return false;
    }
    let picked = programs.picked().map(|process| process.pid);
    let row = processes.iter().position(|process| Some(process.pid) == picked);
    programs.row = row.unwrap_or(programs.row).min(processes.len().saturating_sub(1));
    programs.processes = processes;
    true
}

/// The trace on screen was replaced by one that begins later, so that its memory stays bounded. What refers to tasks is moved to
/// the new trace, as far as it knows them.
pub fn shortened(model: &mut Model, old: &Trace) {
    let Some(run) = &mut model.run else { return };
    let (new, since_ns) = (&run.trace, run.trace.since_ns);
    let again = |task: TaskIx| same_task(old, new, task);
    model.timeline.selected = model.timeline.selected.and_then(again);
    model.session.jumps = model.session.jumps.iter().filter_map(|task| again(*task)).collect();
    model.session.opened = model.session.opened.iter().filter_map(|task| again(*task)).collect();
    model.session.folds.carry(old);
    (model.session.came, model.session.origin, model.session.history) = (None, None, History::default());
    model.bookmarks.retain(|at_ns| *at_ns >= since_ns);
    run.cursor.at_ns = run.cursor.at_ns.max(since_ns);
    (run.cursor.poll, run.found, run.stall) = (None, Found::default(), None);
    range::forget(model);
    listing::forget(model);
    viewport::keep_in_sight(model);
    model.notify(false, "earlier history was dropped to bound memory");
}

/// A task of one trace in another trace of the same program: tasks are in order of their spawn.
fn same_task(old: &Trace, new: &Trace, task: TaskIx) -> Option<TaskIx> {
    let was = old.tasks.get(task as usize)?;
    let first = new.tasks.partition_point(|task| task.spawned_ns < was.spawned_ns);
    let is = |task: &&Task| task.name == was.name;
    let at_once = new.tasks[first..].iter().take_while(|task| task.spawned_ns == was.spawned_ns);
    let place = at_once.clone().position(|task| is(&task))?;
    TaskIx::try_from(first + place).ok()
}
