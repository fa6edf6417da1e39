use super::*;
use crate::app::input::action::Action;
use crate::app::run::cursor;
use crate::app::testing::*;
use crate::app::timeline::viewport;

/// A run of 3500 ms is pinned, and one of 2000 ms is below it.
fn compared() -> Model {
    let mut model = played();
    command(&mut model, "pin");
    to_field(&mut model, "permits");
    ask(&mut model, Action::Turn(2));
    model
}

fn permits(run: &RunView) -> u64 {
    run.spec.values.number(run.spec.scenario.param("permits").expect("it is declared"))
}

#[test]
fn a_pinned_run_stays_while_others_come_and_go() {
    let mut model = played();
    command(&mut model, "pin");
    assert!(notice(&model).starts_with("pinned"), "{}", notice(&model));
    assert!(pinned(&model).is_none(), "it is still the run on screen");
    to_field(&mut model, "permits");
    for expected in [4, 5] {
        ask(&mut model, Action::Turn(1));
        assert_eq!((pinned(&model).map(permits), permits(shown(&model))), (Some(3), expected));
    }
    command(&mut model, "pin");
    assert!(model.pin.is_none() && model.session.freed.len() == 1);
    assert_eq!(permits(shown(&model)), 5, "the lower run stays");
}

#[test]
fn the_axis_covers_the_longer_run() {
    let mut model = compared();
    assert_eq!((pinned(&model).map(|run| run.trace.end_ns), shown(&model).trace.end_ns), (Some(3500 * MS), 2000 * MS));
    viewport::fit(&mut model);
    let covered = |model: &Model| model.timeline.cell_ns * u64::from(model.areas.lanes.width);
    assert!(covered(&model) >= 3500 * MS, "{}", covered(&model));
    command(&mut model, "pin");
    viewport::fit(&mut model);
    assert!(covered(&model) < 3500 * MS, "without it, only the run on screen counts");
}

#[test]
fn lanes_are_matched_by_name() {
    let mut model = compared();
    to_field(&mut model, "requests");
    ask(&mut model, Action::Turn(1));
    assert!(shown(&model).trace.tasks.len() > 21);
    let pin = model.pin.as_ref().expect("it is pinned");
    assert_eq!(pin.counterpart(20), Some(20));
    assert_eq!(pin.counterpart(21), None);
}

#[test]
fn only_a_run_that_is_over_can_be_pinned_and_another_scenario_unpins() {
    let mut model = opened();
    command(&mut model, "pin");
    assert!(model.pin.is_none() && notice(&model).contains("no run yet"));
    let mut model = played();
    shown_mut(&mut model).phase = Phase::Running;
    command(&mut model, "pin");
    assert!(model.pin.is_none() && notice(&model).contains("not over yet"));

    let mut model = compared();
    cursor::to_start(&mut model);
    model.list.row = 1;
    model.focus = crate::app::panes::Pane::Scenarios;
    ask(&mut model, Action::Pick);
    assert!(model.pin.is_none(), "{:?}", model.run.as_ref().map(|run| run.spec.scenario.id));
}
