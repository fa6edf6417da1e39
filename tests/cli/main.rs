//! The command line from outside: what goes in, what comes out, and the exit code.

mod input;
mod papers;
mod runs;
mod stalls;

use std::process::{Command, Output, Stdio};

use serde_json::Value;

const IDS: [&str; 37] = [
    "sequential",
    "gather",
    "spawn",
    "gather-errors",
    "first-completed",
    "timeout",
    "cancellation",
    "task-group",
    "orphan",
    "oneshot",
    "forgotten-await",
    "blocking",
    "bridge",
    "workers",
    "semaphore",
    "rate-limit",
    "batching",
    "producer-consumer",
    "worker-pool",
    "pipeline",
    "stream",
    "paginator",
    "broadcast",
    "unbounded",
    "lock-contention",
    "lost-update",
    "rwlock",
    "deadlock",
    "philosophers",
    "fairness",
    "thundering-herd",
    "futurelock",
    "resource",
    "shutdown",
    "retry",
    "circuit-breaker",
    "cache",
];

/// The arguments that run a scenario to a good end: one that begins with the wrong way is turned to a right one.
fn ending_well(id: &'static str) -> Vec<&'static str> {
    match id {
        "blocking" | "fairness" => vec!["run", id, "-p", "variant=yield"],
        "unbounded" => vec!["run", id, "-p", "variant=bounded"],
        "lost-update" => vec!["run", id, "-p", "variant=lock"],
        "cache" => vec!["run", id, "-p", "variant=single-flight"],
        "futurelock" => vec!["run", id, "-p", "variant=spawned"],
        _ => vec!["run", id],
    }
}

/// The scenarios that end well on the virtual clock. The right ways of `bridge` need the real one.
fn on_the_virtual_clock() -> impl Iterator<Item = &'static str> {
    IDS.into_iter().filter(|id| *id != "bridge")
}

/// The program with these arguments, without a terminal and without the caller's settings.
fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_async-playground"));
    command.args(args).stdin(Stdio::null()).env("TERM", "xterm").env("LC_ALL", "C.UTF-8").env_remove("NO_COLOR");
    command
}

fn run(args: &[&str]) -> Output {
    program(args).output().expect("the program starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("output is UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("errors are UTF-8")
}

/// The object that a run prints, which must be all that it prints.
fn json(args: &[&str]) -> Value {
    let output = run(args);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", stderr(&output));
    assert_eq!(stderr(&output), "", "{args:?}");
    serde_json::from_slice(&output.stdout).expect("one JSON value")
}

/// The one line of a scenario that awaits this, as the program names it.
fn place_of(file: &str, code: &str) -> String {
    let source = std::fs::read_to_string(file).expect("tests run in the checkout");
    let awaits = |line: &str| line.contains(code) && line.contains(".await") && !line.trim_start().starts_with("//");
    let lines: Vec<_> = source.lines().zip(1..).filter(|(line, _)| awaits(line)).map(|(_, number)| number).collect();
    assert_eq!(lines.len(), 1, "lines of {file} that await {code}: {lines:?}");
    format!("{file}:{}", lines[0])
}
