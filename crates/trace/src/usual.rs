//! Which of several futures usually wakes a task.
//!
//! A task that serves waits for its next request and for the shutdown at once, and the request is what a viewer looks for.
//! Tokio does not report which future a wake was for, so the waker decides: the IO driver wakes for IO, a timer for a deadline,
//! and everybody else for the rest. The first wakes of a task count, so that the order is the same however long it lives.

use super::Trace;
use super::task::{TaskIx, Waker};
use super::waits::Leaf;
use facts::site::Cause;

/// How many wakes of a task are counted.
const COUNTED: usize = 64;

/// What a waker wakes for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Time,
    Io,
    Other,
}

impl Kind {
    fn of_waker(by: Waker) -> Option<Self> {
        match by {
            Waker::Timer => Some(Self::Time),
            Waker::Io => Some(Self::Io),
            Waker::Scheduler | Waker::Budget | Waker::Schedule | Waker::Unknown => None,
            Waker::Task(_) | Waker::Blocking | Waker::Outside => Some(Self::Other),
        }
    }

    fn of_cause(cause: Cause) -> Self {
        match cause {
            Cause::Time => Self::Time,
            Cause::Io => Self::Io,
            _ => Self::Other,
        }
    }
}

impl Trace {
    /// The futures that a task waits on at a time, those that usually wake it first. Nothing if it does not wait.
    pub fn leaves_at(&self, task: TaskIx, at_ns: u64) -> Vec<Leaf> {
        let mut leaves = self.wait_at(task, at_ns).map_or_else(Vec::new, |wait| wait.leaves.to_vec());
        if leaves.len() > 1 {
            leaves.sort_by_cached_key(|leaf| self.rarity(task, self.site(leaf.site).cause));
        }
        leaves
    }

    /// The lanes of a task's branches, those that usually wake it first.
    pub fn branch_order(&self, task: TaskIx) -> Vec<usize> {
        let mut lanes: Vec<usize> = (0..self.branch_lanes(task)).collect();
        let cause = |lane: &usize| self.branches(task, *lane).first().map(|first| self.site(first.site).cause);
        // The lanes of a set are alike, and stay in their order.
        if lanes.iter().any(|lane| cause(lane) != cause(&0)) {
            lanes.sort_by_cached_key(|lane| cause(lane).map_or(usize::MAX, |cause| self.rarity(task, cause)));
        }
        lanes
    }

    /// How few wakes of a task were for a cause.
    fn rarity(&self, task: TaskIx, cause: Cause) -> usize {
        let wakes = self.tasks.get(task as usize).map_or(&[][..], |task| &task.wakes);
        let kind = Some(Kind::of_cause(cause));
        COUNTED - wakes.iter().take(COUNTED).filter(|wake| Kind::of_waker(wake.by) == kind).count()
    }
}
