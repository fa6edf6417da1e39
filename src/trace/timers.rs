//! Timers: when each of them is due, and which wakes they gave.
//!
//! The runtime wakes a task when a timer is due, when a socket is ready, when a
//! blocking thread is done, or when the task gets its next turn. Tokio says of
//! none of these wakes which it was, only that no task gave it. A task that waits
//! for a timer and for something else as well (a `select!`, a `timeout`) was woken
//! by the timer if that was due, and never before.

use super::Trace;
use super::task::{TaskIx, Waker};
use super::waits::Live;
use crate::record::event::{OpId, TaskId};
use crate::record::site::Cause;

/// The finest step of Tokio's timer: a deadline is told in whole steps from a time that was rounded down to one.
const STEP_NS: u64 = 1_000_000;

/// A timer that is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Set {
    /// When it is due, in nanoseconds since the run began.
    due_ns: u64,
    /// Whether its deadline had passed when it was set.
    late: bool,
}

impl Trace {
    /// A timer is due after so long.
    pub(super) fn timer_set(&mut self, at_ns: u64, task: TaskId, op: OpId, after_ms: u64) -> bool {
        let known = self.known(task).is_some();
        if known {
            let due_ns = at_ns.saturating_add(after_ms.saturating_mul(STEP_NS));
            self.ingest.timers.insert(op, Set { due_ns, late: after_ms == 0 });
        }
        known
    }

    /// A timer of a task's has fired, and the task has seen it.
    pub(super) fn timer_fires(&mut self, at_ns: u64, task: TaskIx, op: OpId) {
        if self.ingest.timers.is_empty() {
            return;
        }
        if let Some(Set { due_ns, late }) = self.ingest.timers.remove(&op) {
            let late_ns = if late { None } else { Some(at_ns.saturating_sub(due_ns)) };
            let site = self.leaf_site(task, op);
            self.ticks(at_ns, task, op, late_ns, site);
        }
    }

    /// A timer is gone that has not fired.
    pub(super) fn timer_ends(&mut self, op: OpId) {
        if !self.ingest.timers.is_empty() {
            self.ingest.timers.remove(&op);
        }
    }

    /// Who woke a task, if it was the runtime and no task.
    pub(super) fn runtime_waker(&self, at_ns: u64, task: TaskIx) -> Waker {
        let leaves = &self.life(task).leaves.live;
        let any = |cause: Cause| leaves.iter().any(|leaf| leaf.cause == cause);
        // A task that yields gets its turn at once: before a timer can be looked at.
        if any(Cause::Budget) {
            return Waker::Budget;
        }
        if any(Cause::Yield) {
            return Waker::Scheduler;
        }
        let due_ns = |leaf: &Live| leaf.op.and_then(|op| self.ingest.timers.get(&op)).map(|set| set.due_ns);
        if leaves.iter().filter_map(due_ns).any(|due_ns| at_ns.saturating_add(STEP_NS) > due_ns) {
            return Waker::Timer;
        }
        // Of a timer that was set before the recording began it is not known when it is due.
        let untold = leaves.iter().any(|leaf| leaf.cause == Cause::Time && due_ns(leaf).is_none());
        match (untold, any(Cause::Io), any(Cause::Blocking)) {
            (true, false, false) => Waker::Timer,
            (false, true, false) => Waker::Io,
            (false, false, true) => Waker::Blocking,
            _ => Waker::Unknown,
        }
    }
}
