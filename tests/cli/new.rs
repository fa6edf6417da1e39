//! `new`: what it refuses, and that what it lays builds without the network and passes its tests.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::{run, stderr, stdout};

/// Where the sketches of all tests are built, as in `pty::sketch`.
const SKETCHES: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/sketches");
/// Where services are built. They have other flags, and a build of them must not keep a sketch waiting.
const SERVICES: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/services");

fn new(args: &[&str], folder: &Path) -> Output {
    let folder = folder.to_str().expect("a plain path");
    run(&[&["new"], args, &["--", folder]].concat())
}

/// The output of cargo in this folder. Cargo has nothing to warn of.
fn cargo(args: &[&str], folder: &Path, target: &str) -> String {
    let mut command = Command::new(env!("CARGO"));
    command.args(args).arg("--offline").current_dir(folder).env("CARGO_TARGET_DIR", target).env("CARGO_TERM_COLOR", "never");
    // A new crate has its flags in its own settings.
    for flags in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS"] {
        command.env_remove(flags);
    }
    let output = command.output().expect("cargo starts");
    let said = stderr(&output);
    assert!(output.status.success() && !said.contains("warning"), "{}\n{said}{}", folder.display(), stdout(&output));
    stdout(&output)
}

#[test]
fn what_cannot_be_made_is_one_line_and_leaves_nothing() {
    let parent = tempfile::tempdir().expect("a folder");
    let taken = parent.path().join("taken");
    fs::create_dir(&taken).expect("it is made");
    fs::write(taken.join("mine"), "mine").expect("it is written");
    let (file, none) = (taken.join("mine"), parent.path().join("none"));
    for (args, folder, expected) in [
        (&[][..], &taken, "exists and is not empty; name another folder"),
        (&["--from", "gather"], &taken, "exists and is not empty; name another folder"),
        (&["--from", "gather"], &file, "mine: cannot be written"),
        (&["--from", "semafore"], &none, "no scenario 'semafore'; did you mean 'semaphore'?"),
    ] {
        let output = new(args, folder);
        let said = stderr(&output);
        assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{said}");
        assert!(said.contains(expected) && stdout(&output).is_empty(), "{said}");
    }
    assert_eq!(fs::read_to_string(&file).expect("it is there"), "mine");
    assert_eq!(fs::read_dir(parent.path()).expect("it is there").count(), 1, "nothing else is left");
}

#[test]
fn a_sketch_builds_without_the_network_and_passes_its_tests() {
    let parent = tempfile::tempdir().expect("a folder");
    let folder = parent.path().join("2 tested");
    let output = new(&["--from", "semaphore"], &folder);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).ends_with(&format!("async-playground open '{}'\n", folder.display())), "{}", stdout(&output));
    let tested = cargo(&["test"], &folder, SKETCHES);
    assert!(tested.contains("test result: ok. 2 passed"), "{tested}");
}

#[test]
fn a_service_passes_its_tests_and_its_playground_runs() {
    let parent = tempfile::tempdir().expect("a folder");
    let folder = parent.path().join("orders");
    let output = new(&[], &folder);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let shown = cargo(&["run"], &folder.join("playground"), SKETCHES);
    assert!(shown.contains("[ok]     each accepted job is accounted for") && !shown.contains("BROKEN"), "{shown}");
    // The service is whole without its playground.
    fs::remove_dir_all(folder.join("playground")).expect("it is there");
    let tested = cargo(&["test"], &folder, SERVICES);
    assert!(tested.contains("test result: ok. 4 passed"), "{tested}");
}
