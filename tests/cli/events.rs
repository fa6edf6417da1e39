//! `export --events` and `export --format perfetto`: what is refused, and what comes out.

use std::io::Read;
use std::process::Stdio;

use super::{json, program, run, stderr, stdout};

fn refused(args: &[&str]) -> String {
    let output = run(args);
    let said = stderr(&output);
    assert_eq!((output.status.code(), stdout(&output).as_str(), said.lines().count()), (Some(2), "", 1), "{args:?}: {said}");
    said
}

#[test]
fn events_are_refused_in_other_forms_and_of_what_is_no_recording() {
    let said = refused(&["export", "semaphore", "--format", "perfetto", "--events"]);
    assert_eq!(said, "error: --events: only the format json has events; use --format json\n");
    let events = |what: &'static str| vec!["export", what, "--format", "json", "--events"];
    assert!(refused(&events("Cargo.toml")).contains("is not a recording"));
    assert!(refused(&events("no/such/file")).contains("No such file"));
    assert!(refused(&events("nope")).contains("nope"));
    let range = [&*events("semaphore"), &["--from", "20", "--to", "10"]].concat();
    assert!(refused(&range).contains("--from is after --to"));
}

#[test]
fn the_lines_of_a_file_are_those_of_its_run_and_their_polls_are_counted_in_the_report() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, lines) = (folder.path().join("a.rec"), folder.path().join("a.jsonl"));
    let (file, lines) = (file.to_str().expect("a plain name"), lines.to_str().expect("a plain name"));
    assert_eq!(run(&["run", "semaphore", "--record", file]).status.code(), Some(0));
    let of_file = run(&["export", file, "--format", "json", "--events"]);
    assert_eq!((of_file.status.code(), stderr(&of_file).as_str()), (Some(0), ""));
    let report = json(&["run", "semaphore", "--json"]);
    let polls = stdout(&of_file).lines().filter(|line| line.starts_with(r#"{"type":"poll_start","#)).count();
    assert_eq!(report["polls"]["recorded"], polls);
    assert_eq!(run(&["export", "semaphore", "--format", "json", "--events", "-o", lines]).status.code(), Some(0));
    let of_run = std::fs::read_to_string(lines).expect("it is written");
    // Samples and thread names depend on when the run was read.
    let events = |text: &str| text.lines().filter(|line| line.contains(r#","thread":"#)).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(events(&of_run), events(&stdout(&of_file)));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let mut child = program(&["export", "semaphore", "-p", "requests=500", "--format", "json", "--events"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    // The pipe is closed with less read than the program has to say.
    let mut first = [0; 10];
    child.stdout.take().expect("a pipe").read_exact(&mut first).expect("it says something");
    assert_eq!(&first, br#"{"type":"h"#);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
}

#[test]
fn a_file_that_cannot_be_written_is_one_line() {
    for form in [&["--format", "json", "--events"][..], &["--format", "perfetto"]] {
        let output = run(&[&["export", "semaphore", "-o", "/dev/full"], form].concat());
        let said = stderr(&output);
        assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
        assert!(said.starts_with("error: -o: /dev/full: cannot be written: "), "{said}");
    }
}
