//! From what was about to wait to waits: why a task is idle, and where.
//!
//! A task waits on futures that it polled and that were not ready: its *leaves*.
//! One idle gap is one wait, with all the leaves that were alive when it began.
//! That a future clones the task's waker does not make it wait, and that it does
//! not clone it again does not end it, so leaves are kept from poll to poll:
//!
//! - A future that Tokio calls an operation says when it returns, and its drop
//!   is seen. It is alive until then.
//! - Of others (joins, received messages, notifications, sockets) only the
//!   clone is seen. One is over when its task waits at a place that excludes
//!   it: further on in the same async function. It is over, too, when nothing
//!   else can have been woken by the wake before the poll. Otherwise it stays,
//!   and is marked as inferred if it did not clone again.
//! - A yield lasts until the next poll.

mod views;

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::Trace;
use super::family::Family;
use super::lookup::NumberHasher;
use super::places::Await;
use super::resource::ResourceIx;
use super::task::{State, TaskIx, Waker};
use super::track::Track;
use crate::record::event::{NewSite, OpId, ResourceId, SiteId};
use crate::record::site::{Cause, Place, Site};

pub use views::{PlaceCount, WaitTotal, WaitView};

/// The place of a site in the trace: what was waited for, and where. See [`Trace::site`].
pub type SiteIx = u32;

/// A future that a task waits on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Leaf {
    /// What is waited for, and where.
    pub site: SiteIx,
    /// The resource that is waited for, where Tokio tells it.
    pub resource: Option<ResourceIx>,
    /// Whether it is inferred and not observed that it still waits, or where.
    pub inferred: bool,
}

/// What is known of all waits.
#[derive(Debug, Default)]
pub(super) struct Waits {
    pub(super) sites: Vec<std::sync::Arc<Site>>,
    by_id: HashMap<SiteId, SiteIx, BuildHasherDefault<NumberHasher>>,
    /// Sites without a place of the program's own, and what they are for a task that was spawned at a place.
    placed: HashMap<(SiteIx, Place), SiteIx>,
    /// Whether two sites exclude each other, as far as that was asked.
    excludes: HashMap<(SiteIx, SiteIx), bool, BuildHasherDefault<NumberHasher>>,
    sets: Vec<Set>,
    by_leaves: HashMap<Box<[Leaf]>, u32, BuildHasherDefault<NumberHasher>>,
    totals: Vec<Total>,
    by_place: HashMap<(Cause, Option<Place>), usize>,
    scratch: Vec<Leaf>,
    /// Which families of causes waits have been drawn as, in the order of [`Family::ALL`].
    families: [bool; Family::ALL.len()],
}

/// A set of leaves that some wait had.
#[derive(Debug)]
struct Set {
    leaves: Box<[Leaf]>,
    /// The cause to draw.
    cause: Cause,
    /// Its causes and places, each once.
    totals: Box<[usize]>,
}

#[derive(Debug)]
struct Total {
    sum: WaitTotal,
    waiting: Track,
    running: Track,
}

/// A future of a task that is alive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Live {
    pub(super) op: Option<OpId>,
    site: SiteIx,
    resource: Option<ResourceIx>,
    /// The number of the poll in which it was last seen to wait.
    poll: u32,
    inferred: bool,
}

/// The futures of a task that are alive.
#[derive(Debug, Default)]
pub(super) struct Leaves {
    pub(super) live: Vec<Live>,
    poll: u32,
    /// What its last wait was for, by its place among the sets of leaves.
    wait: Option<u32>,
    /// Whether it is known which leaf the last wake came from.
    explained: bool,
}

impl Trace {
    pub(super) fn learn_site(&mut self, new: NewSite) {
        self.waits.by_id.insert(new.id, self.waits.sites.len() as SiteIx);
        self.waits.sites.push(new.site);
    }

    pub(super) fn known_site(&self, id: SiteId) -> Option<SiteIx> {
        self.waits.by_id.get(&id).copied()
    }

    /// A poll begins.
    pub(super) fn leaves_polled(&mut self, at_ns: u64, task: TaskIx) {
        let leaves = &mut self.ingest.lives[task as usize].leaves;
        if let Some(wait) = leaves.wait {
            self.waits.each_total(wait, |total| total.running.more(at_ns));
        }
        let sites = &self.waits.sites;
        let before = leaves.live.len();
        leaves.live.retain(|leaf| leaf.op.is_some() || sites[leaf.site as usize].cause != Cause::Yield);
        leaves.poll = leaves.poll.wrapping_add(1);
        leaves.explained = leaves.live.len() < before;
    }

    /// A poll has ended.
    pub(super) fn leaves_rest(&mut self, at_ns: u64, task: TaskIx) {
        let leaves = &mut self.ingest.lives[task as usize].leaves;
        if let Some(wait) = leaves.wait {
            self.waits.each_total(wait, |total| total.running.fewer(at_ns));
        }
        let poll = leaves.poll;
        let silent = |leaf: &Live| leaf.op.is_none() && leaf.poll != poll;
        let silent_ones = leaves.live.iter().filter(|leaf| silent(leaf)).count();
        if silent_ones == 1 && !leaves.explained && leaves.live.len() > 1 {
            leaves.live.retain(|leaf| !silent(leaf));
        } else {
            leaves.live.iter_mut().filter(|leaf| silent(leaf)).for_each(|leaf| leaf.inferred = true);
        }
    }

    /// A wait begins. Returns the state, with the cause to draw, and what it is for.
    pub(super) fn wait_begins(&mut self, at_ns: u64, task: TaskIx) -> (State, u32) {
        let known = &mut self.ingest.lives[task as usize].leaves;
        let leaves = self.waits.set_of(&known.live, known.wait);
        known.wait = Some(leaves);
        self.waits.each_total(leaves, |total| total.waiting.more(at_ns));
        let cause = self.waits.sets[leaves as usize].cause;
        self.waits.families[Family::of(cause) as usize] = true;
        (State::Waiting(cause), leaves)
    }

    /// The wait of a task that waits ends.
    pub(super) fn wait_ends(&mut self, at_ns: u64, task: TaskIx) {
        if let Some(wait) = self.ingest.lives[task as usize].leaves.wait {
            self.waits.each_total(wait, |total| total.waiting.fewer(at_ns));
        }
        self.wait_counts(at_ns, task);
    }

    /// The wait of a task that waits is added to the totals, up to a time.
    pub(super) fn wait_counts(&mut self, at_ns: u64, task: TaskIx) {
        let Some(wait) = self.ingest.lives[task as usize].leaves.wait else { return };
        let lasted_ns = at_ns.saturating_sub(self.last(task).start_ns);
        self.waits.each_total(wait, |total| {
            total.sum.count += 1;
            total.sum.total_ns = total.sum.total_ns.saturating_add(lasted_ns);
            total.sum.max_ns = total.sum.max_ns.max(lasted_ns);
        });
    }

    /// Who woke a task that waits, if it was no task.
    pub(super) fn outside_waker(&self, task: TaskIx) -> Waker {
        let leaves = self.leaves(self.last(task));
        let mut causes = leaves.iter().map(|leaf| self.site(leaf.site).cause);
        let first = causes.next();
        match first.filter(|first| causes.all(|cause| cause == *first)) {
            Some(Cause::Time) => Waker::Timer,
            Some(Cause::Io) => Waker::Io,
            Some(Cause::Blocking) => Waker::Blocking,
            Some(Cause::Yield) => Waker::Scheduler,
            _ => Waker::Outside,
        }
    }

    /// A future of the task's is about to wait.
    pub(super) fn leaf_pends(&mut self, task: TaskIx, op: Option<OpId>, resource: Option<ResourceId>, site: SiteId) {
        let Some(site) = self.known_site(site) else { return };
        let (site, placed) = self.place_for(task, site);
        let resource = resource.and_then(|resource| self.known_resource(resource));
        let leaves = &mut self.ingest.lives[task as usize].leaves;
        let poll = leaves.poll;
        let same = |leaf: &&mut Live| if op.is_some() { leaf.op == op } else { leaf.op.is_none() && leaf.site == site };
        if let Some(known) = leaves.live.iter_mut().find(same) {
            *known = Live { op, site, resource, poll, inferred: placed };
            // An operation would have said that it had returned; others may have returned and begun anew.
            leaves.explained |= op.is_none();
            return;
        }
        let before = leaves.live.len();
        leaves.live.retain(|leaf| !self.waits.excluded(leaf.site, site));
        leaves.explained |= leaves.live.len() < before;
        if leaves.live.capacity() == 0 {
            leaves.live.reserve_exact(1);
        }
        leaves.live.push(Live { op, site, resource, poll, inferred: placed });
    }

    /// An operation of the task's has returned, or is gone.
    pub(super) fn leaf_ends(&mut self, task: TaskIx, op: OpId) {
        let leaves = &mut self.ingest.lives[task as usize].leaves;
        let before = leaves.live.len();
        leaves.live.retain(|leaf| leaf.op != Some(op));
        leaves.explained |= leaves.live.len() < before;
    }

    /// A task that is nothing but a library's future waits where it was spawned. Whether that had to be inferred.
    fn place_for(&mut self, task: TaskIx, site: SiteIx) -> (SiteIx, bool) {
        let known = &self.waits.sites[site as usize];
        if known.place.is_some() {
            return (site, false);
        }
        let Some(spawned) = &self.tasks[task as usize].spawned_at else { return (site, false) };
        let place = Place { file: spawned.file().into(), line: spawned.line() };
        if let Some(placed) = self.waits.placed.get(&(site, place.clone())) {
            return (*placed, true);
        }
        let placed = self.waits.sites.len() as SiteIx;
        let moved = Site { place: Some(place.clone()), ..Site::clone(known) };
        self.waits.sites.push(moved.into());
        self.waits.placed.insert((site, place), placed);
        (placed, true)
    }
}

impl Waits {
    /// The most pairs of sites that are remembered: a program has some hundreds.
    const MOST_PAIRS: usize = 1 << 18;

    fn excluded(&mut self, earlier: SiteIx, later: SiteIx) -> bool {
        let sites = &self.sites;
        let excludes = || sites[earlier as usize].excludes(&sites[later as usize]);
        if self.excludes.len() >= Self::MOST_PAIRS {
            return self.excludes.get(&(earlier, later)).copied().unwrap_or_else(excludes);
        }
        *self.excludes.entry((earlier, later)).or_insert_with(excludes)
    }

    /// The number of the set of these leaves; often it is that of the task's last wait.
    fn set_of(&mut self, live: &[Live], last: Option<u32>) -> u32 {
        let mut leaves = std::mem::take(&mut self.scratch);
        leaves.clear();
        let sites = &self.sites;
        // A future that is not Tokio's says nothing, if what it waits for says more.
        let told = |leaf: &Live| sites[leaf.site as usize].cause != Cause::Other;
        let any = live.iter().any(told);
        for leaf in live.iter().filter(|leaf| !any || told(leaf)) {
            let leaf = Leaf { site: leaf.site, resource: leaf.resource, inferred: leaf.inferred || !told(leaf) };
            if !leaves.contains(&leaf) {
                leaves.push(leaf);
            }
        }
        let same = last.filter(|last| *self.sets[*last as usize].leaves == leaves[..]);
        let set = same.or_else(|| self.by_leaves.get(&leaves[..]).copied()).unwrap_or_else(|| self.add_set(&leaves));
        self.scratch = leaves;
        set
    }

    fn add_set(&mut self, leaves: &[Leaf]) -> u32 {
        let number = self.sets.len() as u32;
        let mut totals: Vec<usize> = leaves.iter().map(|leaf| self.total_of(leaf.site)).collect();
        totals.sort_unstable();
        totals.dedup();
        let causes = leaves.iter().map(|leaf| self.sites[leaf.site as usize].cause);
        let cause = causes.min_by_key(|cause| weight(*cause)).unwrap_or_default();
        self.by_leaves.insert(leaves.into(), number);
        self.sets.push(Set { leaves: leaves.into(), cause, totals: totals.into() });
        number
    }

    fn total_of(&mut self, site: SiteIx) -> usize {
        let site = &self.sites[site as usize];
        let (totals, cause, place) = (&mut self.totals, site.cause, site.place.clone());
        *self.by_place.entry((cause, place.clone())).or_insert_with(|| {
            let sum = WaitTotal { cause, place, count: 0, total_ns: 0, max_ns: 0 };
            totals.push(Total { sum, waiting: Track::default(), running: Track::default() });
            totals.len() - 1
        })
    }

    pub(super) fn awaits(&self) -> impl Iterator<Item = Await<'_>> {
        self.totals.iter().map(|Total { sum, waiting, running }| Await {
            cause: sum.cause,
            place: sum.place.as_ref(),
            waiting,
            running,
        })
    }

    fn each_total(&mut self, set: u32, mut f: impl FnMut(&mut Total)) {
        for total in &self.sets[set as usize].totals {
            f(&mut self.totals[*total]);
        }
    }
}

/// Of several causes the one to draw: what others have to give first, what comes by itself last.
fn weight(cause: Cause) -> u8 {
    match cause {
        cause if cause.is_lock() => 0,
        cause if cause.is_channel() => 1,
        Cause::Join => 2,
        Cause::Io | Cause::Blocking => 3,
        Cause::Time => 4,
        _ => 5,
    }
}
