//! Locks, semaphores and channels: who took what, and who waits.
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
//!
//! Tokio does not report when a resource is dropped. Of the resources that nobody holds and nobody waits for, the
//! [`MOST_IDLE`] that were used last are kept.

use std::num::NonZeroU64;

use facts::event::{Change, Event, LockChange, OpId, ResourceId, ResourceKind, SiteId, TaskId, What};
use facts::site::Cause;
use smallvec::SmallVec;

use super::super::history::Node;
use super::{Key, Living, Task};

/// The maximum number of idle resources that are kept, before half of them are forgotten.
const MOST_IDLE: usize = 1 << 16;

/// How many ancestors, guards and children are searched, as in the trace.
const ANCESTORS: usize = 64;
const LOOKED_AT: usize = 4_096;
const CHILDREN: usize = 1_024;

/// An operation that waits.
#[derive(Debug)]
pub(super) struct Op {
    pub(super) task: TaskId,
    resource: Option<ResourceId>,
    /// The fact that said what it asks for, if not for one permit.
    asked: Option<Node>,
    /// The facts that set permits aside for it, and how many these are.
    grants: SmallVec<[Node; 1]>,
    granted: u32,
}

/// A guard that has not been given back.
#[derive(Debug)]
struct Guard {
    taker: Option<(TaskId, Key)>,
    /// The fact that took it, and the one that said for how many permits.
    taken: Node,
    asked: Option<Node>,
    permits: u32,
    owned: bool,
    exclusive: bool,
    /// Tasks from this one on were spawned after it was taken.
    after: Key,
    moved: Moved,
}

/// Where a guard is believed to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moved {
    /// With its taker.
    No,
    /// Elsewhere.
    Away,
    /// With this task.
    To(TaskId, Key),
}

/// How well a guard fits the task that gives something back, best first. See `trace::guard`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
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
    task: TaskId,
    resource: ResourceId,
    permits: u32,
}

/// A resource.
#[derive(Debug)]
pub(super) struct Resource {
    made: Node,
    kind: ResourceKind,
    free: Option<u32>,
    permits: Option<u32>,
    was_free: bool,
    /// Whether both are reliable, and how many permits are known to have been taken unseen.
    exact: bool,
    untold: u32,
    held: Vec<Guard>,
    waiting: u32,
    /// The permits that are taken by facts of the history that set them aside for a task.
    aside: u32,
    /// Of a channel: the tasks that have received messages.
    receivers: SmallVec<[(TaskId, Node); 1]>,
    unread: u32,
    /// When it was used last, by the count of uses.
    used: u64,
}

impl Living {
    pub(super) fn make_resource(&mut self, thread: u16, event: &Event, id: ResourceId, kind: ResourceKind, _site: SiteId) {
        self.forget_resource(id);
        if self.resources.len() >= MOST_IDLE {
            self.forget_idle();
        }
        let resource = Resource {
            made: self.history.push(thread, event.clone()),
            kind,
            free: None,
            permits: None,
            was_free: false,
            exact: true,
            untold: 0,
            held: Vec::new(),
            waiting: 0,
            aside: 0,
            receivers: SmallVec::new(),
            unread: 0,
            used: self.uses,
        };
        self.resources.insert(id, resource);
    }

    fn forget_resource(&mut self, id: ResourceId) {
        let Some(gone) = self.resources.remove(&id) else { return };
        self.history.remove(gone.made);
        gone.receivers.into_iter().for_each(|(_, node)| self.history.remove(node));
        gone.held.into_iter().for_each(|guard| self.forget_guard(id, guard));
    }

    /// Forgets the half of the idle resources that was not used for longest.
    fn forget_idle(&mut self) {
        let idle = self.resources.iter().filter(|(_, resource)| resource.held.is_empty() && resource.waiting == 0);
        let mut idle: Vec<_> = idle.map(|(id, resource)| (resource.used, *id)).collect();
        let half = idle.len() / 2;
        if half > 0 {
            idle.select_nth_unstable(half);
            idle[..half].iter().for_each(|(_, id)| self.forget_resource(*id));
        }
    }

    pub(super) fn ask(&mut self, thread: u16, event: &Event, op: OpId, resource: Option<ResourceId>) {
        if resource.is_some_and(|resource| self.resources.contains_key(&resource)) {
            let mut before = self.asked.insert(op, self.history.push(thread, event.clone()));
            self.history.clear(&mut before);
        }
    }

    /// What an operation asks for.
    fn asks(&mut self, asked: Option<Node>) -> u32 {
        match asked.map(|node| self.history.what_mut(node)) {
            Some(What::Asked { permits, .. }) => *permits,
            _ => 1,
        }
    }

    pub(super) fn pends(
        &mut self,
        thread: u16,
        event: &Event,
        (id, op): (TaskId, Option<OpId>),
        resource: Option<ResourceId>,
        site: SiteId,
    ) {
        if self.sites.get(site).is_some() && self.sites.cause(site) == Cause::Budget {
            return self.put_off(thread, event, id, site);
        }
        let Some(task) = self.tasks.get_mut(&id).filter(|task| !task.ended) else { return };
        let node = self.history.push(thread, event.clone());
        task.leaves.pends(op, site, node, &mut self.sites, &mut self.history);
        let Some(op) = op else { return };
        let resource = resource.filter(|resource| self.resources.contains_key(resource));
        let is_new = !self.ops.contains_key(&op);
        if is_new {
            let asked = self.asked.remove(&op);
            self.ops.insert(op, Op { task: id, resource, asked, grants: SmallVec::new(), granted: 0 });
            if let Some(of) = resource.and_then(|resource| self.resources.get_mut(&resource)) {
                of.waiting += 1;
            }
        }
        let Some(resource) = resource else { return };
        self.took_some(id, op, resource);
        if is_new && !self.is_granted(op) {
            if let Some(of) = self.resources.get_mut(&resource) {
                of.falls_short();
            }
            self.gives_up_own(id, resource);
        }
    }

    /// An operation that waits got the permits that its task has just taken.
    fn took_some(&mut self, id: TaskId, op: OpId, resource: ResourceId) {
        if self.took.get(&id).is_none_or(|(of, _)| *of != resource) {
            return self.forget_took(id);
        }
        let Some((_, node)) = self.took.remove(&id) else { return };
        let What::Permits { permits, .. } = *self.history.what_mut(node) else { return };
        if let Some(op) = self.ops.get_mut(&op) {
            op.granted = op.granted.saturating_add(permits);
            op.grants.push(node);
        }
    }

    /// Forgets the permits that a task took in an acquire that is over.
    pub(super) fn forget_took(&mut self, id: TaskId) {
        let Some((resource, node)) = self.took.remove(&id) else { return };
        if let What::Permits { permits, .. } = *self.history.what_mut(node)
            && let Some(of) = self.resources.get_mut(&resource)
        {
            of.aside = of.aside.saturating_sub(permits);
        }
        self.history.remove(node);
    }

    fn is_granted(&mut self, op: OpId) -> bool {
        let Some((asked, granted)) = self.ops.get(&op).map(|op| (op.asked, op.granted)) else { return false };
        granted >= self.asks(asked)
    }

    pub(super) fn done(
        &mut self,
        thread: u16,
        event: &Event,
        (id, op): (TaskId, OpId),
        resource: Option<ResourceId>,
        site: SiteId,
    ) {
        let Some(task) = self.tasks.get(&id) else { return };
        let taker = Some((id, task.key));
        if resource.is_none() {
            self.forget_timer(op);
        }
        self.forget_took(id);
        let mut asked = self.asked.remove(&op);
        let waited = self.ops.get_mut(&op).and_then(|op| op.asked.take());
        asked = waited.or(asked);
        self.op_ends(thread, event.at_ns, op, id);
        let known = resource.and_then(|id| Some((id, self.resources.get(&id)?.kind)));
        let permits = self.asks(asked);
        let owned = match known {
            Some((_, ResourceKind::Semaphore)) if permits > 0 => op.is_owned(),
            Some((_, ResourceKind::Channel)) if self.sites.get(site).is_some_and(|site| site.reserves()) => true,
            Some((id, ResourceKind::Channel)) => {
                self.use_resource(id, |of| of.unread = of.unread.saturating_add(1));
                return self.history.clear(&mut asked);
            }
            _ => return self.history.clear(&mut asked),
        };
        let Some((resource, _)) = known else { return };
        let node = self.history.push(thread, event.clone());
        let guard = Guard { taker, taken: node, asked, permits, owned, exclusive: false, after: self.spawned, moved: Moved::No };
        self.take(resource, guard);
    }

    fn use_resource(&mut self, id: ResourceId, with: impl FnOnce(&mut Resource)) {
        self.uses += 1;
        if let Some(of) = self.resources.get_mut(&id) {
            of.used = self.uses;
            with(of);
        }
    }

    fn take(&mut self, resource: ResourceId, guard: Guard) {
        if let Some((taker, _)) = guard.taker
            && let Some(taker) = self.tasks.get_mut(&taker)
        {
            taker.guards.push(resource);
        }
        self.use_resource(resource, |of| of.held.push(guard));
    }

    /// An operation of a task's is over.
    fn op_ends(&mut self, thread: u16, at_ns: u64, op: OpId, by: TaskId) {
        let id = self.ops.get(&op).map_or(by, |known| known.task);
        if let Some(task) = self.tasks.get_mut(&id) {
            task.leaves.ends((id, op), thread, at_ns, &mut self.history);
        }
        self.forget_op(op);
    }

    /// Forgets an operation that waited.
    pub(super) fn forget_op(&mut self, op: OpId) {
        self.forget_timer(op);
        let Some(mut gone) = self.ops.remove(&op) else { return };
        self.history.clear(&mut gone.asked);
        gone.grants.into_iter().for_each(|node| self.history.remove(node));
        if let Some(of) = gone.resource.and_then(|resource| self.resources.get_mut(&resource)) {
            of.waiting = of.waiting.saturating_sub(1);
            of.aside = of.aside.saturating_sub(gone.granted);
        }
    }

    pub(super) fn closed(&mut self, thread: u16, event: &Event, op: OpId) {
        let mut asked = self.asked.remove(&op);
        self.history.clear(&mut asked);
        self.forget_timer(op);
        let Some(Op { task, resource, granted, .. }) = self.ops.get(&op) else { return };
        let (task, resource, granted) = (*task, *resource, *granted);
        if let Some(returned) = &mut self.returned
            && (returned.task, Some(returned.resource)) == (task, resource)
        {
            // What was set aside for it was given back, and not a guard.
            returned.permits = returned.permits.saturating_sub(granted);
        }
        self.op_ends(thread, event.at_ns, op, task);
        self.settle();
    }

    /// Gives back what was held back in case it was a grant.
    fn settle(&mut self) {
        if let Some(Returned { task, resource, permits }) = self.returned.take() {
            self.release_from(resource, Some(task), permits, false);
        }
    }

    pub(super) fn granted(
        &mut self,
        thread: u16,
        event: &Event,
        op: OpId,
        by: Option<TaskId>,
        resource: Option<ResourceId>,
        permits: u32,
    ) {
        let Some(resource) = resource.filter(|resource| self.resources.contains_key(resource)) else { return };
        self.give_back(thread, event, resource, by, permits);
        if let Some(op) = self.ops.get_mut(&op).filter(|op| op.resource.is_some()) {
            op.granted = op.granted.saturating_add(permits);
            op.grants.push(self.history.push(thread, event.clone()));
            self.use_resource(resource, |of| of.aside = of.aside.saturating_add(permits));
        }
    }

    pub(super) fn permits(
        &mut self,
        thread: u16,
        event: &Event,
        id: ResourceId,
        change: Change,
        permits: u32,
        by: Option<TaskId>,
    ) {
        if !self.resources.contains_key(&id) {
            return;
        }
        match change {
            Change::Set => self.use_resource(id, |of| {
                (of.free, of.permits) = (Some(permits), Some(permits));
                of.stepped();
            }),
            Change::Add => {
                self.give_back(thread, event, id, by, permits);
                self.use_resource(id, |of| {
                    of.free = of.free.map(|free| free.saturating_add(permits));
                    of.stepped();
                });
            }
            Change::Sub => {
                self.use_resource(id, |of| of.free = of.free.map(|free| free.saturating_sub(permits)));
                if let Some(by) = by.filter(|by| self.tasks.contains_key(by)) {
                    self.forget_took(by);
                    self.took.insert(by, (id, self.history.push(thread, event.clone())));
                    self.use_resource(id, |of| of.aside = of.aside.saturating_add(permits));
                }
            }
        }
    }

    pub(super) fn lock(
        &mut self,
        thread: u16,
        event: &Event,
        id: ResourceId,
        change: LockChange,
        by: Option<TaskId>,
        owned: bool,
    ) {
        if !self.resources.contains_key(&id) {
            return;
        }
        let exclusive = matches!(change, LockChange::Taken | LockChange::Free);
        if matches!(change, LockChange::Free | LockChange::ReaderOut) {
            return self.release(id, by, 1, exclusive);
        }
        let taker = by.and_then(|by| Some((by, self.tasks.get(&by)?.key)));
        let node = self.history.push(thread, event.clone());
        self.take(
            id,
            Guard { taker, taken: node, asked: None, permits: 1, owned, exclusive, after: self.spawned, moved: Moved::No },
        );
    }

    fn give_back(&mut self, thread: u16, event: &Event, id: ResourceId, by: Option<TaskId>, permits: u32) {
        match self.resources.get(&id).map(|of| of.kind) {
            Some(ResourceKind::Semaphore) => self.release(id, by, permits, false),
            Some(ResourceKind::Channel) => self.received(thread, event.at_ns, id, by, permits),
            _ => {}
        }
    }

    /// A task made room in a channel. Without a message to receive, the oldest reservations are given back.
    fn received(&mut self, thread: u16, at_ns: u64, id: ResourceId, by: Option<TaskId>, permits: u32) {
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
    fn lets_go(&mut self, id: ResourceId, place: usize, permits: u32) {
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

    fn forget_guard(&mut self, resource: ResourceId, mut guard: Guard) {
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
    fn not_out(&mut self, taker: TaskId, resource: ResourceId) {
        let Some(task) = self.tasks.get_mut(&taker) else { return };
        if let Some(place) = task.guards.iter().position(|of| *of == resource) {
            task.guards.swap_remove(place);
        }
        self.bury(taker);
    }

    fn release(&mut self, id: ResourceId, by: Option<TaskId>, permits: u32, exclusive: bool) {
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
    fn has_grant(&self, task: TaskId, resource: ResourceId) -> bool {
        let ops = self.tasks.get(&task).into_iter().flat_map(|task| task.leaves.ops());
        ops.filter_map(|op| self.ops.get(&op)).any(|op| op.resource == Some(resource) && op.granted > 0)
    }

    /// Gives back permits from the best-fitting guards.
    fn release_from(&mut self, id: ResourceId, by: Option<TaskId>, mut permits: u32, exclusive: bool) {
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

    fn best_fit(&self, id: ResourceId, by: Option<TaskId>, permits: u32, exclusive: bool) -> Option<(Fit, usize, u32)> {
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

    fn fit(&self, guard: &Guard, by: Option<&Task>) -> Fit {
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
    fn elder(&self, task: &Task, parent: Key) -> Option<Key> {
        let above = |task: &&Task| {
            let (id, key) = task.parent?;
            self.tasks.get(&id).filter(|known| known.key == key)
        };
        let line = std::iter::successors(Some(task), above).take(ANCESTORS);
        line.into_iter().find(|elder| elder.parent.is_some_and(|(_, key)| key == parent)).map(|elder| elder.key)
    }

    /// A task has to wait for a resource: owned guards of it that the task took are probably elsewhere.
    fn gives_up_own(&mut self, id: TaskId, resource: ResourceId) {
        if self.tasks.get(&id).is_some_and(|task| task.guards.contains(&resource)) {
            self.guess(id, resource, false);
        }
    }

    /// Guesses who has the owned guards of a resource that a task took: the first living children that it spawned later and that
    /// have none yet.
    fn guess(&mut self, id: TaskId, resource: ResourceId, gone: bool) {
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

    /// Passes on what must come after the history.
    pub(in super::super) fn last_facts(&self, to: &mut impl FnMut(u16, &Event)) {
        let at_ns = self.newest_ns;
        for (id, of) in self.resources.iter().filter(|(_, of)| of.is_restated_late()) {
            of.restate_late(*id, &mut |what| to(0, &Event { at_ns, what }));
        }
    }

    /// Passes on an event of the history in the form in which it restates the present: a resource with its present permits, a
    /// grant as permits that the waiting task took itself.
    pub(super) fn restate(&self, _node: Node, thread: u16, event: &Event, to: &mut impl FnMut(u16, &Event)) {
        let at_ns = event.at_ns;
        match event.what {
            What::Resource { resource, .. } => {
                to(thread, event);
                if let Some(of) = self.resources.get(&resource) {
                    of.restate(resource, &mut |what| to(thread, &Event { at_ns, what }));
                }
            }
            What::Granted { op, resource: Some(resource), permits, .. } => {
                let Some(known) = self.ops.get(&op) else { return };
                let Some(site) = self.tasks.get(&known.task).and_then(|task| task.leaves.site(op)) else { return };
                let by = Some(known.task);
                let what = What::Permits { resource, change: Change::Sub, permits, by };
                to(thread, &Event { at_ns, what });
                let what = What::Pending { task: known.task, op: Some(op), resource: Some(resource), site };
                to(thread, &Event { at_ns, what });
            }
            _ => to(thread, event),
        }
    }
}

impl Resource {
    /// A waiter did not get all that it asks for, so free permits were taken unseen.
    fn falls_short(&mut self) {
        if let Some(left) = self.free.filter(|left| *left > 0) {
            self.untold = self.untold.saturating_add(left);
            self.exact = false;
            self.free = Some(0);
        }
    }

    /// Permits come back that nobody was seen to take.
    fn add(&mut self, permits: u32) {
        let known = permits.min(self.untold);
        self.untold -= known;
        let new = permits - known;
        if new > 0 && self.was_free {
            self.exact = false;
            self.free = self.free.map(|free| free.saturating_sub(new));
        } else if new > 0 {
            self.permits = self.permits.map(|all| all.saturating_add(new));
        }
    }

    fn stepped(&mut self) {
        self.was_free |= self.free.is_some_and(|free| free > 0);
        self.exact &= self.kind == ResourceKind::Semaphore || self.free <= self.permits;
    }

    /// Whether its free permits must come last: permits are set aside, and a task that waits would seem to have overlooked free
    /// ones.
    fn is_restated_late(&self) -> bool {
        self.aside > 0 && self.free.is_some_and(|free| free > 0)
    }

    /// The free permits, as facts that come last.
    fn restate_late(&self, resource: ResourceId, to: &mut impl FnMut(What)) {
        let (Some(free), Some(permits)) = (self.free, self.permits) else { return };
        let mut change = |change, permits| to(What::Permits { resource, change, permits, by: None });
        change(Change::Set, permits.max(free));
        if permits > free {
            change(Change::Sub, permits - free);
        }
    }

    /// The permits, as facts that follow its creation.
    fn restate(&self, resource: ResourceId, to: &mut impl FnMut(What)) {
        let (Some(free), Some(permits)) = (self.free, self.permits) else { return };
        let mut change = |change, permits| to(What::Permits { resource, change, permits, by: None });
        if !self.was_free {
            // None was ever free: they were all added by going to waiting tasks at once.
            change(Change::Set, 0);
            let op = OpId(NonZeroU64::MAX);
            return to(What::Granted { op, by: None, resource: Some(resource), permits });
        }
        let free = if self.is_restated_late() { 0 } else { free };
        change(Change::Set, permits.max(free));
        if !self.exact {
            // Permits that nobody was seen to take come back.
            change(Change::Add, 1);
        }
        if permits > free {
            change(Change::Sub, permits - free);
        }
    }
}
