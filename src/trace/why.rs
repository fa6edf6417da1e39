//! Who waits for whom: from a task to what it waits for, to who holds that, and on.
//!
//! A lock has holders, and they are known. For a message or the end of a task
//! there are only candidates: the tasks that have woken this one so far, and
//! its living children. Those are inferred, and marked so.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use super::Trace;
use super::line::Waiter;
use super::resource::{Holder, Resource, ResourceIx};
use super::task::{State, TaskIx, Waker};
use super::waits::Leaf;
use crate::record::event::ResourceKind;
use crate::record::site::Cause;

/// Those for whom a resource is set aside are the first in line: no more are looked at.
const SERVED: usize = 64;

/// So many wakes of a task are looked at for who may send to it again.
const LATELY: usize = 1_000;

/// A search for a circle is given up after so many tasks: a circle of that many is no lesson any more, and a recording may
/// tell of any.
const MOST_STEPS: usize = 1_024;

/// So many circles are kept.
const MOST_CIRCLES: usize = 1_024;

/// A task that another one waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocker {
    /// The task.
    pub task: TaskIx,
    /// Since when it holds what is waited for, in nanoseconds since the run began; none for a candidate.
    pub since_ns: Option<u64>,
    /// Whether it is inferred and not observed.
    pub inferred: bool,
}

/// One step on the way from a wait to its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The task.
    pub task: TaskIx,
    /// What it waits on, if it waits. Of several futures, the first that a known task holds up.
    pub leaf: Option<Leaf>,
    /// The tasks that hold it up. The next link is the first of them.
    pub blockers: Vec<Blocker>,
}

/// Why a task waits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Why {
    /// From the task to the last one that is known.
    pub links: Vec<Link>,
    /// The link that the last one waits for in its turn, if it is a circle.
    pub cycle: Option<usize>,
}

impl Trace {
    /// Why a task waits at a time: from task to blocker, until one that is not held up by a known task.
    pub fn why(&self, task: TaskIx, at_ns: u64) -> Why {
        let mut why = Why::default();
        let mut next = Some(task);
        while let Some(task) = next {
            why.cycle = why.links.iter().position(|link| link.task == task);
            if why.cycle.is_some() {
                break;
            }
            let link = self.link(task, at_ns);
            next = link.blockers.first().map(|blocker| blocker.task);
            why.links.push(link);
        }
        why
    }

    /// The tasks that hold up what this leaf of a task waits for, at a time. The longest first.
    pub fn blockers(&self, task: TaskIx, leaf: Leaf, at_ns: u64) -> Vec<Blocker> {
        let cause = self.site(leaf.site).cause;
        if let Some(resource) = leaf.resource
            && self.resources[resource as usize].kind != ResourceKind::Channel
            && cause.is_lock()
        {
            let holdings = self.resources[resource as usize].at_with(at_ns, SERVED);
            return blockers_of(&holdings.holders, holdings.inferred, holdings.waiters.into_iter(), task);
        }
        let inferred = |task| Blocker { task, since_ns: None, inferred: true };
        match cause {
            Cause::Join => {
                let alive = |child: &TaskIx| {
                    let child = &self.tasks[*child as usize];
                    child.spawned_ns <= at_ns && child.end_at(at_ns).is_none()
                };
                self.children_of(task).iter().copied().filter(alive).map(inferred).collect()
            }
            cause if cause.is_channel() => self.wakers_of(task, at_ns).into_iter().map(inferred).collect(),
            _ => Vec::new(),
        }
    }

    /// The task that has held something others wait for since the longest waiter came, what it holds, and since when that one waits.
    pub fn longest_blocker_at(&self, at_ns: u64) -> Option<(TaskIx, ResourceIx, u64)> {
        let worst = |ix: ResourceIx| {
            let since_ns = self.resources[ix as usize].waited_since(at_ns)?;
            let holdings = self.resources[ix as usize].at_with(at_ns, 0);
            let holder = holdings.holders.iter().find_map(|holder| holder.task)?;
            Some((holder, ix, since_ns))
        };
        self.contended().filter_map(worst).min_by_key(|(_, _, since_ns)| *since_ns)
    }

    /// The other tasks that have woken this one lately, by a time, and are alive then, the last one first.
    pub(super) fn wakers_of(&self, task: TaskIx, at_ns: u64) -> Vec<TaskIx> {
        let all = &self.tasks[task as usize].wakes;
        let past = &all[..all.partition_point(|wake| wake.at_ns <= at_ns)];
        let mut wakers = Vec::new();
        for wake in past.iter().rev().take(LATELY) {
            if let Waker::Task(by) = wake.by
                && by != task
                && !wakers.contains(&by)
                && self.tasks[by as usize].end_at(at_ns).is_none()
            {
                wakers.push(by);
            }
        }
        wakers
    }

    fn link(&self, task: TaskIx, at_ns: u64) -> Link {
        let leaves = self.wait_at(task, at_ns).map_or(&[][..], |wait| wait.leaves);
        let held_up = leaves.iter().find_map(|leaf| {
            let blockers = self.blockers(task, *leaf, at_ns);
            (!blockers.is_empty()).then_some((*leaf, blockers))
        });
        match held_up {
            Some((leaf, blockers)) => Link { task, leaf: Some(leaf), blockers },
            None => Link { task, leaf: leaves.first().copied(), blockers: Vec::new() },
        }
    }

    /// Looks whether a task that has just begun to wait has closed a circle of locks.
    pub(super) fn look_for_circle(&mut self, at_ns: u64, task: TaskIx) {
        if self.deadlocks.len() >= MOST_CIRCLES || !self.waits_for_locks(task) {
            return;
        }
        let Some(free) = self.free_if_stuck(task) else { return };
        let circle = self.circle_from(task, &free);
        let among: HashSet<_> = circle.iter().collect();
        if !circle.is_empty() && !self.deadlocks.iter().any(|(_, known)| known.iter().all(|task| among.contains(task))) {
            self.deadlocks.push((at_ns, circle));
        }
    }

    /// Whether a task can never go on: it waits for locks alone, and those that hold them can never give them back. If
    /// so, those of whom it was found that they can. All are taken to be stuck until it is found that one is not; that
    /// may set others free, so it is looked again until nobody is.
    fn free_if_stuck(&self, task: TaskIx) -> Option<HashSet<TaskIx>> {
        let mut free = HashSet::new();
        // Most can go on, and this tells it at once.
        self.keepers(task, &free)?;
        let mut steps = 0;
        loop {
            let (mut seen, mut next) = (HashSet::new(), vec![task]);
            let before = free.len();
            while let Some(task) = next.pop() {
                if !seen.insert(task) {
                    continue;
                }
                steps += 1;
                match self.keepers(task, &free) {
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
    fn keepers(&self, task: TaskIx, free: &HashSet<TaskIx>) -> Option<Vec<TaskIx>> {
        let mut keepers = Vec::new();
        let leaves = self.leaves_now(self.task(task));
        if leaves.is_empty() {
            return None;
        }
        for leaf in leaves {
            let resource = &self.resources[self.lock_of(leaf)? as usize];
            // A lock is free when all its holders have left; of a semaphore one permit may do.
            let one_may_do = resource.kind == ResourceKind::Semaphore;
            let before = keepers.len();
            for blocker in blocking_now(resource, task) {
                if !free.contains(&blocker) && self.waits_for_locks(blocker) {
                    keepers.push(blocker);
                } else if one_may_do {
                    return None;
                }
            }
            let untold = || resource.now.inferred || resource.now.holders.iter().any(|holder| holder.task.is_none());
            if keepers.len() == before || (one_may_do && untold()) {
                return None;
            }
        }
        Some(keepers)
    }

    /// The lock that a leaf waits for, if it does.
    fn lock_of(&self, leaf: &Leaf) -> Option<ResourceIx> {
        leaf.resource.filter(|_| leaf.lock(&self.waits.sites))
    }

    /// Whether a task waits for locks and nothing else.
    fn waits_for_locks(&self, task: TaskIx) -> bool {
        let of = self.task(task);
        let last = of.segments.last().filter(|last| last.state.is_waiting() && of.ended.is_none());
        last.is_some_and(|last| self.waits.sets.only_locks(last.leaves))
    }

    /// The circle that is reached from a stuck task, beginning where it closes.
    fn circle_from(&self, task: TaskIx, free: &HashSet<TaskIx>) -> Vec<TaskIx> {
        let (mut path, mut places) = (vec![task], HashMap::from([(task, 0)]));
        loop {
            let next = self.keepers(path[path.len() - 1], free).and_then(|keepers| keepers.first().copied());
            let Some(next) = next else { return Vec::new() };
            match places.entry(next) {
                Entry::Occupied(start) => return path.split_off(*start.get()),
                Entry::Vacant(place) => _ = place.insert(path.len()),
            }
            path.push(next);
        }
    }
}

/// Those who hold a resource, or for whom it is set aside; a task can hold up itself.
fn blockers_of(holders: &[Holder], inferred: bool, line: impl Iterator<Item = Waiter>, waiter: TaskIx) -> Vec<Blocker> {
    let held =
        holders.iter().filter_map(|holder| Some(Blocker { task: holder.task?, since_ns: Some(holder.since_ns), inferred }));
    let granted = line.filter(|other| other.is_granted() && other.task != waiter);
    let granted = granted.map(|other| Blocker { task: other.task, since_ns: Some(other.since_ns), inferred: false });
    held.chain(granted).collect()
}

/// The same as things stand now, without more than who it is.
fn blocking_now(resource: &Resource, waiter: TaskIx) -> impl Iterator<Item = TaskIx> {
    let held = resource.now.holders.iter().filter_map(|holder| holder.task);
    let granted = resource.line.granted().filter(move |other| other.is_granted() && other.task != waiter);
    held.chain(granted.map(|other| other.task))
}

impl State {
    /// The cause to draw, if it waits.
    pub fn cause(self) -> Option<Cause> {
        match self {
            Self::Waiting(cause) => Some(cause),
            Self::Running(_) | Self::Ready => None,
        }
    }
}
