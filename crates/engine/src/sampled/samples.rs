//! From the updates of a server to facts: what is known of the program so far, and what each update adds.

use std::collections::HashMap;
use std::num::{NonZeroU32, NonZeroU64};

use console_api::async_ops::AsyncOpUpdate;
use console_api::instrument::Update;
use console_api::resources::{PollOp, ResourceUpdate};
use console_api::tasks::TaskUpdate;
use facts::event::{OpId, TaskId};
use facts::site::Cause;
use recording::Fact;

use super::facts::{Clock, Facts, Sites, THREAD, since_1970};
use super::ops::Op;
use super::resources::Resource;
use super::tasks::{Spawned, Task};
use crate::attach::Batch;

/// What is known of a program that is sampled.
#[derive(Debug)]
pub(super) struct Samples {
    clock: Clock,
    /// The time of the last sample.
    sampled_ns: u64,
    /// No fact was passed on that is later.
    passed_ns: u64,
    tasks: HashMap<u64, Task>,
    resources: HashMap<u64, Resource>,
    ops: HashMap<u64, Op>,
    sites: Sites,
    /// How many operations and resources were numbered.
    numbers: u32,
    is_begun: bool,
}

impl Samples {
    /// Begins with the first update, which has everything that the server knows.
    pub(super) fn new(first: &Update) -> Self {
        let now_ns = first.now.as_ref().map_or(0, since_1970);
        let tasks = first.task_update.iter().flat_map(|update| update.stats_update.values());
        let earliest = tasks.filter_map(|stats| stats.created_at.as_ref().map(since_1970)).min();
        Self {
            clock: Clock { base_ns: earliest.unwrap_or(now_ns).min(now_ns) },
            sampled_ns: 0,
            passed_ns: 0,
            tasks: HashMap::new(),
            resources: HashMap::new(),
            ops: HashMap::new(),
            sites: Sites::default(),
            numbers: 0,
            is_begun: false,
        }
    }

    /// The time of an update, in nanoseconds since the run began.
    pub(super) fn at(&self, update: &Update) -> u64 {
        self.clock.at_some(update.now.as_ref()).unwrap_or(self.sampled_ns)
    }

    /// Whether an update with everything that a server knows can be of this program: it has all tasks that are alive.
    pub(super) fn continues_with(&self, whole: &Update) -> bool {
        let stats = whole.task_update.as_ref().map(|update| &update.stats_update);
        self.tasks.iter().all(|(id, task)| {
            let stats = stats.and_then(|stats| stats.get(id));
            stats.is_some_and(|stats| self.clock.at_some(stats.created_at.as_ref()) == Some(task.created_ns()))
        })
    }

    /// The facts that an update adds.
    pub(super) fn take(&mut self, update: &Update) -> Batch {
        let now_ns = self.at(update).max(self.sampled_ns);
        let mut facts = Facts::default();
        if !std::mem::replace(&mut self.is_begun, true) {
            facts.add(Fact::Thread(THREAD, "any thread".to_owned()));
        }
        let (tasks, ops, resources) = (&update.task_update, &update.async_op_update, &update.resource_update);
        if let Some(update) = resources {
            self.new_resources(&mut facts, update);
        }
        if let Some(update) = tasks {
            self.new_tasks(&mut facts, update);
        }
        if let Some(update) = ops {
            let polls = resources.as_ref().map_or(&[][..], |update| &update.new_poll_ops);
            self.sample_ops(&mut facts, update, polls);
        }
        if let Some(update) = tasks {
            self.sample_tasks(&mut facts, update);
        }
        if let Some(update) = resources {
            self.sample_resources(&mut facts, update, now_ns);
        }
        let lost = tasks.as_ref().map_or(0, |update| update.dropped_events)
            + ops.as_ref().map_or(0, |update| update.dropped_events)
            + resources.as_ref().map_or(0, |update| update.dropped_events);
        if lost > 0 {
            facts.add(Fact::Lost(lost));
        }
        self.sampled_ns = now_ns;
        let (batch, last_ns) = facts.finish(self.passed_ns);
        self.passed_ns = last_ns;
        batch
    }

    fn new_resources(&mut self, facts: &mut Facts, update: &ResourceUpdate) {
        for new in &update.new_resources {
            let Some(id) = new.id.map(|id| id.id) else { continue };
            let stats = update.stats_update.get(&id).and_then(|stats| stats.created_at.as_ref());
            let created_ns = self.clock.at_some(stats);
            if self.resources.get(&id).is_some_and(|known| is_same(known.created_ns(), created_ns)) {
                continue;
            }
            let created_ns = created_ns.unwrap_or(self.sampled_ns);
            let mut resource = Resource::new(number(&mut self.numbers), created_ns, new);
            if resource.is_named() {
                resource.told(facts, &mut self.sites);
            }
            self.resources.insert(id, resource);
        }
    }

    fn new_tasks(&mut self, facts: &mut Facts, update: &TaskUpdate) {
        for new in &update.new_tasks {
            let Some(id) = new.id.map(|id| id.id) else { continue };
            let stats = update.stats_update.get(&id).and_then(|stats| stats.created_at.as_ref());
            let created_ns = self.clock.at_some(stats);
            let (Some(task), Some(spawned)) = (NonZeroU64::new(id).map(TaskId), Spawned::read(new)) else { continue };
            if self.tasks.get(&id).is_none_or(|known| !is_same(known.created_ns(), created_ns)) {
                let unknown = OpId(number(&mut self.numbers).into());
                let created_ns = created_ns.unwrap_or(self.sampled_ns);
                self.tasks.insert(id, Task::new(facts, task, created_ns, unknown, spawned));
            }
        }
    }

    fn sample_ops(&mut self, facts: &mut Facts, update: &AsyncOpUpdate, polls: &[PollOp]) {
        for new in &update.new_async_ops {
            let Some(id) = new.id.map(|id| id.id) else { continue };
            let stats = update.stats_update.get(&id).and_then(|stats| stats.created_at.as_ref());
            let created_ns = self.clock.at_some(stats);
            if self.ops.get(&id).is_none_or(|known| !is_same(known.created_ns(), created_ns)) {
                let created_ns = created_ns.unwrap_or(self.sampled_ns);
                let op = Op::new(number(&mut self.numbers).into(), created_ns, new, &self.resources);
                self.ops.insert(id, op);
            }
        }
        for poll in polls {
            if let Some(op) = poll.async_op_id.and_then(|id| self.ops.get_mut(&id.id)) {
                op.returned(poll.is_ready, &mut self.resources);
            }
        }
        for (id, stats) in &update.stats_update {
            let Some(op) = self.ops.get_mut(id) else { continue };
            let task = stats.task_id.and_then(|task| self.tasks.get_mut(&task.id));
            if let Some(task) = task {
                op.sample(facts, self.clock, stats, task, self.resources.get_mut(&op.resource()), &mut self.sites);
            }
            if stats.dropped_at.is_some() {
                self.ops.remove(id);
            }
        }
    }

    fn sample_tasks(&mut self, facts: &mut Facts, update: &TaskUpdate) {
        let unknown = self.sites.of(facts, Cause::Unknown, None);
        for (id, stats) in &update.stats_update {
            let Some(task) = self.tasks.get_mut(id) else { continue };
            if task.sample(facts, self.clock, stats, unknown, self.sampled_ns) {
                self.tasks.remove(id);
            }
        }
    }

    fn sample_resources(&mut self, facts: &mut Facts, update: &ResourceUpdate, now_ns: u64) {
        for (id, stats) in &update.stats_update {
            let Some(resource) = self.resources.get_mut(id) else { continue };
            resource.sample(facts, stats, (self.sampled_ns, now_ns));
            if stats.dropped_at.is_some() {
                self.resources.remove(id);
            }
        }
    }
}

/// Whether something new is what is known under its number. The server may send it again, and without statistics if these have
/// not changed.
fn is_same(known_ns: u64, created_ns: Option<u64>) -> bool {
    created_ns.is_none_or(|created_ns| created_ns == known_ns)
}

/// A new number for a resource or an operation.
fn number(numbers: &mut u32) -> NonZeroU32 {
    *numbers = numbers.wrapping_add(1);
    NonZeroU32::new(*numbers).unwrap_or(NonZeroU32::MIN)
}
