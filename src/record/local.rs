//! A thread's own part of the recorder: its ring, and the task it polls.

use std::cell::RefCell;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rtrb::{Producer, PushError, RingBuffer};

use super::event::{Event, LastPoll, OpId, TaskId, What};
use super::inside::Inside;
use super::reader::Joined;
use super::recorder::{Detail, OnFull, Shared, lock};
use super::stack::Walker;

/// Events that a thread can be ahead of the reader: 2.6 MB, or 3 ms of nothing but polls.
const RING: usize = 1 << 16;

/// Events between two calls to a reader that waits.
const NOTIFY_EVERY: u32 = 1 << 12;

thread_local! {
    static LOCAL: RefCell<Option<Local>> = const { RefCell::new(None) };
}

/// What a thread of a run keeps for itself.
pub(super) struct Local {
    shared: Arc<Shared>,
    ring: Producer<Event>,
    parked: Arc<AtomicBool>,
    /// The task that is being polled.
    task: Option<TaskId>,
    /// How often that task's span was entered in this poll: see [`LastPoll`].
    enters: u8,
    since_notify: u32,
    /// Whether waits are recorded, and all that belongs to them.
    pub(super) waits: bool,
    pub(super) inside: Inside,
    /// The operation that returned last.
    pub(super) last_done: Option<OpId>,
    walker: Walker,
}

/// Runs `f` on the calling thread's part, if it belongs to a run.
///
/// Nothing that `f` calls may emit tracing events: they would find the part in
/// use and not be recorded.
pub(super) fn with<R>(f: impl FnOnce(&mut Local) -> R) -> Option<R> {
    LOCAL.try_with(|local| local.try_borrow_mut().ok()?.as_mut().map(f)).ok().flatten()
}

/// A thread's membership in a run; dropping it ends it.
#[derive(Debug)]
pub struct Attached {
    // The guard belongs to its thread.
    not_send: std::marker::PhantomData<*const ()>,
}

impl Attached {
    pub(super) fn new(shared: &Arc<Shared>, name: &str) -> Self {
        attach(shared, name);
        Self { not_send: std::marker::PhantomData }
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        detach();
    }
}

pub(super) fn attach(shared: &Arc<Shared>, name: &str) {
    let (ring, consumer) = RingBuffer::new(RING);
    let parked = Arc::new(AtomicBool::new(false));
    lock(&shared.joined).push(Joined { ring: consumer, parked: parked.clone(), name: name.to_owned() });
    let local = Local {
        shared: shared.clone(),
        ring,
        parked,
        task: None,
        enters: 0,
        since_notify: 0,
        waits: shared.detail == Detail::Waits,
        inside: Inside::default(),
        last_done: None,
        walker: Walker::new(),
    };
    // A thread-local that is being destroyed belongs to a thread that will not record any more.
    if LOCAL.try_with(|slot| slot.replace(Some(local))).is_ok() {
        shared.attached.fetch_add(1, Ordering::AcqRel);
    }
}

pub(super) fn detach() {
    let gone = LOCAL.try_with(RefCell::take).ok().flatten();
    if let Some(local) = gone {
        local.shared.attached.fetch_sub(1, Ordering::AcqRel);
        local.shared.notify();
    }
}

impl Local {
    /// Writes one event, stamped now.
    pub(super) fn push(&mut self, what: What) {
        if self.shared.closed() {
            return;
        }
        let at_ns = self.shared.stamp();
        if let Err(PushError::Full(event)) = self.ring.push(Event { at_ns, what }) {
            self.push_when_full(event);
        }
        self.since_notify += 1;
        if self.since_notify == NOTIFY_EVERY {
            self.since_notify = 0;
            self.shared.notify();
        }
    }

    #[cold]
    fn push_when_full(&mut self, mut event: Event) {
        if self.shared.on_full == OnFull::Drop {
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        while !self.ring.is_abandoned() && !self.shared.closed() {
            self.shared.notify();
            thread::park_timeout(Duration::from_micros(50));
            match self.ring.push(event) {
                Ok(()) => return,
                Err(PushError::Full(back)) => event = back,
            }
        }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(super) fn task(&self) -> Option<TaskId> {
        self.task
    }

    pub(super) fn poll_start(&mut self, task: TaskId) {
        self.task = Some(task);
        self.enters = 0;
        self.inside.reset();
        if self.shared.closed() {
            self.shared.unrecorded_polls.fetch_add(1, Ordering::Relaxed);
        }
        self.push(What::PollStart(task));
    }

    pub(super) fn poll_end(&mut self, task: TaskId) {
        self.push(What::PollEnd(task));
        self.task = None;
    }

    /// The span of `task` was entered: by a poll, or to drop the future.
    pub(super) fn enter_task(&mut self, task: TaskId) {
        if self.task == Some(task) {
            self.enters = self.enters.saturating_add(1);
        }
    }

    pub(super) fn terminate(&mut self, task: TaskId) {
        let last = match (self.task == Some(task), self.enters) {
            (false, _) => LastPoll::Shutdown,
            (true, 0 | 1) => LastPoll::Dropped,
            (true, _) => LastPoll::Polled,
        };
        self.push(What::Terminate { task, last });
    }

    /// The number of the present stack.
    pub(super) fn stack(&mut self) -> u32 {
        self.walker.here()
    }

    /// The thread goes to sleep: whatever it writes next is later than now.
    pub(super) fn park(&self) {
        self.parked.store(true, Ordering::Release);
    }

    pub(super) fn unpark(&self) {
        self.parked.store(false, Ordering::Release);
    }
}

impl TaskId {
    /// Tokio's number of a task. `Id` shows it only as text and as a hash; the
    /// hash hands the bare number to whatever hasher asks, at no cost.
    pub(super) fn of(id: tokio::task::Id) -> Self {
        use std::hash::{Hash, Hasher};

        struct Number(u64);
        impl Hasher for Number {
            fn write(&mut self, _: &[u8]) {}
            fn write_u64(&mut self, n: u64) {
                self.0 = n;
            }
            fn finish(&self) -> u64 {
                self.0
            }
        }
        let mut number = Number(0);
        id.hash(&mut number);
        // Tokio's ids start at 1.
        Self(NonZeroU64::new(number.finish()).unwrap_or(NonZeroU64::MAX))
    }
}
