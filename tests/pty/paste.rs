//! Pasted text is text, whatever it contains, and never keys.

use super::{command, ended, header, program};

/// A line end, control characters, an escape sequence, and letters that are keys elsewhere.
const HOSTILE: &str = "request 1\x03\x07\x1b[31mq\nq\nq\r\x1a";

#[test]
fn what_is_pasted_into_the_filter_is_its_text() {
    let mut tty = ended(&["semaphore"]);
    command(&mut tty, "filter");
    tty.sees("polls>10");
    tty.paste(HOSTILE);
    let screen = tty.wait_until("it is there", |screen| screen.lines().last().is_some_and(|last| last.contains("request 1")));
    assert!(screen.lines().last().is_some_and(|last| last.contains("request 1[31mq")), "{screen}");
    // Much longer than the row: what is typed next is still visible, and the field can be cleared.
    tty.keys("\x15");
    tty.paste(&"x".repeat(4_000));
    tty.keys("END");
    tty.wait_until("its end", |screen| screen.lines().last().is_some_and(|last| last.contains("xEND")));
    // Longer than a field can be: the rest is dropped, and the field still works.
    tty.paste(&"y".repeat(100_000));
    tty.keys("\x15request 1");
    tty.sees("11 of 21 tasks");
    tty.keys("\x1b");
    tty.sees("/ find");
    tty.keys("q");
    let ended = tty.end();
    assert_eq!(ended.code, 0);
    ended.assert_restored();
}

#[test]
fn what_is_pasted_into_a_field_is_its_value() {
    let mut tty = program(&["semaphore"]);
    tty.wait_until("the run", |screen| header(screen).contains("/ 00:03.500"));
    tty.keys("j\r\x15");
    tty.paste("\x03\x1b5\x07\nq\x1a\n");
    tty.keys("\r");
    tty.wait_until("the run with 5", |screen| header(screen).contains("/ 00:02.000"));
    tty.keys("\r\x15");
    tty.paste(&"9".repeat(50_000));
    tty.keys("\r");
    tty.wait_until("it is refused", |screen| screen.contains("✗permits") || screen.contains("✗ permits"));
    tty.keys("\x1b");
    tty.wait_until("the value from before", |screen| !screen.contains('✗'));
    // Outside a text field a paste does nothing.
    tty.keys("\t");
    tty.paste("qqq\x03");
    tty.keys("?");
    tty.sees("┏ Keys │ Marks");
    tty.keys("q");
    let ended = tty.end();
    assert_eq!(ended.code, 0);
    ended.assert_restored();
}
