//! The recorder's data for a span in 64 bits.
//!
//! A subscriber chooses the ids of its spans. The recorder's ids contain the data, so
//! that entering a span needs no lookup: a task's span contains the task, an
//! operation's its resource. As a layer the recorder cannot choose ids, and keeps the
//! handle in the span's extensions.

use std::num::{NonZeroU32, NonZeroU64};
use std::sync::atomic::{AtomicU32, Ordering};

use super::event::{OpId, ResourceId, ResourceKind};
use super::site::Cause;

/// The module of Tokio whose semaphores programs use.
pub(super) const SEMAPHORE: &str = "tokio::sync::semaphore";

/// A span of Tokio's: a resource, or an operation on one. Never a task's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Handle(u64);

const _: () = assert!(OWNED == 1 << (KIND_SHIFT - 1), "it is between the sequence and the kind");

const TAG: u64 = 1 << 62;
const IS_OP: u64 = 1 << 61;
/// The semaphore inside a lock or a channel.
const INNER: u64 = 1 << 60;
const KIND_SHIFT: u32 = 57;
const SEQUENCE_SHIFT: u32 = 32;
/// See [`OpId::is_owned`].
const OWNED: u64 = OpId::OWNED;
const SEQUENCE_MASK: u32 = (1 << (KIND_SHIFT - 1 - SEQUENCE_SHIFT)) - 1;

/// The kind of resource of a handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// Nothing of interest: another span reports the events.
    Wrapper,
    Mutex,
    RwLock,
    Semaphore,
    Channel,
    Oneshot,
    Barrier,
    /// A timer: it has operations, but is too short-lived to count as a resource.
    Timer,
}

impl Kind {
    const ALL: [Self; 8] =
        [Self::Wrapper, Self::Mutex, Self::RwLock, Self::Semaphore, Self::Channel, Self::Oneshot, Self::Barrier, Self::Timer];

    fn resource(self) -> Option<ResourceKind> {
        match self {
            Self::Wrapper | Self::Timer => None,
            Self::Mutex => Some(ResourceKind::Mutex),
            Self::RwLock => Some(ResourceKind::RwLock),
            Self::Semaphore => Some(ResourceKind::Semaphore),
            Self::Channel => Some(ResourceKind::Channel),
            Self::Oneshot => Some(ResourceKind::Oneshot),
            Self::Barrier => Some(ResourceKind::Barrier),
        }
    }
}

impl Kind {
    /// The cause of a wait of an operation on it.
    pub(super) fn cause(self) -> Option<Cause> {
        match self {
            Self::Wrapper => None,
            Self::Mutex => Some(Cause::Mutex),
            Self::RwLock => Some(Cause::RwLock),
            Self::Semaphore => Some(Cause::Semaphore),
            // A channel's resource is the room in it; Tokio does not report messages.
            Self::Channel => Some(Cause::MpscSend),
            Self::Oneshot => Some(Cause::Oneshot),
            Self::Barrier => Some(Cause::Barrier),
            Self::Timer => Some(Cause::Time),
        }
    }
}

/// The number of the next resource. If it wraps, the old resources are long gone.
static NEXT_RESOURCE: AtomicU32 = AtomicU32::new(1);

impl Handle {
    /// A span that needs no action.
    pub(super) const WRAPPER: Self = Self(TAG);
    const TIMER: Self = Self(TAG | (Kind::Timer as u64) << KIND_SHIFT);

    /// The handle of a new resource, from the module of Tokio that creates it, with its number
    /// and kind unless it is part of `outer`, the resource that is being created around it.
    pub(super) fn resource(module: &str, outer: Option<Self>) -> (Self, Option<(ResourceId, ResourceKind)>) {
        let kind = match module {
            "tokio::time::sleep" => return (Self::TIMER, None),
            "tokio::sync::mutex" => Kind::Mutex,
            "tokio::sync::rwlock" => Kind::RwLock,
            SEMAPHORE => Kind::Semaphore,
            "tokio::sync::oneshot" => Kind::Oneshot,
            "tokio::sync::barrier" => Kind::Barrier,
            "tokio::sync::batch_semaphore" => match outer {
                Some(outer) => return (Self(outer.0 | INNER), None),
                None => Kind::Channel,
            },
            _ => return (Self::WRAPPER, None),
        };
        let number = NEXT_RESOURCE.fetch_add(1, Ordering::Relaxed).max(1);
        let inner = if kind == Kind::Channel { INNER } else { 0 };
        let handle = Self(TAG | inner | (kind as u64) << KIND_SHIFT | u64::from(number));
        (handle, handle.resource_id().zip(kind.resource()))
    }

    /// An operation on this resource. An operation on a resource with a semaphore inside wraps one on that semaphore, and only
    /// the inner one waits.
    pub(super) fn op(self, sequence: u32) -> Self {
        let waits = self.0 & INNER != 0 || matches!(self.kind(), Kind::Oneshot | Kind::Barrier | Kind::Timer);
        if !waits {
            return Self(TAG | IS_OP);
        }
        Self(self.0 | IS_OP | u64::from(sequence & SEQUENCE_MASK) << SEQUENCE_SHIFT)
    }

    /// Whether operations on it only wrap others.
    pub(super) fn only_wraps(self) -> bool {
        self.op(0) == Self::WRAPPER.op(0)
    }

    /// Marks the operation's guard as owned.
    pub(super) fn owned(self) -> Self {
        Self(self.0 | OWNED)
    }

    pub(super) fn is_owned(self) -> bool {
        self.0 & OWNED != 0
    }

    /// An operation of a timer.
    pub(super) fn timer_op(sequence: u32) -> Self {
        Self::TIMER.op(sequence)
    }

    pub(super) fn from_bits(bits: u64) -> Option<Self> {
        (bits >> 62 == 1).then_some(Self(bits))
    }

    pub(super) fn bits(self) -> u64 {
        self.0
    }

    pub(super) fn is_op(self) -> bool {
        self.0 & IS_OP != 0
    }

    pub(super) fn kind(self) -> Kind {
        Kind::ALL[(self.0 >> KIND_SHIFT & 7) as usize]
    }

    /// The number of its resource, if it has one.
    pub(super) fn resource_id(self) -> Option<ResourceId> {
        NonZeroU32::new(self.0 as u32).map(ResourceId)
    }

    /// The operation; `None` for a resource or a wrapper.
    pub(super) fn op_id(self) -> Option<OpId> {
        let waits = self.is_op() && self.kind() != Kind::Wrapper;
        NonZeroU64::new(self.0).filter(|_| waits).map(OpId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_and_the_semaphore_that_it_is_made_of_are_one_resource() {
        let (mutex, made) = Handle::resource("tokio::sync::mutex", None);
        let (inner, none) = Handle::resource("tokio::sync::batch_semaphore", Some(mutex));
        assert_eq!(made.map(|(id, kind)| (Some(id), kind)), Some((mutex.resource_id(), ResourceKind::Mutex)));
        assert_eq!((none, inner.resource_id(), inner.kind()), (None, mutex.resource_id(), Kind::Mutex));
        assert_eq!(mutex.op(1).op_id(), None, "locking wraps the acquire, which is what waits");
        assert_ne!(inner.op(1).op_id(), inner.op(2).op_id());
        assert_eq!(inner.op(1).resource_id(), mutex.resource_id());
    }

    #[test]
    fn an_owned_operation_is_told_from_one_that_borrows() {
        let (semaphore, _) = Handle::resource("tokio::sync::semaphore", None);
        let (inner, _) = Handle::resource("tokio::sync::batch_semaphore", Some(semaphore));
        let wrapper = semaphore.op(1);
        assert_eq!((wrapper.owned().is_owned(), wrapper.is_owned(), wrapper.owned().op_id()), (true, false, None));
        let op = inner.op(u32::MAX);
        assert!(!op.is_owned() && op.owned().is_owned());
        assert_eq!((op.owned().resource_id(), op.owned().kind()), (op.resource_id(), Kind::Semaphore));
    }

    #[test]
    fn a_semaphore_of_nobody_is_a_channel() {
        let (channel, made) = Handle::resource("tokio::sync::batch_semaphore", None);
        assert_eq!(made.map(|(_, kind)| kind), Some(ResourceKind::Channel));
        assert!(channel.op(7).op_id().is_some());
    }

    #[test]
    fn handles_survive_as_bits_and_are_told_from_other_ids() {
        let op = Handle::timer_op(u32::MAX);
        assert_eq!(Handle::from_bits(op.bits()), Some(op));
        assert_eq!((op.kind(), op.resource_id(), op.is_op()), (Kind::Timer, None, true));
        assert_eq!(Handle::from_bits(17), None);
        assert_eq!(Handle::from_bits((1 << 63) + 17), None);
        assert_eq!(Handle::WRAPPER.op(3).op_id(), None);
    }
}
