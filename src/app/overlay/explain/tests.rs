use crossterm::event::KeyCode;

use crate::app::input::action::Action;
use crate::app::mode::Overlay;
use crate::app::model::Model;
use crate::app::panes::Pane;
use crate::app::testing::*;
use crate::trace::{Wake, Waker};

/// A run in which task 3 was woken by task 5, and task 5 by a timer.
fn woken() -> Model {
    let mut model = played();
    let tasks = &mut shown_mut(&mut model).trace.tasks;
    tasks[3].wakes.push(Wake { at_ns: 100 * MS, by: Waker::Task(5) });
    tasks[5].wakes.push(Wake { at_ns: 50 * MS, by: Waker::Timer });
    shown_mut(&mut model).cursor.at_ns = 200 * MS;
    model.timeline.selected = Some(3);
    model
}

#[test]
fn a_jump_goes_to_the_waker_and_back() {
    let mut model = woken();
    press(&mut model, KeyCode::Char('b'));
    assert_eq!(model.timeline.selected, Some(5));
    press(&mut model, KeyCode::Char('b'));
    assert_eq!((model.timeline.selected, notice(&model)), (Some(5), "a timer woke it, and no task"));
    press(&mut model, KeyCode::Char('B'));
    assert_eq!(model.timeline.selected, Some(3));
    press(&mut model, KeyCode::Char('B'));
    assert!(model.timeline.selected == Some(3) && notice(&model).starts_with("no jump to go back from"));
}

#[test]
fn nobody_is_jumped_to_before_the_first_wake() {
    let mut model = woken();
    shown_mut(&mut model).cursor.at_ns = 10 * MS;
    press(&mut model, KeyCode::Char('b'));
    assert_eq!((model.timeline.selected, notice(&model)), (Some(3), "nothing has woken it yet"));
}

#[test]
fn why_opens_for_the_selected_task_and_closes_again() {
    let mut model = woken();
    for close in [KeyCode::Esc, KeyCode::Char('e')] {
        press(&mut model, KeyCode::Char('e'));
        assert_eq!(model.mode.overlay(), Some(&Overlay::Why { task: 3, top: 0 }));
        press(&mut model, close);
        assert_eq!(model.mode.overlay(), None);
    }
    model.timeline.selected = None;
    press(&mut model, KeyCode::Char('e'));
    assert!(model.mode.overlay().is_none() && notice(&model).starts_with("no task is selected"));
}

#[test]
fn why_scrolls_to_its_end_and_no_further() {
    let mut model = woken();
    press(&mut model, KeyCode::Char('e'));
    press(&mut model, KeyCode::Char('G'));
    assert_eq!(model.mode.overlay(), Some(&Overlay::Why { task: 3, top: 80 }));
    press(&mut model, KeyCode::Up);
    assert_eq!(model.mode.overlay(), Some(&Overlay::Why { task: 3, top: 79 }));
}

#[test]
fn another_scenario_closes_why_and_forgets_the_jumps() {
    let mut model = woken();
    press(&mut model, KeyCode::Char('b'));
    press(&mut model, KeyCode::Char('e'));
    model.focus = Pane::Scenarios;
    model.list.row = 1;
    ask(&mut model, Action::Pick);
    assert!(model.mode.overlay().is_none() && model.session.jumps.is_empty());
}

#[test]
fn resources_take_the_place_of_the_task_and_are_brought_in_sight() {
    let mut model = woken();
    assert!(model.areas.pane(Pane::Task).is_empty());
    press(&mut model, KeyCode::Char('R'));
    assert_eq!((model.task.resources, model.focus), (true, Pane::Task));
    press(&mut model, KeyCode::Char('R'));
    assert!(!model.task.resources);
}
