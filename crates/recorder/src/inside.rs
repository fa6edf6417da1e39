//! Tokio's spans that a thread is currently in: resources and operations on them.
//!
//! Tokio enters them around a future's poll and leaves them before the poll returns,
//! so on each thread they nest, a handful deep.

use std::sync::atomic::{AtomicU32, Ordering};

use super::event::ResourceId;
use super::handle::{Handle, Kind};

/// The maximum nesting of spans on a thread. Tokio needs seven; deeper spans are ignored.
const DEEPEST: usize = 16;

/// How many operation numbers a thread reserves at a time.
const BLOCK: u32 = 1 << 10;

static NEXT_BLOCK: AtomicU32 = AtomicU32::new(0);

/// See the module.
#[derive(Debug)]
pub(super) struct Inside {
    entered: [Entered; DEEPEST],
    depth: usize,
    /// Temporary handles of operations, created on this thread for a poll and dropped after it.
    passing: Vec<Handle>,
    sequence: u32,
}

/// A span that a thread is in.
#[derive(Debug, Clone, Copy)]
struct Entered {
    handle: Handle,
    /// Whether a waker was cloned in it.
    cloned: bool,
    /// Whether its poll returned `Ready`; `None` before it returns.
    ready: Option<bool>,
}

/// The result of an operation's poll when its span is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) handle: Handle,
    pub(super) cloned: bool,
    pub(super) ready: bool,
}

impl Default for Inside {
    fn default() -> Self {
        let entered = [Entered { handle: Handle::WRAPPER, cloned: false, ready: None }; DEEPEST];
        Self { entered, depth: 0, passing: Vec::with_capacity(DEEPEST), sequence: 0 }
    }
}

impl Inside {
    /// Forgets all open spans when a new poll begins.
    pub(super) fn reset(&mut self) {
        self.depth = 0;
    }

    pub(super) fn enter(&mut self, handle: Handle) {
        if let Some(slot) = self.entered.get_mut(self.depth) {
            *slot = Entered { handle, cloned: false, ready: None };
        }
        self.depth += 1;
    }

    /// Leaves the innermost span. Returns the result of its poll, if it is an operation that was polled.
    pub(super) fn exit(&mut self, handle: Handle) -> Option<Left> {
        self.depth = self.depth.saturating_sub(1);
        let left = self.entered.get(self.depth).filter(|left| left.handle == handle)?;
        handle.op_id()?;
        Some(Left { handle, cloned: left.cloned, ready: left.ready? })
    }

    /// A handle of an operation was cloned.
    pub(super) fn pass(&mut self, handle: Handle) {
        self.passing.push(handle);
    }

    /// A handle was dropped. Returns whether it was the last one of the operation.
    pub(super) fn drop_handle(&mut self, handle: Handle) -> bool {
        let passing = self.passing.iter().rposition(|passing| *passing == handle);
        if let Some(place) = passing {
            self.passing.swap_remove(place);
        }
        passing.is_none()
    }

    /// The innermost operation.
    pub(super) fn op(&self) -> Option<Handle> {
        self.place_of_op().map(|place| self.entered[place].handle)
    }

    /// A waker was cloned. Returns the operation in which it was cloned.
    pub(super) fn cloned(&mut self) -> Option<Handle> {
        let place = self.place_of_op()?;
        self.entered[place].cloned = true;
        Some(self.entered[place].handle)
    }

    /// An operation's poll returned. If a poll is reported more than once, the last report wins. Returns whether the report before
    /// was the same.
    pub(super) fn polled(&mut self, ready: bool) -> bool {
        let report = self.place_of_op().and_then(|place| self.entered[place].ready.replace(ready));
        report == Some(ready)
    }

    /// Whether the innermost operation is in its own poll, and was not entered by another one that gives it permits.
    pub(super) fn own_poll(&self, op: Handle) -> bool {
        let open = self.open();
        open.split_last().is_some_and(|(_, outer)| outer.iter().any(|entered| entered.handle == op))
    }

    /// Whether the thread is in an operation whose guard can leave its task.
    pub(super) fn is_owned(&self) -> bool {
        self.open().iter().any(|entered| entered.handle.is_owned())
    }

    /// The innermost resource.
    pub(super) fn resource(&self) -> Option<Handle> {
        self.open().iter().rev().map(|entered| entered.handle).find(|handle| !handle.is_op())
    }

    /// The number and kind of the innermost resource, if it has one.
    pub(super) fn resource_id(&self) -> Option<(ResourceId, Kind)> {
        let handle = self.resource()?;
        Some((handle.resource_id()?, handle.kind()))
    }

    /// The number of a new operation.
    pub(super) fn next_sequence(&mut self) -> u32 {
        if self.sequence.is_multiple_of(BLOCK) {
            self.sequence = NEXT_BLOCK.fetch_add(1, Ordering::Relaxed).wrapping_mul(BLOCK);
        }
        self.sequence = self.sequence.wrapping_add(1);
        // The last number of a block is skipped: it would look like the start of one.
        self.sequence
    }

    fn place_of_op(&self) -> Option<usize> {
        self.open().iter().rposition(|entered| entered.handle.is_op())
    }

    fn open(&self) -> &[Entered] {
        &self.entered[..self.depth.min(DEEPEST)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acquire() -> (Handle, Handle) {
        let (resource, _) = Handle::resource("tokio::sync::batch_semaphore", None);
        (resource, resource.op(5))
    }

    #[test]
    fn an_operations_poll_is_told_when_it_is_left() {
        let (resource, op) = acquire();
        let mut inside = Inside::default();
        inside.enter(resource);
        inside.enter(op);
        inside.polled(true);
        assert_eq!(inside.cloned(), Some(op));
        inside.polled(false);
        assert_eq!(inside.exit(op), Some(Left { handle: op, cloned: true, ready: false }));
        assert_eq!(inside.exit(resource), None);
    }

    #[test]
    fn who_hands_permits_to_an_operation_is_not_its_poll() {
        let (resource, op) = acquire();
        let other = resource.op(6);
        let mut inside = Inside::default();
        inside.enter(resource);
        inside.enter(op);
        inside.enter(resource);
        assert!(inside.own_poll(op));
        inside.enter(other);
        assert_eq!(inside.op(), Some(other));
        assert!(!inside.own_poll(other));
        inside.exit(other);
        inside.exit(resource);
        assert_eq!(inside.op(), Some(op));
    }

    #[test]
    fn a_handle_made_in_passing_is_not_the_last() {
        let (_, op) = acquire();
        let mut inside = Inside::default();
        inside.pass(op);
        assert!(!inside.drop_handle(op));
        assert!(inside.drop_handle(op));
    }

    #[test]
    fn what_is_too_deep_is_not_seen_and_what_is_not_stays_right() {
        let (resource, op) = acquire();
        let mut inside = Inside::default();
        inside.enter(op);
        for _ in 0..2 * DEEPEST {
            inside.enter(resource);
        }
        for _ in 0..2 * DEEPEST {
            inside.exit(resource);
        }
        inside.polled(true);
        assert_eq!(inside.exit(op).map(|left| left.ready), Some(true));
    }

    #[test]
    fn operations_have_numbers_of_their_own() {
        let mut inside = Inside::default();
        let mut other = Inside::default();
        let mut numbers: Vec<u32> = (0..3 * BLOCK).flat_map(|_| [inside.next_sequence(), other.next_sequence()]).collect();
        numbers.sort_unstable();
        let count = numbers.len();
        numbers.dedup();
        assert_eq!(numbers.len(), count);
    }
}
