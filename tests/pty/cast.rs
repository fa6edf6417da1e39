//! A film of a run ends as the screen does, and shows each moment at its time.

use std::ffi::OsStr;
use std::num::NonZeroU16;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use vt100::Parser;

use super::support::Tty;
use super::{PROGRAM, SIZE, header};

/// A film: its first line, and its events.
struct Film {
    first: Value,
    events: Vec<(f64, String, String)>,
}

fn output(args: &[&str]) -> String {
    let output = Command::new(PROGRAM).args(args).output().expect("the program starts");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("output is UTF-8")
}

fn film(args: &[&str]) -> Film {
    let text = output(&[&["export", "--format", "cast"], args].concat());
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let first = lines.next().expect("a first line");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let events = lines.map(|event| (event[0].as_f64().expect("a time"), text(&event[1]), text(&event[2]))).collect();
    Film { first, events }
}

/// A terminal of the film's size.
fn terminal() -> Parser {
    let size = |n: u16| NonZeroU16::new(n).expect("not 0");
    Parser::new(size(SIZE.1), size(SIZE.0), 0)
}

/// The screen after the last event.
fn last(film: &Film) -> String {
    let mut terminal = terminal();
    film.events.iter().filter(|event| event.1 == "o").for_each(|event| terminal.process(event.2.as_bytes()));
    terminal.screen().contents()
}

/// The screen without the cost of recording. It was measured, so a film does not have it; the line of the border that the cost
/// makes shorter goes too.
fn unmeasured(screen: &str) -> String {
    let lines = screen.lines().map(|line| {
        let Some((before, after)) = line.split_once(" events, 0 lost") else { return line.trim_end().to_owned() };
        let after = after.split_once(" ns/poll").map_or(after, |(_, after)| after);
        let (title, events) = before.rsplit_once(' ').unwrap_or(("", before));
        format!("{}{events}{after}", title.trim_end_matches(['━', '─', ' ']))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The screen of the program after the run.
fn screen(args: &[&str]) -> String {
    let state = tempfile::tempdir().expect("a folder");
    let state = state.path().to_str().expect("a plain name");
    // The same scenarios were seen: none before.
    let mut tty = Tty::start_with(Path::new(PROGRAM), args, SIZE, &[("XDG_STATE_HOME", state)]);
    tty.wait_until("the end", |screen| header(screen).contains("■ ended") || header(screen).contains("■ stalled"));
    // Nothing is drawn after the last frame, so this one is complete.
    let screen = tty.screen();
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
    screen
}

#[test]
fn a_film_ends_as_the_screen_does() {
    for args in [&["semaphore", "--speed", "5"][..], &["deadlock", "-p", "order=crossed", "--speed", "2"]] {
        let film = film(args);
        assert_eq!(unmeasured(&last(&film)), unmeasured(&screen(args)), "{args:?}");
    }
}

#[test]
fn each_frame_shows_its_time_and_each_stop_is_a_marker() {
    let film = film(&["semaphore", "--speed", "2", "--from", "250", "--to", "3000"]);
    assert_eq!((&film.first["version"], &film.first["width"], &film.first["height"]), (&2.into(), &120.into(), &40.into()));
    let mut terminal = terminal();
    let mut frames = 0;
    for (time, kind, data) in &film.events {
        if kind == "o" {
            terminal.process(data.as_bytes());
            frames += 1;
        }
        let at_ms = 250.0 + time * 2000.0;
        let screen = terminal.screen().contents();
        // The screen cuts off what is less than a millisecond.
        let shown = [0.0, -1.0].map(|less| format!("00:0{:.3} / 00:03.500", ((at_ms + 0.01).floor() + less) / 1000.0));
        assert!(shown.iter().any(|shown| header(&screen).contains(shown)), "{time}: {}", header(&screen));
    }
    assert!((38..=45).contains(&frames), "{frames}");
    assert_eq!(film.events.last().map(|last| last.0), Some(1.375));

    let report: Value = serde_json::from_str(&output(&["run", "semaphore", "--json"])).expect("JSON");
    let stops = report["story"].as_array().expect("stops").iter().map(|stop| stop["at_ms"].as_f64().expect("a time"));
    let expected: Vec<f64> =
        stops.filter(|at_ms| (250.0..=3000.0).contains(at_ms)).map(|at_ms| (at_ms - 250.0) / 2000.0).collect();
    let markers: Vec<f64> = film.events.iter().filter(|event| event.1 == "m").map(|event| event.0).collect();
    assert_eq!(markers, expected);
    assert!(!markers.is_empty());
}

#[test]
fn asciinema_plays_a_film_to_the_same_end() {
    let player = std::env::var_os("ASCIINEMA").unwrap_or_else(|| OsStr::new("asciinema").to_owned());
    if Command::new(&player).arg("--version").output().is_err() {
        println!("skipped: asciinema is not installed; set ASCIINEMA to its path");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("semaphore.cast");
    let file = file.to_str().expect("a plain name");
    output(&["export", "semaphore", "--format", "cast", "--speed", "10", "-o", file]);
    let expected = last(&self::film(&["semaphore", "--speed", "10"]));
    let ended = Tty::start(Path::new(&player), &["play", file], SIZE).end();
    assert_eq!(ended.code, 0, "{}", ended.screen);
    assert_eq!(unmeasured(&ended.screen), unmeasured(&expected));
}
