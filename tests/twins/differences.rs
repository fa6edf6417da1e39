//! Where asyncio and Tokio differ, and the lesson says so: both sides, in figures.

use serde_json::Value as Json;

use super::python::{python_is_here, report_of_twin};
use super::simulate::values;
use super::{report, scenario};

/// A difference that the lesson states: asyncio runs a task that yields once more before it wakes those whose timer is due.
#[test]
fn rounds_beside_computing_are_served_later_in_asyncio() {
    if !python_is_here() {
        return;
    }
    let workers = scenario("workers");
    let theirs = report_of_twin(workers, [""; 0]);
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
    let blocking = scenario("blocking");
    let theirs = report_of_twin(blocking, ["variant=yield"]);
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
    let fairness = scenario("fairness");
    for (variant, there, here) in [("yield", 200.0, 400.0), ("budget", 3000.0, 400.0)] {
        let theirs = report_of_twin(fairness, [format!("variant={variant}")]);
        let ours = report(fairness, values(fairness, &[("variant", variant)]), 0);
        let longest = |report: &Json| report["outcome"][1]["value"].as_f64();
        assert_eq!((longest(&theirs), longest(&ours)), (Some(there), Some(here)), "{variant}");
        assert_eq!(theirs["elapsed_ms"].as_f64(), ours["elapsed_ms"].as_f64(), "{variant}: the work is the same");
    }
}
