//! From the selected task to the one that ended its wait, and back.

use crate::app::model::Model;
use crate::app::run::view::RunView;
use crate::app::timeline::selection;
use crate::trace::{TaskIx, Wake, Waker};

/// At most so many jumps can be taken back.
const JUMPS: usize = 64;

/// Selects the task that ended the wait of the selected one.
pub(in crate::app) fn to_waker(model: &mut Model) {
    let Some((task, run)) = selection::selected(model) else { return };
    let who = match wake(run, task).map(|wake| wake.by) {
        Some(Waker::Task(by)) if by != task => {
            model.session.jumps.push(task);
            let first = model.session.jumps.len().saturating_sub(JUMPS);
            model.session.jumps.drain(..first);
            selection::select(model, by);
            return;
        }
        Some(by) => unselected(by),
        None => "nothing has woken it yet",
    };
    model.notify(false, who);
}

/// Who woke a task, where that is not another task.
pub(in crate::app) fn unselected(by: Waker) -> &'static str {
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
pub(in crate::app) fn back(model: &mut Model) {
    match model.session.jumps.pop() {
        Some(task) => selection::select(model, task),
        None => model.notify(false, "no jump to go back from: b goes to the task that ended a wait"),
    }
}
