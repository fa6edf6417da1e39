//! Guards: who took what, and has not given it back.
//!
//! A guard that was given back is taken out of the history together with its taking. Tokio does not report which guard was
//! given back, so the trace assumes the best fit (see `trace::guard`), and the same rules are applied here: otherwise a
//! keyframe would restate another guard than the trace believes to be out.
//!
//! An ended task is kept as long as a guard is out that it took, or that it is believed to have got.
//!
//! Three things cannot be restated exactly. All concern owned guards only, whose holders are marked as inferred:
//!
//! - The nearest ancestor that the taker spawned is unknown if a task between them has ended.
//! - The trace guesses where a guard is when its taker waits for the same resource or ends. A wait that is over is not restated,
//!   so the guess from a keyframe may be made later, among other children, and name another task or none.
//! - It is not restated how many permits of a semaphore were taken unseen (`try_acquire`), only that some were. The trace then
//!   leaves out the counts and marks all holders as inferred.

use facts::event::{Change, Event, ResourceId, ResourceKind, TaskId, What};
use smallvec::SmallVec;

use super::super::history::Node;
use super::{Key, Living, Task};

/// How many ancestors, guards and children are searched, as in the trace.
const ANCESTORS: usize = 64;
const LOOKED_AT: usize = 4_096;
const CHILDREN: usize = 1_024;

/// A guard that has not been given back.
#[derive(Debug)]
pub(super) struct Guard {
    pub(super) taker: Option<(TaskId, Key)>,
    /// The fact that took it, and the one that said for how many permits.
    pub(super) taken: Node,
    pub(super) asked: Option<Node>,
    pub(super) permits: u32,
    pub(super) owned: bool,
    pub(super) exclusive: bool,
    /// Tasks from this one on were spawned after it was taken.
    pub(super) after: Key,
    pub(super) moved: Moved,
}

/// Where a guard is believed to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moved {
    /// With its taker.
    No,
    /// Elsewhere.
    Away,
    /// With this task.
    To(TaskId, Key),
}

/// How well a guard fits the task that gives something back, best first. See `trace::guard`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    Own,
    Believed,
    Taken,
    Child(Key),
    Left,
    Loose,
    Unlikely,
}

/// Permits that a task gave back while it had been granted some that it has not taken.
#[derive(Debug)]
pub(super) struct Returned {
    pub(super) task: TaskId,
    pub(super) resource: ResourceId,
    pub(super) permits: u32,
}

impl Living {
    pub(super) fn give_back(&mut self, thread: u16, event: &Event, id: ResourceId, by: Option<TaskId>, permits: u32) {
        match self.resources.get(&id).map(|of| of.kind) {
            Some(ResourceKind::Semaphore) => self.release(id, by, permits, false),
            Some(ResourceKind::Channel) => self.received(thread, event.at_ns, id, by, permits),
            _ => {}
        }
    }

    /// A task made room in a channel. Without a message to receive, the oldest reservations are given back.
    pub(super) fn received(&mut self, thread: u16, at_ns: u64, id: ResourceId, by: Option<TaskId>, permits: u32) {
        let Some(of) = self.resources.get_mut(&id) else { return };
        if let Some(by) = by.filter(|by| self.tasks.contains_key(by) && of.receivers.iter().all(|(known, _)| known != by)) {
            // Only who received matters, so no room is made.
            let what = What::Permits { resource: id, change: Change::Add, permits: 0, by: Some(by) };
            of.receivers.push((by, self.history.push(thread, Event { at_ns, what })));
            let (tasks, history) = (&self.tasks, &mut self.history);
            of.receivers.retain(|(known, node)| {
                let lives = tasks.contains_key(known);
                if !lives {
                    history.remove(*node);
                }
                lives
            });
        }
        let reserved = permits.saturating_sub(of.unread);
        of.unread = of.unread.saturating_sub(permits);
        for _ in 0..reserved {
            if self.resources.get(&id).is_none_or(|of| of.held.is_empty()) {
                break;
            }
            self.lets_go(id, 0, u32::MAX);
        }
    }

    /// Takes permits of a guard out of the history.
    pub(super) fn lets_go(&mut self, id: ResourceId, place: usize, permits: u32) {
        let Some(of) = self.resources.get_mut(&id) else { return };
        let guard = &mut of.held[place];
        guard.permits = guard.permits.saturating_sub(permits);
        if guard.permits > 0 {
            let left = guard.permits;
            if let Some(What::Asked { permits, .. }) = guard.asked.map(|node| self.history.what_mut(node)) {
                *permits = left;
            }
            return;
        }
        let guard = of.held.remove(place);
        self.forget_guard(id, guard);
    }

    pub(super) fn forget_guard(&mut self, resource: ResourceId, mut guard: Guard) {
        self.history.remove(guard.taken);
        self.history.clear(&mut guard.asked);
        if let Moved::To(child, key) = guard.moved {
            if let Some(child) = self.tasks.get_mut(&child).filter(|task| task.key == key) {
                child.believed = child.believed.saturating_sub(1);
            }
            self.bury(child);
        }
        if let Some((taker, key)) = guard.taker
            && self.tasks.get(&taker).is_some_and(|task| task.key == key)
        {
            self.not_out(taker, resource);
        }
    }

    /// A guard that a task took is no longer out.
    pub(super) fn not_out(&mut self, taker: TaskId, resource: ResourceId) {
        let Some(task) = self.tasks.get_mut(&taker) else { return };
        if let Some(place) = task.guards.iter().position(|of| *of == resource) {
            task.guards.swap_remove(place);
        }
        self.bury(taker);
    }

    pub(super) fn release(&mut self, id: ResourceId, by: Option<TaskId>, permits: u32, exclusive: bool) {
        if self.returned.as_ref().is_some_and(|returned| (Some(returned.task), returned.resource) != (by, id)) {
            self.settle();
        }
        self.use_resource(id, |_| ());
        let grant = by.filter(|by| self.has_grant(*by, id));
        match (grant, &mut self.returned) {
            (Some(_), Some(returned)) => returned.permits = returned.permits.saturating_add(permits),
            (Some(task), before) => *before = Some(Returned { task, resource: id, permits }),
            (None, _) => self.release_from(id, by, permits, exclusive),
        }
    }

    /// Whether permits of a resource are set aside for a task that has not taken them.
    pub(super) fn has_grant(&self, task: TaskId, resource: ResourceId) -> bool {
        let ops = self.tasks.get(&task).into_iter().flat_map(|task| task.leaves.ops());
        ops.filter_map(|op| self.ops.get(&op)).any(|op| op.resource == Some(resource) && op.granted > 0)
    }

    /// Gives back permits from the best-fitting guards.
    pub(super) fn release_from(&mut self, id: ResourceId, by: Option<TaskId>, mut permits: u32, exclusive: bool) {
        while permits > 0 {
            let Some((fit, place, held)) = self.best_fit(id, by, permits, exclusive) else { break };
            let Some(of) = self.resources.get(&id) else { return };
            if of.kind == ResourceKind::Semaphore && (fit == Fit::Unlikely || (fit >= Fit::Left && of.untold >= permits)) {
                break;
            }
            let given = held.min(permits);
            permits -= given;
            self.lets_go(id, place, given);
        }
        if let Some(of) = self.resources.get_mut(&id).filter(|of| permits > 0 && of.kind == ResourceKind::Semaphore) {
            of.add(permits);
        }
    }

    pub(super) fn best_fit(
        &self,
        id: ResourceId,
        by: Option<TaskId>,
        permits: u32,
        exclusive: bool,
    ) -> Option<(Fit, usize, u32)> {
        let by = by.and_then(|by| self.tasks.get(&by));
        let held = self.resources.get(&id)?.held.iter().enumerate().take(LOOKED_AT);
        let mut best: Option<((Fit, bool), usize, u32)> = None;
        for (place, guard) in held.filter(|(_, guard)| guard.exclusive == exclusive) {
            let rank = (self.fit(guard, by), guard.permits != permits);
            if best.is_none_or(|(known, ..)| rank < known) {
                best = Some((rank, place, guard.permits));
            }
            if rank == (Fit::Own, false) {
                break;
            }
        }
        best.map(|((fit, _), place, held)| (fit, place, held))
    }

    pub(super) fn fit(&self, guard: &Guard, by: Option<&Task>) -> Fit {
        let (taker, by_key) = (guard.taker.map(|(_, key)| key), by.map(|by| by.key));
        let own = taker == by_key;
        if own && !guard.owned {
            return Fit::Own;
        }
        if matches!(guard.moved, Moved::To(_, key) if Some(key) == by_key) {
            return Fit::Believed;
        }
        if own && guard.moved == Moved::No {
            return Fit::Taken;
        }
        let elder = by.zip(taker).filter(|_| !own).and_then(|(by, taker)| self.elder(by, taker));
        if let Some(later) = elder.and_then(|elder| elder.checked_sub(guard.after)).filter(|_| guard.owned) {
            return Fit::Child(later);
        }
        let has_ended = |(id, key): (TaskId, Key)| self.tasks.get(&id).is_none_or(|task| task.key != key || task.ended);
        match guard.owned {
            _ if own => Fit::Left,
            true if guard.taker.is_some_and(has_ended) || guard.moved != Moved::No => Fit::Left,
            true => Fit::Loose,
            false => Fit::Unlikely,
        }
    }

    /// The task or nearest ancestor that `parent` spawned.
    pub(super) fn elder(&self, task: &Task, parent: Key) -> Option<Key> {
        let above = |task: &&Task| {
            let (id, key) = task.parent?;
            self.tasks.get(&id).filter(|known| known.key == key)
        };
        let line = std::iter::successors(Some(task), above).take(ANCESTORS);
        line.into_iter().find(|elder| elder.parent.is_some_and(|(_, key)| key == parent)).map(|elder| elder.key)
    }

    /// A task has to wait for a resource: owned guards of it that the task took are probably elsewhere.
    pub(super) fn gives_up_own(&mut self, id: TaskId, resource: ResourceId) {
        if self.tasks.get(&id).is_some_and(|task| task.guards.contains(&resource)) {
            self.guess(id, resource, false);
        }
    }

    /// Guesses who has the owned guards of a resource that a task took: the first living children that it spawned later and that
    /// have none yet.
    pub(super) fn guess(&mut self, id: TaskId, resource: ResourceId, gone: bool) {
        let (Some(taker), Some(of)) = (self.tasks.get(&id), self.resources.get_mut(&resource)) else { return };
        let mut believed: SmallVec<[Moved; 4]> = SmallVec::new();
        for place in 0..of.held.len() {
            let guard = &of.held[place];
            if guard.taker != Some((id, taker.key)) || !guard.owned || guard.moved != Moved::No {
                continue;
            }
            let has_one = |to| of.held.iter().any(|guard| guard.moved == to);
            let mut later = taker.children.range(guard.after..).take(CHILDREN).map(|(key, child)| Moved::To(*child, *key));
            let child = later.find(|child| !has_one(*child));
            if child.is_some() || gone {
                of.held[place].moved = child.unwrap_or(Moved::Away);
                believed.extend(child);
            }
        }
        for child in believed {
            if let Moved::To(child, _) = child
                && let Some(child) = self.tasks.get_mut(&child)
            {
                child.believed += 1;
            }
        }
    }

    /// A task has ended. Of the guards that it never gave back, owned ones are elsewhere, borrowed permits are lost, and borrowed
    /// locks have an unknown holder.
    pub(super) fn guards_outlive(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get(&id) else { return };
        let (key, mut resources) = (task.key, task.guards.clone());
        resources.sort_unstable();
        resources.dedup();
        for resource in resources {
            self.guess(id, resource, true);
            let Some(of) = self.resources.get_mut(&resource) else { continue };
            let borrowed = |guard: &Guard| guard.taker == Some((id, key)) && !guard.owned;
            for guard in of.held.iter_mut().filter(|guard| borrowed(guard)) {
                guard.moved = Moved::Away;
            }
            if of.kind == ResourceKind::Semaphore {
                while let Some((place, permits)) = self.resources.get_mut(&resource).and_then(|of| {
                    let place = of.held.iter().position(borrowed)?;
                    let permits = of.held[place].permits;
                    of.permits = of.permits.map(|all| all.saturating_sub(permits));
                    Some((place, permits))
                }) {
                    self.lets_go(resource, place, permits);
                }
            }
        }
    }
}
