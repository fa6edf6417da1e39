//! Spawned work that never runs although something waits for it.
//!
//! *Never driven*: a task of a `LocalSet` is polled only while the set is polled. This
//! fires when the run ends, the task was never polled, and its parent waits for the
//! end of a task and for nothing else.
//!
//! *Blocked pool*: a closure stays queued until a thread of the blocking pool is free.
//! If every thread runs a closure that waits inside `block_on`, and one of them waits
//! for a queued closure that it spawned itself, no thread will ever be free.
//!
//! Both are inferred: Tokio does not report which task a join waits for.

use std::collections::HashMap;

use super::{FindingKind, Findings, Sight, short, told};
use crate::task::{State, Task, TaskIx};
use crate::{LaneOf, Trace};
use facts::site::{Cause, Place};

/// After this long in the queue a closure is not just about to start.
const LASTS_NS: u64 = 1_000_000_000;

/// How many children of a task are searched for others that it may wait for.
const CHILDREN: usize = 1_024;

/// The closures of the blocking pool, collected in a walk over all tasks.
#[derive(Debug, Default)]
pub(super) struct Closures {
    queued: Vec<TaskIx>,
    running: Vec<TaskIx>,
    /// The waiting roots inside each closure.
    roots: HashMap<TaskIx, Vec<TaskIx>>,
}

impl Closures {
    /// Looks at one more task.
    pub(super) fn look(&mut self, task: TaskIx, of: &Task) {
        let Some(last) = of.segments.last().filter(|_| of.end().is_none()) else { return };
        match (of.of, last.state) {
            (LaneOf::Blocking, State::Ready) => self.queued.push(task),
            (LaneOf::Blocking, State::Running(_)) => self.running.push(task),
            (LaneOf::Root, State::Waiting(_)) => {
                of.parent.into_iter().for_each(|parent| self.roots.entry(parent).or_default().push(task));
            }
            _ => {}
        }
    }
}

impl Trace {
    /// Since when a task waits for the end of another task and for nothing else. A root with no known wait counts too, because
    /// its joins are not recorded.
    fn joins_since(&self, of: &Task) -> Option<u64> {
        let last = of.segments.last().filter(|last| of.end().is_none() && last.state.is_waiting())?;
        let leaves = self.leaves(*last);
        let joins = leaves.iter().all(|leaf| self.site(leaf.site).cause == Cause::Join);
        (joins && (!leaves.is_empty() || of.of == LaneOf::Root)).then_some(last.start_ns)
    }

    /// Whether only another task could end this task's wait.
    fn waits_for_others(&self, of: &Task) -> bool {
        let needs_another = |cause: Cause| cause.is_lock() || cause.is_channel() || cause == Cause::Join;
        let leaves = of.segments.last().map_or(&[][..], |last| self.leaves(*last));
        !leaves.is_empty() && leaves.iter().all(|leaf| needs_another(self.site(leaf.site).cause))
    }
}

/// A task of a `LocalSet` that nothing drives although its parent waits for it.
pub(super) fn never_driven(trace: &Trace, task: TaskIx, of: &Task) -> Option<Sight<String>> {
    let never = |of: &Task| of.of == LaneOf::Local && of.polls == 0;
    let parent = of.parent.filter(|_| never(of) && of.end().is_none() && trace.closed)?;
    let waits = &trace.tasks[parent as usize];
    let since_ns = trace.joins_since(waits)?;
    if may_wait_for_others(trace, waits, never) {
        return None;
    }
    let told =
        format!("{} was never polled, and {} waits for the end of a task: nothing drives the LocalSet", of.name, waits.name);
    let weight = trace.end_ns.saturating_sub(since_ns);
    Some(Sight { task: Some(task), at_ns: since_ns, place: trace.spawn_place(task), weight, told })
}

/// Whether some child of a task may still end by itself, so that the task may be waiting for that child.
fn may_wait_for_others(trace: &Trace, parent: &Task, never_runs: impl Fn(&Task) -> bool) -> bool {
    let may_end = |child: &Task| child.end().is_none() && !never_runs(child) && !trace.waits_for_others(child);
    parent.children.len() > CHILDREN || parent.children.iter().any(|child| may_end(&trace.tasks[*child as usize]))
}

/// Finds a blocking pool in which every thread waits, one of them for a queued closure.
pub(super) fn blocked_pool(trace: &Trace, closures: &Closures, found: &mut Findings) {
    let waits = |closure: &TaskIx| Some((*closure, waiting_root(trace, closures, *closure)?));
    let waiting: Vec<(TaskIx, TaskIx)> = closures.running.iter().filter_map(waits).collect();
    if waiting.is_empty() || waiting.len() < closures.running.len() {
        return;
    }
    let sights = closures.queued.iter().filter_map(|queued| {
        let of = &trace.tasks[*queued as usize];
        let (closure, root) = *waiting.iter().find(|(closure, root)| [Some(*closure), Some(*root)].contains(&of.parent))?;
        let since_ns = trace.joins_since(&trace.tasks[root as usize])?.max(of.spawned_ns);
        let (place, weight) = (trace.spawn_place(root), trace.end_ns.saturating_sub(since_ns));
        let told = sentence(trace, closure, *queued, waiting.len(), place.as_ref());
        (weight >= LASTS_NS).then_some(Sight { task: Some(closure), at_ns: since_ns, place, weight, told })
    });
    let sights = sights.collect();
    found.add(FindingKind::BlockedPool, sights, told);
}

/// The root in which a closure waits, if it waits for something that is queued.
fn waiting_root(trace: &Trace, closures: &Closures, closure: TaskIx) -> Option<TaskIx> {
    let queued = |child: &Task| child.of == LaneOf::Blocking && child.polls == 0;
    // The root is itself a child of the closure, and waits.
    let others = |of: &Task| may_wait_for_others(trace, of, |child| queued(child) || child.of == LaneOf::Root);
    let waits_for_queued = |root: &TaskIx| {
        let of = &trace.tasks[*root as usize];
        trace.joins_since(of).is_some() && !others(of) && !others(&trace.tasks[closure as usize])
    };
    closures.roots.get(&closure)?.iter().copied().find(waits_for_queued)
}

fn sentence(trace: &Trace, closure: TaskIx, queued: TaskIx, threads: usize, place: Option<&Place>) -> String {
    let name = |task: TaskIx| &trace.tasks[task as usize].name;
    let at = place.map_or_else(String::new, |place| format!(" at {}", short(place)));
    let all = if threads == 1 { "the only thread".to_owned() } else { format!("all {threads} threads") };
    let wait = if threads == 1 { "waits" } else { "wait" };
    format!(
        "{} waits{at} while {}, which it spawned, is queued: {all} of the blocking pool {wait} this way",
        name(closure),
        name(queued)
    )
}
