//! A run recorded with `--detail polls`: nothing that needs wakes looks as if it had been measured.

use engine::Detail;
use insta::assert_snapshot;
use tui::app::input::action::Action;
use tui::app::model::{Model, Pane};
use tui::app::update::update;

use super::fixture::recorded;
use super::screen;

fn polls() -> Model {
    recorded(Detail::Polls, 1_250)
}

#[test]
fn lanes_task_and_metrics_say_what_was_not_recorded() {
    assert_snapshot!("polls_120x40", screen(&polls(), 120, 40));
}

#[test]
fn figures_that_need_wakes_have_no_values() {
    let mut model = polls();
    (model.focus, model.full) = (Pane::Metrics, Some(Pane::Metrics));
    let drawn = screen(&model, 120, 40);
    for label in ["waiting", "ready", "wake to poll"] {
        let lines: Vec<_> = drawn.lines().filter(|line| line.contains(label)).collect();
        assert!(!lines.is_empty() && lines.iter().all(|line| line.contains("not recorded")), "{label}: {lines:#?}");
    }
}

#[test]
fn there_is_no_wake_to_follow() {
    for action in [Action::ToWaker, Action::AlongWake { on: true }, Action::AlongWake { on: false }] {
        let mut model = polls();
        update(&mut model, action);
        assert!(screen(&model, 120, 40).contains("wakes were not recorded (--detail polls)"));
    }
}
