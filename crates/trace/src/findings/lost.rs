//! Tasks that nothing can wake, and locks that nobody can take.
//!
//! A *lost waker*: the task's last poll returned `Pending` and left no future that
//! cloned the task's waker. It is reported when the run is over or the wait has lasted a
//! second, and never if events were lost or the causes of waits were not recorded. A
//! future that is not Tokio's may keep a waker between polls without being seen, so a
//! task that recently waited for such a future is not reported.
//!
//! An *unpolled lock*: a lock, a permit or room in a channel was granted to a future
//! of a task that now waits for something else. The grant woke the task, so the task
//! was polled and did not poll the future. It is reported if others queue behind the
//! future. A task that blocks inside a poll, waiting for what its own future was
//! granted, is reported too.
//!
//! A *possible deadlock*: a cycle in which at least one task is only inferred to hold
//! what the previous task waits for. It is looked for when the run is over.

use super::{FindingKind, Findings, Sight, short, told};
use crate::resource::ResourceIx;
use crate::task::{State, Task, TaskIx};
use crate::waits::{Leaf, SiteIx};
use crate::{LaneOf, ResourceKind, Trace, Waiter};
use facts::site::Place;

/// While a run is in progress, a problem must last this long before it is reported.
const LASTS_NS: u64 = 1_000_000_000;

/// How many waits before the last are searched for a future that may have kept a waker.
const LATELY: usize = 16;

/// How many queued waiters are looked at.
const IN_LINE: usize = 64;

impl Trace {
    /// Since when a task waits, once the run is over or the wait is long.
    fn rests_since(&self, task: &Task) -> Option<u64> {
        let alive = task.end().is_none();
        let last = task.segments.last().filter(|last| alive && last.state.is_waiting())?;
        (self.closed || self.end_ns.saturating_sub(last.start_ns) >= LASTS_NS).then_some(last.start_ns)
    }

    /// Since when a task is in a poll, once the run is over or the poll is long.
    fn blocks_since(&self, task: &Task) -> Option<u64> {
        let alive = task.end().is_none();
        let last = task.segments.last().filter(|last| alive && matches!(last.state, State::Running(_)))?;
        (self.closed || self.end_ns.saturating_sub(last.start_ns) >= LASTS_NS).then_some(last.start_ns)
    }
}

/// A waiting task that nothing can wake.
pub(super) fn waker(trace: &Trace, task: TaskIx, of: &Task) -> Option<Sight<String>> {
    // Only tasks that the runtime or a `LocalSet` polls have their wakers recorded.
    let known = trace.lost == 0 && !trace.waits.sites.is_empty() && matches!(of.of, LaneOf::Task | LaneOf::Local);
    let since_ns = trace.rests_since(of).filter(|_| known)?;
    let foreign = |leaf: &Leaf| trace.site(leaf.site).cause.is_foreign();
    let mut lately = of.waits().rev().map(|(_, wait)| trace.leaves(wait));
    let lost = lately.next()?.is_empty() && !lately.take(LATELY).flatten().any(foreign);
    lost.then(|| {
        let told = format!("{} waits, but its last poll left no waker that could wake it", of.name);
        let weight = trace.end_ns.saturating_sub(since_ns);
        Sight { task: Some(task), at_ns: since_ns, place: trace.spawn_place(task), weight, told }
    })
}

/// Finds locks granted to a future that its task does not poll.
pub(super) fn unpolled_locks(trace: &Trace, found: &mut Findings) {
    let sights = trace.contended().filter_map(|ix| unpolled(trace, ix)).collect();
    found.add(FindingKind::UnpolledLock, sights, told);
}

fn unpolled(trace: &Trace, ix: ResourceIx) -> Option<Sight<String>> {
    let resource = &trace.resources[ix as usize];
    let line = resource.at_with(trace.end_ns, IN_LINE).waiters;
    let behind = |waiter: &&Waiter| !waiter.is_granted();
    let count = line.iter().filter(behind).count();
    if count == 0 {
        return None;
    }
    let own = |task: TaskIx| line.iter().any(|waiter| behind(&waiter) && waiter.task == task);
    // A task that has been waiting since before the grant has not been woken yet.
    let unpolled = |(waiter, granted_ns): (Waiter, u64)| {
        let of = &trace.tasks[waiter.task as usize];
        let rests = trace.rests_since(of).filter(|since_ns| *since_ns >= granted_ns);
        let since_ns = rests.or_else(|| trace.blocks_since(of).filter(|_| own(waiter.task)).map(|ns| ns.max(granted_ns)))?;
        Some((waiter, since_ns))
    };
    let (owner, since_ns) = resource.untaken().find_map(unpolled)?;
    let of = &trace.tasks[owner.task as usize];
    let place = |site: Option<SiteIx>| site.and_then(|site| trace.site(site).place.clone());
    let unpolled_at = place(owner.site);
    let last = of.waits().next_back().map_or(&[][..], |(_, wait)| trace.leaves(wait));
    let elsewhere = last.iter().map(|leaf| place(Some(leaf.site))).find(|other| *other != unpolled_at).flatten();
    let at = |place: Option<&Place>, what: &str| place.map_or_else(String::new, |place| format!("{what} {}", short(place)));
    let what = match resource.kind {
        ResourceKind::Channel => format!("room in the {}", trace.resource_name(ix)),
        _ => format!("the {}", trace.resource_name(ix)),
    };
    let told = format!(
        "{} was granted {what} but does not poll the future{}{}{}; {} behind it",
        of.name,
        at(unpolled_at.as_ref(), " of"),
        at(elsewhere.as_ref(), " and waits at"),
        match (own(owner.task), resource.kind) {
            (false, _) => "",
            (true, ResourceKind::Channel) => ", for room in the same channel",
            (true, ResourceKind::Semaphore) => ", for the same semaphore",
            (true, _) => ", for the same lock",
        },
        if count == 1 { "1 waiter queues".to_owned() } else { format!("{count} waiters queue") },
    );
    Some(Sight { task: Some(owner.task), at_ns: since_ns, place: unpolled_at.or(elsewhere), weight: count as u64, told })
}

/// Finds cycles with at least one inferred link.
pub(super) fn possible_deadlocks(trace: &Trace, found: &mut Findings) {
    if !trace.closed || trace.lost > 0 {
        return;
    }
    for stall in trace.possible_deadlocks(trace.end_ns) {
        let tasks: Vec<TaskIx> = stall.tasks.iter().map(|stalled| stalled.task).collect();
        let since = |task: &TaskIx| trace.wait_at(*task, trace.end_ns).map(|wait| wait.start_ns);
        let at_ns = tasks.iter().filter_map(since).max().unwrap_or(trace.end_ns);
        let place = stall.tasks.first().and_then(|stalled| stalled.waits.as_ref()?.place.clone());
        let sight = Sight { task: tasks.first().copied(), at_ns, place, weight: tasks.len() as u64, told: () };
        found.tell(FindingKind::PossibleDeadlock, &sight, stall.text, tasks.into_iter().map(|task| (task, at_ns)));
    }
}
