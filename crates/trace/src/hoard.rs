//! The guards that tasks have, from taking to giving back, and where they may have moved meanwhile.
//!
//! Tokio reports that something was given back in a task's poll, but not which
//! guard it was. The best fit is assumed: a guard that the task took itself, then
//! one believed to have moved to it, then one that its parent took before spawning
//! it. See [`super::guard`] for what is inferred from that.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use smallvec::SmallVec;

use super::Trace;
use super::guard::{Fit, Guard, GuardIx};
use super::lookup::NumberHasher;
use super::resource::{Holder, ResourceIx};
use super::task::{TaskIx, Waker};
use facts::event::ResourceKind;

/// How many ancestors of a task are searched for the one that the taker of a guard spawned.
const ANCESTORS: usize = 64;

/// How many guards of a resource are searched for the one that is given back.
const LOOKED_AT: usize = 4_096;

/// How many children of a task are searched for the one that may have its guard.
const CHILDREN: usize = 1_024;

/// The guards that a task took, with their resources.
type Taken = SmallVec<[(ResourceIx, GuardIx); 2]>;

/// The guards of all tasks that are alive.
#[derive(Debug, Default)]
pub(super) struct Hoard {
    /// The guards that each task took and that have not been given back.
    open: HashMap<TaskIx, Taken, BuildHasherDefault<NumberHasher>>,
    /// The owned guards taken in a poll under way, without a spawn in that poll since.
    fresh: Vec<(TaskIx, ResourceIx, GuardIx)>,
}

impl Hoard {
    fn add(&mut self, task: TaskIx, resource: ResourceIx, guard: GuardIx, owned: bool) {
        self.open.entry(task).or_default().push((resource, guard));
        if owned {
            self.fresh.push((task, resource, guard));
        }
    }

    fn remove(&mut self, task: TaskIx, resource: ResourceIx, guard: GuardIx) {
        if let Some(open) = self.open.get_mut(&task) {
            open.retain(|known| *known != (resource, guard));
            if open.is_empty() {
                self.open.remove(&task);
            }
        }
        self.fresh.retain(|known| *known != (task, resource, guard));
    }

    /// Whether a task has taken something that has not been given back.
    pub(super) fn has(&self, task: TaskIx) -> bool {
        self.open.contains_key(&task)
    }
}

impl Trace {
    /// Records that a task, or a thread outside all tasks, takes something.
    pub(super) fn take(&mut self, resource: ResourceIx, holder: Holder, owned: bool) {
        let guard = self.resources[resource as usize].take(holder, owned, self.tasks.len());
        if let Some(task) = holder.task {
            self.ingest.hoard.add(task, resource, guard, owned);
            self.comes_to_have(task, resource, guard);
        }
    }

    /// A task has to wait for a resource: owned guards of that resource that it took are probably elsewhere.
    pub(super) fn gives_up_own(&mut self, at_ns: u64, resource: ResourceIx, task: TaskIx) {
        let Some(open) = self.ingest.hoard.open.get(&task) else { return };
        for (of, guard) in open.clone() {
            if of == resource {
                self.guess(at_ns, resource, guard, false);
            }
        }
    }

    /// Guesses who has an owned guard, now that its taker probably does not: the first living child that the taker spawned
    /// after the taking and that has no such guard yet. Without such a child, the holder is unknown if the taker is `gone`.
    fn guess(&mut self, at_ns: u64, resource: ResourceIx, guard: GuardIx, gone: bool) {
        let of = &self.resources[resource as usize];
        let of_guard = &of.guards[guard as usize];
        let Some(taker) = of_guard.taker().filter(|_| of_guard.owned && !of_guard.is_moved()) else { return };
        let children = self.children_of(taker);
        let later = &children[children.partition_point(|child| *child < of_guard.after)..];
        let has_one = |child: TaskIx| of.now.held.iter().any(|(held, _)| of.guards[*held as usize].moved_to() == Some(child));
        let child = later.iter().copied().take(CHILDREN).find(|child| self.task(*child).ended.is_none() && !has_one(*child));
        let since_ns = child.map_or(at_ns, |child| self.task(child).spawned_ns);
        let of_guard = &mut self.resources[resource as usize].guards[guard as usize];
        if child.is_some() || gone {
            of_guard.moves(child, since_ns);
        }
        if let Some(child) = child {
            self.comes_to_have(child, resource, guard);
        }
    }

    /// A task's poll is over, or the task has spawned another: from now on its owned guards may be elsewhere.
    pub(super) fn guards_loosen(&mut self, at_ns: u64, task: TaskIx) {
        let (resources, fresh) = (&mut self.resources, &mut self.ingest.hoard.fresh);
        fresh.retain(|(taker, resource, guard)| {
            if *taker == task {
                resources[*resource as usize].guards[*guard as usize].loosen(at_ns);
            }
            *taker != task
        });
    }

    /// A task has ended. Of the guards that it never gave back, owned ones are elsewhere, borrowed permits are lost, and
    /// borrowed locks have an unknown holder.
    pub(super) fn guards_outlive(&mut self, at_ns: u64, task: TaskIx) {
        for (resource, guard) in self.ingest.hoard.open.remove(&task).into_iter().flatten() {
            let of = &mut self.resources[resource as usize];
            if of.guards[guard as usize].owned {
                self.guess(at_ns, resource, guard, true);
            } else if of.kind == ResourceKind::Semaphore {
                of.forget(at_ns, guard);
            } else {
                of.guards[guard as usize].moves(None, at_ns);
            }
        }
    }

    /// Something is given back: by the holder, by a task that a guard has moved to, or by one that was not seen to take it.
    pub(super) fn release(&mut self, at_ns: u64, resource: ResourceIx, by: Option<TaskIx>, permits: u32, exclusive: bool) {
        if let Some((by, of, permits)) = self.ingest.returned.take().filter(|(task, of, _)| (*task, *of) != (by, resource)) {
            self.release_from(at_ns, of, by, (permits, false), Fit::Unlikely);
        }
        // A task that was granted something it has not taken may be about to give that up: then it was in no guard.
        let gives_up = self.resources[resource as usize].is_granted_to(by);
        let left =
            self.release_from(at_ns, resource, by, (permits, exclusive), if gives_up { Fit::Taken } else { Fit::Unlikely });
        if gives_up && left > 0 {
            let before = self.ingest.returned.take().map_or(0, |(.., permits)| permits);
            self.ingest.returned = Some((by, resource, before.saturating_add(left)));
        }
    }

    /// Gives back permits from the best-fitting guards, down to the fit `worst`. Returns the number of permits left over.
    fn release_from(
        &mut self,
        at_ns: u64,
        resource: ResourceIx,
        by: Option<TaskIx>,
        (mut permits, exclusive): (u32, bool),
        worst: Fit,
    ) -> u32 {
        while permits > 0 {
            let Some((fit, guard, held)) = self.best_fit(resource, by, permits, exclusive).filter(|(fit, ..)| *fit <= worst)
            else {
                break;
            };
            let of = &self.resources[resource as usize];
            // Prefer permits that nobody was seen to take over another task's guard, if there are enough of them.
            if of.kind == ResourceKind::Semaphore && (fit == Fit::Unlikely || (fit >= Fit::Left && of.untold() >= permits)) {
                break;
            }
            let given = held.min(permits);
            permits -= given;
            if fit > Fit::Own {
                self.mix_up(resource, guard);
            }
            self.corrected(at_ns, resource, guard, by, fit);
            self.resources[resource as usize].release(at_ns, by, guard, given);
            if given == held
                && let Some(taker) = self.resources[resource as usize].guards[guard as usize].taker()
            {
                self.ingest.hoard.remove(taker, resource, guard);
            }
        }
        if permits > 0 && worst == Fit::Unlikely && self.resources[resource as usize].kind == ResourceKind::Semaphore {
            self.resources[resource as usize].add(at_ns, by, permits);
        }
        permits
    }

    /// The guard whose permits a task most likely gives back, with its fit and the number of permits it has.
    fn best_fit(&self, resource: ResourceIx, by: Option<TaskIx>, permits: u32, exclusive: bool) -> Option<(Fit, GuardIx, u32)> {
        let of = &self.resources[resource as usize];
        let mut best: Option<((Fit, bool), GuardIx, u32)> = None;
        for (guard, held) in of.now.held.iter().copied().take(LOOKED_AT) {
            let known = &of.guards[guard as usize];
            if known.exclusive != exclusive {
                continue;
            }
            let taker = known.taker();
            let elder = by.zip(taker).filter(|(by, taker)| by != taker).and_then(|(by, taker)| self.elder(by, taker));
            let fit = known.fit(by, elder, taker.is_some_and(|taker| self.task(taker).ended.is_some()));
            let rank = (fit, held != permits);
            if best.is_none_or(|(rank_of_best, ..)| rank < rank_of_best) {
                best = Some((rank, guard, held));
            }
            if rank == (Fit::Own, false) {
                break;
            }
        }
        best.map(|((fit, _), guard, held)| (fit, guard, held))
    }

    /// The task or nearest ancestor that `parent` spawned.
    fn elder(&self, task: TaskIx, parent: TaskIx) -> Option<TaskIx> {
        let line = std::iter::successors(Some(task), |task| self.task(*task).parent);
        line.take(ANCESTORS).find(|elder| self.task(*elder).parent == Some(parent))
    }

    /// An owned guard is given back. If its taker has several, it is unknown which one this is.
    fn mix_up(&mut self, resource: ResourceIx, guard: GuardIx) {
        let of = &mut self.resources[resource as usize];
        let (taker, exclusive) = (of.guards[guard as usize].taker(), of.guards[guard as usize].exclusive);
        let alike = |guards: &[Guard], held: &(GuardIx, u32)| {
            let guard = &guards[held.0 as usize];
            guard.owned && guard.taker() == taker && guard.exclusive == exclusive
        };
        let mixed: SmallVec<[GuardIx; 4]> =
            of.now.held.iter().take(LOOKED_AT).filter(|held| alike(&of.guards, held)).map(|held| held.0).collect();
        if mixed.len() > 1 {
            mixed.iter().for_each(|guard| of.guards[*guard as usize].mixed_up = true);
        }
    }

    /// Corrects who had a guard, now that it is known who gives it back.
    fn corrected(&mut self, at_ns: u64, resource: ResourceIx, guard: GuardIx, by: Option<TaskIx>, fit: Fit) {
        let known = &self.resources[resource as usize].guards[guard as usize];
        let taker = known.taker();
        if fit == Fit::Believed {
            return;
        }
        let since_ns = match (fit, by, taker) {
            (Fit::Child(_), Some(by), _) => Some(self.task(by).spawned_ns),
            (_, Some(by), Some(taker)) if by != taker => {
                let ended_ns = self.task(taker).ended.map(|ended| ended.at_ns);
                let wakes = &self.task(by).wakes;
                let woken = &wakes[wakes.partition_point(|wake| wake.at_ns < known.since_ns())..];
                let woken = woken.iter().find(|wake| wake.by == Waker::Task(taker));
                Some(ended_ns.into_iter().chain(woken.map(|wake| wake.at_ns)).min().unwrap_or(at_ns))
            }
            (_, None, Some(_)) => Some(known.loose_since_ns()),
            _ => None,
        };
        let known = &mut self.resources[resource as usize].guards[guard as usize];
        match since_ns {
            Some(since_ns) => known.moves(by, since_ns),
            None => known.stayed(),
        }
        if let Some(by) = by.filter(|_| since_ns.is_some()) {
            self.comes_to_have(by, resource, guard);
        }
    }
}
