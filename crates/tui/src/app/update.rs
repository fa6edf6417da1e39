//! The only way to change the model.
//!
//! [`update`] takes an action and returns effects for the shell: start a run, pause it. It never blocks and never
//! fails; an action that is impossible produces a notice or an error at the field. Reports from the engine come in
//! through [`lifecycle`](crate::app::run::lifecycle) and [`playback`], and sizes from the drawing code through
//! [`viewport::laid_out`].

use std::time::Duration;

use crate::app::effect::Effect;
use crate::app::form::{editing, pick, start};
use crate::app::input::action::{Action, Target};
use crate::app::input::{press, typing};
use crate::app::mode::{Mode, Overlay, Wanted};
use crate::app::model::Model;
use crate::app::overlay::palette::What;
use crate::app::overlay::{arrange, explain, hunt, palette, path, range, sweep};
use crate::app::panes::{CodeTab, Layout, Pane};
use crate::app::programs::attach;
use crate::app::run::{bookmarks, challenge, compare, cursor, export, jump, pin, playback, predict, save, scheduler, story};
use crate::app::sketch::{life, own};
use crate::app::timeline::{folding, grouping, kinds, listing, undo, viewport, wakes};
use crate::app::{editor, scroll, search, themes};

/// Performs an action on the model, and returns the effects that the shell must perform.
pub fn update(model: &mut Model, action: Action) -> Vec<Effect> {
    if matches!(action, Action::Tick(_) | Action::Hover(_)) {
        // The user did nothing: notice and tip stay.
        return dispatch(model, action);
    }
    (model.notice, model.tip) = (None, None);
    if action != Action::Share {
        model.session.offered = None;
    }
    let before = undo::before(model, &action);
    let mut effects = leave_edit(model, &action);
    if model.mode.edited().is_none() || !leaves_edit(&action) {
        effects.extend(act(model, action));
    }
    if !model.layout.has(model.focus) {
        // Keys never go to a pane that is out of sight.
        model.layout = Layout::Explore;
    }
    if model.focus == Pane::Scenarios && model.programs.is_none() {
        pick::preview(model);
    }
    viewport::keep_in_sight(model);
    undo::after(model, before);
    settle(model);
    effects
}

/// Wall time has passed.
fn tick(model: &mut Model, passed: Duration) {
    press::passed(model, passed);
    playback::tick(model, passed);
    listing::passed(model, passed);
    range::passed(model, passed);
    pin::settle(model);
}

/// Updates what is derived from the run: the list of lanes, and the measurements.
fn settle(model: &mut Model) {
    listing::settle(model);
    range::settle(model);
    pin::settle(model);
}

/// The effects to perform once the program has opened.
pub fn opened(model: &mut Model) -> Vec<Effect> {
    if !std::mem::take(&mut model.session.start) {
        return Vec::new();
    }
    start::fresh(model)
}

fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    if !model.can_run() && makes_a_run(&action) {
        start::refuse_a_run(model);
        return Vec::new();
    }
    match action {
        Action::Pick if is_sweep(model) => sweep::open(model),
        Action::Turn(steps) if is_sweep(model) => {
            sweep::turn(model, steps);
            Vec::new()
        }
        action => dispatch(model, action),
    }
}

/// Whether a sweep covers the panes.
fn is_sweep(model: &Model) -> bool {
    matches!(model.mode, Mode::Overlay(Overlay::Sweep { .. }))
}

/// Calls the function for each action: one row per action, without exception.
fn dispatch(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        // These need the shell.
        Action::Suspend => return vec![Effect::Suspend],
        Action::OpenEditor => return editor::open(model),
        Action::OpenProblem => return life::open_problem(model),
        Action::MakeOwn => return own::make(model),
        Action::Attach => return attach::attach(model),
        Action::Pick if matches!(model.mode, Mode::Overlay(Overlay::Hunt { .. })) => return hunt::open(model),
        Action::Pick => return pick::pick(model),
        Action::Turn(steps) => return editing::turn(model, steps),
        Action::Edit => return editing::edit(model),
        Action::Commit => return editing::commit(model),
        Action::Reset => return editing::reset(model),
        Action::SwitchClock => return editing::switch_clock(model),
        Action::PauseOrGo => return playback::pause_or_go(model),
        Action::Restart => return playback::restart(model),
        Action::Yes => return playback::yes(model),
        Action::Stop => return playback::stop(model),
        Action::Step(stride) => return cursor::step(model, stride),
        Action::RunCommand => return run_command(model),
        Action::PutOff | Action::TakeBack | Action::Challenge | Action::Hunt | Action::Sweep => {
            return other_runs(model, &action);
        }
        Action::Share => return playback::share(model),
        Action::Close => return close(model),
        Action::Answer => return predict::take(model),
        Action::SaveAs | Action::ExportAs | Action::NextFormat | Action::Save => return file(model, &action),
        Action::Slower | Action::Faster => return playback::change_speed(model, action == Action::Faster),
        Action::Point(target) => return point(model, target),
        // These change only the model.
        Action::Quit => model.quit = true,
        Action::Help => help(model),
        Action::Palette => palette::toggle(model),
        Action::Path => path::toggle(model),
        Action::FocusNext => model.focus_on(neighbour(model, 1)),
        Action::FocusPrevious => model.focus_on(neighbour(model, Pane::ALL.len() - 1)),
        Action::Focus(pane) => model.focus_on(pane),
        Action::Layout => return vec![next_layout(model)],
        Action::FullScreen => model.full = if model.full.is_some() { None } else { Some(model.focus) },
        Action::Find => search::ask(model),
        Action::TakeSearch => search::take(model),
        Action::Match { on } => search::go(model, on),
        Action::Move(step) => scroll::step(model, step),
        Action::Scroll { pane, rows } => scroll::scroll(model, pane, rows),
        Action::Pan(steps) => viewport::pan(model, steps),
        Action::ZoomIn => viewport::zoom(model, 1),
        Action::ZoomOut => viewport::zoom(model, -1),
        Action::ZoomAt { column, steps } => viewport::zoom_at(model, column, steps),
        Action::Fit => viewport::fit(model),
        Action::FitSelection => viewport::fit_selection(model),
        Action::UndoView => undo::undo(model),
        Action::RedoView => undo::redo(model),
        Action::Group => grouping::next(model),
        Action::Open => grouping::open(model),
        Action::NextKind => kinds::next_kind(model),
        Action::Fold => folding::toggle(model),
        Action::Counters => kinds::counters(model),
        Action::Branches => kinds::branches(model),
        Action::Jump(landmark) => jump::jump(model, landmark),
        Action::Problem { on } => jump::problem(model, on),
        Action::Story { on } => story::go(model, on),
        Action::ToStart => cursor::to_start(model),
        Action::ToLive => cursor::to_live(model),
        Action::TypeTime => cursor::type_time(model),
        Action::GoToTime => cursor::go_to_time(model),
        Action::MarkRange => range::mark(model),
        Action::Compare | Action::Pin => beside(model, &action),
        Action::Predict => predict::toggle(model),
        Action::CriticalPath => range::toggle_path(model),
        Action::PathTo => range::path_to(model),
        Action::Order => listing::next(model),
        Action::Filter => listing::ask(model),
        Action::TakeFilter => listing::take(model),
        Action::ClearFilter => _ = listing::clear(model),
        Action::Bookmark => bookmarks::bookmark(model),
        Action::NextBookmark => bookmarks::to_bookmark(model, true),
        Action::PreviousBookmark => bookmarks::to_bookmark(model, false),
        Action::Own => own::ask(model),
        Action::Arrange => arrange::open(model),
        Action::Choose => arrange::choose(model),
        Action::Explain(tab) => explain::open(model, tab),
        Action::TurnExplain { on } => explain::turn(model, on),
        Action::Show => explain::show(model),
        Action::ToWaker => wakes::to_waker(model),
        Action::AlongWake { on } => wakes::along(model, on),
        Action::JumpBack => wakes::back(model),
        Action::LogLevel => log_level(model),
        Action::NextTab => model.code.turn(1),
        Action::PreviousTab => model.code.turn(CodeTab::ALL.len() - 1),
        Action::ShowTab(tab) => show_tab(model, tab),
        Action::NextTheme => themes::next(model),
        Action::Theme(name) => themes::set(model, name),
        Action::Type(c) => typing::type_text(model, &c.to_string()),
        Action::Paste(text) => typing::type_text(model, &text),
        Action::Text(key) => typing::text_key(model, key),
        Action::Drag(column) => press::drag(model, column),
        Action::LetGo => press::let_go(model),
        Action::Hover(tip) => model.tip = tip,
        Action::Tick(passed) => tick(model, passed),
    }
    Vec::new()
}

/// Whether an action changes the parameters of a run, or starts one.
fn makes_a_run(action: &Action) -> bool {
    use Action::{Commit, Edit, Pick, Reset, Restart, SwitchClock, Turn};
    matches!(action, Pick | Turn(_) | Edit | Commit | Reset | SwitchClock | Restart)
}

/// Whether an action leaves the field that is being edited.
fn leaves_edit(action: &Action) -> bool {
    use Action::{Close, Commit, Drag, Edit, LetGo, Paste, Quit, Scroll, Suspend, Text, Type};
    !matches!(action, Type(_) | Paste(_) | Text(_) | Commit | Edit | Close | Quit | Suspend | Scroll { .. } | Drag(_) | LetGo)
}

/// Leaving a field commits its value. An invalid value keeps the focus, so that it is not lost.
fn leave_edit(model: &mut Model, action: &Action) -> Vec<Effect> {
    if model.mode.edited().is_some() && leaves_edit(action) { editing::commit(model) } else { Vec::new() }
}

/// Shows runs beside each other: the previous one, or a pinned one.
fn beside(model: &mut Model, action: &Action) {
    if *action == Action::Pin { pin::toggle(model) } else { compare::show(model) }
}

/// Tries other schedules, by hand or by a hunt, or other values of a parameter.
fn other_runs(model: &mut Model, action: &Action) -> Vec<Effect> {
    match action {
        Action::PutOff => scheduler::put_off(model),
        Action::TakeBack => scheduler::take_back(model),
        Action::Challenge => challenge::begin(model),
        Action::Sweep => sweep::sweep(model),
        _ => hunt::hunt(model),
    }
}

/// Asks for a file, or writes it: a recording or an export.
fn file(model: &mut Model, action: &Action) -> Vec<Effect> {
    match action {
        Action::SaveAs => save::ask(model),
        Action::ExportAs => export::ask(model),
        Action::NextFormat => export::next_format(model),
        _ if model.mode.prompt().is_some_and(|prompt| matches!(prompt.what, Wanted::Export { .. })) => {
            return export::export(model);
        }
        _ => return save::save(model),
    }
    Vec::new()
}

/// Closes the innermost layer.
fn close(model: &mut Model) -> Vec<Effect> {
    match model.mode {
        Mode::Overlay(Overlay::Predict { .. }) => return predict::begin(model),
        Mode::Overlay(Overlay::Hunt { .. }) => return hunt::close(model),
        Mode::Overlay(Overlay::Sweep { .. }) => return sweep::close(model),
        Mode::Overlay(_) | Mode::Ask(_) => model.mode = Mode::Browse,
        Mode::Prompt(_) => {
            listing::leave_prompt(model);
            model.mode = Mode::Browse;
        }
        Mode::Edit(_) => editing::revert(model),
        Mode::Search => end_search(model),
        Mode::Browse => close_in_pane(model),
    }
    Vec::new()
}

/// Closes the innermost layer of the focused pane, or else the full screen.
fn close_in_pane(model: &mut Model) {
    if model.focus == Pane::Scenarios && !model.list.search.text().is_empty() {
        end_search(model);
    } else if search::end(model) || story::end(model) {
        // That was the innermost layer.
    } else if !(model.focus == Pane::Timeline && (grouping::close(model) || listing::clear(model) || range::clear(model))) {
        model.full = None;
    }
}

fn neighbour(model: &Model, steps: usize) -> Pane {
    let at = Pane::ALL.iter().position(|pane| *pane == model.focus).unwrap_or(0);
    let next = (1..=Pane::ALL.len()).map(|times| Pane::ALL[(at + times * steps) % Pane::ALL.len()]);
    next.into_iter().find(|pane| model.layout.has(*pane)).unwrap_or(model.focus)
}

/// Shows the next layout. The focus stays where it is if that pane is still on screen.
fn next_layout(model: &mut Model) -> Effect {
    model.layout = model.layout.next();
    model.full = None;
    if !model.layout.has(model.focus) {
        model.focus_on(Pane::Timeline);
    }
    model.notify(false, format!("layout: {}", model.layout.name()));
    Effect::KeepLayout(model.layout)
}

/// Focuses and selects, and performs the action that a second press asks for.
fn point(model: &mut Model, target: Target) -> Vec<Effect> {
    press::press(model, target).map_or_else(Vec::new, |action| act(model, action))
}

/// Runs the selected command of the palette, as its key would.
fn run_command(model: &mut Model) -> Vec<Effect> {
    match palette::take(model) {
        Some(What::Do(action, pane)) => {
            if let Some(pane) = pane {
                model.focus_on(pane);
            }
            update(model, action)
        }
        Some(What::Set(row)) => {
            model.focus_on(Pane::Parameters);
            model.form.row = row;
            Vec::new()
        }
        Some(What::Choose(row, value)) => editing::choose(model, row, value),
        Some(What::Run(at)) => {
            model.list.clear_search(model.catalogue);
            model.list.select(model.catalogue, at);
            model.focus_on(Pane::Parameters);
            update(model, Action::Pick)
        }
        None => Vec::new(),
    }
}

/// Opens the help of the focused pane; if it is open, shows its other page.
fn help(model: &mut Model) {
    let pane = model.focus;
    let marks = matches!(model.mode, Mode::Overlay(Overlay::Help { marks: false, .. }));
    model.mode = Mode::Overlay(Overlay::Help { pane, marks, top: 0 });
}

/// Shows a tab of the code pane, and the pane if it is not on screen.
fn show_tab(model: &mut Model, tab: CodeTab) {
    model.code.show(tab);
    model.focus_on(Pane::Code);
}

/// Shows the next log level, from the newest line.
fn log_level(model: &mut Model) {
    model.log.next_level();
    search::scrolled(model);
}

/// Ends the search of the list.
fn end_search(model: &mut Model) {
    if model.list.selected(model.catalogue).is_none() {
        model.list.search.clear();
        pick::end_preview(model);
    }
    model.list.clear_search(model.catalogue);
    model.mode = Mode::Browse;
}

#[cfg(test)]
mod tests;
