//! Recordings with hostile texts, on a real terminal.

use std::fs;
use std::path::Path;

use super::disguise::{Case, case};
use super::outputs::{recordings, try_all};
use super::support::Tty;
use super::texts::text;

/// Full panes, kinds of lanes, groups, why a task waits, findings, a range, filters and the palette, with text typed there. An
/// Esc right before a letter would be Alt; two of them are one.
const TOUR: [&str; 14] = [
    "\t",
    "z",
    ":lanes\r",
    ":lanes\r",
    ":lanes\rG",
    "w",
    "e",
    "\t",
    "\t",
    "\t",
    "\x1b\x1bo",
    "\x1b\x1b?",
    "\x1b\x1b:",
    "\x1b\x1b:log\r",
];

#[test]
fn a_hostile_recording_is_shown_and_the_terminal_obeys_the_program_alone() {
    let strategy = (case(), text(), 40..200_u16, 12..60_u16);
    try_all((recordings() / 500).max(3), &strategy, |(case, typed, width, height)| show(&case, &typed, (width, height)));
}

/// Opens it and visits everything that shows its texts.
fn show(case: &Case, typed: &str, size: (u16, u16)) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.rec");
    fs::write(&path, case.disguise().bytes).expect("it can be written");
    let program = Path::new(env!("CARGO_BIN_EXE_async-playground"));
    let mut tty = Tty::start(program, &["replay", path.to_str().expect("it is UTF-8")], (120, 40));
    tty.wait_until("the recording", |screen| screen.contains("Timeline"));
    for keys in TOUR {
        let written = tty.written();
        tty.keys(keys);
        tty.draws(written);
    }
    let written = tty.written();
    tty.keys("/");
    // The end marker of a paste is not text in it.
    tty.paste(&typed.replace('\x1b', "\u{9b}"));
    tty.draws(written);
    let written = tty.written();
    tty.resize(size);
    tty.draws(written);
    tty.keys("\x03");
    let ended = tty.end();
    assert_eq!(ended.code, 0);
    ended.assert_restored();
    ended.assert_own();
}
