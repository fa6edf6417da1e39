//! Lanes besides the runtime's tasks: local tasks, blocking closures, roots of `block_on`.
//!
//! The runtime calls no hooks for them, but wraps each in a span, like a task. The
//! creation of the span is the spawn, entering and leaving it is a poll, and its
//! close is the end. Three things differ from hooks:
//!
//! - They *nest*: a local task is polled within the poll of the task that drives its
//!   `LocalSet`, a root within the closure or task that called `block_on`. So the
//!   outer poll of the thread is put aside until the inner one is over.
//! - Dropping a future *enters its span once more*. A local task that is done is
//!   dropped at once, so its poll lasts until the thread's next event. A closure's
//!   poll lasts until the runtime drops the closure, for which there is a hook; by
//!   then it has woken the tasks that wait for its end.
//! - The thread of a *root* may not have another event for a long time. So a poll of a
//!   root ends when its span is left, and if the span is entered without any event and
//!   this may be the drop, no poll is recorded.
//!
//! To Tokio, workers of a multi-thread runtime and operations on files are closures
//! for the pool too. They belong to Tokio and have no lane. Neither does the root of a
//! thread that attached by hand without asking for one.

use std::sync::Arc;
use std::thread;

use super::event::{CallLine, Lane, LaneOf, LastPoll, TaskId, What};
use super::fields::TaskFields;
use super::local::{Local, Role};
use super::site::Place;

/// A thread's state of polls without hooks.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    /// The poll around each inner poll: the task or lane, and how often its span had been entered.
    outer: Vec<(Option<TaskId>, u8)>,
    /// The stamp at which the innermost poll ended, unless its span is entered once more.
    left: Option<u64>,
    /// The root whose poll ended last, and the count of events written by then.
    rooted: Option<(TaskId, u32)>,
    /// Whether the innermost poll is of a root and may only be its drop.
    may_be_drop: bool,
    /// The lane that ended last, and the count of events written by then: it may be about to wake the task that waits for it.
    ended: Option<(TaskId, u32)>,
    /// The root without a lane that is being polled.
    unseen: Option<TaskId>,
    /// Whether roots of this thread outside any other poll have a lane.
    sees_roots: bool,
}

impl Lanes {
    pub(super) fn new(sees_roots: bool) -> Self {
        Self { sees_roots, ..Self::default() }
    }
}

/// Whether Tokio itself spawned it: compares its source file with that of the span's metadata.
pub(super) fn is_tokios(spans: Option<&str>, spawned: &str) -> bool {
    spans.and_then(|file| file.strip_suffix("util/trace.rs")).is_some_and(|tokio| spawned.starts_with(tokio))
}

impl Local {
    /// Records the spawn of something that is not a task of the runtime. Returns whether it has a lane.
    pub(super) fn new_lane(&mut self, task: TaskId, fields: TaskFields) -> bool {
        let (TaskFields { of, name, original_bytes, bytes, line, file, .. }, parent) = (fields, self.task());
        if of == LaneOf::Root && parent.is_none() && !self.lanes.sees_roots {
            return false;
        }
        let at = CallLine::Told(Arc::new(Place { file: file.into(), line }));
        self.push(What::Lane(Box::new(Lane { task, of, name, bytes: original_bytes.max(bytes), parent, at })));
        true
    }

    /// The span of a lane is entered: by a poll, or to drop the future.
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

    /// The span of a lane is left.
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

    /// The span of a local task or a root is closed.
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

    /// The runtime has dropped a closure, or a task in its poll.
    pub(super) fn let_go(&mut self, task: TaskId) {
        if self.task == Some(task) && !self.lanes.outer.is_empty() {
            self.end_lane(self.shared().stamp());
        }
    }

    /// Whether the innermost poll belongs to this task. First ends the poll of another one that has been left.
    fn is_at(&mut self, task: TaskId) -> bool {
        if self.task != Some(task) {
            self.settle();
        }
        self.task == Some(task)
    }

    /// Ends the innermost poll if its span was left and not entered again.
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

    /// Returns to the outer poll.
    fn back(&mut self) {
        (self.task, self.enters) = self.lanes.outer.pop().unwrap_or_default();
        self.lanes.may_be_drop = false;
    }

    /// The runtime polls a task: forget all outer polls.
    pub(super) fn outermost(&mut self) {
        self.settle();
        self.lanes.outer.clear();
    }

    /// Marks the thread as one of the pool: a closure for the pool begins or is dropped.
    pub(super) fn joins_pool(&mut self) {
        if self.role == Role::New {
            self.role = Role::Pool;
            self.push(What::PoolThread);
        }
    }

    /// A root without a lane begins or ends its poll.
    pub(super) fn in_unseen(&mut self, root: Option<TaskId>) {
        self.lanes.unseen = root;
    }

    /// The task or lane that calls a waker now.
    pub(super) fn waker(&mut self) -> Option<TaskId> {
        self.settle();
        let ended = self.lanes.ended.filter(|(_, written)| *written == self.written);
        ended.map(|(ended, _)| ended).or(self.task).or(self.lanes.unseen)
    }

    /// Whether a panic here would reach the caller of `block_on`.
    pub(super) fn panics_outside(&self) -> bool {
        self.lanes.sees_roots && self.lanes.outer.first().is_some_and(|(outer, _)| outer.is_none())
    }
}
