//! Errors repeat what users type or name: none of it may reach the terminal as anything but text.

use std::fs;
use std::process::Output;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::harmful::harmful;
use super::texts::{LONGEST, text};
use super::{program, run, stderr, stdout};

/// Arguments with this text in one of them.
const WORDS: [fn(&str) -> Vec<String>; 13] = [
    |text| vec![text.to_owned()],
    |text| vec!["run".into(), text.to_owned()],
    |text| vec!["list".into(), text.to_owned()],
    |text| vec!["run".into(), "semaphore".into(), "-p".into(), text.to_owned()],
    |text| vec!["run".into(), "semaphore".into(), "-p".into(), format!("{text}=1")],
    |text| vec!["run".into(), "semaphore".into(), "-p".into(), format!("permits={text}")],
    |text| vec!["run".into(), "semaphore".into(), format!("--seed={text}")],
    |text| vec!["run".into(), "semaphore".into(), format!("--{text}")],
    |text| vec!["run".into(), "semaphore".into(), format!("--record=/no/such/folder/{text}")],
    |text| vec!["replay".into(), format!("/no/such/folder/{text}")],
    |text| vec!["export".into(), text.to_owned(), "--format".into(), "json".into()],
    |text| vec!["export".into(), "gather".into(), "--format".into(), text.to_owned()],
    |text| vec!["export".into(), "gather".into(), "--format=svg".into(), format!("-o/no/such/folder/{text}")],
];

/// Settings with this text in one of them.
const SETTINGS: [fn(&str) -> String; 6] = [
    |text| text.to_owned(),
    |text| format!("{} = 1", quoted(text)),
    |text| format!("theme = {}", quoted(text)),
    |text| format!("[keys]\n{} = 'x'", quoted(text)),
    |text| format!("[keys]\nstop = {}", quoted(text)),
    |text| format!("[colors]\nlock = {}", quoted(text)),
];

/// As TOML writes it, which accepts JSON's escapes.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// One line on standard error, short enough to read, or help that happened to be requested.
fn assert_harmless(output: &Output, what: &str) {
    let (out, error) = (stdout(output), stderr(output));
    for line in (out + &error).split('\n') {
        assert_eq!(line.find(harmful), None, "{what:?}: {line:?}");
    }
    assert!(error.lines().count() <= 1 && error.len() < 10_000, "{what:?}: {error}");
}

fn try_all(test: impl Fn(&str)) {
    let config = Config { cases: 12, max_shrink_iters: 50, failure_persistence: None, ..Config::default() };
    // No argument can contain a zero byte.
    let typed = text().prop_map(|text| text.replace('\0', ""));
    let result = TestRunner::new(config).run(&typed, |typed| {
        test(&typed);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[test]
fn whatever_is_typed_comes_back_as_text() {
    try_all(|text| {
        for words in WORDS {
            let args = words(text);
            assert_harmless(&run(&args), &args.join(" "));
        }
    });
}

#[test]
fn whatever_the_settings_say_comes_back_as_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("\x1b]0;settings\x07.toml");
    let args = ["semaphore".as_ref(), "--config".as_ref(), file.as_os_str()];
    try_all(|text| {
        for settings in SETTINGS {
            fs::write(&file, settings(text)).expect("it can be written");
            assert_harmless(&program(&args).output().expect("the program starts"), text);
        }
    });
}

#[test]
fn what_was_typed_does_not_hide_what_is_wrong_with_it() {
    let long = "x".repeat(LONGEST);
    for (args, reason) in [
        (vec!["run".to_owned(), long.clone()], "(available: "),
        (vec!["run".into(), "semaphore".into(), format!("--seed={long}")], "a whole number from 0"),
        (vec!["run".into(), "semaphore".into(), "-p".into(), format!("permits={long}")], "is not a whole number"),
        (vec!["run".into(), "semaphore".into(), "-p".into(), format!("{long}=1")], "available: requests"),
        (vec!["replay".into(), long.clone()], "cannot be read"),
        (vec!["run".into(), "semaphore".into(), format!("--record={long}")], "cannot be written"),
        (vec!["semaphore".into(), format!("--config={long}")], "cannot read the settings"),
    ] {
        let error = stderr(&run(&args));
        assert!(error.contains(reason) && error.len() < 2_000, "{reason}: {error}");
    }
}
