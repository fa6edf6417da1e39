//! A pinned run and a sweep, on a terminal.

use super::{header, program};

#[test]
fn the_next_run_comes_below_a_pinned_one() {
    let mut tty = program(&["semaphore", "--speed", "max"]);
    tty.wait_until("the first run", |screen| header(screen).contains("00:03.500 / 00:03.500"));
    tty.keys("C");
    tty.sees("pinned: change a parameter");
    // The form has the focus; its second field is permits.
    tty.keys("jll");
    let shown = tty.sees("pinned: permits 3 here, 5 below");
    assert!(shown.matches("request 0 ").count() >= 2, "{shown}");
    tty.sees("17 lanes differ");
    tty.keys("C");
    tty.wait_until("one run", |screen| !screen.contains("lanes differ"));
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn a_sweep_is_a_chart_and_its_points_are_runs() {
    let mut tty = program(&["semaphore", "--speed", "max"]);
    tty.wait_until("the first run", |screen| header(screen).contains(" / 00:03.500"));
    tty.keys("jS");
    let shown = tty.wait_until("all runs", |screen| screen.contains("75 runs, 5 seeds"));
    assert!(shown.contains("Sweep: semaphore over permits"), "{shown}");
    tty.keys("ll");
    tty.sees("permits 5 · peak in flight 5");
    tty.keys("\r");
    tty.wait_until("the run", |screen| header(screen).contains(" / 00:02.000") && !screen.contains("Sweep:"));
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}
