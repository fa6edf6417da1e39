//! What a row of the timeline is: a task, a thread, a resource or a source line.
//!
//! All kinds share the ruler and the cursor. Each has a selected row of its own, except tasks, whose selection is a
//! task and is shared by all panes.

use crate::app::model::Model;
use crate::app::panes::Pane;
use crate::app::run::view::RunView;
use crate::app::timeline::selection;
use crate::app::timeline::view::{COUNTERS_NEED, Grouping, LaneKind};
use trace::{Await, ResourceIx, TaskIx};

/// Whether each row of the timeline is something other than a task.
pub fn is_on(model: &Model) -> bool {
    model.timeline.lanes.kind != LaneKind::Tasks
}

/// How many rows the current kind has, except for tasks.
pub fn rows(model: &Model, run: &RunView) -> usize {
    match model.timeline.lanes.kind {
        LaneKind::Tasks => 0,
        LaneKind::Threads => run.trace.polling_threads().count(),
        LaneKind::Resources => run.trace.contended().count(),
        LaneKind::Lines => run.trace.awaits().len(),
    }
}

/// The selected row.
pub fn selected(model: &Model, rows: usize) -> usize {
    model.timeline.lanes.row.min(rows.saturating_sub(1))
}

/// The task that the selected row is about at the cursor; if there are several, the next one each time.
pub fn task_of(model: &Model, run: &RunView) -> Option<TaskIx> {
    let row = selected(model, rows(model, run));
    let at_ns = run.cursor.at_ns;
    match model.timeline.lanes.kind {
        LaneKind::Tasks => None,
        LaneKind::Threads => on_thread(run, run.trace.polling_threads().nth(row)?, at_ns),
        LaneKind::Resources => one_after(model.timeline.selected, &holders(run, run.trace.contended().nth(row)?, at_ns)),
        LaneKind::Lines => one_after(model.timeline.selected, &waiting(run, run.trace.awaits().get(row)?, at_ns)),
    }
}

/// The task that a thread polls at a time, or polled last.
fn on_thread(run: &RunView, thread: u16, at_ns: u64) -> Option<TaskIx> {
    let polls = run.trace.polls_on(thread)?;
    Some(polls.get(polls.begun_by(at_ns).checked_sub(1)?)?.task)
}

/// The tasks that hold a resource at a time; if there are none, the first in its queue.
fn holders(run: &RunView, resource: ResourceIx, at_ns: u64) -> Vec<TaskIx> {
    let holdings = run.trace.resources[resource as usize].at_with(at_ns, 1);
    let holders: Vec<TaskIx> = holdings.holders.iter().filter_map(|holder| holder.task).collect();
    if holders.is_empty() { holdings.waiters.iter().map(|waiter| waiter.task).collect() } else { holders }
}

/// The tasks that wait at a line at a time. It looks at every task.
fn waiting(run: &RunView, line: &Await<'_>, at_ns: u64) -> Vec<TaskIx> {
    let here = |task: &TaskIx| {
        let wait = run.trace.wait_at(*task, at_ns);
        wait.is_some_and(|wait| {
            let mut sites = wait.leaves.iter().map(|leaf| run.trace.site(leaf.site));
            sites.any(|site| site.cause == line.cause && site.place.as_ref() == line.place)
        })
    };
    (0..run.trace.tasks.len() as TaskIx).filter(here).collect()
}

/// The element after this one; after the last, the first.
fn one_after(now: Option<TaskIx>, all: &[TaskIx]) -> Option<TaskIx> {
    let after = now.and_then(|now| all.iter().position(|task| *task == now)).map_or(0, |place| place + 1);
    all.get(after).or(all.first()).copied()
}

/// Shows the next kind of lanes.
pub(in crate::app) fn next_kind(model: &mut Model) {
    if model.run.is_none() {
        model.notify(false, "no run yet: space starts one");
        return;
    }
    let kind = match model.timeline.lanes.kind {
        LaneKind::Tasks => LaneKind::Threads,
        LaneKind::Threads => LaneKind::Resources,
        LaneKind::Resources => LaneKind::Lines,
        LaneKind::Lines => LaneKind::Tasks,
    };
    (model.timeline.lanes.kind, model.timeline.lanes.row) = (kind, 0);
    // Only tasks are grouped.
    model.timeline.grouping = Grouping::default();
    model.session.opened.clear();
    if let Some(task) = model.timeline.selected.filter(|_| kind == LaneKind::Tasks) {
        selection::reveal(model, task);
    }
}

/// Shows the lanes of tasks.
pub(in crate::app) fn to_tasks(model: &mut Model) {
    (model.timeline.lanes.kind, model.timeline.lanes.row) = (LaneKind::Tasks, 0);
}

/// The index of the last row.
pub(in crate::app) fn last(model: &Model) -> usize {
    model.run.as_ref().map_or(0, |run| rows(model, run)).saturating_sub(1)
}

/// Selects a row, or the task that it is about if it is already selected.
pub(in crate::app) fn point(model: &mut Model, row: usize) {
    if model.timeline.lanes.row == row {
        open(model);
    } else {
        model.timeline.lanes.row = row.min(last(model));
    }
}

/// Selects the task that the row is about: the one that runs on the thread, holds the resource, or waits at the line.
pub(in crate::app) fn open(model: &mut Model) {
    let Some(run) = &model.run else { return };
    if let Some(task) = task_of(model, run) {
        selection::select(model, task);
        return;
    }
    let none = match model.timeline.lanes.kind {
        LaneKind::Tasks => return,
        LaneKind::Threads => "this thread has not polled a task yet",
        LaneKind::Resources => "no holder or waiting task at the cursor",
        LaneKind::Lines => "no task waits there at the cursor",
    };
    model.notify(false, none);
}

/// Shows or hides the lanes of tasks' futures.
pub(in crate::app) fn branches(model: &mut Model) {
    let Some(run) = &model.run else { return };
    if !run.trace.has_branches() {
        model.notify(false, "no task of this run waits on several futures at once");
        return;
    }
    let closed = &mut model.timeline.lanes.branches_closed;
    *closed = !*closed;
    let text = if *closed { "futures: hidden" } else { "futures: one lane each, if all lanes fit" };
    model.notify(false, text);
}

/// Shows or hides the counters below the lanes.
pub(in crate::app) fn counters(model: &mut Model) {
    let Some(run) = &model.run else { return };
    if run.trace.counters.is_empty() {
        model.notify(false, "this run has no quantities");
        return;
    }
    let shown = model.areas.counters > 0;
    model.timeline.lanes.counters = Some(!shown);
    if shown || model.areas.lanes.height == 0 {
        return;
    }
    let needs = COUNTERS_NEED;
    if model.areas.pane(Pane::Timeline).height < needs {
        model.notify(false, format!("quantities need {needs} rows of timeline: z makes it full screen"));
    }
}

#[cfg(test)]
mod tests;
