//! Futures that are dropped at an await while they hold a lock.
//!
//! A `select!` branch that loses is dropped where it waits, and so is a future
//! that a `timeout` cuts off. It never does what it would have done next, and if it
//! holds a lock, others find the protected data half-changed.
//!
//! The sign of such a drop: an operation that was awaited is dropped before it
//! returns, and the lock is given back in the same poll. This alone does not prove
//! a cut, because a future that continues may also drop waits it no longer needs.
//! But in that case its own function is on the stack during the drop; if the
//! future is dropped from outside, it is not.

use smallvec::SmallVec;

use super::Trace;
use super::guard::GuardIx;
use super::resource::ResourceIx;
use super::task::TaskIx;
use super::waits::SiteIx;
use facts::event::{OpId, SiteId, TaskId};
use facts::site::{Cause, Polls, Site};

/// Maximum number of distinct cuts.
const MOST: usize = 1_024;

/// The waits that a task gave up, and the lock it gave back, in its current poll.
#[derive(Debug, Default)]
pub(super) struct Poll {
    /// The waits that were given up: the site of each, and the site of its drop.
    given_up: SmallVec<[(SiteIx, SiteIx); 1]>,
    /// The lock that was given back last, and where it was taken.
    given_back: Option<(ResourceIx, SiteIx)>,
}

/// A future that was dropped while it held a lock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    pub(super) task: TaskIx,
    pub(super) resource: ResourceIx,
    /// Where the lock was taken.
    pub(super) taken: SiteIx,
    /// Where the future waited.
    pub(super) waited: SiteIx,
    /// When it happened first.
    pub(super) at_ns: u64,
    pub(super) times: u32,
}

impl Trace {
    /// Clears what the last poll gave up and gave back.
    pub(super) fn begin_cuts(&mut self, task: TaskIx) {
        let cuts = &mut self.life_mut(task).cuts;
        cuts.given_up.clear();
        cuts.given_back = None;
    }

    /// Notes that a task gives up a wait: the operation is dropped before it returns.
    pub(super) fn gives_up(&mut self, at_ns: u64, by: TaskId, op: OpId, dropped_from: SiteId) {
        let Some(task) = self.known(by) else { return };
        let (Some(waited), Some(dropped)) = (self.leaf_site(task, op), self.known_site(dropped_from)) else { return };
        // A task that waits for a second lock has usually changed nothing yet. It is unknown whether a message had arrived.
        let cause = self.site(waited).cause;
        if cause.is_lock() || cause.is_turn() || matches!(cause, Cause::Other | Cause::MpscRecv) {
            return;
        }
        self.life_mut(task).cuts.given_up.push((waited, dropped));
        if let Some((resource, taken)) = self.life(task).cuts.given_back {
            self.cuts_off(at_ns, task, (waited, dropped), (resource, taken));
        }
    }

    /// Notes that a task gives back an exclusive lock.
    pub(super) fn gives_back(&mut self, at_ns: u64, task: TaskIx, resource: ResourceIx) {
        let of = &self.resources[resource as usize];
        let own = |held: &(GuardIx, u32)| of.guards[held.0 as usize].is_lock_of(task);
        let held = of.now.held.first().copied().filter(own);
        let Some(taken) = held.and_then(|(guard, permits)| of.guards[guard as usize].holder(at_ns, permits).site) else { return };
        self.life_mut(task).cuts.given_back = Some((resource, taken));
        for given_up in self.life(task).cuts.given_up.clone() {
            self.cuts_off(at_ns, task, given_up, (resource, taken));
        }
    }

    fn cuts_off(
        &mut self,
        at_ns: u64,
        task: TaskIx,
        (waited, dropped): (SiteIx, SiteIx),
        (resource, taken): (ResourceIx, SiteIx),
    ) {
        if !is_cut(self.site(taken), self.site(waited), self.site(dropped)) {
            return;
        }
        let same = |cut: &&mut Cut| (cut.task, cut.waited, cut.taken) == (task, waited, taken);
        if let Some(known) = self.cuts.iter_mut().find(same) {
            known.times = known.times.saturating_add(1);
        } else if self.cuts.len() < MOST {
            self.cuts.push(Cut { task, resource, taken, waited, at_ns, times: 1 });
        }
    }

    /// Whether no cut has been left out.
    pub(super) fn all_cuts(&self) -> bool {
        self.cuts.len() < MOST
    }
}

/// Whether a future that took a lock and waited later was one of several and was dropped from outside.
fn is_cut(taken: &Site, waited: &Site, dropped: &Site) -> bool {
    let shared = taken.frames.iter().zip(&*waited.frames).take_while(|(taken, waited)| taken == waited).count();
    let (Some(first), Some(then)) = (taken.frames.get(shared), waited.frames.get(shared)) else { return false };
    // The same async function waited for the lock on one line, and now waits on another.
    let further_on = first.function == then.function && first.polls == Polls::One;
    let one_of_several = taken.frames[..shared].iter().any(|frame| frame.polls != Polls::One);
    let mut running = dropped.frames.iter().zip(&waited.frames[..=shared]);
    let runs = dropped.frames.len() > shared && running.all(|(now, then)| now.function == then.function);
    dropped.is_known_drop() && further_on && one_of_several && !runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Place;
    use facts::site::Frame;
    use facts::site::Polls::{One, Parts};

    fn site(frames: &[(&str, u32, Polls)]) -> Site {
        let frame = |(function, line, polls): &(&str, u32, Polls)| Frame {
            function: (*function).into(),
            place: Place { file: "a.rs".into(), line: *line },
            column: 0,
            branch: 0,
            own: true,
            polls: *polls,
        };
        Site { frames: frames.iter().map(frame).collect(), ..Site::default() }
    }

    #[test]
    fn a_cut_is_dropped_by_who_polls_it_as_one_of_several() {
        const DROP: (&str, u32, Polls) = ("tracing::span::Span::drop", 0, Parts);
        let taken = site(&[("main", 1, One), ("select", 1, Parts), ("change", 5, One), ("lock", 9, One)]);
        let waited = site(&[("main", 1, One), ("select", 1, Parts), ("change", 6, One), ("sleep", 9, Parts)]);
        let outside = site(&[("main", 1, One), DROP]);
        assert!(is_cut(&taken, &waited, &outside));
        // The function itself continues, and drops a wait that it no longer needs.
        let inside = site(&[("main", 1, One), ("select", 1, Parts), ("change", 7, One), DROP]);
        assert!(!is_cut(&taken, &waited, &inside));
        // The site of the drop is unknown.
        assert!(!is_cut(&taken, &waited, &site(&[("main", 1, One)])));
        // Another branch took the lock.
        let other = site(&[("main", 1, One), ("select", 1, Parts), ("other", 5, One), ("lock", 9, One)]);
        assert!(!is_cut(&other, &waited, &outside));
        // There is no other branch to lose against.
        let alone = |frames: &Site| Site { frames: frames.frames[2..].into(), ..Site::default() };
        assert!(!is_cut(&alone(&taken), &alone(&waited), &outside));
    }
}
