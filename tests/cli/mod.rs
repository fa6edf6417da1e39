//! The command line from outside: what goes in, what comes out, and the exit code.

mod compare;
mod config;
mod events;
mod hostile;
mod house;
mod input;
mod limit;
mod limits;
mod lint;
mod list;
mod man;
mod new;
mod pictures;
mod runs;
mod stalls;
mod streams;
mod sweep;
mod ways;

use super::support::harmful;
use super::texts;

use std::ffi::OsStr;
use std::fmt::Debug;
use std::process::{Command, Output, Stdio};

use scenario::Clock;
use scenarios::CATALOGUE;
use serde_json::Value;

/// The arguments with which each scenario ends well on the virtual clock: if its defaults go wrong, a variant that goes well.
/// Scenarios whose good variants all need the real clock are left out.
fn ending_well() -> impl Iterator<Item = (&'static str, Vec<String>)> {
    CATALOGUE.iter().filter(|scenario| scenario.clocks.contains(&Clock::Virtual)).filter_map(|scenario| {
        let way = scenario.right_way(Clock::Virtual)?;
        let turned = way.iter().filter(|(param, value)| *value != param.default());
        let turned = turned.flat_map(|(param, value)| ["-p".to_owned(), format!("{}={value}", param.name)]);
        Some((scenario.id, ["run", scenario.id].map(str::to_owned).into_iter().chain(turned).collect()))
    })
}

/// The program with these arguments, without a terminal and without the caller's settings.
fn program<S: AsRef<OsStr>>(args: &[S]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_async-playground"));
    command.args(args).stdin(Stdio::null()).env("TERM", "xterm").env("LC_ALL", "C.UTF-8").env_remove("NO_COLOR");
    command.env("XDG_CONFIG_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/no-config"));
    command
}

/// The program started by a shell script, as `"$0" "$@"`: with limits, or with closed streams.
fn limited(script: &str, args: &[&str]) -> Output {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_async-playground")]).args(args).stdin(Stdio::null());
    command.env("TERM", "xterm").env("LC_ALL", "C.UTF-8").env_remove("NO_COLOR");
    command.env("XDG_CONFIG_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/no-config"));
    command.output().expect("the shell starts")
}

fn run<S: AsRef<OsStr>>(args: &[S]) -> Output {
    program(args).output().expect("the program starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("output is UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("errors are UTF-8")
}

/// The JSON object that a run prints; it must print nothing else.
fn json<S: AsRef<OsStr> + Debug>(args: &[S]) -> Value {
    let output = run(args);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", stderr(&output));
    assert_eq!(stderr(&output), "", "{args:?}");
    serde_json::from_slice(&output.stdout).expect("one JSON value")
}

/// The only line of a scenario that awaits this, as the program names it.
fn place_of(file: &str, code: &str) -> String {
    let source = std::fs::read_to_string(file).expect("tests run in the checkout");
    let is_code = |line: &str| !line.trim_start().starts_with("//") && !line.contains(".line(\"");
    let awaits = |line: &str| line.contains(code) && line.contains(".await") && is_code(line);
    let lines: Vec<_> = source.lines().zip(1..).filter(|(line, _)| awaits(line)).map(|(_, number)| number).collect();
    assert_eq!(lines.len(), 1, "lines of {file} that await {code}: {lines:?}");
    format!("{file}:{}", lines[0])
}
