//! `run` of scenarios that stall: the exit code, the error line, and the reason in the JSON.

use std::time::Instant;

use scenario::testing::in_a_calm_moment;
use serde_json::Value;

use super::{json, place_of, run, stderr, stdout};

#[test]
fn a_deadlock_stalls_and_exits_1_at_once_and_one_order_ends() {
    let timed = |order: &str| {
        let started = Instant::now();
        let output = run(&["run", "deadlock", "-p", order, "--json"]);
        (started.elapsed(), output)
    };
    // The fastest of a few: a busy machine only adds time.
    let fastest = |order: &str| (0..3).map(|_| timed(order)).min_by_key(|(took, _)| *took).expect("three runs");
    let output = in_a_calm_moment(|| {
        let ((ends_after, _), (took, output)) = (fastest("order=same"), fastest("order=crossed"));
        assert!(took < 3 * ends_after, "to stall takes no longer than to end: {took:?}, and {ends_after:?}");
        output
    });
    assert_eq!(output.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&output.stdout).expect("one JSON value");
    assert_eq!(told["elapsed_ms"], 978.0, "as the lesson says");
    assert_circle(&told);
    let line = stderr(&output);
    assert_eq!(line.lines().count(), 1, "{line}");
    for part in ["deadlock: stalled", "task A holds mutex accounts[0]", "task B holds mutex accounts[1]", &second_lock()] {
        assert!(line.contains(part), "{part:?}: {line}");
    }
    let text = stdout(&run(&["run", "deadlock", "-p", "order=crossed"]));
    assert!(text.contains("task A holds mutex accounts[0]") && text.contains(&second_lock()), "{text}");
    assert_eq!(json(&["run", "deadlock", "-p", "order=same", "--json"])["stall"], Value::Null);
}

/// Where a task of `deadlock` waits for its second lock.
fn second_lock() -> String {
    place_of("scenarios/deadlock.rs", "bank.accounts[self.second].lock()")
}

/// The stall of crossed orders: A and B each hold their first lock and wait for their second.
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
        assert!(task["holds"][0]["resource"].as_str().is_some_and(|name| name.starts_with("mutex ")), "{task}");
        assert_eq!(task["waits"]["cause"], "mutex", "{task}");
        assert_eq!(task["waits"]["place"], second_lock(), "{task}");
        assert!(task["waits"]["resource"].is_string(), "{task}");
    }
}

#[test]
fn on_the_real_clock_a_deadlock_is_called_one_after_the_quiet_time_that_is_asked_for() {
    // With such a long gap between the two locks the tasks meet in their first round, however late one of them is.
    let crossed = ["run", "deadlock", "-p", "order=crossed", "-p", "gap=2000"];
    let args = [&crossed[..], &["--clock", "real", "--stall-after", "300", "--json"]].concat();
    let output = run(&args);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let told: Value = serde_json::from_slice(&output.stdout).expect("one JSON value");
    assert_circle(&told);
    let elapsed_ms = told["elapsed_ms"].as_f64().unwrap_or(0.0);
    assert!(elapsed_ms >= 2_300.0, "the gap and the quiet time took {elapsed_ms} ms");
}

#[test]
fn a_receiver_that_nobody_will_serve_is_told_as_a_channel() {
    let output = run(&["run", "producer-consumer", "-p", "end=sentinel", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&output.stdout).expect("one JSON value");
    let place = place_of("scenarios/producer_consumer.rs", "queue.recv()");
    assert_eq!(told["stall"]["kind"], "channel", "{told}");
    let waits = serde_json::json!({"cause": "mpsc recv", "place": place, "resource": null});
    assert_eq!(told["stall"]["tasks"][0]["task"], "main", "{told}");
    assert_eq!(told["stall"]["tasks"][1]["waits"], waits, "{told}");
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
