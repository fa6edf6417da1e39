//! The measured range, and the critical path.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use crate::app::input::action::Action;
use crate::app::input::pointer::mouse;
use crate::app::mode::Overlay;
use crate::app::model::Model;
use crate::app::panes::Pane;
use crate::app::run::playback::recorded;
use crate::app::testing::*;
use crate::app::timeline::reading::Range;
use trace::{Cause, End, Ended, Segment, State, Wake, Waker};

/// 3500 ms: *main* waits for task 1, which waits for a timer. The other tasks do nothing.
fn run() -> Model {
    let mut model = played();
    let run = shown_mut(&mut model);
    let life = |from: u64, cause: Cause, to: u64, end: u64| {
        let changes = [(from, State::Ready), (from, State::Running(0)), (from, State::Waiting(cause)), (to, State::Ready)];
        let changes = changes.into_iter().chain([(to, State::Running(0))]);
        let segments = changes.map(|(ms, state)| Segment::new(ms * MS, state)).collect();
        (segments, Some(Ended { at_ns: end * MS, how: End::Completed, inferred: false }))
    };
    let [main, task, ..] = &mut run.trace.tasks[..] else { panic!("two tasks at least") };
    (main.segments, main.ended) = life(0, Cause::Join, 3_000, 3_500);
    (task.segments, task.ended) = life(0, Cause::Time, 2_000, 3_000);
    main.wakes = vec![Wake { at_ns: 3_000 * MS, by: Waker::Task(1) }];
    task.wakes = vec![Wake { at_ns: 2_000 * MS, by: Waker::Timer }];
    task.parent = Some(0);
    run.cursor.playing = false;
    model
}

/// The task and the length in milliseconds of each step of the path.
fn path(model: &Model) -> Vec<(u32, u64)> {
    let measured = model.reading.measured.as_ref().expect("it is measured");
    measured.path.steps.iter().map(|step| (step.task, step.lasted_ns() / MS)).collect()
}

fn at(model: &mut Model, ms: u64) {
    shown_mut(model).cursor.at_ns = ms * MS;
}

fn marked(model: &mut Model, from: u64, to: u64) {
    at(model, from);
    press(model, KeyCode::Char('v'));
    at(model, to);
    press(model, KeyCode::Char('v'));
}

#[test]
fn v_sets_one_end_then_the_other_then_clears() {
    for (from, to) in [(500, 2_500), (2_500, 500)] {
        let mut model = run();
        at(&mut model, from);
        press(&mut model, KeyCode::Char('v'));
        let one = Range { one_ns: from * MS, other_ns: None };
        assert_eq!((model.reading.range, model.mode.overlay()), (Some(one), None));
        assert_eq!(one.stretch(to * MS), (500 * MS, 2_500 * MS), "until then it goes to the cursor");
        press(&mut model, KeyCode::Char('v'));
        assert_eq!(model.reading.range, Some(one), "a range without a length is none");
        at(&mut model, to);
        press(&mut model, KeyCode::Char('v'));
        assert_eq!(model.mode.overlay(), Some(&Overlay::Range { row: 0 }));
        assert_eq!(path(&model), [(1, 1_500), (1, 500)]);
        let sums = &model.reading.measured.as_ref().expect("it is measured").sums;
        assert_eq!((sums.from_ns, sums.to_ns, sums.wakes, sums.ended), (500 * MS, 2_500 * MS, 1, 0));
        press(&mut model, KeyCode::Char('v'));
        assert_eq!((model.reading.range, model.mode.overlay()), (None, None));
        assert!(model.reading.measured.is_none());
    }
}

#[test]
fn esc_closes_the_list_first_and_in_the_timeline_clears_the_range() {
    let mut model = run();
    marked(&mut model, 0, 1_000);
    press(&mut model, KeyCode::Esc);
    assert!(model.mode.overlay().is_none() && model.reading.range.is_some());
    model.focus = Pane::Log;
    press(&mut model, KeyCode::Esc);
    assert!(model.reading.range.is_some(), "elsewhere it is for something else");
    model.focus = Pane::Timeline;
    press(&mut model, KeyCode::Esc);
    assert_eq!(model.reading.range, None);
}

#[test]
fn the_command_shows_the_path_of_the_run_or_of_the_range_and_hides_it() {
    let mut model = run();
    command(&mut model, "critical-path");
    assert_eq!(model.mode.overlay(), Some(&Overlay::Range { row: 0 }));
    assert_eq!(path(&model), [(0, 0), (1, 2_000), (1, 1_000), (0, 500)]);
    // After closing the list, it is still marked on the lanes.
    press(&mut model, KeyCode::Esc);
    assert!(model.mode.overlay().is_none() && model.reading.path && model.reading.measured.is_some());
    command(&mut model, "critical-path");
    assert!(model.mode.overlay().is_none() && !model.reading.path && model.reading.measured.is_none());
    // Without the command, it is marked only while its tab is in front.
    marked(&mut model, 2_500, 3_100);
    assert_eq!(path(&model), [(1, 500), (0, 100)]);
    press(&mut model, KeyCode::Right);
    assert_eq!(model.mode.overlay(), Some(&Overlay::Resources { top: 0 }));
    assert!(model.reading.measured.is_none());
    press(&mut model, KeyCode::Left);
    assert_eq!((model.mode.overlay(), path(&model).len()), (Some(&Overlay::Range { row: 0 }), 2));
    press(&mut model, KeyCode::Esc);
    assert!(model.reading.measured.is_none() && model.reading.range.is_some());
}

#[test]
fn enter_goes_to_a_step_and_the_cursor_of_the_list_stays_within_it() {
    let mut model = run();
    command(&mut model, "critical-path");
    for (key, row) in
        [(KeyCode::Up, 0), (KeyCode::Char('j'), 1), (KeyCode::PageDown, 3), (KeyCode::Down, 3), (KeyCode::Char('g'), 0)]
    {
        press(&mut model, key);
        assert_eq!(model.mode.overlay(), Some(&Overlay::Range { row }), "{key:?}");
    }
    press(&mut model, KeyCode::Down);
    press(&mut model, KeyCode::Enter);
    assert_eq!((model.mode.overlay(), model.timeline.selected), (None, Some(1)));
    assert_eq!(shown(&model).cursor.at_ns, 2_000 * MS - 1, "the step is seen whole, and its wait still lasts");
    assert!(model.reading.path && notice(&model).starts_with("step 2 of 4"));
    press(&mut model, KeyCode::Char('e'));
    assert_eq!(model.mode.overlay(), Some(&Overlay::Range { row: 1 }), "the list is there again");
}

#[test]
fn the_path_can_lead_to_the_selected_task() {
    let mut model = run();
    command(&mut model, "critical-path");
    press(&mut model, KeyCode::Char('t'));
    assert!(notice(&model).starts_with("no task selected") && model.reading.to.is_none());
    model.timeline.selected = Some(1);
    press(&mut model, KeyCode::Char('t'));
    assert_eq!(path(&model), [(0, 0), (1, 2_000), (1, 1_000)]);
    press(&mut model, KeyCode::Char('t'));
    assert_eq!(path(&model).len(), 4);
}

fn pointer(model: &mut Model, kind: MouseEventKind, column: u16, modifiers: KeyModifiers) {
    if let Some(action) = mouse(model, MouseEvent { kind, column, row: 5, modifiers }) {
        ask(model, action);
    }
}

#[test]
fn the_pointer_marks_a_range_with_the_right_button_or_with_shift() {
    for (button, modifiers) in [(MouseButton::Right, KeyModifiers::NONE), (MouseButton::Left, KeyModifiers::SHIFT)] {
        let mut model = run();
        let (cell, left) = (model.timeline.cell_ns, model.areas.lanes.x);
        pointer(&mut model, MouseEventKind::Down(button), left + 20, modifiers);
        assert_eq!((model.focus, model.reading.range), (Pane::Timeline, None));
        pointer(&mut model, MouseEventKind::Drag(button), left + 10, modifiers);
        assert_eq!(model.reading.range.map(|range| range.stretch(0)), Some((10 * cell, 21 * cell)));
        assert!(model.reading.measured.is_none(), "it is measured when the button is let go");
        pointer(&mut model, MouseEventKind::Drag(button), left + 59, modifiers);
        let range = (20 * cell, (60 * cell).min(3_500 * MS));
        pointer(&mut model, MouseEventKind::Up(button), left + 59, modifiers);
        assert_eq!(model.reading.range.map(|range| range.stretch(0)), Some(range));
        assert_eq!(model.mode.overlay(), Some(&Overlay::Range { row: 0 }));
        let sums = &model.reading.measured.as_ref().expect("it is measured").sums;
        assert_eq!((sums.from_ns, sums.to_ns), range);
        assert_eq!(model.timeline.left_ns, 0, "the lanes stay");
    }
}

#[test]
fn a_click_of_the_right_button_marks_nothing() {
    let mut model = run();
    let left = model.areas.lanes.x;
    for kind in [MouseEventKind::Down(MouseButton::Right), MouseEventKind::Up(MouseButton::Right)] {
        pointer(&mut model, kind, left + 20, KeyModifiers::NONE);
    }
    assert_eq!((model.reading.range, model.mode.overlay(), model.reading.hold), (None, None, None));
}

#[test]
fn a_run_under_way_is_measured_again_now_and_then_and_when_it_is_over() {
    let mut model = run();
    shown_mut(&mut model).trace.closed = false;
    command(&mut model, "critical-path");
    let to_ns = |model: &Model| model.reading.measured.as_ref().map(|measured| measured.sums.to_ns);
    assert_eq!(to_ns(&model), Some(3_500 * MS));
    shown_mut(&mut model).trace.end_ns = 4_000 * MS;
    recorded(&mut model);
    ask(&mut model, Action::Tick(Duration::from_millis(399)));
    assert_eq!(to_ns(&model), Some(3_500 * MS));
    ask(&mut model, Action::Tick(Duration::from_millis(1)));
    assert_eq!(to_ns(&model), Some(4_000 * MS));
    shown_mut(&mut model).trace.end_ns = 5_000 * MS;
    shown_mut(&mut model).trace.closed = true;
    recorded(&mut model);
    assert_eq!(to_ns(&model), Some(5_000 * MS));
}

#[test]
fn a_turned_parameter_keeps_the_range_and_another_scenario_does_not() {
    let mut model = run();
    marked(&mut model, 500, 1_000);
    press(&mut model, KeyCode::Esc);
    command(&mut model, "critical-path");
    press(&mut model, KeyCode::Esc);
    to_field(&mut model, "permits");
    press(&mut model, KeyCode::Char('5'));
    press(&mut model, KeyCode::Enter);
    let measured = model.reading.measured.as_ref().expect("it is measured again");
    assert_eq!((measured.sums.from_ns, measured.sums.to_ns), (500 * MS, 1_000 * MS));
    assert_eq!(measured.path.steps, [], "of the tasks of this one nothing is known");
    model.focus = Pane::Scenarios;
    press(&mut model, KeyCode::Down);
    press(&mut model, KeyCode::Enter);
    assert!(model.reading.range.is_none() && !model.reading.path && model.reading.measured.is_none());
}

#[test]
fn without_a_run_there_is_nothing_to_measure() {
    let mut model = opened();
    for (name, text) in [
        ("range", "no run yet: space starts one"),
        ("critical-path", "no run yet: space starts one"),
        ("order", "no run yet: space starts one"),
        ("filter", "no run yet: space starts one"),
        ("why", "no run yet: space starts one"),
        ("arrange", "no run yet: space starts one"),
    ] {
        command(&mut model, name);
        assert!(notice(&model).starts_with(text), "{name}: {}", notice(&model));
    }
    model.focus = Pane::Timeline;
    press(&mut model, KeyCode::Char('/'));
    assert!(model.mode.prompt().is_none() && model.mode.overlay().is_none());
}
