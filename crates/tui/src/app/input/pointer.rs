//! Maps mouse events to actions, by what is under the pointer.

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use crate::app::input::action::{Action, Target};
use crate::app::model::Model;
use crate::app::panes::Pane;
use crate::app::run::predict;
use crate::app::timeline::hover;
use crate::app::timeline::lanes::Lanes;

/// Rows per notch of the wheel.
const NOTCH: i32 = 3;

/// What a mouse event does now; `None` if nothing.
pub fn mouse(model: &Model, event: MouseEvent) -> Option<Action> {
    let at = Position::new(event.column, event.row);
    match event.kind {
        // A click on a choice must not run without an answer.
        MouseEventKind::Down(MouseButton::Left) if predict::is_asking(model) => None,
        // An overlay hides what is below it: a click outside its keys closes it.
        MouseEventKind::Down(MouseButton::Left) if model.mode.overlay().is_some() => Some(Action::Close),
        MouseEventKind::Down(button) if marks(model, button, event.modifiers, at) => Some(Action::Point(Target::Range(at.x))),
        MouseEventKind::Down(MouseButton::Left) => target(model, at).map(Action::Point),
        MouseEventKind::Drag(MouseButton::Left | MouseButton::Right) => holds(model).then_some(Action::Drag(event.column)),
        MouseEventKind::Up(MouseButton::Left | MouseButton::Right) => holds(model).then_some(Action::LetGo),
        MouseEventKind::ScrollUp => wheel(model, at, event.modifiers, -1),
        MouseEventKind::ScrollDown => wheel(model, at, event.modifiers, 1),
        MouseEventKind::ScrollLeft => over_lanes(model, at).then_some(Action::Pan(-1)),
        MouseEventKind::ScrollRight => over_lanes(model, at).then_some(Action::Pan(1)),
        MouseEventKind::Moved => {
            let tip = hover::under(model, at);
            (tip != model.tip).then_some(Action::Hover(tip))
        }
        _ => None,
    }
}

/// Whether a press there starts a range: the right button, or the left one with Shift, on lanes or ruler.
fn marks(model: &Model, button: MouseButton, modifiers: KeyModifiers, at: Position) -> bool {
    let asked = button == MouseButton::Right || (button == MouseButton::Left && modifiers.contains(KeyModifiers::SHIFT));
    asked && model.mode.overlay().is_none() && model.run.is_some() && (over_lanes(model, at) || over_ruler(model, at))
}

/// Whether the pointer drags the lanes, the cursor or the map, or marks a range.
fn holds(model: &Model) -> bool {
    model.session.held.is_some() || model.reading.hold.is_some()
}

/// The pane at a place on the screen. A pane that fills the screen hides the others.
fn pane_at(model: &Model, at: Position) -> Option<Pane> {
    model.areas.panes.iter().find(|(_, area)| area.contains(at)).map(|(pane, _)| *pane)
}

fn target(model: &Model, at: Position) -> Option<Target> {
    let areas = &model.areas;
    let scenario = areas.list_rows.iter().find(|(_, row)| row.contains(at)).map(|(i, _)| Target::Scenario(*i));
    let field = areas.form_rows.iter().find(|(_, row)| row.contains(at)).map(|(i, _)| Target::Field(*i));
    let tab = areas.tabs.iter().find(|(_, place)| place.contains(at)).map(|(tab, _)| Target::Tab(*tab));
    let beside = areas.beside.iter().find(|(_, place)| place.contains(at)).map(|(pane, _)| Target::Pane(*pane));
    scenario.or(field).or(tab).or(beside).or_else(|| lane(model, at)).or_else(|| pane_at(model, at).map(Target::Pane))
}

fn lane(model: &Model, at: Position) -> Option<Target> {
    if model.areas.map.contains(at) {
        return Some(Target::Map(at.x));
    }
    // Not the border above the ruler.
    if over_ruler(model, at) && at.y + 1 == model.areas.lanes.y {
        return Some(Target::Ruler(at.x));
    }
    // Only by its name: the rest of the row drags, as lanes do.
    if !model.areas.lanes.contains(at)
        && let Some((row, _)) = model.areas.group_rows.iter().find(|(_, rows)| rows.contains(at))
    {
        return Some(Target::Group(*row));
    }
    let task = model.areas.lane_rows.iter().find(|(_, row)| row.contains(at)).map(|(task, _)| *task);
    if model.areas.lanes.contains(at) {
        return Some(Target::Lanes { task, column: at.x });
    }
    task.map(Target::Task)
}

fn over_lanes(model: &Model, at: Position) -> bool {
    model.areas.lanes.contains(at)
}

/// Whether a place is on the ruler: above the lanes, within their pane.
fn over_ruler(model: &Model, at: Position) -> bool {
    let lanes = model.areas.lanes;
    model.areas.pane(Pane::Timeline).contains(at) && at.y < lanes.y && (lanes.left()..lanes.right()).contains(&at.x)
}

/// Whether all lanes fit, so that there is nothing to scroll.
fn all_lanes_in_sight(model: &Model) -> bool {
    let rows = usize::from(model.areas.lanes.height);
    !model.timeline.grouping.shows_groups() && Lanes::of(model).is_some_and(|lanes| lanes.len() <= rows)
}

fn wheel(model: &Model, at: Position, modifiers: KeyModifiers, down: i32) -> Option<Action> {
    if model.mode.overlay().is_some() {
        return Some(Action::Scroll { pane: model.focus, rows: down * NOTCH });
    }
    let zooms = modifiers.contains(KeyModifiers::CONTROL) || all_lanes_in_sight(model);
    if over_ruler(model, at) || (over_lanes(model, at) && zooms && !modifiers.contains(KeyModifiers::SHIFT)) {
        return Some(Action::ZoomAt { column: at.x, steps: -down });
    }
    if over_lanes(model, at) && modifiers.contains(KeyModifiers::SHIFT) {
        return Some(Action::Pan(i64::from(down)));
    }
    pane_at(model, at).map(|pane| Action::Scroll { pane, rows: down * NOTCH })
}
