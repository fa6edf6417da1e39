//! Guards: what a task took of a resource and has not given back.
//!
//! Tokio says who takes a lock or a permit and who gives it back, as the task in
//! whose poll it happens. A guard that borrows its resource cannot leave the
//! task that took it (unless the resource is `'static`), so its holder is
//! observed. An *owned* guard can: a server takes a permit for each connection
//! and moves it into the task of that connection. Nothing is seen of the move.
//! So from the end of the poll in which an owned guard was taken, or from a
//! spawn in it, who has the guard is inferred:
//!
//! - When the taker gives it back, it has had it all along; of several that it
//!   took, it is not known which one it gives back.
//! - When another task does, that one has had it since it was spawned, if the
//!   taker or its children spawned it after the taking; else since the taker
//!   ended, began to wait for the same resource, or woke that task.
//! - Until then it is the taker's, unless the taker has ended or waits for the
//!   same resource: then the first child that it spawned after the taking is the
//!   best guess, and without such a child nobody is named.
//! - `try_acquire` is not reported. Once its permits are noticed, no holder of an
//!   owned guard of that semaphore counts as observed.

use super::resource::Holder;
use super::task::TaskIx;

/// The place of a guard among those of its resource.
pub(super) type GuardIx = u32;

/// Never, as a time.
const NEVER: u64 = u64::MAX;

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    since_ns: u64,
    /// From then on it may be elsewhere.
    loose_ns: u64,
    /// From then on it was the other's.
    moved_ns: u64,
    /// When all of it was given back.
    freed_ns: u64,
    /// Another task; unknown where nobody can be named.
    moved_to: Known,
    taker: Known,
    site: Known,
    /// How many tasks there were when it was taken: those from here on were spawned later.
    pub(super) after: TaskIx,
    pub(super) exclusive: bool,
    pub(super) owned: bool,
    /// The taker has given one back while it had several: it is not known which.
    pub(super) mixed_up: bool,
}

/// How well a task that gives something back fits a guard: the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// It took the guard, which cannot leave it.
    Own,
    /// The guard is believed to have moved to it.
    Believed,
    /// It took the guard, which may have left it.
    Taken,
    /// The taker spawned it, so many tasks after the taking.
    Child(TaskIx),
    /// The taker has ended, or the guard is believed to have left it.
    Left,
    /// Any other owned guard.
    Loose,
    /// A guard that cannot leave its task but by way of a `'static` resource.
    Unlikely,
}

impl Guard {
    /// A guard that was taken just now, when there were so many tasks.
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

    /// The task that took it; none for a thread outside all tasks.
    pub(super) fn taker(&self) -> Option<TaskIx> {
        self.taker.into()
    }

    /// Who has it at a time, with so many permits.
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

    /// The taker's poll has ended, or it has spawned a task: from now on the guard may be elsewhere.
    pub(super) fn loosen(&mut self, at_ns: u64) {
        if self.owned {
            self.loose_ns = self.loose_ns.min(at_ns);
        }
    }

    /// From a time on it was that task's, or nobody's who can be named.
    pub(super) fn moves(&mut self, to: Option<TaskIx>, at_ns: u64) {
        self.moved_to = to.into();
        self.moved_ns = at_ns.max(self.since_ns);
        self.loose_ns = self.loose_ns.min(self.moved_ns);
    }

    /// The taker has given it back: it never left, if it is this one.
    pub(super) fn stayed(&mut self) {
        self.moved_ns = NEVER;
        if !self.mixed_up {
            self.loose_ns = NEVER;
        }
    }

    /// All of it is given back, or gone.
    pub(super) fn freed(&mut self, at_ns: u64) {
        self.freed_ns = at_ns;
    }

    /// It was not given back after all.
    pub(super) fn not_freed(&mut self) {
        self.freed_ns = NEVER;
    }

    /// From when to when a task had it, and whether that is inferred; none if it never had it.
    pub(super) fn held_by(&self, task: TaskIx) -> Option<(u64, u64, bool)> {
        if self.moved_to() == Some(task) {
            return Some((self.moved_ns, self.freed_ns, true)).filter(|(from_ns, to_ns, _)| from_ns <= to_ns);
        }
        let to_ns = self.freed_ns.min(self.moved_ns);
        (self.taker() == Some(task)).then_some((self.since_ns, to_ns, self.loose_ns < to_ns))
    }

    /// Whether that task took it, and nobody else can have the lock meanwhile.
    pub(super) fn is_lock_of(&self, task: TaskIx) -> bool {
        self.exclusive && self.taker() == Some(task)
    }

    /// Whether it is believed to have left the taker.
    pub(super) fn is_moved(&self) -> bool {
        self.moved_ns != NEVER
    }

    /// To whom it is believed to have moved.
    pub(super) fn moved_to(&self) -> Option<TaskIx> {
        if self.is_moved() { self.moved_to.into() } else { None }
    }

    /// When it was taken, in nanoseconds since the run began.
    pub(super) fn since_ns(&self) -> u64 {
        self.since_ns
    }

    /// From when on it may be elsewhere; when it was taken, if nothing is known of that.
    pub(super) fn loose_since_ns(&self) -> u64 {
        if self.loose_ns == NEVER { self.since_ns } else { self.loose_ns }
    }

    /// How well it fits a task that gives something back. `elder` is the nearest of its ancestors, itself included, that
    /// the taker spawned.
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

/// A number that may be unknown, in no more room than the number itself takes.
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
