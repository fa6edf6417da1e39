use std::time::Duration;

use crossterm::event::KeyCode;

use crate::app::input::action::Action;
use crate::app::model::Model;
use crate::app::panes::Pane;
use crate::app::testing::*;
use crate::app::timeline::view::Timeline;
use trace::{End, Ended, Wake, Waker};

/// Presses keys; some letters stand for commands of the palette here.
fn type_keys(model: &mut Model, keys: &str) {
    for c in keys.chars() {
        match c {
            'F' => command(model, "fit-run"),
            'V' => command(model, "log-level"),
            'U' => command(model, "redo-view"),
            'D' => command(model, "group"),
            '[' => command(model, "wake-back"),
            ']' => command(model, "wake-on"),
            _ => press(model, KeyCode::Char(c)),
        };
    }
}

/// A run with the timeline focused and task 4 selected, which is alive from 1 s to 2 s.
fn looked_at() -> Model {
    let mut model = played();
    let task = &mut shown_mut(&mut model).trace.tasks[4];
    task.spawned_ns = 1_000 * MS;
    task.ended = Some(Ended { at_ns: 2_000 * MS, how: End::Completed, inferred: false });
    (model.focus, model.timeline.selected) = (Pane::Timeline, Some(4));
    press(&mut model, KeyCode::Char(' '));
    model
}

/// What undo restores, ignoring whether the cursor is followed.
fn seen(model: &Model) -> Timeline {
    Timeline { follow: false, ..model.timeline }
}

#[test]
fn each_change_of_the_view_is_taken_back_and_made_again() {
    // Each series of keys is one change.
    for keys in ["+", "+++-", "wws", "f", "D"] {
        let mut model = looked_at();
        type_keys(&mut model, "F++");
        let before = seen(&model);
        type_keys(&mut model, "V");
        type_keys(&mut model, keys);
        let changed = seen(&model);
        assert_ne!(changed, before, "{keys}");
        type_keys(&mut model, "u");
        assert_eq!(seen(&model), before, "{keys}");
        type_keys(&mut model, "U");
        assert_eq!(seen(&model), changed, "{keys}");
        type_keys(&mut model, "U");
        assert_eq!(notice(&model), "nothing to redo", "{keys}");
        type_keys(&mut model, "uuu");
        assert_eq!(notice(&model), "nothing to undo", "{keys}");
    }
}

#[test]
fn a_row_of_zooms_is_one_change_and_what_comes_between_makes_it_two() {
    let mut model = looked_at();
    let first = seen(&model);
    type_keys(&mut model, "+++");
    type_keys(&mut model, "u");
    assert_eq!(seen(&model), first);
    type_keys(&mut model, "++");
    let zoomed = seen(&model);
    type_keys(&mut model, "V+");
    type_keys(&mut model, "u");
    assert_eq!(seen(&model), zoomed);
}

#[test]
fn a_new_change_leaves_nothing_to_make_again() {
    let mut model = looked_at();
    type_keys(&mut model, "fu+U");
    assert_eq!(notice(&model), "nothing to redo");
}

#[test]
fn undo_brings_the_cursor_back_from_a_jump_and_not_from_playing() {
    let mut model = looked_at();
    type_keys(&mut model, "T1.5s");
    press(&mut model, KeyCode::Enter);
    assert_eq!(shown(&model).cursor.at_ns, 1_500 * MS);
    type_keys(&mut model, "u");
    assert_eq!(shown(&model).cursor.at_ns, 0);
    type_keys(&mut model, "U");
    assert_eq!(shown(&model).cursor.at_ns, 1_500 * MS);
    type_keys(&mut model, "+ ");
    ask(&mut model, Action::Tick(Duration::from_millis(700)));
    type_keys(&mut model, "u");
    assert_eq!(shown(&model).cursor.at_ns, 2_200 * MS);
}

#[test]
fn only_so_many_changes_are_kept_and_another_scenario_has_none() {
    let mut model = looked_at();
    for i in 0..300 {
        type_keys(&mut model, if i % 2 == 0 { "f" } else { "F" });
    }
    let undone = (0..300).take_while(|_| {
        type_keys(&mut model, "u");
        model.notice.is_none()
    });
    assert_eq!(undone.count(), 100);
    type_keys(&mut model, "f");
    model.focus = Pane::Scenarios;
    model.list.row = 1;
    press(&mut model, KeyCode::Enter);
    type_keys(&mut model, "u");
    assert_eq!(notice(&model), "nothing to undo");
}

#[test]
fn f_fits_the_life_of_the_selected_task_and_again_the_whole_run() {
    let mut model = looked_at();
    type_keys(&mut model, "f");
    let view = model.timeline;
    let width = u64::from(model.areas.lanes.width);
    let right_ns = view.left_ns + width * view.cell_ns;
    assert!(view.left_ns < 1_000 * MS && right_ns > 2_000 * MS, "all of it is in sight");
    assert!(view.cell_ns * (width - 3) < 1_000 * MS, "and fills the width: {view:?}");
    assert!(!view.follow, "the cursor at the start is out of sight");
    type_keys(&mut model, "f");
    assert!(model.timeline.cell_ns * width >= 3_500 * MS, "again, it is the whole run");
    type_keys(&mut model, "f");
    assert_eq!(model.timeline, view);
    model.timeline.selected = None;
    type_keys(&mut model, "f");
    assert!(model.timeline.cell_ns * width >= 3_500 * MS && model.timeline.left_ns == 0, "without a task it is the whole run");
}

#[test]
fn commands_go_along_wakes_both_ways_with_the_cursor() {
    let mut model = looked_at();
    let wakes = [(3, 100, Waker::Task(5)), (5, 50, Waker::Task(7)), (7, 20, Waker::Timer), (9, 400, Waker::Task(3))];
    for (task, at_ms, by) in wakes {
        shown_mut(&mut model).trace.tasks[task].wakes.push(Wake { at_ns: at_ms * MS, by });
    }
    shown_mut(&mut model).cursor.at_ns = 200 * MS;
    model.timeline.selected = Some(3);
    let table = [
        ("[", 5, 100, "task 5 woke task 3 at 00:00.100"),
        ("[", 7, 50, "task 7 woke task 5 at 00:00.050"),
        ("[", 7, 50, "at 00:00.020: woken by a timer, not a task"),
        ("]", 5, 50, "task 7 woke task 5 at 00:00.050"),
        ("]", 3, 100, "task 5 woke task 3 at 00:00.100"),
        ("]", 9, 400, "task 3 woke task 9 at 00:00.400"),
        ("]", 9, 400, "no later wake by this task"),
        ("u", 3, 100, ""),
    ];
    for (key, task, at_ms, told) in table {
        type_keys(&mut model, key);
        let text = model.notice.as_ref().map_or("", |notice| &notice.text);
        assert_eq!((model.timeline.selected, shown(&model).cursor.at_ns, text), (Some(task), at_ms * MS, told), "{key}");
    }
}

#[test]
fn tasks_that_wake_each_other_at_one_moment_are_no_circle() {
    let mut model = looked_at();
    let wakes = [(3, 40, Waker::Task(6)), (3, 100, Waker::Task(5)), (5, 100, Waker::Task(3))];
    for (task, at_ms, by) in wakes {
        shown_mut(&mut model).trace.tasks[task].wakes.push(Wake { at_ns: at_ms * MS, by });
    }
    shown_mut(&mut model).cursor.at_ns = 150 * MS;
    model.timeline.selected = Some(5);
    for (task, at_ms) in [(3, 100), (6, 40)] {
        type_keys(&mut model, "[");
        assert_eq!((model.timeline.selected, shown(&model).cursor.at_ns), (Some(task), at_ms * MS));
    }
}
