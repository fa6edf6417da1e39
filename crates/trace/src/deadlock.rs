//! Deadlock cycles: tasks that can never continue because each waits for what the next one has.
//!
//! A cycle closes when a task that has something begins to wait, so the search
//! starts only there. A cycle is certain only if every edge is observed. An edge
//! through an inferred holder may be false, because the guard may be with a task
//! that can continue. A cycle with such an edge is *possible*; it is searched for
//! only on request.
//!
//! Locks are first come, first served, so a task also waits for the waiters before
//! it in the queue. They nearly always wait for the same holders and add nothing.
//! But a read queued behind a write waits for that write even while other reads
//! hold the lock, and an acquire queued behind a larger acquire waits for it.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use super::Trace;
use super::resource::{Holdings, ResourceIx};
use super::task::TaskIx;
use super::waits::Leaf;
use facts::event::ResourceKind;

/// How many waiters of a resource are searched for grants. Granted waiters are first in the queue.
const SERVED: usize = 64;

/// The search for a cycle is abandoned after this many tasks: a longer cycle teaches nothing, and a recording may contain
/// anything.
const MOST_STEPS: usize = 1_024;

/// Maximum number of cycles that are kept.
const MOST_CIRCLES: usize = 1_024;

/// How many tasks that have something are searched for possible cycles.
const MOST_TASKS: usize = 256;

/// Which edges a cycle may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edges {
    /// Only observed edges.
    Observed,
    /// Inferred edges too: through guards that may have moved, and through room in channels.
    Inferred,
}

impl Trace {
    /// Checks whether a task that has just begun to wait has closed a cycle.
    pub(super) fn look_for_circle(&mut self, at_ns: u64, task: TaskIx) {
        if self.deadlocks.len() >= MOST_CIRCLES || !self.ingest.hoard.has(task) {
            return;
        }
        let circle = self.circle_through(at_ns, task, Edges::Observed);
        let among: HashSet<_> = circle.iter().collect();
        if !circle.is_empty() && !self.deadlocks.iter().any(|(_, known)| known.iter().all(|task| among.contains(task))) {
            self.deadlocks.push((at_ns, circle));
        }
    }

    /// The cycles of tasks that may be stuck forever at a time, without the cycles that are certain.
    pub(super) fn possible_circles(&self, at_ns: u64) -> Vec<Vec<TaskIx>> {
        let mut circles: Vec<Vec<TaskIx>> = Vec::new();
        for task in self.stuck_owners(at_ns) {
            if circles.iter().any(|known| known.contains(&task)) {
                continue;
            }
            let circle = self.circle_through(at_ns, task, Edges::Inferred);
            let known = |other: &Vec<TaskIx>| other.iter().any(|task| circle.contains(task));
            if !circle.is_empty() && !circles.iter().any(known) && !self.is_circle(&circle, at_ns, Edges::Observed) {
                circles.push(circle);
            }
        }
        circles
    }

    /// The tasks that have, or seem to have, what others wait for, and that may be stuck themselves.
    fn stuck_owners(&self, at_ns: u64) -> Vec<TaskIx> {
        let mut owners: Vec<TaskIx> = Vec::new();
        for resource in self.contended().map(|ix| &self.resources[ix as usize]) {
            let holdings = resource.at_with(at_ns, 0);
            if holdings.waiting == 0 {
                continue;
            }
            owners.extend(holdings.holders.iter().filter_map(|holder| holder.task));
            owners.extend(resource.receivers.iter().map(|(task, _)| *task));
        }
        owners.sort_unstable();
        owners.dedup();
        owners.retain(|task| self.may_be_stuck(*task, at_ns, Edges::Inferred));
        owners.truncate(MOST_TASKS);
        owners
    }

    /// Whether, at a time, each of these tasks waits for what the next one has, and the last one for what the first one has.
    pub(super) fn is_circle(&self, circle: &[TaskIx], at_ns: u64, edges: Edges) -> bool {
        let none = HashSet::new();
        (0..circle.len()).all(|i| {
            let keepers = self.keepers(circle[i], at_ns, edges, &none);
            keepers.is_some_and(|keepers| keepers.contains(&circle[(i + 1) % circle.len()]))
        })
    }

    /// The cycle that a task is stuck in, or behind, from where it closes; empty if there is no cycle.
    fn circle_through(&self, at_ns: u64, task: TaskIx, edges: Edges) -> Vec<TaskIx> {
        let free = self.free_if_stuck(task, at_ns, edges);
        free.map_or_else(Vec::new, |free| self.circle_from(task, at_ns, edges, &free))
    }

    /// Whether a task can never continue: it waits only for locks, and their holders can never give them back. If so, returns
    /// the tasks found to be free. Every task is assumed stuck until shown to be free. A free task may free others, so the
    /// search repeats until it finds none.
    fn free_if_stuck(&self, task: TaskIx, at_ns: u64, edges: Edges) -> Option<HashSet<TaskIx>> {
        let mut free = HashSet::new();
        // Most tasks can continue; this shows it at once.
        self.keepers(task, at_ns, edges, &free)?;
        let mut steps = 0;
        loop {
            let (mut seen, mut next) = (HashSet::new(), vec![task]);
            let before = free.len();
            while let Some(task) = next.pop() {
                if !seen.insert(task) {
                    continue;
                }
                steps += 1;
                match self.keepers(task, at_ns, edges, &free) {
                    _ if steps > MOST_STEPS => return None,
                    Some(keepers) => next.extend(keepers),
                    None => _ = free.insert(task),
                }
            }
            if free.contains(&task) {
                return None;
            }
            if free.len() == before {
                return Some(free);
            }
        }
    }

    /// The tasks that block a task, without those known to be free; `None` if the task can continue.
    fn keepers(&self, task: TaskIx, at_ns: u64, edges: Edges, free: &HashSet<TaskIx>) -> Option<Vec<TaskIx>> {
        if !self.may_be_stuck(task, at_ns, edges) {
            return None;
        }
        let stuck = |other: TaskIx| !free.contains(&other) && self.may_be_stuck(other, at_ns, edges);
        let mut keepers = Vec::new();
        for leaf in self.wait_at(task, at_ns)?.leaves {
            let before = keepers.len();
            if let Some(lock) = self.lock_of(leaf) {
                keepers.extend(self.keep_from_lock(task, lock, at_ns, edges, stuck));
            } else {
                // Any of its receivers could make room.
                let receivers = self.blockers(task, *leaf, at_ns);
                if receivers.iter().all(|receiver| stuck(receiver.task)) {
                    keepers.extend(receivers.iter().map(|receiver| receiver.task));
                }
            }
            if keepers.len() == before {
                return None;
            }
        }
        Some(keepers)
    }

    /// The stuck tasks that keep a task from a lock; empty if the task can get the lock.
    fn keep_from_lock(
        &self,
        task: TaskIx,
        lock: ResourceIx,
        at_ns: u64,
        edges: Edges,
        stuck: impl Fn(TaskIx) -> bool,
    ) -> Vec<TaskIx> {
        let resource = &self.resources[lock as usize];
        let holdings = resource.at_with(at_ns, SERVED);
        let in_line = resource.in_line(at_ns, task);
        let asks = in_line.map_or(1, |(own, _)| own.asks);
        let reads = resource.kind == ResourceKind::RwLock && in_line.is_some_and(|(own, _)| !own.writes());
        let seen = |inferred: bool| edges == Edges::Inferred || !inferred;
        let holders = holdings.holders.iter().filter(|holder| (holder.exclusive || !reads) && seen(holder.inferred));
        let mut keepers: Vec<(TaskIx, u32)> =
            holders.filter_map(|holder| Some((holder.task?, holder.permits))).filter(|(task, _)| stuck(*task)).collect();
        let granted = holdings.waiters.iter().filter(|waiter| waiter.is_granted() && waiter.task != task);
        keepers.extend(granted.map(|waiter| (waiter.task, waiter.granted)).filter(|(task, _)| stuck(*task)));
        if resource.kind == ResourceKind::Semaphore && !is_short(&holdings, &keepers, asks) {
            keepers.clear();
        }
        let ahead = in_line.and_then(|(_, ahead)| ahead).map(|waiter| waiter.task);
        keepers.into_iter().map(|(task, _)| task).chain(ahead.filter(|task| stuck(*task))).collect()
    }

    /// The lock that a leaf waits for, if any.
    pub(super) fn lock_of(&self, leaf: &Leaf) -> Option<ResourceIx> {
        leaf.resource.filter(|_| leaf.lock(&self.waits.sites))
    }

    /// Whether a task waits at a time only for what other tasks have: locks or, if edges may be inferred, room.
    fn may_be_stuck(&self, task: TaskIx, at_ns: u64, edges: Edges) -> bool {
        let Some(wait) = self.wait_at(task, at_ns) else { return false };
        let room = |leaf: &Leaf| edges == Edges::Inferred && self.is_room(leaf);
        !wait.leaves.is_empty() && wait.leaves.iter().all(|leaf| self.lock_of(leaf).is_some() || room(leaf))
    }

    /// The cycle that is reached from a stuck task, beginning where it closes.
    fn circle_from(&self, task: TaskIx, at_ns: u64, edges: Edges, free: &HashSet<TaskIx>) -> Vec<TaskIx> {
        let (mut path, mut places) = (vec![task], HashMap::from([(task, 0)]));
        loop {
            let next = self.keepers(path[path.len() - 1], at_ns, edges, free).and_then(|keepers| keepers.first().copied());
            let Some(next) = next else { return Vec::new() };
            match places.entry(next) {
                Entry::Occupied(start) => return path.split_off(*start.get()),
                Entry::Vacant(place) => _ = place.insert(path.len()),
            }
            path.push(next);
        }
    }
}

/// Whether a task cannot get the permits it asks for even if everyone but these keepers gives theirs back. False if the
/// total is unknown.
fn is_short(holdings: &Holdings, keepers: &[(TaskIx, u32)], asks: u32) -> bool {
    let kept = keepers.iter().fold(0_u32, |sum, (_, permits)| sum.saturating_add(*permits));
    holdings.permits.is_some_and(|all| all.saturating_sub(kept) < asks)
}
