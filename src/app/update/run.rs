//! The run on screen and its cursor: start, pause, speed, the passing of time.

use std::time::Duration;

use scenarios::Clock;

use super::{folds, form, notify, order, range, settle, timeline};
use crate::app::effect::Effect;
use crate::app::findings::Found;
use crate::app::folds::Folds;
use crate::app::history::History;
use crate::app::model::{Cursor, Density, LaneView, Mode, Model, Overlay, Pane, Pending, RunView};
use crate::app::reading::Reading;
use crate::app::session::{Entry, Zoom};
use crate::engine::{Ending, Phase, Report, Spec, StartError};
use crate::recording::Recording;
use crate::trace::{TaskIx, Trace};

/// The speeds that a key steps through.
const SPEEDS: [f64; 14] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, f64::INFINITY];

/// Puts a run on screen that has just been started, and returns the one that it replaces:
/// a big trace takes a while to free, which is not for the thread that draws.
pub fn started(model: &mut Model, spec: Spec) -> Option<RunView> {
    let old = model.run.take();
    let same = old.as_ref().is_some_and(|old| is_same(old, &spec));
    let asked = std::mem::replace(&mut model.session.entry, Entry::Keep);
    let entry = if same { asked } else { Entry::Fresh };
    if entry == Entry::Fresh {
        fresh_view(model);
    } else if let Some(old) = &old {
        model.session.folds.carry(&old.trace);
    }
    let live = spec.clock == Clock::Real || spec.pace.is_some();
    let begin = Cursor { at_ns: 0, playing: true, speed: model.session.speed, live, poll: None };
    let cursor = match &old {
        Some(old) if entry == Entry::Keep && !live && !old.is_live() => kept(old),
        _ => begin,
    };
    model.log.back = 0;
    model.session.origin = None;
    range::forget(model);
    order::forget(model);
    model.run = Some(RunView {
        spec,
        trace: Trace::default(),
        phase: Phase::Running,
        report: None,
        stall: None,
        found: Found::default(),
        cursor,
        held: false,
        cost_ns: model.session.cost_ns,
        disturbed: false,
    });
    timeline::keep_in_sight(model);
    old
}

/// Puts a recording on screen, in the model of a session that was made with its spec. It plays from the start.
pub fn replayed(model: &mut Model, recording: Recording) {
    let Recording { spec, trace, report, flaw } = recording;
    model.replay = true;
    model.session.start = false;
    model.focus = Pane::Timeline;
    started(model, spec);
    if let Some(run) = &mut model.run {
        run.cursor.live = false;
        (run.trace, run.report, run.phase) = (trace, Some(report), Phase::Over);
    }
    recorded(model);
    if let Some(flaw) = flaw {
        notify(model, true, flaw.to_string());
    }
}

/// The cursor for the next run of the same scenario. One that stood at the end
/// sticks to the end, so that what is turned is seen whole.
fn kept(old: &RunView) -> Cursor {
    Cursor { live: old.cursor.live || ended(old), poll: None, ..old.cursor }
}

/// The time at which the cursor will be in the run that takes the place of this one, in nanoseconds; 0 if it sticks to
/// the end.
pub fn kept_ns(old: &RunView) -> u64 {
    let cursor = kept(old);
    if cursor.live { 0 } else { cursor.at_ns }
}

fn is_same(old: &RunView, spec: &Spec) -> bool {
    old.spec.scenario.id == spec.scenario.id
}

/// Whether the run on screen is to stay there until this one, which is about to be started, is there in its place: a
/// parameter was turned, and both are simulated as fast as they go.
pub fn keeps_old(model: &Model, spec: &Spec) -> bool {
    let paced = spec.clock == Clock::Real || spec.pace.is_some();
    let old = model.run.as_ref().is_some_and(|old| is_same(old, spec) && !old.is_live());
    old && !paced && model.session.entry == Entry::Keep
}

fn fresh_view(model: &mut Model) {
    model.session.zoom = Zoom::Fit;
    model.timeline.left_ns = 0;
    model.timeline.cell_ns = 10_000_000;
    model.timeline.follow = true;
    model.timeline.top = 0;
    model.timeline.selected = None;
    (model.timeline.density, model.timeline.lanes) = (Density::default(), LaneView::default());
    model.session.opened.clear();
    model.session.folds = Folds::default();
    model.code.top = 0;
    model.session.jumps.clear();
    (model.session.history, model.session.came) = (History::default(), None);
    model.bookmarks.clear();
    model.reading = Reading::default();
    let of_the_run = matches!(
        model.mode,
        Mode::Prompt(_) | Mode::Overlay(Overlay::Why { .. } | Overlay::Findings { .. } | Overlay::Range { .. })
    );
    if of_the_run {
        model.mode = Mode::Browse;
    }
}

/// Looks after the selection when a run takes the place of another one with its trace already there: a task goes by its
/// name, since its number may be another one now.
pub fn replaced(model: &mut Model, old: &RunView) {
    let Some(run) = &model.run else { return };
    let again = |task: TaskIx| {
        let name = &old.trace.tasks.get(task as usize)?.name;
        let same = run.trace.tasks.get(task as usize).is_some_and(|task| task.name == *name);
        let found = || run.trace.tasks.iter().position(|task| task.name == *name).map(|place| place as TaskIx);
        if same { Some(task) } else { found() }
    };
    let selected = model.timeline.selected.map(|task| again(task).unwrap_or(task));
    if let Mode::Overlay(Overlay::Why { task, .. }) = &mut model.mode {
        *task = again(*task).unwrap_or(*task);
    }
    model.timeline.selected = selected;
}

/// Says why a run did not start. The one before stays on screen.
pub fn failed(model: &mut Model, error: &StartError) {
    model.session.entry = Entry::Keep;
    match error {
        StartError::Spec(error) => form::refuse(model, error),
        StartError::System(error) => notify(model, true, format!("cannot start the run: {error}")),
        StartError::Unheard(error) => notify(model, true, format!("cannot start the run: {error}")),
    }
}

/// Says that the run on screen was told to stop, and that nothing more of it will be seen.
pub fn left(model: &mut Model) {
    if let Some(run) = model.run.as_mut().filter(|run| run.phase == Phase::Running) {
        run.phase = Phase::Stopping;
    }
}

/// Closes a run that was [left](left), where none takes its place.
pub fn cut_off(model: &mut Model) {
    let Some(run) = model.run.as_mut().filter(|run| run.phase != Phase::Over) else { return };
    let at_ns = run.trace.end_ns;
    run.trace.close(at_ns);
    run.phase = Phase::Over;
    run.report = Some(Report { ending: Ending::Stopped, elapsed_ns: at_ns, runtime_polls: None });
    recorded(model);
}

/// Says that a run that was stopped goes on beside the one on screen.
pub fn disturbed(model: &mut Model) {
    if let Some(run) = &mut model.run {
        run.disturbed = true;
        notify(model, true, "a stopped run does not yield and is still at work: wall times of this run are disturbed");
    }
}

/// Says what the next run waits for. Returns whether that is news.
pub fn pending(model: &mut Model, pending: Pending) -> bool {
    let news = std::mem::replace(&mut model.pending, pending) != pending;
    if news && pending == Pending::Blocked {
        notify(model, true, "stopped runs do not yield and are still at work: the next run starts when one of them ends");
    }
    news
}

/// Whether all of it has been played.
fn ended(run: &RunView) -> bool {
    run.trace.closed && run.cursor.at_ns >= run.trace.end_ns
}

/// Looks after cursor, zoom and selection when the trace on screen has grown or closed.
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
    folds::recorded(model);
    timeline::recorded(model);
    timeline::keep_in_sight(model);
    settle(model);
}

/// Finds out once why tasks are stuck: it takes a look at every task and every resource.
fn explain(run: &mut RunView) {
    if run.stall.is_some() {
        return;
    }
    let stalled = run.trace.closed && run.report.as_ref().is_some_and(|report| report.ending == Ending::Stalled);
    let end_ns = run.trace.end_ns;
    let circle = run.trace.deadlocks.iter().find_map(|(formed_ns, _)| Some((*formed_ns, run.trace.deadlock_at(*formed_ns)?)));
    run.stall = circle.or_else(|| stalled.then(|| (end_ns, run.trace.stall_at(end_ns))));
}

/// Moves the cursor on by so much wall time.
pub(super) fn tick(model: &mut Model, passed: Duration) {
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
    // Whoever plays faster than a live run goes on catches up with it.
    if run.is_behind() && run.cursor.playing && run.cursor.at_ns >= run.trace.end_ns {
        run.cursor.live = true;
        run.cursor.playing = !run.held;
    }
    if ended(run) {
        run.cursor.playing = false;
    }
    timeline::keep_in_sight(model);
}

/// Pauses, goes on, plays again from the start, or starts what the form describes when nothing was run.
pub(super) fn pause_or_go(model: &mut Model) -> Vec<Effect> {
    let Some(run) = &mut model.run else { return form::fresh(model) };
    model.session.origin = None;
    if run.is_live() && run.phase == Phase::Running && run.cursor.live {
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
    timeline::keep_in_sight(model);
    Vec::new()
}

/// Runs what the form describes, from the start.
pub(super) fn restart(model: &mut Model) -> Vec<Effect> {
    model.timeline.follow = true;
    form::start(model, Entry::Rewind)
}

/// Stops the run, if it is still under way.
pub(super) fn stop(model: &mut Model) -> Vec<Effect> {
    match &mut model.run {
        Some(run) if run.phase == Phase::Running => {
            run.phase = Phase::Stopping;
            vec![Effect::Stop]
        }
        Some(run) if run.phase == Phase::Stopping => Vec::new(),
        _ => {
            notify(model, false, "no run is under way");
            Vec::new()
        }
    }
}

/// The next speed up or down. Wall time has only one.
pub(super) fn change_speed(model: &mut Model, faster: bool) -> Vec<Effect> {
    if model.run.as_ref().is_some_and(|run| run.spec.clock == Clock::Real && run.cursor.live && !run.trace.closed) {
        notify(model, true, "the real clock has one speed: c switches to the virtual one");
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

/// Copies what gives this run again, and shows it: not every terminal takes it.
pub(super) fn share(model: &mut Model) -> Vec<Effect> {
    let line = match &model.run {
        Some(run) => run.spec.share(),
        None => model.form.spec(model.options.limit).share(),
    };
    notify(model, false, line.clone());
    vec![Effect::Copy(line)]
}
