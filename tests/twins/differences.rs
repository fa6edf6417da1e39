//! Where the lessons say that asyncio and Tokio differ: both sides, in figures.

use serde_json::Value as Json;

use super::python::{python_is_here, report_of_twin, twin};
use super::simulate::{Ended, simulate, values};
use super::{report, scenario};

/// The twin's report and the scenario's outcome, with the same parameters; `None` if no Python can run the twin.
fn both(id: &str, turned: &[(&str, &str)]) -> Option<[Json; 2]> {
    python_is_here().then(|| {
        let scenario = scenario(id);
        let args = turned.iter().map(|(name, value)| format!("{name}={value}"));
        [report_of_twin(scenario, args), report(scenario, values(scenario, turned), 0)]
    })
}

fn elapsed(reports: &[Json; 2]) -> [Option<f64>; 2] {
    reports.each_ref().map(|report| report["elapsed_ms"].as_f64())
}

fn figure(reports: &[Json; 2], at: usize) -> [Option<f64>; 2] {
    reports.each_ref().map(|report| report["outcome"][at]["value"].as_f64())
}

/// asyncio runs a task that yields once more before it wakes tasks whose timers are due.
#[test]
fn rounds_beside_computing_are_served_later_in_asyncio() {
    let Some(reports) = both("workers", &[]) else { return };
    assert_eq!(elapsed(&reports), [Some(4600.0), Some(4000.0)]);
    assert_eq!(reports[0]["checks"], reports[1]["checks"], "either way the check holds");
}

/// That order makes the ticks late in asyncio.
#[test]
fn a_tick_beside_a_task_that_yields_is_late_by_two_pieces_in_asyncio_and_by_none_here() {
    let Some(reports) = both("blocking", &[("variant", "yield")]) else { return };
    assert_eq!(figure(&reports, 0), [Some(100.0), Some(0.0)]);
    assert_eq!(reports[0]["checks"], reports[1]["checks"], "either way the check holds");
}

/// Tasks that yield come back in the same order in asyncio and in reverse in Tokio; asyncio has no budget.
#[test]
fn a_hog_that_yields_or_has_a_budget_is_met_twice_here_and_once_or_always_in_asyncio() {
    for (variant, there, here) in [("yield", 200.0, 400.0), ("budget", 3000.0, 400.0)] {
        let Some(reports) = both("fairness", &[("variant", variant)]) else { return };
        assert_eq!(figure(&reports, 1), [Some(there), Some(here)], "{variant}");
        assert_eq!(elapsed(&reports), [Some(3750.0); 2], "{variant}: the work is the same");
    }
}

/// In Tokio nobody polls the first request; in asyncio a task runs whether or not anything waits for it.
#[test]
fn a_request_that_nobody_polls_stalls_here_and_is_served_in_asyncio() {
    if !python_is_here() {
        return;
    }
    let futurelock = scenario("futurelock");
    let theirs = report_of_twin(futurelock, [""; 0]);
    assert_eq!(theirs["elapsed_ms"].as_f64(), Some(3000.0));
    assert_eq!(simulate(futurelock, values(futurelock, &[]), 0), Ended::Stalled);
}

/// A `sleep` of zero lets others run in asyncio and returns at once in Tokio.
#[test]
fn a_gap_of_nothing_loses_updates_in_asyncio_only() {
    let Some(reports) = both("lost-update", &[("gap", "0")]) else { return };
    assert_eq!(figure(&reports, 2), [Some(40.0), Some(0.0)]);
}

/// Without a consumer `send` fails in Tokio, while `put` and `join` wait for ever in asyncio.
#[test]
fn a_producer_without_consumers_ends_here_and_waits_for_ever_in_asyncio() {
    if !python_is_here() {
        return;
    }
    let queue = scenario("producer-consumer");
    let turned = [("end", "sentinel-each"), ("producers", "4"), ("late", "3000")];
    // Bounded, the late producer is stuck in `put`; unbounded, main is stuck in `join`.
    for capacity in ["3", "0"] {
        let turned = [&turned[..], &[("capacity", capacity)]].concat();
        let output = twin(queue, turned.iter().map(|(name, value)| format!("{name}={value}")));
        let stalled = String::from_utf8_lossy(&output.stderr).contains("nothing can ever run again");
        assert_eq!((output.status.code(), stalled), (Some(1), true), "capacity {capacity}");
        let Ended::Finished(outcome, _) = simulate(queue, values(queue, &turned), 0) else { panic!("stalled: {turned:?}") };
        assert!(outcome.value("consumed") < outcome.value("produced"), "{outcome:?}");
    }
}

/// A producer that comes just as there is room overtakes one that was woken for it: here, the late one with its items.
#[test]
fn a_blocked_producer_may_be_overtaken_in_asyncio() {
    let Some(reports) = both("producer-consumer", &[("end", "sentinel-each"), ("late", "700")]) else { return };
    assert_eq!(elapsed(&reports), [Some(3100.0), Some(3200.0)]);
    assert_eq!(reports[0]["checks"], reports[1]["checks"], "either way the checks hold");
}
