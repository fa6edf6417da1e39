//! From the samples of an operation to what a task waits for, and since when.
//!
//! An operation is a future of Tokio's: one that waits for a lock, a permit, a timer. Its times are also times at which its
//! task was being polled: see [`Task::was_polled`].

use std::collections::HashMap;
use std::num::NonZeroU64;

use console_api::async_ops::{AsyncOp, Stats};
use facts::event::{OpId, ResourceId, ResourceKind, SiteId, TaskId, What};

use super::facts::{Clock, Facts, Sites};
use super::resources::{Resource, Taker};
use super::tasks::{CLOSE_NS, Task};

/// What is known of an operation.
#[derive(Debug)]
pub(super) struct Op {
    id: OpId,
    created_ns: u64,
    resource: u64,
    /// Whether another operation waits in its place: it is a part of the other one, or of a resource. What is handed to
    /// a part counts as a poll of it, in whichever task that happens.
    is_part: bool,
    /// Whether it gets its resource for its task alone.
    takes: bool,
    /// Its polls in the last sample.
    polls: u64,
    /// What its task is said to wait for, while it waits.
    waits: Option<Wait>,
    /// Whether its last poll returned; none if nobody saw.
    ready: Option<bool>,
    /// Whether a poll since the last sample did not return.
    was_pending: bool,
}

/// What an operation waits for.
#[derive(Debug, Clone, Copy)]
struct Wait {
    resource: Option<ResourceId>,
    /// Whether that is a semaphore.
    permits: bool,
}

impl Op {
    /// An operation that was created at a time.
    pub(super) fn new(number: NonZeroU64, created_ns: u64, new: &AsyncOp, resources: &HashMap<u64, Resource>) -> Self {
        let owned = if new.source.ends_with("_owned") { OpId::OWNED } else { 0 };
        let resource = new.resource_id.map_or(0, |id| id.id);
        let of = resources.get(&resource);
        let writes = || matches!(new.source.as_str(), "RwLock::write" | "RwLock::write_owned");
        Self {
            id: OpId(number | owned),
            created_ns,
            resource,
            is_part: new.parent_async_op_id.is_some() || of.is_none_or(|of| of.is_part),
            takes: of.is_some_and(|of| of.is_lock() && (of.kind != Some(ResourceKind::RwLock) || writes())),
            polls: 0,
            waits: None,
            ready: None,
            was_pending: false,
        }
    }

    pub(super) fn created_ns(&self) -> u64 {
        self.created_ns
    }

    pub(super) fn resource(&self) -> u64 {
        self.resource
    }

    /// It was polled. Polls arrive in their order.
    pub(super) fn returned(&mut self, ready: bool, resources: &mut HashMap<u64, Resource>) {
        self.ready = Some(ready);
        self.was_pending |= !ready;
        if ready
            && self.takes
            && let Some(resource) = resources.get_mut(&self.resource)
        {
            resource.taken_by = Some(self.id);
        }
    }

    /// Takes in a sample. `task` is the task that polled it last.
    pub(super) fn sample(
        &mut self,
        facts: &mut Facts,
        clock: Clock,
        stats: &Stats,
        task: &mut Task,
        mut resource: Option<&mut Resource>,
        sites: &mut Sites,
    ) {
        let polls = stats.poll_stats.unwrap_or_default();
        let times = clock.at_some(polls.first_poll.as_ref()).zip(clock.at_some(polls.last_poll_started.as_ref()));
        let Some((first_ns, last_ns)) = times.filter(|_| !self.is_part) else { return };
        let dropped_ns = clock.at_some(stats.dropped_at.as_ref());
        let is = |kind| resource.as_ref().is_some_and(|resource| resource.kind == Some(kind));
        let new = polls.polls.saturating_sub(std::mem::replace(&mut self.polls, polls.polls));
        let is_ready = self.ready == Some(true);
        // Its creation counts as a poll. That of most is in the same poll of the task as the first one, but a one-shot channel
        // may be created anywhere. Room in a channel is handed over in the poll of another task, which counts as well.
        let (is_oneshot, is_room) = (is(ResourceKind::Oneshot), is(ResourceKind::Channel) && !is_ready);
        let is_first = new == polls.polls && !is_oneshot;
        let from_ns = if is_first { first_ns } else { last_ns };
        if new > u64::from(is_oneshot) {
            task.was_polled(from_ns, None);
            task.was_polled(if is_room { from_ns } else { last_ns }, None);
        }
        let waits_now = dropped_ns.is_none() && !is_ready && polls.polls > u64::from(is_oneshot);
        let waited = if is_oneshot { polls.polls > 2 } else { is_first && last_ns - first_ns.min(last_ns) > CLOSE_NS };
        let began = std::mem::take(&mut self.was_pending) || new > 0 && (waits_now || waited);
        if let Some(resource) = resource.as_deref_mut().filter(|_| self.waits.is_none() && began) {
            let wait = Wait { resource: resource.told(facts, sites), permits: resource.kind == Some(ResourceKind::Semaphore) };
            let site = sites.of(facts, resource.cause(), resource.wait_place());
            resource.is_waited_for(facts, from_ns);
            let (op, resource) = (Some(self.id), wait.resource);
            self.waits = Some(wait);
            task.was_polled(from_ns, Some(What::Pending { task: task.id(), op, resource, site }));
        }
        if let Some(resource) = resource.filter(|resource| resource.taken_by == Some(self.id)) {
            resource.taken_by = None;
            resource.taker = Some(Taker { task: task.id(), at_ns: last_ns, owned: self.id.is_owned() });
        }
        let ends_ns = if is_ready { Some(last_ns) } else { dropped_ns };
        if let Some(at_ns) = ends_ns
            && let Some(wait) = self.waits.take()
        {
            task.was_polled(at_ns, Some(self.ends(wait, task.id(), is_ready)));
        }
    }

    /// Its task does not wait for it any longer. When the task gives back the permits that it got is not known, so it is not
    /// said to get any.
    fn ends(&self, Wait { resource, permits }: Wait, by: TaskId, ready: bool) -> What {
        let (op, site) = (self.id, SiteId::default());
        if ready && !permits { What::Done { task: by, op, site, resource } } else { What::Closed { op, by, site } }
    }
}
