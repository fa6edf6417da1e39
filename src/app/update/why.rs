//! From a wait to its reason: who holds what is waited for, and who ended it.

use super::{focus, notify, timeline};
use crate::app::model::{Mode, Model, Overlay, Pane, RunView};
use crate::trace::{TaskIx, Wake, Waker};

/// At most so many jumps can be taken back.
const JUMPS: usize = 64;

/// Opens the overlay that says why the selected task waits, or closes it.
pub(super) fn toggle(model: &mut Model) {
    if matches!(model.mode, Mode::Overlay(Overlay::Why { .. })) {
        model.mode = Mode::Browse;
    } else if let Some((task, _)) = selected(model) {
        model.mode = Mode::Overlay(Overlay::Why { task, top: 0 });
    }
}

/// Selects the task that ended the wait of the selected one.
pub(super) fn to_waker(model: &mut Model) {
    let Some((task, run)) = selected(model) else { return };
    let who = match wake(run, task).map(|wake| wake.by) {
        Some(Waker::Task(by)) if by != task => {
            model.session.jumps.push(task);
            let first = model.session.jumps.len().saturating_sub(JUMPS);
            model.session.jumps.drain(..first);
            timeline::select(model, by);
            return;
        }
        Some(by) => unselected(by),
        None => "nothing has woken it yet",
    };
    notify(model, false, who);
}

/// Who woke a task, where that is not another task.
pub(super) fn unselected(by: Waker) -> &'static str {
    match by {
        Waker::Task(_) => "it woke itself",
        Waker::Timer => "a timer woke it, and no task",
        Waker::Io => "the IO driver woke it, and no task",
        Waker::Blocking => "a blocking thread woke it, and no task",
        Waker::Scheduler => "it had yielded: the scheduler gave it its turn",
        Waker::Budget => "it was out of budget: the scheduler gave it another turn",
        Waker::Outside => "a thread outside the runtime woke it",
        Waker::Unknown => "something outside of all tasks woke it",
    }
}

/// The wake that ends the wait under the cursor; while that is not known, the last one.
fn wake(run: &RunView, task: TaskIx) -> Option<Wake> {
    let at = run.cursor.at_ns;
    let ending = run.trace.wait_at(task, at).and_then(|wait| wait.wake);
    ending.or_else(|| run.trace.tasks.get(task as usize)?.wake_at(at))
}

/// Selects the task that was selected before the last jump.
pub(super) fn back(model: &mut Model) {
    match model.session.jumps.pop() {
        Some(task) => timeline::select(model, task),
        None => notify(model, false, "no jump to go back from: b goes to the task that ended a wait"),
    }
}

/// Shows the resources in the pane of the selected task, or the task again.
pub(super) fn resources(model: &mut Model) {
    model.task.resources = !model.task.resources;
    // On a small screen the pane is seen only while it has the focus.
    if model.task.resources && model.areas.pane(Pane::Task).is_empty() {
        focus(model, Pane::Task);
    }
}

/// The selected task and its run; without one the user is told how to select it.
pub(super) fn selected(model: &mut Model) -> Option<(TaskIx, &RunView)> {
    let known = |run: &RunView, task: TaskIx| (task as usize) < run.trace.tasks.len();
    let task = model.timeline.selected.filter(|task| model.run.as_ref().is_some_and(|run| known(run, *task)));
    if task.is_none() {
        notify(model, false, "no task is selected: pick a lane of the timeline first");
    }
    Some((task?, model.run.as_ref()?))
}
