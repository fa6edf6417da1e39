//! Along wakes: from a wait to whoever ended it, and from a task to the one that it woke.
//!
//! The cursor goes along, to the moment of the wake. Several tasks can wake each
//! other within one virtual moment; so that one does not walk in a circle there,
//! the task that one came from is passed over.

use crate::app::model::Model;
use crate::app::run::jump;
use crate::app::run::view::RunView;
use crate::app::session::Came;
use crate::app::time::moment;
use crate::app::timeline::{selection, waker};
use crate::trace::{TaskIx, Wake, Waker};

/// Goes along a wake: on to the task that this one woke next, or back to the one that woke it.
pub(in crate::app) fn along(model: &mut Model, on: bool) {
    if on { to_woken(model) } else { to_waker(model) }
}

/// To the task that ended this wait, or the last one, at the moment at which it did.
fn to_waker(model: &mut Model) {
    let came = model.session.came.filter(|came| !came.on);
    let Some((task, run)) = selection::selected(model) else { return };
    let Some(wake) = wake_of(run, task, came) else {
        model.notify(false, "nothing has woken it yet");
        return;
    };
    match wake.by {
        Waker::Task(by) if by != task => go(model, by, Came { from: task, at_ns: wake.at_ns, on: false }, |run| {
            format!("{} woke {} at {}", name(run, by), name(run, task), moment(wake.at_ns))
        }),
        by => model.notify(false, format!("at {}: {}", moment(wake.at_ns), waker::unselected(by))),
    }
}

/// The wake that ends the wait under the cursor, or the last one before it that does not lead back at once.
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

/// To the task that this one woke next, at the moment at which it did.
fn to_woken(model: &mut Model) {
    let came = model.session.came.filter(|came| came.on);
    let Some((task, run)) = selection::selected(model) else { return };
    let Some((at_ns, woken)) = next_woken(run, task, came) else {
        let so_far = if run.trace.closed { "" } else { ", as far as it is recorded" };
        model.notify(false, format!("it wakes no other task after this{so_far}"));
        return;
    };
    go(model, woken, Came { from: task, at_ns, on: true }, |run| {
        format!("{} woke {} at {}", name(run, task), name(run, woken), moment(at_ns))
    });
}

/// The first task that is woken by this one from the cursor on, and when. It takes a look at every task.
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
