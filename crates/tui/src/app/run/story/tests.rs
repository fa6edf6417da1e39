use crossterm::event::KeyCode;

use crate::app::model::Model;
use crate::app::panes::CodeTab;
use crate::app::testing::*;
use scenario::story::{Nth, Stop, When};
use scenario::{Clock, Scenario};
use scenarios::semaphore;

/// Three stops, of which the second never occurs in these runs: they have spawns and an end, but no log.
static CATALOGUE: &[Scenario] = &[Scenario {
    id: "told",
    clocks: &[Clock::Virtual],
    story: &[
        Stop::at(When::Spawn(Nth::Number(3), "task"), "{task} is the third of {count:task}.").line("JoinSet::new()"),
        Stop::at(When::Log(Nth::First, "never"), "It never occurs."),
        Stop::at(When::Spawn(Nth::Last, "task"), "{task} is the last."),
    ],
    ..semaphore::SCENARIO
}];

fn told() -> Model {
    let mut model = Model::new(CATALOGUE, options(), None);
    crate::app::timeline::viewport::laid_out(&mut model, areas(60));
    ask(&mut model, crate::app::input::action::Action::Pick);
    for (ms, task) in (0..).zip(&mut shown_mut(&mut model).trace.tasks) {
        task.spawned_ns = ms * 100 * MS;
    }
    model
}

/// The text of the stop on screen, the cursor's time in milliseconds, and the selected task.
fn seen(model: &Model) -> (String, u64, Option<u32>) {
    let says = model.story.as_ref().map_or_else(String::new, |story| story.stop().says.clone());
    (says, shown(model).cursor.at_ns / MS, model.timeline.selected)
}

#[test]
fn the_keys_go_from_stop_to_stop_and_the_cursor_the_lane_and_the_code_follow() {
    let mut model = told();
    model.code.show(CodeTab::Lesson);
    keys(&mut model, "]");
    assert_eq!(seen(&model), ("task 2 is the third of 3.".to_owned(), 200, Some(2)));
    assert_eq!((model.code.tab, shown(&model).cursor.playing), (CodeTab::Rust, false));
    let line = model.story.as_ref().and_then(|story| story.line(shown(&model))).expect("the story names a line");
    let code = semaphore::SCENARIO.source.lines().nth(line as usize - 1);
    assert!(code.is_some_and(|code| code.contains("JoinSet::new()")), "{code:?}");
    keys(&mut model, "]");
    assert_eq!(seen(&model), ("task 20 is the last.".to_owned(), 2_000, Some(20)));
    keys(&mut model, "]");
    assert_eq!((seen(&model).1, notice(&model)), (2_000, "this is the last stop of the story"));
    keys(&mut model, "[");
    assert_eq!(seen(&model).1, 200);
    keys(&mut model, "[");
    assert_eq!((seen(&model).1, notice(&model)), (200, "this is the first stop of the story"));
}

#[test]
fn the_text_stays_when_the_cursor_moves_away_and_the_line_does_not() {
    let mut model = told();
    keys(&mut model, "]");
    press(&mut model, KeyCode::Home);
    let story = model.story.as_ref().expect("it is still told");
    assert_eq!((story.at, story.line(shown(&model))), (0, None));
    keys(&mut model, "]");
    assert_eq!(seen(&model).1, 2_000, "it goes on from the stop, not from the cursor");
}

#[test]
fn escape_ends_it_and_so_does_another_run() {
    let mut model = told();
    keys(&mut model, "]");
    press(&mut model, KeyCode::Esc);
    assert_eq!(model.story, None);
    keys(&mut model, "]");
    assert_eq!(seen(&model).1, 200, "it begins again");
    ask(&mut model, crate::app::input::action::Action::Restart);
    assert_eq!(model.story, None);
}

#[test]
fn without_a_run_or_a_story_it_says_so() {
    let mut model = opened();
    keys(&mut model, "]");
    assert_eq!(notice(&model), "no run yet: space starts one");
    let mut model = played();
    shown_mut(&mut model).spec.scenario = &Scenario::DEFAULTS;
    keys(&mut model, "]");
    assert_eq!((notice(&model), &model.story), ("this run has no story", &None));
}
