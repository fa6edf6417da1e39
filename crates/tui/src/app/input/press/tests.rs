use std::time::Duration;

use crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use crate::app::input::action::Action;
use crate::app::input::pointer::mouse;
use crate::app::mode::Overlay;
use crate::app::model::Model;
use crate::app::panes::{CodeTab, Pane};
use crate::app::testing::*;
use engine::Spec;

const LEFT: MouseEventKind = MouseEventKind::Down(MouseButton::Left);

fn event(kind: MouseEventKind, column: u16, row: u16) -> MouseEvent {
    MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }
}

fn point_at(model: &mut Model, kind: MouseEventKind, column: u16, row: u16) -> Vec<Spec> {
    match mouse(model, event(kind, column, row)) {
        Some(action) => ask(model, action),
        None => Vec::new(),
    }
}

#[test]
fn a_click_focuses_and_selects_what_is_under_the_pointer() {
    let mut model = played();
    point_at(&mut model, LEFT, 22, 16);
    assert_eq!(model.focus, Pane::Log);
    point_at(&mut model, LEFT, 5, 14);
    assert_eq!((model.focus, model.form.row), (Pane::Parameters, 2));
    point_at(&mut model, LEFT, 25, 7);
    assert_eq!((model.focus, model.timeline.selected), (Pane::Timeline, Some(4)));
    point_at(&mut model, LEFT, 76, 15);
    assert_eq!((model.focus, model.code.tab), (Pane::Code, CodeTab::Asyncio));
    point_at(&mut model, LEFT, 5, 3);
    assert_eq!((model.focus, model.list.row), (Pane::Scenarios, 1));
}

#[test]
fn a_second_click_does_what_enter_does() {
    let mut model = played();
    assert!(point_at(&mut model, LEFT, 5, 3).is_empty());
    assert_eq!(point_at(&mut model, LEFT, 5, 3)[0].scenario.id, "second");
    point_at(&mut model, LEFT, 5, 14);
    assert_eq!(model.mode.edited(), None);
    point_at(&mut model, LEFT, 5, 14);
    assert!(model.mode.edited().is_some());
}

#[test]
fn a_drag_of_the_lanes_moves_the_time_with_the_pointer() {
    let mut model = played();
    press(&mut model, KeyCode::Char('+'));
    ask(&mut model, Action::Tick(Duration::from_secs(3)));
    let left = model.timeline.left_ns;
    point_at(&mut model, LEFT, 60, 5);
    point_at(&mut model, MouseEventKind::Drag(MouseButton::Left), 70, 5);
    assert_eq!(model.timeline.left_ns, left - 10 * model.timeline.cell_ns);
    point_at(&mut model, MouseEventKind::Up(MouseButton::Left), 70, 5);
    point_at(&mut model, MouseEventKind::Drag(MouseButton::Left), 80, 5);
    assert_eq!(model.timeline.left_ns, left - 10 * model.timeline.cell_ns);
}

#[test]
fn a_click_on_the_map_of_the_run_looks_there() {
    let mut model = played();
    press(&mut model, KeyCode::Char('+'));
    press(&mut model, KeyCode::Char('+'));
    let view = model.timeline;
    point_at(&mut model, LEFT, 39, 13);
    assert_eq!((model.focus, model.timeline.left_ns), (Pane::Timeline, 0));
    point_at(&mut model, LEFT, 39 + 20, 13);
    let width = u64::from(model.areas.lanes.width);
    assert_eq!(model.timeline.left_ns + width / 2 * model.timeline.cell_ns, 20 * 50 * MS);
    assert_eq!(model.timeline.cell_ns, view.cell_ns);
    // Not beyond the end of the run.
    point_at(&mut model, LEFT, 39 + width as u16 - 1, 13);
    assert!(model.timeline.left_ns < shown_mut(&mut model).trace.end_ns);
    press(&mut model, KeyCode::Char('u'));
    press(&mut model, KeyCode::Char('u'));
    assert_eq!(model.timeline.left_ns, 0);
}

#[test]
fn a_drag_along_the_map_takes_the_view_along_and_is_one_change() {
    let mut model = played();
    press(&mut model, KeyCode::Char('+'));
    press(&mut model, KeyCode::Char('+'));
    let half = u64::from(model.areas.lanes.width) / 2 * model.timeline.cell_ns;
    point_at(&mut model, LEFT, 39 + 20, 13);
    let pressed = model.timeline.left_ns;
    for column in [39 + 21, 39 + 24, 39 + 26] {
        // Even after the pointer has left the row of the map.
        point_at(&mut model, MouseEventKind::Drag(MouseButton::Left), column, 9);
        assert_eq!(model.timeline.left_ns + half, u64::from(column - 39) * 50 * MS);
    }
    // Left of the map means the start of the run.
    point_at(&mut model, MouseEventKind::Drag(MouseButton::Left), 3, 9);
    assert_eq!(model.timeline.left_ns, 0);
    point_at(&mut model, MouseEventKind::Up(MouseButton::Left), 3, 9);
    assert_eq!(mouse(&model, event(MouseEventKind::Drag(MouseButton::Left), 60, 5)), None);
    press(&mut model, KeyCode::Char('u'));
    assert_eq!(model.timeline.left_ns, pressed);
}

#[test]
fn a_drag_that_began_elsewhere_leaves_the_lanes_alone() {
    let mut model = played();
    press(&mut model, KeyCode::Char('+'));
    point_at(&mut model, LEFT, 22, 16);
    assert_eq!(mouse(&model, event(MouseEventKind::Drag(MouseButton::Left), 60, 5)), None);
}

#[test]
fn the_wheel_goes_to_what_is_under_the_pointer() {
    let model = played();
    let table = [
        (22, 16, Some(Action::Scroll { pane: Pane::Log, rows: 3 })),
        (60, 8, Some(Action::Scroll { pane: Pane::Timeline, rows: 3 })),
        (60, 2, Some(Action::ZoomAt { column: 60, steps: -1 })),
        (99, 39, None),
    ];
    for (column, row, expected) in table {
        assert_eq!(mouse(&model, event(MouseEventKind::ScrollDown, column, row)), expected, "{column}, {row}");
    }
    let ctrl = MouseEvent { modifiers: KeyModifiers::CONTROL, ..event(MouseEventKind::ScrollUp, 60, 8) };
    assert_eq!(mouse(&model, ctrl), Some(Action::ZoomAt { column: 60, steps: 1 }));
}

#[test]
fn the_wheel_zooms_where_there_is_no_lane_to_scroll_to() {
    let mut model = played();
    shown_mut(&mut model).trace.tasks.truncate(10);
    let wheel = |modifiers| mouse(&model, MouseEvent { modifiers, ..event(MouseEventKind::ScrollUp, 60, 8) });
    assert_eq!(wheel(KeyModifiers::NONE), Some(Action::ZoomAt { column: 60, steps: 1 }));
    assert_eq!(wheel(KeyModifiers::SHIFT), Some(Action::Pan(-1)));
}

#[test]
fn a_layer_has_the_pointer_to_itself() {
    let mut model = played();
    press(&mut model, KeyCode::Char('?'));
    point_at(&mut model, MouseEventKind::ScrollDown, 60, 8);
    assert_eq!(model.mode.overlay(), Some(&Overlay::Help { pane: Pane::Scenarios, marks: false, top: 3 }));
    point_at(&mut model, LEFT, 5, 14);
    assert_eq!((model.mode.overlay().is_none(), model.focus), (true, Pane::Scenarios));
}

#[test]
fn movement_and_other_buttons_do_nothing() {
    let model = played();
    for kind in [MouseEventKind::Moved, MouseEventKind::Down(MouseButton::Middle), MouseEventKind::Up(MouseButton::Left)] {
        assert_eq!(mouse(&model, event(kind, 60, 8)), None);
    }
}
