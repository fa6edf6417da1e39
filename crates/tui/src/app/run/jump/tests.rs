use crate::app::run::cursor::tests::through;
use crossterm::event::KeyCode;

use crate::app::input::action::{Action, Target};
use crate::app::model::Model;
use crate::app::panes::Pane;
use crate::app::testing::*;
use trace::{Stall, StallKind};

/// The cursor's time in milliseconds, the selected task, and the notice.
fn after(model: &mut Model, name: &str) -> (u64, Option<u32>, String) {
    command(model, name);
    let told = model.notice.as_ref().map_or_else(String::new, |notice| notice.text.clone());
    (shown(model).cursor.at_ns / MS, model.timeline.selected, told)
}

#[test]
fn each_kind_of_end_is_gone_to() {
    let mut model = through();
    assert_eq!(after(&mut model, "next-failure"), (500, Some(1), "A fails: 1 of 1".to_owned()));
    assert_eq!(after(&mut model, "next-cancellation"), (1_000, Some(2), "B is cancelled: 1 of 1".to_owned()));
    assert_eq!(after(&mut model, "next-panic"), (1_500, Some(3), "C panics: 1 of 1".to_owned()));
    assert!(!shown(&model).cursor.playing);
    assert_eq!(after(&mut model, "next-failure"), (1_500, Some(3), "no task fails after this; 1 before".to_owned()));
    shown_mut(&mut model).trace.closed = false;
    shown_mut(&mut model).trace.tasks[3].ended = None;
    assert_eq!(after(&mut model, "next-panic").2, "no task panics so far");
}

#[test]
fn of_several_ends_at_one_time_each_is_come_to() {
    let mut model = through();
    for task in &mut shown_mut(&mut model).trace.tasks[1..] {
        task.ended = task.ended.map(|end| trace::Ended { at_ns: 700 * MS, how: trace::End::Failed, ..end });
    }
    let places: Vec<_> = (0..3).map(|_| after(&mut model, "next-failure")).collect();
    let expected = ["A fails: 1 of 3", "B fails: 2 of 3", "C fails: 3 of 3"];
    for (i, (place, told)) in places.iter().zip(expected).enumerate() {
        assert_eq!(*place, (700, Some(i as u32 + 1), told.to_owned()));
    }
    assert_eq!(after(&mut model, "next-failure").2, "no task fails after this; 3 before");
}

#[test]
fn the_stall_is_gone_to_when_there_is_one() {
    let mut model = through();
    assert_eq!(after(&mut model, "stall"), (0, None, "no deadlock in this run".to_owned()));
    let stalled = trace::Stalled { task: 2, holds: Vec::new(), waits: None };
    let stall = Stall { kind: StallKind::Unknown, tasks: vec![stalled], inferred: false, text: String::new() };
    shown_mut(&mut model).stall = Some((900 * MS, stall));
    assert_eq!(after(&mut model, "stall"), (900, Some(2), String::new()));
}

#[test]
fn the_longest_wait_is_seen_from_its_last_moment() {
    let mut model = through();
    // Main and C wait from 0 to 1500; of two equal waits, the later task wins.
    let (ms, task, told) = after(&mut model, "longest-wait");
    assert_eq!((ms, task), (1_499, Some(3)));
    assert_eq!(told, "C waits from 00:00.000 to 00:01.500");
    assert!(shown(&model).trace.wait_at(3, shown(&model).cursor.at_ns).is_some(), "it waits there");
    ask(&mut model, Action::Point(Target::Task(2)));
    assert_eq!(after(&mut model, "longest-wait").2, "B waits from 00:00.500 to 00:01.000");
}

#[test]
fn bookmarks_are_set_gone_to_and_taken_away() {
    let mut model = through();
    assert_eq!(after(&mut model, "next-bookmark").2, "no bookmarks");
    for ms in [1_000, 500] {
        model.notice = None;
        ask(&mut model, Action::TypeTime);
        ask(&mut model, Action::Paste(ms.to_string()));
        press(&mut model, KeyCode::Enter);
        command(&mut model, "bookmark");
    }
    assert_eq!(model.bookmarks, [500 * MS, 1_000 * MS]);
    assert_eq!(after(&mut model, "next-bookmark"), (1_000, None, "bookmark 2 of 2 at 00:01.000".to_owned()));
    assert_eq!(after(&mut model, "next-bookmark").2, "no later bookmark");
    assert_eq!(after(&mut model, "previous-bookmark"), (500, None, "bookmark 1 of 2 at 00:00.500".to_owned()));
    assert_eq!(after(&mut model, "previous-bookmark").2, "no earlier bookmark");
    command(&mut model, "bookmark");
    assert_eq!(model.bookmarks, [1_000 * MS]);
    // They survive a changed parameter, but not another scenario; a bookmark beyond the shorter run is reported.
    to_field(&mut model, "seed");
    press(&mut model, KeyCode::Right);
    assert_eq!(model.bookmarks.len(), 1);
    shown_mut(&mut model).trace.end_ns = 700 * MS;
    shown_mut(&mut model).cursor.at_ns = 0;
    assert!(after(&mut model, "next-bookmark").2.ends_with("but this run ends at 00:00.700"));
    model.focus = Pane::Scenarios;
    model.list.row = 1;
    press(&mut model, KeyCode::Enter);
    assert!(model.bookmarks.is_empty());
}

#[test]
fn problems_of_any_kind_are_gone_through_on_and_back() {
    let mut model = through();
    let stalled = trace::Stalled { task: 2, holds: Vec::new(), waits: None };
    let stall = Stall { kind: StallKind::Unknown, tasks: vec![stalled], inferred: false, text: "B is stuck".into() };
    shown_mut(&mut model).stall = Some((900 * MS, stall));
    let finding = trace::Finding {
        kind: trace::FindingKind::QueueGrows,
        task: None,
        tasks: 1,
        place: None,
        at_ns: 1_200 * MS,
        text: "the queue grows".into(),
        inferred: false,
    };
    shown_mut(&mut model).found.all.list = vec![finding];
    let on = [
        (500, Some(1), "problem 1 of 5: A fails"),
        (900, Some(2), "problem 2 of 5: B is stuck"),
        (1_000, Some(2), "problem 3 of 5: B is cancelled"),
        (1_200, Some(2), "problem 4 of 5: the queue grows"),
        (1_500, Some(3), "problem 5 of 5: C panics"),
    ];
    for (ms, task, told) in on {
        keys(&mut model, "p");
        assert_eq!((shown(&model).cursor.at_ns / MS, model.timeline.selected, notice(&model)), (ms, task, told));
    }
    keys(&mut model, "p");
    assert_eq!(notice(&model), "this is the last of 5 problems");
    for (ms, task, told) in on.into_iter().rev().skip(1) {
        keys(&mut model, "P");
        // The growing queue belongs to no task, so the selection stays.
        let task = if ms == 1_200 { Some(3) } else { task };
        assert_eq!((shown(&model).cursor.at_ns / MS, model.timeline.selected, notice(&model)), (ms, task, told));
    }
    keys(&mut model, "P");
    assert_eq!(notice(&model), "this is the first of 5 problems");
    shown_mut(&mut model).cursor.at_ns = 0;
    keys(&mut model, "P");
    assert_eq!(notice(&model), "no earlier problem; 5 later (p)");
    // A problem at the cursor is not passed over while its task is not selected.
    shown_mut(&mut model).cursor.at_ns = 1_500 * MS;
    for key in ["p", "P"] {
        model.timeline.selected = None;
        keys(&mut model, key);
        assert_eq!((model.timeline.selected, notice(&model)), (Some(3), "problem 5 of 5: C panics"), "{key}");
    }
    let mut model = played();
    keys(&mut model, "p");
    assert_eq!(notice(&model), "no problem in this run");
}
