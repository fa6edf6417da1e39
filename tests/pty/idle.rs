//! A finished run costs nothing: no byte, and no processor time.

use std::time::Duration;

use super::{ended, place};

/// How long it has to be idle.
const REST: Duration = Duration::from_secs(3);

#[test]
fn a_finished_run_costs_nothing_also_after_the_pointer_was_there() {
    let mut tty = ended(&["semaphore"]);
    tty.rests_for(REST);
    // A tip comes and goes with the pointer.
    let (column, row) = place(&tty.screen(), "request 9 ");
    tty.mouse(35, (column + 20, row));
    tty.wait_until("the tip", |screen| screen.lines().last().is_some_and(|last| last.contains("request 9")));
    tty.mouse(35, (0, 0));
    tty.wait_until("no tip", |screen| screen.lines().last().is_some_and(|last| !last.contains("request 9")));
    tty.rests_for(REST);
    // Pointer movements over nothing, focus changes, a key without a meaning: no byte.
    let written = tty.written();
    tty.keys("\x1b[O\x1b[I\x1b[17~");
    for x in 0..20 {
        tty.mouse(35, (x, 0));
    }
    tty.rests_for(Duration::from_secs(1));
    assert_eq!(tty.written(), written);
    tty.keys("q");
    let ended = tty.end();
    assert_eq!(ended.code, 0);
    ended.assert_restored();
}
