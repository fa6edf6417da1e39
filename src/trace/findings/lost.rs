//! Tasks that nobody can wake, and locks that nobody can take.
//!
//! A *lost waker* is a task that waits on nothing: its last poll returned
//! `Pending`, and no waker was cloned in it that is still around. It is told when
//! the run is over, or has gone on for a second, and never where causes of waits
//! were not recorded or events were lost. A future that is not Tokio's may keep a
//! waker from poll to poll unseen: a task that has had one lately is not told of.
//!
//! An *unpolled lock* is one that was granted to a future of a task that waits
//! for something else: a grant wakes its task, so that one was polled and did not
//! poll the future. It is told when others stand in line behind it.

use super::{FindingKind, Findings, Sight, short, told};
use crate::record::site::Cause;
use crate::trace::resource::ResourceIx;
use crate::trace::task::{Task, TaskIx};
use crate::trace::waits::Leaf;
use crate::trace::{ResourceKind, Trace, Waiter};

/// While a run goes on, what lasts for so long is told.
const LASTS_NS: u64 = 1_000_000_000;

/// So many waits before the last one are looked at for a future that may have kept a waker.
const LATELY: usize = 16;

/// So many in line are looked at.
const IN_LINE: usize = 64;

impl Trace {
    /// Whether a task waits, and the time from which on it does; once that can be relied on.
    fn rests_since(&self, task: &Task) -> Option<u64> {
        let alive = task.end().is_none();
        let last = task.segments.last().filter(|last| alive && last.state.is_waiting())?;
        (self.closed || self.end_ns.saturating_sub(last.start_ns) >= LASTS_NS).then_some(last.start_ns)
    }
}

/// A task that waits, and that nobody can wake.
pub(super) fn waker(trace: &Trace, task: TaskIx, of: &Task) -> Option<Sight<String>> {
    let known = trace.lost == 0 && !trace.waits.sites.is_empty();
    let since_ns = trace.rests_since(of).filter(|_| known)?;
    let foreign = |leaf: &Leaf| trace.site(leaf.site).cause == Cause::Other;
    let mut lately = of.waits().rev().map(|(_, wait)| trace.leaves(wait));
    let lost = lately.next()?.is_empty() && !lately.take(LATELY).flatten().any(foreign);
    lost.then(|| {
        let told = format!("{} waits, and its last poll has left no waker with anybody", of.name);
        let weight = trace.end_ns.saturating_sub(since_ns);
        Sight { task: Some(task), at_ns: since_ns, place: trace.spawn_place(task), weight, told }
    })
}

/// Finds locks that were given to a future that nobody polls.
pub(super) fn unpolled_locks(trace: &Trace, found: &mut Findings) {
    let sights = trace.contended().filter_map(|ix| unpolled(trace, ix)).collect();
    found.add(FindingKind::UnpolledLock, sights, told);
}

fn unpolled(trace: &Trace, ix: ResourceIx) -> Option<Sight<String>> {
    let resource = &trace.resources[ix as usize];
    if !matches!(resource.kind, ResourceKind::Mutex | ResourceKind::RwLock | ResourceKind::Semaphore) {
        return None;
    }
    let rests = |task: TaskIx| trace.rests_since(&trace.tasks[task as usize]);
    // Who waits since an earlier time has not been woken yet.
    let unpolled = |(waiter, granted_ns): (Waiter, u64)| {
        rests(waiter.task).filter(|since_ns| *since_ns >= granted_ns).map(|since_ns| (waiter.task, since_ns))
    };
    let (owner, since_ns) = resource.untaken().find_map(unpolled)?;
    let line = resource.at_with(trace.end_ns, IN_LINE).waiters;
    let behind = line.iter().filter(|waiter| !waiter.is_granted()).count();
    if behind == 0 {
        return None;
    }
    let of = &trace.tasks[owner as usize];
    let place = of.waits().next_back().and_then(|(_, wait)| trace.place_among(trace.leaves(wait)));
    let elsewhere = place.as_ref().map_or_else(String::new, |place| format!(" and waits at {}", short(place)));
    let own = line.iter().any(|waiter| !waiter.is_granted() && waiter.task == owner);
    let told = format!(
        "{} was given the {} and does not take it: it does not poll the future that asked for it{elsewhere}{}; {} in line behind it",
        of.name,
        trace.resource_name(ix),
        if own { ", for the same lock" } else { "" },
        if behind == 1 { "1 stands".to_owned() } else { format!("{behind} stand") },
    );
    Some(Sight { task: Some(owner), at_ns: since_ns, place, weight: behind as u64, told })
}
