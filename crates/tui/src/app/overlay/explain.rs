//! The overlay that explains the run. Its tabs: why a task waits, findings, critical path, resources.

use crate::app::mode::{Mode, Overlay};
use crate::app::model::Model;
use crate::app::overlay::{findings, range};
use crate::app::panes::ExplainTab;
use crate::app::run::jump;
use crate::app::run::view::RunView;
use crate::app::timeline::selection;
use trace::{Cause, State, TaskIx};

/// A frame searches at most this many segments for the longest wait: a fraction of a millisecond.
const MOST_SEGMENTS: usize = 65_536;

/// Opens the overlay at a tab. If a jump closed the overlay, `why` reopens it as it was.
pub(in crate::app) fn open(model: &mut Model, tab: ExplainTab) {
    if model.run.is_none() {
        model.notify(false, "no run yet: space starts one");
        return;
    }
    let left = model.session.explained.take().filter(|_| tab == ExplainTab::Why);
    model.mode = Mode::Overlay(left.unwrap_or_else(|| first(model, tab)));
}

/// Shows the next or previous tab.
pub(in crate::app) fn turn(model: &mut Model, on: bool) {
    if let Some(tab) = model.mode.overlay().and_then(Overlay::explains) {
        let next = tab.neighbour(on);
        model.mode = Mode::Overlay(if next == ExplainTab::Why { why(model) } else { at(next) });
    }
}

/// Goes to the selected place of the tab. The next `why` comes back to it.
pub(in crate::app) fn show(model: &mut Model) {
    let Mode::Overlay(overlay) = &model.mode else { return };
    let left = overlay.clone();
    match left.explains() {
        Some(ExplainTab::Findings) => findings::show(model),
        Some(ExplainTab::Path) => range::show_step(model),
        Some(ExplainTab::Why) => return to_wait(model),
        _ => return,
    }
    model.session.explained = Some(left);
}

/// Goes to the end of the longest wait of the task that is explained, if it does not wait now: there the tab says why it waited.
fn to_wait(model: &mut Model) {
    let Mode::Overlay(Overlay::Why { task: Some(task), .. }) = model.mode else { return };
    if let Some((_, last_ns)) = model.run.as_ref().and_then(|run| past_wait(run, task)) {
        jump::to(model, last_ns, Some(task));
    }
}

/// The longest wait of a task that does not wait at the cursor: its length and its last moment, in nanoseconds. `None` if the
/// task waits now or has never waited, and for a very long life, since every frame asks.
pub fn past_wait(run: &RunView, task: TaskIx) -> Option<(u64, u64)> {
    let long = run.trace.tasks.get(task as usize).is_some_and(|task| task.segments.len() > MOST_SEGMENTS);
    if long || run.trace.wait_at(task, run.cursor.at_ns).is_some() {
        return None;
    }
    let (from_ns, to_ns) = jump::longest_wait(&run.trace, task)?;
    Some((to_ns - from_ns, (to_ns - 1).max(from_ns)))
}

/// A tab from its top.
fn at(tab: ExplainTab) -> Overlay {
    match tab {
        ExplainTab::Why => Overlay::Why { task: None, top: 0 },
        ExplainTab::Findings => Overlay::Findings { row: 0 },
        ExplainTab::Path => Overlay::Range { row: 0 },
        ExplainTab::Resources => Overlay::Resources { top: 0 },
    }
}

/// The overlay's first tab. If nothing waits, findings are more useful than why.
fn first(model: &mut Model, tab: ExplainTab) -> Overlay {
    if tab != ExplainTab::Why {
        return at(tab);
    }
    let why = why(model);
    if !matches!(why, Overlay::Why { task: None, .. }) {
        return why;
    }
    let run = model.run.as_ref().filter(|run| run.found.all.list.is_empty());
    match run.and_then(|run| jump::longest_waiter(&run.trace)) {
        Some(task) => {
            selection::select(model, task);
            Overlay::Why { task: Some(task), top: 0 }
        }
        None => at(ExplainTab::Findings),
    }
}

/// Why the selected task waits. Without a selection, selects the task that most needs an explanation.
fn why(model: &mut Model) -> Overlay {
    let known = |task: &TaskIx| model.run.as_ref().is_some_and(|run| (*task as usize) < run.trace.tasks.len());
    let selected = model.timeline.selected.filter(known);
    let task = selected.or_else(|| model.run.as_ref().and_then(wanted));
    if let Some(task) = task {
        selection::select(model, task);
    }
    Overlay::Why { task, top: 0 }
}

/// The task that is stuck at the cursor, else one with a finding that waits there, else the one that waits longest. A
/// task that awaits another task comes last, because the other task is the reason.
fn wanted(run: &RunView) -> Option<TaskIx> {
    let at_ns = run.cursor.at_ns;
    let stuck = run.stall.as_ref().filter(|(since_ns, _)| *since_ns <= at_ns);
    let stuck = stuck.and_then(|(_, stall)| stall.tasks.first()).map(|task| task.task);
    let waits = |task: TaskIx| {
        let segment = run.trace.tasks.get(task as usize)?.segment_at(at_ns)?;
        if let State::Waiting(cause) = segment.state { Some((segment.start_ns, cause)) } else { None }
    };
    let flagged = || {
        let list = run.found.all.list.iter().filter(|finding| finding.at_ns <= at_ns);
        list.filter_map(|finding| finding.task).find(|task| waits(*task).is_some())
    };
    let longest = || {
        let all = (0..run.trace.tasks.len() as TaskIx).filter_map(|task| Some((waits(task)?, task)));
        all.min_by_key(|((since_ns, cause), task)| (*cause == Cause::Join, *since_ns, *task)).map(|(_, task)| task)
    };
    stuck.or_else(flagged).or_else(longest)
}

#[cfg(test)]
mod tests;
