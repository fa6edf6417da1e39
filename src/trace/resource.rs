//! Resources: who holds them, and who waits for them, at any time.
//!
//! A resource keeps what happened to it, and now and then how things stood, so
//! that any moment can be rebuilt from a short stretch of its history.
//!
//! An acquire is *queued*, then *granted* (its permits are set aside, and the
//! task has been woken), then *held*. Tokio tells who takes and who gives back,
//! as the task in whose poll it happens. A guard may have moved to another task
//! meanwhile: then the task that took it is still shown, and from the moment
//! that another one gives it back, who holds the rest is inferred, until nobody
//! holds anything. Of a semaphore's permits those from `try_acquire` are never
//! told, so its holders are a lower bound.

use super::task::TaskIx;
use super::waits::SiteIx;
use crate::record::event::{OpId, ResourceKind};

/// The place of a resource in [`Trace::resources`](super::Trace).
pub type ResourceIx = u32;

/// A lock, a semaphore, a channel.
#[derive(Debug)]
pub struct Resource {
    /// What it is.
    pub kind: ResourceKind,
    /// When it was made, in nanoseconds since the run began.
    pub made_ns: u64,
    /// Where it was made, if that is known: the place of this site.
    pub made_at: Option<SiteIx>,
    pub(super) now: Holdings,
    steps: Vec<(u64, Step)>,
    /// How things stood after every [`EVERY`]th step.
    kept: Vec<Holdings>,
}

/// Steps between two [`Holdings`] that are kept.
const EVERY: usize = 128;

/// How things stand with a resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Permits that are free; none where Tokio does not tell.
    pub free: Option<u32>,
    /// All its permits; none where Tokio does not tell.
    pub permits: Option<u32>,
    /// Who holds it, the longest first.
    pub holders: Vec<Holder>,
    /// Who waits for it, in order.
    pub waiters: Vec<Waiter>,
    /// Whether who holds it is inferred: somebody has given back what another one had taken.
    pub inferred: bool,
    /// What was given back last, and by whom: it may turn out to be what a cancelled acquire had been granted.
    given_back: Vec<Holder>,
    /// The task that gave it back.
    given_by: Option<TaskIx>,
    /// What `inferred` was before that.
    was_inferred: bool,
}

/// Who holds a resource, or a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// The task that took it; none for a thread outside all tasks.
    pub task: Option<TaskIx>,
    /// Since when, in nanoseconds since the run began.
    pub since_ns: u64,
    /// How many permits; 1 for a lock.
    pub permits: u32,
    /// Whether nobody else can hold it meanwhile.
    pub exclusive: bool,
    /// Where it was taken, if that is known.
    pub site: Option<SiteIx>,
}

/// Who waits for a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiter {
    /// The task.
    pub task: TaskIx,
    /// Since when, in nanoseconds since the run began.
    pub since_ns: u64,
    /// How many permits it asks for. The writers of a read-write lock ask for hundreds of millions.
    pub asks: u32,
    /// How many of them have been set aside for it.
    pub granted: u32,
    pub(super) op: OpId,
}

impl Waiter {
    /// Whether it has all that it asks for, and has not come to take it.
    pub fn is_granted(&self) -> bool {
        self.granted >= self.asks
    }
}

/// What can happen to a resource.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// Its free permits are set, and with them all.
    Set(u32),
    /// Permits become free.
    Free(u32),
    /// Free permits are taken.
    Take(u32),
    Hold(Holder),
    Release {
        task: Option<TaskIx>,
        permits: u32,
        exclusive: bool,
    },
    Queue {
        op: OpId,
        task: TaskIx,
        asks: u32,
    },
    Grant {
        op: OpId,
        permits: u32,
    },
    /// A waiter is gone, with what it asked for or without.
    Leave {
        op: OpId,
        returns: bool,
    },
}

impl Resource {
    pub(super) fn new(kind: ResourceKind, made_ns: u64, made_at: Option<SiteIx>) -> Self {
        Self { kind, made_ns, made_at, now: Holdings::default(), steps: Vec::new(), kept: Vec::new() }
    }

    /// How things stood at a time, after all that happened at it.
    pub fn at(&self, at_ns: u64) -> Holdings {
        let after = self.steps.partition_point(|(at, _)| *at <= at_ns);
        if after == self.steps.len() {
            return self.now.clone();
        }
        let kept = after / EVERY;
        let mut holdings = kept.checked_sub(1).map_or_else(Holdings::default, |last| self.kept[last].clone());
        for (at_ns, step) in &self.steps[kept * EVERY..after] {
            holdings.apply(*at_ns, *step);
        }
        holdings
    }

    /// Whether anything ever happened to it: a channel that nobody waited for is of no interest.
    pub fn was_contended(&self) -> bool {
        self.steps.iter().any(|(_, step)| matches!(step, Step::Queue { .. }))
    }

    /// How long tasks have waited for it together by a time, in nanoseconds: its contention.
    pub fn contention_ns(&self, at_ns: u64) -> u64 {
        let mut waiting: Vec<(OpId, u64)> = Vec::new();
        let mut sum = 0;
        for (at, step) in self.steps.iter().take_while(|(at, _)| *at <= at_ns) {
            match step {
                Step::Queue { op, .. } => waiting.push((*op, *at)),
                Step::Leave { op, .. } => {
                    if let Some(place) = waiting.iter().position(|(other, _)| other == op) {
                        sum += at - waiting.remove(place).1;
                    }
                }
                _ => {}
            }
        }
        sum + waiting.iter().map(|(_, since_ns)| at_ns - since_ns).sum::<u64>()
    }

    /// Something happened. What comes late happened at the time of the newest step.
    pub(super) fn step(&mut self, at_ns: u64, step: Step) {
        let at_ns = self.steps.last().map_or(at_ns, |(last, _)| at_ns.max(*last));
        self.now.apply(at_ns, step);
        self.steps.push((at_ns, step));
        if self.steps.len().is_multiple_of(EVERY) {
            self.kept.push(self.now.clone());
        }
    }
}

impl Holdings {
    fn apply(&mut self, at_ns: u64, step: Step) {
        match step {
            Step::Set(permits) => (self.free, self.permits) = (Some(permits), Some(permits)),
            Step::Free(permits) => {
                self.free = self.free.map(|free| free.saturating_add(permits));
                self.permits = self.permits.max(self.free);
            }
            Step::Take(permits) => self.free = self.free.map(|free| free.saturating_sub(permits)),
            Step::Hold(holder) => self.hold(holder),
            Step::Release { task, permits, exclusive } => self.release(task, permits, exclusive),
            Step::Queue { op, task, asks } => self.waiters.push(Waiter { task, since_ns: at_ns, asks, granted: 0, op }),
            Step::Grant { op, permits } => {
                if let Some(waiter) = self.waiters.iter_mut().find(|waiter| waiter.op == op) {
                    waiter.granted = waiter.granted.saturating_add(permits);
                }
            }
            Step::Leave { op, returns } => self.leave(op, returns),
        }
    }

    fn hold(&mut self, holder: Holder) {
        let same = |known: &&mut Holder| known.task == holder.task && known.exclusive == holder.exclusive;
        match self.holders.iter_mut().find(same) {
            Some(known) => known.permits += holder.permits,
            None => self.holders.push(holder),
        }
    }

    fn release(&mut self, task: Option<TaskIx>, permits: u32, exclusive: bool) {
        // Only a task that has been granted something here can be about to give that up.
        let granted = self.waiters.iter().any(|waiter| Some(waiter.task) == task && waiter.granted > 0);
        if !granted || self.given_by != task {
            self.given_back.clear();
        }
        self.given_by = task.filter(|_| granted);
        if self.given_back.is_empty() {
            self.was_inferred = self.inferred;
        }
        let mut left = permits;
        while left > 0 {
            let own = self.holders.iter().position(|holder| holder.task == task && holder.exclusive == exclusive);
            let place = own.or_else(|| self.holders.iter().position(|holder| holder.exclusive == exclusive));
            let Some(place) = place else { break };
            self.inferred |= own.is_none();
            let holder = &mut self.holders[place];
            let given = left.min(holder.permits);
            holder.permits -= given;
            left -= given;
            self.given_back.push(Holder { permits: given, ..*holder });
            if holder.permits == 0 {
                self.holders.remove(place);
            }
        }
        self.inferred &= !self.holders.is_empty();
    }

    fn leave(&mut self, op: OpId, returns: bool) {
        let Some(place) = self.waiters.iter().position(|waiter| waiter.op == op) else { return };
        let waiter = self.waiters.remove(place);
        let mut unused = if returns && self.given_by == Some(waiter.task) { waiter.granted } else { 0 };
        // A cancelled acquire gives back what it was granted, which its task never held.
        while unused > 0 {
            let Some(mut holder) = self.given_back.pop() else { break };
            let back = unused.min(holder.permits);
            unused -= back;
            holder.permits = back;
            self.hold(holder);
            if self.given_back.is_empty() {
                self.inferred = self.was_inferred;
            }
        }
        self.given_back.clear();
    }
}
