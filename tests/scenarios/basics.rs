//! The claims of the lessons on tasks, limits and cleanup, over more settings than their own tests have.

use scenario::Clock;

use super::simulate::values;
use super::{finish, finish_well, scenario};

#[test]
fn the_same_seed_gives_the_same_outcome_and_another_one_another() {
    for (id, figure) in [("gather", "one after the other"), ("semaphore", "total")] {
        let with = |seed| finish(id, &[("jitter", "299")], seed);
        assert_eq!(with(7), with(7), "{id}");
        assert_ne!(with(7).0.value(figure), with(8).0.value(figure), "{id}");
    }
}

#[test]
fn gather_takes_as_long_as_the_slowest_and_not_as_the_sum() {
    for (turned, total) in [
        (&[] as &[(&str, &str)], 2000.0),
        (&[("straggler", "4000")], 4000.0),
        (&[("straggler", "0"), ("jitter", "0")], 500.0),
        (&[("straggler", "100"), ("jitter", "0")], 500.0),
        (&[("tasks", "1")], 2000.0),
    ] {
        assert_eq!(finish("gather", turned, 0).0.value("total"), Some(total), "{turned:?}");
    }
}

#[test]
fn a_cancelled_worker_loses_what_it_holds_unless_it_is_asked_or_shielded() {
    for (cancel_after, variant, lost, total) in [
        ("3000", "drop", 0.0, 6000.0),
        ("3001", "drop", 1.0, 6001.0),
        ("3499", "drop", 1.0, 6499.0),
        ("3501", "drop", 0.0, 6501.0),
        ("3000", "token", 0.0, 6000.0),
        ("3001", "token", 0.0, 6500.0),
        ("3001", "shielded", 0.0, 6500.0),
    ] {
        let (outcome, _) = finish("cancellation", &[("cancel_after", cancel_after), ("variant", variant)], 0);
        assert_eq!((outcome.value("lost"), outcome.value("total")), (Some(lost), Some(total)), "{variant} at {cancel_after}");
        assert_eq!(outcome.holds(), lost < 1.0, "{variant} at {cancel_after}: a lost item breaks the check");
    }
}

#[test]
fn a_semaphore_never_lets_more_in_than_it_has_permits_for() {
    for (permits, each, peak, total) in [
        ("3", "1", 3.0, 3500.0),
        ("5", "1", 5.0, 2000.0),
        ("3", "2", 1.0, 10_000.0),
        ("4", "2", 2.0, 5000.0),
        ("3", "3", 1.0, 10_000.0),
    ] {
        let (outcome, _) = finish("semaphore", &[("permits", permits), ("permits_each", each)], 0);
        let figures = (outcome.value("peak in flight"), outcome.value("total"), outcome.value("completed"));
        assert_eq!(figures, (Some(peak), Some(total), Some(20.0)), "{permits} permits, {each} each");
    }
}

#[test]
fn more_permits_than_there_are_can_not_be_asked_for() {
    let semaphore = scenario("semaphore");
    let error = (semaphore.refuse)(&values(semaphore, &[("permits_each", "4")]), Clock::Virtual).unwrap_err();
    assert_eq!(error.to_string(), "permits_each: 4 is more than the 3 permits of the semaphore: at most 3");
}

#[test]
fn a_hundred_thousand_requests_are_just_tasks() {
    let (outcome, _) = finish("semaphore", &[("requests", "100000"), ("permits", "1000"), ("latency", "1")], 0);
    assert_eq!(outcome.value("completed"), Some(1e5));
}

#[test]
fn a_signal_is_refused_where_time_jumps() {
    let shutdown = scenario("shutdown");
    let signal = values(shutdown, &[("trigger", "sigterm")]);
    let error = (shutdown.refuse)(&signal, Clock::Virtual).unwrap_err();
    assert!(error.to_string().starts_with("trigger: sigterm needs the real clock"), "{error}");
    assert_eq!((shutdown.refuse)(&signal, Clock::Real), Ok(()));
}

#[test]
fn a_shutdown_loses_nothing_without_a_word_and_ends_in_time() {
    for seed in 0..20 {
        for grace in ["0", "1", "500", "1000", "20000"] {
            let outcome = finish_well("shutdown", &[("grace", grace)], seed);
            let lost = outcome.value("reported lost");
            // In between it depends on the jobs that the seed draws.
            match grace {
                "0" | "1" => assert!(lost > Some(0.0), "grace {grace}, seed {seed}: {outcome:?}"),
                "20000" => assert_eq!(lost, Some(0.0), "seed {seed}: {outcome:?}"),
                _ => {}
            }
        }
    }
}

#[test]
fn only_a_guard_or_a_scope_closes_what_was_cut() {
    for cancel_after in ["0", "1", "99", "150", "301", "399", "400", "5000"] {
        for (fail, variant) in [("0", "guard"), ("6", "guard"), ("0", "scope"), ("6", "scope")] {
            let turned = [("cancel_after", cancel_after), ("fail", fail), ("variant", variant)];
            finish_well("resource", &turned, 0);
        }
    }
    for (cancel_after, left) in [("0", 0.0), ("99", 0.0), ("101", 6.0), ("399", 6.0), ("401", 0.0)] {
        let (outcome, _) = finish("resource", &[("cancel_after", cancel_after)], 0);
        assert_eq!(outcome.value("left open"), Some(left), "cut after {cancel_after} ms");
    }
}

#[test]
fn jitter_dissolves_the_waves_of_retries_whatever_the_seed() {
    for seed in 0..20 {
        let most = |jitter| {
            let outcome = finish_well("retry", &[("jitter", jitter), ("fail_rate", "100"), ("clients", "100")], seed);
            outcome.value("most retries within 100 ms").expect("the figure")
        };
        assert!(most("none") > 99.0, "seed {seed}");
        assert!(most("full") < 50.0 && most("equal") < 50.0, "seed {seed}: {} {}", most("full"), most("equal"));
    }
}

#[test]
fn a_breaker_saves_calls_whatever_the_rate_and_the_threshold() {
    for (threshold, rate) in [("1", "20"), ("5", "100"), ("3", "7"), ("1", "100")] {
        let turned = [("threshold", threshold), ("rate", rate), ("calls", "1000"), ("other_errors", "20")];
        let outcome = finish_well("circuit-breaker", &turned, 3);
        let figure = |name| outcome.value(name).expect("the figure");
        assert!(figure("refused") > 0.0 && figure("opened") > 0.0, "{turned:?}: {outcome:?}");
        let calls = figure("answered") + figure("failed") + figure("other errors") + figure("refused");
        assert_eq!(Some(calls), Some(1000.0), "{turned:?}: every call ends in one way");
    }
}
