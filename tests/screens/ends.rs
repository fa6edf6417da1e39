//! The end of a run on screen: its outcome, or what went wrong.

use engine::Ending;
use tui::app::model::Pane;

use super::fixture::{MS, model, report};
use super::{row, screen};

#[test]
fn the_outcome_is_told_where_no_task_is_selected() {
    let mut model = model(3_500);
    model.timeline.selected = None;
    model.focus = Pane::Task;
    let seen = screen(&model, 120, 40);
    for part in ["Outcome ━━━━━━━━ no task selected", "✓ never more than 3 in flight", "peak in flight      3 requests"]
    {
        row(&seen, part);
    }
    model.run.as_mut().unwrap().report = Some(report(Ending::Panicked("index out of bounds".into())));
    row(&screen(&model, 120, 40), "‼ main panicked: index out of");
    model.run.as_mut().unwrap().cursor.at_ns = 1_250 * MS;
    row(&screen(&model, 120, 40), "no task selected: select a lane");
}

#[test]
fn the_status_says_the_checks_first_and_cuts_nothing_in_half() {
    let mut model = model(3_500);
    let outcome = |names: &[&str]| {
        let checks = |outcome: scenario::Outcome, name: &&str| outcome.check(*name, true);
        let figures = scenario::Outcome::new().figure("completed", 20_u64, "requests").figure("total", 3_500_u64, "ms");
        names.iter().fold(figures, checks)
    };
    let long = ["never more than 3 in flight", "every request was served", "nobody overtakes"];
    for (names, width, said) in [
        (&long[..], 200, "✓ never more than 3 in flight · every request was served · nobody overtakes · completed 20 requests …"),
        (&long[..], 120, "✓ all 3 checks passed · completed 20 requests …"),
        (&long[..2], 120, "✓ both checks passed · completed 20 requests …"),
        (&long[..1], 120, "✓ never more than 3 in flight · completed 20 requests …"),
        (&[], 120, "✓ completed 20 requests · total 3,500 ms "),
    ] {
        model.run.as_mut().unwrap().report = Some(report(Ending::Finished(outcome(names))));
        row(&screen(&model, width, 40), said);
    }
}

#[test]
fn a_bad_end_has_a_banner_once_the_cursor_is_there() {
    let cases = [
        (Ending::Stalled, "stuck: no task can ever run again", "stalled"),
        (Ending::Panicked("boom\nmore".into()), "main panicked: boom", "panicked"),
        (Ending::Failed("no route".into()), "main returned an error: no route", "failed"),
        (Ending::Limit, "stopped at the limit of 60 s", "limit"),
        (Ending::Stopped, "stopped: tasks still alive were dropped", "stopped"),
        (Ending::Abandoned, "abandoned: its code never yields", "abandoned"),
    ];
    for (ending, banner, word) in cases {
        let mut model = model(3_500);
        model.run.as_mut().unwrap().report = Some(report(ending));
        let seen = screen(&model, 120, 40);
        row(&seen, banner);
        assert!(seen.lines().next().unwrap().contains(word), "{seen}");
        model.run.as_mut().unwrap().cursor.at_ns = 1_000 * MS;
        assert!(!screen(&model, 120, 40).contains(banner), "{banner} is shown before it happened");
    }
}

#[test]
fn a_broken_check_is_named() {
    let mut model = model(3_500);
    let outcome = scenario::Outcome::new().figure("total", 1_u64, "ms").check("never more than 3 in flight", false);
    model.run.as_mut().unwrap().report = Some(report(Ending::Finished(outcome)));
    let seen = screen(&model, 120, 40);
    row(&seen, "✗ check failed: never more than 3 in flight");
    row(&seen, "✗ broken");
}
