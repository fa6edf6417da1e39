//! A run's life on screen: it arrives, replaces the previous one, and goes.

use scenario::Clock;

use crate::app::form::start;
use crate::app::mode::{Mode, Overlay};
use crate::app::model::Model;
use crate::app::overlay::range;
use crate::app::panes::Pane;
use crate::app::programs::view::Current;
use crate::app::run::compare;
use crate::app::run::found::Found;
use crate::app::run::pin;
use crate::app::run::playback;
use crate::app::run::predict;
use crate::app::run::view::{Cursor, Pending, RunView};
use crate::app::search;
use crate::app::session::Entry;
use crate::app::timeline::folds::Folds;
use crate::app::timeline::history::History;
use crate::app::timeline::reading::Reading;
use crate::app::timeline::view::{Grouping, LaneView, Zoom};
use crate::app::timeline::{listing, viewport};
use crate::source;
use engine::Recording;
use engine::{Ending, Phase, Report, Spec, StartError};
use recording::Program;
use trace::TaskIx;

/// Puts a newly started run on screen, and returns the one that it replaces: freeing a big trace takes too long for
/// the thread that draws.
pub fn started(model: &mut Model, spec: Spec) -> Option<RunView> {
    let mut old = model.run.take();
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
    let stepped = model.session.stepped.take();
    let go_to_ns = model.session.go_to_ns.take();
    let cursor = match &old {
        _ if go_to_ns.is_some() => Cursor { at_ns: go_to_ns.unwrap_or_default(), playing: false, poll: stepped, ..begin },
        // The moment may be the end of both runs: only what follows in it differs.
        Some(old) if entry == Entry::Keep && stepped.is_some() => Cursor { playing: false, poll: stepped, ..old.cursor },
        Some(old) if entry == Entry::Keep && !live && !old.is_live() => kept(old),
        _ => begin,
    };
    model.log.back = 0;
    search::scrolled(model);
    model.story = None;
    predict::started(model, &spec);
    model.session.origin = None;
    range::forget(model);
    listing::forget(model);
    let scenario = spec.scenario;
    model.run = Some(RunView {
        spec,
        trace: source::trace(scenario),
        phase: Phase::Running,
        report: None,
        stall: None,
        found: Found::default(),
        cursor,
        held: false,
        cost_ns: model.session.cost_ns,
        disturbed: false,
        before: old.as_mut().filter(|_| same).and_then(compare::before),
    });
    let old = pin::replaced(model, old, same);
    viewport::keep_in_sight(model);
    old
}

/// How long the first view of an attached program is, in nanoseconds per cell: some seconds on a usual screen.
const LIVE_CELL_NS: u64 = 50_000_000;

/// Puts a program on screen whose facts begin to arrive. Returns the run that it replaces.
pub fn attached(model: &mut Model, program: Program, sampled: bool, east_s: i64) -> Option<RunView> {
    let spec = engine::program::spec(&program);
    let programs = model.programs.get_or_insert_default();
    (programs.current, programs.attaching) = (Some(Current::new(program, sampled, east_s)), None);
    (model.replay, model.session.entry) = (false, Entry::Fresh);
    if model.run.is_none() && model.focus == Pane::Scenarios {
        model.focus_on(Pane::Timeline);
    }
    model.notice = None;
    let old = started(model, spec);
    (model.session.zoom, model.timeline.cell_ns) = (Zoom::Chosen, LIVE_CELL_NS);
    old
}

/// Puts a recording on screen, in a model that was made with the recording's spec, or for programs. It plays from the start.
pub fn replayed(model: &mut Model, recording: Recording) {
    model.replay = true;
    model.focus = Pane::Timeline;
    finished(model, recording);
}

/// Puts a run on screen that is over already, as if it had just been made. It plays from the start.
pub fn finished(model: &mut Model, recording: Recording) {
    let Recording { spec, program, trace, report, flaw } = recording;
    if let Some(program) = program {
        model.programs.get_or_insert_default().current = Some(Current::new(program, false, 0));
    }
    model.session.start = false;
    started(model, spec);
    if let Some(run) = &mut model.run {
        (run.cursor.live, run.cursor.at_ns) = (false, trace.since_ns);
        (run.trace, run.report, run.phase) = (trace, Some(report), Phase::Over);
    }
    playback::recorded(model);
    if let Some(flaw) = flaw {
        model.notify(true, flaw.to_string());
    }
}

/// The cursor for the next run of the same scenario. A cursor at the end stays at the end, so that the effect of a
/// changed parameter is fully visible.
fn kept(old: &RunView) -> Cursor {
    Cursor { live: old.cursor.live || playback::ended(old), poll: None, ..old.cursor }
}

/// Where the cursor will be in the run that replaces this one, in nanoseconds; 0 if it stays at the end.
pub fn kept_ns(old: &RunView) -> u64 {
    let cursor = kept(old);
    if cursor.live { 0 } else { cursor.at_ns }
}

fn is_same(old: &RunView, spec: &Spec) -> bool {
    old.spec.scenario.id == spec.scenario.id
}

/// Whether the run on screen stays until the next run, about to start, is complete: a parameter was changed, and both
/// run as fast as they can.
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
    (model.timeline.grouping, model.timeline.lanes) = (Grouping::default(), LaneView::default());
    model.session.opened.clear();
    model.session.folds = Folds::default();
    model.code.top = 0;
    model.session.jumps.clear();
    (model.session.history, model.session.came) = (History::default(), None);
    model.bookmarks.clear();
    model.reading = Reading::default();
    (model.search, model.session.explained) = (None, None);
    let explains = model.mode.overlay().is_some_and(|overlay| overlay.explains().is_some());
    if explains || matches!(model.mode, Mode::Prompt(_) | Mode::Ask(_) | Mode::Overlay(Overlay::Arrange { .. })) {
        model.mode = Mode::Browse;
    }
}

/// Restores the selection when a complete run replaces another. The task is found by name, because its number may
/// have changed.
pub fn replaced(model: &mut Model, old: Option<&RunView>) {
    let pinned = model.pin.as_ref().and_then(|pin| pin.run.as_deref());
    let (Some(run), Some(old)) = (&model.run, old.or(pinned)) else { return };
    let again = |task: TaskIx| {
        let name = &old.trace.tasks.get(task as usize)?.name;
        let same = run.trace.tasks.get(task as usize).is_some_and(|task| task.name == *name);
        let found = || run.trace.tasks.iter().position(|task| task.name == *name).map(|place| place as TaskIx);
        if same { Some(task) } else { found() }
    };
    let selected = model.timeline.selected.map(|task| again(task).unwrap_or(task));
    if let Mode::Overlay(Overlay::Why { task, .. }) = &mut model.mode {
        *task = task.map(|task| again(task).unwrap_or(task));
    }
    model.timeline.selected = selected;
}

/// Reports why a run did not start. The previous run stays on screen.
pub fn failed(model: &mut Model, error: &StartError) {
    model.session.entry = Entry::Keep;
    match error {
        StartError::Spec(error) => start::refuse(model, error),
        StartError::System(error) => model.notify(true, format!("cannot start the run: {error}")),
        StartError::Unheard(error) => model.notify(true, format!("cannot start the run: {error}")),
    }
}

/// Marks the run on screen as told to stop: nothing more of it will be seen.
pub fn left(model: &mut Model) {
    if let Some(run) = model.run.as_mut().filter(|run| run.phase == Phase::Running) {
        run.phase = Phase::Stopping;
    }
}

/// Closes a run that was [`left`], if no other run replaces it.
pub fn cut_off(model: &mut Model) {
    let Some(run) = model.run.as_mut().filter(|run| run.phase != Phase::Over) else { return };
    let at_ns = run.trace.end_ns;
    run.trace.close(at_ns);
    run.phase = Phase::Over;
    run.report = Some(Report { ending: Ending::Stopped, elapsed_ns: at_ns, runtime_polls: None });
    playback::recorded(model);
}

/// Warns that a stopped run continues beside the one on screen.
pub fn disturbed(model: &mut Model) {
    if let Some(run) = &mut model.run {
        run.disturbed = true;
        model.notify(true, "a stopped run never yields and is still running: wall times of this run are unreliable");
    }
}

/// Notes what delays the next run. Returns whether that has changed.
pub fn pending(model: &mut Model, pending: Pending) -> bool {
    let news = std::mem::replace(&mut model.pending, pending) != pending;
    if news && pending == Pending::Blocked {
        model.notify(true, "stopped runs never yield and are still running: the next run starts when one ends");
    }
    news
}
