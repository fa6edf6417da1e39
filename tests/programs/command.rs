//! `attach` and `replay` of programs, on the command line.

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use recording::sockets;
use serde_json::Value;

use super::observed::{Shared, about, record};

/// Runs the program with this folder for sockets. Returns its exit code and what it wrote.
fn told(runtime: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_async-playground"));
    command.args(args).stdin(Stdio::null()).env("XDG_RUNTIME_DIR", runtime).env("TMPDIR", runtime).env("LC_ALL", "C.UTF-8");
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    let [out, error] = [stdout, stderr].map(|text| String::from_utf8(text).expect("it is UTF-8"));
    (status.code(), out, error)
}

/// The recording of a program that has ended.
fn recording() -> Vec<u8> {
    let bytes = Shared::default();
    record(bytes.clone(), about(), Arc::new(AtomicBool::new(true)));
    bytes.take()
}

#[test]
fn a_programs_recording_is_told_as_json_and_as_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("orders.rec");
    fs::write(&path, recording()).expect("it is written");
    let path = path.to_str().expect("a plain path");
    let (code, out, error) = told(folder.path(), &["replay", path, "--json"]);
    assert_eq!((code, error.as_str(), out.lines().count()), (Some(0), "", 1));
    let object: Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!(object["program"]["name"], "orders");
    assert_eq!(object["program"]["pid"], std::process::id());
    assert_eq!((&object["ended"], &object["since_ms"]), (&"exited".into(), &0.0.into()));
    assert_eq!((&object["tasks"]["spawned"], &object["tasks"]["completed"]), (&4.into(), &4.into()));
    assert!(object["polls"]["recorded"].as_u64() > Some(4) && object["events"]["lost"] == 0, "{object}");
    let keys = ["stall", "findings", "missing", "trace_hash", "elapsed_ms"];
    assert!(keys.iter().all(|key| object.get(key).is_some()), "{object}");
    for key in ["scenario", "params", "seed", "outcome", "checks"] {
        assert!(object.get(key).is_none(), "{key} means nothing for a program");
    }
    let waits = object["waits"].as_array().expect("a list");
    let joins = |wait: &&Value| wait["cause"] == "join";
    let place = waits.iter().find(joins).and_then(|wait| wait["place"].as_str()).expect("main waits for the workers");
    let line: usize = place.strip_prefix("tests/programs/observed.rs:").and_then(|line| line.parse().ok()).expect(place);
    let source = include_str!("observed.rs").lines().nth(line - 1);
    assert!(source.is_some_and(|source| source.contains("join_next().await")), "{place}: {source:?}");
    let (code, text, error) = told(folder.path(), &["replay", path]);
    assert_eq!((code, error.as_str()), (Some(0), ""));
    assert!(text.starts_with("orders, process ") && text.contains("\norders --port 8080\n"), "{text}");
    assert!(text.contains("the program ended at ") && text.contains("4 spawned, 4 completed"), "{text}");
    assert!(!text.contains("async-playground run"), "it cannot be run again: {text}");
}

#[test]
fn a_programs_recording_that_is_cut_off_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, bytes) = (folder.path().join("orders.rec"), recording());
    fs::write(&path, &bytes[..bytes.len() - 1]).expect("it is written");
    let (code, out, error) = told(folder.path(), &["replay", path.to_str().expect("a plain path"), "--json"]);
    let object: Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!((code, &object["ended"], &object["tasks"]["spawned"]), (Some(0), &"cut off".into(), &4.into()));
    assert!(error.contains("the recording is cut off") && error.lines().count() == 1, "{error}");
}

#[test]
fn without_a_program_that_listens_attach_says_how_one_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, out, error) = told(folder.path(), &["attach"]);
    assert_eq!((code, out.as_str(), error.lines().count()), (Some(1), "", 1));
    assert!(error.starts_with("error: no program listens; ") && error.contains("async_playground_recorder::init()"), "{error}");
    let (code, out, _) = told(folder.path(), &["attach", "--json"]);
    assert_eq!((code, out.as_str()), (Some(0), "[]\n"));
}

#[test]
fn the_programs_that_listen_are_listed() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = folder.path().join("async-playground");
    sockets::create(&own).expect("it is new");
    let pid = std::process::id();
    let _listener = UnixListener::bind(sockets::path(&own, pid)).expect("it is new");
    let exe = std::env::current_exe().expect("it runs");
    let name = exe.file_name().and_then(|name| name.to_str()).expect("a plain name");
    let (code, out, _) = told(folder.path(), &["attach", "--json"]);
    let listed: Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!((code, &listed[0]["pid"], &listed[0]["name"]), (Some(0), &pid.into(), &name.into()));
    assert!(listed[0]["command"].as_str().is_some_and(|command| command.contains(name)), "{listed}");
    let (code, out, _) = told(folder.path(), &["attach"]);
    assert!(code == Some(0) && out.contains(&pid.to_string()) && out.contains(name), "{out}");
}

#[test]
fn attaching_needs_a_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, out, error) = told(folder.path(), &["attach", "1"]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(error.contains("needs a terminal"), "{error}");
}
