//! Be the scheduler: put the poll under the cursor off, and see what comes of it.
//!
//! A poll that is put off is a preemption: the schedule of the run grows by one, and the run is made again from its start. Up to
//! that poll it is the same run, so the cursor stays where it is. The preemptions of later polls are dropped, since those polls
//! may not come any more.

use scenario::Clock;

use crate::app::effect::Effect;
use crate::app::form::{pick, start};
use crate::app::input::action::Stride;
use crate::app::model::Model;
use crate::app::run::cursor;
use crate::app::run::view::RunView;
use crate::app::session::Entry;
use engine::{Preemption, Schedule};
use trace::LaneOf;

/// Puts the poll that was stepped to off: before its first operation; if it is put off already, one operation later; and after
/// its last operation no more.
pub(in crate::app) fn put_off(model: &mut Model) -> Vec<Effect> {
    let Some(run) = schedulable(model) else { return Vec::new() };
    let Some(number) = run.cursor.poll else {
        let effects = cursor::step(model, Stride::Poll);
        if let Some((poll, task)) = model.run.as_ref().and_then(|run| stepped_to(run, run.cursor.poll?)) {
            model.notify(false, format!("poll {poll} is {task}'s: once more puts it off"));
        }
        return effects;
    };
    let Some((poll, task)) = stepped_to(run, number) else {
        model.notify(false, "only the poll of a task can be put off, and this is none");
        return Vec::new();
    };
    let was_cut = run.trace.preemptions().iter().any(|cut| cut.poll == poll);
    let listed = match &run.spec.schedule {
        Schedule::List(list) => list.iter().find(|cut| cut.poll == poll).map(|cut| cut.operations),
        Schedule::Number(_) => run.trace.preemptions().iter().find(|cut| cut.poll == poll).map(|cut| cut.operations),
    };
    if listed.is_some() && !was_cut && !run.trace.closed {
        // A run that takes long is shown before it is over.
        model.notify(false, format!("it is not known yet whether poll {poll} of {task} is put off: the run goes on"));
        return Vec::new();
    }
    let operations = match listed {
        None => Some(0),
        Some(operations) if was_cut && operations < Preemption::MOST_OPERATIONS => Some(operations + 1),
        Some(_) => None,
    };
    let before = run.trace.preemptions().iter().filter(|cut| cut.poll < poll);
    let mut list: Vec<_> = before.map(|cut| Preemption { poll: cut.poll, operations: cut.operations }).collect();
    list.extend(operations.map(|operations| Preemption { poll, operations }));
    let text = match operations {
        None => format!("poll {poll} of {task} is not put off any more"),
        Some(0) => format!("poll {poll} of {task} is put off at its first operation"),
        Some(operations) => format!("poll {poll} of {task} is put off after {operations} of its operations"),
    };
    model.notify(false, text);
    let earlier = model.form.schedule.clone();
    model.session.schedules.push(earlier);
    make_again(model, Schedule::list(list), operations.map(|_| poll))
}

/// Takes the last change of the schedule back.
pub(in crate::app) fn take_back(model: &mut Model) -> Vec<Effect> {
    if schedulable(model).is_none() {
        return Vec::new();
    }
    let Some(schedule) = model.session.schedules.pop() else {
        model.notify(false, "no poll was put off");
        return Vec::new();
    };
    model.notify(false, format!("schedule {schedule} again"));
    make_again(model, schedule, None)
}

/// Says if a poll that was put off was not cut, once that is known.
pub(in crate::app) fn recorded(model: &mut Model) {
    let Some(run) = model.run.as_ref().filter(|run| run.trace.closed) else { return };
    let Some(poll) = model.session.put_off.take() else { return };
    if !run.trace.preemptions().iter().any(|cut| cut.poll == poll) {
        model
            .notify(false, format!("poll {poll} makes no more operations, so there is nothing to put off: once more lets it go"));
    }
}

/// The run on screen, if it can be made again under another schedule; otherwise says why not.
fn schedulable(model: &mut Model) -> Option<&RunView> {
    let why = match &model.run {
        _ if !model.can_run() => {
            start::refuse_a_run(model);
            return None;
        }
        None => model.no_run(),
        Some(run) if run.spec.clock == Clock::Real => "on the real clock nothing can be put off: switch to the virtual clock",
        Some(_) => return model.run.as_ref(),
    };
    model.notify(true, why);
    None
}

/// Runs again under a schedule, with the cursor at the same poll.
fn make_again(model: &mut Model, schedule: Schedule, put_off: Option<u64>) -> Vec<Effect> {
    pick::end_preview(model);
    model.form.schedule = schedule;
    model.session.put_off = put_off;
    model.session.stepped = model.run.as_ref().and_then(|run| run.cursor.poll);
    start::start(model, Entry::Keep)
}

/// The number of a poll among those of tasks, from 1, and the task's name; `None` if it is the poll of something else.
fn stepped_to(run: &RunView, number: u64) -> Option<(u64, String)> {
    let poll = run.trace.poll(number)?;
    let task = run.trace.tasks.get(poll.task as usize).filter(|task| task.of == LaneOf::Task)?;
    Some((run.trace.task_polls_to(number), crate::text::name(&task.name).into_owned()))
}

#[cfg(test)]
mod tests;
