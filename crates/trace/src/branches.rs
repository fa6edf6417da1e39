//! Futures of one task that wait side by side: the branches of a `select!` or `join!`, or the members of a set.
//!
//! A task that waits on several futures has a single state, which hides what each
//! future does. Here each future gets its own lane. A branch lasts from the poll in
//! which its future begins to wait until that future returns or is dropped. For
//! Tokio's operations both events are observed. For joins, received messages and
//! notifications only the beginning is observed, so their end is inferred from what
//! else happened in the poll:
//!
//! - if another branch returned in that poll, they were dropped;
//! - if all others were dropped, this one returned;
//! - if several ended and none is known to have returned, their end is unknown.
//!
//! The timer of a `timeout` is not a branch: it belongs to the future that it limits.
//!
//! Consecutive branches share a lane, so a `select!` in a loop has as many lanes as
//! it has branches.

use smallvec::SmallVec;

use super::Trace;
use super::cells::{Fill, Window};
use super::family::Family;
use super::resource::ResourceIx;
use super::task::{End, TaskIx};
use super::waits::{Live, SiteIx};
use facts::event::OpId;
use facts::site::Cause;

/// Maximum number of lanes per task. Branches beyond it are only counted.
const MOST: usize = 256;

/// A future that waits beside others of the same task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Branch {
    /// What it waits for, and where.
    pub site: SiteIx,
    /// The resource that it waits for, if Tokio reports it.
    pub resource: Option<ResourceIx>,
    /// When it began to wait, in nanoseconds since the run began.
    pub start_ns: u64,
    /// When it was granted what it waited for: from then on it only needs a poll.
    pub granted_ns: Option<u64>,
    /// How it ended; `None` while it waits.
    pub end: Option<BranchEnd>,
    /// The segment of the task that follows the poll in which it began to wait.
    begun_by: usize,
}

/// The end of a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BranchEnd {
    /// When, in nanoseconds since the run began.
    pub at_ns: u64,
    /// [`End::Completed`] if the future returned, [`End::Cancelled`] if it was dropped first, or [`End::Unknown`].
    pub how: End,
    /// Whether `how` is inferred rather than observed.
    pub inferred: bool,
    /// The segment of the task that follows the poll in which it ended.
    seen_by: usize,
}

/// The branches of a task.
#[derive(Debug, Default)]
pub(super) struct Branches {
    lanes: Vec<Vec<Branch>>,
    /// How many branches found no lane.
    left_out: u64,
    /// The lanes of branches that ended in the current poll in an unobserved way.
    over: Vec<u32>,
    /// The lane of the last branch that returned in the current poll, unless another began to wait after it.
    returned: Option<u32>,
    /// Whether any branch has returned in the current poll.
    any_returned: bool,
}

impl Branches {
    /// Finds a lane for a branch that begins to wait.
    fn lane_for(
        &mut self,
        after: Option<u32>,
        alike: impl Fn(SiteIx) -> bool,
        mut excludes: impl FnMut(SiteIx) -> bool,
    ) -> Option<u32> {
        let free = |lane: &usize| self.lanes[*lane].last().is_none_or(|last| last.end.is_some());
        let last_at = |lane: &usize| self.lanes[*lane].last().map(|last| last.site);
        let follows = after.map(|lane| lane as usize).filter(free);
        let same = || (0..self.lanes.len()).filter(free).find(|lane| last_at(lane).is_some_and(&alike));
        let mut later = || (0..self.lanes.len()).filter(free).find(|lane| last_at(lane).is_some_and(&mut excludes));
        let lane = follows.or_else(same).or_else(&mut later);
        if lane.is_none() && self.lanes.len() < MOST {
            self.lanes.push(Vec::new());
            return Some(self.lanes.len() as u32 - 1);
        }
        self.left_out += u64::from(lane.is_none());
        lane.map(|lane| lane as u32)
    }

    /// The site of the newest branch in each lane.
    fn ends(&self) -> impl Iterator<Item = SiteIx> {
        self.lanes.iter().filter_map(|lane| lane.last()).map(|last| last.site)
    }

    fn end(&mut self, lane: u32, end: BranchEnd) {
        if let Some(last) = self.lanes.get_mut(lane as usize).and_then(|lane| lane.last_mut()) {
            last.end = Some(end);
        }
    }

    /// Infers at the end of a poll how the unobserved branches ended.
    fn settle(&mut self) {
        let alone = self.over.len() == 1;
        let how = match self.any_returned {
            true => End::Cancelled,
            false if alone => End::Completed,
            false => End::Unknown,
        };
        for lane in std::mem::take(&mut self.over) {
            if let Some(end) = self.lanes[lane as usize].last_mut().and_then(|last| last.end.as_mut()) {
                end.how = how;
            }
        }
        (self.returned, self.any_returned) = (None, false);
    }
}

impl Trace {
    /// Whether any task has waited on several futures at once.
    pub fn has_branches(&self) -> bool {
        !self.branches.is_empty()
    }

    /// The number of branch lanes of a task.
    pub fn branch_lanes(&self, task: TaskIx) -> usize {
        self.branches.get(&task).map_or(0, |of| of.lanes.len())
    }

    /// The branches in one lane of a task, in order of time.
    pub fn branches(&self, task: TaskIx, lane: usize) -> &[Branch] {
        self.branches.get(&task).and_then(|of| of.lanes.get(lane)).map_or(&[], Vec::as_slice)
    }

    /// How many branches of a task were left out because there are too many.
    pub fn branches_left_out(&self, task: TaskIx) -> u64 {
        self.branches.get(&task).map_or(0, |of| of.left_out)
    }

    /// The cells of a branch lane, like [`Trace::cells`] for a task. With a poll number: as they were when that poll began.
    pub fn branch_cells(&self, task: TaskIx, lane: usize, window: Window, count: usize, poll: Option<u64>) -> Vec<Fill> {
        let mut fills = vec![Fill::Empty; count];
        let seen = poll.and_then(|poll| self.before_poll(task, poll));
        let has = |segment: usize| seen.as_ref().is_none_or(|seen| segment < seen.segments || seen.ended.is_some());
        let cell_ns = window.cell_ns.max(1);
        let right_ns = window.left_ns.saturating_add(cell_ns.saturating_mul(count as u64)).min(window.until_ns.saturating_add(1));
        let branches = self.branches(task, lane);
        let first = branches.partition_point(|branch| branch.end.is_some_and(|end| end.at_ns < window.left_ns));
        let in_sight = branches[first..].iter().take_while(|branch| branch.start_ns < right_ns && has(branch.begun_by));
        for branch in in_sight {
            let cell = |at_ns: u64| (at_ns.saturating_sub(window.left_ns) / cell_ns) as usize;
            let end = branch.end.filter(|end| end.at_ns <= window.until_ns && has(end.seen_by));
            let (from, to) =
                (cell(branch.start_ns), cell(end.map_or(right_ns - 1, |end| end.at_ns)).min(count.saturating_sub(1)));
            let waits = Fill::Waiting { family: Family::of(self.site(branch.site).cause), holds: false };
            fills[from..=to.max(from)].fill(waits);
            let granted = branch.granted_ns.filter(|at_ns| *at_ns <= window.until_ns);
            if let Some(granted) = granted.map(cell).filter(|granted| *granted < to) {
                fills[granted.max(from) + 1..=to].fill(Fill::Ready);
            }
            let waits = if granted.is_some() { Fill::Ready } else { waits };
            match end {
                Some(end) if end.at_ns < right_ns => fills[to] = ended(&end),
                None if window.tail > 0 => self.branch_tail(task, window, waits, &mut fills),
                _ => {}
            }
        }
        fills
    }

    /// Draws the tail of a branch that waits forever.
    fn branch_tail(&self, task: TaskIx, window: Window, waits: Fill, fills: &mut [Fill]) {
        if self.tasks[task as usize].end_at(window.until_ns).is_some() {
            return;
        }
        let cursor = window.until_ns.checked_sub(window.left_ns).map_or(0, |ns| ns / window.cell_ns.max(1)) as usize;
        fills.iter_mut().skip(cursor + 1).take(window.tail).for_each(|fill| *fill = waits);
        if let Some(last) = fills.get_mut(cursor + window.tail) {
            *last = Fill::Forever;
        }
    }

    /// Begins a branch for each future if a wait has several.
    pub(super) fn branches_begin(&mut self, task: TaskIx) {
        let mut live = std::mem::take(&mut self.ingest.lives[task as usize].leaves.live);
        let waits = &self.waits;
        let mut is_branch = |leaf: &Live| is_future(leaf) && !(leaf.cause == Cause::Time && waits.is_deadline(leaf.site));
        let futures: SmallVec<[bool; 4]> = live.iter().map(&mut is_branch).collect();
        let told = futures.iter().filter(|is_branch| **is_branch).count();
        let goes_on = live.iter().any(|leaf| leaf.after.is_some());
        if told > 1 || goes_on {
            let begun_by = self.tasks[task as usize].segments.len();
            let of = self.branches.entry(task).or_default();
            for (leaf, _) in live.iter_mut().zip(futures).filter(|(leaf, is_branch)| leaf.lane.is_none() && *is_branch) {
                let site = leaf.site;
                let alike: SmallVec<[SiteIx; 8]> = of.ends().filter(|last| self.waits.are_alike(*last, site)).collect();
                leaf.lane = of.lane_for(leaf.after, |last| alike.contains(&last), |last| self.waits.excluded(last, site));
                if let Some(lane) = leaf.lane {
                    let (start_ns, resource) = (leaf.since_ns, leaf.resource);
                    of.lanes[lane as usize].push(Branch { site, resource, start_ns, granted_ns: None, end: None, begun_by });
                }
            }
        }
        self.ingest.lives[task as usize].leaves.live = live;
    }

    /// The lane of the branch that has just returned, if a future that now begins to wait at `site` can be its continuation
    /// or its replacement in a set.
    pub(super) fn branch_before(&mut self, task: TaskIx, site: SiteIx) -> Option<u32> {
        if self.branches.is_empty() {
            return None;
        }
        let of = self.branches.get_mut(&task)?;
        let lane = of.returned.take()?;
        let returned = of.lanes.get(lane as usize)?.last()?.site;
        let sites = &self.waits.sites;
        sites[returned as usize].leads_to(&sites[site as usize]).then_some(lane)
    }

    /// Ends a branch. `how` is `None` if its end was not observed.
    pub(super) fn branch_ends(&mut self, at_ns: u64, task: TaskIx, leaf: &Live, how: Option<End>) {
        let Some(lane) = leaf.lane else { return };
        let seen_by = self.tasks[task as usize].segments.len();
        let Some(of) = self.branches.get_mut(&task) else { return };
        of.end(lane, BranchEnd { at_ns, how: how.unwrap_or(End::Unknown), inferred: how.is_none(), seen_by });
        match how {
            Some(End::Completed) => (of.returned, of.any_returned) = (Some(lane), true),
            Some(_) => {}
            None => of.over.push(lane),
        }
    }

    /// Records that a branch was granted what it waits for.
    pub(super) fn branch_is_granted(&mut self, at_ns: u64, task: TaskIx, op: OpId) {
        let lane = self.life(task).leaves.live.iter().find(|leaf| leaf.op == Some(op)).and_then(|leaf| leaf.lane);
        let of = self.branches.get_mut(&task);
        if let (Some(lane), Some(of)) = (lane, of)
            && let Some(branch) = of.lanes[lane as usize].last_mut()
        {
            branch.granted_ns = Some(at_ns);
        }
    }

    /// Settles the branches of a task at the end of its poll.
    pub(super) fn branches_rest(&mut self, task: TaskIx) {
        if let Some(of) = self.branches.get_mut(&task) {
            of.settle();
        }
    }

    /// Ends all branches of a task that has ended.
    pub(super) fn branches_close(&mut self, at_ns: u64, task: TaskIx, how: End) {
        if how == End::Dropped || !self.branches.contains_key(&task) {
            return;
        }
        let observed = Some(End::Cancelled).filter(|_| how == End::Cancelled);
        let mut live = std::mem::take(&mut self.ingest.lives[task as usize].leaves.live);
        for leaf in &mut live {
            self.branch_ends(at_ns, task, leaf, observed);
            leaf.lane = None;
        }
        self.ingest.lives[task as usize].leaves.live = live;
        self.branches_rest(task);
    }
}

/// Whether a leaf can be a branch: it does not just wait for its next turn and is not foreign.
fn is_future(leaf: &Live) -> bool {
    !leaf.cause.is_turn() && !leaf.cause.is_foreign()
}

/// The last cell of a branch: a poll if it returned, otherwise its end.
fn ended(end: &BranchEnd) -> Fill {
    match end.how {
        End::Completed => Fill::Running { eighths: 0, several: false },
        how => Fill::End(how, end.inferred),
    }
}
