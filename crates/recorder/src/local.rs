//! A thread's own state of the recorder: its ring, and the task that it polls.

use std::cell::RefCell;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rtrb::{Producer, RingBuffer};
use tracing_core::Metadata;

use super::entry::{Entry, Written};
use super::event::{LaneOf, LastPoll, OpId, ResourceId, TaskId, What};
use super::handle::Handle;
use super::inside::Inside;
use super::lanes::Lanes;
use super::lines::SpawnLines;
use super::polls::Places;
use super::presence::{Poll, Presence};
use super::program::{self, Name, Worker};
use super::reader::Joined;
use super::recorder::{Shared, lock};
use super::stack::{Walker, can_be_walked};
use facts::Detail;

/// How many entries a thread can be ahead of the reader: 2.6 MB, or 3 ms of nothing but polls.
pub(super) const RING: usize = 1 << 16;

thread_local! {
    static LOCAL: RefCell<Option<Local>> = const { RefCell::new(None) };
}

/// A thread's role in the runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Started by the runtime; its role is not known yet.
    New,
    /// Polls tasks and drives timers and sockets, or has called `block_on`.
    Runtime,
    /// Belongs to the pool for blocking work.
    Pool,
    /// A thread of the program, which may call `block_on`.
    Guest,
}

/// The state of a thread of a run.
pub(super) struct Local {
    pub(super) shared: Arc<Shared>,
    pub(super) ring: Producer<Written>,
    presence: Arc<Presence>,
    /// The task or lane that is being polled.
    pub(super) task: Option<TaskId>,
    /// The current poll, if no entry has been written for it yet.
    pub(super) unwritten: Option<Poll>,
    /// Whether its task has returned.
    pub(super) finished: bool,
    /// How many polls this thread has begun.
    polls: u32,
    /// How often the task's span was entered in this poll: see [`LastPoll`].
    pub(super) enters: u8,
    /// How many entries this thread has written; it wraps.
    pub(super) written: u32,
    /// It notifies a waiting reader whenever these bits of `written` are 0: four times while the ring fills.
    pub(super) notify_mask: u32,
    /// The stamp of the last entry.
    pub(super) last_stamp: u64,
    pub(super) role: Role,
    pub(super) lanes: Lanes,
    /// The turn of its last entry.
    pub(super) turn: u64,
    /// Whether to record wakes, and waits and everything about them.
    pub(super) waits: bool,
    pub(super) inside: Inside,
    /// The operation that returned last.
    pub(super) last_done: Option<OpId>,
    /// Its resource, if its guard borrows that and so cannot leave its task.
    pub(super) borrowed: Option<ResourceId>,
    /// The callers of the operation that is about to begin on a resource whose operations only wrap others.
    pub(super) wraps: u64,
    /// From where this thread has begun such operations that do not return owned guards.
    pub(super) borrows: Places,
    /// The semaphore that is being created, and how many entries were written then.
    pub(super) semaphore: Option<(Handle, u32)>,
    /// The callsite of the last report about an operation's poll.
    pub(super) reported: Option<&'static Metadata<'static>>,
    walker: Walker,
    pub(super) spawned_at: SpawnLines,
    /// Whether the stack has frame pointers.
    walks: bool,
    /// Its name, which is in use as long as this exists.
    _name: Name,
    /// The worker that this thread is, if that is known.
    pub(super) worker: Option<Worker>,
}

/// Runs `f` on the calling thread's state, if the thread belongs to a run.
///
/// `f` must not emit tracing events: they would find the state borrowed and would not be
/// recorded.
pub(super) fn with<R>(f: impl FnOnce(&mut Local) -> R) -> Option<R> {
    with_thread(None, f)
}

/// Runs `f` on the calling thread's state, if the thread already belongs to a run.
pub(super) fn if_attached<R>(f: impl FnOnce(&mut Local) -> R) -> Option<R> {
    LOCAL.try_with(|local| local.try_borrow_mut().ok()?.as_mut().map(f)).ok().flatten()
}

/// Runs `f` on the calling thread's state like [`with`]. If the whole process is observed, the thread joins first; it is this
/// worker, if it is one.
pub(super) fn with_thread<R>(worker: Option<Worker>, f: impl FnOnce(&mut Local) -> R) -> Option<R> {
    let run = |local: &RefCell<Option<Local>>| {
        let mut local = local.try_borrow_mut().ok()?;
        if local.is_none() {
            joins(&mut local, worker)?;
        }
        local.as_mut().map(f)
    };
    LOCAL.try_with(run).ok().flatten()
}

/// The calling thread joins the recording of the process. Apart from the usual way, which then needs less stack.
#[cold]
#[inline(never)]
fn joins(local: &mut Option<Local>, worker: Option<Worker>) -> Option<()> {
    *local = Some(program::join(worker)?);
    Some(())
}

/// A thread's membership in a run, which ends when this is dropped.
#[derive(Debug)]
pub struct Attached {
    // The guard must stay on its thread.
    not_send: std::marker::PhantomData<*const ()>,
}

impl Attached {
    pub(super) fn new(shared: &Arc<Shared>, name: &str, sees_roots: bool) -> Self {
        attach(shared, name, Role::Runtime, Lanes::new(sees_roots));
        Self { not_send: std::marker::PhantomData }
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        detach();
    }
}

/// The type of [`attach`], whose address represents the recorder's own code.
pub(super) type Attach = fn(&Arc<Shared>, &str, Role, Lanes);

pub(super) fn attach(shared: &Arc<Shared>, name: &str, role: Role, lanes: Lanes) {
    put(Local::new(shared, Name::Given(name.to_owned()), RING, role, lanes));
}

/// Makes this the calling thread's state.
pub(super) fn put(local: Local) {
    // If the thread-local is being destroyed, the thread will not record any more.
    let _ = LOCAL.try_with(|slot| slot.replace(Some(local)));
}

pub(super) fn detach() {
    let _ = LOCAL.try_with(RefCell::take);
}

impl Drop for Local {
    /// The thread ends, or is detached.
    fn drop(&mut self) {
        self.settle();
        self.shared.attached.fetch_sub(1, Ordering::AcqRel);
        self.shared.notify();
    }
}

impl Local {
    /// The state of the calling thread, with room for `entries` in its ring.
    pub(super) fn new(shared: &Arc<Shared>, name: Name, entries: usize, role: Role, lanes: Lanes) -> Self {
        let (ring, consumer) = RingBuffer::new(entries);
        let presence = Arc::new(Presence::default());
        lock(&shared.joined).push(Joined {
            ring: consumer,
            presence: presence.clone(),
            name: name.text().to_owned(),
            again: matches!(name, Name::Slot(_)),
        });
        shared.attached.fetch_add(1, Ordering::AcqRel);
        Self {
            shared: shared.clone(),
            ring,
            presence,
            task: None,
            unwritten: None,
            finished: false,
            polls: 0,
            enters: 0,
            written: 0,
            notify_mask: (entries as u32 / 4).next_power_of_two() - 1,
            last_stamp: 0,
            role,
            lanes,
            turn: 0,
            waits: shared.detail == Detail::Waits,
            inside: Inside::default(),
            last_done: None,
            borrowed: None,
            wraps: 0,
            borrows: Places::default(),
            semaphore: None,
            reported: None,
            walker: Walker::new(),
            spawned_at: SpawnLines::default(),
            walks: can_be_walked(),
            _name: name,
            worker: None,
        }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The task or lane that is being polled now.
    pub(super) fn task(&mut self) -> Option<TaskId> {
        self.settle();
        self.task
    }

    pub(super) fn poll_start(&mut self, task: TaskId) {
        self.joins_workers();
        self.hook(task);
        if self.shared.closed() {
            self.count_unrecorded(LaneOf::Task);
            return;
        }
        self.begin(task, true);
    }

    /// The poll of the task that has just begun may make this many of Tokio's operations.
    pub(super) fn limit(&mut self, task: TaskId, operations: u8) {
        if !self.shared.closed() {
            self.push(What::Limited { task, operations });
        }
    }

    /// Counts a poll that is not recorded, because the recording has ended.
    pub(super) fn count_unrecorded(&self, of: LaneOf) {
        if of == LaneOf::Task {
            self.shared.unrecorded_polls.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Begins a poll; if `seen`, the reader can see it while it lasts.
    pub(super) fn begin(&mut self, task: TaskId, seen: bool) {
        self.polls = self.polls.wrapping_add(1);
        let poll = Poll { task, began: self.shared.stamp(), number: self.polls };
        self.take_turn(poll.began);
        (self.unwritten, self.finished) = (Some(poll), false);
        if seen {
            self.presence.begin(poll);
        }
    }

    pub(super) fn poll_end(&mut self) {
        self.unhook();
    }

    /// Writes the end of the current poll.
    pub(super) fn write_end(&mut self, stamp: u64) {
        let closed = self.shared.closed();
        if closed || self.turn != self.shared.turns.now() {
            // The recording ended during the poll; or another thread wrote an event during the poll.
            self.write_beginning();
        }
        if !closed && let Some(task) = self.task {
            let whole = if std::mem::take(&mut self.finished) { Entry::Finished } else { Entry::Polled };
            let entry = self.unwritten.take().map_or(Entry::What(What::PollEnd(task)), whole);
            self.write(stamp, entry);
        }
        self.presence.end();
    }

    /// The span of `task` was entered: by a poll, or to drop the future.
    pub(super) fn enter_task(&mut self, task: TaskId) {
        self.settle();
        if self.task == Some(task) {
            self.enters = self.enters.saturating_add(1);
        }
    }

    pub(super) fn terminate(&mut self, task: TaskId) {
        self.settle();
        if self.knows_end(task) {
            return;
        }
        let last = match (self.task == Some(task), self.enters) {
            (false, _) => LastPoll::Shutdown,
            (true, 0) => LastPoll::Unheard,
            (true, 1) => LastPoll::Dropped,
            (true, _) => LastPoll::Polled,
        };
        self.ends(task, last);
        if !self.is_hooked(task) {
            self.let_go(task);
        }
    }

    /// The number of the current stack.
    pub(super) fn stack(&mut self) -> u32 {
        self.walker.here()
    }

    /// A hash of the nearest callers; 0 if the stack cannot be walked.
    #[inline]
    pub(super) fn callers(&self) -> u64 {
        if self.walks { self.walker.callers() } else { 0 }
    }

    /// The thread has left the current task, and may return to drop it.
    pub(super) fn leave(&self, stamp: u64) {
        self.presence.leave(stamp);
    }

    /// The thread has returned to the current task.
    pub(super) fn stay(&self) {
        self.presence.stay();
    }

    /// The thread goes to sleep, so its next event will be later than now.
    pub(super) fn park(&mut self) {
        self.settle();
        self.joins_workers();
        self.presence.park();
    }

    /// Marks the thread as a worker: it polls tasks, or parks to wait for some.
    #[inline]
    fn joins_workers(&mut self) {
        if self.role == Role::New {
            self.become_worker();
        }
    }

    /// Records that the thread is a worker.
    pub(super) fn become_worker(&mut self) {
        self.role = Role::Runtime;
        self.push(What::WorkerThread);
    }

    pub(super) fn unpark(&self) {
        self.presence.unpark();
    }
}

/// Tokio's number of a task. `Id` exposes it only as text and through `Hash`, which
/// passes the bare number to any hasher at no cost.
pub(super) fn task_id(id: tokio::task::Id) -> TaskId {
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
    TaskId(NonZeroU64::new(number.finish()).unwrap_or(NonZeroU64::MAX))
}
