//! The errors of a twin for bad arguments.

use super::python::{python_is_here, twin};
use super::scenario;
use super::simulate::{Ended, simulate, values};

#[test]
fn bad_usage_is_one_line_and_exit_code_2() {
    if !python_is_here() {
        return;
    }
    for (id, args, says) in [
        ("gather", &["tasks=0"] as &[&str], "gather: tasks: 0 is out of range: 1 to 1000"),
        ("gather", &["tasks=1001"], "gather: tasks: 1001 is out of range: 1 to 1000"),
        ("gather", &["tasks=many"], "gather: tasks: 'many' is not a whole number: 1 to 1000"),
        ("gather", &["tasks=2", "tasks=3"], "gather: tasks is given twice: give it once"),
        ("gather", &["seed=-1"], "gather: seed: -1 is out of range: 0 to 18446744073709551615"),
        ("gather", &["tusks=3"], "gather: 'tusks=3' is not one of tasks=…, latency=…, jitter=…, straggler=…, seed=…"),
        ("gather", &["tasks"], "gather: 'tasks' is not one of tasks=…, latency=…, jitter=…, straggler=…, seed=…"),
        ("cancellation", &["variant=drip"], "cancellation: variant: 'drip' is not one of drop, token, shielded, swallowed"),
        ("semaphore", &["permits_each=4"], "semaphore: permits_each: 4 is more than the 3 permits of the semaphore: at most 3"),
        (
            "lock-contention",
            &["mutex=std"],
            "lock-contention: mutex: std does not work with lock=across-await: it would block the event loop for ever",
        ),
    ] {
        let output = twin(scenario(id), args);
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
        ("database", ("min_size", "5")),
        ("shutdown", ("job_max", "199")),
        ("scrape", ("missing", "11")),
        ("paginator", ("rest", "100")),
    ] {
        let scenario = scenario(id);
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
    for (id, turned) in [
        ("producer-consumer", ("end", "sentinel")),
        ("cancellation", ("variant", "swallowed")),
        ("deadlock", ("order", "crossed")),
    ] {
        let scenario = scenario(id);
        let output = twin(scenario, [format!("{}={}", turned.0, turned.1)]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(said.trim_end(), format!("{id}: nothing can ever run again: every task waits for another one"));
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{id}");
        assert_eq!(simulate(scenario, values(scenario, &[turned]), 0), Ended::Stalled, "{id}");
    }
}
