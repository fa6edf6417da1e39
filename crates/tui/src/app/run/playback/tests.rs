use std::time::Duration;

use crossterm::event::KeyCode;
use scenario::Clock;

use crate::app::effect::Effect;
use crate::app::input::action::{Action, Target};
use crate::app::mode::{Mode, Question};
use crate::app::model::Model;
use crate::app::panes::Pane;
use crate::app::run::lifecycle::{self, started};
use crate::app::run::playback::recorded;
use crate::app::run::view::RunView;
use crate::app::testing::*;
use crate::app::timeline::viewport::laid_out;
use crate::app::update::{self, update};
use engine::Recording;
use engine::{Ending, Phase, Report, Spec};
use recording::Flaw;

fn tick(model: &mut Model, ms: u64) {
    ask(model, Action::Tick(Duration::from_millis(ms)));
}

fn at_ms(model: &Model) -> u64 {
    shown(model).cursor.at_ns / MS
}

#[test]
fn time_passes_at_the_chosen_speed_and_stops_at_the_end() {
    let mut model = played();
    tick(&mut model, 100);
    assert_eq!(at_ms(&model), 100);
    press(&mut model, KeyCode::Char('}'));
    tick(&mut model, 100);
    assert_eq!(at_ms(&model), 300);
    press(&mut model, KeyCode::Char('{'));
    press(&mut model, KeyCode::Char('{'));
    tick(&mut model, 100);
    assert_eq!(at_ms(&model), 350);
    tick(&mut model, 10_000);
    assert_eq!((at_ms(&model), shown(&model).cursor.playing), (3_500, false));
}

#[test]
fn speeds_have_a_lowest_and_a_highest() {
    let mut model = played();
    let mut met = Vec::new();
    for key in ['}', '{'] {
        for _ in 0..30 {
            press(&mut model, KeyCode::Char(key));
            met.push(shown(&model).cursor.speed);
        }
    }
    met.dedup();
    assert_eq!(met[..7], [2.0, 5.0, 10.0, 20.0, 50.0, 100.0, f64::INFINITY]);
    assert_eq!(met[7..], [100.0, 50.0, 20.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01]);
    press(&mut model, KeyCode::Char(' '));
    press(&mut model, KeyCode::Char(' '));
    tick(&mut model, 1_000);
    assert_eq!(at_ms(&model), 10);
}

#[test]
fn as_fast_as_it_goes_is_at_the_newest_event_at_once_and_stays_there() {
    let mut model = played();
    shown_mut(&mut model).trace.closed = false;
    for _ in 0..30 {
        press(&mut model, KeyCode::Char('}'));
    }
    tick(&mut model, 0);
    assert_eq!(at_ms(&model), 0, "no time has passed");
    tick(&mut model, 1);
    assert_eq!((at_ms(&model), shown(&model).cursor.playing), (3_500, true));
    shown_mut(&mut model).trace.end_ns = 9_000 * MS;
    tick(&mut model, 1);
    assert_eq!(at_ms(&model), 9_000);
}

#[test]
fn another_speed_does_not_move_the_cursor() {
    let mut model = played();
    tick(&mut model, 700);
    for key in "]]]]]]][[[[[[[[[[[[[[[".chars() {
        press(&mut model, KeyCode::Char(key));
        assert_eq!(at_ms(&model), 700);
    }
}

#[test]
fn the_cursor_never_overtakes_what_is_recorded() {
    let mut model = played();
    shown_mut(&mut model).trace.closed = false;
    shown_mut(&mut model).trace.end_ns = 50 * MS;
    tick(&mut model, 100);
    assert_eq!((at_ms(&model), shown(&model).cursor.playing), (50, true));
    shown_mut(&mut model).trace.end_ns = 500 * MS;
    tick(&mut model, 100);
    assert_eq!(at_ms(&model), 150);
}

#[test]
fn space_pauses_goes_on_and_plays_again() {
    let mut model = played();
    tick(&mut model, 100);
    press(&mut model, KeyCode::Char(' '));
    tick(&mut model, 100);
    assert_eq!(at_ms(&model), 100);
    press(&mut model, KeyCode::Char(' '));
    tick(&mut model, 10_000);
    assert_eq!(at_ms(&model), 3_500);
    press(&mut model, KeyCode::Char(' '));
    assert_eq!((at_ms(&model), shown(&model).cursor.playing), (0, true));
}

#[test]
fn space_starts_what_is_picked_when_nothing_was_run() {
    let mut model = opened();
    assert_eq!(press(&mut model, KeyCode::Char(' '))[0].scenario.id, "first");
}

#[test]
fn a_turned_value_keeps_time_zoom_and_selection() {
    let mut model = played();
    press(&mut model, KeyCode::Char('+'));
    ask(&mut model, Action::Point(Target::Task(5)));
    tick(&mut model, 1_200);
    press(&mut model, KeyCode::Char(' '));
    let (cell, before) = (model.timeline.cell_ns, shown(&model).cursor);
    to_field(&mut model, "permits");
    press(&mut model, KeyCode::Right);
    assert_eq!(shown(&model).cursor, before);
    assert_eq!((model.timeline.cell_ns, model.timeline.selected), (cell, Some(5)));
}

#[test]
fn a_selection_and_a_time_that_are_no_longer_there_move_to_the_last_ones() {
    let mut model = played();
    ask(&mut model, Action::Point(Target::Task(20)));
    tick(&mut model, 3_000);
    to_field(&mut model, "requests");
    ask(&mut model, Action::Turn(-15));
    assert_eq!((at_ms(&model), model.timeline.selected), (1_000, Some(5)));
}

#[test]
fn what_was_seen_to_its_end_is_seen_to_its_end_after_a_turn() {
    let mut model = played();
    tick(&mut model, 10_000);
    to_field(&mut model, "permits");
    press(&mut model, KeyCode::Left);
    assert_eq!((at_ms(&model), shown(&model).cursor.playing), (5_000, false));
    press(&mut model, KeyCode::Right);
    assert_eq!(at_ms(&model), 3_500);
}

#[test]
fn restart_begins_again_and_keeps_zoom_and_selection() {
    let mut model = played();
    press(&mut model, KeyCode::Char('+'));
    ask(&mut model, Action::Point(Target::Task(5)));
    let cell = model.timeline.cell_ns;
    tick(&mut model, 10_000);
    assert_eq!(press(&mut model, KeyCode::Char('r')).len(), 1);
    assert_eq!((at_ms(&model), shown(&model).cursor.playing), (0, true));
    assert_eq!((model.timeline.cell_ns, model.timeline.selected, model.timeline.left_ns), (cell, Some(5), 0));
}

/// A run on the real clock that is under way.
fn live() -> Model {
    let mut model = played();
    let effects = update(&mut model, Action::SwitchClock);
    let [Effect::Start(spec)] = &effects[..] else { panic!("{effects:?}") };
    started(&mut model, spec.clone());
    shown_mut(&mut model).trace.end_ns = 800 * MS;
    recorded(&mut model);
    model
}

#[test]
fn a_live_run_is_seen_at_its_newest_event_whatever_the_time() {
    let mut model = live();
    assert_eq!((at_ms(&model), shown(&model).cursor.live), (800, true));
    tick(&mut model, 300);
    assert_eq!(at_ms(&model), 800);
    shown_mut(&mut model).trace.end_ns = 900 * MS;
    tick(&mut model, 10);
    assert_eq!(at_ms(&model), 900);
}

#[test]
fn a_live_run_is_paused_by_the_engine() {
    let mut model = live();
    assert!(matches!(update(&mut model, Action::PauseOrGo)[..], [Effect::Pause(true)]));
    assert!(!shown(&model).cursor.playing);
    assert!(shown(&model).held);
    assert!(matches!(update(&mut model, Action::PauseOrGo)[..], [Effect::Pause(false)]));
    assert!(shown(&model).cursor.playing && !shown(&model).held);
}

#[test]
fn a_live_run_goes_on_while_an_earlier_moment_of_it_is_seen() {
    let mut model = live();
    press(&mut model, KeyCode::Left);
    let (at, cell) = (at_ms(&model), model.timeline.cell_ns);
    assert!(at < 800 && shown(&model).is_behind());
    shown_mut(&mut model).trace.end_ns = 20_000 * MS;
    recorded(&mut model);
    tick(&mut model, 100);
    assert_eq!((at_ms(&model), model.timeline.cell_ns), (at, cell), "it rests");
    // Space plays back, and does not affect the run.
    assert!(update(&mut model, Action::PauseOrGo).is_empty());
    tick(&mut model, 100);
    assert_eq!(at_ms(&model), at + 100);
    command(&mut model, "end");
    assert_eq!((at_ms(&model), shown(&model).is_behind(), shown(&model).cursor.playing), (20_000, false, true));
}

#[test]
fn whoever_plays_faster_than_a_live_run_goes_on_catches_up_with_it() {
    let mut model = live();
    press(&mut model, KeyCode::Left);
    press(&mut model, KeyCode::Char('}'));
    press(&mut model, KeyCode::Char(' '));
    tick(&mut model, 10_000);
    assert!(shown(&model).cursor.live && shown(&model).cursor.playing);
}

#[test]
fn a_run_that_is_held_stays_held_while_an_earlier_moment_is_seen() {
    let mut model = live();
    press(&mut model, KeyCode::Char(' '));
    press(&mut model, KeyCode::Left);
    press(&mut model, KeyCode::Char(' '));
    tick(&mut model, 10_000);
    assert_eq!((shown(&model).held, shown(&model).cursor.live, shown(&model).cursor.playing), (true, true, false));
    assert!(matches!(update(&mut model, Action::PauseOrGo)[..], [Effect::Pause(false)]));
}

#[test]
fn the_share_line_is_copied_and_shown() {
    let mut model = opened();
    let effects = update(&mut model, Action::Share);
    assert!(matches!(&effects[..], [Effect::Copy(line)] if line == "async-playground run first"));
    ask(&mut model, Action::Pick);
    model.form.seed = 7;
    to_field(&mut model, "permits");
    press(&mut model, KeyCode::Right);
    let effects = update(&mut model, Action::Share);
    let line = "async-playground run first -p permits=4 --seed 7";
    assert!(matches!(&effects[..], [Effect::Copy(copied)] if copied == line));
    assert_eq!(
        model.notice.as_ref().map(|notice| notice.text.as_str()),
        Some(&*format!("{line}   y: the command that shows it"))
    );
    let effects = update(&mut model, Action::Share);
    let line = "async-playground first -p permits=4 --seed 7";
    assert!(matches!(&effects[..], [Effect::Copy(copied)] if copied == line));
    assert_eq!(model.notice.as_ref().map(|notice| notice.text.as_str()), Some(line));
}

#[test]
fn a_live_run_that_is_over_can_be_played_back() {
    let mut model = live();
    shown_mut(&mut model).trace.closed = true;
    shown_mut(&mut model).phase = Phase::Over;
    recorded(&mut model);
    assert!(!shown(&model).cursor.playing);
    press(&mut model, KeyCode::Char(' '));
    tick(&mut model, 200);
    assert_eq!(at_ms(&model), 200);
}

#[test]
fn wall_time_has_one_speed() {
    let mut model = live();
    assert!(update(&mut model, Action::Faster).is_empty());
    assert!(model.notice.as_ref().is_some_and(|notice| notice.error));
    assert!((shown(&model).cursor.speed - 1.0).abs() < 1e-9);
    // A run that is over plays back at any speed.
    shown_mut(&mut model).trace.closed = true;
    shown_mut(&mut model).phase = Phase::Over;
    recorded(&mut model);
    update(&mut model, Action::Faster);
    assert!((shown(&model).cursor.speed - 2.0).abs() < 1e-9);
}

#[test]
fn a_run_that_tokio_console_watches_is_paced() {
    let mut model = opened();
    model.options.console = Some(([127, 0, 0, 1], 6669).into());
    let effects = update(&mut model, Action::Pick);
    let [Effect::Start(spec)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(spec.pace, Some(1.0));
    started(&mut model, spec.clone());
    assert!(shown(&model).cursor.live);
    assert!(matches!(update(&mut model, Action::Faster)[..], [Effect::SetPace(pace)] if (pace - 2.0).abs() < 1e-9));
}

#[test]
fn stop_is_asked_once_and_only_of_a_run_under_way() {
    let mut model = live();
    assert!(matches!(update(&mut model, Action::Stop)[..], [Effect::Stop]));
    assert_eq!(shown(&model).phase, Phase::Stopping);
    assert!(update(&mut model, Action::Stop).is_empty());
    let mut model = played();
    assert!(update(&mut model, Action::Stop).is_empty());
    assert!(model.notice.is_some());
}

#[test]
fn a_spec_from_the_command_line_opens_picked_and_starts() {
    let mut spec = Spec::new(&CATALOGUE[1]);
    spec.seed = 9;
    spec.pace = Some(5.0);
    let mut model = Model::new(CATALOGUE, options(), Some(spec));
    let effects = update::opened(&mut model);
    assert!(
        matches!(&effects[..], [Effect::Start(spec)] if spec.seed == 9 && spec.scenario.id == "second" && spec.pace.is_none())
    );
    perform(&mut model, effects);
    assert_eq!((model.list.row, model.focus), (1, Pane::Parameters));
    tick(&mut model, 100);
    assert_eq!(at_ms(&model), 500);
    assert!(update::opened(&mut model).is_empty(), "once");
}

/// A recording on screen.
fn replayed(flaw: Option<Flaw>) -> Model {
    let RunView { spec, trace, .. } = played().run.expect("a run is on screen");
    let report = Report { ending: Ending::Stopped, elapsed_ns: trace.end_ns, runtime_polls: None };
    let mut model = Model::new(CATALOGUE, options(), Some(spec.clone()));
    laid_out(&mut model, areas(60));
    lifecycle::replayed(&mut model, Recording { spec, program: None, trace, report, flaw });
    model
}

#[test]
fn a_recording_is_played_and_looked_at_like_a_run() {
    let mut model = replayed(None);
    assert!(update::opened(&mut model).is_empty(), "nothing is started");
    tick(&mut model, 100);
    assert_eq!(at_ms(&model), 100);
    press(&mut model, KeyCode::Char('}'));
    tick(&mut model, 100);
    assert_eq!(at_ms(&model), 300);
    tick(&mut model, 10_000);
    assert_eq!((at_ms(&model), shown(&model).cursor.playing), (3_500, false));
    press(&mut model, KeyCode::Char(' '));
    assert_eq!((at_ms(&model), shown(&model).cursor.playing), (0, true));
}

#[test]
fn a_recording_is_not_run_again_and_nothing_of_it_is_turned() {
    let mut model = replayed(None);
    let refused = |model: &mut Model, action: Action| {
        model.notice = None;
        assert!(ask(model, action.clone()).is_empty(), "{action:?}");
        let notice = model.notice.as_ref().map(|notice| notice.text.as_str());
        assert_eq!(notice, Some("a recording cannot be run again"), "{action:?}");
    };
    let values = model.form.values.clone();
    to_field(&mut model, "permits");
    for action in
        [Action::Restart, Action::Pick, Action::Turn(1), Action::Edit, Action::Reset, Action::SwitchClock, Action::Type('7')]
    {
        refused(&mut model, action);
    }
    assert_eq!((&model.form.values, model.mode.edited().is_none()), (&values, true));
}

#[test]
fn what_is_wrong_with_a_recording_is_said() {
    let model = replayed(Some(Flaw::CutOff));
    assert!(model.notice.is_some_and(|notice| notice.error && notice.text.contains("cut off")));
}

#[test]
fn a_live_run_on_the_real_clock_asks_before_it_is_made_again() {
    let mut model = played();
    model.form.clock = Clock::Real;
    assert_eq!(press(&mut model, KeyCode::Char('r')).len(), 1, "the virtual one is made again as it was");
    let run = shown_mut(&mut model);
    (run.phase, run.trace.closed) = (Phase::Running, false);
    assert!(press(&mut model, KeyCode::Char('r')).is_empty());
    assert_eq!(model.mode, Mode::Ask(Question::Restart));
    for no in [KeyCode::Char('n'), KeyCode::Esc] {
        model.mode = Mode::Ask(Question::Restart);
        assert!(press(&mut model, no).is_empty() && model.mode == Mode::Browse, "{no:?}");
    }
    press(&mut model, KeyCode::Char('r'));
    for other in [KeyCode::Char('r'), KeyCode::Enter, KeyCode::Char(' '), KeyCode::Char('q')] {
        assert!(press(&mut model, other).is_empty() && !model.quit, "{other:?}");
    }
    assert_eq!(press(&mut model, KeyCode::Char('y')).len(), 1);
    assert_eq!(model.mode, Mode::Browse);
    // A run that is over has nothing to lose.
    assert_eq!(press(&mut model, KeyCode::Char('r')).len(), 1);
}
