//! Turns Tokio's tracing of its resources into events about waits and holders.
//!
//! Each function here handles one fact of Tokio's tracing, on the thread where it
//! occurred. Irrelevant facts are dropped at once: a mutex also reports the permits of
//! its inner semaphore.

use tokio::task::coop;
use tracing_core::Metadata;

use super::event::{Change, LockChange, OpId, ResourceId, ResourceKind, SiteId, TaskId, What};
use super::fields::StateFields;
use super::handle::{Handle, Kind, SEMAPHORE};
use super::inside::Left;
use super::local::Local;

impl Local {
    /// Records a pending wait if the task's waker was cloned in its own poll: a future there is about to wait.
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

    /// Records that the task needs another turn before it can go on.
    pub(super) fn turn(&mut self, task: TaskId, spent: bool) {
        let site = SiteId(if self.waits { self.stack() } else { 0 });
        self.push(What::Turn { task, site, spent });
    }

    /// Records a resource that this module of Tokio created. Returns the handle for its span.
    pub(super) fn make_resource(&mut self, module: &str) -> Handle {
        if !self.waits {
            return Handle::WRAPPER;
        }
        let around = self.semaphore.take().filter(|(_, written)| *written == self.written);
        let (handle, made) = Handle::resource(module, self.inside.resource().or(around.map(|(semaphore, _)| semaphore)));
        if let Some((resource, kind)) = made {
            // Oneshot channels are too many and too short-lived to record where each was created.
            let site = if kind == ResourceKind::Oneshot { SiteId(0) } else { SiteId(self.stack()) };
            self.push(What::Resource { resource, kind, site });
        }
        handle
    }

    /// A semaphore is about to be created, which contains another one: that is next, and has all operations. Returns whether this
    /// is recorded.
    pub(super) fn begins_semaphore(&mut self) -> bool {
        let semaphore = self.make_resource(SEMAPHORE);
        self.semaphore = Some((semaphore, self.written));
        self.waits
    }

    /// Returns the handle for a new operation's span: a timer's, or one on the innermost resource. An owned guard comes from an
    /// operation that wraps the one that waits, which inherits that its guard can leave the task.
    pub(super) fn make_op(&mut self, timer: bool, owned: bool) -> Handle {
        let sequence = self.inside.next_sequence();
        let handle = match self.inside.resource() {
            _ if !self.waits => return Handle::WRAPPER.op(0),
            _ if timer => return Handle::timer_op(sequence),
            Some(resource) => resource.op(sequence),
            None => Handle::WRAPPER.op(0),
        };
        if owned || self.inside.is_owned() {
            return handle.owned();
        }
        if handle == Handle::WRAPPER.op(0) {
            self.borrows.learn(std::mem::take(&mut self.wraps));
        }
        handle
    }

    /// Whether the operation that is about to begin only wraps another one, and its guard borrows the resource. This is known if
    /// it was so before for the same callers, since the kind of guard depends on the function.
    pub(super) fn is_wrapper(&mut self) -> bool {
        let wraps = self.inside.resource().is_none_or(Handle::only_wraps);
        self.wraps = if wraps { self.callers() } else { 0 };
        self.borrows.knows(self.wraps)
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

    /// Records the result of an operation's poll when its span is left.
    fn left(&mut self, task: TaskId, Left { handle, cloned, ready }: Left) {
        let Some(op) = handle.op_id() else { return };
        if ready {
            let takes = matches!(handle.kind(), Kind::Semaphore | Kind::Channel);
            let site = SiteId(if takes { self.stack() } else { 0 });
            (self.last_done, self.borrowed) = (Some(op), handle.resource_id().filter(|_| !handle.is_owned()));
            self.push(What::Done { task, op, site, resource: handle.resource_id() });
        } else if !cloned {
            // It already has the waker, or its waker is not the task's own but that of a future in between. An operation that
            // began returns its part of the budget, so if no budget is left, it did not begin.
            if coop::has_budget_remaining() { self.pending(task, Some(handle)) } else { self.turn(task, true) }
        }
    }

    /// An operation's poll has returned, or its part that takes from the budget. Returns the callsite of the first of two equal
    /// reports about one poll, which is useless.
    pub(super) fn polled(&mut self, ready: bool, callsite: &'static Metadata<'static>) -> Option<&'static Metadata<'static>> {
        let again = self.inside.polled(ready) && ready;
        let first = self.reported.replace(callsite)?;
        // An operation that wraps another one reports later, from another module.
        (again && first.module_path() == callsite.module_path() && first.line() < callsite.line()).then_some(first)
    }

    /// Records that an operation's future was dropped, since its span was closed.
    pub(super) fn close_op(&mut self, op: OpId) {
        // Nothing to add if the operation has just returned. Outside all tasks, it
        // belongs to the future that `block_on` was given, which is not part of the program.
        if self.last_done.take() != Some(op)
            && let Some(by) = self.task()
        {
            let site = SiteId(self.stack());
            self.push(What::Closed { op, by, site });
        }
    }

    /// Records a change of the innermost resource's state.
    pub(super) fn resource_state(&mut self, fields: &StateFields) {
        match (fields.name, fields.flag, fields.number) {
            ("duration", _, Some(after_ms)) => self.timer(after_ms),
            ("permits", _, Some(permits)) => self.permits(fields.change, permits),
            ("locked" | "write_locked", Some(true), _) => self.lock(LockChange::Taken),
            ("locked" | "write_locked", Some(false), _) => self.lock(LockChange::Free),
            ("current_readers", _, Some(_)) if fields.change == Change::Add => self.lock(LockChange::ReaderIn),
            ("current_readers", _, Some(_)) if fields.change == Change::Sub => self.lock(LockChange::ReaderOut),
            _ => {}
        }
    }

    /// Records a change of the innermost resource's free permits.
    fn permits(&mut self, change: Change, permits: u64) {
        if let Some((resource, Kind::Semaphore | Kind::Channel)) = self.inside.resource_id()
            && (permits > 0 || change == Change::Set)
        {
            let by = self.task();
            self.push(What::Permits { resource, change, permits: count(permits), by });
        }
    }

    /// Records a change of the innermost resource, a lock.
    fn lock(&mut self, change: LockChange) {
        if let Some((resource, Kind::Mutex | Kind::RwLock)) = self.inside.resource_id() {
            let taken = matches!(change, LockChange::Taken | LockChange::ReaderIn);
            let site = SiteId(if taken { self.stack() } else { 0 });
            let by = self.task();
            // An operation that waited for the lock has just returned; otherwise the lock was taken by `try_lock` or similar.
            let owned = taken && self.borrowed.take() != Some(resource);
            self.push(What::Lock { resource, change, by, site, owned });
        }
    }

    /// Records that the innermost operation, a timer, was set. A timer outside all tasks belongs to the future that `block_on`
    /// was given, and is ignored.
    fn timer(&mut self, after_ms: u64) {
        if let Some(task) = self.task()
            && let Some(op) = self.inside.op().filter(|op| op.kind() == Kind::Timer).and_then(Handle::op_id)
        {
            self.push(What::Timer { task, op, after_ms });
        }
    }

    /// Records that the innermost operation asks for permits.
    pub(super) fn asked(&mut self, permits: u64) {
        if let Some((op, resource)) = self.on_permits()
            && permits != 1
        {
            self.push(What::Asked { op, permits: count(permits), resource });
        }
    }

    /// Records that the innermost operation got permits from another one.
    pub(super) fn obtained(&mut self, permits: u64) {
        // If it took them in its own poll, the resource reports that.
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
