//! What a task held, and when: locks, permits, read and write guards.
//!
//! A resource knows its holders. Drawing a lane needs the reverse: what a task held
//! in a stretch of time. So each task lists the guards that it took, or that are
//! believed to have moved to it, in the order in which it got them. The guard itself
//! stores how long the task had it, and later facts correct it there.
//!
//! A place in a channel's buffer is not held: it is used up.

use super::Trace;
use super::guard::GuardIx;
use super::resource::ResourceIx;
use super::task::TaskIx;
use facts::event::ResourceKind;

/// How many of a task's newest guards are searched for those it had at a time. Older guards are missed, even if still held.
const LOOKED_AT: usize = 4_096;

/// Something that a task held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// The resource, all or part of which it held.
    pub resource: ResourceIx,
    /// When the task got it, in nanoseconds since the run began.
    pub from_ns: u64,
    /// When the task gave it back or it moved to another task; `u64::MAX` while it is held.
    pub to_ns: u64,
    /// Whether lanes show it: permits always, a lock only if a task ever had to wait for it.
    pub shown: bool,
    /// Whether it is inferred, at least for the end of the time, that this task had it.
    pub inferred: bool,
}

impl Trace {
    /// What a task held at any time between two (both included), in the order in which it got it.
    pub fn held(&self, task: TaskIx, from_ns: u64, to_ns: u64) -> Vec<Holding> {
        let Some(task_of) = self.tasks.get(task as usize) else { return Vec::new() };
        let guards = &task_of.guards;
        let held = guards[guards.len().saturating_sub(LOOKED_AT)..].iter().filter_map(|(resource, guard)| {
            let of = self.resources.get(*resource as usize)?;
            let guard = of.guards.get(*guard as usize)?;
            let (from_ns, to_ns, inferred) = guard.held_by(task)?;
            let inferred = inferred || of.is_unsure(guard);
            let shown = of.was_contended() || of.kind == ResourceKind::Semaphore;
            Some(Holding { resource: *resource, from_ns, to_ns, shown, inferred })
        });
        let mut held: Vec<Holding> = held.filter(|held| held.from_ns <= to_ns && held.to_ns >= from_ns).collect();
        held.sort_by_key(|held| held.from_ns);
        held
    }

    /// Records that a task now has a guard, or is believed to have it.
    pub(super) fn comes_to_have(&mut self, task: TaskIx, resource: ResourceIx, guard: GuardIx) {
        if self.resources[resource as usize].kind == ResourceKind::Channel {
            return;
        }
        let guards = &mut self.tasks[task as usize].guards;
        if guards.last() != Some(&(resource, guard)) {
            guards.push((resource, guard));
        }
    }
}
