use super::*;
use crate::app::input::bindings::Bindings;
use crate::app::mode::{Mode, Question};
use crate::app::testing::*;
use trace::{End, Ended, Stall, StallKind, Stalled};

fn shown(model: &Model) -> Vec<(String, &'static str)> {
    hints(model)
}

fn first(model: &Model, most: usize) -> Vec<String> {
    shown(model).into_iter().take(most).map(|(keys, label)| format!("{keys} {label}")).collect()
}

/// A run with the timeline focused: paused at the start, playing, at its end, stuck at its end.
fn timeline() -> Model {
    let mut model = played();
    model.focus = Pane::Timeline;
    model
}

fn at(mut model: Model, at_ms: u64, playing: bool) -> Model {
    let run = shown_mut(&mut model);
    (run.cursor.at_ns, run.cursor.playing) = (at_ms * MS, playing);
    model
}

fn stuck() -> Model {
    let mut model = at(timeline(), 3_500, false);
    let stalled = Stalled { task: 2, holds: Vec::new(), waits: None };
    let stall = Stall { kind: StallKind::Unknown, tasks: vec![stalled], inferred: false, text: String::new() };
    shown_mut(&mut model).stall = Some((3_000 * MS, stall));
    model
}

#[test]
fn the_four_that_matter_most_come_first() {
    let table = vec![
        ("stuck", stuck(), ["e why", "0 rewind", "P problem", "r restart"]),
        ("paused", at(timeline(), 1_000, false), ["space resume", "0 rewind", "./, step", "e why"]),
        ("playing", at(timeline(), 1_000, true), ["space pause", "←→ time", "{/} speed", "e why"]),
        ("ended", at(timeline(), 3_500, false), ["r restart", "0 rewind", "space replay", "e why"]),
    ];
    for (moment, model, wanted) in table {
        assert_eq!(first(&model, 4), wanted, "{moment}");
    }
}

#[test]
fn a_pane_for_choosing_says_that_first() {
    let mut model = at(timeline(), 3_500, false);
    model.focus = Pane::Scenarios;
    assert_eq!(first(&model, 4), ["Enter start", "↑↓ choose", "r restart", "0 rewind"]);
    model.focus = Pane::Parameters;
    assert_eq!(first(&model, 4), ["←→ change", "Enter type", "r restart", "Home rewind"]);
    model.options.theme.unicode = false;
    assert_eq!(hints(&model)[0].0, "Left/Right");
    assert!(hints(&model).iter().all(|(keys, label)| keys.is_ascii() && label.is_ascii()));
}

#[test]
fn what_would_do_nothing_is_left_out() {
    let has = |model: &Model, label: &str| shown(model).iter().any(|(_, shown)| *shown == label);
    for label in ["why", "rewind", "step", "speed", "zoom", "fit", "problem", "match", "undo view", "task step", "end"] {
        assert!(!has(&opened(), label), "{label} without a run");
    }
    let paused = at(timeline(), 1_000, false);
    for (label, there) in [("step", true), ("rewind", true), ("end", true), ("problem", false), ("match", false)] {
        assert_eq!(has(&paused, label), there, "{label}");
    }
    let ended = at(timeline(), 3_500, false);
    assert!(!has(&ended, "end") && has(&ended, "rewind"));
    let mut failed = at(timeline(), 1_000, false);
    shown_mut(&mut failed).trace.tasks[1].ended = Some(Ended { at_ns: 2_000 * MS, how: End::Failed, inferred: false });
    assert!(has(&failed, "problem"));
    let mut selected = at(timeline(), 1_000, false);
    selected.timeline.selected = Some(1);
    assert!(has(&selected, "task step"));
    let mut replay = at(timeline(), 3_500, false);
    (replay.replay, replay.focus) = (true, Pane::Parameters);
    assert!(!has(&replay, "restart") && !has(&replay, "tune"));
    let mut live = at(timeline(), 1_000, true);
    let run = shown_mut(&mut live);
    (run.spec.clock, run.phase, run.cursor.live) = (Clock::Real, Phase::Running, true);
    assert!(!has(&live, "speed"));
}

#[test]
fn the_ways_on_are_always_there_and_a_question_has_its_answers() {
    let ways_of = |model: &Model| ways(model).into_iter().map(|(keys, label)| format!("{keys} {label}")).collect::<Vec<_>>();
    for pane in Pane::ALL {
        for mut model in [Box::new(opened()), Box::new(timeline()), Box::new(stuck())] {
            model.focus = pane;
            assert_eq!(ways_of(&model), ["Tab pane", ": commands", "? help"], "{pane:?}");
            model.full = Some(pane);
            assert_eq!(ways_of(&model)[0], "z restore", "{pane:?}");
            assert!(first(&model, 9).iter().all(|hint| !hint.starts_with("z ")), "{pane:?}: once is enough");
        }
    }
    let mut model = timeline();
    model.mode = Mode::Ask(Question::Restart);
    assert_eq!((first(&model, 9), ways_of(&model)), (vec!["y yes".into(), "n no".into()], vec![]));
}

#[test]
fn the_rows_that_come_first_are_in_the_table() {
    let bindings = Bindings::default();
    let moments: [fn() -> Model; 5] =
        [opened, stuck, || at(timeline(), 0, true), || at(timeline(), 0, false), || at(timeline(), 3_500, false)];
    for moment in moments {
        let model = moment();
        for name in super::first(&model).iter().copied().flatten() {
            assert!(bindings.named(name).is_some_and(|row| !row.label.is_empty()), "{name}");
        }
    }
}
