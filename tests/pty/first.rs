//! The first minute: started without arguments, by a user who has read nothing.

use super::{header, program};

/// The run's time in the header, which changes when something moves.
fn moves(screen: &str) -> bool {
    header(screen).contains("sequential") && screen.contains("fetch 0") && header(screen).contains("playing")
}

#[test]
fn without_arguments_the_first_scenario_runs_and_says_what_it_is_about() {
    let mut tty = program(&[]);
    let first = tty.wait_until("a run", moves);
    assert!(first.contains("Five pages are fetched"), "the lesson is in front\n{first}");
    let times = header(&first).to_owned();
    tty.wait_until("something that moves", |screen| moves(screen) && header(screen) != times);
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn the_list_shows_a_scenario_before_it_is_run_and_space_starts_it() {
    let mut tty = program(&["--speed", "max"]);
    tty.wait_until("the end", |screen| header(screen).contains("sequential") && header(screen).contains("ended"));
    // Back to the list, which comes before the form and the lanes.
    tty.keys("\x1b[Z\x1b[Z");
    tty.sees("Enter start");
    tty.keys("\x1b[B\x1b[B");
    let preview = tty.sees("other_work");
    assert!(preview.contains("Main starts two downloads"), "its lesson\n{preview}");
    assert!(header(&preview).contains("sequential"), "the run on screen is still the one before\n{preview}");
    assert!(preview.contains("space start"), "{preview}");
    tty.keys(" ");
    let spawned = tty.wait_until("its end", |screen| header(screen).contains("spawn") && header(screen).contains("ended"));
    assert!(spawned.contains("download 0"), "{spawned}");
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}
