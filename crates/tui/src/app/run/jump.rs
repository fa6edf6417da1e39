//! Cursor jumps to what went wrong: problems of any kind, failures, cancellations, panics, the stall, the longest
//! wait.

use crate::app::input::action::Landmark;
use crate::app::model::Model;
use crate::app::run::cursor;
use crate::app::run::view::RunView;
use crate::app::time::moment;
use crate::app::timeline::selection;
use trace::{End, TaskIx, Trace};

/// Moves the cursor to a landmark, and selects its task.
pub(in crate::app) fn jump(model: &mut Model, landmark: Landmark) {
    if model.run.is_none() {
        model.notify(false, "no run yet: space starts one");
        return;
    }
    match landmark {
        Landmark::Failure => to_end(model, End::Failed, "fails"),
        Landmark::Cancellation => to_end(model, End::Cancelled, "is cancelled"),
        Landmark::Panic => to_end(model, End::Panicked, "panics"),
        Landmark::Stall => to_stall(model),
        Landmark::LongestWait => to_longest_wait(model),
    }
}

/// A problem: its time, its task, and a description.
type Problem = (u64, Option<TaskIx>, String);

/// All problems of the run, ordered by time: unsuccessful ends, the stall, findings.
fn problems(run: &RunView) -> Vec<Problem> {
    let ends = (0..).zip(&run.trace.tasks).filter_map(|(ix, task): (TaskIx, _)| {
        let end = task.ended?;
        let what = match end.how {
            End::Failed => "fails",
            End::Cancelled => "is cancelled",
            End::Panicked => "panics",
            End::Completed | End::Dropped | End::Unknown => return None,
        };
        Some((end.at_ns, Some(ix), format!("{} {what}", task.name)))
    });
    let stall = run.stall.iter().map(|(at_ns, stall)| (*at_ns, stall.tasks.first().map(|task| task.task), stall.text.clone()));
    let findings = run.found.all.list.iter().map(|finding| (finding.at_ns, finding.task, finding.text.clone()));
    let mut all: Vec<Problem> = ends.chain(stall).chain(findings).collect();
    all.sort_by_key(|(at_ns, task, _)| (*at_ns, *task));
    // Two problems of one task at one time are one place to look at.
    all.dedup_by_key(|(at_ns, task, _)| (*at_ns, *task));
    all
}

/// Moves the cursor to the next or previous problem, and selects its task.
pub(in crate::app) fn problem(model: &mut Model, on: bool) {
    let Some(run) = &model.run else {
        model.notify(false, "no run yet: space starts one");
        return;
    };
    let all = problems(run);
    let at = run.cursor.at_ns;
    let is_here = |(at_ns, task, _): &Problem| *at_ns == at && (task.is_none() || *task == model.timeline.selected);
    let found = match (all.iter().rposition(is_here), on) {
        (Some(here), true) => Some(here + 1),
        (Some(here), false) => here.checked_sub(1),
        // One at the cursor, of a task that is not selected, is the next one either way.
        (None, true) => Some(all.partition_point(|(at_ns, ..)| *at_ns < at)),
        (None, false) => all.partition_point(|(at_ns, ..)| *at_ns <= at).checked_sub(1),
    };
    let Some(((at_ns, task, text), place)) = found.and_then(|place| Some((all.get(place)?.clone(), place + 1))) else {
        let so_far = if run.trace.closed { "" } else { " so far" };
        let here = all.iter().rposition(is_here).map(|place| place + 1);
        let text = match (all.len(), on) {
            (0, _) => format!("no problem in this run{so_far}"),
            (1, _) if here.is_some() => format!("this is the only problem{so_far}"),
            (count, true) if here.is_some() => format!("this is the last of {count} problems{so_far}"),
            (count, false) if here.is_some() => format!("this is the first of {count} problems"),
            (count, true) => format!("no later problem{so_far}; {count} earlier (P)"),
            (count, false) => format!("no earlier problem; {count} later (p)"),
        };
        model.notify(false, text);
        return;
    };
    to(model, at_ns, task);
    model.notify(false, format!("problem {place} of {}: {text}", all.len()));
}

/// Moves to the next end of a kind. Several ends at one time are visited in spawn order.
fn to_end(model: &mut Model, how: End, what: &str) {
    let Some(run) = &model.run else { return };
    let ends = || {
        let tasks = (0..).zip(&run.trace.tasks);
        tasks.filter_map(|(ix, task): (TaskIx, _)| Some((task.ended.filter(|end| end.how == how)?.at_ns, ix)))
    };
    let at = run.cursor.at_ns;
    let here = model.timeline.selected.filter(|task| ends().any(|end| end == (at, *task)));
    let now = (at, here.unwrap_or(TaskIx::MAX));
    let all = ends().count();
    let Some((at_ns, task)) = ends().filter(|end| *end > now).min() else {
        let so_far = if run.trace.closed { "" } else { " so far" };
        let text = match all {
            0 => format!("no task {what}{so_far}"),
            all => format!("no task {what} after this{so_far}; {all} before"),
        };
        model.notify(false, text);
        return;
    };
    let place = ends().filter(|end| *end <= (at_ns, task)).count();
    let text = format!("{} {what}: {place} of {all}", run.trace.tasks[task as usize].name);
    show(model, at_ns, task);
    model.notify(false, text);
}

fn show(model: &mut Model, at_ns: u64, task: TaskIx) {
    to(model, at_ns, Some(task));
}

/// Moves to a time, and selects a task if there is one.
pub(in crate::app) fn to(model: &mut Model, at_ns: u64, task: Option<TaskIx>) {
    cursor::put(model, at_ns);
    if let Some(task) = task {
        selection::select(model, task);
    }
}

fn to_stall(model: &mut Model) {
    let stall = model.run.as_ref().and_then(|run| run.stall.as_ref());
    match stall.map(|(at_ns, stall)| (*at_ns, stall.tasks.first().map(|task| task.task))) {
        Some((at_ns, task)) => to(model, at_ns, task),
        None => model.notify(false, "no deadlock in this run"),
    }
}

/// Moves to the last moment of the longest wait, where all of it is visible and can be explained.
fn to_longest_wait(model: &mut Model) {
    let Some(run) = &model.run else { return };
    let longest = model.timeline.selected.or_else(|| longest_waiter(&run.trace));
    let Some(((from_ns, to_ns), task)) = longest.and_then(|task| Some((longest_wait(&run.trace, task)?, task))) else {
        model.notify(false, "no task has waited");
        return;
    };
    let text = format!("{} waits from {} to {}", run.trace.tasks[task as usize].name, moment(from_ns), moment(to_ns));
    show(model, (to_ns - 1).max(from_ns), task);
    model.notify(false, text);
}

/// The task that waited longest without a break; none if no task has waited for any time.
pub(in crate::app) fn longest_waiter(trace: &Trace) -> Option<TaskIx> {
    let waits = (0..trace.tasks.len() as TaskIx).filter_map(|task| Some((longest_wait(trace, task)?, task)));
    waits.max_by_key(|((from, to), _)| to - from).map(|(_, task)| task)
}

/// From when to when the task waited longest; none if it has not waited for any time.
pub(in crate::app) fn longest_wait(trace: &Trace, task: TaskIx) -> Option<(u64, u64)> {
    let task = trace.tasks.get(task as usize)?;
    let end_ns = task.ended.map_or(trace.end_ns, |end| end.at_ns);
    let ends = task.segments.iter().skip(1).map(|segment| segment.start_ns).chain([end_ns]);
    let waits = task.segments.iter().zip(ends).filter(|(segment, end)| segment.state.is_waiting() && *end > segment.start_ns);
    waits.map(|(segment, end)| (segment.start_ns, end)).max_by_key(|(from, to)| to - from)
}

#[cfg(test)]
mod tests;
