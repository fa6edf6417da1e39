//! The settings file: errors are shown before the screen opens, and the default file is valid.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::support::Tty;
use super::{PROGRAM, SIZE};

#[test]
fn a_flaw_is_told_with_file_line_and_key_on_a_terminal_that_was_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("own.toml");
    let path = file.to_str().expect("a name");
    for (text, told) in [
        ("mouse = true\n[keys]\nstop = 'r'\n", ":3: keys.stop: 'r' is already the key of 'restart' in"),
        ("[keys]\npan-left = 'Left'\n", ":2: keys.pan-left: 'pan-left' is now 'cursor-left'"),
        ("theme = 'okabe'\n", ":1: theme: unknown theme 'okabe'; did you mean 'okabe-ito'?"),
        ("\n[keys\n", ":2: "),
    ] {
        fs::write(&file, text).expect("it is written");
        // Wide enough for the message to fit on one line.
        let tty = Tty::start(Path::new(PROGRAM), &["gather", "--config", path], (300, 40));
        let ended = tty.end();
        assert_eq!(ended.code, 2, "{}", ended.screen);
        assert!(ended.screen.contains(&format!("{path}{told}")), "{told}: {}", ended.screen);
        assert!(!ended.wrote("\x1b[?1049h"), "the screen was opened");
    }
}

#[test]
fn the_standard_file_is_taken_as_settings() {
    let printed = Command::new(PROGRAM).args(["config", "--default"]).output().expect("it runs");
    assert!(printed.status.success());
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("async-playground/config.toml");
    fs::create_dir_all(file.parent().expect("a folder")).expect("it is made");
    fs::write(&file, printed.stdout).expect("it is written");
    let home = folder.path().to_str().expect("a name");
    let mut tty = Tty::start_with(Path::new(PROGRAM), &["gather"], SIZE, &[("XDG_CONFIG_HOME", home)]);
    tty.sees("q quit");
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

/// Terminals have codes for these keys, and crossterm reads them.
#[test]
fn keys_with_ctrl_arrive_as_they_are_written_in_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("own.toml");
    let path = file.to_str().expect("a name");
    for (written, sent) in [("Ctrl-J", "\n"), ("Ctrl-H", "\x08"), ("Ctrl-\\", "\x1c"), ("Ctrl-_", "\x1f"), ("Ctrl-Space", "\0")] {
        fs::write(&file, format!("[keys]\nquit-anywhere = '{written}'\n")).expect("it is written");
        let mut tty = Tty::start(Path::new(PROGRAM), &["gather", "--config", path], SIZE);
        tty.sees("q quit");
        tty.keys(sent);
        assert_eq!(tty.end().code, 0, "{written}");
    }
}
