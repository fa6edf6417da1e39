use std::time::Duration;

use crossterm::event::KeyCode;
use ratatui::layout::Rect;

use crate::app::areas::Areas;
use crate::app::effect::Effect;
use crate::app::input::action::{Action, Target};
use crate::app::model::Model;
use crate::app::panes::Pane;
use crate::app::run::lifecycle::started;
use crate::app::run::playback::recorded;
use crate::app::testing::*;
use crate::app::timeline::viewport::laid_out;
use crate::app::update::update;

fn span_ns(model: &Model) -> u64 {
    model.timeline.cell_ns * u64::from(model.areas.lanes.width)
}

fn in_sight(model: &Model, at_ns: u64) -> bool {
    (model.timeline.left_ns..model.timeline.left_ns + span_ns(model)).contains(&at_ns)
}

#[test]
fn a_run_is_fitted_into_the_width_and_again_when_the_width_changes() {
    let mut model = played();
    assert!(in_sight(&model, 3_500 * MS) && span_ns(&model) < 3_600 * MS);
    assert!(laid_out(&mut model, areas(30)));
    assert!(in_sight(&model, 3_500 * MS) && span_ns(&model) < 3_700 * MS);
    assert!(!laid_out(&mut model, areas(30)));
}

#[test]
fn a_chosen_zoom_survives_another_width() {
    let mut model = played();
    press(&mut model, KeyCode::Char('+'));
    let cell = model.timeline.cell_ns;
    laid_out(&mut model, areas(30));
    assert_eq!(model.timeline.cell_ns, cell);
}

#[test]
fn zoom_halves_the_time_of_a_cell_and_goes_out_to_the_whole_run() {
    let mut model = played();
    let whole = model.timeline.cell_ns;
    press(&mut model, KeyCode::Char('+'));
    press(&mut model, KeyCode::Char('+'));
    assert_eq!(model.timeline.cell_ns, whole / 4);
    for _ in 0..5 {
        press(&mut model, KeyCode::Char('-'));
    }
    assert_eq!((model.timeline.cell_ns, model.timeline.left_ns), (whole, 0));
    for _ in 0..80 {
        press(&mut model, KeyCode::Char('+'));
    }
    assert_eq!(model.timeline.cell_ns, 1);
    command(&mut model, "fit-run");
    assert_eq!((model.timeline.cell_ns, model.timeline.left_ns), (whole, 0));
}

#[test]
fn zoom_at_the_pointer_keeps_the_time_under_it() {
    let mut model = played();
    let column = model.areas.lanes.x + 30;
    let under = |model: &Model| model.timeline.left_ns + 30 * model.timeline.cell_ns;
    let before = under(&model);
    ask(&mut model, Action::ZoomAt { column, steps: 2 });
    assert!(under(&model).abs_diff(before) <= model.timeline.cell_ns * 4);
    // The cursor at 0 is out of sight, and the view does not jump back to it.
    assert!(!model.timeline.follow);
    ask(&mut model, Action::Tick(Duration::from_millis(10)));
    assert!(under(&model).abs_diff(before) <= model.timeline.cell_ns * 4);
}

#[test]
fn the_view_goes_along_with_the_cursor_until_it_is_panned() {
    let mut model = played();
    for _ in 0..3 {
        press(&mut model, KeyCode::Char('+'));
    }
    ask(&mut model, Action::Tick(Duration::from_secs(2)));
    assert!(in_sight(&model, 2_000 * MS) && !in_sight(&model, 0));
    command(&mut model, "focus-timeline");
    for _ in 0..40 {
        press(&mut model, KeyCode::Char('H'));
    }
    ask(&mut model, Action::Tick(Duration::from_millis(10)));
    assert_eq!(model.timeline.left_ns, 0);
    press(&mut model, KeyCode::End);
    assert!(in_sight(&model, 3_500 * MS));
    press(&mut model, KeyCode::Home);
    assert!(in_sight(&model, 0) && shown(&model).cursor.at_ns == 0);
}

#[test]
fn panning_stays_within_the_run() {
    let mut model = played();
    press(&mut model, KeyCode::Char('+'));
    command(&mut model, "focus-timeline");
    for _ in 0..40 {
        press(&mut model, KeyCode::Char('L'));
    }
    assert!(in_sight(&model, 3_500 * MS) && !in_sight(&model, 1_000 * MS));
    for _ in 0..40 {
        press(&mut model, KeyCode::Char('H'));
    }
    assert_eq!(model.timeline.left_ns, 0);
}

#[test]
fn a_shorter_run_keeps_the_zoom_so_that_it_looks_shorter() {
    let mut model = played();
    let cell = model.timeline.cell_ns;
    to_field(&mut model, "permits");
    press(&mut model, KeyCode::Char('5'));
    press(&mut model, KeyCode::Enter);
    assert_eq!((shown(&model).trace.end_ns, model.timeline.cell_ns), (2_000 * MS, cell));
    press(&mut model, KeyCode::Char('1'));
    press(&mut model, KeyCode::Enter);
    assert!(model.timeline.cell_ns > cell && in_sight(&model, 10_000 * MS), "a longer one is brought in sight");
}

#[test]
fn a_run_that_grows_doubles_the_time_of_a_cell() {
    let mut model = played();
    let effects = update(&mut model, Action::SwitchClock);
    let [Effect::Start(spec)] = &effects[..] else { panic!("{effects:?}") };
    started(&mut model, spec.clone());
    let cell = model.timeline.cell_ns;
    shown_mut(&mut model).trace.end_ns = 60 * cell * 3;
    recorded(&mut model);
    assert_eq!((model.timeline.cell_ns, model.timeline.left_ns), (cell * 4, 0));
}

#[test]
fn the_selected_lane_is_in_sight() {
    let mut model = played();
    command(&mut model, "focus-timeline");
    press(&mut model, KeyCode::Down);
    assert_eq!(model.timeline.selected, Some(0));
    press(&mut model, KeyCode::Char('G'));
    assert_eq!((model.timeline.selected, model.timeline.top), (Some(20), 11));
    press(&mut model, KeyCode::PageUp);
    assert_eq!((model.timeline.selected, model.timeline.top), (Some(11), 11));
    press(&mut model, KeyCode::Up);
    assert_eq!((model.timeline.selected, model.timeline.top), (Some(10), 10));
    press(&mut model, KeyCode::Char('g'));
    assert_eq!((model.timeline.selected, model.timeline.top), (Some(0), 0));
}

#[test]
fn a_selected_lane_that_is_in_sight_stays_there_when_there_are_fewer_rows() {
    let lower = |height: u16| {
        let areas = areas(60);
        Areas { lanes: Rect { height, ..areas.lanes }, ..areas }
    };
    let mut model = played();
    ask(&mut model, Action::Point(Target::Task(8)));
    assert!(laid_out(&mut model, lower(4)), "the picture is another one");
    assert_eq!((model.timeline.selected, model.timeline.top), (Some(8), 5));
    // A lane that was scrolled out of sight stays there.
    ask(&mut model, Action::Scroll { pane: Pane::Timeline, rows: -300 });
    assert!(!laid_out(&mut model, lower(3)));
    assert_eq!((model.timeline.selected, model.timeline.top), (Some(8), 0));
}

#[test]
fn the_lanes_are_as_they_were_after_another_pane_filled_the_screen() {
    let mut model = played();
    model.focus = Pane::Timeline;
    (0..15).for_each(|_| _ = press(&mut model, KeyCode::Down));
    let before = model.timeline;
    assert!(before.top > 0, "the lanes are scrolled");
    model.focus = Pane::Code;
    press(&mut model, KeyCode::Char('z'));
    assert!(!laid_out(&mut model, Areas { lanes: Rect::ZERO, ..areas(60) }));
    press(&mut model, KeyCode::Char('z'));
    assert!(!laid_out(&mut model, areas(60)));
    assert_eq!(model.timeline, before);
}

#[test]
fn the_wheel_scrolls_lanes_and_leaves_the_selection() {
    let mut model = played();
    ask(&mut model, Action::Point(Target::Task(2)));
    ask(&mut model, Action::Scroll { pane: Pane::Timeline, rows: 300 });
    assert_eq!((model.timeline.top, model.timeline.selected), (11, Some(2)));
}

#[test]
fn keys_without_a_run_do_no_harm() {
    let mut model = opened();
    command(&mut model, "focus-timeline");
    let before = model.timeline;
    for code in [KeyCode::Down, KeyCode::Left, KeyCode::Right, KeyCode::Home, KeyCode::Char('G'), KeyCode::Char('-')] {
        press(&mut model, code);
    }
    assert_eq!((model.timeline.selected, model.timeline.left_ns, model.timeline.cell_ns), (None, 0, before.cell_ns));
}
