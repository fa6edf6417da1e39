use std::time::Duration;

use crossterm::event::KeyCode;

use crate::app::input::action::Action;
use crate::app::mode::Overlay;
use crate::app::model::Model;
use crate::app::panes::Pane;
use crate::app::run::playback::recorded;
use crate::app::testing::*;
use trace::{Finding, FindingKind, Findings, Task};

/// A run with two findings: one about task 3 at 500 ms, one about no task at 900 ms.
fn wrong() -> Model {
    let mut model = played();
    let finding = |kind, task, at_ns| Finding {
        kind,
        task,
        tasks: 1,
        place: None,
        at_ns,
        text: format!("{} it is", FindingKind::name(kind)),
        inferred: false,
    };
    let mut all = Findings::default();
    all.list = vec![finding(FindingKind::BlocksWorker, Some(3), 500 * MS), finding(FindingKind::QueueGrows, None, 900 * MS)];
    shown_mut(&mut model).found.all = all;
    model
}

#[test]
fn the_list_opens_and_closes_from_any_pane() {
    for pane in Pane::ALL {
        for close in [KeyCode::Esc, KeyCode::Char('e')] {
            let mut model = wrong();
            model.focus = pane;
            command(&mut model, "findings");
            assert_eq!(model.mode.overlay(), Some(&Overlay::Findings { row: 0 }), "{pane:?}");
            press(&mut model, close);
            assert_eq!((model.mode.overlay(), model.focus), (None, pane));
        }
    }
}

#[test]
fn the_cursor_of_the_list_stays_within_it() {
    let mut model = wrong();
    command(&mut model, "findings");
    for (key, row) in
        [(KeyCode::Up, 0), (KeyCode::Char('j'), 1), (KeyCode::Down, 1), (KeyCode::Char('g'), 0), (KeyCode::PageDown, 1)]
    {
        press(&mut model, key);
        assert_eq!(model.mode.overlay(), Some(&Overlay::Findings { row }), "{key:?}");
    }
}

#[test]
fn enter_goes_to_the_moment_and_selects_the_task() {
    let mut model = wrong();
    model.timeline.selected = Some(7);
    command(&mut model, "findings");
    press(&mut model, KeyCode::Enter);
    assert_eq!((model.mode.overlay(), model.timeline.selected, shown(&model).cursor.at_ns), (None, Some(3), 500 * MS));
    assert!(!shown(&model).cursor.playing && notice(&model) == "blocks-worker it is");
    command(&mut model, "findings");
    press(&mut model, KeyCode::Char('G'));
    press(&mut model, KeyCode::Enter);
    assert_eq!((model.timeline.selected, shown(&model).cursor.at_ns), (Some(3), 900 * MS), "it is no task's");
}

#[test]
fn where_nothing_is_wrong_enter_only_closes_the_list() {
    let mut model = played();
    let before = shown(&model).cursor;
    command(&mut model, "findings");
    press(&mut model, KeyCode::Char('j'));
    press(&mut model, KeyCode::Enter);
    assert_eq!((model.mode.overlay(), shown(&model).cursor), (None, before));
    let mut model = opened();
    command(&mut model, "findings");
    assert_eq!((model.mode.overlay(), notice(&model)), (None, "no run yet: space starts one"));
}

/// A future that is too large. It is found from the task alone, so the trace can be minimal.
fn large() -> Task {
    Task { bytes: 1 << 20, ..Task::default() }
}

#[test]
fn a_run_that_is_over_is_looked_through_once() {
    let mut model = opened();
    ask(&mut model, Action::Pick);
    let run = shown_mut(&mut model);
    assert_eq!(run.found.all.list, []);
    run.trace.tasks.push(large());
    recorded(&mut model);
    ask(&mut model, Action::Tick(Duration::from_secs(60)));
    assert_eq!(shown(&model).found.all.list, [], "nothing can have come");
}

#[test]
fn a_run_under_way_is_looked_through_now_and_then_and_when_it_is_over() {
    let mut model = played();
    let run = shown_mut(&mut model);
    (run.found, run.trace.closed) = (crate::app::run::found::Found::default(), false);
    run.trace.tasks.push(large());
    let found = |model: &Model| shown(model).found.all.list.len();
    recorded(&mut model);
    ask(&mut model, Action::Tick(Duration::from_millis(399)));
    assert_eq!(found(&model), 0);
    ask(&mut model, Action::Tick(Duration::from_millis(1)));
    assert_eq!(found(&model), 1);
    // With many tasks a search is expensive, so it waits for the end.
    let run = shown_mut(&mut model);
    run.trace.tasks.clear();
    run.trace.tasks.resize_with(20_001, Task::default);
    ask(&mut model, Action::Tick(Duration::from_secs(60)));
    assert_eq!(found(&model), 1);
    let run = shown_mut(&mut model);
    run.trace.tasks.truncate(20_000);
    ask(&mut model, Action::Tick(Duration::from_millis(400)));
    assert_eq!(found(&model), 0);
    let run = shown_mut(&mut model);
    run.trace.tasks = vec![large()];
    run.trace.closed = true;
    recorded(&mut model);
    assert_eq!(found(&model), 1);
}

#[test]
fn a_run_of_very_many_tasks_is_looked_through_a_piece_at_a_time() {
    let mut model = opened();
    ask(&mut model, Action::Pick);
    let run = shown_mut(&mut model);
    run.found = crate::app::run::found::Found::default();
    run.trace.tasks.resize_with(200_000, Task::default);
    run.trace.tasks.push(large());
    recorded(&mut model);
    let mut pieces = 0;
    while shown(&model).found.is_looking() {
        assert_eq!(shown(&model).found.all.list, []);
        pieces += 1;
        ask(&mut model, Action::Tick(Duration::ZERO));
        assert!(pieces < 100, "the end is never reached");
    }
    assert_eq!((pieces > 2, shown(&model).found.all.list.len()), (true, 1));
}
