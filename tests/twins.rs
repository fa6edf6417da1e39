//! The asyncio twins agree with the scenarios: same parameters, same draws, same outcome.
//!
//! Without Python 3.11 these tests say so and pass; in CI, where the variable
//! `CI` is `true`, they fail.

mod simulate;

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use scenarios::scenario::Measure;
use scenarios::{CATALOGUE, Kind, Scenario, Value, Values, draw, find};
use serde_json::{Value as Json, json};
use simulate::{Ended, simulate, values};

/// A scenario, a seed, and the parameters that are turned.
type Setting = (&'static str, u64, &'static [(&'static str, &'static str)]);

/// What is compared. Each of them ends, and none has a latency of 0: `sleep(0)` yields in asyncio and not in Tokio.
const SETTINGS: &[Setting] = &[
    ("sequential", 0, &[]),
    ("sequential", 0, &[("variant", "concurrent"), ("tasks", "24")]),
    ("sequential", 3, &[("tasks", "7"), ("latency", "333")]),
    ("gather", 0, &[]),
    ("gather", 7, &[("tasks", "24"), ("straggler", "0"), ("jitter", "5000")]),
    ("gather", u64::MAX, &[("tasks", "1"), ("latency", "333")]),
    ("gather", 3, &[("straggler", "100"), ("jitter", "0")]),
    ("spawn", 0, &[]),
    ("spawn", 0, &[("other_work", "1500"), ("tasks", "7")]),
    ("spawn", 0, &[("variant", "future"), ("tasks", "3"), ("latency", "777")]),
    ("gather-errors", 0, &[]),
    ("gather-errors", 0, &[("variant", "fail-fast")]),
    ("gather-errors", 0, &[("variant", "safe-wrapper"), ("tasks", "20")]),
    ("gather-errors", 0, &[("variant", "fail-fast"), ("fail_every", "0"), ("latency", "33")]),
    ("first-completed", 0, &[]),
    ("first-completed", 7, &[("losers", "abort"), ("tasks", "9")]),
    ("first-completed", 3, &[("latency_min", "1"), ("latency_max", "5000")]),
    ("timeout", 0, &[]),
    ("timeout", 0, &[("variant", "blocking")]),
    ("timeout", 0, &[("limit", "6000")]),
    ("timeout", 0, &[("variant", "blocking"), ("work", "777"), ("limit", "776")]),
    ("cancellation", 0, &[]),
    ("cancellation", 0, &[("cancel_after", "3001")]),
    ("cancellation", 0, &[("cancel_after", "3001"), ("variant", "token")]),
    ("cancellation", 0, &[("cancel_after", "3001"), ("variant", "shielded")]),
    ("cancellation", 0, &[("cancel_after", "1"), ("cleanup", "0")]),
    ("cancellation", 0, &[("cancel_after", "777"), ("step", "105"), ("variant", "token")]),
    ("cancellation", 0, &[("cancel_after", "770"), ("step", "70"), ("variant", "shielded")]),
    ("task-group", 0, &[]),
    ("task-group", 7, &[("fail_at", "0"), ("children", "9")]),
    ("task-group", 3, &[("depth", "4"), ("fail_at", "1501")]),
    ("task-group", 5, &[("depth", "1"), ("children", "1")]),
    ("orphan", 0, &[]),
    ("orphan", 0, &[("variant", "drop")]),
    ("orphan", 0, &[("variant", "abort"), ("work", "777")]),
    ("orphan", 0, &[("variant", "drop"), ("work", "300")]),
    ("oneshot", 0, &[]),
    ("oneshot", 0, &[("variant", "dropped")]),
    ("oneshot", 0, &[("variant", "timed-out"), ("work", "777")]),
    ("forgotten-await", 0, &[]),
    ("forgotten-await", 0, &[("variant", "forgotten")]),
    ("forgotten-await", 0, &[("variant", "spawned")]),
    ("blocking", 0, &[]),
    ("blocking", 0, &[("tasks", "3"), ("block", "70"), ("tick", "20")]),
    ("blocking", 0, &[("block", "1030"), ("tasks", "4")]),
    ("bridge", 0, &[]),
    ("bridge", 0, &[("calls", "7")]),
    ("bridge", 0, &[("calls", "1"), ("latency", "777")]),
    ("workers", 0, &[("mix", "100")]),
    ("workers", 0, &[("mix", "0")]),
    ("workers", 0, &[("mix", "100"), ("tasks", "3"), ("cpu", "77")]),
    ("semaphore", 0, &[]),
    ("semaphore", 7, &[("jitter", "400")]),
    ("semaphore", 8, &[("requests", "100"), ("permits", "7"), ("permits_each", "2"), ("jitter", "950")]),
    ("semaphore", 0, &[("requests", "3"), ("permits", "1000"), ("latency", "1")]),
    ("rate-limit", 0, &[]),
    ("rate-limit", 0, &[("latency", "2000"), ("per_second", "7")]),
    ("rate-limit", 0, &[("burst", "30"), ("latency", "333")]),
    ("rate-limit", 0, &[("requests", "500"), ("per_second", "300"), ("burst", "1"), ("latency", "777")]),
    ("rate-limit", 0, &[("requests", "1"), ("per_second", "1000"), ("burst", "1000")]),
    ("batching", 0, &[]),
    ("batching", 7, &[("variant", "sliding"), ("latency_max", "5000")]),
    ("batching", 3, &[("items", "203"), ("batch", "7"), ("latency_min", "1")]),
    ("batching", u64::MAX, &[("items", "3"), ("batch", "1000"), ("latency_min", "500")]),
    ("producer-consumer", 0, &[]),
    ("producer-consumer", 0, &[("items", "40"), ("capacity", "3"), ("end", "join+cancel")]),
    ("producer-consumer", 0, &[("items", "40"), ("capacity", "0"), ("end", "sentinel-put-back")]),
    ("producer-consumer", 0, &[("consumers", "2"), ("capacity", "1"), ("produce", "70"), ("end", "sentinel")]),
    ("producer-consumer", 0, &[("producers", "5"), ("consumers", "1"), ("capacity", "2"), ("end", "sentinel")]),
    ("worker-pool", 0, &[]),
    ("worker-pool", 1, &[("queue", "static"), ("fail_every", "4")]),
    ("worker-pool", 2, &[("stop", "flag"), ("result_timeout", "1999"), ("dequeue_timeout", "333")]),
    ("worker-pool", 3, &[("stop", "flag"), ("queue", "static"), ("workers", "3"), ("jobs", "77"), ("work_min", "11")]),
    ("worker-pool", 4, &[("workers", "24"), ("jobs", "5"), ("result_timeout", "1")]),
    ("pipeline", 0, &[]),
    ("pipeline", 0, &[("second_workers", "2"), ("buffer", "1")]),
    ("pipeline", 0, &[("first_time", "333"), ("second_time", "70"), ("items", "101"), ("buffer", "100")]),
    ("pipeline", 0, &[("third_time", "210"), ("first_workers", "3"), ("items", "7")]),
    ("stream", 0, &[]),
    ("stream", 0, &[("prefetch", "1")]),
    ("stream", 0, &[("prefetch", "3"), ("items", "101"), ("process", "333")]),
    ("stream", 0, &[("produce", "333"), ("prefetch", "100")]),
    ("paginator", 0, &[]),
    ("paginator", 0, &[("prefetch", "1")]),
    ("paginator", 0, &[("prefetch", "2"), ("pages", "20"), ("page_time", "333"), ("page_size", "7")]),
    ("paginator", 0, &[("pages", "0"), ("process", "1")]),
    ("broadcast", 0, &[]),
    ("broadcast", 0, &[("policy", "disconnect")]),
    ("broadcast", 0, &[("policy", "wait"), ("receivers", "3"), ("messages", "33")]),
    ("broadcast", 0, &[("capacity", "5"), ("slow", "777"), ("messages", "101")]),
    ("broadcast", 0, &[("capacity", "3"), ("slow", "133"), ("policy", "disconnect"), ("receivers", "1")]),
    ("unbounded", 0, &[]),
    ("unbounded", 0, &[("variant", "bounded"), ("seconds", "7")]),
    ("unbounded", 0, &[("variant", "drop-oldest"), ("rate", "70"), ("consume", "3")]),
    ("unbounded", 0, &[("consume", "300"), ("rate", "300"), ("seconds", "2")]),
    ("lock-contention", 0, &[]),
    ("lock-contention", 0, &[("think", "200"), ("workers", "7")]),
    ("lock-contention", 0, &[("lock", "short"), ("think", "30")]),
    ("lock-contention", 0, &[("lock", "short"), ("mutex", "std")]),
    ("lock-contention", 0, &[("lock", "atomic"), ("workers", "24")]),
    ("lost-update", 0, &[]),
    ("lost-update", 0, &[("workers", "24"), ("increments", "7"), ("gap", "1")]),
    ("lost-update", 0, &[("variant", "lock"), ("gap", "33")]),
    ("lost-update", 0, &[("variant", "atomic"), ("workers", "100")]),
    ("rwlock", 0, &[]),
    ("rwlock", 7, &[("write", "600"), ("read_share", "55")]),
    ("rwlock", 3, &[("readers", "24"), ("writers", "0"), ("read_share", "100")]),
    ("rwlock", 5, &[("readers", "1"), ("writers", "3"), ("read", "333")]),
    ("deadlock", 0, &[]),
    ("deadlock", 1, &[("order", "crossed")]),
    ("deadlock", 0, &[("order", "crossed"), ("acquire", "try_lock+backoff")]),
    ("deadlock", 4, &[("tasks", "5"), ("gap", "333")]),
    ("deadlock", 3, &[("tasks", "7"), ("gap", "400"), ("order", "crossed"), ("acquire", "try_lock+backoff")]),
    ("philosophers", 0, &[]),
    ("philosophers", 4, &[("strategy", "ordered"), ("n", "7")]),
    ("philosophers", 5, &[("strategy", "waiter"), ("jitter", "777"), ("meals", "9")]),
    ("philosophers", 3, &[("strategy", "try")]),
    // Those that yield come back in another order, and asyncio has no budget: see the tests of differences.
    ("fairness", 0, &[]),
    ("fairness", 0, &[("variant", "unconstrained"), ("hogs", "3")]),
    ("fairness", 0, &[("others", "23"), ("chunk", "77")]),
    ("thundering-herd", 0, &[]),
    ("thundering-herd", 0, &[("waiters", "1"), ("variant", "notify_waiters")]),
    ("thundering-herd", 0, &[("waiters", "77"), ("variant", "notify_waiters")]),
    // With `select-ref` the request that nobody polls stalls the run; asyncio has no such request, and ends.
    ("futurelock", 0, &[("variant", "spawned")]),
    ("futurelock", 0, &[("variant", "spawned"), ("hold", "400"), ("query", "333")]),
    ("futurelock", 0, &[("variant", "select-ref"), ("patience", "3000")]),
    // A scope that is cut while it opens or closes ends in another way in asyncio, as the twin says: not compared.
    ("resource", 0, &[]),
    ("resource", 0, &[("fail", "3"), ("cancel_after", "250")]),
    ("resource", 0, &[("fail", "2"), ("cancel_after", "350"), ("variant", "guard")]),
    ("resource", 0, &[("cancel_after", "250"), ("variant", "scope")]),
    ("resource", 0, &[("fail", "2"), ("variant", "scope")]),
    ("shutdown", 0, &[]),
    ("shutdown", 7, &[("grace", "333"), ("workers", "3")]),
    ("shutdown", 3, &[("grace", "9000"), ("job_min", "50"), ("job_max", "777"), ("health_every", "2200")]),
    ("retry", 0, &[]),
    ("retry", 7, &[("jitter", "full"), ("clients", "100"), ("attempts", "10"), ("fail_rate", "80")]),
    ("retry", 3, &[("jitter", "equal"), ("delay", "333"), ("backoff", "170"), ("fatal_rate", "20")]),
    ("circuit-breaker", 0, &[]),
    ("circuit-breaker", 7, &[("other_errors", "40"), ("threshold", "2"), ("recovery", "333")]),
    ("circuit-breaker", 3, &[("rate", "7"), ("calls", "50"), ("outage_from", "0"), ("outage_to", "2500")]),
    ("cache", 0, &[]),
    ("cache", 0, &[("variant", "single-flight"), ("keys", "7"), ("clear_at", "1700")]),
    ("cache", 0, &[("variant", "early-refresh"), ("clients", "24"), ("seconds", "9")]),
    ("cache", 0, &[("keys", "3"), ("ttl", "333"), ("fetch", "77"), ("cleanup_every", "90")]),
];

#[test]
fn every_scenario_is_compared_at_three_settings_or_more() {
    for scenario in CATALOGUE {
        let settings = SETTINGS.iter().filter(|(id, ..)| *id == scenario.id).count();
        assert!(settings >= 3, "{}: {settings}", scenario.id);
    }
}

#[test]
fn outcomes_agree() {
    if !python_is_here() {
        return;
    }
    for (id, seed, turned) in SETTINGS {
        let scenario = find(id).expect("a scenario of that name");
        let values = values(scenario, turned);
        assert_eq!((scenario.refuse)(&values, scenario.clocks[0]), Ok(()), "{id} {turned:?}");

        let mut args: Vec<String> = turned.iter().map(|(name, value)| format!("{name}={value}")).collect();
        args.push(format!("seed={seed}"));
        let output = twin(scenario, &args);
        let theirs: Json = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{id} {args:?}: {error}\n{}", String::from_utf8_lossy(&output.stderr)));
        let ours = report(scenario, values, *seed);
        assert_eq!(in_floats(theirs), in_floats(ours.clone()), "{id} {args:?}");
        let holds = ours["checks"].as_array().is_some_and(|checks| checks.iter().all(|check| check["holds"] == json!(true)));
        assert_eq!(output.status.code(), Some(i32::from(!holds)), "{id} {args:?}: exit code");
    }
}

#[test]
fn parameters_are_declared_alike() {
    if !python_is_here() {
        return;
    }
    let code = "
import importlib, json, sys
import twin
def plain(param):
    return list(param.words) if isinstance(param, twin.Choice) else [param.default, param.low, param.high]
print(json.dumps([[[name, plain(param)] for name, param in importlib.import_module(module).PARAMS.items()]
                  for module in sys.argv[1:]]))
";
    let modules = CATALOGUE.iter().map(module);
    let twins: Json = serde_json::from_str(&python_code(code, modules)).expect("JSON");
    let ours = CATALOGUE.iter().map(|scenario| {
        let params = scenario.params.iter().map(|param| match param.kind {
            Kind::Number { default, min, max, .. } => json!([param.name, [default, min, max]]),
            Kind::Choice(choices) => json!([param.name, choices]),
        });
        params.collect::<Json>()
    });
    assert_eq!(twins, ours.collect::<Json>());
}

#[test]
fn draws_are_the_same_numbers() {
    if !python_is_here() {
        return;
    }
    let code = "
import twin
for seed in (0, 1, 7, 2**63, 2**64 - 1):
    for stream in ('latency', 'jitter', 'ü', ''):
        for index in range(50):
            print(twin.bits(seed, stream, index), twin.within(seed, stream, index, 500, 2000))
";
    let twins = python_code(code, []);
    let mut twins = twins.lines();
    for seed in [0, 1, 7, 1 << 63, u64::MAX] {
        for stream in ["latency", "jitter", "ü", ""] {
            for index in 0..50 {
                let ours = format!("{} {}", draw::bits(seed, stream, index), draw::within(seed, stream, index, &(500..=2000)));
                assert_eq!(twins.next(), Some(ours.as_str()), "seed {seed}, stream {stream:?}, index {index}");
            }
        }
    }
    assert_eq!(twins.next(), None);
}

#[test]
fn known_draws_hold_on_the_other_side_too() {
    if !python_is_here() {
        return;
    }
    let output = python(["-m", "doctest", "-v", "twin.py"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("passed"), "there are examples to check: {said}");
}

#[test]
fn bad_usage_is_one_line_and_exit_code_2() {
    if !python_is_here() {
        return;
    }
    for (id, args, says) in [
        ("gather", &["tasks=0"] as &[&str], "gather: tasks: 0 is out of range: 1 to 1000"),
        ("gather", &["tasks=1001"], "gather: tasks: 1001 is out of range: 1 to 1000"),
        ("gather", &["tasks=many"], "gather: tasks: 'many' is not a whole number: 1 to 1000"),
        ("gather", &["tasks=2", "tasks=3"], "gather: tasks is given twice"),
        ("gather", &["seed=-1"], "gather: seed: -1 is out of range: 0 to 18446744073709551615"),
        ("gather", &["tusks=3"], "gather: 'tusks=3' is none of tasks=…, latency=…, jitter=…, straggler=…, seed=…"),
        ("gather", &["tasks"], "gather: 'tasks' is none of tasks=…, latency=…, jitter=…, straggler=…, seed=…"),
        ("cancellation", &["variant=drip"], "cancellation: variant: 'drip' is none of drop, token, shielded"),
        ("semaphore", &["permits_each=4"], "semaphore: permits_each: 4 permits each can never be had of 3: at most 3"),
        (
            "lock-contention",
            &["mutex=std"],
            "lock-contention: mutex: std does not go with lock=across-await: it would block the event loop for ever",
        ),
    ] {
        let output = twin(find(id).expect("a scenario of that name"), args);
        assert_eq!(String::from_utf8_lossy(&output.stderr).trim_end(), says, "{id} {args:?}");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{id} {args:?}");
    }
}

#[test]
fn twins_refuse_what_the_scenario_refuses() {
    if !python_is_here() {
        return;
    }
    for (id, turned) in [
        ("semaphore", ("permits_each", "4")),
        ("batching", ("latency_min", "501")),
        ("worker-pool", ("work_min", "1001")),
        ("lock-contention", ("mutex", "std")),
        ("lock-contention", ("mutex", "std")),
        ("shutdown", ("trigger", "signal")),
        ("shutdown", ("job_max", "299")),
    ] {
        let scenario = find(id).expect("a scenario of that name");
        let refused = (scenario.refuse)(&values(scenario, &[turned]), scenario.clocks[0]);
        let code = twin(scenario, [format!("{}={}", turned.0, turned.1)]).status.code();
        assert_eq!((refused.is_err(), code), (true, Some(2)), "{id}");
    }
}

#[test]
fn a_stall_is_said_and_not_waited_for() {
    if !python_is_here() {
        return;
    }
    for (id, turned) in [("producer-consumer", ("end", "sentinel")), ("deadlock", ("order", "crossed"))] {
        let scenario = find(id).expect("a scenario of that name");
        let output = twin(scenario, [format!("{}={}", turned.0, turned.1)]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(said.trim_end(), format!("{id}: nothing can ever run again: every task waits for another one"));
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{id}");
        assert_eq!(simulate(scenario, values(scenario, &[turned]), 0), Ended::Stalled, "{id}");
    }
}

/// A difference that the lesson states: asyncio runs a task that yields once more before it wakes those whose timer is due.
#[test]
fn rounds_beside_computing_are_served_later_in_asyncio() {
    if !python_is_here() {
        return;
    }
    let workers = find("workers").expect("a scenario of that name");
    let theirs: Json = serde_json::from_slice(&twin(workers, [""; 0]).stdout).expect("JSON");
    let ours = report(workers, values(workers, &[]), 0);
    let total = |report: &Json| report["elapsed_ms"].as_f64();
    assert_eq!((total(&theirs), total(&ours)), (Some(4600.0), Some(4000.0)));
    assert_eq!(theirs["checks"], ours["checks"], "either way the check holds");
}

/// The same difference, seen from the tasks that are late.
#[test]
fn a_tick_beside_a_task_that_yields_is_late_by_two_pieces_in_asyncio_and_by_none_here() {
    if !python_is_here() {
        return;
    }
    let blocking = find("blocking").expect("a scenario of that name");
    let output = twin(blocking, ["variant=yield"]);
    let theirs: Json = serde_json::from_slice(&output.stdout).expect("JSON");
    let ours = report(blocking, values(blocking, &[("variant", "yield")]), 0);
    let worst = |report: &Json| report["outcome"][0]["value"].as_f64();
    assert_eq!((worst(&theirs), worst(&ours)), (Some(100.0), Some(0.0)));
    assert_eq!(theirs["checks"], ours["checks"], "either way the check holds");
}

/// Differences that the lesson states: who yields comes back first here and last there, and asyncio has no budget.
#[test]
fn a_hog_that_yields_or_has_a_budget_is_met_twice_here_and_once_or_always_in_asyncio() {
    if !python_is_here() {
        return;
    }
    let fairness = find("fairness").expect("a scenario of that name");
    for (variant, there, here) in [("yield", 200.0, 400.0), ("budget", 3000.0, 400.0)] {
        let output = twin(fairness, [format!("variant={variant}")]);
        let theirs: Json = serde_json::from_slice(&output.stdout).expect("JSON");
        let ours = report(fairness, values(fairness, &[("variant", variant)]), 0);
        let longest = |report: &Json| report["outcome"][1]["value"].as_f64();
        assert_eq!((longest(&theirs), longest(&ours)), (Some(there), Some(here)), "{variant}");
        assert_eq!(theirs["elapsed_ms"].as_f64(), ours["elapsed_ms"].as_f64(), "{variant}: the work is the same");
    }
}

/// What a twin prints, made from the Rust run.
fn report(scenario: &Scenario, values: Values, seed: u64) -> Json {
    let params = values.iter().map(|(param, value)| {
        let value = match value {
            Value::Number(number) => json!(number),
            Value::Choice(word) => json!(word),
        };
        (param.name.to_owned(), value)
    });
    let params = Json::Object(params.collect());
    let Ended::Finished(outcome, elapsed) = simulate(scenario, values, seed) else {
        panic!("{} {params}: stalled", scenario.id);
    };
    let figures = outcome.figures.iter().map(|f| json!({"name": f.name, "value": f.value, "unit": f.unit}));
    let checks = outcome.checks.iter().map(|check| json!({"name": check.name, "holds": check.holds}));
    json!({
        "scenario": scenario.id,
        "params": params,
        "seed": seed,
        "elapsed_ms": elapsed.measure(),
        "outcome": figures.collect::<Json>(),
        "checks": checks.collect::<Json>(),
    })
}

/// The same JSON with figures and times as floating-point numbers: Python writes 3 where Rust writes 3.0.
fn in_floats(mut report: Json) -> Json {
    report["elapsed_ms"] = json!(report["elapsed_ms"].as_f64());
    for figure in report["outcome"].as_array_mut().into_iter().flatten() {
        figure["value"] = json!(figure["value"].as_f64());
    }
    report
}

/// The twin's file, without `.py`.
fn module(scenario: &Scenario) -> String {
    scenario.id.replace('-', "_")
}

/// Whether there is a Python that can run the twins: 3.11 or later.
fn python_is_here() -> bool {
    let version = "import sys; sys.exit(sys.version_info < (3, 11))";
    if Command::new("python3").args(["-c", version]).status().is_ok_and(|status| status.success()) {
        return true;
    }
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "python3 of version 3.11 or later is needed in CI");
    // Not `eprintln!`, which the harness keeps to itself when a test passes.
    let _ = writeln!(std::io::stderr(), "skipped: there is no python3 of version 3.11 or later");
    false
}

/// Runs Python beside the twins.
fn python(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Output {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut python = Command::new("python3");
    let python = python.args(args).current_dir(beside).env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUTF8", "1");
    python.output().expect("python3 starts, as it did a moment ago")
}

/// Runs a twin.
fn twin(scenario: &Scenario, args: impl IntoIterator<Item = impl AsRef<str>>) -> Output {
    let args = args.into_iter().map(|arg| arg.as_ref().to_owned());
    python(std::iter::once(format!("{}.py", module(scenario))).chain(args))
}

/// Runs a piece of code that imports from beside the twins, and returns what it prints.
fn python_code(code: &str, args: impl IntoIterator<Item = String>) -> String {
    let output = python(["-c".to_owned(), code.to_owned()].into_iter().chain(args));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}
