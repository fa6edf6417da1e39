//! What waits were for: each set of leaves once, and what is added up for each line.
//!
//! A run has millions of waits and some hundreds of sets that they are for, so a
//! wait is the number of a set. Nearly always it is the one that the task waited
//! for before, or a single leaf: neither needs a hash.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use smallvec::SmallVec;

use super::{Leaf, Live, WaitTotal};
use crate::family::Family;
use crate::lookup::NumberHasher;
use crate::places::Await;
use crate::track::Track;
use facts::site::{Cause, Place, Site};

/// No number of a set.
const NONE: u32 = u32::MAX;

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Sets {
    all: Vec<Set>,
    by_leaves: HashMap<Box<[Leaf]>, u32, BuildHasherDefault<NumberHasher>>,
    /// For each site the set of its leaf alone without a resource: observed, and inferred.
    alone: Vec<[u32; 2]>,
    totals: Vec<Total>,
    by_place: HashMap<(Cause, Option<Place>), u32>,
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
    totals: SmallVec<[u32; 4]>,
}

/// All waits for one cause at one place.
#[derive(Debug)]
pub(super) struct Total {
    pub(super) sum: WaitTotal,
    pub(super) waiting: Track,
    pub(super) running: Track,
}

impl Total {
    /// A wait is over.
    pub(super) fn add(&mut self, lasted_ns: u64) {
        self.sum.count += 1;
        self.sum.total_ns = self.sum.total_ns.saturating_add(lasted_ns);
        self.sum.max_ns = self.sum.max_ns.max(lasted_ns);
    }
}

impl Leaf {
    /// What is known of a future that waits.
    fn told(live: &Live) -> Self {
        Self { site: live.site, resource: live.resource, inferred: live.inferred || live.cause == Cause::Other }
    }

    /// Whether it waits for a lock that Tokio tells of.
    pub(crate) fn lock(&self, sites: &[Arc<Site>]) -> bool {
        self.resource.is_some() && sites[self.site as usize].cause.is_lock()
    }
}

impl Sets {
    /// The cause to draw of a set.
    pub(super) fn cause(&self, set: u32) -> Cause {
        self.all[set as usize].cause
    }

    /// The leaves of a set; none of a number that no set has.
    pub(super) fn leaves(&self, set: u32) -> &[Leaf] {
        self.all.get(set as usize).map_or(&[], |set| &set.leaves)
    }

    /// The number of the set of these leaves; often it is that of the task's last wait.
    pub(super) fn of(&mut self, live: &[Live], last: Option<u32>, sites: &[Arc<Site>]) -> u32 {
        let [live] = live else { return self.of_several(live, last, sites) };
        let leaf = Leaf::told(live);
        if let Some(last) = last.filter(|last| *self.leaves(*last) == [leaf]) {
            return last;
        }
        if leaf.resource.is_some() {
            return self.known_or_new(&[leaf], sites);
        }
        let (site, inferred) = (leaf.site as usize, usize::from(leaf.inferred));
        match self.alone.get(site) {
            Some(known) if known[inferred] != NONE => known[inferred],
            _ => {
                let set = self.known_or_new(&[leaf], sites);
                self.alone.resize(self.alone.len().max(site + 1), [NONE; 2]);
                self.alone[site][inferred] = set;
                set
            }
        }
    }

    /// The same of none, or of several.
    fn of_several(&mut self, live: &[Live], last: Option<u32>, sites: &[Arc<Site>]) -> u32 {
        let mut leaves = std::mem::take(&mut self.scratch);
        leaves.clear();
        // A future that is not Tokio's says nothing, if what it waits for says more. One that is not known may end a wait that
        // is otherwise for locks.
        let told = |live: &Live| !live.cause.is_foreign();
        let any = live.iter().any(told);
        let locks = live.iter().filter(|live| told(live)).all(|live| live.cause.is_lock());
        let shown = |live: &&Live| !any || told(live) || locks && live.cause == Cause::Unknown;
        for live in live.iter().filter(shown) {
            let leaf = Leaf::told(live);
            if !leaves.contains(&leaf) {
                leaves.push(leaf);
            }
        }
        let same = last.filter(|last| *self.leaves(*last) == leaves[..]);
        let set = same.unwrap_or_else(|| self.known_or_new(&leaves, sites));
        self.scratch = leaves;
        set
    }

    fn known_or_new(&mut self, leaves: &[Leaf], sites: &[Arc<Site>]) -> u32 {
        self.by_leaves.get(leaves).copied().unwrap_or_else(|| self.add(leaves, sites))
    }

    fn add(&mut self, leaves: &[Leaf], sites: &[Arc<Site>]) -> u32 {
        let number = self.all.len() as u32;
        let mut totals: SmallVec<_> = leaves.iter().map(|leaf| self.total_of(&sites[leaf.site as usize])).collect();
        totals.sort_unstable();
        totals.dedup();
        let causes = leaves.iter().map(|leaf| sites[leaf.site as usize].cause);
        let cause = causes.min_by_key(|cause| weight(*cause)).unwrap_or_default();
        self.families[Family::of(cause) as usize] = true;
        self.by_leaves.insert(leaves.into(), number);
        self.all.push(Set { leaves: leaves.into(), cause, totals });
        number
    }

    fn total_of(&mut self, site: &Site) -> u32 {
        let (totals, cause, place) = (&mut self.totals, site.cause, site.place.clone());
        *self.by_place.entry((cause, place.clone())).or_insert_with(|| {
            let sum = WaitTotal { cause, place, count: 0, total_ns: 0, max_ns: 0 };
            totals.push(Total { sum, waiting: Track::default(), running: Track::default() });
            totals.len() as u32 - 1
        })
    }

    /// The families of causes that waits have been drawn as.
    pub(super) fn families(&self) -> impl Iterator<Item = Family> {
        Family::ALL.into_iter().filter(|family| self.families[*family as usize])
    }

    /// What is added up for each cause and place.
    pub(super) fn totals(&self) -> &[Total] {
        &self.totals
    }

    /// The same, as lines at which tasks wait.
    pub(crate) fn awaits(&self) -> impl Iterator<Item = Await<'_>> {
        self.totals.iter().map(|Total { sum, waiting, running }| Await {
            cause: sum.cause,
            place: sum.place.as_ref(),
            waiting,
            running,
        })
    }

    pub(super) fn each_total(&mut self, set: u32, mut f: impl FnMut(&mut Total)) {
        for total in &self.all[set as usize].totals {
            f(&mut self.totals[*total as usize]);
        }
    }
}

/// Of several causes the one to draw: what others have to give first, what comes by itself last.
fn weight(cause: Cause) -> u8 {
    match cause {
        // It was put off: it does not even stand in line.
        Cause::Budget | Cause::Preempted => 0,
        cause if cause.is_lock() => 0,
        cause if cause.is_channel() => 1,
        Cause::Join => 2,
        Cause::Io | Cause::Blocking => 3,
        Cause::Time => 4,
        _ => 5,
    }
}
