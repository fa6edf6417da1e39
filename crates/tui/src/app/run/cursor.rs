//! Moving the cursor by hand: step by step, to a typed time, with the pointer, back to live.
//!
//! After a move the cursor stays still, so that there is time to look; recording continues meanwhile. Only a step at
//! the newest event of a live run affects the run itself: the gate lets one poll through.

use crate::app::effect::Effect;
use crate::app::input::action::Stride;
use crate::app::input::text_field::TextField;
use crate::app::mode::{Mode, Prompt, Wanted};
use crate::app::model::Model;
use crate::app::run::view::RunView;
use crate::app::session::Origin;
use crate::app::time;
use crate::app::timeline::view::Zoom;
use crate::app::timeline::{selection, viewport};
use engine::Phase;
use trace::{State, Task, Trace};

/// Moves the cursor by one step.
pub(in crate::app) fn step(model: &mut Model, stride: Stride) -> Vec<Effect> {
    let Some(run) = &model.run else {
        model.notify(false, model.no_run());
        return Vec::new();
    };
    let at = run.cursor.at_ns;
    match stride {
        Stride::Poll => return next_poll(model),
        Stride::PollBack => previous_poll(model),
        Stride::Task => to_event(model, next_event, "no later event of this task"),
        Stride::TaskBack => to_event(model, previous_event, "no earlier event of this task"),
        Stride::Wake => {
            let found = next_wake(&run.trace, at);
            let none = if run.trace.knows_ready() { "no later wake" } else { "wakes were not recorded (--detail polls)" };
            to(model, found, none);
        }
        Stride::Time => {
            let found = run.trace.poll(run.trace.polls_by(at)).map(|poll| poll.at_ns);
            to(model, found, "no later poll");
        }
        Stride::TimeBack => {
            let before = run.trace.polls_before(at).checked_sub(1);
            let found = before.and_then(|number| run.trace.poll(number)).map(|poll| poll.at_ns);
            to(model, found, "no earlier poll");
        }
        Stride::Cell => {
            let end = run.trace.end_ns;
            put(model, (at / model.timeline.cell_ns + 1).saturating_mul(model.timeline.cell_ns).min(end));
        }
        Stride::CellBack => {
            let cells = at.div_ceil(model.timeline.cell_ns).saturating_sub(1);
            put(model, cells * model.timeline.cell_ns);
        }
    }
    Vec::new()
}

/// Moves the cursor to a time and stops there.
pub(in crate::app) fn put(model: &mut Model, at_ns: u64) {
    model.session.origin = None;
    rest_at(model, at_ns, None);
}

fn rest_at(model: &mut Model, at_ns: u64, poll: Option<u64>) {
    let Some(run) = &mut model.run else { return };
    run.cursor.at_ns = at_ns.min(run.trace.end_ns);
    (run.cursor.playing, run.cursor.live, run.cursor.poll) = (false, false, poll);
    if !run.trace.closed {
        // The visible part must not shrink because the run continues.
        model.session.zoom = Zoom::Chosen;
    }
    model.timeline.follow = true;
    viewport::keep_in_sight(model);
}

/// Moves the cursor to a time that was searched for, or says that there is none.
fn to(model: &mut Model, found: Option<u64>, none: &str) {
    let Some(at_ns) = found else {
        let recorded = model.run.as_ref().is_none_or(|run| run.trace.closed);
        model.notify(false, if recorded { none.to_owned() } else { format!("{none} so far") });
        if let Some(run) = model.run.as_mut().filter(|run| !run.cursor.live) {
            run.cursor.playing = false;
        }
        return;
    };
    put(model, at_ns);
}

/// Moves to the next known poll; after the last one of a live run, the gate lets one through.
fn next_poll(model: &mut Model) -> Vec<Effect> {
    let Some(run) = &model.run else { return Vec::new() };
    // A run that takes no time is all at its start: steps lead through it again.
    let timeless = run.trace.closed && run.trace.end_ns == 0;
    let next = match run.cursor.poll {
        Some(number) => number + 1,
        None if timeless => 0,
        None => run.trace.polls_by(run.cursor.at_ns),
    };
    if run.trace.poll(next).is_some() {
        begin_steps(model);
        to_poll(model, next);
        return Vec::new();
    }
    if !run.is_live() || run.phase != Phase::Running || model.programs.is_some() {
        to(model, None, "no later poll");
        return Vec::new();
    }
    begin_steps(model);
    if let Some(run) = &mut model.run {
        run.held = true;
        (run.cursor.at_ns, run.cursor.playing, run.cursor.live, run.cursor.poll) = (run.trace.end_ns, false, true, None);
    }
    vec![Effect::Step]
}

/// Moves back by one poll. As many steps back as forward lead to where the first step started.
fn previous_poll(model: &mut Model) {
    let Some(run) = &model.run else { return };
    let before = match run.poll() {
        Some(number) => number.checked_sub(1),
        None => run.trace.polls_by(run.cursor.at_ns).checked_sub(1),
    };
    if let Some(origin) = model.session.origin.filter(|origin| before.is_none_or(|number| number < origin.next_poll)) {
        model.session.origin = None;
        model.timeline = origin.timeline;
        if let Some(run) = &mut model.run {
            run.cursor = origin.cursor;
        }
        return;
    }
    match before {
        Some(number) => to_poll(model, number),
        None if run.cursor.at_ns > 0 => put(model, 0),
        None => model.notify(false, "no earlier poll"),
    }
}

/// Remembers where the steps started, unless a series of steps is under way.
fn begin_steps(model: &mut Model) {
    let Some(run) = &model.run else { return };
    if model.session.origin.is_some() {
        return;
    }
    let poll = run.poll();
    let next_poll = poll.map_or_else(|| run.trace.polls_by(run.cursor.at_ns), |number| number + 1);
    let mut cursor = run.cursor;
    (cursor.playing, cursor.live, cursor.poll) = (false, false, poll);
    model.session.origin = Some(Origin { cursor, timeline: model.timeline, next_poll });
}

/// Moves the cursor to where a poll is over and its effect is visible, and scrolls to its lane.
fn to_poll(model: &mut Model, number: u64) {
    let Some(run) = &model.run else { return };
    let Some(poll) = run.trace.poll(number) else { return };
    let at_ns = run.trace.tasks.get(poll.task as usize).and_then(|task| poll_end(task, poll.at_ns));
    let at_ns = at_ns.unwrap_or(run.trace.end_ns);
    rest_at(model, at_ns, Some(number));
    selection::reveal(model, poll.task);
}

/// When a poll that began at a time ended; `None` while it lasts.
fn poll_end(task: &Task, start_ns: u64) -> Option<u64> {
    let after = task.segments.partition_point(|segment| segment.start_ns <= start_ns);
    let runs = task.segments[..after].last().is_some_and(|segment| matches!(segment.state, State::Running(_)));
    if !runs {
        return Some(start_ns);
    }
    task.segments.get(after).map(|next| next.start_ns).or(task.ended.map(|end| end.at_ns))
}

fn to_event(model: &mut Model, find: impl Fn(&Task, u64) -> Option<u64>, none: &str) {
    let Some(run) = &model.run else { return };
    let task = model.timeline.selected.and_then(|task| run.trace.tasks.get(task as usize));
    let Some(task) = task else {
        model.notify(false, "no task selected: pick a lane in the timeline first");
        return;
    };
    let found = find(task, run.cursor.at_ns);
    to(model, found, none);
}

fn next_event(task: &Task, at_ns: u64) -> Option<u64> {
    let after = task.segments.partition_point(|segment| segment.start_ns <= at_ns);
    let end = task.ended.map(|end| end.at_ns).filter(|end| *end > at_ns);
    task.segments.get(after).map(|segment| segment.start_ns).or(end)
}

fn previous_event(task: &Task, at_ns: u64) -> Option<u64> {
    if let Some(end) = task.ended.map(|end| end.at_ns).filter(|end| *end < at_ns) {
        return Some(end);
    }
    let before = task.segments.partition_point(|segment| segment.start_ns < at_ns);
    before.checked_sub(1).map(|i| task.segments[i].start_ns)
}

fn next_wake(trace: &Trace, at_ns: u64) -> Option<u64> {
    let next = |task: &Task| {
        let after = task.wakes.partition_point(|wake| wake.at_ns <= at_ns);
        task.wakes.get(after).map(|wake| wake.at_ns)
    };
    trace.tasks.iter().filter_map(next).min()
}

/// Puts the cursor at the start of the run.
pub(in crate::app) fn to_start(model: &mut Model) {
    if model.run.is_none() {
        model.notify(false, model.no_run());
        return;
    }
    let since_ns = model.run.as_ref().map_or(0, |run| run.trace.since_ns);
    put(model, since_ns);
}

/// Shows the newest event and follows the run.
pub(in crate::app) fn to_live(model: &mut Model) {
    model.session.origin = None;
    model.timeline.follow = true;
    let Some(run) = &mut model.run else { return };
    let open = !run.trace.closed;
    run.cursor.at_ns = run.trace.end_ns;
    run.cursor.poll = None;
    run.cursor.live = open || run.is_live();
    run.cursor.playing = open && !run.held;
    viewport::keep_in_sight(model);
}

/// Opens the prompt for a time.
pub(in crate::app) fn type_time(model: &mut Model) {
    if model.run.is_none() {
        model.notify(false, model.no_run());
        return;
    }
    model.mode = Mode::Prompt(Prompt { what: Wanted::Time, text: TextField::default(), error: None });
}

/// Goes to the typed time; an invalid one stays in the prompt, with the reason.
pub(in crate::app) fn go_to_time(model: &mut Model) {
    let (Some(field), Some(run)) = (model.mode.prompt_mut(), &model.run) else { return };
    let end_ns = run.trace.end_ns;
    let within = |at_ns: u64| match (at_ns <= end_ns, run.trace.closed) {
        (true, _) => Ok(at_ns),
        (false, true) => Err(format!("the run ends at {}", time::moment(end_ns))),
        (false, false) => Err(format!("recorded up to {} so far", time::moment(end_ns))),
    };
    match time::parse(field.text.text()).and_then(within) {
        Ok(at_ns) => {
            model.mode = Mode::Browse;
            put(model, at_ns);
        }
        Err(reason) => field.error = Some(reason),
    }
}

/// Moves the cursor to the column under the pointer.
pub(in crate::app) fn scrub(model: &mut Model, column: u16) {
    if let Some(at_ns) = viewport::time_at(model, column) {
        put(model, at_ns);
    }
}

/// The position of the poll under the cursor among the polls that begin at the same time, from 1, and their count.
pub fn among(run: &RunView, number: u64) -> Option<(u64, u64)> {
    let at_ns = run.trace.poll(number)?.at_ns;
    let first = run.trace.polls_before(at_ns);
    Some((number - first + 1, run.trace.polls_by(at_ns) - first))
}

#[cfg(test)]
pub(super) mod tests;
