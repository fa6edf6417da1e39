//! Paths that are not regular files, and limits of the system: each gives a one-line error, and the program neither hangs nor
//! dies.

use std::path::Path;
use std::process::Command;

use super::{limited, stderr, stdout};

/// Starts the program with a time limit; running out of it gives code 124.
const AT_MOST: &str = r#"exec timeout 20 "$0" "$@""#;

fn pipe(folder: &Path) -> String {
    let pipe = folder.join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("it runs").success());
    pipe.to_str().expect("a plain name").to_owned()
}

#[test]
fn what_is_no_regular_file_is_refused_in_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = &*pipe(folder.path());
    for (args, told) in [
        (&["replay", pipe][..], format!("{pipe}: cannot be read: a pipe is not a regular file")),
        (&["replay", pipe, "--json"], format!("{pipe}: cannot be read: a pipe is not a regular file")),
        (&["replay", "/dev/zero"], "/dev/zero: cannot be read: a device is not a regular file".to_owned()),
        (&["run", "gather", "--record", pipe], format!("--record: {pipe}: cannot be written: a pipe is not a regular file")),
        (&["run", "gather", "--record", pipe, "--force"], format!("--record: {pipe}: cannot be written: a pipe ")),
        (&["run", "gather", "--record", "/dev/null", "--force"], "/dev/null: cannot be written: a device ".to_owned()),
        (&["--config", pipe], format!("cannot read the settings in {pipe}: a pipe is not a regular file")),
        (&["--config", "/dev/zero"], "cannot read the settings in /dev/zero: a device is not a regular file".to_owned()),
    ] {
        let output = limited(AT_MOST, args);
        let said = stderr(&output);
        assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()), "{args:?}: {said}");
        assert!(said.starts_with("error: ") && said.contains(&told) && said.lines().count() == 1, "{args:?}: {said}");
    }
}

#[test]
fn settings_are_read_up_to_a_bound() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("large.toml");
    let name = file.to_str().expect("a plain name");
    std::fs::write(&file, "# all of it is a comment\n".repeat(50_000)).expect("it is written");
    let output = limited(AT_MOST, &["--config", name]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stderr(&output), format!("error: cannot read the settings in {name}: it is larger than 1024 KiB\n"));
}

#[test]
fn too_few_open_files_are_one_line_and_code_2() {
    // The test's own open files count as well, so the limit must be lower than what the program may have.
    for limit in 4..10 {
        for args in [&["run", "gather"][..], &["run", "gather", "--console=127.0.0.1:0"], &["run", "gather", "--clock", "real"]] {
            let output = limited(&format!(r#"ulimit -n {limit}; exec "$0" "$@""#), args);
            let said = stderr(&output);
            assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()), "{limit} {args:?}: {said}");
            assert!(said.starts_with("error: cannot start the run: ") && said.lines().count() == 1, "{limit} {args:?}: {said}");
            assert!(said.contains("open files") && said.contains("'ulimit -n'"), "{limit} {args:?}: {said}");
        }
    }
}

#[test]
fn a_recording_that_must_not_grow_is_told_and_the_report_is_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.rec");
    let name = file.to_str().expect("a plain name");
    let output = limited(r#"ulimit -f 1; exec "$0" "$@""#, &["run", "semaphore", "--record", name, "--json"]);
    assert_eq!(output.status.code(), Some(1));
    serde_json::from_slice::<serde_json::Value>(&output.stdout).expect("one JSON value");
    assert_eq!(stderr(&output), format!("error: --record: {name}: the recording stopped: File too large (os error 27)\n"));
    let replayed = super::run(&["replay", name]);
    assert!([Some(0), Some(2)].contains(&replayed.status.code()), "the file is read, or refused");
}

#[test]
fn a_report_that_must_not_grow_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = format!(r#"ulimit -f 1; exec "$0" "$@" >'{}'"#, folder.path().join("list.json").display());
    let output = limited(&script, &["list", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr(&output), "error: cannot write to standard output: File too large (os error 27)\n");
}
