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
    let waits = told["waits"].as_array().expect("the places of waiting");
    let total = |wait: &Value| wait["total_ms"].as_f64().unwrap_or(0.0);
    assert!(waits.is_sorted_by(|a, b| total(a) >= total(b)), "{told}");
    let expected = [("semaphore", ".acquire_many(", 17, 28_500.0, 3_000.0), ("time", "sleep(", 20, 10_000.0, 500.0)];
    for (cause, code, count, total_ms, max_ms) in expected {
        let place = place_of("scenarios/semaphore.rs", code);
        let expected =
            serde_json::json!({"cause": cause, "place": place, "count": count, "total_ms": total_ms, "max_ms": max_ms});
        assert!(waits.contains(&expected), "{expected} is not in {told}");
    }
    assert_eq!(json(&args), told, "the same again");
    let other = json(&["run", "semaphore", "-p", "permits=4", "--json"]);
    assert_ne!(other["trace_hash"], told["trace_hash"]);
}

/// The one line of a scenario that awaits this, as the program names it.
fn place_of(file: &str, code: &str) -> String {
    let source = std::fs::read_to_string(file).expect("tests run in the checkout");
    let awaits = |line: &str| line.contains(code) && line.contains(".await") && !line.trim_start().starts_with("//");
    let lines: Vec<_> = source.lines().zip(1..).filter(|(line, _)| awaits(line)).map(|(_, number)| number).collect();
    assert_eq!(lines.len(), 1, "lines of {file} that await {code}: {lines:?}");
    format!("{file}:{}", lines[0])
}

#[test]
fn detail_decides_what_is_recorded_and_not_what_happens() {
    for id in IDS {
        let [waits, polls] = ["waits", "polls"].map(|detail| json(&["run", id, "--detail", detail, "--json"]));
        assert_eq!(waits["trace_hash"], polls["trace_hash"], "{id}");
        assert_eq!(waits, json(&["run", id, "--json"]), "{id}: waits are the default");
        assert_eq!(polls["waits"], serde_json::json!([]), "{id}");
        assert!(waits["waits"].as_array().is_some_and(|waits| !waits.is_empty()), "{id}");
    }
}

#[test]
fn every_scenario_ends_well_on_the_virtual_clock() {
    for id in IDS {
        // Without lines of waits: to look them up takes wall time of its own, and none of the run's.
        let args = ["run", id, "--detail", "polls", "--json"];
        let started = Instant::now();
        let told = json(&args);
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
    for part in [
        "finished at 2 s",
        "  ✓ ",
        "tasks ",
        "polls ",
        "events ",
        "\nbusiest places of waiting\n",
        " scenarios/gather.rs:",
        "\nmain ",
    ] {
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
    let timed = || {
        let started = Instant::now();
        let output = run(&["run", "deadlock", "-p", "order=crossed", "--json"]);
        (started.elapsed(), output)
    };
    // The fastest of a few: what else the machine does only adds.
    let (took, output) = (0..5).map(|_| timed()).min_by_key(|(took, _)| *took).expect("five runs");
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(output.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&output.stdout).expect("one JSON value");
    assert_eq!(told["elapsed_ms"], 2529.0, "as the lesson says");
    assert_circle(&told);
    let line = stderr(&output);
    assert_eq!(line.lines().count(), 1, "{line}");
    for part in ["deadlock: stalled", "task A holds mutex of", "task B holds mutex of", &second_lock()] {
        assert!(line.contains(part), "{part:?}: {line}");
    }
    let text = stdout(&run(&["run", "deadlock", "-p", "order=crossed"]));
    assert!(text.contains("task A holds mutex of") && text.contains(&second_lock()), "{text}");
    assert_eq!(json(&["run", "deadlock", "-p", "order=same", "--json"])["stall"], Value::Null);
}

/// Where a task of `deadlock` waits for its second lock.
fn second_lock() -> String {
    place_of("scenarios/deadlock.rs", "bank.accounts[self.second].lock()")
}

/// The stall of crossed orders: A and B, each with its first lock, each waiting for its second.
fn assert_circle(told: &Value) {
    let stall = &told["stall"];
    assert_eq!(stall["kind"], "cycle", "{told}");
    let tasks = stall["tasks"].as_array().expect("the tasks of the stall");
    let mut names: Vec<_> = tasks.iter().filter_map(|task| task["task"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["task A", "task B"], "{told}");
    let first_lock = place_of("scenarios/deadlock.rs", "bank.accounts[self.first].lock()");
    for task in tasks {
        assert_eq!(task["holds"].as_array().map(Vec::len), Some(1), "{task}");
        assert_eq!(task["holds"][0]["place"], first_lock, "{task}");
        assert!(task["holds"][0]["resource"].as_str().is_some_and(|name| name.starts_with("mutex of ")), "{task}");
        assert_eq!(task["waits"]["cause"], "mutex", "{task}");
        assert_eq!(task["waits"]["place"], second_lock(), "{task}");
        assert!(task["waits"]["resource"].is_string(), "{task}");
    }
}

#[test]
fn on_the_real_clock_a_deadlock_is_called_one_after_the_quiet_time_that_is_asked_for() {
    let args = ["run", "deadlock", "-p", "order=crossed", "--clock", "real", "--stall-after", "300", "--json"];
    let output = run(&args);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let told: Value = serde_json::from_slice(&output.stdout).expect("one JSON value");
    assert_circle(&told);
    let elapsed_ms = told["elapsed_ms"].as_f64().unwrap_or(0.0);
    assert!((2_800.0..4_300.0).contains(&elapsed_ms), "2.5 s of work and the quiet time took {elapsed_ms} ms");
}

#[test]
fn a_receiver_that_nobody_will_serve_is_told_as_a_channel() {
    let output = run(&["run", "producer-consumer", "-p", "end=sentinel", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&output.stdout).expect("one JSON value");
    let place = place_of("scenarios/producer_consumer.rs", "queue.recv()");
    assert_eq!(told["stall"]["kind"], "channel", "{told}");
    let waits = serde_json::json!({"cause": "mpsc recv", "place": place, "resource": null});
    assert_eq!(told["stall"]["tasks"][0]["waits"], waits, "{told}");
    assert!(stderr(&output).contains(&format!("waits for mpsc recv at {place}")), "{}", stderr(&output));
}

#[test]
fn what_a_stalled_task_waits_for_is_not_told_when_it_was_not_recorded() {
    let output = run(&["run", "deadlock", "-p", "order=crossed", "--detail", "polls", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&output.stdout).expect("one JSON value");
    assert_eq!(told["stall"]["kind"], "unknown");
    assert_eq!(told["stall"]["tasks"][1], serde_json::json!({"task": "task A", "holds": [], "waits": null}));
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
