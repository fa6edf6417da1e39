//! Turns Tokio's reports about resources into holders and waiters.

use super::Trace;
use super::hands::Step;
use super::resource::{Holder, Resource, ResourceIx};
use super::task::{End, TaskIx};
use super::wait_queue::{self, Waiter};
use super::waits::SiteIx;
use facts::event::{Change, LockChange, OpId, ResourceId, ResourceKind, SiteId, TaskId};
use facts::site::Place;

/// An operation that has pended and is alive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Op {
    pub(super) task: TaskIx,
    /// The resource that it waits for, and its place in the wait queue.
    queued: Option<(ResourceIx, wait_queue::Place)>,
}

impl Trace {
    /// The indices of the resources that tasks have had to wait for, in the order in which they were made.
    pub fn contended(&self) -> impl Iterator<Item = ResourceIx> {
        self.contended.iter().copied()
    }

    /// The lock or semaphore that tasks have waited for longest; none if no task had to. Of many resources, the first are
    /// compared.
    pub fn longest_queue(&self) -> Option<ResourceIx> {
        /// How many resources are compared.
        const COMPARED: usize = 64;
        let waited = |ix: &ResourceIx| self.resources[*ix as usize].contention_ns(self.end_ns);
        let is_lock = |ix: &ResourceIx| {
            matches!(self.resources[*ix as usize].kind, ResourceKind::Mutex | ResourceKind::RwLock | ResourceKind::Semaphore)
        };
        self.contended().take(COMPARED).filter(is_lock).max_by_key(waited).filter(|ix| waited(ix) > 0)
    }

    /// The full name of a resource: its kind, its number if others were made at the same place, and that place.
    pub fn resource_name(&self, resource: ResourceIx) -> String {
        let kind = self.resource_kind(resource);
        if self.source_name(resource).is_some() {
            return kind;
        }
        match self.place_of(self.resources[resource as usize].made_at) {
            Some(place) => format!("{kind} of {place}"),
            None => kind,
        }
    }

    /// The kind of a resource, with its number if others were made at the same place: `mutex 2`.
    pub fn resource_kind(&self, resource: ResourceIx) -> String {
        let Resource { kind, made_at, number, .. } = &self.resources[resource as usize];
        let name = kind.name();
        if let Some(own) = self.source_name(resource) {
            return format!("{name} {own}");
        }
        let alone = self.made.get(&(*kind, self.place_of(*made_at))).is_none_or(|made| *made == 1);
        if alone { name.to_owned() } else { format!("{name} {number}") }
    }

    fn place_of(&self, site: Option<SiteIx>) -> Option<Place> {
        self.site(site?).place.clone()
    }

    pub(super) fn make_resource(&mut self, at_ns: u64, id: ResourceId, kind: ResourceKind, site: SiteId) -> bool {
        let made_at = self.known_site(site);
        self.ingest.resources.insert(id, self.resources.len() as ResourceIx);
        let made = self.made.entry((kind, self.place_of(made_at))).or_default();
        *made += 1;
        let number = *made;
        self.resources.push(Resource::new(kind, at_ns, made_at, number));
        true
    }

    pub(super) fn known_resource(&self, id: ResourceId) -> Option<ResourceIx> {
        self.ingest.resources.get(&id).copied()
    }

    pub(super) fn pends(&mut self, at_ns: u64, id: TaskId, op: Option<OpId>, resource: Option<ResourceId>, site: SiteId) -> bool {
        let Some(task) = self.known(id) else { return false };
        if self.life(task).ended {
            return true;
        }
        if self.is_put_off(site) {
            // The operation has not begun, so it is not in the wait queue.
            self.leaf_is_put_off(at_ns, task, site);
            return true;
        }
        self.leaf_pends(at_ns, task, op, resource, site);
        let Some(op) = op else { return true };
        let queued = match self.ingest.ops.get(&op) {
            Some(known) => known.queued,
            None => resource.and_then(|resource| self.known_resource(resource)).map(|resource| {
                let asks = self.ingest.asked.remove(&op).unwrap_or(1);
                let site = self.known_site(site);
                (resource, self.join(resource, Waiter { task, since_ns: at_ns, asks, granted: 0, site }))
            }),
        };
        let is_new = self.ingest.ops.insert(op, Op { task, queued }).is_none();
        let Some((resource, place)) = queued else { return true };
        let of = &mut self.resources[resource as usize];
        if let Some((_, permits)) = self.ingest.took.remove(&task).filter(|(of, _)| *of == resource) {
            of.grant(at_ns, place, permits);
        }
        if is_new && !of.line.waiter(place).is_granted() {
            of.falls_short(at_ns);
            self.gives_up_own(at_ns, resource, task);
        }
        true
    }

    /// Adds a waiter to a resource's queue.
    fn join(&mut self, resource: ResourceIx, waiter: Waiter) -> wait_queue::Place {
        if let Err(place) = self.contended.binary_search(&resource) {
            self.contended.insert(place, resource);
        }
        self.resources[resource as usize].join(waiter.since_ns, waiter)
    }

    pub(super) fn done(&mut self, at_ns: u64, id: TaskId, op: OpId, resource: Option<ResourceId>, site: SiteId) -> bool {
        let Some(task) = self.known(id) else { return false };
        if resource.is_none() {
            self.timer_fires(at_ns, task, op);
        }
        let known = self.ingest.ops.remove(&op);
        self.leaf_ends(at_ns, known.map_or(task, |known| known.task), op, End::Completed);
        self.ingest.took.remove(&task);
        let asked = self.ingest.asked.remove(&op);
        let Some(resource) = resource.and_then(|resource| self.known_resource(resource)) else { return true };
        let mut permits = asked.unwrap_or(1);
        if let Some((of, place)) = known.and_then(|known| known.queued) {
            let queued = &mut self.resources[of as usize];
            permits = queued.line.waiter(place).asks;
            queued.leave(at_ns, place, false);
        }
        let site = self.known_site(site);
        match self.resources[resource as usize].kind {
            ResourceKind::Semaphore if permits > 0 => {
                let holder = Holder { task: Some(task), since_ns: at_ns, permits, exclusive: false, site, inferred: false };
                self.take(resource, holder, op.is_owned());
            }
            // Reserved room is held until it is filled, which Tokio does not report.
            ResourceKind::Channel if site.is_some_and(|site| self.site(site).reserves()) => {
                let holder = Holder { task: Some(task), since_ns: at_ns, permits, exclusive: false, site, inferred: true };
                self.take(resource, holder, true);
            }
            ResourceKind::Channel => self.resources[resource as usize].sent(),
            _ => {}
        }
        true
    }

    pub(super) fn closed_op(&mut self, at_ns: u64, op: OpId, by: TaskId, site: SiteId) -> bool {
        self.ingest.asked.remove(&op);
        self.timer_is_dropped(at_ns, by, op);
        let Some(Op { task, queued }) = self.ingest.ops.remove(&op) else {
            return self.known(by).is_some();
        };
        self.gives_up(at_ns, by, op, site);
        self.leaf_ends(at_ns, task, op, End::Cancelled);
        if let Some((resource, place)) = queued {
            self.ingest.returned.take_if(|(by, of, _)| (*by, *of) == (Some(task), resource));
            let resource = &mut self.resources[resource as usize];
            // For locks, holders are recorded separately from permits.
            resource.leave(at_ns, place, resource.kind == ResourceKind::Semaphore);
        }
        true
    }

    pub(super) fn asked(&mut self, op: OpId, permits: u32, resource: Option<ResourceId>) -> bool {
        let known = resource.is_some_and(|resource| self.known_resource(resource).is_some());
        if known {
            self.ingest.asked.insert(op, permits);
        }
        known
    }

    pub(super) fn granted(
        &mut self,
        at_ns: u64,
        op: OpId,
        by: Option<TaskId>,
        resource: Option<ResourceId>,
        permits: u32,
    ) -> bool {
        let Some(resource) = resource.and_then(|resource| self.known_resource(resource)) else { return false };
        self.give_back(at_ns, resource, by, permits);
        if let Some(Op { task, queued: Some((of, place)) }) = self.ingest.ops.get(&op) {
            let (task, of) = (*task, &mut self.resources[*of as usize]);
            of.grant(at_ns, *place, permits);
            if of.line.waiter(*place).is_granted() {
                self.branch_is_granted(at_ns, task, op);
            }
        }
        true
    }

    pub(super) fn permits(&mut self, at_ns: u64, resource: ResourceId, change: Change, permits: u32, by: Option<TaskId>) -> bool {
        let Some(resource) = self.known_resource(resource) else { return false };
        match change {
            Change::Set => self.step(at_ns, resource, Step::Set(permits)),
            Change::Add => {
                self.give_back(at_ns, resource, by, permits);
                self.step(at_ns, resource, Step::Free(permits));
            }
            Change::Sub => {
                self.step(at_ns, resource, Step::Take(permits));
                if let Some(by) = by.and_then(|by| self.known(by)) {
                    self.ingest.took.insert(by, (resource, permits));
                }
            }
        }
        true
    }

    pub(super) fn lock(
        &mut self,
        at_ns: u64,
        resource: ResourceId,
        change: LockChange,
        by: Option<TaskId>,
        (site, owned): (SiteId, bool),
    ) -> bool {
        let Some(resource) = self.known_resource(resource) else { return false };
        let (task, site) = (by.and_then(|by| self.known(by)), self.known_site(site));
        let exclusive = matches!(change, LockChange::Taken | LockChange::Free);
        match change {
            LockChange::Taken | LockChange::ReaderIn => {
                let holder = Holder { task, since_ns: at_ns, permits: 1, exclusive, site, inferred: false };
                self.take(resource, holder, owned);
            }
            LockChange::Free | LockChange::ReaderOut => {
                if let Some(task) = task {
                    self.gives_back(at_ns, task, resource);
                }
                self.release(at_ns, resource, task, 1, exclusive);
            }
        }
        true
    }

    /// Permits are given back. A channel's permits are its room.
    fn give_back(&mut self, at_ns: u64, resource: ResourceIx, by: Option<TaskId>, permits: u32) {
        let task = by.and_then(|by| self.known(by));
        match self.resources[resource as usize].kind {
            ResourceKind::Semaphore => self.release(at_ns, resource, task, permits, false),
            ResourceKind::Channel => self.resources[resource as usize].received(at_ns, task, permits),
            _ => {}
        }
    }

    fn step(&mut self, at_ns: u64, resource: ResourceIx, step: Step) {
        self.resources[resource as usize].step(at_ns, step);
    }
}
