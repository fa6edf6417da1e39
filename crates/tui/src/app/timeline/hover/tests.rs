use std::time::Duration;

use crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Rect;

use crate::app::input::action::Action;
use crate::app::input::pointer::mouse;
use crate::app::model::Model;
use crate::app::testing::*;
use crate::app::timeline::tip::{Column, Piece, Tip};
use crate::app::timeline::view::GroupBy;
use trace::{End, Ended, Segment, State};

/// A run in which task 4 is ready from 1 s, polled from 1.2 s, and ends at 2 s; the cursor is at 1.6 s.
fn looked_at() -> Model {
    let mut model = played();
    let task = &mut shown_mut(&mut model).trace.tasks[4];
    task.spawned_ns = 1_000 * MS;
    let segment = |ms: u64, state| Segment::new(ms * MS, state);
    task.segments = vec![segment(1_000, State::Ready), segment(1_200, State::Running(0))];
    task.ended = Some(Ended { at_ns: 2_000 * MS, how: End::Completed, inferred: false });
    let cursor = &mut shown_mut(&mut model).cursor;
    (cursor.at_ns, cursor.playing) = (1_600 * MS, false);
    model
}

fn point(model: &mut Model, kind: MouseEventKind, column: u16, row: u16) -> bool {
    let action = mouse(model, MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
    let does = action.is_some();
    if let Some(action) = action {
        ask(model, action);
    }
    does
}

/// The column of the lanes that shows that time.
fn column(model: &Model, ms: u64) -> u16 {
    model.areas.lanes.x + ((ms * MS - model.timeline.left_ns) / model.timeline.cell_ns) as u16
}

/// The row of task 4.
const ROW: u16 = 7;

#[test]
fn the_pointer_tells_the_piece_of_life_under_it_as_far_as_the_cursor() {
    let mut model = looked_at();
    let ready = Piece { task: 4, state: State::Ready, from_ns: 1_000 * MS, to_ns: Some(1_200 * MS), pieces: 1 };
    let runs = Piece { task: 4, state: State::Running(0), from_ns: 1_200 * MS, to_ns: Some(2_000 * MS), pieces: 1 };
    for (ms, row, tip) in
        [(900, ROW, None), (1_110, ROW, Some(ready)), (1_400, ROW, Some(runs)), (1_800, ROW, None), (1_400, ROW + 20, None)]
    {
        let column = column(&model, ms);
        point(&mut model, MouseEventKind::Moved, column, row);
        assert_eq!(model.tip, tip.map(Tip::Piece), "{ms} ms");
    }
}

#[test]
fn over_a_group_the_pointer_tells_a_column_of_it_as_far_as_the_cursor() {
    let mut model = looked_at();
    model.timeline.grouping.by = Some(GroupBy::Name);
    model.areas.lane_rows.clear();
    model.areas.group_rows = vec![(0, Rect { y: 3, height: 5, ..model.areas.lanes })];
    let (at, cell) = (column(&model, 1_400), model.timeline.cell_ns);
    point(&mut model, MouseEventKind::Moved, at, ROW);
    let Some(Tip::Column(Column { row: 0, from_ns, to_ns })) = model.tip else { panic!("{:?}", model.tip) };
    assert!((from_ns..=to_ns).contains(&(1_400 * MS)) || from_ns.abs_diff(1_400 * MS) < cell);
    assert_eq!(to_ns - from_ns, cell - 1);
    let behind = column(&model, 1_800);
    point(&mut model, MouseEventKind::Moved, behind, ROW);
    assert_eq!(model.tip, None);
}

#[test]
fn nothing_is_done_while_the_pointer_stays_on_one_thing() {
    let mut model = looked_at();
    let (here, next) = (column(&model, 1_400), column(&model, 1_500));
    assert!(here < next && point(&mut model, MouseEventKind::Moved, here, ROW));
    assert!(!point(&mut model, MouseEventKind::Moved, next, ROW));
    assert!(point(&mut model, MouseEventKind::Moved, 5, ROW) && model.tip.is_none());
    assert!(!point(&mut model, MouseEventKind::Moved, 6, ROW));
}

#[test]
fn a_tip_leaves_a_notice_alone_and_goes_with_the_next_key() {
    let mut model = looked_at();
    command(&mut model, "next-failure");
    let at = column(&model, 1_400);
    point(&mut model, MouseEventKind::Moved, at, ROW);
    assert!(model.notice.is_some() && model.tip.is_some());
    command(&mut model, "log-level");
    assert!(model.notice.is_none() && model.tip.is_none());
}

fn click(model: &mut Model, column: u16) {
    point(model, MouseEventKind::Down(MouseButton::Left), column, ROW);
    point(model, MouseEventKind::Up(MouseButton::Left), column, ROW);
}

#[test]
fn a_double_click_fits_what_is_under_the_pointer() {
    // On the lane, and on the name.
    for (at_ms, from_ms, to_ms) in [(Some(1_400), 1_200, 2_000), (Some(1_110), 1_000, 1_200), (None, 1_000, 2_000)] {
        let mut model = looked_at();
        let at = at_ms.map_or(25, |ms| column(&model, ms));
        let before = model.timeline.cell_ns;
        click(&mut model, at);
        assert_eq!((model.timeline.cell_ns, model.timeline.selected), (before, Some(4)), "one click selects");
        click(&mut model, at);
        let view = model.timeline;
        let right_ns = view.left_ns + u64::from(model.areas.lanes.width) * view.cell_ns;
        assert!(view.left_ns < from_ms * MS && right_ns > to_ms * MS, "{view:?}");
        assert!(view.cell_ns * 57 < (to_ms - from_ms) * MS, "{view:?}");
        press(&mut model, KeyCode::Char('u'));
        assert_eq!(model.timeline.cell_ns, before);
    }
}

#[test]
fn two_slow_clicks_or_two_places_are_no_double_click() {
    let mut model = looked_at();
    let (before, at) = (model.timeline.cell_ns, column(&model, 1_400));
    click(&mut model, at);
    ask(&mut model, Action::Tick(Duration::from_millis(401)));
    click(&mut model, at);
    click(&mut model, at + 1);
    assert_eq!(model.timeline.cell_ns, before);
}
