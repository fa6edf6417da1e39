//! The footer's hints: the keys that do something now, the most important first.
//!
//! A key that would do nothing now is left out. The order depends on the run: a stuck run is explained, a paused one
//! is stepped through, an ended one is played again.

use scenario::Clock;

use crate::app::form::pick;
use crate::app::input::action::{Action, Stride};
use crate::app::input::bindings::{Binding, Context, Key, Scope};
use crate::app::input::keymap::context;
use crate::app::mode::Overlay;
use crate::app::model::Model;
use crate::app::overlay::{explain, palette};
use crate::app::panes::Pane;
use crate::app::programs::view::Programs;
use crate::app::run::playback;
use crate::app::run::view::RunView;
use crate::app::search;
use crate::app::sketch::shown;
use engine::Phase;
use trace::{End, Task};

/// How many hints count as the most important in a pane for choosing and tuning, with its own.
const MOST: usize = 4;
/// In a pane for choosing and tuning, how many of them are the pane's own: its rows up to rank [`OWN_RANKS`].
const OWN: usize = 2;
/// See [`OWN`].
const OWN_RANKS: u8 = 3;

/// The keys that lead everywhere else. The footer always has them, at its end.
const LEAD_ON: [&str; 4] = ["full-screen", "next-pane", "palette", "help"];

/// The end of a pane's footer: how to get to the other panes, to all commands and to the help. Empty in a layer.
pub fn ways(model: &Model) -> Vec<(String, &'static str)> {
    let context = context(model);
    let Context::Pane(_) = context else { return Vec::new() };
    let rows = LEAD_ON.into_iter().filter(|name| *name != "full-screen" || model.full.is_some()).filter_map(|name| {
        let row = model.bindings.within(context).find(|row| row.name == name)?;
        Some((row.keys.first()?.text(model.options.theme.unicode), if name == "full-screen" { "restore" } else { row.label }))
    });
    rows.collect()
}

/// What the rest of the footer shows: keys and a label each, the most important first.
pub fn hints(model: &Model) -> Vec<(String, &'static str)> {
    let context = context(model);
    let in_pane = matches!(context, Context::Pane(_));
    let leads_on =
        |binding: &Binding| in_pane && LEAD_ON.contains(&binding.name) && (binding.name != "full-screen" || model.full.is_some());
    let shown = |binding: &&Binding| {
        !binding.label.is_empty() && !binding.keys.is_empty() && !leads_on(binding) && works(model, &binding.action)
    };
    let mut bindings: Vec<&Binding> = model.bindings.within(context).filter(shown).collect();
    let first = if in_pane { first(model) } else { &[] };
    let chooses = matches!(context, Context::Pane(Pane::Scenarios | Pane::Parameters));
    let most = if chooses { MOST - OWN } else { first.len() };
    bindings.sort_by_key(|binding| {
        let own = chooses && is_own(binding, model.focus) && binding.rank <= OWN_RANKS;
        let place = first.iter().take(most).position(|names| names.contains(&binding.name));
        (!own, place.unwrap_or(usize::MAX), binding.rank)
    });
    let mut hints: Vec<(String, &'static str)> = Vec::new();
    for binding in bindings {
        // In the form a digit is typed.
        let works = |key: &&Key| model.focus != Pane::Parameters || !in_pane || !key.is_digit();
        let Some(key) = binding.keys.iter().find(works) else { continue };
        let text = key.text(model.options.theme.unicode);
        let label = match binding.action {
            Action::PauseOrGo => space_label(model),
            Action::Quit => quit_label(model),
            _ => binding.label,
        };
        match hints.last_mut() {
            Some((keys, last)) if *last == label => join(keys, &text),
            _ => hints.push((text, label)),
        }
    }
    hints
}

/// Whether a row belongs to that pane alone.
fn is_own(binding: &Binding, pane: Pane) -> bool {
    matches!(binding.scope, Scope::Panes([only]) if *only == pane)
}

/// The most important hints now, each as the names of its rows, in order.
fn first(model: &Model) -> &'static [&'static [&'static str]] {
    let Some(run) = &model.run else { return &[&["pause"]] };
    let stuck = run.stall.as_ref().is_some_and(|(since_ns, _)| *since_ns <= run.cursor.at_ns);
    if stuck {
        &[&["why"], &["rewind"], &["next-problem", "previous-problem"], &["restart"]]
    } else if run.cursor.playing {
        if model.programs.is_some() {
            // A program has no speed while it is live, and quitting may do something to it.
            &[&["pause"], &["up", "down"], &["quit"], &["why"], &["cursor-left", "cursor-right"]]
        } else {
            &[&["pause"], &["cursor-left", "cursor-right"], &["speed-down", "speed-up"], &["why"]]
        }
    } else if playback::ended(run) {
        &[&["restart"], &["rewind"], &["pause"], &["why"]]
    } else if run.is_behind() {
        &[&["pause"], &["end"], &["step", "step-back"], &["why"]]
    } else {
        &[&["pause"], &["rewind"], &["step", "step-back"], &["why"]]
    }
}

/// Whether an action does something now.
fn works(model: &Model, action: &Action) -> bool {
    let run = model.run.as_ref();
    match action {
        Action::Match { .. } => search::is_on(model),
        Action::Restart | Action::Turn(_) | Action::Edit | Action::Reset => model.can_run(),
        Action::Pick if matches!(model.mode.overlay(), Some(Overlay::Sweep { .. })) => true,
        Action::Pick if matches!(model.mode.overlay(), Some(Overlay::Hunt { .. })) => {
            model.hunt.as_ref().is_some_and(|hunt| !hunt.found.is_empty())
        }
        Action::Pick => model.can_run() && model.list.selected(model.catalogue).is_some(),
        Action::Attach => can_attach(model),
        Action::Focus(Pane::Scenarios) => {
            model.focus != Pane::Scenarios && model.programs.as_ref().is_some_and(Programs::has_others)
        }
        Action::PauseOrGo => run.is_some() || model.programs.is_none(),
        Action::Find => model.programs.is_none() || !matches!(model.focus, Pane::Scenarios | Pane::Parameters | Pane::Metrics),
        Action::Slower | Action::Faster => run.is_some_and(has_speed),
        Action::Problem { on: true } => run.is_some_and(|run| !playback::ended(run) && has_problem(run)),
        Action::Problem { on: false } | Action::ToStart => {
            run.is_some_and(|run| run.cursor.at_ns > 0 && (*action == Action::ToStart || has_problem(run)))
        }
        Action::ToLive => run.is_some_and(|run| !run.cursor.live && !playback::ended(run)),
        Action::Step(Stride::Task | Stride::TaskBack) => run.is_some() && model.timeline.selected.is_some(),
        Action::Step(_)
        | Action::Explain(_)
        | Action::Arrange
        | Action::ZoomIn
        | Action::ZoomOut
        | Action::FitSelection
        | Action::TypeTime => run.is_some(),
        Action::PutOff => run.is_some_and(|run| run.cursor.poll.is_some() && run.spec.clock == Clock::Virtual) && model.can_run(),
        Action::TakeBack => model.can_run() && !model.session.schedules.is_empty(),
        Action::Own => model.can_run() && model.sketch.as_ref().is_none_or(|sketch| sketch.id != model.form.scenario.id),
        Action::OpenProblem => shown::shows_problems(model),
        Action::UndoView => model.session.history.has_earlier(),
        Action::Show => shows(model),
        Action::RunCommand => palette::any(model),
        Action::Move(_) => !model.mode.overlay().is_some_and(is_page) || scrolls(model),
        _ => true,
    }
}

/// Whether the process under the cursor is another one than that on screen.
fn can_attach(model: &Model) -> bool {
    let ended = model.run.as_ref().is_none_or(|run| run.trace.closed);
    model.programs.as_ref().is_some_and(|programs| programs.picked().is_some_and(|it| ended || !programs.is_current(it.pid)))
}

/// Whether the open tab of the explaining overlay has something to go to.
fn shows(model: &Model) -> bool {
    match model.mode.overlay() {
        Some(Overlay::Why { task: Some(task), .. }) => {
            model.run.as_ref().is_some_and(|run| explain::past_wait(run, *task).is_some())
        }
        Some(Overlay::Findings { .. }) => model.run.as_ref().is_some_and(|run| !run.found.all.list.is_empty()),
        Some(Overlay::Range { .. }) => model.reading.measured.as_ref().is_some_and(|measured| !measured.path.steps.is_empty()),
        _ => false,
    }
}

/// Whether an overlay is a page that scrolls, not a list with a cursor.
fn is_page(overlay: &Overlay) -> bool {
    matches!(overlay, Overlay::Help { .. } | Overlay::Why { .. } | Overlay::Resources { .. })
}

/// Whether the overlay had more rows than fit when it was last drawn.
fn scrolls(model: &Model) -> bool {
    model.areas.overlay_rows > usize::from(model.areas.overlay_height)
}

/// Whether the run is played back, and does not follow the clock.
fn has_speed(run: &RunView) -> bool {
    !(run.spec.clock == Clock::Real && run.cursor.live && run.phase == Phase::Running)
}

/// How many tasks are searched for one that did not end well: a frame must not wait for more.
const LOOKED: usize = 1_000;

/// Whether there is a problem to go to, judged by a short look.
fn has_problem(run: &RunView) -> bool {
    let bad = |task: &Task| task.ended.is_some_and(|end| matches!(end.how, End::Failed | End::Cancelled | End::Panicked));
    run.stall.is_some() || !run.found.all.list.is_empty() || run.trace.tasks.iter().take(LOOKED).any(bad)
}

/// Glyphs are joined (`←→`); words are separated (`Left/Right`).
fn join(keys: &mut String, more: &str) {
    if !(keys.chars().count() == 1 && more.chars().count() == 1 && !keys.is_ascii()) {
        keys.push('/');
    }
    keys.push_str(more);
}

/// What the space bar does to the run on screen.
fn space_label(model: &Model) -> &'static str {
    match &model.run {
        Some(_) if model.focus == Pane::Scenarios && model.can_run() && pick::is_preview(model) => "start",
        None => "start",
        Some(run) if run.cursor.playing => "pause",
        Some(run) if playback::ended(run) => "replay",
        Some(_) => "resume",
    }
}

/// What quitting does to the program on screen.
fn quit_label(model: &Model) -> &'static str {
    let Some(programs) = &model.programs else { return "quit" };
    let goes_on = model.run.as_ref().is_some_and(|run| !run.trace.closed);
    match programs.watched {
        Some(pid) if goes_on || !programs.is_current(pid) => "end program",
        None if goes_on => "detach",
        _ => "quit",
    }
}

#[cfg(test)]
mod tests;
