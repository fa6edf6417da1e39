//! The one way in which the model changes.
//!
//! [`update`] takes an action and returns what is to be done outside of the
//! model: start a run, pause it, quit. It never waits and never fails; what
//! cannot be done is said in a notice or at the field. What the engine reports
//! comes in through [`started`], [`failed`] and [`recorded`], and what the
//! drawing code knows about sizes through [`laid_out`].

mod click;
mod cursor;
mod density;
mod edit;
mod findings;
mod folds;
mod form;
mod jump;
mod kinds;
mod list;
mod order;
mod palette;
mod path;
mod range;
mod run;
mod save;
mod scroll;
mod timeline;
mod views;
mod wakes;
mod why;

pub use cursor::among;
pub use edit::edited;
pub use path::next as next_on_path;
pub use run::{cut_off, disturbed, failed, keeps_old, kept_ns, left, pending, recorded, replaced, replayed, started};
pub use save::{saved, unsaved};
pub use timeline::laid_out;

use std::time::Duration;

use super::action::{Action, Target};
use super::effect::Effect;
use super::model::{CodeTab, Mode, Model, Notice, Overlay, Pane};
use super::session::Held;

/// Does what is asked for, and says what is to be done outside of the model.
pub fn update(model: &mut Model, action: Action) -> Vec<Effect> {
    if matches!(action, Action::Tick(_) | Action::Hover(_)) {
        // Nothing was asked for: what the user was shown stays.
        return dispatch(model, action);
    }
    (model.notice, model.tip) = (None, None);
    let before = views::before(model, &action);
    let mut effects = leave_edit(model, &action);
    if !effects.is_empty() || model.mode.edited().is_none() || !leaves_edit(&action) {
        effects.extend(act(model, action));
    }
    timeline::keep_in_sight(model);
    views::after(model, before);
    settle(model);
    effects
}

/// So much wall time has passed.
fn tick(model: &mut Model, passed: Duration) {
    click::passed(model, passed);
    run::tick(model, passed);
    order::passed(model, passed);
    range::passed(model, passed);
}

/// Brings what is made from the run up to date: the list of lanes, and what was measured.
fn settle(model: &mut Model) {
    order::settle(model);
    range::settle(model);
}

/// What the shell does when the program has opened.
pub fn opened(model: &mut Model) -> Vec<Effect> {
    if !std::mem::take(&mut model.session.start) {
        return Vec::new();
    }
    form::fresh(model)
}

fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    if model.replay && makes_a_run(&action) {
        refuse_a_run(model);
        return Vec::new();
    }
    dispatch(model, action)
}

/// Which function does what: one row for each action, and none is left out.
#[expect(clippy::too_many_lines, reason = "a table: a row for each action")]
fn dispatch(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        // These ask for something outside of the model.
        Action::Suspend => return vec![Effect::Suspend],
        Action::OpenEditor => return edit::open(model),
        Action::Pick => return list::pick(model),
        Action::Turn(steps) => return form::turn(model, steps),
        Action::Edit => return form::edit(model),
        Action::Commit => return form::commit(model),
        Action::Reset => return form::reset(model),
        Action::SwitchClock => return form::switch_clock(model),
        Action::PauseOrGo => return run::pause_or_go(model),
        Action::Restart => return run::restart(model),
        Action::Stop => return run::stop(model),
        Action::Step(stride) => return cursor::step(model, stride),
        Action::RunCommand => return palette::run(model),
        Action::Share => return run::share(model),
        Action::Save => return save::save(model),
        Action::Slower => return run::change_speed(model, false),
        Action::Faster => return run::change_speed(model, true),
        Action::Point(target) => return point(model, target),
        // These change the model alone.
        Action::Quit => model.quit = true,
        Action::Help => model.mode = Mode::Overlay(Overlay::Help { pane: model.focus, top: 0 }),
        Action::Palette => palette::toggle(model),
        Action::Close => close(model),
        Action::Path => path::toggle(model),
        Action::FocusNext => focus(model, neighbour(model.focus, 1)),
        Action::FocusPrevious => focus(model, neighbour(model.focus, Pane::ALL.len() - 1)),
        Action::Focus(pane) => focus(model, pane),
        Action::FullScreen => model.full = if model.full.is_some() { None } else { Some(model.focus) },
        Action::Find => list::find(model),
        Action::Move(step) => scroll::step(model, step),
        Action::Scroll { pane, rows } => scroll::scroll(model, pane, rows),
        Action::Pan(steps) => timeline::pan(model, steps),
        Action::PanToStart => timeline::pan_to_start(model),
        Action::ZoomIn => timeline::zoom(model, 1),
        Action::ZoomOut => timeline::zoom(model, -1),
        Action::ZoomAt { column, steps } => timeline::zoom_at(model, column, steps),
        Action::Fit => timeline::fit(model),
        Action::FitSelection => timeline::fit_selection(model),
        Action::UndoView => views::undo(model),
        Action::RedoView => views::redo(model),
        Action::Together => density::next(model),
        Action::Open => density::open(model),
        Action::NextKind => kinds::next(model),
        Action::Fold => folds::toggle(model),
        Action::Counters => kinds::counters(model),
        Action::Follow => model.timeline.follow = true,
        Action::Jump(landmark) => jump::jump(model, landmark),
        Action::ToLive => cursor::to_live(model),
        Action::TypeTime => cursor::type_time(model),
        Action::GoToTime => cursor::go_to_time(model),
        Action::MarkRange => range::mark(model),
        Action::CriticalPath => range::toggle_path(model),
        Action::PathTo => range::path_to(model),
        Action::ShowStep => range::show_step(model),
        Action::Order => order::next(model),
        Action::Filter => order::ask(model),
        Action::TakeFilter => order::take(model),
        Action::ClearFilter => _ = order::clear(model),
        Action::Bookmark => jump::bookmark(model),
        Action::NextBookmark => jump::to_bookmark(model, true),
        Action::PreviousBookmark => jump::to_bookmark(model, false),
        Action::SaveAs => save::ask(model),
        Action::Why => why::toggle(model),
        Action::ToWaker => why::to_waker(model),
        Action::AlongWake { on } => wakes::along(model, on),
        Action::JumpBack => why::back(model),
        Action::Resources => why::resources(model),
        Action::Findings => findings::toggle(model),
        Action::ShowFinding => findings::show(model),
        Action::LogLevel => scroll::log_level(model),
        Action::NextTab => show_tab(model, turned_tab(model.code.tab, 1)),
        Action::PreviousTab => show_tab(model, turned_tab(model.code.tab, CodeTab::ALL.len() - 1)),
        Action::Type(c) => form::type_text(model, &c.to_string()),
        Action::Paste(text) => form::type_text(model, &text),
        Action::Text(key) => form::text_key(model, key),
        Action::Drag(column) => drag(model, column),
        Action::LetGo => let_go(model),
        Action::Hover(tip) => model.tip = tip,
        Action::Tick(passed) => tick(model, passed),
    }
    Vec::new()
}

/// Whether an action would change what is run, or run it.
fn makes_a_run(action: &Action) -> bool {
    use Action::{Commit, Edit, Pick, Reset, Restart, SwitchClock, Turn};
    matches!(action, Pick | Turn(_) | Edit | Commit | Reset | SwitchClock | Restart)
}

fn refuse_a_run(model: &mut Model) {
    notify(model, true, "a recording cannot be run again");
}

/// Whether an action goes on to something else than the field that is typed.
fn leaves_edit(action: &Action) -> bool {
    matches!(action, Action::Point(_) | Action::Focus(_) | Action::FocusNext | Action::FocusPrevious | Action::Find)
}

/// Whoever goes elsewhere in the middle of typing takes the value; one that
/// cannot be taken holds them back, so that it is not lost.
fn leave_edit(model: &mut Model, action: &Action) -> Vec<Effect> {
    if model.mode.edited().is_some() && leaves_edit(action) { form::commit(model) } else { Vec::new() }
}

/// Closes one thing, the innermost one.
fn close(model: &mut Model) {
    match model.mode {
        Mode::Overlay(_) => model.mode = Mode::Browse,
        Mode::Prompt(_) => {
            order::leave_prompt(model);
            model.mode = Mode::Browse;
        }
        Mode::Edit(_) => form::revert(model),
        Mode::Search => list::end_search(model),
        Mode::Browse => close_in_pane(model),
    }
}

/// Closes the innermost thing of the focused pane, else the full screen.
fn close_in_pane(model: &mut Model) {
    if model.focus == Pane::Scenarios && !model.list.search.text().is_empty() {
        list::end_search(model);
    } else if !(model.focus == Pane::Timeline && (density::close(model) || order::clear(model) || range::clear(model))) {
        model.full = None;
    }
}

fn neighbour(pane: Pane, steps: usize) -> Pane {
    let at = Pane::ALL.iter().position(|p| *p == pane).unwrap_or(0);
    Pane::ALL[(at + steps) % Pane::ALL.len()]
}

fn focus(model: &mut Model, pane: Pane) {
    model.focus = pane;
    if model.mode == Mode::Search {
        model.mode = Mode::Browse;
    }
    // The full screen goes with the focus: keys never go to a pane that is out of sight.
    if model.full.is_some() {
        model.full = Some(pane);
    }
}

fn turned_tab(tab: CodeTab, steps: usize) -> CodeTab {
    let at = CodeTab::ALL.iter().position(|t| *t == tab).unwrap_or(0);
    CodeTab::ALL[(at + steps) % CodeTab::ALL.len()]
}

fn show_tab(model: &mut Model, tab: CodeTab) {
    if model.code.tab != tab {
        model.code.tab = tab;
        model.code.top = 0;
    }
}

/// The pointer moves what it holds.
fn drag(model: &mut Model, column: u16) {
    match model.session.held {
        Some(Held::Lanes(from)) => timeline::drag(model, from, column),
        Some(Held::Cursor) => cursor::scrub(model, column),
        Some(Held::Map) => timeline::look_by_map(model, column),
        None => range::drag(model, column),
    }
}

/// The pointer's button is up: nothing is held.
fn let_go(model: &mut Model) {
    model.session.held = None;
    range::let_go(model);
}

/// The pointer focuses and selects; on what is selected already it does what Enter does.
fn point(model: &mut Model, target: Target) -> Vec<Effect> {
    model.session.held = None;
    if model.mode.prompt().is_some() {
        model.mode = Mode::Browse;
    }
    match target {
        Target::Pane(pane) => focus(model, pane),
        Target::Scenario(at) => {
            let again = list::selected(model) == Some(at);
            focus(model, Pane::Scenarios);
            list::select(model, at);
            if again {
                return act(model, Action::Pick);
            }
        }
        Target::Field(row) => {
            let again = model.focus == Pane::Parameters && model.form.row == row;
            focus(model, Pane::Parameters);
            model.form.row = row.min(model.form.fields().len() - 1);
            if again {
                return act(model, Action::Edit);
            }
        }
        Target::Task(task) => {
            focus(model, Pane::Timeline);
            timeline::select(model, task);
        }
        Target::Group(row) => {
            focus(model, Pane::Timeline);
            density::point(model, row);
        }
        Target::Lanes { task, column } => {
            focus(model, Pane::Timeline);
            if let Some(task) = task {
                timeline::select(model, task);
            }
            model.session.held = Some(Held::Lanes(column));
        }
        Target::Map(column) => {
            focus(model, Pane::Timeline);
            model.session.held = Some(Held::Map);
            timeline::look_by_map(model, column);
        }
        Target::Ruler(column) => {
            focus(model, Pane::Timeline);
            model.session.held = model.run.is_some().then_some(Held::Cursor);
            cursor::scrub(model, column);
        }
        Target::Range(column) => {
            focus(model, Pane::Timeline);
            range::take_hold(model, column);
        }
        Target::Tab(tab) => {
            focus(model, Pane::Code);
            show_tab(model, tab);
        }
    }
    click::pressed(model, target);
    Vec::new()
}

/// Tells the user what has gone wrong outside of the model.
pub fn warn(model: &mut Model, text: String) {
    notify(model, true, text);
}

/// Tells the user one line.
fn notify(model: &mut Model, error: bool, text: impl Into<String>) {
    model.notice = Some(Notice { text: text.into(), error });
}

#[cfg(test)]
mod tests;
