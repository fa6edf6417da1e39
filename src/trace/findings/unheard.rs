//! Tasks that fail with nobody to hear it.
//!
//! What becomes of a handle is not told by Tokio, so this is inferred: the task
//! that spawned it had ended before it failed, and no task that waited for the
//! end of a task was woken by it. Of a parent that lives on it cannot be told
//! whether it looks at the handle later, and nothing is said of it.

use super::{FindingKind, Findings, Sight, at_least, told};
use crate::record::site::Cause;
use crate::trace::Trace;
use crate::trace::task::{End, Task, TaskIx, Waker};
use crate::trace::waits::Leaf;

/// So many failures are looked into: each takes a look at every task.
const LOOKED_INTO: usize = 16;

/// So many wakes of a task since that end are looked at.
const WAKES: usize = 64;

/// So many segments of a task are looked at that may have been the wait which that ended: many can begin at one virtual time.
const SEGMENTS: usize = 12;

/// Whether a task failed when the one that had spawned it was gone.
pub(super) fn fails_alone(trace: &Trace, of: &Task) -> bool {
    let failed = of.ended.filter(|end| matches!(end.how, End::Failed | End::Panicked));
    let parent = || trace.tasks.get(of.parent? as usize)?.ended.filter(|parent| parent.how != End::Dropped);
    failed.is_some_and(|end| parent().is_some_and(|parent| parent.at_ns < end.at_ns))
}

/// Finds those of these tasks, which failed alone, for whose end nobody waited.
pub(super) fn failures(trace: &Trace, alone: &[TaskIx], found: &mut Findings) {
    let unheard = alone.iter().copied().take(LOOKED_INTO).filter(|task| !is_joined(trace, *task));
    let sights = unheard.filter_map(|task| {
        let of = &trace.tasks[task as usize];
        let end = of.ended?;
        let did = if end.how == End::Panicked { "panicked" } else { "failed" };
        let parent = &trace.tasks[of.parent? as usize].name;
        let told = format!("{} {did} when {parent}, which had spawned it, was gone, and nobody waited for its end", of.name);
        Some(Sight { task: Some(task), at_ns: end.at_ns, place: trace.spawn_place(task), weight: 0, told })
    });
    let at_least = at_least(alone.len() <= LOOKED_INTO);
    found.add_some(FindingKind::FailedUnheard, sights.collect(), at_least, told);
}

/// Whether the last poll of a task has woken one that waited for an end.
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
