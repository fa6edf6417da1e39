//! Streams that are full, broken or closed: the exit code does not change, and the other streams are still written.

use std::fs::{File, OpenOptions};
use std::process::{Output, Stdio};

use super::{limited, program, run, stderr, stdout};

/// A truncated recording, in a folder that is removed with it.
fn cut() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cut.rec");
    let name = file.to_str().expect("a plain name").to_owned();
    assert_eq!(run(&["run", "gather", "--record", &name]).status.code(), Some(0));
    let whole = std::fs::read(&file).expect("it is there");
    std::fs::write(&file, &whole[..whole.len() - 1]).expect("it is written");
    (folder, name)
}

fn full() -> File {
    OpenOptions::new().write(true).open("/dev/full").expect("it is there")
}

fn broken() -> std::io::PipeWriter {
    std::io::pipe().expect("a pipe").1
}

/// With a standard error that accepts nothing, in each possible way.
fn deaf(args: &[&str]) -> [Output; 3] {
    let with = |error: Stdio| program(args).stdout(Stdio::piped()).stderr(error).spawn().expect("it starts");
    let [full, broken] = [with(full().into()), with(broken().into())].map(|child| child.wait_with_output().expect("it ends"));
    [full, broken, limited(r#"exec "$0" "$@" 2>&-"#, args)]
}

#[test]
fn a_line_that_cannot_be_written_changes_neither_the_exit_code_nor_the_report() {
    let (_folder, cut) = cut();
    for (args, code) in [
        (&["nope"][..], 2),
        (&["run", "nope"], 2),
        (&["run"], 2),
        (&["replay", "Cargo.toml"], 2),
        (&["run", "deadlock", "-p", "order=crossed"], 1),
        (&["run", "semaphore", "--limit", "1000", "--json"], 1),
        (&["run", "gather", "--console=127.0.0.1:0"], 0),
        (&["replay", &cut], 0),
        (&["replay", &cut, "--json"], 0),
        (&["--help"], 0),
    ] {
        let heard = run(args);
        assert_eq!(heard.status.code(), Some(code), "{args:?}");
        for output in deaf(args) {
            assert_eq!((output.status.code(), stdout(&output)), (Some(code), stdout(&heard)), "{args:?}");
        }
    }
}

#[test]
fn a_report_that_cannot_be_written_is_one_line_and_code_1() {
    let (_folder, cut) = cut();
    for args in [
        &["list"][..],
        &["list", "--json"],
        &["run", "gather"],
        &["run", "gather", "--json"],
        &["replay", &cut, "--json"],
        &["man"],
        &["completions", "bash"],
        &["config", "--default"],
        &["--help"],
        &["run", "--help"],
        &["--version"],
    ] {
        let output = program(args).stdout(full()).output().expect("it starts");
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
        let (last, before) = said.trim_end().rsplit_once('\n').map_or((said.trim_end(), ""), |(before, last)| (last, before));
        assert!(last.starts_with("error: cannot write to standard output: "), "{args:?}: {said}");
        assert!(before.lines().all(|line| line.starts_with("warning: ")), "{args:?}: {said}");
    }
}

#[test]
fn a_closed_standard_output_leads_nowhere() {
    for (args, code) in [(&["list"][..], 0), (&["run", "gather", "--json"], 0), (&["run", "nope"], 2)] {
        let output = limited(r#"exec "$0" "$@" >&-"#, args);
        assert_eq!((output.status.code(), stdout(&output)), (Some(code), String::new()), "{args:?}");
        assert_eq!(stderr(&output).lines().count(), usize::from(code > 0), "{args:?}");
    }
}
