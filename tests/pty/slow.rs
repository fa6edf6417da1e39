//! A terminal that is slow or stops: frames are skipped, keys and signals are not.

use std::time::Duration;

use super::support::comes;
use super::{header, program};

/// The largest terminal of these tests: a full frame is tens of thousands of bytes.
const LARGE: (u16, u16) = (300, 100);

#[test]
fn keys_are_answered_while_the_terminal_reads_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut tty = program(&["semaphore", "--speed", "max"]);
    tty.wait_until("the end", |screen| header(screen).contains("ended"));
    tty.hold(true);
    let (written, memory) = (tty.written(), tty.memory());
    // Each size causes a full frame, and together they are much more than a terminal buffers.
    for round in 0..12_u16 {
        tty.resize((LARGE.0 - round, LARGE.1));
        let file = folder.path().join(format!("{round}.rec"));
        tty.keys(&format!(":save as\r\x15{}\r", file.display()));
        comes(&format!("the answer to the keys of round {round}"), || file.exists().then_some(()));
    }
    let grown = tty.memory().saturating_sub(memory);
    assert!(grown < 32 * 1024, "{grown} KiB more");
    tty.hold(false);
    let screen = tty.wait_until("the last size, and what the last keys did", |screen| {
        header(screen).contains("async-playground") && screen.contains("11.rec")
    });
    assert!(screen.lines().count() >= usize::from(LARGE.1) - 1, "{screen}");
    let drawn = tty.written() - written;
    assert!(drawn < 400_000, "{drawn} bytes: frames were not left out");
    tty.keys("q");
    let ended = tty.end();
    assert_eq!(ended.code, 0);
    ended.assert_restored();
}

#[test]
fn a_signal_ends_it_while_the_terminal_reads_nothing() {
    let mut tty = program(&["semaphore", "-p", "requests=2000", "--speed", "1"]);
    tty.sees("request 0");
    tty.hold(true);
    for round in 0..12_u16 {
        tty.resize((LARGE.0 - round, LARGE.1));
        tty.keys("+-");
    }
    tty.signal("TERM");
    assert_eq!(tty.code(), 143);
}

#[test]
fn a_slow_terminal_sees_the_newest_state_and_its_keys_work() {
    let mut tty = program(&["semaphore", "-p", "requests=2000", "--speed", "1"]);
    tty.sees("request 0");
    // A hundred kilobytes a second.
    tty.slow(1024, Duration::from_millis(10));
    tty.keys("?");
    tty.sees("┏ Keys │ Marks");
    tty.keys("? \t");
    tty.wait_until("the pause", |screen| header(screen).contains("paused") && !screen.contains("┏ Keys │ Marks"));
    tty.keys("q");
    let ended = tty.end();
    assert_eq!(ended.code, 0);
    ended.assert_restored();
}
