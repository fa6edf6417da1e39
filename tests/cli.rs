//! The command line from outside: what goes in, what comes out, and the exit code.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const IDS: [&str; 6] = ["gather", "cancellation", "semaphore", "producer-consumer", "lock-contention", "deadlock"];

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

#[test]
fn bad_input_is_answered_in_one_line_and_exits_2() {
    let cases: &[(&[&str], &[&str])] = &[
        (&["sempahore"], &["no scenario 'sempahore'", "did you mean 'semaphore'?"]),
        (&["run", "gahter"], &["did you mean 'gather'?"]),
        (
            &["run", "zzzz"],
            &["no scenario 'zzzz'", "gather, cancellation, semaphore, producer-consumer, lock-contention, deadlock"],
        ),
        (&["list", "zzzz"], &["no scenario 'zzzz'"]),
        (&["run"], &["<ID>"]),
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
        (&["run", "lock-contention", "-p", "lock=never"], &["'never' is none of", "across-await"]),
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
        (&["run", "semaphore", "--seed", "x"], &["--seed", "whole number"]),
        (&["run", "semaphore", "--seed", "1", "--seed", "2"], &["--seed", "multiple times"]),
        (&["run", "semaphore", "--sed", "1"], &["--sed", "--seed"]),
        (&["run", "semaphore", "--console=6669"], &["--console", "127.0.0.1:6669"]),
        (&["run", "semaphore", "--no-mouse"], &["--no-mouse"]),
        (&["semaphore", "--json"], &["--json"]),
        (&["semaphore", "-p", "permits=0"], &["out of range", "1 to 1000 permits"]),
        (&["semaphore", "--speed", "0"], &["--speed"]),
        (&["-p", "permits=3"], &["-p needs a scenario"]),
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

#[test]
fn list_tells_every_scenario_by_group() {
    let text = stdout(&run(&["list"]));
    for id in IDS {
        assert!(text.lines().any(|line| line.split_whitespace().next() == Some(id)), "{id}: {text}");
    }
    let one = stdout(&run(&["list", "semaphore"]));
    assert!(one.contains("permits") && one.contains("(1 to 1000 permits)"), "{one}");
}

#[test]
fn list_json_has_the_fields_of_the_contract() {
    let list = json(&["list", "--json"]);
    let entries = list.as_array().expect("an array");
    assert_eq!(entries.iter().filter_map(|entry| entry["id"].as_str()).collect::<Vec<_>>(), IDS);
    let keys = |value: &Value| value.as_object().map(|object| object.keys().cloned().collect::<Vec<_>>());
    for entry in entries {
        let expected = sorted(&["id", "title", "group", "lesson", "clocks", "params", "patterns"]);
        assert_eq!(keys(entry), Some(expected), "{entry}");
        for param in entry["params"].as_array().expect("parameters") {
            let expected = sorted(&["name", "kind", "default", "min", "max", "choices", "unit", "help"]);
            assert_eq!(keys(param), Some(expected), "{param}");
            match param["kind"].as_str() {
                Some("number") => {
                    let [min, default, max] = ["min", "default", "max"].map(|key| param[key].as_u64());
                    assert!(min.is_some() && min <= default && default <= max, "{param}");
                    assert!(param["unit"].as_str().is_some_and(|unit| !unit.is_empty()), "{param}");
                    assert!(param["choices"].is_null(), "{param}");
                }
                Some("choice") => {
                    let choices = param["choices"].as_array().expect("choices");
                    assert!(choices.contains(&param["default"]), "{param}");
                    assert!(["min", "max", "unit"].iter().all(|key| param[*key].is_null()), "{param}");
                }
                kind => panic!("kind {kind:?}"),
            }
        }
    }
}

/// In the order of `serde_json`'s own map.
fn sorted(keys: &[&str]) -> Vec<String> {
    let mut keys: Vec<_> = keys.iter().map(|key| (*key).to_owned()).collect();
    keys.sort();
    keys
}

#[test]
fn the_facts_of_a_run_are_exact() {
    let args = ["run", "semaphore", "-p", "requests=20", "-p", "permits=3", "-p", "latency=500", "--json"];
    let told = json(&args);
    assert_eq!(told["elapsed_ms"], 3500.0);
    assert_eq!(told["outcome"][0], serde_json::json!({"name": "completed", "value": 20, "unit": "requests"}));
    assert_eq!(told["outcome"][1], serde_json::json!({"name": "peak in flight", "value": 3, "unit": "requests"}));
    assert!(told["checks"].as_array().is_some_and(|checks| checks.iter().all(|check| check["holds"] == true)));
    assert_eq!(
        told["tasks"],
        serde_json::json!({"spawned": 21, "completed": 21, "failed": 0, "cancelled": 0, "panicked": 0, "alive": 0})
    );
    assert!(told["polls"]["recorded"].as_u64().is_some_and(|polls| polls >= 41), "{told}");
    assert_eq!(told["polls"]["recorded"], told["polls"]["runtime"]);
    assert_eq!(told["events"]["lost"], 0);
    assert_eq!(told["stall"], Value::Null);
    assert!(told["trace_hash"].as_str().is_some_and(|hash| hash.len() == 16 && u64::from_str_radix(hash, 16).is_ok()));
    assert_eq!(json(&args), told, "the same again");
    let other = json(&["run", "semaphore", "-p", "permits=4", "--json"]);
    assert_ne!(other["trace_hash"], told["trace_hash"]);
}

#[test]
fn every_scenario_ends_well_on_the_virtual_clock() {
    for id in IDS {
        let started = Instant::now();
        let told = json(&["run", id, "--json"]);
        assert_eq!(told["polls"]["recorded"], told["polls"]["runtime"], "{id}");
        let virtual_time = Duration::from_secs_f64(told["elapsed_ms"].as_f64().unwrap_or(0.0) / 1e3);
        assert!(started.elapsed() < virtual_time, "{id} was paced");
    }
}

#[test]
fn the_text_has_outcome_checks_and_timeline() {
    let output = run(&["run", "gather", "--seed", "7"]);
    let text = stdout(&output);
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()), "{text}");
    assert!(text.contains("\nasync-playground run gather --seed 7\n"), "{text}");
    for part in ["finished at 2 s", "  ✓ ", "tasks ", "polls ", "events ", "\nmain ", "─✓"] {
        assert!(text.contains(part), "{part:?}: {text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(!text.contains('\x1b'), "no colours in a pipe");
}

#[test]
fn ascii_is_ascii() {
    assert!(stdout(&run(&["run", "gather", "--ascii"])).is_ascii());
    let output = program(&["run", "gather"]).env("LC_ALL", "C").output().expect("the program starts");
    assert!(stdout(&output).is_ascii(), "the locale has no Unicode");
}

#[test]
fn a_run_that_hits_its_limit_exits_1_and_still_tells_what_it_knows() {
    let output = run(&["run", "semaphore", "--limit", "1000", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&output.stdout).expect("one JSON value");
    assert_eq!(told["elapsed_ms"], 1000.0);
    assert!(told["tasks"]["alive"].as_u64().is_some_and(|alive| alive > 0), "{told}");
    assert!(stderr(&output).contains("limit of 1000 ms"), "{}", stderr(&output));
}

#[test]
fn a_deadlock_stalls_and_exits_1_at_once_and_one_order_ends() {
    let started = Instant::now();
    let output = run(&["run", "deadlock", "-p", "order=crossed", "--json"]);
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert_eq!(output.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&output.stdout).expect("one JSON value");
    assert_eq!(told["elapsed_ms"], 2529.0, "as the lesson says");
    let stuck = told["stall"]["tasks"].as_array().expect("the tasks of the stall");
    let names: Vec<_> = stuck.iter().filter_map(|task| task["task"].as_str()).collect();
    assert!(names.contains(&"task A") && names.contains(&"task B"), "{told}");
    assert!(stderr(&output).contains("stalled"), "{}", stderr(&output));
    assert_eq!(json(&["run", "deadlock", "-p", "order=same", "--json"])["stall"], Value::Null);
}

#[test]
fn speed_paces_a_virtual_run_and_changes_nothing_else() {
    let started = Instant::now();
    let paced = json(&["run", "semaphore", "-p", "requests=6", "--speed", "4", "--json"]);
    assert!(started.elapsed() >= Duration::from_millis(250), "1,000 ms at speed 4 took {:?}", started.elapsed());
    assert_eq!(paced, json(&["run", "semaphore", "-p", "requests=6", "--speed", "max", "--json"]));
}

#[test]
fn the_real_clock_takes_its_time() {
    let started = Instant::now();
    let args = ["run", "semaphore", "-p", "requests=4", "-p", "latency=100", "--clock", "real", "--workers", "2", "--json"];
    let told = json(&args);
    assert!(started.elapsed() >= Duration::from_millis(200));
    assert_eq!((&told["clock"], &told["workers"]), (&Value::from("real"), &Value::from(2)));
    assert_eq!(told["polls"]["runtime"], Value::Null);
    assert_eq!(told["tasks"]["completed"], 5);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_fault() {
    for args in [&["list", "--json"][..], &["run", "semaphore", "--json"], &["man"], &["completions", "bash"], &["--help"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = program(args).stdout(writer).stderr(Stdio::piped()).output().expect("the program starts");
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()), "{args:?}");
    }
}

#[test]
fn completions_know_the_flags_of_run() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = run(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{shell}");
        assert!(stdout(&output).contains("workers"), "{shell}");
    }
}

#[test]
fn the_manual_page_has_every_subcommand_with_its_flags() {
    let output = run(&["man"]);
    let page = stdout(&output);
    assert_eq!(output.status.code(), Some(0));
    assert!(page.contains(".TH async-playground 1"), "{page}");
    for part in [
        ".SH NAME",
        ".SH LIST",
        ".SH RUN",
        ".SS \"EXAMPLES\"",
        ".SS \"EXIT CODES\"",
        ".SH COMPLETIONS",
        "\\-\\-workers",
        "NAME=VALUE",
        "interrupted (SIGINT)",
    ] {
        assert!(page.contains(part), "{part:?}: {page}");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_exits_130() {
    let args = ["run", "semaphore", "--console=127.0.0.1:0", "--speed", "0.01", "--json"];
    let mut child = program(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let mut errors = BufReader::new(child.stderr.take().expect("piped"));
    // The address is told before the run starts, and the handler stands before that.
    let mut line = String::new();
    errors.read_line(&mut line).expect("UTF-8");
    assert!(line.contains("127.0.0.1:"), "{line}");
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(killed.success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(stdout(&output), "");
}
