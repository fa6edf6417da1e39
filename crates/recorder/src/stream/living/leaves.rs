//! The futures that a task waits on, by the rules of the trace.
//!
//! The trace infers from later facts that a future is over which Tokio does not report to be (see `trace::waits`). Its facts can
//! be left out only when the trace would have come to that conclusion, so the same rules are applied here.

use std::collections::HashMap;
use std::sync::Arc;

use facts::event::{Event, NewSite, OpId, SiteId, TaskId, What};
use facts::site::{Cause, Site};
use smallvec::SmallVec;

use super::super::history::{History, Node};
use super::ByNumber;

/// A future that a task waits on.
#[derive(Debug)]
struct Leaf {
    op: Option<OpId>,
    site: SiteId,
    /// The poll in which it was last seen to wait.
    poll: u32,
    /// The fact with which it began to wait.
    first: Node,
    /// The last fact of it, if that is another one.
    last: Option<Node>,
    /// Whether it was not begun, as the budget was used up.
    put_off: bool,
}

/// The futures of a task.
#[derive(Debug, Default)]
pub(super) struct Leaves {
    live: SmallVec<[Leaf; 1]>,
    poll: u32,
    /// Whether it is known which future the last wake came from.
    explained: bool,
    /// The facts of futures that ended in the current or last poll. They explain the wake.
    gone: SmallVec<[Node; 2]>,
}

/// The known sites and how they relate.
#[derive(Debug, Default)]
pub(super) struct Sites {
    by_id: Vec<Option<Arc<Site>>>,
    /// For sites with numbers of branches, the first one that is equal but for these.
    alike: HashMap<SiteId, SiteId, ByNumber>,
    without_branches: HashMap<Site, SiteId>,
    excludes: HashMap<(SiteId, SiteId), bool, ByNumber>,
}

/// The maximum number of pairs of sites whose relation is kept.
const MOST_PAIRS: usize = 1 << 16;

impl Sites {
    pub(super) fn learn(&mut self, new: &NewSite) {
        let at = new.id.0 as usize;
        if self.by_id.len() <= at {
            self.by_id.resize(at + 1, None);
        }
        if let Some(without) = new.site.without_branches() {
            let first = *self.without_branches.entry(without).or_insert(new.id);
            self.alike.insert(new.id, first);
        }
        self.by_id[at] = Some(new.site.clone());
    }

    pub(super) fn get(&self, id: SiteId) -> Option<&Arc<Site>> {
        self.by_id.get(id.0 as usize)?.as_ref()
    }

    pub(super) fn cause(&self, id: SiteId) -> Cause {
        self.get(id).map_or(Cause::Other, |site| site.cause)
    }

    fn are_alike(&self, one: SiteId, other: SiteId) -> bool {
        one == other || self.alike.get(&one).is_some_and(|first| self.alike.get(&other) == Some(first))
    }

    /// Whether a task cannot wait at two sites at once.
    fn excluded(&mut self, earlier: SiteId, later: SiteId) -> bool {
        if let Some(known) = self.excludes.get(&(earlier, later)) {
            return *known;
        }
        let excludes = match (self.get(earlier), self.get(later)) {
            (Some(earlier), Some(later)) => earlier.excludes(later),
            _ => false,
        };
        if self.excludes.len() < MOST_PAIRS {
            self.excludes.insert((earlier, later), excludes);
        }
        excludes
    }
}

impl Leaf {
    fn yields(&self, sites: &Sites) -> bool {
        self.op.is_none() && (self.put_off || sites.cause(self.site).is_turn())
    }

    fn nodes(&self) -> impl Iterator<Item = Node> {
        [Some(self.first), self.last].into_iter().flatten()
    }
}

impl Leaves {
    /// A poll begins.
    pub(super) fn polled(&mut self, sites: &Sites, history: &mut History) {
        self.forget_gone(history);
        self.poll = self.poll.wrapping_add(1);
        self.explained = self.go(|leaf| leaf.yields(sites));
    }

    /// A poll has ended.
    pub(super) fn rest(&mut self, history: &mut History) {
        let poll = self.poll;
        let silent = |leaf: &Leaf| leaf.op.is_none() && leaf.poll != poll;
        let silent_ones = self.live.iter().filter(|leaf| silent(leaf)).count();
        if silent_ones == 1 && !self.explained && self.live.len() > 1 {
            self.go(silent);
        } else if silent_ones > 0 {
            // What explains the wake also explains why these wait on.
            return;
        }
        self.forget_gone(history);
    }

    fn forget_gone(&mut self, history: &mut History) {
        self.gone.drain(..).for_each(|node| history.remove(node));
    }

    /// Some futures are over. Returns whether any is.
    fn go(&mut self, mut over: impl FnMut(&Leaf) -> bool) -> bool {
        let before = self.live.len();
        let gone = &mut self.gone;
        self.live.retain(|leaf| {
            let goes = over(leaf);
            if goes {
                gone.extend(leaf.nodes());
            }
            !goes
        });
        self.live.len() < before
    }

    /// A future waits: `node` is the fact.
    pub(super) fn pends(&mut self, op: Option<OpId>, site: SiteId, node: Node, sites: &mut Sites, history: &mut History) {
        let poll = self.poll;
        let known = match op {
            Some(_) => self.live.iter().position(|leaf| leaf.op == op),
            None => self.waits_there(site, sites),
        };
        if let Some(leaf) = known.map(|known| &mut self.live[known]) {
            history.clear(&mut leaf.last);
            (leaf.site, leaf.poll, leaf.last) = (site, poll, Some(node));
            self.explained |= op.is_none();
            return;
        }
        self.explained |= self.go(|leaf| leaf.op.is_none() && sites.excluded(leaf.site, site));
        self.live.push(Leaf { op, site, poll, first: node, last: None, put_off: false });
    }

    /// A future was not begun, as the budget was used up. Returns whether the fact matters.
    pub(super) fn put_off(&mut self, site: SiteId, node: Node, sites: &Sites) -> bool {
        if sites.get(site).is_none() {
            return false;
        }
        self.explained = true;
        if self.live.iter().any(|leaf| leaf.put_off && leaf.site == site) {
            return false;
        }
        self.live.push(Leaf { op: None, site, poll: self.poll, first: node, last: None, put_off: true });
        true
    }

    /// Finds a future that waits again.
    fn waits_there(&mut self, site: SiteId, sites: &mut Sites) -> Option<usize> {
        let of = |leaf: &Leaf| leaf.op.is_none() && !leaf.put_off;
        let same = self.live.iter().position(|leaf| of(leaf) && leaf.site == site);
        let poll = self.poll;
        let alike = || self.live.iter().position(|leaf| of(leaf) && leaf.poll != poll && sites.are_alike(leaf.site, site));
        let found = same.or_else(alike)?;
        let gets_on = same.is_none() && self.live.iter().any(|leaf| of(leaf) && sites.excluded(leaf.site, site));
        Some(found).filter(|_| !gets_on)
    }

    /// An operation of the task has returned or was dropped. If futures wait that Tokio does not report, it may explain the wake
    /// of this poll, so that it waited and returned is kept, without what it waited for.
    pub(super) fn ends(&mut self, (task, op): (TaskId, OpId), thread: u16, at_ns: u64, history: &mut History) {
        let Some(place) = self.live.iter().position(|leaf| leaf.op == Some(op)) else { return };
        self.explained = true;
        let leaf = self.live.remove(place);
        if self.live.iter().all(|leaf| leaf.op.is_some()) {
            return leaf.nodes().for_each(|node| history.remove(node));
        }
        for node in leaf.nodes() {
            if let What::Pending { resource, .. } = history.what_mut(node) {
                *resource = None;
            }
        }
        let what = What::Done { task, op, site: SiteId::default(), resource: None };
        self.gone.extend(leaf.nodes());
        self.gone.push(history.push(thread, Event { at_ns, what }));
    }

    /// Where an operation waits.
    pub(super) fn site(&self, op: OpId) -> Option<SiteId> {
        self.live.iter().find(|leaf| leaf.op == Some(op)).map(|leaf| leaf.site)
    }

    /// The operations that wait.
    pub(super) fn ops(&self) -> impl Iterator<Item = OpId> {
        self.live.iter().filter_map(|leaf| leaf.op)
    }

    /// Takes all facts out of the history.
    pub(super) fn clear(&mut self, history: &mut History) {
        self.live.drain(..).flat_map(|leaf| leaf.nodes().collect::<SmallVec<[_; 2]>>()).for_each(|node| history.remove(node));
        self.forget_gone(history);
    }
}
