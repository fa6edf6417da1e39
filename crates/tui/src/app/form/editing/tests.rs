use crossterm::event::KeyCode;
use scenario::{Clock, ValueError};

use crate::app::form::fields::FieldError;
use crate::app::input::action::{Action, Target};
use crate::app::input::text_field::TextField;
use crate::app::model::Model;
use crate::app::panes::Pane;
use crate::app::run::lifecycle::failed;
use crate::app::testing::*;
use engine::{Spec, SpecError, StartError};

fn number(spec: &Spec, name: &str) -> u64 {
    spec.values.number(spec.scenario.param(name).expect("declared"))
}

#[test]
fn turning_a_value_runs_again_at_once_with_the_same_seed() {
    let mut model = played();
    model.form.seed = 7;
    to_field(&mut model, "permits");
    let specs = press(&mut model, KeyCode::Right);
    assert_eq!((specs.len(), number(&specs[0], "permits"), specs[0].seed), (1, 4, 7));
    let specs = press(&mut model, KeyCode::Char('h'));
    assert_eq!(number(&specs[0], "permits"), 3);
    let specs = press(&mut model, KeyCode::Char('L'));
    assert_eq!(number(&specs[0], "permits"), 13);
}

#[test]
fn a_value_at_the_end_of_its_range_does_not_run_again() {
    let mut model = played();
    to_field(&mut model, "jitter");
    assert!(press(&mut model, KeyCode::Left).is_empty());
}

#[test]
fn a_digit_starts_a_value_and_enter_takes_it() {
    let mut model = played();
    to_field(&mut model, "permits");
    assert!(press(&mut model, KeyCode::Char('1')).is_empty());
    assert_eq!(model.mode.edited().map(TextField::text), Some("1"));
    press(&mut model, KeyCode::Char('2'));
    let specs = press(&mut model, KeyCode::Enter);
    assert_eq!(number(&specs[0], "permits"), 12);
    assert_eq!(model.mode.edited(), None);
}

#[test]
fn what_cannot_be_taken_stays_with_the_reason_at_its_field() {
    let mut model = played();
    to_field(&mut model, "permits");
    press(&mut model, KeyCode::Char('0'));
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    let error = model.form.error.clone().expect("an error");
    assert_eq!((error.row, error.reason.as_str()), (model.form.row, "0 is out of range: 1 to 1000 permits"));
    assert_eq!(model.mode.edited().map(TextField::text), Some("0"));
    // Moving the focus keeps it.
    ask(&mut model, Action::Point(Target::Pane(Pane::Log)));
    assert!(model.mode.edited().is_some() && model.focus == Pane::Parameters);
    press(&mut model, KeyCode::Esc);
    assert_eq!((model.mode.edited(), &model.form.error), (None, &None));
    assert_eq!(model.form.values.number(&model.form.scenario.params[1]), 3);
}

#[test]
fn going_elsewhere_takes_a_value_that_is_right() {
    let mut model = played();
    to_field(&mut model, "latency");
    press(&mut model, KeyCode::Char('9'));
    let specs = ask(&mut model, Action::Point(Target::Pane(Pane::Log)));
    assert_eq!((number(&specs[0], "latency"), model.focus), (9, Pane::Log));
}

#[test]
fn the_keys_of_a_text_field_edit_it() {
    let mut model = played();
    to_field(&mut model, "latency");
    press(&mut model, KeyCode::Enter);
    let text = |model: &Model| model.mode.edited().map(|field| field.text().to_owned()).unwrap_or_default();
    assert_eq!(text(&model), "500");
    for code in [KeyCode::Backspace, KeyCode::Backspace, KeyCode::Char('1'), KeyCode::Char('0'), KeyCode::Backspace] {
        press(&mut model, code);
    }
    assert_eq!(text(&model), "51");
    ask(&mut model, Action::Paste("5\r\n".to_owned()));
    assert_eq!(text(&model), "515");
    ask(&mut model, Action::Text(crate::app::input::action::TextKey::Clear));
    assert_eq!(text(&model), "");
}

#[test]
fn a_key_that_is_no_digit_leaves_the_field_and_acts() {
    let mut model = played();
    to_field(&mut model, "permits");
    keys(&mut model, "5");
    assert_eq!(press(&mut model, KeyCode::Char('z')).len(), 1, "the value is taken, and run");
    assert_eq!((model.mode.edited(), model.full), (None, Some(Pane::Parameters)));
    assert_eq!(model.form.values.number(&model.form.scenario.params[1]), 5);
    let tab = model.code.tab;
    keys(&mut model, "t");
    assert_ne!(model.code.tab, tab);
    // A digit is part of the number, even one that is bound to a command elsewhere.
    keys(&mut model, "10");
    assert_eq!(model.mode.edited().map(TextField::text), Some("10"));
    let specs = press(&mut model, KeyCode::Right);
    assert_eq!(number(specs.last().expect("it is run"), "permits"), 11, "taken, and raised");
    keys(&mut model, "7");
    press(&mut model, KeyCode::Tab);
    assert_eq!((model.focus, number(&shown(&model).spec.clone(), "permits")), (Pane::Timeline, 7));
}

#[test]
fn a_number_that_cannot_be_taken_is_kept_and_the_key_does_nothing() {
    let mut model = played();
    to_field(&mut model, "permits");
    keys(&mut model, "0z");
    assert_eq!((model.mode.edited().map(TextField::text), model.full), (Some("0"), None));
    assert!(model.form.error.as_ref().is_some_and(|error| error.reason.starts_with("0 is out of range")));
    press(&mut model, KeyCode::Backspace);
    keys(&mut model, "4z");
    assert_eq!((model.mode.edited(), model.form.error.as_ref(), model.full), (None, None, Some(Pane::Parameters)));
}

#[test]
fn a_number_that_is_left_as_it_was_runs_nothing_again() {
    let mut model = played();
    to_field(&mut model, "permits");
    press(&mut model, KeyCode::Enter);
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    keys(&mut model, "3");
    assert!(press(&mut model, KeyCode::Char('z')).is_empty() && model.full.is_some());
}

#[test]
fn reset_goes_back_to_the_default_and_runs_only_if_that_changes_it() {
    let mut model = played();
    for (field, turn) in [("permits", 5), ("seed", 3), ("workers", 1)] {
        to_field(&mut model, field);
        ask(&mut model, Action::Turn(turn));
        press(&mut model, KeyCode::Char('d'));
        assert!(press(&mut model, KeyCode::Char('d')).is_empty(), "{field} is at its default");
    }
    assert_eq!(model.form.values.number(&model.form.scenario.params[1]), 3);
    assert_eq!((model.form.seed, model.form.workers), (0, 0));
}

#[test]
fn the_seed_is_typed_and_turned_like_a_value() {
    let mut model = played();
    to_field(&mut model, "seed");
    assert_eq!(press(&mut model, KeyCode::Left)[0].seed, u64::MAX);
    assert_eq!(press(&mut model, KeyCode::Right)[0].seed, 0);
    press(&mut model, KeyCode::Char('4'));
    press(&mut model, KeyCode::Char('2'));
    assert_eq!(press(&mut model, KeyCode::Enter)[0].seed, 42);
}

#[test]
fn workers_come_and_go_with_the_real_clock() {
    let mut model = played();
    assert_eq!(command(&mut model, "clock")[0].clock, Clock::Real);
    to_field(&mut model, "workers");
    assert_eq!(press(&mut model, KeyCode::Right)[0].workers, 1);
    press(&mut model, KeyCode::Right);
    let spec = &command(&mut model, "clock")[0];
    assert_eq!((spec.clock, spec.workers), (Clock::Virtual, 0));
    assert_eq!(command(&mut model, "clock")[0].workers, 2);
}

#[test]
fn a_clock_that_the_scenario_does_not_have_is_refused_with_a_notice() {
    let mut model = opened();
    press(&mut model, KeyCode::Down);
    press(&mut model, KeyCode::Enter);
    assert!(command(&mut model, "clock").is_empty());
    let notice = model.notice.clone().expect("a notice");
    assert!(notice.error && notice.text == "second has no real clock");
    press(&mut model, KeyCode::Down);
    assert_eq!(model.notice, None, "it stands until the next key");
}

#[test]
fn enter_turns_a_field_that_has_nothing_to_type() {
    let mut model = played();
    to_field(&mut model, "clock");
    assert_eq!(press(&mut model, KeyCode::Enter)[0].clock, Clock::Real);
    press(&mut model, KeyCode::Char('4'));
    assert_eq!(model.mode.edited(), None);
}

#[test]
fn a_start_that_is_refused_says_so_at_its_field_and_keeps_the_run() {
    let mut model = played();
    let error = ValueError { param: "permits_each", reason: "too many".to_owned() };
    failed(&mut model, &StartError::Spec(SpecError::Values(error)));
    assert_eq!(model.form.error, Some(FieldError { row: 4, reason: "too many".to_owned() }));
    failed(&mut model, &StartError::Spec(SpecError::Workers("none".to_owned())));
    assert_eq!(model.form.error.as_ref().map(|error| error.row), Some(6));
    failed(&mut model, &StartError::System(std::io::Error::other("no thread")));
    assert!(model.notice.as_ref().is_some_and(|notice| notice.error && notice.text.contains("no thread")));
    assert!(shown(&model).trace.closed);
}
