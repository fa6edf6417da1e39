//! The pointer's button: press, drag, release and double click.
//!
//! A double click fits what was clicked.

use std::time::Duration;

use crate::app::input::action::{Action, Target};
use crate::app::mode::Mode;
use crate::app::model::Model;
use crate::app::overlay::range;
use crate::app::panes::Pane;
use crate::app::run::cursor;
use crate::app::session::{Click, Held};
use crate::app::timeline::{grouping, hover, selection, viewport};

/// The longest time between the two presses of a double click.
const SOON: Duration = Duration::from_millis(400);

/// Focuses and selects; on something already selected, returns what Enter would do.
pub(in crate::app) fn press(model: &mut Model, target: Target) -> Option<Action> {
    model.session.held = None;
    if matches!(model.mode, Mode::Prompt(_) | Mode::Ask(_)) {
        model.mode = Mode::Browse;
    }
    match target {
        Target::Pane(pane) => model.focus_on(pane),
        Target::Scenario(at) if let Some(programs) = &mut model.programs => {
            let again = std::mem::replace(&mut programs.row, at) == at && model.focus == Pane::Scenarios;
            model.focus_on(Pane::Scenarios);
            if again {
                return Some(Action::Attach);
            }
        }
        Target::Scenario(at) => {
            let again = model.list.selected(model.catalogue) == Some(at);
            model.focus_on(Pane::Scenarios);
            model.list.select(model.catalogue, at);
            if again {
                return Some(Action::Pick);
            }
        }
        Target::Field(row) => {
            let again = model.focus == Pane::Parameters && model.form.row == row;
            model.focus_on(Pane::Parameters);
            model.form.row = row.min(model.form.fields().len() - 1);
            if again {
                return Some(Action::Edit);
            }
        }
        Target::Task(task) => {
            model.focus_on(Pane::Timeline);
            selection::select(model, task);
        }
        Target::Group(row) => {
            model.focus_on(Pane::Timeline);
            grouping::point(model, row);
        }
        Target::Lanes { task, column } => {
            model.focus_on(Pane::Timeline);
            if let Some(task) = task {
                selection::select(model, task);
            }
            model.session.held = Some(Held::Lanes(column));
        }
        Target::Map(column) => {
            model.focus_on(Pane::Timeline);
            model.session.held = Some(Held::Map);
            viewport::look_by_map(model, column);
        }
        Target::Ruler(column) => {
            model.focus_on(Pane::Timeline);
            model.session.held = model.run.is_some().then_some(Held::Cursor);
            cursor::scrub(model, column);
        }
        Target::Range(column) => {
            model.focus_on(Pane::Timeline);
            range::take_hold(model, column);
        }
        Target::Tab(tab) => {
            model.focus_on(Pane::Code);
            model.code.show(tab);
        }
    }
    twice(model, target);
    None
}

/// Moves what the pointer drags.
pub(in crate::app) fn drag(model: &mut Model, column: u16) {
    match model.session.held {
        Some(Held::Lanes(from)) => viewport::drag(model, from, column),
        Some(Held::Cursor) => cursor::scrub(model, column),
        Some(Held::Map) => viewport::look_by_map(model, column),
        None => range::drag(model, column),
    }
}

/// The button was released: nothing is dragged.
pub(in crate::app) fn let_go(model: &mut Model) {
    model.session.held = None;
    range::let_go(model);
}

/// Handles a press as a possible double click: on a lane, it fits the segment under the pointer; on a task's name,
/// the task's whole life.
fn twice(model: &mut Model, target: Target) {
    let before = model.session.click.take();
    if before.is_none_or(|click| click.target != target || click.age > SOON) {
        model.session.click = Some(Click { target, age: Duration::ZERO });
        return;
    }
    match target {
        Target::Task(_) => viewport::fit_selection(model),
        Target::Lanes { task: Some(task), column } => {
            model.session.held = None;
            let row = model.areas.lane_rows.iter().find(|(there, _)| *there == task).map_or(0, |(_, row)| row.y);
            let Some(piece) = hover::piece(model, (column, row).into()) else { return };
            let now_ns = model.run.as_ref().map_or(0, |run| run.trace.end_ns);
            viewport::fit_between(model, piece.from_ns, piece.to_ns.unwrap_or(now_ns));
        }
        _ => {}
    }
}

/// Ages the last press, since wall time has passed.
pub(in crate::app) fn passed(model: &mut Model, time: Duration) {
    if let Some(click) = &mut model.session.click {
        click.age = click.age.saturating_add(time);
    }
}

#[cfg(test)]
mod tests;
