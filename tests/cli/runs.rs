//! `run`: its facts, text and clocks, and how it is interrupted.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{ending_well, json, place_of, program, run, stderr, stdout};

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

/// A scenario that ends well, run without waits: resolving their lines takes wall time that is not the run's.
struct WithoutWaits {
    id: &'static str,
    args: Vec<String>,
    told: Value,
    took: Duration,
}

/// All of them. Two tests look at them.
static WITHOUT_WAITS: LazyLock<Vec<WithoutWaits>> = LazyLock::new(|| {
    let timed = |(id, args): (&'static str, Vec<String>)| {
        let started = Instant::now();
        let told = json(&[&args[..], &["--detail", "polls", "--json"].map(str::to_owned)].concat());
        WithoutWaits { id, args, told, took: started.elapsed() }
    };
    ending_well().map(timed).collect()
});

#[test]
fn detail_decides_what_is_recorded_and_not_what_happens() {
    for WithoutWaits { id, args, told: polls, .. } in &*WITHOUT_WAITS {
        let waits = json(&[&args[..], &["--detail", "waits", "--json"].map(str::to_owned)].concat());
        assert_eq!(waits["trace_hash"], polls["trace_hash"], "{id}");
        assert!(waits["wake_hash"].as_str().is_some_and(|hash| hash.len() == 16) && polls["wake_hash"].is_null(), "{id}");
        assert_eq!(polls["waits"], serde_json::json!([]), "{id}");
        assert!(waits["waits"].as_array().is_some_and(|waits| !waits.is_empty()), "{id}");
    }
}

#[test]
fn waits_are_recorded_by_default() {
    assert_eq!(json(&["run", "semaphore", "--json"]), json(&["run", "semaphore", "--detail", "waits", "--json"]));
}

#[test]
fn every_scenario_ends_well_on_the_virtual_clock() {
    let (mut wall, mut virtual_time) = (Duration::ZERO, Duration::ZERO);
    for WithoutWaits { id, told, took, .. } in &*WITHOUT_WAITS {
        assert_eq!(told["polls"]["recorded"], told["polls"]["runtime"], "{id}");
        wall += *took;
        virtual_time += Duration::from_secs_f64(told["elapsed_ms"].as_f64().unwrap_or(0.0) / 1e3);
    }
    assert!(wall < virtual_time, "some were paced: {wall:?} for {virtual_time:?}");
}

#[test]
fn the_text_has_outcome_checks_and_timeline() {
    let output = run(&["run", "gather", "--seed", "7"]);
    let text = stdout(&output);
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()), "{text}");
    assert!(text.contains("\nasync-playground run gather --seed 7\n"), "{text}");
    for part in
        ["finished at 2 s", "  ✓ ", "tasks ", "polls ", "events ", "\nwaits by place\n", " scenarios/gather.rs:", "\nmain "]
    {
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

/// The flavor is a parameter of the scenario. The run gets the runtime that it asks for.
#[test]
fn the_flavor_of_a_runtime_decides_its_workers() {
    let words = "run workers -p tasks=2 -p mix=0 -p wait=10 --clock real --json";
    // A busy machine may break the check of the total, and with it the exit code.
    let told = |more: &str| -> Value {
        let output = run(&words.split(' ').chain(more.split(' ')).collect::<Vec<_>>());
        serde_json::from_slice(&output.stdout).expect("one JSON value")
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(64);
    for (more, workers) in [
        ("-p flavor=multi_thread", cores),
        ("-p flavor=multi_thread --workers 3", 3),
        ("-p flavor=current_thread --workers 3", 0),
        ("--workers 3", 3),
    ] {
        let told = told(more);
        assert_eq!(told["workers"], workers, "{more}");
        let of_the_flavor = &told["checks"][2];
        assert_eq!(of_the_flavor["holds"] == true, more.contains("flavor"), "{more}: {of_the_flavor}");
    }
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
fn a_console_that_strangers_can_reach_gets_a_warning_before_it_listens() {
    let told = |flag: &str| stderr(&run(&["run", "gather", flag, "--json"]));
    let open = told("--console=0.0.0.0:0");
    let [warned, served] = &*open.lines().collect::<Vec<_>>() else { panic!("{open}") };
    assert_eq!(*warned, "warning: --console: anyone on the network can watch this run at 0.0.0.0:0");
    assert!(served.contains("can attach to http://0.0.0.0:"), "{open}");
    let own = told("--console=127.0.0.1:0");
    assert!(own.lines().count() == 1 && !own.contains("warning"), "{own}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_exits_130() {
    let args = ["run", "semaphore", "--console=127.0.0.1:0", "--speed", "0.01", "--json"];
    let mut child = program(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let mut errors = BufReader::new(child.stderr.take().expect("piped"));
    // The program prints the address before the run starts, and installs the handler before that.
    let mut line = String::new();
    errors.read_line(&mut line).expect("UTF-8");
    assert!(line.contains("127.0.0.1:"), "{line}");
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(killed.success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(stdout(&output), "");
}
