//! What twins do when a step fails or its caller is cancelled: nothing is lost, and nothing is used twice.
//!
//! Settings cannot cut a twin at every await, so each script here calls the twin's own classes. It prints what it found.

use super::python::{python_code, python_is_here};

/// Runs a script that imports a twin, and compares its output.
fn prints(script: &str, expected: &str) {
    if python_is_here() {
        assert_eq!(python_code(script, []), format!("{expected}\n"));
    }
}

#[test]
fn a_dropped_probe_is_followed_by_another_one() {
    prints(include_str!("cut/circuit_breaker.py"), "down refused cancelled refused ok closed");
}

#[test]
fn a_connection_that_cannot_be_opened_gives_its_permit_back() {
    prints(include_str!("cut/connection_pool_open.py"), "OperationalError OperationalError OperationalError");
}

#[test]
fn a_connection_comes_back_however_its_use_ends_and_only_when_its_thread_is_done() {
    prints(include_str!("cut/connection_pool_use.py"), "failed: 1 idle, busy False; cancelled: 1 idle, busy False");
}

#[test]
fn a_cancelled_query_keeps_its_connection_until_its_thread_is_done() {
    prints(include_str!("cut/database_cancel.py"), "cancelled: 1 idle, busy False");
}

#[test]
fn transactions_end_in_a_thread_and_not_in_the_event_loop() {
    prints(include_str!("cut/database_commit.py"), "commit in a thread, rollback in a thread, 2 rows");
}

#[test]
fn a_refresh_that_fails_is_not_the_last_one() {
    prints(include_str!("cut/cache.py"), "2 refreshes, 0 in flight");
}

#[test]
fn a_job_that_raises_ends_neither_its_worker_nor_the_pool() {
    prints(include_str!("cut/worker_pool.py"), "JobFailed ZeroDivisionError result 2");
}
