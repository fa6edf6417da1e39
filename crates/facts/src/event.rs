//! The events of a recorder: each is one small fact with its time.
//!
//! An event is plain data of 40 bytes, so that a worker can write it without
//! allocating. Larger data (a name, a log line) is boxed: it comes from the
//! program's own formatting, which allocates anyway. Events state what was observed;
//! a trace works out what it means.

use std::fmt;
use std::num::{NonZeroU32, NonZeroU64};
use std::panic::Location;
use std::sync::Arc;

use super::site::{Place, Site};

/// Tokio's own number of a task, unique in the process while the task is alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(pub NonZeroU64);

/// One of the program's own spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanId(pub u64);

/// A resource of Tokio's: a lock, a semaphore, a channel. Unique in the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceId(pub NonZeroU32);

/// An operation of Tokio's: a future that waits, on a timer or a resource.
/// Unique in the process while the future exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OpId(pub NonZeroU64);

impl OpId {
    /// The bit for [`OpId::is_owned`], which is in the id because an event has no room for it.
    pub const OWNED: u64 = 1 << 56;

    /// Whether the operation's guard can leave its task: an owned guard can, one that borrows its resource cannot.
    pub fn is_owned(self) -> bool {
        self.0.get() & Self::OWNED != 0
    }
}

/// The meaning of a stack. Unique in the run; 0 if no stack was taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SiteId(pub u32);

/// The source line of a call.
///
/// A worker records a pointer to the compiler's static location. A recording that is
/// read back has no such pointer, and creates its own data.
#[derive(Debug, Clone)]
pub enum CallLine {
    /// From this build of the program.
    Known(&'static Location<'static>),
    /// From a recording.
    Told(Arc<Place>),
}

impl CallLine {
    /// The file, as passed to the compiler: `scenarios/semaphore.rs`.
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
    /// The name and size of a task. Comes before its spawn.
    Named(Box<Named>),
    /// A future or closure was spawned, or passed to `block_on`, that is not a task of the runtime, but is polled and ends like
    /// one.
    Lane(Box<Lane>),
    /// A worker starts to poll a task.
    PollStart(TaskId),
    /// The poll has returned, or the task was dropped in it.
    PollEnd(TaskId),
    /// The runtime has dropped a task's future. Comes before the end of the last poll.
    Terminate {
        /// The task that ended.
        task: TaskId,
        /// What the recorder saw of the last poll.
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
    /// A task panicked. Its end follows, unless the panic was caught.
    Panic(Box<Panic>),
    /// A task entered a span of the program for the first time.
    SpanOpen(Box<SpanOpen>),
    /// The last handle of a span was dropped.
    SpanClose(SpanId),
    /// An event of the program: a line of the log.
    Log(Box<Log>),
    /// The meaning of a site. Comes before the first event that names it.
    Site(Box<NewSite>),
    /// A resource was created. Resources created before the recording or outside
    /// the run are never announced.
    Resource {
        /// The new resource.
        resource: ResourceId,
        /// What it is.
        kind: ResourceKind,
        /// Where it was created.
        site: SiteId,
    },
    /// Within the task's poll a future returned `Pending`, or is about to.
    Pending {
        /// The task.
        task: TaskId,
        /// The operation that waits, if Tokio reports it: it does not for joins,
        /// notifications, received messages, sockets.
        op: Option<OpId>,
        /// The resource that the future waits for.
        resource: Option<ResourceId>,
        /// Its site.
        site: SiteId,
    },
    /// Within the task's poll an operation was polled and returned `Ready`.
    Done {
        /// The task.
        task: TaskId,
        /// The operation.
        op: OpId,
        /// Where, when it took permits of a semaphore or room in a channel.
        site: SiteId,
        /// The operation's resource.
        resource: Option<ResourceId>,
    },
    /// An operation's future was dropped: it was cancelled, or had ended.
    Closed {
        /// The operation.
        op: OpId,
        /// The task in whose poll this happened.
        by: TaskId,
        /// The site of the drop.
        site: SiteId,
    },
    /// Within the task's poll a timer was set or reset: at its first poll, and when the program resets it.
    Timer {
        /// The task.
        task: TaskId,
        /// The timer's operation. An interval keeps it across ticks.
        op: OpId,
        /// The time left until the deadline, in milliseconds, as Tokio rounds it; 0 if it has passed.
        after_ms: u64,
    },
    /// Within its poll the task needs another turn: Tokio's budget is used up, or the task calls its own waker. In the second
    /// case the wake follows.
    Turn {
        /// The task.
        task: TaskId,
        /// Its site.
        site: SiteId,
        /// Whether the budget is used up.
        spent: bool,
    },
    /// The schedule of the run lets the task's poll, which has just begun, make this many of Tokio's operations. The next one
    /// then puts the task behind all that are ready.
    Limited {
        /// The task.
        task: TaskId,
        /// How many operations.
        operations: u8,
    },
    /// The thread that writes this belongs to the pool for blocking work, and is not a worker.
    PoolThread,
    /// The thread that writes this is a worker: the runtime started it to poll tasks.
    WorkerThread,
    /// An operation asks for permits. Not recorded if it asks for one.
    Asked {
        /// The operation.
        op: OpId,
        /// How many permits; a writer asks a read-write lock for hundreds of millions of them.
        permits: u32,
        /// The resource.
        resource: Option<ResourceId>,
    },
    /// Released permits went to a waiting operation.
    Granted {
        /// The operation that gets them.
        op: OpId,
        /// The task that released them.
        by: Option<TaskId>,
        /// The resource of the permits.
        resource: Option<ResourceId>,
        /// How many.
        permits: u32,
    },
    /// The free permits of a semaphore or channel have changed.
    Permits {
        /// The semaphore or channel.
        resource: ResourceId,
        /// The kind of change.
        change: Change,
        /// By how many, or to how many.
        permits: u32,
        /// The task in whose poll this happened.
        by: Option<TaskId>,
    },
    /// A lock was taken or released.
    Lock {
        /// The mutex or read-write lock.
        resource: ResourceId,
        /// How it changed.
        change: LockChange,
        /// The task in whose poll this happened.
        by: Option<TaskId>,
        /// Where it was taken.
        site: SiteId,
        /// Whether the guard may leave the task: true for an owned guard, and if the lock was taken without waiting
        /// (`try_lock`), since then the kind of guard is unknown.
        owned: bool,
    },
}

impl What {
    /// The site in the event; none if it is unknown.
    pub fn site(&self) -> Option<SiteId> {
        let site = match self {
            What::Resource { site, .. }
            | What::Pending { site, .. }
            | What::Done { site, .. }
            | What::Lock { site, .. }
            | What::Closed { site, .. }
            | What::Turn { site, .. } => *site,
            _ => return None,
        };
        (site.0 != 0).then_some(site)
    }

    /// The site in the event.
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

/// The kind of a resource.
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

/// How a number of permits changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// It is set to a value.
    Set,
    /// It grows by a value.
    Add,
    /// It shrinks by a value.
    Sub,
}

/// How a lock changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LockChange {
    /// Taken exclusively.
    Taken,
    /// Released after exclusive use.
    Free,
    /// Taken by one more reader.
    ReaderIn,
    /// Released by one reader.
    ReaderOut,
}

/// See [`What::Site`].
#[derive(Debug, Clone)]
pub struct NewSite {
    /// Its number in the run.
    pub id: SiteId,
    /// Its meaning.
    pub site: Arc<Site>,
}

/// What the recorder saw of a task's last poll, which distinguishes a return from an abort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastPoll {
    /// The task's span was entered twice: once to poll, once to drop. It
    /// returned, panicked, or was aborted from within its own poll.
    Polled,
    /// The span was entered once: the future was dropped without a poll.
    Dropped,
    /// There was no poll: the runtime shut down.
    Shutdown,
    /// The span was not entered at all: Tokio's tracing is not received, so a return looks like an abort.
    Unheard,
}

/// See [`What::Named`].
#[derive(Debug, Clone)]
pub struct Named {
    /// The task.
    pub task: TaskId,
    /// The name passed to `task::Builder::name`; empty if there was none.
    pub name: String,
    /// The size of the task's future in bytes; 0 if unknown.
    pub bytes: u64,
}

/// What a lane shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LaneOf {
    /// A task of the runtime.
    #[default]
    Task,
    /// A task of a `LocalSet`.
    Local,
    /// A closure for the pool for blocking work. It is queued until a thread of the pool takes it, and runs without a break.
    Blocking,
    /// The root of a `block_on`: the future passed to it. Its wakers are unknown.
    Root,
}

impl LaneOf {
    /// The name of an unnamed lane, without its number.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Local => "local",
            Self::Blocking => "blocking",
            Self::Root => "block_on",
        }
    }
}

/// See [`What::Lane`].
#[derive(Debug, Clone)]
pub struct Lane {
    /// Its number, like a task's.
    pub task: TaskId,
    /// What it shows; never a task of the runtime.
    pub of: LaneOf,
    /// The name passed to `task::Builder::name`; empty if there was none.
    pub name: String,
    /// The size of the future or closure in bytes; 0 if unknown.
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
    /// The panic message.
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
    /// The span's name and fields, as a label for the lane.
    pub label: String,
}

/// The level of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The finest detail.
    Trace,
    /// For debugging.
    Debug,
    /// Normal operation.
    Info,
    /// Something looks wrong.
    Warn,
    /// Something failed.
    Error,
}

/// See [`What::Log`].
#[derive(Debug, Clone)]
pub struct Log {
    /// The task that emitted it; `None` outside a poll.
    pub task: Option<TaskId>,
    /// The level.
    pub level: Level,
    /// The message and its fields, without counters.
    pub message: String,
    /// Each field `counter.NAME`: the name and its new value.
    pub counters: Vec<(&'static str, f64)>,
    /// Whether it has level error and a field `error`, which means that the task has failed.
    pub failed: bool,
    /// Its hints for the timeline.
    pub cues: Cues,
}

/// Hints for the timeline in special fields of an event. These fields are not part of the message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cues {
    /// The field `moment`: a word for a decisive event of the run, such as "cancel".
    pub moment: Option<String>,
    /// The field `moment_at_ms`: the time of the moment, in milliseconds since the run began, if it is not now.
    pub moment_at_ms: Option<u64>,
    /// The field `mark`: a short text for the lane of the task.
    pub mark: Option<String>,
    /// Each field `state.NAME`: the name, and the state from now on.
    pub states: Vec<(&'static str, String)>,
}

const _: () = assert!(size_of::<Event>() == 40, "an event is written at every poll and every wait");
