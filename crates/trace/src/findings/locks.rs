//! Locks held while their holder waits for something else.
//!
//! - Only mutexes and read-write locks: a semaphore permit is meant to be held.
//! - Only while other tasks queue: a lock that nobody else wants does no harm.
//! - Not while the holder waits for a message: a lock around a receiver lets one task
//!   at a time wait for the next message, and the queued tasks lose nothing by it.
//!
//! For each lock, only the hold that kept others waiting longest is reported.

use std::collections::HashSet;

use super::{FindingKind, Findings, Sight, short, span, tasks, told};
use crate::resource::{Resource, ResourceIx};
use crate::task::{State, TaskIx};
use crate::waits::SiteIx;
use crate::{ResourceKind, Trace};
use facts::site::{Cause, Place};

/// The shortest reported wait of a holder for something else while others wait for its lock.
const LONG_NS: u64 = 10_000_000;

/// How many of a holder's segments are searched.
const LOOKED_AT: usize = 1_024;

/// A hold that kept others waiting.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hold {
    pub(crate) task: TaskIx,
    /// Where the lock was taken.
    pub(crate) site: Option<SiteIx>,
    /// When the lock was both held and waited for.
    pub(crate) from_ns: u64,
    pub(crate) to_ns: u64,
    /// How many waiters there were when the hold ended.
    pub(crate) waiting: u32,
    /// Whether the hold was exclusive.
    pub(crate) exclusive: bool,
}

impl Hold {
    pub(crate) fn length_ns(&self) -> u64 {
        self.to_ns.saturating_sub(self.from_ns)
    }
}

/// What a holder waited for during its hold.
struct Meanwhile {
    ns: u64,
    /// The cause of its longest wait, and the line.
    cause: Cause,
    place: Option<Place>,
}

/// Finds locks held across waits.
pub(super) fn held_across_waits(trace: &Trace, found: &mut Findings) {
    let sights = trace.contended().filter_map(|ix| held(trace, ix)).collect();
    found.add(FindingKind::LockAcrossWait, sights, told);
}

fn held(trace: &Trace, ix: ResourceIx) -> Option<Sight<String>> {
    let resource = &trace.resources[ix as usize];
    if !matches!(resource.kind, ResourceKind::Mutex | ResourceKind::RwLock) {
        return None;
    }
    let hold = worst(trace, resource)?;
    let meanwhile = waited(trace, hold)?;
    let at = |place: Option<&Place>| place.map_or_else(String::new, |place| format!(" at {}", short(place)));
    let taken = hold.site.and_then(|site| trace.site(site).place.clone());
    let told = format!(
        "{} held the {}{}, taken{}, while it waited for {}{}, which kept {} waiting for {}",
        trace.tasks[hold.task as usize].name,
        trace.resource_kind(ix),
        match resource.kind {
            ResourceKind::RwLock if hold.exclusive => " to write",
            ResourceKind::RwLock => " to read",
            _ => "",
        },
        at(taken.as_ref()),
        if meanwhile.cause == Cause::Time { "a timer" } else { meanwhile.cause.name() },
        at(meanwhile.place.as_ref()),
        tasks(waited_for(resource, hold)),
        span(meanwhile.ns),
    );
    let place = meanwhile.place.or(taken);
    Some(Sight { task: Some(hold.task), at_ns: hold.to_ns, place, weight: meanwhile.ns, told })
}

/// The hold that kept others waiting longest, including holds still in progress.
fn worst(trace: &Trace, resource: &Resource) -> Option<Hold> {
    let lasting = resource.holds(trace.end_ns);
    lasting.chain(resource.worst).max_by_key(Hold::length_ns)
}

/// How many other tasks were queued when a hold ended. A task with several queued futures counts once.
fn waited_for(resource: &Resource, hold: Hold) -> usize {
    let line = resource.at(hold.to_ns.saturating_sub(1)).waiters;
    let tasks: HashSet<TaskIx> = line.iter().map(|waiter| waiter.task).filter(|task| *task != hold.task).collect();
    // On the virtual clock all of them may have arrived at the very moment the hold ended.
    if tasks.is_empty() { hold.waiting as usize } else { tasks.len() }
}

/// The holder's waits for anything but locks and messages during a hold, if they were long.
fn waited(trace: &Trace, hold: Hold) -> Option<Meanwhile> {
    if hold.length_ns() < LONG_NS {
        return None;
    }
    let task = &trace.tasks[hold.task as usize];
    let inside = task.segments_in(hold.from_ns, hold.to_ns);
    let inside = &inside[..inside.len().min(LOOKED_AT)];
    let mut longest = (0, 0);
    let (mut all, mut cause) = (0, None);
    for (i, segment) in inside.iter().enumerate() {
        let State::Waiting(of) = segment.state else { continue };
        let until = inside.get(i + 1).map_or(hold.to_ns, |next| next.start_ns);
        let ns = until.min(hold.to_ns).saturating_sub(segment.start_ns.max(hold.from_ns));
        if of.is_lock() || of == Cause::MpscRecv {
            continue;
        }
        all += ns;
        if ns > longest.0 {
            (longest, cause) = ((ns, segment.start_ns), Some(of));
        }
    }
    let cause = cause.filter(|_| all >= LONG_NS)?;
    let wait = trace.wait_at(hold.task, longest.1);
    Some(Meanwhile { ns: all, cause, place: wait.and_then(|wait| trace.place_among(wait.leaves)) })
}
