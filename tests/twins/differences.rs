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

/// All figures of a report.
fn values_of(report: &Json) -> Vec<Option<f64>> {
    report["outcome"].as_array().into_iter().flatten().map(|figure| figure["value"].as_f64()).collect()
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

    let Some(reports) = both("workers", &[("mix", "20"), ("tasks", "10")]) else { return };
    assert_eq!(elapsed(&reports), [Some(2600.0), Some(2000.0)]);
    assert_eq!(figure(&reports, 3), elapsed(&reports), "each predicts its own");
    assert_eq!(reports[0]["checks"], reports[1]["checks"], "either way the check holds");
}

/// One thread is what asyncio always has. It differs from `current_thread` only in that order.
#[test]
fn the_runtime_of_one_thread_is_like_asyncio_but_for_the_round() {
    for (mix, total) in [("50", [4600.0, 4000.0]), ("0", [1000.0; 2]), ("100", [8000.0; 2])] {
        let Some(reports) = both("workers", &[("flavor", "current_thread"), ("mix", mix)]) else { return };
        assert_eq!(elapsed(&reports), total.map(Some), "mix {mix}");
        let checks = reports[0]["checks"].as_array().map(Vec::len);
        assert_eq!((checks, &reports[0]["checks"]), (Some(3), &reports[1]["checks"]), "mix {mix}: the checks hold on both");
    }
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

/// A call or work of no time is such a `sleep`: others come in between in asyncio.
#[test]
fn work_of_no_time_overlaps_in_asyncio_only() {
    for (id, turned, at, there) in [
        ("lock-contention", [("hold", "0"), ("lock", "atomic")], 1, 5.0),
        ("semaphore", [("latency", "0"), ("permits", "7")], 1, 7.0),
    ] {
        let Some(reports) = both(id, &turned) else { return };
        assert_eq!(figure(&reports, at), [Some(there), Some(1.0)], "{id}");
        assert_eq!(reports[0]["checks"], reports[1]["checks"], "{id}: either way the checks hold");
    }
}

/// asyncio sets the timer of the deadline before that of the work; Tokio polls the work before it looks at the deadline.
#[test]
fn work_that_needs_exactly_its_deadline_times_out_in_asyncio_only() {
    for variant in ["both", "async", "uncaught"] {
        let Some(reports) = both("timeout", &[("variant", variant), ("work", "1000")]) else { return };
        assert_eq!(figure(&reports, 0), [Some(1.0), Some(0.0)], "{variant}");
        assert_eq!(reports[0]["checks"][0], reports[1]["checks"][0], "{variant}: either way the check holds");
    }
}

/// A worker that asks just then takes the item that was meant for an idle one in asyncio, so the idle one stays idle. In Tokio
/// the two take turns.
#[test]
fn workers_of_a_stage_take_turns_here_and_not_in_asyncio() {
    let turned = [("second_workers", "5"), ("second_time", "100"), ("third_workers", "2"), ("buffer", "5")];
    let Some(reports) = both("pipeline", &turned) else { return };
    assert_eq!(reports[0]["outcome"][5]["name"], "stage 3 starved");
    assert_eq!(figure(&reports, 5), [Some(150.0), Some(1000.0)]);
    assert_eq!(elapsed(&reports), [Some(900.0); 2], "the pace is the same");
}

/// A reader and a writer ask at 618 ms. And a read that takes no time is a `sleep` of zero.
#[test]
fn readers_and_writers_who_ask_at_the_same_time_may_get_in_in_another_order() {
    if !python_is_here() {
        return;
    }
    let rwlock = scenario("rwlock");
    for (turned, seed, at, both) in [
        (&[("readers", "19"), ("read", "686"), ("read_share", "78")][..], 5, 2, [1630.0, 1489.0]),
        (&[("readers", "9"), ("read", "0"), ("writers", "0")][..], 6, 0, [9.0, 1.0]),
    ] {
        let args = turned.iter().map(|(name, value)| format!("{name}={value}")).chain([format!("seed={seed}")]);
        let reports = [report_of_twin(rwlock, args), report(rwlock, values(rwlock, turned), seed)];
        assert_eq!(figure(&reports, at), both.map(Some), "{turned:?}");
        assert_eq!(reports[0]["checks"], reports[1]["checks"], "either way the checks hold");
    }
}

/// A scope is cancelled while it opens. In asyncio nothing was opened, so there is nothing to close.
#[test]
fn a_scope_that_is_cancelled_while_it_opens_stops_there_in_asyncio_only() {
    let turned = [("variant", "scope"), ("open", "795"), ("cancel_after", "395"), ("close", "0")];
    let Some(reports) = both("resource", &turned) else { return };
    assert_eq!(figure(&reports, 0), [Some(0.0), Some(6.0)], "opened");
    assert_eq!(reports[0]["checks"], reports[1]["checks"], "either way all that was opened is closed");
}

/// A fork that is put back in the millisecond in which another philosopher reaches for it.
#[test]
fn philosophers_who_reach_for_a_fork_at_the_same_time_may_get_it_in_another_order() {
    let turned = [("n", "3"), ("eat", "350"), ("think", "0"), ("jitter", "777"), ("strategy", "ordered")];
    let Some(reports) = both("philosophers", &turned) else { return };
    assert_eq!(elapsed(&reports), [Some(3836.0), Some(3681.0)]);
    assert_eq!(reports[0]["checks"], reports[1]["checks"], "either way everybody is fed");
}

/// The last job is done in the millisecond in which the grace period ends.
#[test]
fn a_job_that_is_done_as_the_grace_period_ends_is_lost_in_asyncio_only() {
    let Some(reports) = both("shutdown", &[("grace", "1559")]) else { return };
    assert_eq!(figure(&reports, 3), [Some(1.0), Some(0.0)]);
    assert_eq!(reports[0]["checks"], reports[1]["checks"], "either way it is reported");
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

/// A fetch that ends when another client asks, and a job that comes with a probe: which is first differs, and one
/// millisecond later nothing does.
#[test]
fn what_comes_in_the_same_millisecond_may_come_first_in_one_and_last_in_the_other() {
    let cache = |fetch| [("clients", "23"), ("keys", "5"), ("fetch", fetch), ("seconds", "10"), ("clear_at", "384")];
    let shutdown = |look| [("job_min", "1"), ("job_max", "3188"), ("health_every", look), ("signal_at", "734")];
    for (ms, differs) in [("149", true), ("150", false)] {
        let Some([asyncio, tokio]) = both("cache", &cache(ms)) else { return };
        assert_eq!(values_of(&asyncio) != values_of(&tokio), differs, "a fetch of {ms} ms");
        assert_eq!(asyncio["checks"], tokio["checks"], "either way the checks say the same");
    }
    for (ms, differs) in [("468", true), ("469", false)] {
        let Some([asyncio, tokio]) = both("shutdown", &shutdown(ms)) else { return };
        assert_eq!(values_of(&asyncio) != values_of(&tokio), differs, "a probe every {ms} ms");
        assert_eq!(asyncio["checks"], tokio["checks"], "either way the checks say the same");
    }
}
