//! From Tokio's words on its resources to events: who waits, for what, who has it.
//!
//! Each function here is one fact of Tokio's tracing, on the thread that it
//! came from. What does not matter is left out at once: a mutex speaks of the
//! permits of its inner semaphore too.

use tokio::task::coop;

use super::event::{Change, LockChange, OpId, ResourceId, ResourceKind, SiteId, TaskId, What};
use super::handle::{Handle, Kind};
use super::inside::Left;
use super::local::Local;

impl Local {
    /// The task's waker was cloned in its own poll: something there is about to wait.
    pub(super) fn cloned(&mut self, task: TaskId) {
        if !self.waits || self.task() != Some(task) {
            return;
        }
        let op = self.inside.cloned();
        self.pending(task, op);
    }

    fn pending(&mut self, task: TaskId, op: Option<Handle>) {
        let site = SiteId(self.stack());
        let (resource, op) = (op.and_then(Handle::resource_id), op.and_then(Handle::op_id));
        self.push(What::Pending { task, op, resource, site });
    }

    /// The task has to have another turn before it can go on.
    pub(super) fn turn(&mut self, task: TaskId, spent: bool) {
        let site = SiteId(if self.waits { self.stack() } else { 0 });
        self.push(What::Turn { task, site, spent });
    }

    /// A resource was made by this module of Tokio's. Returns the handle of its span.
    pub(super) fn make_resource(&mut self, module: &str) -> Handle {
        if !self.waits {
            return Handle::WRAPPER;
        }
        let (handle, made) = Handle::resource(module, self.inside.resource());
        if let Some((resource, kind)) = made {
            // Too many and too short-lived to be taken down where they are made.
            let site = if kind == ResourceKind::Oneshot { SiteId(0) } else { SiteId(self.stack()) };
            self.push(What::Resource { resource, kind, site });
        }
        handle
    }

    /// An operation was made, on the innermost resource unless it is a timer's. Returns the handle of its span. Owned
    /// guards come from an operation that wraps the one that waits: the inner one inherits that they can leave their task.
    pub(super) fn make_op(&mut self, timer: bool, owned: bool) -> Handle {
        let sequence = self.inside.next_sequence();
        let handle = match self.inside.resource() {
            _ if !self.waits => return Handle::WRAPPER.op(0),
            _ if timer => return Handle::timer_op(sequence),
            Some(resource) => resource.op(sequence),
            None => Handle::WRAPPER.op(0),
        };
        if owned || self.inside.is_owned() { handle.owned() } else { handle }
    }

    pub(super) fn enter(&mut self, handle: Handle) {
        self.inside.enter(handle);
    }

    pub(super) fn exit(&mut self, handle: Handle) {
        if let Some(left) = self.inside.exit(handle)
            && let Some(task) = self.task()
        {
            self.left(task, left);
        }
    }

    /// An operation's poll has returned, or is about to.
    fn left(&mut self, task: TaskId, Left { handle, cloned, ready }: Left) {
        let Some(op) = handle.op_id() else { return };
        if ready {
            let takes = matches!(handle.kind(), Kind::Semaphore | Kind::Channel);
            let site = SiteId(if takes { self.stack() } else { 0 });
            (self.last_done, self.borrowed) = (Some(op), handle.resource_id().filter(|_| !handle.is_owned()));
            self.push(What::Done { task, op, site, resource: handle.resource_id() });
        } else if !cloned {
            // Its waker is the one it has, or not the task's own but of a future in between. An operation that was begun gives
            // back its part of the budget: where nothing is left, it was not begun.
            if coop::has_budget_remaining() { self.pending(task, Some(handle)) } else { self.turn(task, true) }
        }
    }

    pub(super) fn polled(&mut self, ready: bool) {
        self.inside.polled(ready);
    }

    /// The span of an operation is gone, and with it the future.
    pub(super) fn close_op(&mut self, op: OpId) {
        // Of an operation that has just returned there is nothing more to say. Outside
        // all tasks it is one of the future that `block_on` was given, which is none of ours.
        if self.last_done.take() != Some(op)
            && let Some(by) = self.task()
        {
            let site = SiteId(self.stack());
            self.push(What::Closed { op, by, site });
        }
    }

    /// The free permits of the innermost resource have changed.
    pub(super) fn permits(&mut self, change: Change, permits: u64) {
        if let Some((resource, Kind::Semaphore | Kind::Channel)) = self.inside.resource_id()
            && (permits > 0 || change == Change::Set)
        {
            let by = self.task();
            self.push(What::Permits { resource, change, permits: count(permits), by });
        }
    }

    /// The innermost resource, a lock, has changed.
    pub(super) fn lock(&mut self, change: LockChange) {
        if let Some((resource, Kind::Mutex | Kind::RwLock)) = self.inside.resource_id() {
            let taken = matches!(change, LockChange::Taken | LockChange::ReaderIn);
            let site = SiteId(if taken { self.stack() } else { 0 });
            let by = self.task();
            // The operation that waited for the lock has just returned; without one it was taken by `try_lock` or the like.
            let owned = taken && self.borrowed.take() != Some(resource);
            self.push(What::Lock { resource, change, by, site, owned });
        }
    }

    /// The innermost operation, a timer, was set. A timer outside all tasks is one of the future that `block_on` was given.
    pub(super) fn timer(&mut self, after_ms: u64) {
        if let Some(task) = self.task()
            && let Some(op) = self.inside.op().filter(|op| op.kind() == Kind::Timer).and_then(Handle::op_id)
        {
            self.push(What::Timer { task, op, after_ms });
        }
    }

    /// The innermost operation asks for permits.
    pub(super) fn asked(&mut self, permits: u64) {
        if let Some((op, resource)) = self.on_permits()
            && permits != 1
        {
            self.push(What::Asked { op, permits: count(permits), resource });
        }
    }

    /// The innermost operation got permits.
    pub(super) fn obtained(&mut self, permits: u64) {
        // The resource reports what it took by itself.
        if permits > 0
            && let Some((op, resource)) = self.on_permits()
            && self.inside.op().is_some_and(|op| !self.inside.own_poll(op))
        {
            let by = self.task();
            self.push(What::Granted { op, by, resource, permits: count(permits) });
        }
    }

    fn on_permits(&self) -> Option<(OpId, Option<ResourceId>)> {
        let op = self.inside.op()?;
        Some((op.op_id()?, op.resource_id()))
    }
}

fn count(permits: u64) -> u32 {
    u32::try_from(permits).unwrap_or(u32::MAX)
}
