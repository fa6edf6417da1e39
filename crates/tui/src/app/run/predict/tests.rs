use crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use std::time::Duration;

use super::*;
use crate::app::input::action::{Action, Move};
use crate::app::input::pointer;
use crate::app::testing::*;
use engine::{Ending, Phase, Report};
use scenario::question::{Choice, If, Question};
use scenario::story::{Nth, Stop, When};
use scenario::{Clock, Outcome, Scenario};
use scenarios::semaphore;

const THIRD: When = When::Spawn(Nth::Number(3), "task");

/// The runs of these tests have 20 tasks beside the first, and one is spawned every 100 ms.
static CATALOGUE: &[Scenario] = &[Scenario {
    id: "asked",
    clocks: &[Clock::Virtual, Clock::Real],
    story: &[Stop::at(THIRD, "The third."), Stop::at(When::Over, "The end.")],
    questions: &[
        Question::new(
            "How many tasks have been spawned after the third, of {param:requests}?",
            Answer::Number { is: "param:requests - 2", typical: &[("param:requests", "That is all of them.")] },
            When::Over,
            "There are {param:requests}.",
        ),
        Question::new(
            "When is the third spawned?",
            Answer::Choice(&[
                Choice::new("At once", If::Equal("time", "0")),
                Choice::new("Later than {param:latency}", If::More("time", "param:latency")),
                Choice::new("Before that", If::Otherwise),
            ]),
            THIRD,
            "It is spawned at {time}.",
        ),
    ],
    ..semaphore::SCENARIO
}];

fn opened() -> Model {
    let mut model = Model::new(CATALOGUE, options(), None);
    crate::app::timeline::viewport::laid_out(&mut model, areas(60));
    model.predict.on = true;
    model
}

/// Ends the run as the engine would.
fn end(model: &mut Model) -> Option<(&'static str, Score)> {
    let run = shown_mut(model);
    for (ms, task) in (0..).zip(&mut run.trace.tasks) {
        task.spawned_ns = ms * 100 * MS;
    }
    let elapsed_ns = run.trace.end_ns;
    (run.report, run.phase) =
        (Some(Report { ending: Ending::Finished(Outcome::new()), elapsed_ns, runtime_polls: None }), Phase::Over);
    settle(model)
}

/// Answers the first question with a typed number, and the second with a choice.
fn answered(number: &str, choice: usize) -> Model {
    let mut model = opened();
    assert!(ask(&mut model, Action::Pick).is_empty(), "nothing runs before the questions are answered");
    keys(&mut model, number);
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    keys(&mut model, &choice.to_string());
    assert_eq!(press(&mut model, KeyCode::Enter).len(), 1, "the run starts after the last answer");
    assert!(!is_asking(&model));
    model
}

#[test]
fn a_run_starts_after_its_questions_and_is_compared_with_the_answers() {
    for (number, choice, right) in [("18", 3, 2), ("18", 1, 1), ("20", 2, 0)] {
        let mut model = answered(number, choice);
        assert_eq!(end(&mut model), Some(("asked", Score { right, made: 2 })), "{number}, {choice}");
        assert_eq!(settle(&mut model), None, "it counts once");
        assert_eq!(model.predict.scores.get("asked"), Some(&Score { right, made: 2 }));
    }
}

#[test]
fn the_moving_cursor_stops_where_the_story_shows_an_answer() {
    let mut model = answered("20", 1);
    end(&mut model);
    ask(&mut model, Action::Tick(Duration::from_millis(150)));
    assert!(at_stop(&model).is_none() && shown(&model).cursor.playing);
    ask(&mut model, Action::Tick(Duration::from_millis(100)));
    let cursor = shown(&model).cursor;
    assert_eq!((cursor.at_ns, cursor.playing), (200 * MS, false), "at the stop, not after it");
    let compared = at_stop(&model).expect("the stop shows it");
    assert_eq!((compared.said.as_str(), compared.is_right), ("At once", false));
    assert_eq!((compared.answered.text.as_str(), compared.answered.why.as_str()), ("Before that", "It is spawned at 200 ms."));
    ask(&mut model, Action::PauseOrGo);
    ask(&mut model, Action::Tick(Duration::from_secs(60)));
    let compared = at_stop(&model).expect("the end shows the other one");
    assert_eq!((compared.said.as_str(), compared.mistake), ("20", Some("That is all of them.")));
    // Played again, it does not stop.
    ask(&mut model, Action::PauseOrGo);
    ask(&mut model, Action::Tick(Duration::from_millis(250)));
    assert!(shown(&model).cursor.playing);
}

#[test]
fn what_is_no_number_stays_in_the_field_and_says_what_would_be_one() {
    let mut model = opened();
    ask(&mut model, Action::Pick);
    for (typed, right) in [("", false), ("x", false), ("inf", false), ("1 2", false), (" 7 ", true)] {
        command(&mut model, "text-clear");
        keys(&mut model, typed);
        press(&mut model, KeyCode::Enter);
        let Mode::Overlay(Overlay::Predict { text, error, .. }) = &model.mode else { panic!("it still asks") };
        assert_eq!(error.is_none(), right, "'{typed}'");
        assert!(right || text.text() == typed, "what was typed is not lost");
    }
    // The second question has choices, and no number beyond them is one.
    keys(&mut model, "29x");
    ask(&mut model, Action::Move(Move::Last));
    ask(&mut model, Action::Move(Move::Up));
    assert!(matches!(model.mode, Mode::Overlay(Overlay::Predict { row: 1, .. })), "{:?}", model.mode);
}

#[test]
fn a_click_answers_nothing_and_runs_nothing() {
    let mut model = opened();
    ask(&mut model, Action::Pick);
    let click = MouseEvent { kind: MouseEventKind::Down(MouseButton::Left), column: 30, row: 10, modifiers: KeyModifiers::NONE };
    assert_eq!(pointer::mouse(&model, click), None);
    assert!(is_asking(&model));
}

#[test]
fn esc_runs_without_the_answers_that_are_left() {
    let mut model = opened();
    ask(&mut model, Action::Pick);
    assert_eq!(press(&mut model, KeyCode::Esc).len(), 1);
    assert_eq!(end(&mut model), None, "nothing was predicted");
    assert!(model.predict.scores.is_empty());
    keys(&mut model, "r");
    keys(&mut model, "18");
    press(&mut model, KeyCode::Enter);
    assert_eq!(press(&mut model, KeyCode::Esc).len(), 1);
    assert_eq!(end(&mut model), Some(("asked", Score { right: 1, made: 1 })));
}

#[test]
fn nothing_is_asked_when_a_parameter_turns_or_the_switch_is_off() {
    let mut model = answered("18", 3);
    end(&mut model);
    assert_eq!(ask(&mut model, Action::Turn(1)).len(), 1, "a turned parameter runs at once");
    assert!(model.predict.prediction.is_none() && !is_asking(&model));
    command(&mut model, "predict");
    assert_eq!(notice(&model), "runs ask nothing first");
    keys(&mut model, "r");
    assert!(!is_asking(&model));
    command(&mut model, "predict");
    keys(&mut model, "r");
    assert!(is_asking(&model));
}
