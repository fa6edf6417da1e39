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
//! - A yield lasts until the next poll, and so does a future that was not begun as
//!   the budget was used up. That one says nothing of the others.

mod sets;
mod views;

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use smallvec::SmallVec;

use super::Trace;
use super::lookup::NumberHasher;
use super::resource::ResourceIx;
use super::task::{End, State, TaskIx};
use super::timers::TIMEOUT;
use facts::event::{NewSite, OpId, ResourceId, SiteId};
use facts::site::{Cause, Frame, Place, Site};

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
    pub(super) sites: Vec<Arc<Site>>,
    /// Of sites with numbers of branches the first that is equal but for these.
    alike: HashMap<SiteIx, SiteIx, BuildHasherDefault<NumberHasher>>,
    without_branches: HashMap<Site, SiteIx>,
    by_id: HashMap<SiteId, SiteIx, BuildHasherDefault<NumberHasher>>,
    /// Sites without a place of the program's own, and what they are for a task that was spawned at a place.
    placed: HashMap<(SiteIx, Place), SiteIx>,
    /// For sites at which a task was out of budget: the site that says so.
    put_off: HashMap<(SiteIx, Cause), SiteIx, BuildHasherDefault<NumberHasher>>,
    /// The line of Tokio's at which a `timeout` polls what it limits, once one has been seen.
    limits_at: Option<u32>,
    /// For sites at which a `timeout` polls a timer, its own or what it limits: the line of Tokio's.
    timers_at: HashMap<SiteIx, u32, BuildHasherDefault<NumberHasher>>,
    /// Whether two sites exclude each other, as far as that was asked.
    excludes: HashMap<(SiteIx, SiteIx), bool, BuildHasherDefault<NumberHasher>>,
    pub(super) sets: sets::Sets,
}

/// A future of a task that is alive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Live {
    pub(super) op: Option<OpId>,
    pub(super) site: SiteIx,
    pub(super) resource: Option<ResourceIx>,
    /// When it was first seen to wait.
    pub(super) since_ns: u64,
    /// Its lane, where it waits beside others: see [`super::branches`].
    pub(super) lane: Option<u32>,
    /// The lane of the branch that had just returned when it began.
    pub(super) after: Option<u32>,
    /// The number of the poll in which it was last seen to wait.
    poll: u32,
    /// What its site says: that lies elsewhere in memory.
    pub(super) cause: Cause,
    inferred: bool,
}

/// The futures of a task that are alive.
#[derive(Debug, Default)]
pub(super) struct Leaves {
    /// Most tasks wait for one thing at a time.
    pub(super) live: SmallVec<[Live; 1]>,
    poll: u32,
    /// What its last wait was for, by its place among the sets of leaves.
    wait: Option<u32>,
    /// Whether it is known which leaf the last wake came from.
    explained: bool,
}

impl Trace {
    /// Learns the meaning of a site. A stream restates sites at its keyframes.
    pub(super) fn learn_site(&mut self, new: NewSite) {
        if self.known_site(new.id).is_some_and(|known| self.waits.sites[known as usize] == new.site) {
            return;
        }
        let ix = self.waits.add(new.site);
        self.waits.by_id.insert(new.id, ix);
    }

    /// How many sites are known. They are numbered from 0.
    pub fn sites(&self) -> SiteIx {
        self.waits.sites.len() as SiteIx
    }

    pub(super) fn known_site(&self, id: SiteId) -> Option<SiteIx> {
        self.waits.by_id.get(&id).copied()
    }

    /// A poll begins.
    pub(super) fn leaves_polled(&mut self, at_ns: u64, task: TaskIx) {
        let leaves = &mut self.ingest.lives[task as usize].leaves;
        if let Some(wait) = leaves.wait {
            self.waits.sets.each_total(wait, |total| total.running.more(at_ns));
        }
        leaves.poll = leaves.poll.wrapping_add(1);
        let yields = |leaf: &Live| leaf.op.is_none() && leaf.cause.is_turn();
        leaves.explained = leaves.live.iter().any(yields);
        if leaves.explained {
            leaves.live.retain(|leaf| !yields(leaf));
        }
    }

    /// A poll has ended.
    pub(super) fn leaves_rest(&mut self, at_ns: u64, task: TaskIx) {
        let leaves = &mut self.ingest.lives[task as usize].leaves;
        if let Some(wait) = leaves.wait {
            self.waits.sets.each_total(wait, |total| total.running.fewer(at_ns));
        }
        let poll = leaves.poll;
        let silent = |leaf: &Live| leaf.op.is_none() && leaf.poll != poll;
        let silent_ones = leaves.live.iter().filter(|leaf| silent(leaf)).count();
        if silent_ones == 1 && !leaves.explained && leaves.live.len() > 1 {
            self.leaves_go(at_ns, task, None, |_, leaf| silent(leaf));
        } else {
            leaves.live.iter_mut().filter(|leaf| silent(leaf)).for_each(|leaf| leaf.inferred = true);
        }
        self.branches_rest(task);
    }

    /// A wait begins. Returns the state, with the cause to draw, and what it is for.
    pub(super) fn wait_begins(&mut self, at_ns: u64, task: TaskIx) -> (State, u32) {
        let leaves = &self.life(task).leaves.live;
        if leaves.len() > 1 || leaves.iter().any(|leaf| leaf.after.is_some()) {
            self.branches_begin(task);
        }
        let known = &mut self.ingest.lives[task as usize].leaves;
        let leaves = self.waits.sets.of(&known.live, known.wait, &self.waits.sites);
        known.wait = Some(leaves);
        self.waits.sets.each_total(leaves, |total| total.waiting.more(at_ns));
        let cause = self.waits.sets.cause(leaves);
        (State::Waiting(cause), leaves)
    }

    /// The wait of a task that waits ends.
    pub(super) fn wait_ends(&mut self, at_ns: u64, task: TaskIx) {
        let Some((wait, lasted_ns)) = self.wait_that_lasts(at_ns, task) else { return };
        self.waits.sets.each_total(wait, |total| {
            total.waiting.fewer(at_ns);
            total.add(lasted_ns);
        });
    }

    /// The wait of a task that waits is added to the totals, up to a time.
    pub(super) fn wait_counts(&mut self, at_ns: u64, task: TaskIx) {
        let Some((wait, lasted_ns)) = self.wait_that_lasts(at_ns, task) else { return };
        self.waits.sets.each_total(wait, |total| total.add(lasted_ns));
    }

    /// What a task that waits does wait for, by its place among the sets of leaves, and how long it has by a time.
    fn wait_that_lasts(&self, at_ns: u64, task: TaskIx) -> Option<(u32, u64)> {
        let life = self.life(task);
        Some((life.leaves.wait?, at_ns.saturating_sub(life.last.start_ns)))
    }

    /// A future of the task's is about to wait.
    pub(super) fn leaf_pends(&mut self, at_ns: u64, task: TaskIx, op: Option<OpId>, resource: Option<ResourceId>, site: SiteId) {
        let Some(site) = self.known_site(site) else { return };
        // A stack from elsewhere, as that of a drop outside the task's own future, says nothing of the build.
        self.missing = self.missing.and(self.waits.sites[site as usize].missing);
        let (site, placed) = self.place_for(task, site);
        let cause = self.waits.sites[site as usize].cause;
        let resource = resource.and_then(|resource| self.known_resource(resource));
        let leaves = &mut self.ingest.lives[task as usize].leaves;
        let poll = leaves.poll;
        let known = match op {
            Some(_) => leaves.live.iter().position(|leaf| leaf.op == op),
            None => self.waits.waits_there(&leaves.live, poll, site),
        };
        if let Some(known) = known.map(|known| &mut leaves.live[known]) {
            *known = Live { op, site, resource, poll, cause, inferred: placed, ..*known };
            // An operation would have said that it had returned; others may have returned and begun anew.
            leaves.explained |= op.is_none();
            return;
        }
        let over = self.leaves_go(at_ns, task, None, |waits, leaf| leaf.op.is_none() && waits.excluded(leaf.site, site));
        let after = self.branch_before(task, site);
        let leaves = &mut self.ingest.lives[task as usize].leaves;
        leaves.explained |= over;
        leaves.live.push(Live { op, site, resource, since_ns: at_ns, lane: None, after, poll, cause, inferred: placed });
    }

    /// A future of the task's was not begun, as the budget was used up or the schedule cut the poll. Those that waited before wait on, whether they were
    /// polled or not.
    pub(super) fn leaf_is_put_off(&mut self, at_ns: u64, task: TaskIx, site: SiteId) {
        let cause = if self.life(task).limit.is_some() { Cause::Preempted } else { Cause::Budget };
        let Some(site) = self.known_site(site).map(|site| self.put_off_at(site, cause)) else { return };
        let (site, inferred) = self.place_for(task, site);
        self.is_preempted(task, site);
        let leaves = &mut self.ingest.lives[task as usize].leaves;
        leaves.explained = true;
        if !leaves.live.iter().any(|leaf| leaf.site == site && leaf.op.is_none()) {
            let (poll, since_ns) = (leaves.poll, at_ns);
            let turn = Live { op: None, site, resource: None, since_ns, lane: None, after: None, poll, cause, inferred };
            leaves.live.push(turn);
        }
    }

    /// Whether a future was not begun at a site, as the budget was used up.
    pub(super) fn is_put_off(&self, site: SiteId) -> bool {
        self.known_site(site).is_some_and(|site| self.waits.sites[site as usize].cause == Cause::Budget)
    }

    /// The same place as a site's, of a task that needs another turn there, for this cause.
    fn put_off_at(&mut self, site: SiteIx, cause: Cause) -> SiteIx {
        let known = &self.waits.sites[site as usize];
        if known.cause == cause {
            return site;
        }
        let next = self.waits.sites.len() as SiteIx;
        let put_off = *self.waits.put_off.entry((site, cause)).or_insert(next);
        if put_off == next {
            let known = Site { cause, ..Site::clone(known) };
            self.waits.add(known.into());
        }
        put_off
    }

    /// Where a task waits for an operation, if it does.
    pub(super) fn leaf_site(&self, task: TaskIx, op: OpId) -> Option<SiteIx> {
        self.life(task).leaves.live.iter().find(|leaf| leaf.op == Some(op)).map(|leaf| leaf.site)
    }

    /// An operation of the task's has returned ([`End::Completed`]), or was dropped ([`End::Cancelled`]).
    pub(super) fn leaf_ends(&mut self, at_ns: u64, task: TaskIx, op: OpId, how: End) {
        let ends = self.leaves_go(at_ns, task, Some(how), |_, leaf| leaf.op == Some(op));
        self.ingest.lives[task as usize].leaves.explained |= ends;
    }

    /// Some of a task's futures are over; how, where that is known. Returns whether any is.
    fn leaves_go(&mut self, at_ns: u64, task: TaskIx, how: Option<End>, over: impl Fn(&mut Waits, &Live) -> bool) -> bool {
        let leaves = &mut self.ingest.lives[task as usize].leaves.live;
        let mut gone: SmallVec<[Live; 1]> = SmallVec::new();
        leaves.retain(|leaf| {
            let goes = over(&mut self.waits, leaf);
            gone.extend(goes.then_some(*leaf));
            !goes
        });
        gone.iter().for_each(|leaf| self.branch_ends(at_ns, task, leaf, how));
        !gone.is_empty()
    }

    /// A task that is nothing but a library's future waits where it was spawned. Whether that had to be inferred. Where no
    /// line is known it may wait anywhere.
    fn place_for(&mut self, task: TaskIx, site: SiteIx) -> (SiteIx, bool) {
        let known = &self.waits.sites[site as usize];
        if known.place.is_some() || known.missing.any() {
            return (site, false);
        }
        let Some(spawned) = &self.tasks[task as usize].spawned_at else { return (site, false) };
        let place = Place { file: spawned.file().into(), line: spawned.line() };
        if let Some(placed) = self.waits.placed.get(&(site, place.clone())) {
            return (*placed, true);
        }
        let placed = self.waits.sites.len() as SiteIx;
        let moved = Site { place: Some(place.clone()), ..Site::clone(known) };
        self.waits.add(moved.into());
        self.waits.placed.insert((site, place), placed);
        (placed, true)
    }
}

/// The file of Tokio's timer.
const SLEEP: &str = "/src/time/sleep.rs";

fn is_timeout(frame: &Frame) -> bool {
    frame.place.file.ends_with(TIMEOUT)
}

fn is_closure(frame: &Frame) -> bool {
    frame.function.contains("closure")
}

impl Waits {
    /// The most pairs of sites that are remembered: a program has some hundreds.
    const MOST_PAIRS: usize = 1 << 18;

    fn add(&mut self, site: Arc<Site>) -> SiteIx {
        let ix = self.sites.len() as SiteIx;
        self.learn_timeouts(ix, &site);
        if let Some(without) = site.without_branches() {
            let first = *self.without_branches.entry(without).or_insert(ix);
            self.alike.insert(ix, first);
        }
        self.sites.push(site);
        ix
    }

    /// Finds the future of a task that waits at a site again; operations have numbers and are found by these. Optimised code may
    /// poll the same future through another copy of a call. But two futures that wait after one poll are two, and a future that
    /// has moved on in its body is not waiting again.
    fn waits_there(&mut self, live: &[Live], poll: u32, site: SiteIx) -> Option<usize> {
        let of = |leaf: &Live| leaf.op.is_none();
        let same = live.iter().position(|leaf| of(leaf) && leaf.site == site);
        let alike = || live.iter().position(|leaf| of(leaf) && leaf.poll != poll && self.are_alike(leaf.site, site));
        let found = same.or_else(alike)?;
        let gets_on = same.is_none() && live.iter().any(|leaf| of(leaf) && self.excluded(leaf.site, site));
        Some(found).filter(|_| !gets_on)
    }

    /// Whether two sites are equal but for the numbers of branches.
    pub(super) fn are_alike(&self, one: SiteIx, other: SiteIx) -> bool {
        one == other || self.alike.get(&one).is_some_and(|first| self.alike.get(&other) == Some(first))
    }

    /// Learns from a site at which line a `timeout` polls what it limits, which it does first in every version and build, and at
    /// which line it polls its timer.
    fn learn_timeouts(&mut self, ix: SiteIx, site: &Site) {
        let frames = &site.frames;
        let polls = |frame: &&Frame| is_timeout(frame) && !is_closure(frame);
        self.limits_at = frames.iter().filter(polls).map(|frame| frame.place.line).chain(self.limits_at).min();
        let Some(inner) = frames.iter().rposition(is_timeout) else { return };
        // Optimised code may have inlined the closure that polls the timer.
        let polled_at = frames[..=inner].iter().rev().find(|frame| !is_closure(frame)).map(|frame| frame.place.line);
        if let Some(line) = polled_at.filter(|_| frames.get(inner + 1).is_some_and(|next| next.place.file.ends_with(SLEEP))) {
            self.timers_at.insert(ix, line);
        }
    }

    /// Whether a site is that of a `timeout`'s own timer, beside what it limits: that is no future of the program's.
    pub(super) fn is_deadline(&self, site: SiteIx) -> bool {
        self.timers_at.get(&site).is_some_and(|line| self.limits_at.is_some_and(|limits_at| *line > limits_at))
    }

    /// Whether a task cannot wait at two sites at once.
    pub(super) fn excluded(&mut self, earlier: SiteIx, later: SiteIx) -> bool {
        let sites = &self.sites;
        let excludes = || sites[earlier as usize].excludes(&sites[later as usize]);
        if self.excludes.len() >= Self::MOST_PAIRS {
            return self.excludes.get(&(earlier, later)).copied().unwrap_or_else(excludes);
        }
        *self.excludes.entry((earlier, later)).or_insert_with(excludes)
    }
}
