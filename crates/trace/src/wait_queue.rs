//! The line before a resource: who has waited for it, and from which step of its history to which.
//!
//! A line can be as long as there are tasks, and it changes at every step, so it
//! is not copied: each waiter is kept once, with the steps at which it came and
//! left. Those who wait at a step are found among the entries from the first
//! that had not left on; since a line is first come first served, nearly all of
//! them are still there.

use super::task::TaskIx;
use super::waits::SiteIx;

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
    /// Where it waits, if that is known.
    pub site: Option<SiteIx>,
}

impl Waiter {
    /// Whether it has all that it asks for, and has not come to take it.
    pub fn is_granted(&self) -> bool {
        self.granted >= self.asks
    }

    /// Of a read-write lock: whether it wants to write. It asks for all that there is.
    pub fn writes(&self) -> bool {
        self.asks > 1
    }
}

/// The place of a waiter among all that a resource has ever had.
pub(super) type Place = u32;

/// The grants of one waiter stand among so many.
const CLOSE: usize = 1_024;

/// Never, as a step.
const NEVER: u32 = u32::MAX;

/// All that have ever waited for a resource, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct WaitQueue {
    entries: Vec<Entry>,
    /// What was set aside, in order of steps.
    grants: Vec<Grant>,
    /// Those in line now for whom something is set aside.
    granted: Vec<Place>,
    /// The first that is in line now, or the next to come.
    first: Place,
}

#[derive(Debug)]
struct Entry {
    /// As it is now, or was when it left.
    waiter: Waiter,
    came: u32,
    left: u32,
    /// The first of its grants, by its place among all; [`NEVER`] if it has none.
    grant: u32,
}

#[derive(Debug)]
struct Grant {
    step: u32,
    to: Place,
    permits: u32,
}

impl WaitQueue {
    /// Whether nobody has ever waited.
    pub(super) fn is_unused(&self) -> bool {
        self.entries.is_empty()
    }

    /// The first that is in line now: a later look at this moment need not start before it.
    pub(super) fn first(&self) -> Place {
        self.first
    }

    pub(super) fn join(&mut self, step: u32, waiter: Waiter) -> Place {
        self.entries.push(Entry { waiter, came: step, left: NEVER, grant: NEVER });
        self.entries.len() as Place - 1
    }

    pub(super) fn grant(&mut self, step: u32, to: Place, permits: u32) {
        let entry = &mut self.entries[to as usize];
        if entry.grant == NEVER {
            entry.grant = self.grants.len() as u32;
            self.granted.push(to);
        }
        entry.waiter.granted = entry.waiter.granted.saturating_add(permits);
        self.grants.push(Grant { step, to, permits });
    }

    /// A waiter leaves the line: as it was then.
    pub(super) fn leave(&mut self, step: u32, place: Place) -> Waiter {
        let entry = &mut self.entries[place as usize];
        entry.left = step;
        let waiter = entry.waiter;
        self.granted.retain(|other| *other != place);
        while self.entries.get(self.first as usize).is_some_and(|entry| entry.left != NEVER) {
            self.first += 1;
        }
        waiter
    }

    /// A waiter as it is now.
    pub(super) fn waiter(&self, place: Place) -> Waiter {
        self.entries[place as usize].waiter
    }

    /// Those in line now for whom something is set aside.
    pub(super) fn granted(&self) -> impl Iterator<Item = Waiter> {
        self.granted.iter().map(|place| self.waiter(*place))
    }

    /// Those in line now who have all that they ask for and have not come to take it, each with the step that gave the last of it.
    pub(super) fn untaken(&self) -> impl Iterator<Item = (Waiter, u32)> {
        let all = self.granted.iter().filter(|place| self.waiter(**place).is_granted());
        all.filter_map(|place| {
            let from = self.entries[*place as usize].grant as usize;
            let last = self.grants.get(from..)?.iter().take(CLOSE).rfind(|grant| grant.to == *place)?;
            Some((self.waiter(*place), last.step))
        })
    }

    /// Those in line before a step, in order. All before `first` had left by then.
    pub(super) fn before(&self, step: u32, first: Place) -> impl Iterator<Item = Waiter> {
        let come = self.entries.partition_point(|entry| entry.came < step);
        let known = (first as usize).min(come)..come;
        known.clone().zip(&self.entries[known]).filter(move |(_, entry)| entry.left >= step).map(move |(place, entry)| {
            let granted = self.granted_before(step, place as Place, entry);
            Waiter { granted, ..entry.waiter }
        })
    }

    /// What had been set aside for a waiter. It is served while it is the first, so its grants stand close together.
    fn granted_before(&self, step: u32, place: Place, entry: &Entry) -> u32 {
        let grants = self.grants.get(entry.grant as usize..).unwrap_or_default();
        let own = grants.iter().take_while(|grant| grant.step < step).filter(|grant| grant.to == place);
        own.fold(0, |sum, grant| sum.saturating_add(grant.permits))
    }
}
