//! Circles: tasks that can never go on, because each waits for what the next one has.
//!
//! A circle closes when a task that has something begins to wait, so only from
//! there is it looked for. It is a fact only where each edge is: an edge over a
//! holder that is inferred may be none, since the guard may be with a task that
//! can go on. Such a circle is *possible*, and looked for when it is asked for.
//!
//! A lock is first come, first served, so a task also waits for those in line
//! before it. Nearly always they wait for the same holders, so that nothing is
//! added by them; but a read behind a write in line waits for that one, although
//! other reads hold the lock, and a permit behind several at once for those.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use super::Trace;
use super::resource::{Holdings, ResourceIx};
use super::task::TaskIx;
use super::waits::Leaf;
use crate::record::event::ResourceKind;

/// Those for whom a resource is set aside are the first in line: no more are looked at.
const SERVED: usize = 64;

/// A search for a circle is given up after so many tasks: a circle of that many is no lesson any more, and a recording may
/// hold any.
const MOST_STEPS: usize = 1_024;

/// So many circles are kept.
const MOST_CIRCLES: usize = 1_024;

/// So many tasks that have something are looked at for circles that are possible.
const MOST_TASKS: usize = 256;

/// Which edges a circle may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edges {
    /// Those that were observed.
    Observed,
    /// Those that are inferred too: over guards that may have moved, and over room in channels.
    Inferred,
}

impl Trace {
    /// Looks whether a task that has just begun to wait has closed a circle.
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

    /// The circles of tasks that may be stuck at a time for good, beyond those that are known to be.
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

    /// Whether each of these tasks waits at a time for what the next one has, and the last one for what the first one has.
    pub(super) fn is_circle(&self, circle: &[TaskIx], at_ns: u64, edges: Edges) -> bool {
        let none = HashSet::new();
        (0..circle.len()).all(|i| {
            let keepers = self.keepers(circle[i], at_ns, edges, &none);
            keepers.is_some_and(|keepers| keepers.contains(&circle[(i + 1) % circle.len()]))
        })
    }

    /// The circle that a task is stuck in, or behind, from where it closes; empty if there is none.
    fn circle_through(&self, at_ns: u64, task: TaskIx, edges: Edges) -> Vec<TaskIx> {
        let free = self.free_if_stuck(task, at_ns, edges);
        free.map_or_else(Vec::new, |free| self.circle_from(task, at_ns, edges, &free))
    }

    /// Whether a task can never go on: it waits for locks alone, and those that hold them can never give them back. If
    /// so, those of whom it was found that they can. All are taken to be stuck until it is found that one is not; that
    /// may set others free, so it is looked again until nobody is.
    fn free_if_stuck(&self, task: TaskIx, at_ns: u64, edges: Edges) -> Option<HashSet<TaskIx>> {
        let mut free = HashSet::new();
        // Most can go on, and this shows it at once.
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

    /// Those who keep a task from going on, as long as it is not known that they can go on themselves; none if it can.
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
                // Each of its receivers could make room.
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

    /// Those that keep a task from a lock and are stuck themselves: none if it can have it.
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

    /// The lock that a leaf waits for, if it does.
    pub(super) fn lock_of(&self, leaf: &Leaf) -> Option<ResourceIx> {
        leaf.resource.filter(|_| leaf.lock(&self.waits.sites))
    }

    /// Whether a task waits at a time for nothing but what another one has: locks, or, where edges may be inferred, room too.
    fn may_be_stuck(&self, task: TaskIx, at_ns: u64, edges: Edges) -> bool {
        let Some(wait) = self.wait_at(task, at_ns) else { return false };
        let room = |leaf: &Leaf| edges == Edges::Inferred && self.is_room(leaf);
        !wait.leaves.is_empty() && wait.leaves.iter().all(|leaf| self.lock_of(leaf).is_some() || room(leaf))
    }

    /// The circle that is reached from a stuck task, beginning where it closes.
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

/// Whether there are too few permits for a task even when all but these have given theirs back. Not where it is not known how
/// many there are.
fn is_short(holdings: &Holdings, keepers: &[(TaskIx, u32)], asks: u32) -> bool {
    let kept = keepers.iter().fold(0_u32, |sum, (_, permits)| sum.saturating_add(*permits));
    holdings.permits.is_some_and(|all| all.saturating_sub(kept) < asks)
}
