//! Timers: when each of them is due, and which wakes they gave.
//!
//! The runtime wakes a task when a timer is due, when a socket is ready, when a
//! blocking thread is done, or when the task gets its next turn. Tokio says of
//! none of these wakes which it was, only that no task gave it. A task that waits
//! for a timer and for something else as well (a `select!`, a `timeout`) was woken
//! by the timer if that was due, and never before.

use super::Trace;
use super::task::{TaskIx, Waker};
use super::waits::{Live, SiteIx};
use facts::event::{OpId, TaskId};
use facts::site::{Cause, Polls};

/// The finest step of Tokio's timer: a deadline is reported in whole steps from a time that was rounded down to one.
const STEP_NS: u64 = 1_000_000;

/// What a `timeout` returns so long after its deadline is late, and not for want of a processor.
const LATE_NS: u64 = 10_000_000;

/// And after such a part of the time that it gives.
const LATE_PART: u64 = 10;

/// So many late timeouts are kept.
const MOST: usize = 1_024;

/// The file of Tokio's in which a `timeout` polls what it limits, and its timer.
pub(super) const TIMEOUT: &str = "/src/time/timeout.rs";

/// A timer that is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Set {
    since_ns: u64,
    /// When it is due, in nanoseconds since the run began.
    due_ns: u64,
    /// It is due no earlier: a thread may rest between reading the clock and saying so, but the poll had begun.
    due_from_ns: u64,
    /// Whether its deadline had passed when it was set.
    late: bool,
}

impl Set {
    /// When it is due, in nanoseconds since the run began.
    pub(super) fn due_ns(&self) -> u64 {
        self.due_ns
    }
}

/// A `timeout` that returned a value after its deadline.
#[derive(Debug, Clone, Copy)]
pub(super) struct Late {
    pub(super) task: TaskIx,
    pub(super) site: SiteIx,
    pub(super) due_ns: u64,
    /// When it returned.
    pub(super) at_ns: u64,
}

impl Trace {
    /// A timer is due after so long.
    pub(super) fn timer_set(&mut self, at_ns: u64, task: TaskId, op: OpId, after_ms: u64) -> bool {
        let Some(known) = self.known(task) else { return false };
        let lasts_ns = after_ms.saturating_mul(STEP_NS);
        let (due_ns, began_ns) = (at_ns.saturating_add(lasts_ns), self.life(known).polled_ns.min(at_ns));
        let due_from_ns = began_ns.saturating_add(lasts_ns);
        self.ingest.timers.insert(op, Set { since_ns: at_ns, due_ns, due_from_ns, late: after_ms == 0 });
        true
    }

    /// A timer of a task's has fired, and the task has seen it.
    pub(super) fn timer_fires(&mut self, at_ns: u64, task: TaskIx, op: OpId) {
        if self.ingest.timers.is_empty() {
            return;
        }
        if let Some(Set { due_ns, late, .. }) = self.ingest.timers.remove(&op) {
            let late_ns = if late { None } else { Some(at_ns.saturating_sub(due_ns)) };
            let site = self.leaf_site(task, op);
            self.ticks(at_ns, task, op, late_ns, site);
        }
    }

    /// A timer was dropped before it fired, in the poll of a task.
    pub(super) fn timer_is_dropped(&mut self, at_ns: u64, by: TaskId, op: OpId) {
        if self.ingest.timers.is_empty() {
            return;
        }
        if let (Some(set), Some(task)) = (self.ingest.timers.remove(&op), self.known(by))
            && let Some(late) = self.late(at_ns, task, op, set)
            && self.late_timeouts.len() < MOST
        {
            self.late_timeouts.push(late);
        }
    }

    /// The timer of a task that has ended.
    pub(super) fn forget_timer(&mut self, op: OpId) {
        if !self.ingest.timers.is_empty() {
            self.ingest.timers.remove(&op);
        }
    }

    /// A timer that a `timeout` drops has not fired, so what it limits has returned; too late, if the deadline has passed
    /// since the poll began. Where the `timeout` is one of several futures, another one may have ended it.
    fn late(&self, at_ns: u64, task: TaskIx, op: OpId, Set { since_ns, due_ns, .. }: Set) -> Option<Late> {
        let late_ns = at_ns.checked_sub(due_ns)?;
        if late_ns < LATE_NS.max((due_ns - since_ns) / LATE_PART) || self.life(task).polled_ns >= due_ns {
            return None;
        }
        let site = self.leaf_site(task, op)?;
        let mut frames = self.site(site).frames.iter();
        let alone =
            frames.by_ref().take_while(|frame| !frame.place.file.ends_with(TIMEOUT)).all(|frame| frame.polls == Polls::One);
        // One was found: otherwise there would be nothing left.
        let within = frames.next().is_some();
        (alone && within).then_some(Late { task, site, due_ns, at_ns })
    }

    /// Whether all late timeouts are kept.
    pub(super) fn all_late_timeouts(&self) -> bool {
        self.late_timeouts.len() < MOST
    }

    /// Who woke a task, if it was the runtime and no task.
    pub(super) fn runtime_waker(&self, at_ns: u64, task: TaskIx) -> Waker {
        let leaves = &self.life(task).leaves.live;
        let any = |cause: Cause| leaves.iter().any(|leaf| leaf.cause == cause);
        // A task that yields gets its turn at once: before a timer can be looked at.
        if any(Cause::Preempted) {
            return Waker::Schedule;
        }
        if any(Cause::Budget) {
            return Waker::Budget;
        }
        if any(Cause::Yield) {
            return Waker::Scheduler;
        }
        let set = |leaf: &Live| leaf.op.and_then(|op| self.ingest.timers.get(&op));
        let latest_ns = at_ns.saturating_add(STEP_NS);
        if leaves.iter().filter_map(set).any(|set| set.due_ns < latest_ns) {
            return Waker::Timer;
        }
        // Of a timer that was set before the recording began it is not known when it is due.
        let may_be_due = |leaf: &Live| set(leaf).map_or(leaf.cause == Cause::Time, |set| set.due_from_ns < latest_ns);
        match (leaves.iter().any(may_be_due), any(Cause::Io), any(Cause::Blocking)) {
            (true, false, false) => Waker::Timer,
            (false, true, false) => Waker::Io,
            (false, false, true) => Waker::Blocking,
            _ => Waker::Unknown,
        }
    }
}
