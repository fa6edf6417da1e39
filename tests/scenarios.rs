//! The scenarios by themselves: declarations, defaults, every variant, both clocks.

mod simulate;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use scenarios::scenario::Measure;
use scenarios::{CATALOGUE, Clock, Context, How, Kind, Outcome, Scenario, Value, Values, find};
use simulate::{Ended, simulate, values};

/// Scenarios that keep a processor busy: how long they take depends on how many workers there are.
const COMPUTE: &[&str] = &["blocking", "workers"];

/// The checks that may fail at these settings, and nowhere else.
fn may_break(scenario: &Scenario, values: &Values) -> Vec<&'static str> {
    let breaks = scenario.breaks.iter().filter(|breaks| breaks.may_be_at(values));
    let checks = breaks.map(|breaks| match breaks.how {
        How::Checks(checks) => checks,
        How::Stalls => &[],
    });
    checks.flatten().copied().collect()
}

fn scenario(id: &str) -> &'static Scenario {
    find(id).unwrap_or_else(|| panic!("there is no scenario {id}"))
}

fn finish(id: &str, turned: &[(&str, &str)], seed: u64) -> (Outcome, Duration) {
    let scenario = scenario(id);
    match simulate(scenario, values(scenario, turned), seed) {
        Ended::Finished(outcome, elapsed) => (outcome, elapsed),
        Ended::Stalled => panic!("{id} {turned:?} stalled"),
    }
}

/// The names of the checks that did not hold.
fn broken(outcome: &Outcome) -> Vec<&str> {
    outcome.checks.iter().filter(|check| !check.holds).map(|check| check.name.as_str()).collect()
}

/// Whether these parameters may end in a stall.
fn may_stall(scenario: &Scenario, values: &Values) -> bool {
    scenario.breaks.iter().any(|breaks| breaks.how == How::Stalls && breaks.may_be_at(values))
}

/// Whether every check holds, but for one that these parameters may break.
fn holds_or_breaks_as_documented(scenario: &Scenario, values: &Values, outcome: &Outcome) -> bool {
    broken(outcome).into_iter().all(|check| may_break(scenario, values).contains(&check))
}

/// The scenarios that end, with their defaults: not the one that is about a stall.
fn ending() -> impl Iterator<Item = (&'static Scenario, Values)> {
    let with_defaults = CATALOGUE.iter().map(|scenario| (scenario, Values::defaults(scenario.params)));
    with_defaults.filter(|(scenario, values)| !may_stall(scenario, values))
}

#[test]
fn the_catalogue_is_in_teaching_order() {
    let ids: Vec<_> = CATALOGUE.iter().map(|scenario| scenario.id).collect();
    assert_eq!(
        ids,
        [
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
            "cache"
        ]
    );
    assert!(CATALOGUE.is_sorted_by_key(|scenario| scenario.group), "the groups stand together");
}

#[test]
fn every_parameter_says_what_it_is_and_starts_within_its_range() {
    for scenario in CATALOGUE {
        let mut names = HashSet::new();
        for param in scenario.params {
            let what = format!("{} {}", scenario.id, param.name);
            assert!(names.insert(param.name), "{what}: declared twice");
            assert!(param.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{what}: the name is snake_case");
            assert!(param.help.ends_with('.') && param.help.len() > 15, "{what}: the help is a sentence");
            assert_eq!(param.parse(&param.default().to_string()), Ok(param.default()), "{what}: the default can be typed");
            match param.kind {
                Kind::Number { unit, .. } => assert!(!unit.is_empty(), "{what}: the unit"),
                Kind::Choice(choices) => assert_eq!(HashSet::<_>::from_iter(choices).len(), choices.len(), "{what}"),
            }
        }
        assert_eq!((scenario.refuse)(&Values::defaults(scenario.params), Clock::Virtual), Ok(()), "{}", scenario.id);
    }
}

#[test]
fn every_scenario_has_its_lesson_its_source_and_its_twin() {
    for scenario in CATALOGUE {
        let file = scenario.id.replace('-', "_");
        assert_eq!(scenario.path, format!("scenarios/{file}.rs"));
        let text = scenario.text();
        assert!(text.starts_with(&format!("# {}: ", scenario.title)), "{}: the lesson begins with the title", scenario.id);
        for part in ["**What you see.**", "**Why.**", "**Try.**", "**Pitfall.**", "**Words.** asyncio: ", "Tokio:"] {
            assert!(text.contains(part), "{}: the lesson has no {part}", scenario.id);
        }
        let main = format!("main(\"{}\", PARAMS, run", scenario.id);
        assert!(scenario.twin.contains(&main), "{}: the twin runs under the same name", scenario.id);
        assert!(!scenario.lesson.is_empty() && !scenario.patterns.is_empty(), "{}", scenario.id);
    }
}

#[test]
fn at_the_defaults_every_check_holds_or_shows_the_fault_and_the_run_is_short() {
    for (scenario, defaults) in ending() {
        let (outcome, elapsed) = finish(scenario.id, &[], 0);
        let documented = holds_or_breaks_as_documented(scenario, &defaults, &outcome);
        assert!(documented, "{}: {:?}", scenario.id, broken(&outcome));
        assert!(!outcome.checks.is_empty(), "{}", scenario.id);
        assert!(elapsed < Duration::from_secs(8), "{}: {elapsed:?}", scenario.id);
        assert_eq!(outcome.value("total"), Some(elapsed.measure()), "{}", scenario.id);
    }
}

#[test]
fn the_same_seed_gives_the_same_outcome_and_another_one_another() {
    for (id, figure) in [("gather", "one after the other"), ("semaphore", "total")] {
        let with = |seed| finish(id, &[("jitter", "299")], seed);
        assert_eq!(with(7), with(7), "{id}");
        assert_ne!(with(7).0.value(figure), with(8).0.value(figure), "{id}");
    }
}

/// Every combination of choices, with each number at its smallest, its default, and, if there are few, something odd.
#[test]
fn every_variant_is_refused_or_ends_or_is_the_stall_that_is_documented() {
    for scenario in CATALOGUE {
        for values in variants(scenario) {
            if (scenario.refuse)(&values, Clock::Virtual).is_err() {
                continue;
            }
            let what: Vec<_> = values.iter().map(|(param, value)| format!("{}={value}", param.name)).collect();
            match simulate(scenario, values.clone(), 3) {
                Ended::Stalled => assert!(may_stall(scenario, &values), "{} {what:?} stalled", scenario.id),
                Ended::Finished(outcome, _) => {
                    let documented = holds_or_breaks_as_documented(scenario, &values, &outcome);
                    assert!(documented, "{} {what:?}: {:?}", scenario.id, broken(&outcome));
                }
            }
        }
    }
}

fn variants(scenario: &Scenario) -> Vec<Values> {
    // Three values for each of many parameters would be thousands of runs.
    let few = scenario.params.len() <= 6;
    let mut all = vec![Values::defaults(scenario.params)];
    for param in scenario.params {
        let turns = match param.kind {
            Kind::Choice(choices) => choices.iter().copied().map(Value::Choice).collect::<Vec<_>>(),
            Kind::Number { default, min, max, .. } => {
                let odd = few.then_some(7_u64.clamp(min, max));
                [min, default].into_iter().chain(odd).map(Value::Number).collect()
            }
        };
        all = all
            .iter()
            .flat_map(|values| {
                turns.iter().map(|turn| {
                    let mut turned = values.clone();
                    turned.set(param, *turn);
                    turned
                })
            })
            .collect();
    }
    all
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
        ("3000", "drop", 0.0, 3300.0),
        ("3001", "drop", 1.0, 3301.0),
        ("3499", "drop", 1.0, 3799.0),
        ("3501", "drop", 0.0, 3801.0),
        ("3000", "token", 0.0, 3300.0),
        ("3001", "token", 0.0, 3800.0),
        ("3001", "shielded", 0.0, 3800.0),
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
    assert_eq!(error.to_string(), "permits_each: 4 permits each can never be had of 3: at most 3");
}

#[test]
fn a_std_mutex_across_an_await_is_refused_and_the_reason_is_the_lesson() {
    let lock = scenario("lock-contention");
    for clock in [Clock::Virtual, Clock::Real] {
        let error = (lock.refuse)(&values(lock, &[("mutex", "std")]), clock).unwrap_err();
        assert_eq!(error.param, "mutex");
        assert!(error.reason.contains("not Send"), "{}", error.reason);
    }
    assert_eq!((lock.refuse)(&values(lock, &[("mutex", "std"), ("lock", "short")]), Clock::Virtual), Ok(()));
}

#[test]
fn a_lock_held_at_work_leaves_concurrency_one() {
    for (lock, peak, total) in [("across-await", 1.0, 2500.0), ("short", 5.0, 500.0), ("atomic", 5.0, 500.0)] {
        let (outcome, _) = finish("lock-contention", &[("lock", lock)], 0);
        let figures = (outcome.value("most at work at once"), outcome.value("total"), outcome.value("counter"));
        assert_eq!(figures, (Some(peak), Some(total), Some(50.0)), "{lock}");
    }
}

#[test]
fn an_await_between_read_and_write_loses_updates_unless_a_lock_spans_it() {
    for (variant, workers, number, total) in
        [("none", "5", 10.0, 2000.0), ("none", "1", 10.0, 2000.0), ("lock", "5", 50.0, 10_000.0), ("atomic", "5", 50.0, 2000.0)]
    {
        let (outcome, _) = finish("lost-update", &[("variant", variant), ("workers", workers)], 0);
        assert_eq!((outcome.value("number"), outcome.value("total")), (Some(number), Some(total)), "{variant}");
        let lost = (variant, workers) == ("none", "5");
        assert_eq!(broken(&outcome), Vec::from_iter(lost.then_some("no update is lost")), "{variant}, {workers} workers");
    }
}

#[test]
fn sentinels_for_producers_leave_consumers_waiting_when_there_are_more_of_them() {
    for (producers, consumers, stalls) in [("2", "3", true), ("1", "2", true), ("2", "2", false), ("3", "1", false)] {
        let turned = [("producers", producers), ("consumers", consumers), ("capacity", "1"), ("end", "sentinel")];
        let scenario = scenario("producer-consumer");
        let ended = simulate(scenario, values(scenario, &turned), 0);
        assert_eq!(ended == Ended::Stalled, stalls, "{producers} producers, {consumers} consumers");
    }
}

#[test]
fn crossed_locks_deadlock_with_some_seeds_and_the_lesson_counts_them() {
    let deadlock = scenario("deadlock");
    for (gap, tasks, ends) in [("50", "2", 78), ("10", "2", 164), ("400", "2", 0), ("50", "5", 199)] {
        let ended = |order, acquire| {
            let turned = [("gap", gap), ("tasks", tasks), ("order", order), ("acquire", acquire)];
            (0..200).filter(|seed| simulate(deadlock, values(deadlock, &turned), *seed) != Ended::Stalled).count()
        };
        assert_eq!(ended("crossed", "lock"), ends, "crossed, gap {gap}, {tasks} tasks");
        assert_eq!(ended("same", "lock"), 200, "same, gap {gap}, {tasks} tasks");
        assert_eq!(ended("crossed", "try_lock+backoff"), 200, "backing off, gap {gap}, {tasks} tasks");
    }
}

#[test]
fn a_ring_of_any_length_ends_when_it_backs_off() {
    for tasks in ["2", "3", "7", "26"] {
        for gap in ["0", "1", "400", "2000"] {
            for seed in 0..20 {
                let turned = [("gap", gap), ("tasks", tasks), ("order", "crossed"), ("acquire", "try_lock+backoff")];
                let (outcome, _) = finish("deadlock", &turned, seed);
                assert_eq!(broken(&outcome), [""; 0], "{tasks} tasks, gap {gap}, seed {seed}");
            }
        }
    }
}

#[test]
fn left_fork_first_ends_in_a_ring_with_some_seeds_and_the_lesson_counts_them() {
    let philosophers = scenario("philosophers");
    for (n, jitter, ends) in [("5", "50", 141), ("2", "50", 67), ("5", "0", 0), ("5", "400", 200)] {
        let ended = |strategy| {
            let turned = [("n", n), ("jitter", jitter), ("strategy", strategy)];
            let ended = |seed: &u64| match simulate(philosophers, values(philosophers, &turned), *seed) {
                Ended::Stalled => false,
                Ended::Finished(outcome, _) => {
                    assert_eq!(broken(&outcome), [""; 0], "{turned:?}, seed {seed}");
                    true
                }
            };
            (0..200).filter(ended).count()
        };
        assert_eq!(ended("naive"), ends, "naive, {n} with jitter {jitter}");
        for strategy in ["ordered", "waiter", "try"] {
            assert_eq!(ended(strategy), 200, "{strategy}, {n} with jitter {jitter}");
        }
    }
}

#[test]
fn a_write_is_a_wall_and_no_writer_starves() {
    for seed in 0..50 {
        for read_share in ["1", "50", "80", "100"] {
            let (outcome, _) = finish("rwlock", &[("read_share", read_share), ("writers", "3")], seed);
            assert_eq!(broken(&outcome), [""; 0], "{read_share} %, seed {seed}: {outcome:?}");
        }
    }
    for (write, total) in [("300", 4597.0), ("600", 6397.0)] {
        assert_eq!(finish("rwlock", &[("write", write)], 0).0.value("total"), Some(total), "{write} ms");
    }
}

#[test]
fn jitter_dissolves_the_waves_of_retries_whatever_the_seed() {
    for seed in 0..20 {
        let most = |jitter| {
            let (outcome, _) = finish("retry", &[("jitter", jitter), ("fail_rate", "100"), ("clients", "100")], seed);
            assert_eq!(broken(&outcome), [""; 0], "{jitter}, seed {seed}");
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
        let (outcome, _) = finish("circuit-breaker", &turned, 3);
        let figure = |name| outcome.value(name).expect("the figure");
        assert_eq!(broken(&outcome), [""; 0], "{turned:?}");
        assert!(figure("refused") > 0.0 && figure("opened") > 0.0, "{turned:?}: {outcome:?}");
        let calls = figure("answered") + figure("failed") + figure("other errors") + figure("refused");
        assert_eq!(Some(calls), Some(1000.0), "{turned:?}: every call ends in one way");
    }
}

#[test]
fn an_unbounded_queue_breaks_its_check_only_when_more_comes_in_than_goes_out() {
    for (variant, consume, holds) in [
        ("unbounded", "20", false),
        ("unbounded", "195", false),
        ("unbounded", "200", true),
        ("bounded", "20", true),
        ("drop-oldest", "20", true),
    ] {
        let (outcome, _) = finish("unbounded", &[("variant", variant), ("consume", consume)], 0);
        assert_eq!(outcome.holds(), holds, "{variant}, {consume} a second");
    }
}

#[test]
fn a_hundred_thousand_requests_are_just_tasks() {
    let (outcome, _) = finish("semaphore", &[("requests", "100000"), ("permits", "1000"), ("latency", "1")], 0);
    assert_eq!(outcome.value("completed"), Some(1e5));
}

/// On the real clock with two workers every check holds too, and a run takes about as long as on the virtual one.
#[test]
fn every_scenario_holds_on_the_real_clock() {
    std::thread::scope(|scope| {
        for (scenario, defaults) in
            ending().filter(|(scenario, _)| scenario.clocks.contains(&Clock::Real) && !COMPUTE.contains(&scenario.id))
        {
            scope.spawn(move || {
                let (_, expected) = finish(scenario.id, &[], 0);
                let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build();
                let cx = Context::new(defaults.clone(), 0, Clock::Real);
                let started = Instant::now();
                let outcome = runtime.expect("a runtime").block_on(async { tokio::spawn((scenario.run)(cx)).await });
                let took = started.elapsed();
                let outcome = outcome.expect("no panic").expect("no failure");
                let documented = holds_or_breaks_as_documented(scenario, &defaults, &outcome);
                assert!(documented, "{}: {:?}", scenario.id, broken(&outcome));
                assert!(took.abs_diff(expected) <= expected.mul_f64(0.15), "{}: {took:?}, not {expected:?}", scenario.id);
            });
        }
    });
}

#[test]
fn a_signal_is_refused_where_time_jumps() {
    let shutdown = scenario("shutdown");
    let signal = values(shutdown, &[("trigger", "signal")]);
    let error = (shutdown.refuse)(&signal, Clock::Virtual).unwrap_err();
    assert!(error.to_string().starts_with("trigger: signal needs the real clock"), "{error}");
    assert_eq!((shutdown.refuse)(&signal, Clock::Real), Ok(()));
}

#[test]
fn a_shutdown_loses_nothing_without_a_word_and_ends_in_time() {
    for seed in 0..20 {
        for grace in ["0", "1", "500", "1000", "20000"] {
            let (outcome, _) = finish("shutdown", &[("grace", grace)], seed);
            assert_eq!(broken(&outcome), [""; 0], "grace {grace}, seed {seed}: {outcome:?}");
            let lost = outcome.value("reported lost") > Some(0.0);
            assert_eq!(lost, grace != "20000", "grace {grace}, seed {seed}: {outcome:?}");
        }
    }
}

#[test]
fn only_a_guard_or_a_scope_closes_what_was_cut() {
    for cancel_after in ["0", "1", "99", "150", "301", "399", "400", "5000"] {
        for (fail, variant) in [("0", "guard"), ("6", "guard"), ("0", "scope"), ("6", "scope")] {
            let turned = [("cancel_after", cancel_after), ("fail", fail), ("variant", variant)];
            assert_eq!(broken(&finish("resource", &turned, 0).0), [""; 0], "{turned:?}");
        }
    }
    for (cancel_after, left) in [("0", 0.0), ("99", 0.0), ("101", 6.0), ("399", 6.0), ("401", 0.0)] {
        let (outcome, _) = finish("resource", &[("cancel_after", cancel_after)], 0);
        assert_eq!(outcome.value("left open"), Some(left), "cut after {cancel_after} ms");
    }
}
