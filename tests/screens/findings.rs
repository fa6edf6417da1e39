//! The list of findings, and their marks on the lanes.

use insta::assert_snapshot;
use tui::app::model::{Mode, Model, Overlay, Theme};
use tui::app::run::playback;

use super::fixture::{empty, model, panicking, workers};
use super::paint::{frame, styled, text};
use super::screen;

/// A run with a poll of a quarter of a second, at whose end its task panics.
fn wrong() -> Model {
    let mut model = model(2_300);
    if let Some(run) = &mut model.run {
        run.trace = panicking();
    }
    playback::recorded(&mut model);
    model.mode = Mode::Overlay(Overlay::Findings { row: 0 });
    model
}

#[test]
fn the_list_lies_over_the_panes_with_one_finding_opened() {
    assert_snapshot!("findings_120x40", screen(&wrong(), 120, 40));
    assert_snapshot!("findings_60x16", screen(&wrong(), 60, 16));
}

#[test]
fn a_task_is_marked_from_the_moment_on_at_which_it_can_be_seen() {
    let mut model = wrong();
    model.mode = Mode::Browse;
    let lane = |model: &Model| {
        let screen = screen(model, 120, 40);
        screen.lines().find(|line| line.contains("request with")).unwrap_or_default().contains('⚑')
    };
    assert!(lane(&model) && screen(&model, 120, 40).contains("1 finding (e)"));
    if let Some(run) = &mut model.run {
        run.cursor.at_ns = 2_249_999_999;
    }
    assert!(!lane(&model) && !screen(&model, 120, 40).contains("finding"));
}

#[test]
fn without_colour_and_in_ascii_the_marks_say_the_same() {
    let mut model = wrong();
    model.options.theme = Theme::plain(false, false);
    let (list, _) = frame(&model, 80, 24);
    assert!(text(&list).is_ascii());
    assert_snapshot!("findings_ascii_80x24", styled(&list));
    model.mode = Mode::Browse;
    let (lanes, _) = frame(&model, 80, 24);
    assert!(text(&lanes).lines().any(|line| line.contains("request with~* ")), "{}", text(&lanes));
}

#[test]
fn a_list_without_findings_says_why() {
    let mut model = empty();
    model.mode = Mode::Overlay(Overlay::Findings { row: 3 });
    assert!(screen(&model, 80, 24).contains("no run yet"));
    let mut model = wrong();
    if let Some(run) = &mut model.run {
        run.found = tui::app::run::found::Found::default();
    }
    assert!(screen(&model, 80, 24).contains("no problems found"));
    if let Some(run) = &mut model.run {
        run.trace = workers();
    }
    assert!(screen(&model, 80, 24).contains("no problems found so far"));
}

#[test]
fn no_size_is_too_small_for_the_list() {
    let model = wrong();
    for (width, height) in (60..=64).flat_map(|width| (16..=20).map(move |height| (width, height))) {
        assert!(screen(&model, width, height).contains("Findings"));
    }
}
