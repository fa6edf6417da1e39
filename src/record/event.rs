//! What a recorder writes down: one small fact each, with its time.
//!
//! An event is plain data of 40 bytes, so that a worker can write it without
//! allocating. What does not fit (a name, a log line) travels in a box: those
//! come from the scenario's own formatting, which allocates anyway. Events say
//! what was observed; what it means is for [`crate::trace`] to work out.

use std::fmt;
use std::num::{NonZeroU32, NonZeroU64};
use std::panic::Location;
use std::sync::Arc;

use super::site::{Place, Site};

/// Tokio's own number of a task, unique in the process while the task lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(pub NonZeroU64);

/// A span of the scenario's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanId(pub u64);

/// A resource of Tokio's: a lock, a semaphore, a channel. Unique in the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceId(pub NonZeroU32);

/// An operation of Tokio's: a future that waits, on a timer or a resource.
/// Unique in the process while the future lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OpId(pub NonZeroU64);

impl OpId {
    /// The bit that says so: there is no room for it in an event.
    pub(super) const OWNED: u64 = 1 << 56;

    /// Whether what the operation gives can leave its task: an owned guard can, one that borrows its resource cannot.
    pub fn is_owned(self) -> bool {
        self.0.get() & Self::OWNED != 0
    }
}

/// A stack that was seen, or rather what it means. Unique in the run; 0 where none was taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SiteId(pub u32);

/// The source line of a call.
///
/// A worker writes down what the compiler made of it, which is a pointer. A
/// recording that is read back has no such thing, and makes its own.
#[derive(Debug, Clone)]
pub enum CallLine {
    /// As this build of the program knows it.
    Known(&'static Location<'static>),
    /// As a recording told it.
    Told(Arc<Place>),
}

impl CallLine {
    /// The file, as the compiler was given it: `scenarios/semaphore.rs`.
    pub fn file(&self) -> &str {
        match self {
            Self::Known(location) => location.file(),
            Self::Told(place) => &place.file,
        }
    }

    /// The line, from 1.
    pub fn line(&self) -> u32 {
        match self {
            Self::Known(location) => location.line(),
            Self::Told(place) => place.line,
        }
    }
}

impl fmt::Display for CallLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file(), self.line())
    }
}

impl From<&'static Location<'static>> for CallLine {
    fn from(location: &'static Location<'static>) -> Self {
        Self::Known(location)
    }
}

/// One observed fact.
#[derive(Debug, Clone)]
pub struct Event {
    /// When: nanoseconds since the run began, on the run's clock.
    pub at_ns: u64,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum What {
    /// A task was spawned, by the task `parent` or from outside any task.
    Spawn {
        /// The new task.
        task: TaskId,
        /// The task whose poll called `spawn`.
        parent: Option<TaskId>,
        /// The source line of the call.
        at: CallLine,
    },
    /// The name a task was given, or why it has none. Comes before its spawn.
    Named(Box<Named>),
    /// Something was spawned, or given to `block_on`, that is no task of the runtime. It is polled, and ends, like one.
    Lane(Box<Lane>),
    /// A worker starts to poll a task.
    PollStart(TaskId),
    /// The poll has returned, or the task was dropped in it.
    PollEnd(TaskId),
    /// The runtime has let go of a task's future. Comes before the end of the last poll.
    Terminate {
        /// The task that ended.
        task: TaskId,
        /// How the last poll looked from inside.
        last: LastPoll,
    },
    /// A task's waker was called, by the task `by` or from outside any task
    /// (a timer, the IO driver, another thread).
    Wake {
        /// The task that is woken.
        task: TaskId,
        /// The task whose poll called the waker.
        by: Option<TaskId>,
    },
    /// A task panicked. Its end follows, unless somebody caught it.
    Panic(Box<Panic>),
    /// A span of the scenario was entered by a task for the first time.
    SpanOpen(Box<SpanOpen>),
    /// The last handle of a span is gone.
    SpanClose(SpanId),
    /// An event of the scenario: a line of the log.
    Log(Box<Log>),
    /// What a site is. Comes before the first event that names it.
    Site(Box<NewSite>),
    /// A resource was made. Those that were made before the recording, or
    /// outside the run, are never announced.
    Resource {
        /// The new resource.
        resource: ResourceId,
        /// What it is.
        kind: ResourceKind,
        /// Where it was made.
        site: SiteId,
    },
    /// Within the task's poll a future returned `Pending`, or is about to.
    Pending {
        /// The task.
        task: TaskId,
        /// The operation that waits, where Tokio tells it: not for joins,
        /// notifications, received messages, sockets.
        op: Option<OpId>,
        /// The resource that is waited for.
        resource: Option<ResourceId>,
        /// Where.
        site: SiteId,
    },
    /// Within the task's poll an operation was polled and returned.
    Done {
        /// The task.
        task: TaskId,
        /// The operation.
        op: OpId,
        /// Where, when it took permits of a semaphore or room in a channel.
        site: SiteId,
        /// The resource that it was on.
        resource: Option<ResourceId>,
    },
    /// An operation's future was dropped: it is over, or was given up.
    Closed {
        /// The operation.
        op: OpId,
        /// The task in whose poll.
        by: TaskId,
        /// From where.
        site: SiteId,
    },
    /// Within the task's poll a timer was set, or set anew: at its first poll, and when it is reset.
    Timer {
        /// The task.
        task: TaskId,
        /// The timer's operation. An interval keeps it from tick to tick.
        op: OpId,
        /// How long from now the deadline is, in milliseconds, as Tokio rounds it; 0 when it has passed.
        after_ms: u64,
    },
    /// Within its poll the task comes to need another turn: Tokio's budget is used up, or the task calls its own waker. In the
    /// second case the wake follows.
    Turn {
        /// The task.
        task: TaskId,
        /// Where.
        site: SiteId,
        /// Whether the budget is used up.
        spent: bool,
    },
    /// The thread that writes this belongs to the pool for blocking work, and is no worker.
    PoolThread,
    /// The thread that writes this is a worker: it has been started by the runtime and polls tasks, or waits for some.
    WorkerThread,
    /// An operation asks for permits. Not told when it asks for one.
    Asked {
        /// The operation.
        op: OpId,
        /// How many permits; a writer asks a read-write lock for hundreds of millions.
        permits: u32,
        /// What it asks.
        resource: Option<ResourceId>,
    },
    /// Permits that were given back went to an operation that waits.
    Granted {
        /// The operation that gets them.
        op: OpId,
        /// The task that gave them back.
        by: Option<TaskId>,
        /// Whose permits.
        resource: Option<ResourceId>,
        /// How many.
        permits: u32,
    },
    /// The free permits of a semaphore or channel have changed.
    Permits {
        /// The semaphore or channel.
        resource: ResourceId,
        /// How.
        change: Change,
        /// By how many, or to how many.
        permits: u32,
        /// The task in whose poll.
        by: Option<TaskId>,
    },
    /// A lock was taken or given back.
    Lock {
        /// The mutex or read-write lock.
        resource: ResourceId,
        /// Taken or given back, and how.
        change: LockChange,
        /// The task in whose poll.
        by: Option<TaskId>,
        /// Where, when it was taken.
        site: SiteId,
        /// Whether the guard can leave the task, as far as that is known: true for an owned guard, and where it was
        /// taken without waiting (`try_lock`), since then nothing says of which kind it is.
        owned: bool,
    },
}

impl What {
    /// The site that the event names.
    pub fn site_mut(&mut self) -> Option<&mut SiteId> {
        match self {
            What::Resource { site, .. }
            | What::Pending { site, .. }
            | What::Done { site, .. }
            | What::Lock { site, .. }
            | What::Closed { site, .. }
            | What::Turn { site, .. } => Some(site),
            _ => None,
        }
    }
}

/// What kind of thing is waited for, or held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ResourceKind {
    /// `tokio::sync::Mutex`.
    Mutex,
    /// `tokio::sync::RwLock`.
    RwLock,
    /// `tokio::sync::Semaphore`.
    Semaphore,
    /// A multi-producer channel.
    Channel,
    /// `tokio::sync::oneshot`.
    Oneshot,
    /// `tokio::sync::Barrier`.
    Barrier,
}

/// How a number changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// It is set to this.
    Set,
    /// It grows by this.
    Add,
    /// It shrinks by this.
    Sub,
}

/// How a lock changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LockChange {
    /// Taken, to the exclusion of all others.
    Taken,
    /// No longer so.
    Free,
    /// Taken by one more reader.
    ReaderIn,
    /// Given back by one reader.
    ReaderOut,
}

/// See [`What::Site`].
#[derive(Debug, Clone)]
pub struct NewSite {
    /// Its number in the run.
    pub id: SiteId,
    /// What it is.
    pub site: Arc<Site>,
}

/// How a task's last poll looked, which tells a return from an abort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastPoll {
    /// The task's span was entered twice: once to poll, once to drop. It
    /// returned, panicked, or was aborted from within its own poll.
    Polled,
    /// The span was entered once: the future was dropped and not polled.
    Dropped,
    /// There was no poll: the runtime shut down.
    Shutdown,
    /// The span was not entered at all: Tokio's tracing is not heard, so a return is not told from an abort.
    Unheard,
}

/// See [`What::Named`].
#[derive(Debug, Clone)]
pub struct Named {
    /// The task.
    pub task: TaskId,
    /// The name given to `task::Builder::name`; empty when none was.
    pub name: String,
    /// The size of the task's future, in bytes; 0 when that was not told.
    pub bytes: u64,
}

/// What a lane is of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LaneOf {
    /// A task of the runtime.
    #[default]
    Task,
    /// A task of a `LocalSet`.
    Local,
    /// A closure for the pool for blocking work. It is queued until a thread of the pool takes it, and runs in one go.
    Blocking,
    /// The root of a `block_on`: the future that it was given. Nothing is known of who wakes it.
    Root,
}

/// See [`What::Lane`].
#[derive(Debug, Clone)]
pub struct Lane {
    /// Its number, as if it were a task.
    pub task: TaskId,
    /// What it is; never a task of the runtime.
    pub of: LaneOf,
    /// The name that was given to `task::Builder::name`; empty when none was.
    pub name: String,
    /// The size of the future or closure, in bytes; 0 when that was not told.
    pub bytes: u64,
    /// The task or lane whose poll spawned it.
    pub parent: Option<TaskId>,
    /// The source line of the call.
    pub at: CallLine,
}

/// See [`What::Panic`].
#[derive(Debug, Clone)]
pub struct Panic {
    /// The task that was being polled.
    pub task: TaskId,
    /// What the panic said.
    pub message: String,
    /// `file:line` of the panic.
    pub place: String,
}

/// See [`What::SpanOpen`].
#[derive(Debug, Clone)]
pub struct SpanOpen {
    /// The span.
    pub span: SpanId,
    /// The task that entered it.
    pub task: TaskId,
    /// Its name and fields, as a label for the lane.
    pub label: String,
}

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Finest detail.
    Trace,
    /// For debugging.
    Debug,
    /// The usual.
    Info,
    /// Something is off.
    Warn,
    /// Something failed.
    Error,
}

/// See [`What::Log`].
#[derive(Debug, Clone)]
pub struct Log {
    /// The task that emitted it; none outside a poll.
    pub task: Option<TaskId>,
    /// How much it matters.
    pub level: Level,
    /// The message and its fields, counters left out.
    pub message: String,
    /// Each field named `counter.NAME`: the name and its new value.
    pub counters: Vec<(&'static str, f64)>,
    /// Whether it is at level error and has a field `error`: the task has then failed.
    pub failed: bool,
    /// What it says for the picture.
    pub cues: Cues,
}

/// What an event says for the picture, in fields of their own. Such a field is no part of the message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cues {
    /// The field `moment`: a word for something that decides the run, like "cancel".
    pub moment: Option<String>,
    /// The field `moment_at_ms`: when the moment is, in milliseconds since the run began, if that is not now.
    pub moment_at_ms: Option<u64>,
    /// The field `mark`: a short text for the lane of the task.
    pub mark: Option<String>,
    /// Each field named `state.NAME`: the name, and the word that holds from now on.
    pub states: Vec<(&'static str, String)>,
}

const _: () = assert!(size_of::<Event>() == 40, "an event is written at every poll and every wait");
