//! Sequence diagrams of runs, made from their traces: who spawns whom, and who wakes whom.

use std::fmt::Write;

use ::engine::Spec;
use ::scenario::Clock;
use ::trace::{Cause, TaskIx, Trace, Waker};

use super::{scenario, simulate::values};

/// The runs that are drawn: few tasks, so that the arrows can be read.
const RUNS: &[(&str, &[(&str, &str)])] = &[
    ("gather", &[("tasks", "2"), ("straggler", "0")]),
    ("oneshot", &[]),
    ("semaphore", &[("requests", "3"), ("permits", "1")]),
    ("producer-consumer", &[("producers", "1"), ("consumers", "1"), ("items", "2"), ("capacity", "1")]),
];

/// The diagrams, each below the command that repeats its run.
pub(super) fn diagrams() -> String {
    let mut text = String::new();
    for (id, turned) in RUNS {
        let scenario = scenario(id);
        let spec = Spec { values: values(scenario, turned), clock: Clock::Virtual, ..Spec::new(scenario) };
        let _ = write!(text, "\n`{}`\n\n```mermaid\n{}```\n", spec.share(), diagram(&crate::trace(&spec)));
    }
    text
}

/// An arrow, or the end of a task.
struct Step {
    at_ns: u64,
    from: TaskIx,
    to: TaskIx,
    says: String,
}

/// A run as a sequence diagram. Each task is a line, and notes give the time.
fn diagram(trace: &Trace) -> String {
    let mut text = "sequenceDiagram\n".to_owned();
    for (ix, task) in trace.tasks.iter().enumerate() {
        let _ = writeln!(text, "    participant t{ix} as {}", task.name);
    }
    let mut steps: Vec<Step> = (0..).zip(&trace.tasks).flat_map(|(ix, _)| steps(trace, ix)).collect();
    // At one time a task is spawned before it does anything else, and the order of tasks decides the rest.
    steps.sort_by_key(|step| step.at_ns);
    let (mut at_ns, last) = (0, trace.tasks.len() - 1);
    for step in steps {
        if step.at_ns > at_ns {
            at_ns = step.at_ns;
            let _ = writeln!(text, "    Note over t0,t{last}: {} ms", at_ns / 1_000_000);
        }
        let _ = writeln!(text, "    t{}->>t{}: {}", step.from, step.to, step.says);
    }
    text
}

/// The spawn of a task, and each wait that another task ends.
fn steps(trace: &Trace, to: TaskIx) -> Vec<Step> {
    let task = &trace.tasks[to as usize];
    let spawn = task.parent.map(|from| Step { at_ns: task.spawned_ns, from, to, says: "spawns".to_owned() });
    let wakes = trace.waits_of(to).filter_map(|wait| {
        let wake = wait.wake?;
        let Waker::Task(from) = wake.by else { return None };
        let cause = wait.leaves.first().map_or(Cause::Unknown, |leaf| trace.site(leaf.site).cause);
        Some(Step { at_ns: wake.at_ns, from, to, says: gives(cause).to_owned() })
    });
    spawn.into_iter().chain(wakes).collect()
}

/// What the waker gives to a task that waits for this.
fn gives(cause: Cause) -> &'static str {
    match cause {
        Cause::Join => "ends, which ends the await of its handle",
        Cause::Semaphore => "gives back a permit",
        Cause::Mutex | Cause::RwLock => "unlocks",
        Cause::MpscSend => "takes an item, which makes room",
        Cause::MpscRecv | Cause::Broadcast | Cause::Watch => "sends, or closes the channel",
        Cause::Oneshot => "sends the value, or drops the sender",
        Cause::Notify | Cause::Barrier => "notifies",
        _ => "wakes",
    }
}

#[test]
fn a_diagram_has_each_spawn_and_each_wake_by_a_task_in_order() {
    let scenario = scenario("semaphore");
    let turned = [("requests", "3"), ("permits", "1"), ("latency", "500")];
    let spec = Spec { values: values(scenario, &turned), clock: Clock::Virtual, ..Spec::new(scenario) };
    let text = diagram(&crate::trace(&spec));
    let arrows: Vec<_> = text.lines().skip(5).map(str::trim).filter(|line| !line.contains("handle")).collect();
    let expected = [
        "t0->>t1: spawns",
        "t0->>t2: spawns",
        "t0->>t3: spawns",
        "Note over t0,t3: 500 ms",
        "t1->>t2: gives back a permit",
        "Note over t0,t3: 1000 ms",
        "t2->>t3: gives back a permit",
        "Note over t0,t3: 1500 ms",
    ];
    assert_eq!(arrows, expected, "{text}");
}
