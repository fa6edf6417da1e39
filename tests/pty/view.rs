//! The view: keys from Perfetto and vim, the mouse, reduced motion, colours.

use std::path::Path;

use super::support::Tty;
use super::{PROGRAM, SIZE, command, ended, header, place, program, zoom};

/// The row of the ruler, without its remark.
fn ruler(screen: &str) -> String {
    let line = screen.lines().find(|line| line.contains("1 cell ")).unwrap_or_default();
    line.chars().skip(39).take(42).collect()
}

#[test]
fn the_timeline_is_zoomed_and_moved_with_letters_and_arrows() {
    let mut tty = ended(&["semaphore"]);
    let whole = tty.screen();
    tty.keys("T1750\rww");
    let near = tty.wait_until("a quarter", |screen| zoom(screen).is_some_and(|now| now.starts_with("20.")));
    for (there, back) in [("a", "d"), ("H", "L"), ("\x1b[1;2D", "\x1b[1;2C")] {
        tty.keys(there);
        let moved = tty.wait_until("another place", |screen| ruler(screen) != ruler(&near));
        assert_eq!(zoom(&moved), zoom(&near));
        tty.keys(back);
        tty.wait_until("the place from before", |screen| ruler(screen) == ruler(&near));
    }
    // The cursor moves by a cell, and to the ends.
    tty.keys("l");
    tty.wait_until("a cell on", |screen| header(screen).contains("00:01.77"));
    tty.keys("h");
    tty.wait_until("and back", |screen| !header(screen).contains("00:01.77"));
    for (key, time) in [("0", "00:00.000"), ("$", "00:03.500"), ("\x1b[H", "00:00.000")] {
        tty.keys(key);
        tty.wait_until(time, |screen| header(screen).contains(&format!("{time} / ")));
    }
    tty.keys("T1750\r");
    tty.wait_until("the time", |screen| header(screen).contains("00:01.750 / "));
    tty.keys("s");
    tty.wait_until("a half", |screen| zoom(screen).is_some_and(|now| now.starts_with("41.")));
    command(&mut tty, "fit run");
    tty.wait_until("the whole run", |screen| zoom(screen) == zoom(&whole));
    // The fourth request lives for a second.
    tty.keys("gjjjj");
    tty.sees("▸request 3");
    tty.keys("kj");
    tty.keys("f");
    tty.wait_until("its life", |screen| zoom(screen).is_some_and(|now| now.starts_with("25ms")));
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn the_events_of_a_task_are_gone_along() {
    let mut tty = ended(&["semaphore"]);
    tty.keys("G");
    tty.sees("▸request 19");
    // It has ended; it got its permit; it was spawned.
    for time in ["00:03.000", "00:00.000"] {
        tty.keys("<");
        tty.wait_until(time, |screen| header(screen).contains(&format!("{time} / ")));
    }
    for time in ["00:03.000", "00:03.500"] {
        tty.keys(">");
        tty.wait_until(time, |screen| header(screen).contains(&format!("{time} / ")));
    }
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn the_wheel_zooms_at_the_pointer_a_drag_pans_and_a_double_click_fits() {
    let mut tty = ended(&["semaphore"]);
    let whole = tty.screen();
    // The moment of a tick stays where it is.
    let (column, row) = place(&whole, "╷2s");
    for _ in 0..3 {
        tty.mouse(64, (column, row));
    }
    let near = tty.wait_until("an eighth", |screen| zoom(screen).is_some_and(|now| now.starts_with("10.")));
    let (after, _) = place(&near, "╷2.0s");
    assert!(after.abs_diff(column) <= 8, "from column {column} to {after}: {near}");
    // A tick of a tenth of a second moves with the pointer.
    tty.mouse(0, (column, row + 4));
    tty.mouse(32, (column - 5, row + 4));
    tty.mouse(32, (column - 10, row + 4));
    tty.let_go(0, (column - 10, row + 4));
    tty.wait_until("it was moved", |screen| screen.contains("╷2.0s") && place(screen, "╷2.0s").0 + 10 == after);
    command(&mut tty, "fit run");
    tty.wait_until("the whole run", |screen| zoom(screen) == zoom(&whole));
    // A double click on its name fits a task's whole life.
    let name = place(&whole, "request 3 ");
    for _ in 0..2 {
        tty.mouse(0, name);
        tty.let_go(0, name);
    }
    let fitted = tty.wait_until("the fit", |screen| zoom(screen) != zoom(&whole));
    assert!(fitted.contains("▸request 3"), "{fitted}");
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn with_reduced_motion_few_frames_are_drawn() {
    let mut tty = program(&["gather", "--speed", "1", "--reduced-motion"]);
    tty.wait_until("the end", |screen| header(screen).contains("ended"));
    tty.keys("q");
    // Two seconds with at most four frames each (sixty without the flag), and the frames that open and end a run.
    let frames = tty.end().count("\x1b[?2026h");
    assert!(frames < 20, "{frames} frames");
}

#[test]
fn a_theme_is_chosen_by_flag_and_colours_by_never() {
    // True colour, and the terminal's own colours.
    let (all, own) = ("38;2;", "38;5;");
    for (args, has) in [
        (["--theme", "okabe-ito"], [true, false]),
        (["--theme", "ansi"], [false, true]),
        (["--theme", "mono"], [false, false]),
        (["--color", "never"], [false, false]),
    ] {
        let args = [&["gather"][..], &args].concat();
        let mut tty = Tty::start_with(Path::new(PROGRAM), &args, SIZE, &[("COLORTERM", "truecolor")]);
        tty.sees("q quit");
        assert!(tty.has_styled("1"), "bold");
        tty.keys("q");
        let ended = tty.end();
        assert_eq!([ended.wrote(all), ended.wrote(own)], has, "{args:?}");
    }
}
