//! Guards: what a task took of a resource and has not given back.
//!
//! Tokio reports which task takes a lock or permit and which gives it back: the
//! task in whose poll it happens. A guard that borrows its resource cannot leave
//! the task that took it (unless the resource is `'static`), so its holder is
//! observed. An *owned* guard can move: for example, a server takes a permit for
//! each connection and moves it into the connection's task. Tokio does not report
//! the move. So the holder of an owned guard is inferred from the end of the poll
//! in which it was taken, or from a spawn in that poll:
//!
//! - If the taker gives it back, the taker has had it all along. If the taker has
//!   taken several, it is unknown which one it gives back.
//! - If another task gives it back, that task has had it since it was spawned, if
//!   the taker or its children spawned it after the taking. Otherwise it has had
//!   it since the taker ended, began to wait for the same resource, or woke it.
//! - Until then the taker has it, unless the taker has ended or waits for the same
//!   resource. Then the best guess is the first child that it spawned after the
//!   taking; without such a child the holder is unknown.
//! - Tokio does not report `try_acquire`. Once its permits are noticed, every
//!   holder of an owned guard of that semaphore counts as inferred.

use super::resource::Holder;
use super::task::TaskIx;

/// The index of a guard in its resource.
pub(super) type GuardIx = u32;

/// Never, as a time.
const NEVER: u64 = u64::MAX;

/// A guard: when and where it was taken, and who has it.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    since_ns: u64,
    /// When it may have begun to be elsewhere.
    loose_ns: u64,
    /// When it moved to `moved_to`.
    moved_ns: u64,
    /// When it was fully given back.
    freed_ns: u64,
    /// The task that it moved to, if known.
    moved_to: Known,
    taker: Known,
    site: Known,
    /// The number of tasks when it was taken: tasks from this index on were spawned later.
    pub(super) after: TaskIx,
    pub(super) exclusive: bool,
    pub(super) owned: bool,
    /// The taker has given one back while it had several: it is unknown which.
    pub(super) mixed_up: bool,
}

/// How well a guard fits the task that gives something back, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// The task took the guard, which cannot leave it.
    Own,
    /// The guard is believed to have moved to the task.
    Believed,
    /// The task took the guard, which may have left it.
    Taken,
    /// The taker spawned the task or an ancestor of it, this many tasks after the taking.
    Child(TaskIx),
    /// The taker has ended, or the guard is believed to have left it.
    Left,
    /// Any other owned guard.
    Loose,
    /// A guard that can leave its task only if its resource is `'static`.
    Unlikely,
}

impl Guard {
    /// A guard that has just been taken; `tasks` is the number of tasks now.
    pub(super) fn new(holder: &Holder, owned: bool, tasks: usize) -> Self {
        Self {
            since_ns: holder.since_ns,
            loose_ns: NEVER,
            moved_ns: NEVER,
            freed_ns: NEVER,
            moved_to: None.into(),
            taker: holder.task.into(),
            site: holder.site.into(),
            after: tasks as TaskIx,
            exclusive: holder.exclusive,
            owned,
            mixed_up: false,
        }
    }

    /// The task that took it; `None` for a thread outside all tasks.
    pub(super) fn taker(&self) -> Option<TaskIx> {
        self.taker.into()
    }

    /// Who has it at a time, as a holder of that many permits.
    pub(super) fn holder(&self, at_ns: u64, permits: u32) -> Holder {
        let moved = at_ns >= self.moved_ns;
        let task = if moved { self.moved_to } else { self.taker };
        Holder {
            task: task.into(),
            since_ns: if moved { self.moved_ns } else { self.since_ns },
            permits,
            exclusive: self.exclusive,
            site: self.site.into(),
            inferred: moved || at_ns >= self.loose_ns,
        }
    }

    /// The taker's poll has ended, or the taker has spawned a task: from now on an owned guard may be elsewhere.
    pub(super) fn loosen(&mut self, at_ns: u64) {
        if self.owned {
            self.loose_ns = self.loose_ns.min(at_ns);
        }
    }

    /// Moves it to a task, or to an unknown holder, from a time on.
    pub(super) fn moves(&mut self, to: Option<TaskIx>, at_ns: u64) {
        self.moved_to = to.into();
        self.moved_ns = at_ns.max(self.since_ns);
        self.loose_ns = self.loose_ns.min(self.moved_ns);
    }

    /// The taker has given it back: it never left the taker, unless it was mixed up with another.
    pub(super) fn stayed(&mut self) {
        self.moved_ns = NEVER;
        if !self.mixed_up {
            self.loose_ns = NEVER;
        }
    }

    /// It is fully given back, or lost.
    pub(super) fn freed(&mut self, at_ns: u64) {
        self.freed_ns = at_ns;
    }

    /// It was not given back after all.
    pub(super) fn not_freed(&mut self) {
        self.freed_ns = NEVER;
    }

    /// When a task got it and lost it, and whether that is inferred; `None` if the task never had it.
    pub(super) fn held_by(&self, task: TaskIx) -> Option<(u64, u64, bool)> {
        if self.moved_to() == Some(task) {
            return Some((self.moved_ns, self.freed_ns, true)).filter(|(from_ns, to_ns, _)| from_ns <= to_ns);
        }
        let to_ns = self.freed_ns.min(self.moved_ns);
        (self.taker() == Some(task)).then_some((self.since_ns, to_ns, self.loose_ns < to_ns))
    }

    /// Whether it is an exclusive lock that this task took.
    pub(super) fn is_lock_of(&self, task: TaskIx) -> bool {
        self.exclusive && self.taker() == Some(task)
    }

    /// Whether it is believed to have left the taker.
    pub(super) fn is_moved(&self) -> bool {
        self.moved_ns != NEVER
    }

    /// When it is believed to have left the taker, if it has.
    pub(super) fn moved_at(&self) -> Option<u64> {
        self.is_moved().then_some(self.moved_ns)
    }

    /// Whether it may have been elsewhere before a time.
    pub(super) fn is_loose_before(&self, at_ns: u64) -> bool {
        self.loose_ns < at_ns
    }

    /// The task that it is believed to have moved to.
    pub(super) fn moved_to(&self) -> Option<TaskIx> {
        if self.is_moved() { self.moved_to.into() } else { None }
    }

    /// When it was taken, in nanoseconds since the run began.
    pub(super) fn since_ns(&self) -> u64 {
        self.since_ns
    }

    /// When it may have begun to be elsewhere; if unknown, when it was taken.
    pub(super) fn loose_since_ns(&self) -> u64 {
        if self.loose_ns == NEVER { self.since_ns } else { self.loose_ns }
    }

    /// How well it fits the task `by` that gives something back. `elder` is `by` or its nearest ancestor that the taker
    /// spawned.
    pub(super) fn fit(&self, by: Option<TaskIx>, elder: Option<TaskIx>, taker_ended: bool) -> Fit {
        let own = self.taker() == by;
        match elder.and_then(|elder| elder.checked_sub(self.after)) {
            _ if own && !self.owned => Fit::Own,
            _ if by.is_some() && self.moved_to() == by => Fit::Believed,
            _ if own && !self.is_moved() => Fit::Taken,
            Some(later) if self.owned => Fit::Child(later),
            _ if own || (self.owned && (taker_ended || self.is_moved())) => Fit::Left,
            _ if self.owned => Fit::Loose,
            _ => Fit::Unlikely,
        }
    }
}

/// A number that may be unknown, in the space of a plain number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known(u32);

impl From<Option<u32>> for Known {
    fn from(number: Option<u32>) -> Self {
        Self(number.unwrap_or(u32::MAX))
    }
}

impl From<Known> for Option<u32> {
    fn from(number: Known) -> Self {
        (number.0 != u32::MAX).then_some(number.0)
    }
}
