//! The findings of a run are listed, and Enter goes to where one is visible.

use super::{header, program};

#[test]
fn a_finding_is_listed_and_gone_to() {
    let mut tty = program(&["blocking", "--speed", "max"]);
    tty.sees("1 finding (e)");
    // Nothing is selected and nothing waits any more, so the findings are shown.
    tty.keys("e");
    let screen = tty.sees("report kept its worker for 1 s in one poll");
    assert!(screen.contains("1 of 1") && screen.contains("spawn_blocking"), "{screen}");
    tty.keys("\r");
    let screen = tty.wait_until("the end of the poll", |screen| header(screen).contains("00:01.550 /"));
    assert!(!screen.contains("1 of 1") && screen.lines().any(|line| line.contains("▸report") && line.contains('⚑')), "{screen}");
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}
