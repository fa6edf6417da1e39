//! Playback: growth of the recording, automatic movement of the cursor, pause, speed and stop.

use std::time::Duration;

use scenario::Clock;

use crate::app::effect::Effect;
use crate::app::form::{pick, start};
use crate::app::input::action::Action;
use crate::app::mode::{Mode, Question};
use crate::app::model::Model;
use crate::app::overlay::range;
use crate::app::panes::Pane;
use crate::app::run::view::RunView;
use crate::app::run::{answers, scheduler};
use crate::app::session::Entry;
use crate::app::sketch::shown;
use crate::app::timeline::{listing, viewport};
use engine::{Ending, Phase};

/// The speeds to step through.
const SPEEDS: [f64; 14] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, f64::INFINITY];

/// Whether playback has reached the end.
pub(in crate::app) fn ended(run: &RunView) -> bool {
    run.trace.closed && run.cursor.at_ns >= run.trace.end_ns
}

/// Adjusts cursor, zoom and selection after the trace on screen has grown or closed.
pub fn recorded(model: &mut Model) {
    let Some(run) = &mut model.run else { return };
    if run.cursor.live {
        run.cursor.at_ns = run.trace.end_ns;
    }
    if run.trace.closed {
        run.held = false;
        run.cursor.at_ns = run.cursor.at_ns.min(run.trace.end_ns);
        if run.cursor.live {
            run.cursor.playing = false;
            run.cursor.live = run.is_live();
        }
    }
    explain(run);
    run.found.recorded(&run.trace);
    if let Some(run) = &model.run {
        model.session.folds.grow(&run.trace);
    }
    scheduler::recorded(model);
    viewport::recorded(model);
    viewport::keep_in_sight(model);
    listing::settle(model);
    range::settle(model);
}

/// Finds out, once, why tasks are stuck: it must look at every task and every resource.
fn explain(run: &mut RunView) {
    if run.stall.is_some() {
        return;
    }
    let stalled = run.trace.closed && run.report.as_ref().is_some_and(|report| report.ending == Ending::Stalled);
    let end_ns = run.trace.end_ns;
    let circle = run.trace.deadlocks.iter().find_map(|(formed_ns, _)| Some((*formed_ns, run.trace.deadlock_at(*formed_ns)?)));
    run.stall = circle.or_else(|| stalled.then(|| (end_ns, run.trace.stall_at(end_ns))));
}

/// Advances the cursor by an amount of wall time.
pub(in crate::app) fn tick(model: &mut Model, passed: Duration) {
    let Some(run) = &mut model.run else { return };
    run.found.passed(&run.trace, passed);
    let cursor = &mut run.cursor;
    if cursor.live {
        cursor.at_ns = run.trace.end_ns;
    } else if cursor.playing && cursor.at_ns < run.trace.end_ns {
        let step = (passed.as_nanos() as f64 * cursor.speed) as u64;
        cursor.at_ns = cursor.at_ns.saturating_add(step).min(run.trace.end_ns);
        cursor.poll = None;
    }
    // Playback that is faster than a live run catches up with it.
    if run.is_behind() && run.cursor.playing && run.cursor.at_ns >= run.trace.end_ns {
        run.cursor.live = true;
        run.cursor.playing = !run.held;
    }
    let moved = run.cursor.playing && !run.cursor.live;
    if ended(run) {
        run.cursor.playing = false;
    }
    if moved {
        answers::passed(model);
    }
    viewport::keep_in_sight(model);
}

/// Pauses, resumes, plays again from the start, or starts what the form describes if nothing was run.
pub(in crate::app) fn pause_or_go(model: &mut Model) -> Vec<Effect> {
    if model.focus == Pane::Scenarios && pick::is_preview(model) && model.can_run() {
        return pick::pick(model);
    }
    let Some(run) = &mut model.run else {
        if model.programs.is_none() {
            return start::fresh(model);
        }
        model.notify(false, model.no_run());
        return Vec::new();
    };
    model.session.origin = None;
    if run.is_live() && run.phase == Phase::Running && run.cursor.live {
        if model.programs.is_some() {
            // The program goes on; only the picture is held.
            (run.cursor.live, run.cursor.playing) = (false, false);
            return Vec::new();
        }
        run.held = !run.held;
        run.cursor.playing = !run.held;
        return vec![Effect::Pause(run.held)];
    }
    if run.cursor.playing {
        run.cursor.playing = false;
    } else {
        if ended(run) {
            run.cursor.at_ns = 0;
            model.timeline.follow = true;
        }
        run.cursor.live = false;
        run.cursor.playing = true;
    }
    viewport::keep_in_sight(model);
    Vec::new()
}

/// Runs the scenario on screen again with the form's settings. A live run on the real clock cannot be repeated, so
/// replacing it asks first.
pub(in crate::app) fn restart(model: &mut Model) -> Vec<Effect> {
    let live = |run: &RunView| run.spec.clock == Clock::Real && run.phase == Phase::Running;
    if model.run.as_ref().is_some_and(live) {
        model.mode = Mode::Ask(Question::Restart);
        return Vec::new();
    }
    run_again(model)
}

/// Performs the action that the question was about.
pub(in crate::app) fn yes(model: &mut Model) -> Vec<Effect> {
    let Mode::Ask(Question::Restart) = model.mode else { return Vec::new() };
    model.mode = Mode::Browse;
    run_again(model)
}

fn run_again(model: &mut Model) -> Vec<Effect> {
    pick::end_preview(model);
    model.timeline.follow = true;
    start::start(model, Entry::Rewind)
}

/// Stops the run, if it is still under way.
pub(in crate::app) fn stop(model: &mut Model) -> Vec<Effect> {
    match &mut model.run {
        Some(run) if run.phase == Phase::Running => {
            run.phase = Phase::Stopping;
            vec![Effect::Stop]
        }
        Some(run) if run.phase == Phase::Stopping => Vec::new(),
        _ => {
            model.notify(false, "no run is active");
            Vec::new()
        }
    }
}

/// Steps the speed up or down. The real clock has only one speed.
pub(in crate::app) fn change_speed(model: &mut Model, faster: bool) -> Vec<Effect> {
    if model.run.as_ref().is_some_and(|run| run.spec.clock == Clock::Real && run.cursor.live && !run.trace.closed) {
        let instead = if model.programs.is_some() { "" } else { "; the command 'clock' switches to the virtual clock" };
        model.notify(true, format!("the real clock has one speed{instead}"));
        return Vec::new();
    }
    let now = model.session.speed;
    let next = if faster {
        SPEEDS.iter().copied().find(|speed| *speed > now)
    } else {
        SPEEDS.iter().copied().rev().find(|speed| *speed < now)
    };
    let speed = next.unwrap_or(now);
    model.session.speed = speed;
    let Some(run) = &mut model.run else { return Vec::new() };
    run.cursor.speed = speed;
    if run.spec.pace.is_none() || run.phase != Phase::Running {
        return Vec::new();
    }
    run.spec.pace = Some(speed);
    vec![Effect::SetPace(speed)]
}

/// Copies the share line, and also shows it, because not every terminal supports copying. Asked again at once, copies the command
/// that shows the run on the screen.
pub(in crate::app) fn share(model: &mut Model) -> Vec<Effect> {
    let line = match &model.run {
        Some(run) => run.spec.share(),
        None => model.form.spec(model.options.limit).share(),
    };
    let [run, show] = shown::share(model, &line);
    let key = model.bindings.shown(&Action::Share, model.options.theme.unicode);
    let offered = if key.is_empty() { run.clone() } else { format!("{run}   {key}: the command that shows it") };
    let again = model.session.offered.take().is_some_and(|before| before == run);
    let (line, text) = if again { (show.clone(), show) } else { (run, offered) };
    model.session.offered = (!again).then(|| line.clone());
    model.notify(false, text);
    vec![Effect::Copy(line)]
}

#[cfg(test)]
mod tests;
