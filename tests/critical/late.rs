//! Tasks whose timers are late: the path goes through the task that kept the worker busy.

use trace::{Doing, Handover, PathStep};

use super::{MS, path, spec, trace};

#[test]
fn the_path_goes_through_the_poll_that_kept_the_worker() {
    let block_ms = 700;
    let trace = trace(&spec("blocking", &[("tasks", 3), ("tick", 100), ("block", block_ms)], 0));
    let path = path(&trace);
    let name = |step: &PathStep| &*trace.tasks[step.task as usize].name;
    let long = path.steps.iter().max_by_key(|step| step.lasted_ns()).unwrap();
    assert_eq!((name(long), long.doing), ("report", Doing::Running), "{:?}", path.steps);
    assert!(long.lasted_ns() / MS <= block_ms && long.lasted_ns() / MS > block_ms - 100, "{long:?}");
    let after = &path.steps[path.steps.iter().position(|step| step == long).unwrap() + 1];
    let Handover::Late { by, late_ns } = after.by else { panic!("{after:?}") };
    assert_eq!(by, long.task);
    assert!(name(after).starts_with("ticker") && late_ns / MS <= block_ms && late_ns / MS >= block_ms - 100, "{after:?}");
    // It is as long as the run, without gaps.
    assert_eq!(path.untold_ns, 0);
    assert_eq!(path.steps.iter().map(PathStep::lasted_ns).sum::<u64>(), path.to_ns);
}
