//! Failures of the user interface itself: the terminal is restored, whatever ends the program then.

use super::faulty;

#[test]
fn a_panic_of_the_user_interface_is_read_on_a_terminal_as_it_was() {
    let mut tty = faulty();
    tty.sees("never-yields");
    tty.keys("\x1b[24~");
    let ended = tty.end();
    assert_eq!(ended.code, 101);
    ended.assert_restored();
    assert!(ended.screen.contains("the user interface's own panic"), "{}", ended.screen);
}

#[test]
fn a_program_that_aborts_gives_the_terminal_back() {
    let mut tty = faulty();
    tty.sees("never-yields");
    tty.keys("\x1b[23~");
    let ended = tty.end();
    assert_eq!(ended.signal, Some(6));
    ended.assert_restored();
}

#[test]
fn a_program_that_hangs_is_ended_by_sigquit_with_the_terminal_as_it_was() {
    let mut tty = faulty();
    tty.sees("never-yields");
    tty.keys("\x1b[21~");
    // The program receives this, and does not react.
    tty.signal("TERM");
    tty.signal("QUIT");
    let ended = tty.end();
    assert_eq!(ended.signal, Some(3));
    ended.assert_restored();
}
