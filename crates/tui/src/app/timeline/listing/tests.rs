//! Sorting and filtering lanes.

use std::time::Duration;

use crossterm::event::KeyCode;

use crate::app::input::action::{Action, TextKey};
use crate::app::input::text_field::TextField;
use crate::app::model::Model;
use crate::app::panes::Pane;
use crate::app::testing::*;
use crate::app::timeline::lanes::Lanes;
use crate::app::timeline::order::Order;
use crate::app::update::update;
use crate::work_count;
use trace::{Cause, End, Ended, Segment, State};

/// Twenty-one tasks: task `i` is spawned at `i` times 10 ms, lives for `i` times 100 ms, and waits from its first
/// poll on.
fn lived() -> Model {
    let mut model = played();
    let run = shown_mut(&mut model);
    for (task, i) in run.trace.tasks.iter_mut().zip(0_u64..) {
        let spawned_ns = i * 10 * MS;
        let begun = [(0, State::Ready), (0, State::Running(0)), (0, State::Waiting(Cause::Time))];
        task.spawned_ns = spawned_ns;
        task.segments = begun.map(|(ns, state)| Segment::new(spawned_ns + ns, state)).into();
        task.polls = 1;
        task.ended = Some(Ended { at_ns: spawned_ns + i * 100 * MS, how: End::Completed, inferred: false });
    }
    run.cursor.playing = false;
    run.cursor.at_ns = 3_500 * MS;
    model.focus = Pane::Timeline;
    ask(&mut model, Action::Close);
    model
}

fn lanes(model: &Model) -> Vec<u32> {
    let lanes = Lanes::of(model).expect("there is a run");
    (0..lanes.len()).filter_map(|row| lanes.task(row)).collect()
}

fn filter(model: &mut Model, text: &str) {
    command(model, "filter");
    press_all(model, text);
}

fn press_all(model: &mut Model, text: &str) {
    for c in text.chars() {
        press(model, KeyCode::Char(c));
    }
}

#[test]
fn lanes_are_sorted_by_one_thing_after_the_other() {
    let mut model = lived();
    let spawned: Vec<u32> = (0..=20).collect();
    let falling: Vec<u32> = spawned.iter().rev().copied().collect();
    let orders = [
        (Order::Duration, &falling),
        (Order::LongestWait, &falling),
        (Order::Polls, &spawned),
        (Order::Tree, &spawned),
        (Order::Spawn, &spawned),
    ];
    for (order, expected) in orders {
        command(&mut model, "order");
        assert_eq!((model.reading.order, lanes(&model)), (order, expected.clone()));
    }
    command(&mut model, "order");
    assert_eq!(notice(&model), "lanes by duration");
    // Down from the longest to the next longest.
    press(&mut model, KeyCode::Char('g'));
    press(&mut model, KeyCode::Down);
    press(&mut model, KeyCode::Down);
    assert_eq!(model.timeline.selected, Some(18));
    press(&mut model, KeyCode::Char('G'));
    assert_eq!((model.timeline.selected, model.timeline.top), (Some(0), 11));
}

#[test]
fn the_order_is_that_at_the_cursor() {
    let mut model = lived();
    command(&mut model, "order");
    // At 350 ms, all but the first three are alive, and older tasks have lived longer.
    shown_mut(&mut model).cursor.at_ns = 351 * MS;
    press(&mut model, KeyCode::Left);
    let at_ns = shown(&model).cursor.at_ns;
    let sorted = lanes(&model);
    let lived: Vec<u64> = sorted.iter().map(|task| shown(&model).trace.tasks[*task as usize].duration(at_ns)).collect();
    assert!(lived.is_sorted_by(|a, b| a >= b) && sorted[0] == 4, "{sorted:?}: {lived:?}");
    // Before its spawn, a task has no lane.
    press(&mut model, KeyCode::Char('T'));
    press_all(&mut model, "45");
    press(&mut model, KeyCode::Enter);
    assert_eq!(lanes(&model), [1, 2, 3, 4, 0]);
}

#[test]
fn while_it_plays_lanes_change_places_now_and_then() {
    let mut model = lived();
    command(&mut model, "order");
    let run = shown_mut(&mut model);
    (run.cursor.at_ns, run.cursor.playing) = (0, true);
    ask(&mut model, Action::Tick(Duration::from_millis(250)));
    assert_eq!(shown(&model).cursor.at_ns, 250 * MS);
    let before = lanes(&model);
    ask(&mut model, Action::Tick(Duration::from_millis(240)));
    assert_eq!(lanes(&model), before, "it is too early");
    ask(&mut model, Action::Tick(Duration::from_millis(10)));
    assert_ne!(lanes(&model), before);
    let before = lanes(&model);
    ask(&mut model, Action::Tick(Duration::from_millis(90)));
    press(&mut model, KeyCode::Char(' '));
    assert_ne!(lanes(&model), before, "whoever pauses sees it as it is");
}

#[test]
fn a_filter_works_while_it_is_typed() {
    let mut model = lived();
    command(&mut model, "filter");
    assert_eq!(lanes(&model).len(), 21);
    press_all(&mut model, "task 1");
    assert_eq!(lanes(&model), [1, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    press_all(&mut model, " duration>");
    assert!(
        model
            .mode
            .prompt()
            .as_ref()
            .is_some_and(|prompt| prompt.error.as_deref() == Some("duration> needs a time such as 500ms"))
    );
    assert_eq!(lanes(&model).len(), 0, "what could be read last stays: a name with *duration* in it");
    press(&mut model, KeyCode::Enter);
    assert!(model.mode.prompt().is_some(), "one that cannot be read is not taken");
    press_all(&mut model, "1.65s");
    assert_eq!(lanes(&model), [17, 18, 19]);
    press(&mut model, KeyCode::Enter);
    assert_eq!((model.mode.prompt(), lanes(&model)), (None, vec![17, 18, 19]));
    assert_eq!(model.reading.filter.text, "task 1 duration>1.65s");
}

#[test]
fn esc_keeps_the_filter_from_before_and_two_commands_clear_it() {
    for clear in ["clear-filter", "close"] {
        let mut model = lived();
        filter(&mut model, "12");
        press(&mut model, KeyCode::Enter);
        filter(&mut model, "x");
        assert!(lanes(&model).is_empty());
        press(&mut model, KeyCode::Esc);
        assert_eq!((model.mode.prompt(), lanes(&model)), (None, vec![12]));
        command(&mut model, clear);
        assert_eq!((lanes(&model).len(), model.reading.filter.text.as_str()), (21, ""));
    }
}

#[test]
fn a_filter_that_no_task_passes_leaves_keys_without_harm() {
    let mut model = lived();
    model.timeline.selected = Some(4);
    filter(&mut model, "nobody");
    press(&mut model, KeyCode::Enter);
    for code in [KeyCode::Down, KeyCode::Char('G'), KeyCode::PageUp, KeyCode::Char('O')] {
        press(&mut model, code);
    }
    assert_eq!((lanes(&model), model.timeline.selected, model.timeline.top), (vec![], Some(4), 0));
}

#[test]
fn tasks_that_are_yet_to_come_have_their_room_where_time_does_not_matter() {
    let mut model = lived();
    filter(&mut model, "1");
    shown_mut(&mut model).cursor.at_ns = 0;
    press(&mut model, KeyCode::Enter);
    let listed = Lanes::of(&model).expect("there is a run");
    assert_eq!((listed.len(), listed.spawned(0), listed.spawned(100 * MS)), (11, 0, 2));
    assert_eq!((listed.row(10), listed.row(2)), (Some(1), None));
}

#[test]
fn filter_and_order_stay_when_a_parameter_is_turned_and_go_with_the_scenario() {
    let mut model = lived();
    filter(&mut model, "1");
    press(&mut model, KeyCode::Enter);
    command(&mut model, "order");
    to_field(&mut model, "requests");
    press(&mut model, KeyCode::Char('5'));
    press(&mut model, KeyCode::Enter);
    assert_eq!(lanes(&model), [1]);
    model.focus = Pane::Scenarios;
    press(&mut model, KeyCode::Down);
    press(&mut model, KeyCode::Enter);
    assert_eq!((model.reading.order, lanes(&model).len()), (Order::Spawn, 21));
}

#[test]
fn a_long_filter_is_not_compared_again_for_each_key_and_tick() {
    let mut model = played();
    update(&mut model, Action::Filter);
    for end in ["a", "a ", "b"] {
        let text = "a ".repeat(1_000) + end;
        if let Some(prompt) = model.mode.prompt_mut() {
            prompt.text = TextField::new(text);
        }
        update(&mut model, Action::Text(TextKey::End));
        let steps = work_count::of(|| {
            for _ in 0..1_000 {
                update(&mut model, Action::Text(TextKey::End));
                update(&mut model, Action::Tick(Duration::from_millis(1)));
            }
        });
        assert!(steps <= 2_000, "{steps} for {end:?}");
    }
}
