//! The program on a real terminal, from its first frame to the restored modes.
//!
//! Nothing here waits for time to pass: every step waits for what it wants to see.

mod cast;
mod challenges;
mod config;
mod export;
mod fatal;
mod findings;
mod first;
mod hands;
mod held;
mod idle;
mod live;
mod paste;
mod path;
mod random;
mod range;
mod reading;
mod save;
mod sketch;
mod slow;
mod sweep;
mod terminal;
mod time;
mod view;

use super::support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use support::Tty;

const PROGRAM: &str = env!("CARGO_BIN_EXE_async-playground");
const SIZE: (u16, u16) = (120, 40);

fn program(args: &[&str]) -> Tty {
    Tty::start(Path::new(PROGRAM), args, SIZE)
}

/// The program in which everything goes wrong, in `examples` beside the program.
fn faulty() -> Tty {
    static IS_BUILT: LazyLock<bool> = LazyLock::new(|| {
        let built = Command::new(env!("CARGO")).args(["build", "--quiet", "--example", "faulty"]).args(profile()).status();
        built.expect("cargo runs").success()
    });
    assert!(*IS_BUILT, "the example is built");
    let program = target().join("examples/faulty");
    // Keep no core dump after an abort.
    Tty::start(Path::new("/bin/sh"), &["-c", r#"ulimit -c 0; exec "$0""#, program.to_str().expect("a plain name")], SIZE)
}

/// The build folder of this profile.
fn target() -> PathBuf {
    Path::new(PROGRAM).parent().expect("a program is in a folder").to_owned()
}

fn profile() -> &'static [&'static str] {
    if target().ends_with("release") { &["--release"] } else { &[] }
}

/// A finished scenario, seen at its end, with the timeline focused.
fn ended(args: &[&str]) -> Tty {
    let mut tty = program(&[args, &["--speed", "max"]].concat());
    tty.wait_until("the end", |screen| header(screen).contains("ended"));
    tty.keys("\t");
    tty.sees("┲ Timeline");
    tty
}

/// The column and row of a text on the screen, from 0.
fn place(screen: &str, text: &str) -> (usize, usize) {
    let found = screen.lines().enumerate().find_map(|(row, line)| Some((line.split_once(text)?.0.chars().count(), row)));
    found.unwrap_or_else(|| panic!("{text} is not on screen\n{screen}"))
}

/// The names of the visible lanes, from the top.
fn names(screen: &str) -> Vec<String> {
    let rows = screen.lines().skip(3).take(23);
    let names = rows.map(|line| line.chars().skip(26).take(13).collect::<String>().trim_matches([' ', '▸']).to_owned());
    names.filter(|name| name == "main" || name.starts_with("request ")).collect()
}

/// The first line.
fn header(screen: &str) -> &str {
    screen.lines().next().unwrap_or_default()
}

/// The zoom that the ruler of the timeline shows.
fn zoom(screen: &str) -> Option<String> {
    let (_, rest) = screen.split_once("1 cell ")?;
    Some(rest.split_whitespace().take(2).collect())
}

/// The number of bar cells on the lanes of the requests.
fn bars(screen: &str) -> usize {
    let lanes = screen.lines().filter(|line| line.contains("request "));
    lanes.map(|line| line.matches(['━', '░', '█', '▎', '▒']).count()).sum()
}

/// Runs a command of the palette, by its name.
fn command(tty: &mut Tty, name: &str) {
    tty.keys(&format!(":{name}"));
    tty.sees(&format!("▸ {name}"));
    tty.keys("\r");
    tty.wait_until("the palette is closed", |screen| !screen.contains("┏ Commands"));
}

/// Finds a scenario, and starts it.
fn pick(tty: &mut Tty, id: &str) {
    command(tty, &format!("run {id}"));
    tty.wait_until(&format!("{id} is run"), |screen| header(screen).contains(id) && screen.contains(" / 0"));
}

#[test]
fn a_deadlock_is_explained() {
    let mut tty = program(&["deadlock", "-p", "order=crossed", "--speed", "100"]);
    tty.wait_until("the stall", |screen| header(screen).contains("stalled"));
    let banner = tty.sees("deadlock: task");
    assert!(banner.contains("accounts[1]"), "{banner}");
    // The second task of the timeline is stuck.
    tty.keys("\tjj");
    tty.sees("▸task A");
    tty.keys("e");
    tty.sees("┏ Why │ Findings");
    let why = tty.sees("a cycle of 2 tasks");
    assert!(why.contains("╭▸ task A waits") && why.contains("task B waits") && why.contains("╰─ back to task A"), "{why}");
    tty.keys("\x1b");
    tty.wait_until("the layer is closed", |screen| !screen.contains("┏ Why │ Findings"));
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn a_scenario_is_picked_tuned_and_watched() {
    let mut tty = Tty::start(Path::new(PROGRAM), &[], (200, 60));
    tty.sees("Timeline");
    let opened = tty.sees("Parameters");
    assert!(opened.contains("async-playground") && opened.contains("virtual clock"), "{opened}");

    pick(&mut tty, "semaphore");
    tty.wait_until("the run's length", |screen| header(screen).contains("/ 00:03.500"));
    let before = bars(&tty.sees("request 19"));
    tty.wait_until("bars grow", |screen| bars(screen) > before + 20);

    // The focus is on the parameters: the next key confirms what was typed there, and acts.
    tty.keys("j5z");
    tty.wait_until("5 is taken, and the pane fills the screen", |screen| {
        header(screen).contains("/ 00:02.000") && !screen.contains("Timeline")
    });
    tty.keys("z");
    tty.wait_until("a shorter run", |screen| header(screen).contains("/ 00:02.000"));
    tty.wait_until("permits 5", |screen| {
        screen.lines().any(|line| line.contains("permits ") && line.split_whitespace().any(|word| word.starts_with('5')))
    });

    let wide = zoom(&tty.sees("1 cell ")).expect("the ruler says how long a cell is");
    tty.keys("+");
    tty.wait_until("another zoom", |screen| zoom(screen).is_some_and(|now| now != wide));
    command(&mut tty, "fit run");

    pick(&mut tty, "gather");

    tty.keys("?");
    tty.sees("┏ Keys │ Marks");
    tty.sees("Reset the value to its default.");
    tty.keys("\x1b");
    tty.wait_until("the help is closed", |screen| !screen.contains("┏ Keys │ Marks"));

    // A small header has no room for the program's name, which tells it from a large header that is cut off.
    tty.resize((80, 24));
    tty.wait_until("a small screen", |screen| {
        header(screen).contains("gather") && !screen.contains("async-playground") && screen.contains("q quit")
    });
    // Smaller and larger again before there was time for a frame: the rows that were outside are redrawn.
    tty.resize((200, 60));
    tty.resize((80, 24));
    tty.resize((200, 60));
    tty.wait_until("a large screen", |screen| {
        header(screen).contains("async-playground") && screen.contains("Selected task") && screen.contains("←→ change")
    });

    tty.keys("q");
    let ended = tty.end();
    assert_eq!(ended.code, 0);
    ended.assert_restored();
}

#[test]
fn an_id_opens_with_its_run_and_space_pauses_it() {
    let mut tty = program(&["semaphore", "-p", "permits=5", "--seed", "7"]);
    tty.wait_until("the run", |screen| header(screen).contains("seed 7") && header(screen).contains("/ 00:02.000"));
    tty.keys(" ");
    tty.sees("paused");
    tty.keys(" ");
    tty.sees("ended");
    tty.keys(" ");
    tty.sees("playing");
    tty.keys("\x03");
    let ended = tty.end();
    assert_eq!(ended.code, 0);
    ended.assert_restored();
}

#[test]
fn a_value_that_cannot_be_taken_is_told_at_its_field() {
    let mut tty = program(&["semaphore"]);
    tty.wait_until("the run", |screen| header(screen).contains("/ 00:03.500"));
    tty.keys("j\r\x150\r");
    tty.sees("out of range");
    tty.keys("\x1b");
    tty.wait_until("the error is gone", |screen| !screen.contains("out of range"));
    // Pasted text is typed into the field, including its line end.
    tty.keys("\r\x15\x1b[200~5\n\x1b[201~");
    tty.keys("\r");
    tty.wait_until("the run with 5", |screen| header(screen).contains("/ 00:02.000"));
    // Nine permits for each of five requests: both are within their range, and contradict each other.
    tty.keys("jjj9\r");
    let screen = tty.sees("9 is more than the 5");
    assert!(header(&screen).contains("/ 00:02.000"), "the previous run stays: {screen}");
    tty.keys("d");
    tty.wait_until("the error is gone", |screen| !screen.contains("9 is more than the 5"));
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn the_mouse_picks_and_the_wheel_zooms() {
    let mut tty = program(&["semaphore"]);
    let screen = tty.wait_until("the run", |screen| header(screen).contains("/ 00:03.500") && screen.contains("1 cell"));
    let place = |text: &str| {
        let (row, line) = screen.lines().enumerate().find(|(_, line)| line.contains(text)).expect("it is on screen");
        let before = line.split(text).next().unwrap_or_default().chars().count();
        (before + text.chars().count(), row + 1)
    };
    let (column, row) = place("1 cell ");
    tty.keys(&format!("\x1b[<64;{};{row}M", column + 30));
    let wide = zoom(&screen);
    tty.wait_until("another zoom", |screen| zoom(screen).is_some() && zoom(screen) != wide);
    let (column, row) = place("gather");
    let click = format!("\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m");
    tty.keys(&click);
    tty.keys(&click);
    tty.wait_until("gather is run", |screen| header(screen).contains("gather"));
    tty.keys("q");
    tty.end().assert_restored();
}

#[test]
fn a_panic_of_a_scenario_ends_nothing_else() {
    let mut tty = faulty();
    tty.sees("never-yields");
    pick(&mut tty, "panics");
    tty.wait_until("it panicked", |screen| header(screen).contains("panicked"));
    // The screen is intact: nothing was printed over it.
    pick(&mut tty, "never-ends");
    tty.keys("q");
    let ended = tty.end();
    assert_eq!(ended.code, 0);
    ended.assert_restored();
    assert!(!ended.screen.contains("the scenario's own panic"), "{}", ended.screen);
}

#[test]
fn a_scenario_that_never_ends_is_stopped_and_one_that_never_yields_is_left_behind() {
    let mut tty = faulty();
    tty.sees("never-yields");
    pick(&mut tty, "never-ends");
    command(&mut tty, "stop");
    tty.wait_until("it is stopped", |screen| header(screen).contains("stopped"));
    pick(&mut tty, "never-yields");
    // A run can still be stopped before its first poll.
    tty.wait_until("it is in its poll", |screen| screen.contains("█ runs"));
    command(&mut tty, "stop");
    tty.wait_until("it is left behind", |screen| header(screen).contains("abandoned"));
    tty.keys("q");
    let ended = tty.end();
    assert_eq!(ended.code, 0);
    ended.assert_restored();
}

#[test]
fn it_is_suspended_with_the_terminal_as_it_was_and_comes_back() {
    // A shell with job control, as users have. Without one the system would ignore the stop.
    let script = r#"set -m; "$0" semaphore; echo "stopped with $?"; read -r line; fg; echo "ended with $?""#;
    let mut tty = Tty::start(Path::new("/bin/sh"), &["-c", script, PROGRAM], SIZE);
    tty.sees("request 0");
    tty.keys("\x1a");
    let screen = tty.sees("stopped with");
    assert!(!screen.contains("Timeline"), "the screen from before is back: {screen}");
    tty.keys("\n");
    tty.sees("Timeline");
    tty.keys("q");
    tty.sees("ended with 0");
    tty.end().assert_restored();
}

#[test]
fn without_colours_there_is_still_bold() {
    let mut tty = Tty::start_with(Path::new(PROGRAM), &["semaphore"], SIZE, &[("NO_COLOR", "1")]);
    tty.sees("request 0");
    assert!(tty.has_styled("1"), "bold");
    assert!(!tty.has_styled("38") && !tty.has_styled("32") && !tty.has_styled("31"), "colours");
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}
