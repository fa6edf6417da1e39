//! The critical path matches the arithmetic. For a pipeline, a gather and a semaphore it is computed from the parameters,
//! without a look at the run. For every scenario it is complete.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails with the test")]

mod gather;
mod late;
mod pipeline;
mod semaphore;
mod whole;

use super::trace;

use engine::Spec;
use scenarios::find;
use trace::{Cause, CriticalPath, Doing, Trace};

/// A setting, as typed.
type Setting<'a> = &'a [(&'a str, u64)];

/// A step that takes time: the task's name, what it waits for, and the duration in milliseconds.
type Expected = (String, Cause, u64);

const MS: u64 = 1_000_000;

fn spec(id: &str, setting: Setting, seed: u64) -> Spec {
    let scenario = find(id).unwrap_or_else(|| panic!("there is no scenario {id}"));
    let mut spec = Spec { seed, ..Spec::new(scenario) };
    for (name, number) in setting {
        spec.values.set(scenario.param(name).unwrap(), scenario::Value::Number(*number));
    }
    spec
}

/// The path of the whole run, to the end of main.
fn path(trace: &Trace) -> CriticalPath {
    let (task, end_ns) = trace.critical_end(0).unwrap();
    trace.critical_path(task, 0, end_ns, end_ns)
}

/// The steps that take time. On the virtual clock only waits do.
fn long_steps(trace: &Trace, path: &CriticalPath) -> Vec<Expected> {
    let steps = path.steps.iter().filter(|step| step.lasted_ns() > 0);
    let told = steps.map(|step| {
        let Doing::Waiting { cause, .. } = step.doing else { panic!("{step:?} takes time") };
        assert_eq!(step.lasted_ns() % MS, 0, "{step:?}");
        (trace.tasks[step.task as usize].name.clone(), cause, step.lasted_ns() / MS)
    });
    told.collect()
}

/// The tasks on the path, in order; a task appears each time the path enters it.
fn tasks<'a>(trace: &'a Trace, path: &CriticalPath) -> Vec<&'a str> {
    let mut tasks: Vec<&str> = path.steps.iter().map(|step| trace.tasks[step.task as usize].name.as_str()).collect();
    tasks.dedup();
    tasks
}
