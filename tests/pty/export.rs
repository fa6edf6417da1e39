//! A form that is no text does not go to a terminal.

use super::program;

#[test]
fn a_trace_for_perfetto_is_refused_before_the_run() {
    let tty = program(&["export", "semaphore", "--format", "perfetto"]);
    let ended = tty.end();
    assert_eq!(ended.code, 2);
    assert!(ended.screen.contains("error: this form is no text: name a file with -o"), "{}", ended.screen);
}
