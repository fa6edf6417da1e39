//! Decides which spans and events of the process to record, and as what.
//!
//! `tracing` asks once for each callsite, and a disabled one then costs only a load. So
//! the decision uses only the static metadata, and is made again when a recorder wants
//! more detail.

use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};

use tracing_core::{Level as TracingLevel, Metadata};

use super::fetched::is_fetched;
use super::handle::SEMAPHORE;
use super::symbols;

/// The kind of a span or event for the recorder, derived from its static metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Tokio's span around a spawned future or closure.
    Task,
    /// Tokio's event about a task's waker. [`Source::learn`] says which.
    Waker,
    /// Tokio's event that a task's waker was called.
    Wake,
    /// Tokio's event that a task's waker was cloned.
    Clone,
    /// Tokio's span of a resource.
    Resource,
    /// Tokio's span of an operation on a resource.
    Op,
    /// Tokio's event about an operation's poll. [`Source::learn`] says which.
    OpPolled,
    /// Tokio's event that an operation's poll returned `Ready`.
    Ready,
    /// Tokio's event that an operation's poll returned `Pending`.
    Pending,
    /// Tokio's event about a resource's state.
    ResourceState,
    /// Tokio's event about an operation's state.
    OpState,
    /// A span or event of the program.
    Program,
    /// Anything else: not recorded.
    Other,
}

impl Source {
    /// Every kind.
    const ALL: [Self; 13] = [
        Self::Task,
        Self::Waker,
        Self::Wake,
        Self::Clone,
        Self::Resource,
        Self::Op,
        Self::OpPolled,
        Self::Ready,
        Self::Pending,
        Self::ResourceState,
        Self::OpState,
        Self::Program,
        Self::Other,
    ];

    /// The kind of a span or event, cached by the address of the metadata: comparing its strings would take as long as
    /// recording the event.
    pub(super) fn of(metadata: &'static Metadata<'static>) -> Self {
        let (address, remembered) = Self::remembered(metadata);
        let bits = remembered.load(Ordering::Relaxed);
        // An address has at most 56 bits. The bits above it hold the source plus one.
        if bits << 8 >> 8 == address
            && let Some(source) = (bits >> 56).checked_sub(1).and_then(|source| Self::ALL.get(source as usize))
        {
            return *source;
        }
        let source = Self::read(metadata);
        source.learn(metadata);
        source
    }

    /// From now on, [`Source::of`] returns this for the callsite, unless it has to forget it. Some of Tokio's callsites differ only
    /// in a field that always has the same value there, and reading that would cost more than all other work on the event.
    pub(super) fn learn(self, metadata: &'static Metadata<'static>) {
        let (address, remembered) = Self::remembered(metadata);
        remembered.store((self as u64 + 1) << 56 | address, Ordering::Relaxed);
    }

    fn remembered(metadata: &'static Metadata<'static>) -> (u64, &'static AtomicU64) {
        static REMEMBERED: [AtomicU64; 256] = [const { AtomicU64::new(0) }; 256];
        let address = ptr::from_ref(metadata).addr() as u64;
        (address, &REMEMBERED[(address >> 4 ^ address >> 12) as usize % REMEMBERED.len()])
    }

    fn read(metadata: &Metadata<'_>) -> Self {
        match metadata.target() {
            "tokio::task" | "tokio::task::blocking" if metadata.name() == "runtime.spawn" => Source::Task,
            "tokio::task::waker" => Source::Waker,
            "runtime::resource::poll_op" => Source::OpPolled,
            "runtime::resource::state_update" => Source::ResourceState,
            "runtime::resource::async_op::state_update" => Source::OpState,
            target if target.starts_with("tokio::") => match metadata.name() {
                "runtime.resource" => Source::Resource,
                "runtime.resource.async_op" => Source::Op,
                _ => Source::Other,
            },
            _ if *metadata.level() <= TracingLevel::DEBUG && !is_infrastructure(metadata) => Source::Program,
            _ => Source::Other,
        }
    }

    /// The kind under which to record it now. Events about wakes and waits are recorded only once a recorder wants them.
    pub(super) fn wanted(metadata: &Metadata<'_>) -> Self {
        match Self::read(metadata) {
            // The recorder sends the test event itself, and needs it at any detail.
            Source::Waker if metadata.fields().field(TEST).is_some() => Source::Waker,
            Source::Waker | Source::OpState | Source::OpPolled if USELESS.place(metadata).is_some() => Source::Other,
            Source::OpPolled if wraps(metadata) && !BARRIERS.load(Ordering::Relaxed) => Source::Other,
            Source::Waker | Source::Resource | Source::Op | Source::OpPolled | Source::ResourceState | Source::OpState
                if !WAITS.load(Ordering::Relaxed) =>
            {
                Source::Other
            }
            source => source,
        }
    }
}

/// The module of Tokio for operations that wrap others.
pub(super) const WRAPS: &str = "tokio::util::trace";

fn wraps(metadata: &Metadata<'_>) -> bool {
    metadata.module_path() == Some(WRAPS)
}

/// Whether the process has created a barrier. Before that, all operations in [`WRAPS`] wrap others, which report their polls
/// themselves.
static BARRIERS: AtomicBool = AtomicBool::new(false);

/// Enables the events that only barriers need.
pub(super) fn want_barriers() {
    if !BARRIERS.swap(true, Ordering::Relaxed) {
        tracing_core::callsite::rebuild_interest_cache();
    }
}

/// Callsites by the address of their metadata, each in a place of its own.
struct Callsites<const N: usize>([AtomicPtr<()>; N]);

impl<const N: usize> Callsites<N> {
    const fn new() -> Self {
        Self([const { AtomicPtr::new(ptr::null_mut()) }; N])
    }

    /// The place of this callsite.
    fn place(&self, metadata: &Metadata<'_>) -> Option<usize> {
        let callsite = ptr::from_ref(metadata).cast();
        self.0.iter().position(|known| known.load(Ordering::Relaxed).cast_const() == callsite)
    }

    /// Puts this callsite there, if that place is free. Returns whether it was.
    fn put(&self, place: usize, metadata: &Metadata<'_>) -> bool {
        let callsite = ptr::from_ref(metadata).cast_mut().cast();
        self.0[place].compare_exchange(ptr::null_mut(), callsite, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// The callsites whose relevance depends on the moment. Tokio's operations that wrap another one use the first two, for their
/// span and for the event about a poll; barriers use them too, and wrap nothing. The third is the span of a semaphore, which
/// says nothing but what the semaphore inside it is for.
static DEPENDS: Callsites<3> = Callsites::new();

/// Whether it depends on the moment if this callsite is relevant.
pub(super) fn depends(source: Source, metadata: &Metadata<'_>) -> bool {
    let place = match source {
        Source::Op if wraps(metadata) => 0,
        Source::OpPolled if wraps(metadata) => 1,
        Source::Resource if metadata.target() == SEMAPHORE => 2,
        _ => return false,
    };
    DEPENDS.put(place, metadata) || DEPENDS.place(metadata) == Some(place)
}

/// The kind of a callsite for which [`depends`] is true.
pub(super) fn dependent(metadata: &Metadata<'_>) -> Option<Source> {
    Some([Source::Op, Source::OpPolled, Source::Resource][DEPENDS.place(metadata)?])
}

/// The field of the event that tests whether Tokio's tracing is heard: see `observe::is_heard`.
const TEST: &str = "heard";

/// The callsites of events that say nothing new.
static USELESS: Callsites<8> = Callsites::new();

/// Remembers a callsite, and asks `tracing` not to send its events again.
#[cold]
pub(super) fn disable(metadata: &Metadata<'_>) {
    if USELESS.place(metadata).is_none() && (0..USELESS.0.len()).any(|place| USELESS.put(place, metadata)) {
        tracing_core::callsite::rebuild_interest_cache();
    }
}

/// Whether any recorder of this process has asked for wakes and waits.
static WAITS: AtomicBool = AtomicBool::new(false);

/// Enables Tokio's events about wakers and resources.
pub(super) fn want_waits() {
    if !WAITS.swap(true, Ordering::Relaxed) {
        tracing_core::callsite::rebuild_interest_cache();
        symbols::warm_up(Vec::new());
    }
}

/// Whether it comes from a crate whose tracing is irrelevant to the program. The program may contain a crate with such a name.
fn is_infrastructure(metadata: &Metadata<'_>) -> bool {
    let name = metadata.target().split("::").next().unwrap_or_default();
    let known = matches!(
        name,
        "tokio" | "tokio_util" | "runtime" | "mio" | "h2" | "hyper" | "hyper_util" | "tower" | "tonic" | "console_subscriber"
    );
    known && metadata.file().is_none_or(is_fetched)
}
