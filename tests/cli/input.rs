//! Bad input, and requests for help.

use std::net::TcpListener;

use super::{run, stderr, stdout};

#[test]
fn bad_input_is_answered_in_one_line_and_exits_2() {
    let cases: &[(&[&str], &[&str])] = &[
        (&["sempahore"], &["no scenario 'sempahore'", "did you mean 'semaphore'?"]),
        (&["run", "gahter"], &["did you mean 'gather'?"]),
        (&["run", "zzzz"], &["no scenario 'zzzz'", ", semaphore, rate-limit, "]),
        (&["list", "zzzz"], &["no scenario 'zzzz'"]),
        (&["run"], &["<ID>"]),
        (&["open"], &["<DIR>"]),
        (&["open", "/no/such/folder"], &["/no/such/folder is not a folder", "async-playground new DIR"]),
        (&["open", "docs"], &["docs has no Cargo.toml", "async-playground new DIR"]),
        (&["open", "crates/facts"], &["does not depend on async-playground-engine, and has no playground"]),
        (&["run", "semaphore", "-p", "permit=3"], &["no parameter 'permit'", "did you mean 'permits'?", "latency"]),
        (&["run", "semaphore", "-p", "permits=0"], &["permits", "out of range", "1 to 1000 permits"]),
        (&["run", "semaphore", "-p", "latency=-5"], &["latency", "out of range", "0 to 60000 ms"]),
        (&["run", "semaphore", "-p", "permits=99999999999999999999"], &["out of range", "1 to 1000 permits"]),
        (&["run", "semaphore", "-p", "permits=many"], &["'many' is not a whole number", "1 to 1000 permits"]),
        (&["run", "semaphore", "-p", "permits=2.5"], &["not a whole number"]),
        (&["run", "semaphore", "-p", "permits="], &["not a whole number"]),
        (&["run", "semaphore", "-p", "permits"], &["NAME=VALUE"]),
        (&["run", "semaphore", "-p", "=3"], &["NAME=VALUE"]),
        (&["run", "semaphore", "-p", "permits=3", "-p", "permits=3"], &["permits", "given twice"]),
        (&["run", "semaphore", "-p", "permits_each=4"], &["permits_each", "at most 3"]),
        (&["run", "lock-contention", "-p", "lock=never"], &["'never' is not one of", "across-await"]),
        (&["run", "semaphore", "--speed", "0"], &["--speed", "from 0.001 to 1000, or max"]),
        (&["run", "semaphore", "--speed", "-1"], &["--speed", "from 0.001 to 1000, or max"]),
        (&["run", "semaphore", "--speed", "inf"], &["--speed"]),
        (&["run", "semaphore", "--speed", "fast"], &["--speed", "max"]),
        (&["run", "semaphore", "--clock", "real", "--speed", "2"], &["--speed", "real clock"]),
        (&["run", "semaphore", "--clock", "real", "--speed", "max"], &["--speed", "real clock"]),
        (&["run", "semaphore", "--clock", "wall"], &["--clock", "virtual, real"]),
        (&["run", "semaphore", "--workers", "2"], &["--workers", "real clock"]),
        (&["run", "semaphore", "--workers", "-1"], &["--workers", "from 0 to 64"]),
        (&["run", "semaphore", "--clock", "real", "--workers", "65"], &["--workers", "from 0 to 64"]),
        (&["run", "semaphore", "--limit", "0"], &["--limit", "1 to 86400000"]),
        (&["run", "semaphore", "--stall-after", "0"], &["--stall-after", "1 to 86400000"]),
        (&["run", "semaphore", "--detail", "lines"], &["--detail", "polls, waits"]),
        (&["run", "semaphore", "--seed", "x"], &["--seed", "whole number"]),
        (&["run", "semaphore", "--seed", "1", "--seed", "2"], &["--seed", "multiple times"]),
        (&["run", "semaphore", "--sed", "1"], &["--sed", "--seed"]),
        (&["run", "semaphore", "--console=6669"], &["--console", "127.0.0.1:6669"]),
        (&["run", "semaphore", "--no-mouse"], &["--no-mouse"]),
        (&["semaphore", "--json"], &["--json"]),
        (&["semaphore", "-p", "permits=0"], &["out of range", "1 to 1000 permits"]),
        (&["semaphore", "--speed", "0"], &["--speed"]),
        (&["-p", "permits=3"], &["-p needs a scenario"]),
        (&["export", "semaphore"], &["--format"]),
        (&["export", "semaphore", "--format", "svg", "--size", "100"], &["--size", "from 20x6 to 500x200, such as 120x40"]),
        (&["export", "semaphore", "--format", "svg", "--size", "19x40"], &["--size", "from 20x6 to 500x200"]),
        (&["export", "semaphore", "--format", "cast", "--size", "501x40"], &["--size", "from 20x6 to 500x200"]),
        (&["export", "semaphore", "--format", "cast", "--size", "59x40"], &["--size", "the screen needs at least 60x16"]),
        (&["export", "semaphore", "--format", "cast", "--speed", "max"], &["--speed", "a film needs a number"]),
        (&["export", "semaphore", "--format", "json", "--size", "80x24"], &["--size", "only the formats html, svg and cast"]),
        (&["export", "semaphore", "--format", "json", "--theme", "light"], &["--theme", "only the formats html, svg and cast"]),
        (&["export", "semaphore", "--format", "svg", "--from", "9", "--to", "8"], &["--from, --to: nothing is left"]),
        (&["semaphore", "run"], &["run"]),
        (&["completions", "tcsh"], &["bash", "zsh"]),
        (&[], &["terminal", "run ID --json"]),
        (&["semaphore", "--ascii", "--no-mouse", "--color", "never"], &["terminal", "run ID --json"]),
    ];
    for (args, told) in cases {
        let output = run(args);
        let line = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {line}");
        assert_eq!(stdout(&output), "", "{args:?}");
        assert_eq!(line.lines().count(), 1, "{args:?}: {line}");
        assert!(line.starts_with("error: "), "{args:?}: {line}");
        for part in *told {
            assert!(line.contains(part), "{args:?} does not say {part:?}: {line}");
        }
    }
}

#[test]
fn a_port_that_is_taken_is_told_with_the_flag() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let flag = format!("--console={}", taken.local_addr().expect("its address"));
    let output = run(&["run", "semaphore", &flag]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).starts_with("error: --console: "), "{}", stderr(&output));
    assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
}

#[test]
fn help_and_version_are_asked_for_and_no_fault() {
    for (args, told) in [
        (&["--help"][..], "completions"),
        (&["run", "--help"], "-p, --param <NAME=VALUE>"),
        (&["run", "--help"], "Exit codes:"),
        (&["--version"], env!("CARGO_PKG_VERSION")),
    ] {
        let output = run(args);
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()), "{args:?}");
        assert!(stdout(&output).contains(told), "{args:?}: {}", stdout(&output));
    }
}
