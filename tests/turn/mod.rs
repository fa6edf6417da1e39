//! Change a parameter and see: every frame while a key is held shows the true trace of some value.

mod held;

use std::collections::HashMap;
use std::time::Duration;

use crossterm::event::KeyCode;
use engine::{Phase, Run, Spec};
use held::{Entry, What, hold, semaphore};
use scenario::Value;
use trace::Trace;

/// The trace of a run by itself: its hash and its length in milliseconds.
fn fresh(spec: &Spec) -> (u64, u64) {
    let mut trace = Trace::default();
    let mut run = Run::start(spec).expect("it can be run");
    while run.phase() != Phase::Over {
        run.wait(Duration::from_secs(1));
        run.drain(&mut trace);
    }
    (trace.hash(), trace.end_ns / 1_000_000)
}

fn permits(spec: &Spec) -> u64 {
    spec.values.number(spec.scenario.param("permits").expect("it has permits"))
}

#[test]
fn a_held_key_shows_the_true_trace_of_each_value_that_it_shows() {
    let spec = |permits| semaphore(&[("permits", permits), ("jitter", 300)], 7);
    let truth: HashMap<u64, (u64, u64)> = (1..=20).map(|permits| (permits, fresh(&spec(permits)))).collect();
    let entries = hold(spec(1), &[KeyCode::Right; 19], Duration::from_millis(33));

    let mut shown = Vec::new();
    for entry in &entries {
        if let What::Over(spec, hash) = &entry.what {
            assert_eq!(*hash, truth[&permits(spec)].0, "permits {}", permits(spec));
            shown.push(permits(spec));
        }
    }
    assert!(shown.is_sorted(), "{shown:?}");
    assert_eq!(shown.last(), Some(&20), "the newest value is always shown at last");
    assert!(shown.len() > 5, "it is seen on the way: {shown:?}");

    // No frame shows an incomplete trace: its length matches one of the values.
    let lengths: Vec<String> =
        truth.values().map(|(_, ms)| format!("/ {:02}:{:02}.{:03} ", ms / 60_000, ms / 1_000 % 60, ms % 1_000)).collect();
    for entry in &entries {
        let What::Frame(screen) = &entry.what else { continue };
        let header = screen.lines().next().unwrap_or_default();
        assert!(lengths.iter().any(|length| header.contains(length)), "{header}");
        assert!(screen.contains("request 0"), "the lanes are never empty:\n{screen}");
    }
}

/// The cursor's lag behind the wall clock in each frame, in milliseconds, relative to an arbitrary moment.
fn lags(entries: &[Entry]) -> Vec<f64> {
    let start = entries[0].at;
    let cursor = |screen: &str| {
        let moment = screen.lines().next()?.split(" / ").next()?.split_whitespace().last()?.to_owned();
        let (minutes, seconds) = moment.split_once(':')?;
        Some((minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?) * 1e3)
    };
    let lag = |entry: &Entry| {
        let What::Frame(screen) = &entry.what else { return None };
        Some((entry.at - start).as_secs_f64() * 1e3 - cursor(screen)?)
    };
    entries.iter().filter_map(lag).collect()
}

#[test]
fn at_the_speed_of_time_the_cursor_keeps_time() {
    let seconds = watched_s();
    // Three at a time, half a second each, so the run outlasts the test.
    let requests = 12 * seconds.max(8);
    let lags = lags(&hold(semaphore(&[("requests", requests)], 0), &[KeyCode::Right], Duration::from_secs(seconds)));
    // A delayed frame says nothing about the cursor, so the smallest lags of each end are compared.
    let lowest = |lags: &[f64]| lags.iter().copied().fold(f64::INFINITY, f64::min);
    let (first, last) = (lowest(&lags[..lags.len() / 4]), lowest(&lags[lags.len() * 3 / 4..]));
    println!("drift over {seconds} s: {:.2} ms", last - first);
    assert!((last - first).abs() < 20.0, "{first} ms, then {last} ms");
}

/// How many seconds to watch. Three show a wrong rate; `just drift` watches for a minute.
fn watched_s() -> u64 {
    std::env::var("DRIFT_SECONDS").map_or(3, |seconds| seconds.parse().expect("DRIFT_SECONDS is a whole number"))
}

#[test]
fn keys_that_come_faster_than_runs_are_over_are_taken_together() {
    let spec = |permits| semaphore(&[("permits", permits), ("requests", 3_000)], 0);
    let entries = hold(spec(1), &[KeyCode::Right; 40], Duration::from_millis(2));
    let starts = entries.iter().filter(|entry| matches!(entry.what, What::Start)).count();
    assert!((1..40).contains(&starts), "{starts} runs for 40 keys");
    let last = entries.iter().rev().find_map(|entry| match &entry.what {
        What::Over(spec, hash) => Some((permits(spec), *hash)),
        _ => None,
    });
    // The steps grow with the value.
    let param = scenarios::semaphore::SCENARIO.param("permits").expect("it has permits");
    let value = (0..40).fold(Value::Number(1), |value, _| param.step(value, 1));
    let Value::Number(value) = value else { unreachable!("permits are a number") };
    assert_eq!(last, Some((value, fresh(&spec(value)).0)));
}
