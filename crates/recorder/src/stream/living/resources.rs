//! Locks, semaphores and channels: who took what, and who waits.
//!
//! What is held, and by whom, is in [`super::guards`].
//!
//! Tokio does not report when a resource is dropped. Of the resources that nobody holds and nobody waits for, the
//! [`MOST_IDLE`] that were used last are kept.

use std::num::NonZeroU64;

use facts::event::{Change, Event, LockChange, OpId, ResourceId, ResourceKind, SiteId, TaskId, What};
use facts::site::Cause;
use smallvec::SmallVec;

use super::super::history::Node;
use super::Living;
use super::guards::{Guard, Moved, Returned};

/// The maximum number of idle resources that are kept, before half of them are forgotten.
const MOST_IDLE: usize = 1 << 16;

/// An operation that waits.
#[derive(Debug)]
pub(super) struct Op {
    pub(super) task: TaskId,
    pub(super) resource: Option<ResourceId>,
    /// The fact that said what it asks for, if not for one permit.
    asked: Option<Node>,
    /// The facts that set permits aside for it, and how many these are.
    grants: SmallVec<[Node; 1]>,
    pub(super) granted: u32,
}

/// A resource.
#[derive(Debug)]
pub(super) struct Resource {
    made: Node,
    pub(super) kind: ResourceKind,
    free: Option<u32>,
    pub(super) permits: Option<u32>,
    was_free: bool,
    /// Whether both are reliable, and how many permits are known to have been taken unseen.
    exact: bool,
    pub(super) untold: u32,
    pub(super) held: Vec<Guard>,
    waiting: u32,
    /// The permits that are taken by facts of the history that set them aside for a task.
    aside: u32,
    /// Of a channel: the tasks that have received messages.
    pub(super) receivers: SmallVec<[(TaskId, Node); 1]>,
    pub(super) unread: u32,
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

    pub(super) fn use_resource(&mut self, id: ResourceId, with: impl FnOnce(&mut Resource)) {
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
    pub(super) fn settle(&mut self) {
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
    pub(super) fn add(&mut self, permits: u32) {
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
