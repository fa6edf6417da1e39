//! Lanes besides the runtime's tasks: local tasks, blocking closures, roots of `block_on`.
//!
//! The runtime calls no hooks for them, but wraps each in a span, like a task. The
//! creation of the span is the spawn, entering and leaving it is a poll, and its
//! close is the end. Three things differ from hooks:
//!
//! - They *nest*: a local task is polled within the poll of the task that drives its
//!   `LocalSet`, a root within the closure or task that called `block_on`. So the
//!   outer poll of the thread is put aside until the inner one is over.
//! - Dropping a future *enters its span once more*. For tasks and local tasks, see
//!   [`polls`](super::polls). A closure's poll lasts until the runtime drops the
//!   closure. An aborted closure is entered only for that: if its thread leaves the
//!   span once and then wakes a task, the closure has ended.
//! - The thread of a *root* may not have another event for a long time. So a poll of a
//!   root ends when its span is left, and if the span is entered without any event and
//!   this may be the drop, no poll is recorded.
//!
//! To Tokio, workers of a multi-thread runtime and operations on files are closures
//! for the pool too. They belong to Tokio and have no lane. Neither does the root of a
//! thread that attached by hand without asking for one.

use std::num::NonZeroU64;
use std::panic::Location;
use std::thread;

use super::event::{Lane, LaneOf, Named, TaskId, What};
use super::fields::TaskFields;
use super::local::{Local, Role};
use super::polls::{Places, is_in_poll};

/// A thread's state of polls without hooks.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    /// The poll around each inner poll: the task or lane, how often its span had been entered, and from where.
    outer: Vec<(Option<TaskId>, u8, u64)>,
    /// The stamp at which the innermost poll ended, unless its span is entered once more.
    pub(super) left: Option<u64>,
    /// The hash of the callers of the innermost poll of a task or local task.
    pub(super) callers: u64,
    /// From where this thread polls tasks, and from where it drops them in their last poll.
    pub(super) polls: Places,
    pub(super) drops: Places,
    /// The root whose poll ended last, and the count of events written by then.
    rooted: Option<(TaskId, u32)>,
    /// Whether the innermost poll is of a root and may only be its drop.
    may_be_drop: bool,
    /// Whether the innermost poll is of a closure whose span was entered once and left.
    called: bool,
    /// The lane that ended last, and the count of events written by then: it may be about to wake the task that waits for it.
    ended: Option<(TaskId, u32)>,
    /// The tasks whose current polls began with a hook, the innermost last.
    hooked: Vec<TaskId>,
    /// The task whose spawn was recorded last, and the one whose end was: a hook may report the same.
    spawned: Option<TaskId>,
    /// The new task whose spawn a hook is about to report, and the size of its future.
    sized: Option<(TaskId, u32)>,
    closed: Option<TaskId>,
    /// How many roots of this thread are open.
    roots: usize,
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

/// Stands for a waker that is no task.
const NO_TASK: TaskId = TaskId(NonZeroU64::MAX);

/// Whether Tokio itself spawned it: compares its source file with that of the span's metadata.
pub(super) fn is_tokios(spans: Option<&str>, spawned: &str) -> bool {
    spans.and_then(|file| file.strip_suffix("util/trace.rs")).is_some_and(|tokio| spawned.starts_with(tokio))
}

impl Local {
    /// Records the name of a new task of the runtime, if it has one, and its spawn unless a hook does.
    pub(super) fn new_task(&mut self, task: TaskId, fields: TaskFields, alone: bool) {
        let mut bytes = u32::try_from(fields.bytes()).unwrap_or(u32::MAX);
        let at = alone.then(|| self.spawned_at.told(&self.shared.lines, fields.file(), fields.line).number);
        if !fields.name.is_empty() {
            self.push(What::Named(Box::new(Named { task, name: fields.name, bytes: bytes.into() })));
            bytes = 0;
        }
        match at {
            Some(line) => {
                self.spawned(task, line, bytes);
                self.lanes.spawned = Some(task);
            }
            None => self.lanes.sized = Some((task, bytes)),
        }
    }

    /// A hook reports the spawn of a task.
    pub(super) fn hook_spawned(&mut self, task: TaskId, at: &'static Location<'static>) {
        if self.lanes.spawned != Some(task) {
            let bytes = self.lanes.sized.take().filter(|(sized, _)| *sized == task).map_or(0, |(_, bytes)| bytes);
            let line = self.spawned_at.known(&self.shared.lines, at).number;
            self.spawned(task, line, bytes);
        }
    }

    /// Records the spawn of something that is not a task of the runtime. Returns whether it has a lane.
    pub(super) fn new_lane(&mut self, task: TaskId, fields: TaskFields) -> bool {
        let (of, parent, bytes) = (fields.of, self.task(), fields.bytes());
        if of == LaneOf::Root && parent.is_none() && !self.lanes.sees_roots {
            return false;
        }
        self.lanes.roots += usize::from(of == LaneOf::Root);
        let at = self.spawned_at.told(&self.shared.lines, fields.file(), fields.line).at.clone();
        self.push(What::Lane(Box::new(Lane { task, of, name: fields.name, bytes, parent, at })));
        true
    }

    /// The span of a closure or root is entered: by a poll, or to drop it.
    pub(super) fn enter_lane(&mut self, task: TaskId, of: LaneOf) {
        if self.task == Some(task) && (self.lanes.left.take().is_some() || of == LaneOf::Blocking) {
            self.lanes.called = false;
            self.enters = self.enters.saturating_add(1);
            return;
        }
        self.settle();
        if of == LaneOf::Blocking {
            self.joins_pool();
        }
        self.lanes.may_be_drop = self.lanes.rooted.take() == Some((task, self.written));
        self.write_beginning();
        self.go_within(task, 1);
        if !self.shared().closed() {
            self.begin(task, !self.lanes.may_be_drop);
        }
    }

    /// Puts the current poll aside for one of another task.
    pub(super) fn go_within(&mut self, task: TaskId, enters: u8) {
        self.lanes.outer.push((self.task, self.enters, self.lanes.callers));
        (self.lanes.ended, self.lanes.called) = (None, false);
        (self.task, self.enters) = (Some(task), enters);
    }

    /// The span of a closure or root is left.
    pub(super) fn exit_lane(&mut self, task: TaskId, of: LaneOf) {
        if !self.is_at(task) {
            return;
        }
        if of == LaneOf::Blocking {
            if self.enters > 1 {
                self.end_future(task);
            } else {
                self.lanes.called = true;
            }
            return;
        }
        let stamp = self.shared().stamp();
        // A root that panics is dropped before anything else.
        if thread::panicking() {
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

    /// Notes that the end of a task was recorded, which it may be about to report to another task.
    pub(super) fn note_end(&mut self, task: TaskId) {
        self.lanes.ended = Some((task, self.written));
        self.lanes.closed = Some(task);
    }

    /// The span of a root is closed.
    pub(super) fn close_root(&mut self) {
        self.lanes.roots = self.lanes.roots.saturating_sub(1);
    }

    /// Whether the spans of this task say nothing new, because there are hooks.
    pub(super) fn is_hooked(&self, task: TaskId) -> bool {
        self.lanes.hooked.contains(&task)
    }

    /// A hook begins a poll, which is the outermost one of the thread unless the whole process is observed.
    pub(super) fn hook(&mut self, task: TaskId) {
        self.settle();
        self.lanes.ended = None;
        if self.shared().process {
            self.lanes.hooked.push(task);
        } else {
            self.lanes.outer.clear();
        }
        if self.shared().process && self.task.is_some() {
            self.write_beginning();
            self.go_within(task, 0);
        } else {
            self.inside.reset();
            (self.task, self.enters) = (Some(task), 0);
        }
    }

    /// A hook ends a poll.
    pub(super) fn unhook(&mut self) {
        self.settle();
        self.lanes.hooked.pop();
        if !self.shared().process {
            self.lanes.outer.clear();
        }
        let stamp = self.shared().stamp();
        self.end_lane(stamp);
    }

    /// Whether a span has reported the end of a task.
    pub(super) fn knows_end(&self, task: TaskId) -> bool {
        self.lanes.closed == Some(task)
    }

    /// The runtime has dropped a closure, or a task in its poll.
    pub(super) fn let_go(&mut self, task: TaskId) {
        if self.task == Some(task) && !self.lanes.outer.is_empty() {
            self.end_lane(self.shared().stamp());
        }
    }

    /// Whether the innermost poll belongs to this task. First ends the poll of another one that has been left.
    pub(super) fn is_at(&mut self, task: TaskId) -> bool {
        if self.task != Some(task) {
            self.settle();
        }
        self.task == Some(task)
    }

    /// Ends the innermost poll if its span was left and not entered again.
    #[inline]
    pub(super) fn settle(&mut self) {
        if let Some(stamp) = self.lanes.left.take() {
            self.learn_place();
            self.end_lane(stamp);
        }
    }

    pub(super) fn end_lane(&mut self, stamp: u64) {
        self.write_end(stamp);
        self.back();
    }

    /// Returns to the outer poll.
    pub(super) fn back(&mut self) {
        (self.task, self.enters, self.lanes.callers) = self.lanes.outer.pop().unwrap_or_default();
        (self.lanes.may_be_drop, self.lanes.called) = (false, false);
    }

    /// Marks the thread as one of the pool: a closure for the pool begins or is dropped. What it wakes is no longer the doing of
    /// the closure before it.
    pub(super) fn joins_pool(&mut self) {
        self.lanes.ended = None;
        if matches!(self.role, Role::New | Role::Guest) {
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
        if self.lanes.called
            && let Some(aborted) = self.task
        {
            self.end_future(aborted);
        }
        // A runtime that does something else does so outside all budgets. Closures have no budget either.
        let reports = |(_, written): &(TaskId, u32)| *written == self.written && (self.role == Role::Pool || is_in_poll());
        let ended = self.lanes.ended.filter(reports).map(|(ended, _)| ended);
        ended.or(self.task).or(self.lanes.unseen).or_else(|| self.is_guest().then_some(NO_TASK))
    }

    /// A task is polled. If the thread is in no root that was seen, it is in one that is older than the recorder.
    pub(super) fn drives(&mut self) {
        if self.is_guest() {
            self.role = Role::Runtime;
        }
    }

    /// Whether the thread does nothing for a runtime now: what it wakes is woken from outside.
    fn is_guest(&self) -> bool {
        self.role == Role::Guest && self.lanes.roots == 0
    }

    /// Whether a panic here would reach the caller of `block_on`.
    pub(super) fn panics_outside(&self) -> bool {
        self.lanes.sees_roots && self.lanes.outer.first().is_some_and(|(outer, ..)| outer.is_none())
    }
}
