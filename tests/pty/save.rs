//! A run on screen is saved, and the file opens. A path that is not a regular file blocks nothing.

use std::path::Path;
use std::process::Command;

use super::support::Tty;
use super::{PROGRAM, SIZE, command, header, program};

#[test]
fn a_run_is_saved_and_replayed() {
    let folder = std::env::temp_dir().join(format!("async-playground-save-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for temporary files");
    let path = folder.join("a.rec");
    let path = path.to_str().expect("the folder for temporary files has a plain name");

    let mut tty = program(&["gather", "--seed", "4"]);
    tty.sees("/ 00:02.000");
    // Ctrl-U clears the suggested name.
    command(&mut tty, "save as");
    tty.sees("gather-4.rec");
    tty.keys("\x15/no/such/folder/a.rec\r");
    tty.sees("cannot be written");
    tty.keys(&format!("\x15{path}\r"));
    tty.sees("saved: async-playground replay");
    // The same file once more, which now exists.
    command(&mut tty, "save as");
    tty.keys(&format!("\x15{path}\r"));
    tty.sees("Enter again overwrites it");
    tty.keys("\r");
    tty.sees("saved: async-playground replay");
    tty.keys("q");
    assert_eq!(tty.end().code, 0);

    let mut tty = program(&["replay", path]);
    tty.wait_until("the recording", |screen| header(screen).contains("recording") && header(screen).contains("seed 4"));
    tty.sees("/ 00:02.000");
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
    std::fs::remove_dir_all(folder).expect("it is ours");
}

/// Closes the file field, and quits.
fn leave(tty: &mut Tty) {
    tty.keys("\x1b");
    tty.wait_until("the field is closed", |screen| !screen.contains("Save as"));
    tty.keys("q");
}

/// Pipes without a process at the other end.
fn pipes<const N: usize>(paths: [&Path; N]) {
    assert!(Command::new("mkfifo").args(paths).status().expect("it runs").success());
}

#[test]
fn a_pipe_is_refused_and_the_screen_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    pipes([&pipe]);
    let mut tty = program(&["gather", "--speed", "max"]);
    tty.wait_until("the end", |screen| header(screen).contains("ended"));
    command(&mut tty, "save as");
    tty.sees("gather-0.rec");
    tty.keys(&format!("\x15{}\r", pipe.display()));
    tty.sees("cannot be written: a pipe is not a regular file");
    tty.keys("\x15/dev/full\r");
    tty.sees("cannot be written: a device is not a regular file");
    leave(&mut tty);
    let ended = tty.end();
    assert_eq!(ended.code, 0);
    ended.assert_restored();
}

#[test]
fn a_file_that_must_not_grow_is_told_and_not_left_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.rec");
    let script = r#"ulimit -f 1; exec "$0" semaphore --speed max"#;
    let mut tty = Tty::start(Path::new("/bin/sh"), &["-c", script, PROGRAM], SIZE);
    tty.wait_until("the end", |screen| header(screen).contains("ended"));
    command(&mut tty, "save as");
    tty.sees("semaphore-0.rec");
    tty.keys(&format!("\x15{}\r", file.display()));
    tty.sees("cannot be written: File too large");
    assert!(!file.exists());
    leave(&mut tty);
    assert_eq!(tty.end().code, 0);
}

#[test]
fn pipes_in_the_place_of_settings_and_state_hold_nothing_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = folder.path().join("async-playground");
    std::fs::create_dir(&own).expect("it is made");
    let home = folder.path().to_str().expect("a plain name");
    pipes([&own.join("seen")]);
    let mut tty = Tty::start_with(Path::new(PROGRAM), &["gather", "--speed", "max"], SIZE, &[("XDG_STATE_HOME", home)]);
    tty.sees("cannot record that gather was run: a pipe is not a regular file");
    tty.keys("q");
    assert_eq!(tty.end().code, 0);

    pipes([&own.join("config.toml")]);
    let ended = Tty::start_with(Path::new(PROGRAM), &["gather"], (300, 40), &[("XDG_CONFIG_HOME", home)]).end();
    assert_eq!(ended.code, 2);
    assert!(ended.screen.contains("config.toml: a pipe is not a regular file"), "{}", ended.screen);
}
