//! What a task held, and when: locks, permits, read and write guards.
//!
//! A resource knows who has it. To draw a lane one has to ask the other way round,
//! for any stretch of time. So each task keeps the guards that it took, and those
//! that are believed to have moved to it, in the order in which it got them; how
//! long it had one is kept with the guard, where later knowledge corrects it.
//!
//! A place in a channel's buffer is not held: it is used up.

use super::Trace;
use super::guard::GuardIx;
use super::resource::ResourceIx;
use super::task::TaskIx;
use crate::record::event::ResourceKind;

/// The newest so many guards of a task are looked at for those that it had at a time. Older ones that it kept meanwhile are missed.
const LOOKED_AT: usize = 4_096;

/// Something that a task held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// What it is, or a part of it.
    pub resource: ResourceIx,
    /// When the task came to have it, in nanoseconds since the run began.
    pub from_ns: u64,
    /// When it was given back or went to another task; `u64::MAX` while it is held.
    pub to_ns: u64,
    /// Whether lanes show it: permits always, a lock if a task ever had to wait for it. One that nobody else wants changes nothing.
    pub shown: bool,
    /// Whether it is inferred, at the end at least, that this task has it.
    pub inferred: bool,
}

impl Trace {
    /// What a task held at some time between two, both included; what it came to have first comes first.
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

    /// A task has a guard now, or is believed to have one.
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
