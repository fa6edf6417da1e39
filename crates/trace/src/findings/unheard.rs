//! Tasks whose failure nobody notices.
//!
//! Tokio does not report what becomes of a handle, so this is inferred: the parent
//! had ended before the task failed, and the task's end woke no task that waited in a
//! join. If the parent is still alive it may look at the handle later, so nothing is
//! reported.

use super::{FindingKind, Findings, Sight, at_least, told};
use crate::Trace;
use crate::task::{End, Task, TaskIx, Waker};
use crate::waits::Leaf;
use facts::site::Cause;

/// How many failures are examined. Each examination looks at every task.
const LOOKED_INTO: usize = 16;

/// How many of a task's wakes since the failure are looked at.
const WAKES: usize = 64;

/// How many segments before a wake are searched for the wait that it ended: many can start at one virtual time.
const SEGMENTS: usize = 12;

/// Whether a task failed after its parent had ended.
pub(super) fn fails_alone(trace: &Trace, of: &Task) -> bool {
    // Without wakes it is not known whose end another task waited for.
    if !trace.knows_ready() {
        return false;
    }
    let failed = of.ended.filter(|end| matches!(end.how, End::Failed | End::Panicked));
    let parent = || trace.tasks.get(of.parent? as usize)?.ended.filter(|parent| parent.how != End::Dropped);
    failed.is_some_and(|end| parent().is_some_and(|parent| parent.at_ns < end.at_ns))
}

/// Finds failures that nobody waited for among the tasks that failed alone.
pub(super) fn failures(trace: &Trace, alone: &[TaskIx], found: &mut Findings) {
    let unheard = alone.iter().copied().take(LOOKED_INTO).filter(|task| !is_joined(trace, *task));
    let sights = unheard.filter_map(|task| {
        let of = &trace.tasks[task as usize];
        let end = of.ended?;
        let did = if end.how == End::Panicked { "panicked" } else { "failed" };
        let parent = &trace.tasks[of.parent? as usize].name;
        let told = format!("{} {did} after {parent}, which spawned it, had ended, and nothing waited for its end", of.name);
        Some(Sight { task: Some(task), at_ns: end.at_ns, place: trace.spawn_place(task), weight: 0, told })
    });
    let at_least = at_least(alone.len() <= LOOKED_INTO);
    found.add_some(FindingKind::FailedUnheard, sights.collect(), at_least, told);
}

/// Whether the last poll of a task woke another task that waited in a join.
fn is_joined(trace: &Trace, ended: TaskIx) -> bool {
    let poll_ns = trace.tasks[ended as usize].segments.last().map_or(0, |last| last.start_ns);
    let joins = |of: &Task| {
        let since = of.wakes.partition_point(|wake| wake.at_ns < poll_ns);
        let woken = of.wakes[since..].iter().take(WAKES).find(|wake| wake.by == Waker::Task(ended));
        woken.is_some_and(|wake| {
            let begun = of.segments.partition_point(|segment| segment.start_ns <= wake.at_ns);
            let joins = |leaf: &Leaf| trace.site(leaf.site).cause == Cause::Join;
            let ended = |ix: &usize| of.segments.get(ix + 1).is_some_and(|next| next.start_ns == wake.at_ns);
            let lately = (begun.saturating_sub(SEGMENTS)..begun).filter(ended);
            lately.flat_map(|ix| trace.leaves(of.segments[ix])).any(joins)
        })
    };
    trace.tasks.iter().any(joins)
}
