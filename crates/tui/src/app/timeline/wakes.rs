//! Wakes: from a wait to the task that ended it, and from a task to one that it woke.
//!
//! A jump to the waker only selects the task; following a wake also moves the cursor to the moment of the wake.
//! Several tasks can wake each other within one virtual moment; to avoid walking in a circle there, the previously
//! selected task is skipped.

use crate::app::model::Model;
use crate::app::run::jump;
use crate::app::run::view::RunView;
use crate::app::session::Came;
use crate::app::time::moment;
use crate::app::timeline::selection;
use trace::{TaskIx, Wake, Waker};

/// How many jumps can be undone.
const JUMPS: usize = 64;

/// Follows a wake: on to the task that this one woke next, or back to the one that woke it.
pub(in crate::app) fn along(model: &mut Model, on: bool) {
    if on { on_along(model) } else { back_along(model) }
}

/// Goes to the task that ended this wait, or the last one, at the moment of the wake.
fn back_along(model: &mut Model) {
    let came = model.session.came.filter(|came| !came.on);
    let Some((task, run)) = selection::selected(model) else { return };
    let Some(wake) = wake_of(run, task, came) else {
        let none = none(run);
        model.notify(false, none);
        return;
    };
    match wake.by {
        Waker::Task(by) if by != task => go(model, by, Came { from: task, at_ns: wake.at_ns, on: false }, |run| {
            format!("{} woke {} at {}", name(run, by), name(run, task), moment(wake.at_ns))
        }),
        by => model.notify(false, format!("at {}: {}", moment(wake.at_ns), unselected(by))),
    }
}

/// The wake that ends the wait under the cursor, or the last one before it that does not lead straight back.
fn wake_of(run: &RunView, task: TaskIx, came: Option<Came>) -> Option<Wake> {
    let at = run.cursor.at_ns;
    if let Some(wake) = run.trace.wait_at(task, at).and_then(|wait| wait.wake) {
        return Some(wake);
    }
    let wakes = &run.trace.tasks.get(task as usize)?.wakes;
    let before = &wakes[..wakes.partition_point(|wake| wake.at_ns <= at)];
    let leads_back = |wake: &Wake| came.is_some_and(|came| wake.by == Waker::Task(came.from) && wake.at_ns == came.at_ns);
    before.iter().rev().find(|wake| !leads_back(wake)).copied()
}

/// Goes to the task that this one woke next, at the moment of the wake.
fn on_along(model: &mut Model) {
    let came = model.session.came.filter(|came| came.on);
    let Some((task, run)) = selection::selected(model) else { return };
    let Some((at_ns, woken)) = next_woken(run, task, came) else {
        let so_far = if run.trace.closed { "" } else { " so far" };
        let none = if run.trace.knows_ready() { format!("no later wake by this task{so_far}") } else { none(run).to_owned() };
        model.notify(false, none);
        return;
    };
    go(model, woken, Came { from: task, at_ns, on: true }, |run| {
        format!("{} woke {} at {}", name(run, task), name(run, woken), moment(at_ns))
    });
}

/// The first task that this one wakes from the cursor on, and when. It looks at every task.
fn next_woken(run: &RunView, by: TaskIx, came: Option<Came>) -> Option<(u64, TaskIx)> {
    let at = run.cursor.at_ns;
    let mut first: Option<(u64, TaskIx)> = None;
    for (ix, task) in (0..).zip(&run.trace.tasks) {
        if ix == by {
            continue;
        }
        let after = &task.wakes[task.wakes.partition_point(|wake| wake.at_ns < at)..];
        let best = first.map_or(u64::MAX, |(at_ns, _)| at_ns);
        let wake = after
            .iter()
            .take_while(|wake| wake.at_ns < best)
            .find(|wake| wake.by == Waker::Task(by) && came.is_none_or(|came| (came.from, came.at_ns) != (ix, wake.at_ns)));
        first = wake.map(|wake| (wake.at_ns, ix)).or(first);
    }
    first
}

fn go(model: &mut Model, to: TaskIx, came: Came, told: impl Fn(&RunView) -> String) {
    let text = model.run.as_ref().map(told).unwrap_or_default();
    jump::to(model, came.at_ns, Some(to));
    model.session.came = Some(came);
    model.notify(false, text);
}

fn name(run: &RunView, task: TaskIx) -> &str {
    run.trace.tasks.get(task as usize).map_or("", |task| &task.name)
}

/// Selects the task that ended the selected task's wait.
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
        None => none(run),
    };
    model.notify(false, who);
}

/// Why there is no wake to go to.
fn none(run: &RunView) -> &'static str {
    if run.trace.knows_ready() { "not woken yet" } else { "wakes were not recorded (--detail polls)" }
}

/// Who woke a task, if it was not another task.
pub(in crate::app) fn unselected(by: Waker) -> &'static str {
    match by {
        Waker::Task(_) => "it woke itself",
        Waker::Timer => "woken by a timer, not a task",
        Waker::Io => "woken by the IO driver, not a task",
        Waker::Blocking => "woken by a blocking thread, not a task",
        Waker::Scheduler => "it had yielded, and the scheduler ran it again",
        Waker::Budget => "it had used up its budget, and the scheduler ran it again",
        Waker::Schedule => "the schedule had cut its poll, and the scheduler ran it again",
        Waker::Outside => "woken by a thread outside the runtime",
        Waker::Unknown => "woken from outside all tasks",
    }
}

/// The wake that ends the wait under the cursor; if it is not known yet, the last one.
fn wake(run: &RunView, task: TaskIx) -> Option<Wake> {
    let at = run.cursor.at_ns;
    let ending = run.trace.wait_at(task, at).and_then(|wait| wait.wake);
    ending.or_else(|| run.trace.tasks.get(task as usize)?.wake_at(at))
}

/// Selects the task that was selected before the last jump.
pub(in crate::app) fn back(model: &mut Model) {
    match model.session.jumps.pop() {
        Some(task) => selection::select(model, task),
        None => model.notify(false, "no earlier jump"),
    }
}
