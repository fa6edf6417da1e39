//! What has a lane beside the runtime's tasks: local tasks, blocking closures, roots of `block_on`.
//!
//! No hook of the runtime speaks of them, but each is wrapped in a span, like a
//! task. To make the span is the spawn, to enter it and leave it is a poll, and its
//! end is the end. Three things are not as with hooks:
//!
//! - They *nest*: a local task is polled within the poll of whoever drives its
//!   `LocalSet`, a root within the closure or the task that called `block_on`. So
//!   what the thread was at before is put aside until the inner poll is over.
//! - The drop of a future *enters its span once more*. A local task that is done is
//!   dropped at once, so its poll is taken to last until something else is heard of
//!   the thread. A closure's lasts until the runtime lets go of it, which has a hook;
//!   by then it has woken the tasks that wait for its end.
//! - Of a *root* it cannot be known whether anything else will be heard of its thread
//!   soon: its polls end when they end, and an entering in which nothing is heard is
//!   left out when it may be the drop.
//!
//! Workers of a multi-thread runtime are closures for the pool to Tokio, and so are
//! operations on files. These are Tokio's own and have no lane. Nor has the root of
//! a thread that has attached by hand without asking for one.

use std::sync::Arc;
use std::thread;

use super::event::{CallLine, Lane, LaneOf, LastPoll, TaskId, What};
use super::fields::TaskFields;
use super::local::{Local, Role};
use super::site::Place;

/// What a thread knows of polls that the hooks do not speak of.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    /// What the thread was at before each inner poll: the task or lane, and how often its span had been entered.
    outer: Vec<(Option<TaskId>, u8)>,
    /// The innermost poll is over since this stamp, unless its span is entered once more.
    left: Option<u64>,
    /// The root whose poll ended last, and how much had been written then.
    rooted: Option<(TaskId, u32)>,
    /// Whether the innermost poll is one of a root that may be its drop, and nothing more.
    may_be_drop: bool,
    /// The local task that has ended, and how much had been written then: it may be about to wake the task that waits for that.
    ended: Option<(TaskId, u32)>,
    /// A root without a lane that is being polled.
    unseen: Option<TaskId>,
    /// Whether roots of the thread have a lane that are not within another poll.
    sees_roots: bool,
}

impl Lanes {
    pub(super) fn new(sees_roots: bool) -> Self {
        Self { sees_roots, ..Self::default() }
    }
}

/// Whether something that is spawned is Tokio's own: by its source file, beside that of the span's description.
pub(super) fn is_tokios(spans: Option<&str>, spawned: &str) -> bool {
    spans.and_then(|file| file.strip_suffix("util/trace.rs")).is_some_and(|tokio| spawned.starts_with(tokio))
}

impl Local {
    /// Something is spawned that is no task of the runtime. Whether it has a lane.
    pub(super) fn new_lane(&mut self, task: TaskId, fields: TaskFields) -> bool {
        let (TaskFields { of, name, original_bytes, bytes, line, file, .. }, parent) = (fields, self.task());
        if of == LaneOf::Root && parent.is_none() && !self.lanes.sees_roots {
            return false;
        }
        let at = CallLine::Told(Arc::new(Place { file: file.into(), line }));
        self.push(What::Lane(Box::new(Lane { task, of, name, bytes: original_bytes.max(bytes), parent, at })));
        true
    }

    /// The span of such a thing is entered: by a poll, or to drop it.
    pub(super) fn enter_lane(&mut self, task: TaskId, of: LaneOf) {
        if self.task == Some(task) && (self.lanes.left.take().is_some() || of == LaneOf::Blocking) {
            self.enters = self.enters.saturating_add(1);
            return;
        }
        self.settle();
        if of == LaneOf::Blocking {
            self.joins_pool();
        }
        self.lanes.may_be_drop = self.lanes.rooted.take() == Some((task, self.written));
        self.write_beginning();
        self.lanes.outer.push((self.task, self.enters));
        (self.task, self.enters) = (Some(task), 1);
        if !self.shared().closed() {
            self.begin(task, !self.lanes.may_be_drop);
        }
    }

    /// The span of such a thing is left.
    pub(super) fn exit_lane(&mut self, task: TaskId, of: LaneOf) {
        if !self.is_at(task) || of == LaneOf::Blocking {
            return;
        }
        let stamp = self.shared().stamp();
        // A root that panics is dropped before anything else.
        if of == LaneOf::Local || thread::panicking() {
            self.lanes.left = Some(stamp);
            return;
        }
        if self.lanes.may_be_drop && self.unwritten.take().is_some() {
            self.back();
        } else {
            self.end_lane(stamp);
        }
        self.lanes.rooted = Some((task, self.written));
    }

    /// The span of a local task or a root is gone.
    pub(super) fn close_lane(&mut self, task: TaskId) {
        let here = self.is_at(task);
        self.lanes.left = self.lanes.left.filter(|_| !here);
        let last = if here && self.enters < 2 { LastPoll::Dropped } else { LastPoll::Polled };
        self.push(What::Terminate { task, last });
        if here {
            self.end_lane(self.shared().stamp());
        }
        self.lanes.ended = Some((task, self.written));
    }

    /// The runtime has let go of a closure, or of a task in its poll.
    pub(super) fn let_go(&mut self, task: TaskId) {
        if self.task == Some(task) && !self.lanes.outer.is_empty() {
            self.end_lane(self.shared().stamp());
        }
    }

    /// Whether the innermost poll is that of this one. If another one's is over, now it is known to be.
    fn is_at(&mut self, task: TaskId) -> bool {
        if self.task != Some(task) {
            self.settle();
        }
        self.task == Some(task)
    }

    /// If the innermost poll is over: now it is known to be.
    #[inline]
    pub(super) fn settle(&mut self) {
        if let Some(stamp) = self.lanes.left.take() {
            self.end_lane(stamp);
        }
    }

    fn end_lane(&mut self, stamp: u64) {
        self.write_end(stamp);
        self.back();
    }

    /// Back to what the thread was at before.
    fn back(&mut self) {
        (self.task, self.enters) = self.lanes.outer.pop().unwrap_or_default();
        self.lanes.may_be_drop = false;
    }

    /// The runtime polls a task: nothing is put aside.
    pub(super) fn outermost(&mut self) {
        self.settle();
        self.lanes.outer.clear();
    }

    /// A closure for the pool begins, or is dropped.
    pub(super) fn joins_pool(&mut self) {
        if self.role == Role::New {
            self.role = Role::Pool;
            self.push(What::PoolThread);
        }
    }

    /// A root without a lane is polled, or was.
    pub(super) fn in_unseen(&mut self, root: Option<TaskId>) {
        self.lanes.unseen = root;
    }

    /// In whose poll a waker is called.
    pub(super) fn waker(&mut self) -> Option<TaskId> {
        self.settle();
        let ended = self.lanes.ended.filter(|(_, written)| *written == self.written);
        ended.map(|(ended, _)| ended).or(self.task).or(self.lanes.unseen)
    }

    /// Whether the caller of `block_on` will see a panic here.
    pub(super) fn panics_outside(&self) -> bool {
        self.lanes.sees_roots && self.lanes.outer.first().is_some_and(|(outer, _)| outer.is_none())
    }
}
