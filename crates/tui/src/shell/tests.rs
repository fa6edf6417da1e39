//! The loop, driven by a script on a fake clock. All doubles write into one
//! journal, which shows the order of events.

mod leaving;
mod lent;
mod still;
mod world;

use std::collections::VecDeque;
use std::process::{Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseEvent, MouseEventKind};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use self::world::{Paper, Puppets, Script, Step, World};
use super::*;
use crate::app::model::{Options, Theme};
use ::engine::{Ending, Report, Spec, StartError};

type Scripted = Shell<Script, Paper, Puppets>;

/// A shell that opens with a scenario started, and the script that drives it.
fn shell(steps: impl IntoIterator<Item = Step>) -> (World, Scripted) {
    let world = World::new();
    let theme = Theme::plain(true, true);
    let options = Options { theme, mouse: true, reduced_motion: false, console: None, limit: Duration::from_secs(60) };
    let spec = Spec::new(&scenarios::semaphore::SCENARIO);
    let model = Model::new(scenarios::CATALOGUE, options, Some(spec));
    let script = Script { world: world.clone(), steps: steps.into_iter().collect() };
    let terminal = Terminal::new(TestBackend::new(100, 40)).expect("a test backend never fails");
    let paper = Paper { world: world.clone(), terminal, takes_ms: Vec::new(), drawn: 0, fails: None };
    let engine = Puppets { world: world.clone(), most: usize::MAX, length_ns: 2_000_000_000, lingers: VecDeque::new() };
    (world, Shell::new(model, script, paper, engine))
}

fn key(code: KeyCode) -> Step {
    Step::Input(Input::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn ch(c: char) -> Step {
    key(KeyCode::Char(c))
}

/// Types a command into the palette.
fn command(name: &str) -> Vec<Step> {
    [':'].into_iter().chain(name.chars()).map(ch).chain([key(KeyCode::Enter)]).collect()
}

/// Concatenates steps.
fn steps<const N: usize>(parts: [Vec<Step>; N]) -> impl Iterator<Item = Step> {
    parts.into_iter().flatten()
}

/// Restarts on the real clock, where a live run asks for confirmation.
fn again() -> Vec<Step> {
    vec![ch('r'), ch('y')]
}

fn ctrl(c: char) -> Step {
    Step::Input(Input::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)))
}

const fn quiet(ms: u64) -> Step {
    Step::Quiet(Duration::from_millis(ms))
}

fn cursor_ms(shell: &Scripted) -> u128 {
    let at_ns = shell.model.run.as_ref().map_or(0, |run| run.cursor.at_ns);
    Duration::from_nanos(at_ns).as_millis()
}

#[test]
fn the_first_frame_comes_before_anything_slow() {
    let (world, mut shell) = shell([ch('q')]);
    assert_eq!(shell.turn_until_exit().expect("no error"), Exit::Quit);
    assert_eq!(world.journal()[..3], ["draw", "measure", "start virtual with 3"]);
    assert_eq!(shell.model.run.as_ref().and_then(|run| run.cost_ns), Some(20.0));
}

#[test]
fn a_held_key_starts_only_the_last_of_what_it_went_through() {
    let presses = (0..10).map(|_| key(KeyCode::Right));
    let to_permits = [key(KeyCode::Down), quiet(100)];
    let (world, mut shell) = shell(to_permits.into_iter().chain(presses).chain([quiet(100), ch('q')]));
    shell.turn_until_exit().expect("no error");
    let starts: Vec<_> = world.journal().into_iter().filter(|entry| entry.starts_with("start")).collect();
    assert_eq!(starts, ["start virtual with 3", "start virtual with 13"]);
}

#[test]
fn a_run_that_is_over_is_whole_on_the_first_frame_after_its_start() {
    let (_, mut shell) = shell([ch('q')]);
    shell.turn_until_exit().expect("no error");
    let run = shell.model.run.as_ref().expect("a run");
    assert!(run.trace.closed && run.phase == Phase::Over && run.report.is_some());
    assert!(shell.run.is_none(), "nothing keeps the loop awake");
}

#[test]
fn what_plays_is_drawn_sixty_times_a_second_and_no_more() {
    let (world, mut shell) = shell([quiet(1_000), ch('q')]);
    shell.turn_until_exit().expect("no error");
    let draws = world.count("draw");
    assert!((58..=64).contains(&draws), "{draws} frames in a second");
    assert!((980..=1_000).contains(&cursor_ms(&shell)), "{} ms", cursor_ms(&shell));
}

#[test]
fn over_a_minute_of_jittery_frames_the_cursor_does_not_drift() {
    for speed in [1.0, 0.01, 100.0] {
        // Includes inputs at odd times that do nothing.
        let unrest = (0..2_000).flat_map(|i| [quiet(i * 7 % 41), key(KeyCode::F(9)), quiet(11)]);
        let (world, mut shell) = shell(unrest);
        shell.surface.takes_ms = vec![1, 40, 3, 0, 17, 90, 2];
        // Content does not matter here, so keep it small.
        shell.surface.terminal.backend_mut().resize(20, 3);
        shell.engine.length_ns = u64::MAX / 2;
        shell.model.session.speed = speed;
        let effects = update::opened(&mut shell.model);
        shell.perform(effects).expect("no error");
        let start = world.now();
        shell.turn_until_exit().expect("no error");
        shell.pass_time();
        let wall = world.now() - start;
        let run = Duration::from_nanos(shell.model.run.as_ref().map_or(0, |run| run.cursor.at_ns));
        let drift = run.as_secs_f64() / speed - wall.as_secs_f64();
        assert!(wall.as_secs() >= 60 && drift.abs() < 1e-3, "{drift} s of {wall:?} at {speed}");
    }
}

#[test]
fn nothing_is_drawn_while_nothing_changes() {
    // Two seconds to the end of the run, then an hour.
    let moved = MouseEvent { kind: MouseEventKind::Moved, column: 3, row: 3, modifiers: KeyModifiers::NONE };
    let unbound = key(KeyCode::F(9));
    let (world, mut shell) = shell([quiet(2_100), quiet(3_600_000), Step::Input(Input::Mouse(moved)), unbound, ch('q')]);
    shell.turn_until_exit().expect("no error");
    let draws = world.count("draw");
    assert!((115..=128).contains(&draws), "{draws} frames for two seconds");
    assert_eq!(cursor_ms(&shell), 2_000);
}

#[test]
fn idle_time_is_not_played() {
    let (_, mut shell) = shell([quiet(500), ch(' '), quiet(60_000), ch(' '), quiet(500), ch('q')]);
    shell.turn_until_exit().expect("no error");
    assert!((940..=1_020).contains(&cursor_ms(&shell)), "{} ms", cursor_ms(&shell));
}

#[test]
fn a_new_run_stops_the_one_before() {
    let (world, mut shell) = shell(steps([command("clock"), vec![quiet(100)], again(), vec![quiet(100), ch('q')]]));
    shell.turn_until_exit().expect("no error");
    let journal = world.journal();
    let runs: Vec<_> = journal.iter().filter(|entry| !entry.starts_with("draw") && *entry != "measure").collect();
    assert_eq!(runs, ["start virtual with 3", "start real with 3", "leave", "start real with 3"]);
}

#[test]
fn a_live_run_is_paused_and_stopped_through_the_engine() {
    let pauses = vec![quiet(100), ch(' '), quiet(100), ch(' '), quiet(100)];
    let (world, mut shell) = shell(steps([command("clock"), pauses, command("stop"), vec![quiet(100), ch('q')]]));
    shell.turn_until_exit().expect("no error");
    assert_eq!((world.count("pause true"), world.count("pause false"), world.count("stop")), (1, 1, 1));
    assert_eq!(shell.model.run.as_ref().map(|run| run.phase), Some(Phase::Over));
}

#[test]
fn leaving_stops_the_run_that_is_under_way() {
    let (world, shell) = shell(steps([command("clock"), vec![quiet(100), ch('q')]]));
    assert_eq!(shell.run().expect("no error"), Exit::Quit);
    assert_eq!((world.count("stop"), world.count("wait for it to be gone")), (1, 1));
}

#[test]
fn suspended_time_is_not_played_and_the_screen_is_drawn_again() {
    let (world, mut shell) = shell([quiet(100), ctrl('z'), quiet(100), ch('q')]);
    shell.turn_until_exit().expect("no error");
    assert!(cursor_ms(&shell) <= 220, "{} ms", cursor_ms(&shell));
    let journal = world.journal();
    let at = journal.iter().position(|entry| entry == "suspend").expect("it was suspended");
    assert_eq!(journal[at + 1], "draw");
}

#[test]
fn the_terminal_is_taken_again_when_somebody_else_stopped_us() {
    let (world, mut shell) = shell([quiet(5_000), Step::Input(Input::Continued), quiet(5_000), ch('q')]);
    shell.turn_until_exit().expect("no error");
    let journal = world.journal();
    let at = journal.iter().position(|entry| entry == "resume").expect("it was resumed");
    assert_eq!(journal[at..], ["resume", "draw"]);
}

#[test]
fn another_size_is_drawn_whole_at_once() {
    let (world, mut shell) = shell([quiet(5_000), Step::Input(Input::Resized), quiet(5_000), ch('q')]);
    shell.surface.terminal.backend_mut().resize(60, 20);
    shell.turn_until_exit().expect("no error");
    assert_eq!(shell.model.areas.screen.as_size(), ratatui::layout::Size::new(60, 20));
    let journal = world.journal();
    let at = journal.iter().position(|entry| entry == "forget").expect("nothing is taken for granted");
    assert_eq!(journal.get(at + 1).map(String::as_str), Some("draw"));
}

#[test]
fn signals_and_a_terminal_that_is_gone_end_it_with_their_codes() {
    for (input, exit, code) in [
        (Input::Ended(2), Exit::Signal(2), 130),
        (Input::Ended(15), Exit::Signal(15), 143),
        (Input::Ended(1), Exit::Signal(1), 129),
        (Input::Gone, Exit::Gone, 129),
    ] {
        let (_, shell) = shell([quiet(100), Step::Input(input)]);
        let got = shell.run().expect("no error");
        assert_eq!((got, got.code()), (exit, code));
    }
    assert_eq!(Exit::Quit.code(), 0);
}

#[test]
fn a_terminal_that_cannot_be_written_to_is_gone_and_other_errors_are_told() {
    let gone = [io::Error::from(io::ErrorKind::BrokenPipe), io::Error::from_raw_os_error(rustix::io::Errno::IO.raw_os_error())];
    for error in gone {
        let (_, mut shell) = shell([]);
        shell.surface.fails = Some(error);
        assert_eq!(shell.run().expect("no error"), Exit::Gone);
    }
    let (_, mut shell) = shell([]);
    shell.surface.fails = Some(io::Error::other("disk full"));
    assert!(shell.run().is_err());
}

#[test]
fn a_run_that_does_not_start_is_told_and_ends_nothing() {
    let (_, mut shell) = shell([quiet(100), ch('q')]);
    shell.engine.most = 0;
    assert_eq!(shell.turn_until_exit().expect("no error"), Exit::Quit);
    // The key has dismissed the notice.
    assert!(shell.model.run.is_none());
}
