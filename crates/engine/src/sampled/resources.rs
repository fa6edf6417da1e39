//! From the samples of a resource to its kind, place, permits and holder.
//!
//! A sample has how many permits are free and whether a lock is taken, but not by whom. Which operation got a lock last is
//! known: while the lock stays taken, that operation's task has it.

use std::num::NonZeroU32;

use console_api::field;
use console_api::resources::{Resource as NewResource, Stats};
use facts::event::{Change, LockChange, OpId, ResourceId, ResourceKind, SiteId, TaskId, What};
use facts::site::{Cause, Place};

use super::facts::{Facts, Sites, place};

/// What is known of a resource.
#[derive(Debug)]
pub(super) struct Resource {
    id: ResourceId,
    /// What it is; none for timers and what this program does not know.
    pub(super) kind: Option<ResourceKind>,
    /// Where it was created.
    place: Option<Place>,
    created_ns: u64,
    /// Whether it is a part of another resource.
    pub(super) is_part: bool,
    is_timer: bool,
    /// Whether it was announced.
    is_told: bool,
    /// The free permits as told, and the most that were ever free.
    free: Option<u32>,
    most: u32,
    /// The operation that got it last, and its task.
    pub(super) taken_by: Option<OpId>,
    pub(super) taker: Option<Taker>,
    holder: Option<Taker>,
}

/// Who got a lock for itself alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taker {
    pub(super) task: TaskId,
    pub(super) at_ns: u64,
    /// Whether its guard can leave the task.
    pub(super) owned: bool,
}

impl Resource {
    /// A resource that was created at a time.
    pub(super) fn new(id: NonZeroU32, created_ns: u64, new: &NewResource) -> Self {
        let is_part = new.parent_resource_id.is_some();
        let kind = match new.concrete_type.as_str() {
            "Mutex" => Some(ResourceKind::Mutex),
            "RwLock" => Some(ResourceKind::RwLock),
            "Barrier" => Some(ResourceKind::Barrier),
            "Sender|Receiver" => Some(ResourceKind::Oneshot),
            // The room in a channel: Tokio does not name the channel.
            "Semaphore" if new.is_internal => Some(ResourceKind::Channel),
            "Semaphore" => Some(ResourceKind::Semaphore),
            _ => None,
        };
        Self {
            id: ResourceId(id),
            kind: kind.filter(|_| !is_part),
            place: place(new.location.as_ref()),
            created_ns,
            is_part,
            is_timer: matches!(new.concrete_type.as_str(), "Sleep" | "Interval"),
            is_told: false,
            free: None,
            most: 0,
            taken_by: None,
            taker: None,
            holder: None,
        }
    }

    /// Why a task waits for it.
    pub(super) fn cause(&self) -> Cause {
        match self.kind {
            Some(ResourceKind::Mutex) => Cause::Mutex,
            Some(ResourceKind::RwLock) => Cause::RwLock,
            Some(ResourceKind::Semaphore) => Cause::Semaphore,
            Some(ResourceKind::Channel) => Cause::MpscSend,
            Some(ResourceKind::Oneshot) => Cause::Oneshot,
            Some(ResourceKind::Barrier) => Cause::Barrier,
            None if self.is_timer => Cause::Time,
            None => Cause::Other,
        }
    }

    /// The line of the wait: a timer is created where it is awaited. The lines of other waits are not known.
    pub(super) fn wait_place(&self) -> Option<&Place> {
        self.place.as_ref().filter(|_| self.is_timer)
    }

    pub(super) fn created_ns(&self) -> u64 {
        self.created_ns
    }

    /// Whether it is announced at once. One-shot channels are many, and the room of a channel has no place: both are
    /// announced when a task waits for them.
    pub(super) fn is_named(&self) -> bool {
        !matches!(self.kind, None | Some(ResourceKind::Oneshot | ResourceKind::Channel))
    }

    /// Whether a task can have it for itself alone.
    pub(super) fn is_lock(&self) -> bool {
        matches!(self.kind, Some(ResourceKind::Mutex | ResourceKind::RwLock))
    }

    /// Its id, announced if it was not.
    pub(super) fn told(&mut self, facts: &mut Facts, sites: &mut Sites) -> Option<ResourceId> {
        let kind = self.kind?;
        if !std::mem::replace(&mut self.is_told, true) {
            let site = match &self.place {
                Some(place) => sites.of(facts, Cause::Other, Some(place)),
                None => SiteId::default(),
            };
            facts.push(self.created_ns, What::Resource { resource: self.id, kind, site });
        }
        Some(self.id)
    }

    /// A task begins to wait for it: then no permit is free.
    pub(super) fn is_waited_for(&mut self, facts: &mut Facts, at_ns: u64) {
        if self.free.is_some_and(|free| free > 0) {
            self.set_free(facts, at_ns, 0);
        }
    }

    /// Takes in a sample of `now_ns`; the one before was of `until_ns`.
    pub(super) fn sample(&mut self, facts: &mut Facts, stats: &Stats, (until_ns, now_ns): (u64, u64)) {
        match self.kind {
            Some(ResourceKind::Semaphore | ResourceKind::Channel) => {
                if let Some(free) = number(stats, "permits").filter(|free| Some(*free) != self.free) {
                    self.set_free(facts, now_ns, free);
                }
            }
            Some(ResourceKind::Mutex) => self.held(facts, is(stats, "locked"), until_ns),
            Some(ResourceKind::RwLock) => self.held(facts, is(stats, "write_locked"), until_ns),
            _ => {}
        }
    }

    /// How many permits there are in all is not known, but at least as many as were ever free.
    fn set_free(&mut self, facts: &mut Facts, at_ns: u64, free: u32) {
        self.most = self.most.max(free);
        self.free = Some(free);
        let (resource, by) = (self.id, None);
        facts.push(at_ns, What::Permits { resource, change: Change::Set, permits: self.most, by });
        if free < self.most {
            facts.push(at_ns, What::Permits { resource, change: Change::Sub, permits: self.most - free, by });
        }
    }

    /// Who holds the lock now. The holder before had it for certain until the last sample.
    fn held(&mut self, facts: &mut Facts, locked: bool, until_ns: u64) {
        let now = self.taker.filter(|_| locked);
        if now == self.holder {
            return;
        }
        let (resource, site) = (self.id, SiteId::default());
        if let Some(Taker { task, at_ns, .. }) = self.holder {
            let (by, change) = (Some(task), LockChange::Free);
            facts.push(at_ns.max(until_ns), What::Lock { resource, change, by, site, owned: false });
        }
        if let Some(Taker { task, at_ns, owned }) = now {
            let (by, change) = (Some(task), LockChange::Taken);
            facts.push(at_ns.max(until_ns), What::Lock { resource, change, by, site, owned });
        }
        (self.holder, self.taker) = (now, now);
    }
}

fn attribute<'a>(stats: &'a Stats, name: &str) -> Option<&'a field::Value> {
    let fields = stats.attributes.iter().filter_map(|attribute| attribute.field.as_ref());
    let named = |field: &&console_api::Field| matches!(&field.name, Some(field::Name::StrName(known)) if known == name);
    fields.into_iter().find(named)?.value.as_ref()
}

fn number(stats: &Stats, name: &str) -> Option<u32> {
    let number = match attribute(stats, name)? {
        field::Value::U64Val(number) => *number,
        field::Value::I64Val(number) => u64::try_from(*number).ok()?,
        _ => return None,
    };
    Some(u32::try_from(number).unwrap_or(u32::MAX))
}

fn is(stats: &Stats, name: &str) -> bool {
    matches!(attribute(stats, name), Some(field::Value::BoolVal(true)))
}
