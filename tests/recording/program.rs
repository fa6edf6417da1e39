//! `run --record` and `replay`, on the command line.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use async_playground::report;

use super::disguise::{Disguised, case};
use super::outputs;
use super::texts::text;
use super::whole::tempdir;

fn program(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_async-playground"));
    command.args(args).stdin(Stdio::null()).env("TERM", "xterm").env("LC_ALL", "C.UTF-8").env_remove("NO_COLOR");
    command.output().expect("the program starts")
}

fn told(args: &[&str], code: i32) -> (String, String) {
    let output = program(args);
    let [out, error] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).expect("it is UTF-8"));
    assert_eq!(output.status.code(), Some(code), "{args:?}: {error}");
    (out, error)
}

fn utf8(path: &Path) -> &str {
    path.to_str().expect("it is UTF-8")
}

#[test]
fn a_replay_tells_what_the_run_told() {
    let directory = tempdir("program");
    let path = directory.join("a.rec");
    for (args, code) in [(&["gather"][..], 0), (&["semaphore", "--seed", "7"], 0), (&["deadlock", "-p", "order=crossed"], 1)] {
        let run = |more: &[&str]| told(&[&["run"], args, &["--record", utf8(&path), "--force"], more].concat(), code).0;
        for json in [&["--json"][..], &[]] {
            assert_eq!(run(json), told(&[&["replay", utf8(&path)], json].concat(), 0).0, "{args:?}");
        }
    }
    std::fs::remove_dir_all(directory).expect("it is ours");
}

#[test]
fn a_file_that_exists_is_overwritten_only_when_that_is_said() {
    let directory = tempdir("exists");
    let path = directory.join("a.rec");
    std::fs::write(&path, "precious").expect("it can be written");
    let (out, error) = told(&["run", "gather", "--record", utf8(&path)], 2);
    assert_eq!(out, "");
    assert_eq!(error, format!("error: --record: {}: file already exists; use --force to overwrite it\n", path.display()));
    assert_eq!(std::fs::read_to_string(&path).expect("it is there"), "precious");
    told(&["run", "gather", "--record", utf8(&path), "--force"], 0);
    told(&["replay", utf8(&path)], 0);
    std::fs::remove_dir_all(directory).expect("it is ours");
}

#[test]
fn what_cannot_be_opened_is_one_line_and_code_2() {
    let directory = tempdir("open");
    let missing = directory.join("missing.rec");
    let (_, error) = told(&["replay", utf8(&missing)], 2);
    assert!(
        error.starts_with(&format!("error: {}: cannot be read: ", missing.display())) && error.lines().count() == 1,
        "{error}"
    );
    let (_, error) = told(&["replay", utf8(&directory), "--json"], 2);
    assert!(error.contains("cannot be read: ") && error.lines().count() == 1, "{error}");
    let (_, error) = told(&["replay", "Cargo.toml"], 2);
    assert_eq!(error, "error: Cargo.toml: is not a recording\n");
    let (_, error) = told(&["run", "gather", "--record", utf8(&missing.join("a.rec"))], 2);
    assert!(error.contains("cannot be written: ") && error.lines().count() == 1, "{error}");
    std::fs::remove_dir_all(directory).expect("it is ours");
}

#[test]
fn a_recording_that_is_cut_off_is_told_up_to_there() {
    let directory = tempdir("cut");
    let path = directory.join("a.rec");
    told(&["run", "gather", "--record", utf8(&path)], 0);
    let bytes = std::fs::read(&path).expect("it is there");
    std::fs::write(&path, &bytes[..bytes.len() - 1]).expect("it can be written");
    let (out, error) = told(&["replay", utf8(&path), "--json"], 0);
    let object: serde_json::Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!(object["tasks"]["spawned"], 6);
    assert_eq!(error, format!("warning: {}: the recording is cut off; the part before that is shown\n", path.display()));
    std::fs::remove_dir_all(directory).expect("it is ours");
}

/// A malicious file name, with everything that a file name may contain.
fn file_name(text: &str) -> String {
    let name: String = text.chars().filter(|c| !matches!(c, '/' | '\0')).collect();
    format!("a{}", &name[..name.floor_char_boundary(200)])
}

#[test]
fn the_program_writes_nothing_that_a_terminal_obeys_whatever_it_opens() {
    let directory = tempdir("hostile");
    // Starting a process takes a hundred times as long as calling the library, and adds little.
    let strategy = (case(), text(), text());
    outputs::try_all((outputs::recordings() / 50).max(4), &strategy, |(case, name, field)| {
        let path = directory.join(file_name(&name));
        let Disguised { spec, trace, report, bytes } = case.disguise();
        std::fs::write(&path, &bytes).expect("it can be written");
        let look = report::Look { width: 80, unicode: true };
        assert_eq!(told(&["replay", utf8(&path)], 0), (report::text(&spec, &trace, &report, look), String::new()));
        let json = report::json(&spec, &trace, &report).expect("a report") + "\n";
        assert_eq!(told(&["replay", utf8(&path), "--json"], 0), (json, String::new()));
        std::fs::write(&path, &bytes[..bytes.len() - 1]).expect("it can be written");
        let (out, warning) = told(&["replay", utf8(&path)], 0);
        std::fs::write(&path, outputs::with_header(&bytes, &[("id", field)])).expect("it can be written");
        let (nothing, error) = told(&["replay", utf8(&path)], 2);
        assert_eq!(nothing, "");
        outputs::assert_lines(&(out + &warning + &error));
        for line in [warning, error] {
            assert_eq!(line.lines().count(), 1, "{line}");
        }
        std::fs::remove_file(&path).expect("it is ours");
    });
    std::fs::remove_dir_all(directory).expect("it is ours");
}
