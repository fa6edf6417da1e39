use crossterm::event::KeyCode;

use crate::app::input::action::Action;
use crate::app::mode::{Mode, Overlay};
use crate::app::model::Model;
use crate::app::panes::{ExplainTab, Pane};
use crate::app::testing::*;
use trace::{Cause, Finding, FindingKind, Segment, Stall, StallKind, Stalled, State, Wake, Waker};

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
    command(&mut model, "woken-by");
    assert_eq!(model.timeline.selected, Some(5));
    command(&mut model, "woken-by");
    assert_eq!((model.timeline.selected, notice(&model)), (Some(5), "woken by a timer, not a task"));
    command(&mut model, "woken-by-back");
    assert_eq!(model.timeline.selected, Some(3));
    command(&mut model, "woken-by-back");
    assert!(model.timeline.selected == Some(3) && notice(&model).starts_with("no earlier jump"));
}

#[test]
fn nobody_is_jumped_to_before_the_first_wake() {
    let mut model = woken();
    shown_mut(&mut model).cursor.at_ns = 10 * MS;
    command(&mut model, "woken-by");
    assert_eq!((model.timeline.selected, notice(&model)), (Some(3), "not woken yet"));
}

#[test]
fn why_opens_for_the_selected_task_and_closes_again() {
    let mut model = woken();
    for close in [KeyCode::Esc, KeyCode::Char('e')] {
        press(&mut model, KeyCode::Char('e'));
        assert_eq!(model.mode.overlay(), Some(&Overlay::Why { task: Some(3), top: 0 }));
        press(&mut model, close);
        assert_eq!(model.mode.overlay(), None);
    }
}

/// Lets a task wait from a time on, for ever.
fn waits(model: &mut Model, task: usize, from_ms: u64, cause: Cause) {
    let begun = [(0, State::Ready), (from_ms, State::Waiting(cause))];
    shown_mut(model).trace.tasks[task].segments = begun.map(|(ms, state)| Segment::new(ms * MS, state)).into();
}

#[test]
fn without_a_selection_it_is_the_task_that_most_needs_it() {
    let why = |model: &mut Model| {
        (model.timeline.selected, model.mode) = (None, Mode::Browse);
        keys(model, "e");
        match model.mode.overlay() {
            Some(Overlay::Why { task, .. }) => {
                assert_eq!(*task, model.timeline.selected, "it is selected");
                *task
            }
            _ => None,
        }
    };
    let mut model = played();
    shown_mut(&mut model).cursor.at_ns = 1_000 * MS;
    assert_eq!(why(&mut model), None);
    assert_eq!(model.mode.overlay(), Some(&Overlay::Findings { row: 0 }), "nothing waits: is anything wrong?");
    // Main waits longest, but only for the other tasks.
    waits(&mut model, 0, 0, Cause::Join);
    assert_eq!(why(&mut model), Some(0));
    waits(&mut model, 4, 500, Cause::Mutex);
    waits(&mut model, 5, 600, Cause::Mutex);
    assert_eq!(why(&mut model), Some(4));
    let finding = Finding {
        kind: FindingKind::QueueGrows,
        task: Some(5),
        tasks: 1,
        place: None,
        at_ns: 900 * MS,
        text: String::new(),
        inferred: false,
    };
    shown_mut(&mut model).found.all.list = vec![finding];
    assert_eq!(why(&mut model), Some(5));
    let stalled = Stalled { task: 6, holds: Vec::new(), waits: None };
    let stall = Stall { kind: StallKind::Unknown, tasks: vec![stalled], inferred: false, text: String::new() };
    shown_mut(&mut model).stall = Some((1_000 * MS, stall));
    assert_eq!(why(&mut model), Some(6));
    shown_mut(&mut model).cursor.at_ns = 950 * MS;
    assert_eq!(why(&mut model), Some(5), "it is not stuck yet");
}

#[test]
fn tabs_go_round_both_ways() {
    let mut model = woken();
    keys(&mut model, "e");
    let tab = |model: &Model| model.mode.overlay().and_then(Overlay::explains);
    for (code, expected) in [
        (KeyCode::Tab, ExplainTab::Findings),
        (KeyCode::Right, ExplainTab::Path),
        (KeyCode::Char('l'), ExplainTab::Resources),
        (KeyCode::Tab, ExplainTab::Why),
        (KeyCode::BackTab, ExplainTab::Resources),
        (KeyCode::Left, ExplainTab::Path),
    ] {
        press(&mut model, code);
        assert_eq!(tab(&model), Some(expected), "{code:?}");
    }
    // The run continues behind the overlay.
    let playing = shown(&model).cursor.playing;
    keys(&mut model, " ");
    assert_eq!((tab(&model), shown(&model).cursor.playing), (Some(ExplainTab::Path), !playing));
    press(&mut model, KeyCode::Esc);
    command(&mut model, "resources");
    assert_eq!(tab(&model), Some(ExplainTab::Resources));
}

#[test]
fn why_scrolls_to_its_end_and_no_further() {
    let mut model = woken();
    press(&mut model, KeyCode::Char('e'));
    press(&mut model, KeyCode::Char('G'));
    assert_eq!(model.mode.overlay(), Some(&Overlay::Why { task: Some(3), top: 80 }));
    press(&mut model, KeyCode::Up);
    assert_eq!(model.mode.overlay(), Some(&Overlay::Why { task: Some(3), top: 79 }));
}

#[test]
fn another_scenario_closes_why_and_forgets_the_jumps() {
    let mut model = woken();
    command(&mut model, "woken-by");
    press(&mut model, KeyCode::Char('e'));
    model.focus = Pane::Scenarios;
    model.list.row = 1;
    ask(&mut model, Action::Pick);
    assert!(model.mode.overlay().is_none() && model.session.jumps.is_empty());
}
