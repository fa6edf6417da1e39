//! Decides which spans and events of the process to record, and as what.
//!
//! `tracing` asks once for each callsite, and a disabled one then costs only a load. So
//! the decision uses only the static metadata, and is made again when a recorder wants
//! more detail.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};

use tracing_core::callsite::Identifier;
use tracing_core::{Level as TracingLevel, Metadata};

use super::fetched::is_fetched;
use super::fields::Op;
use super::symbols;

/// The kind of a span or event for the recorder, derived from its static metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Tokio's span around a spawned future or closure.
    Task,
    /// Tokio's event about a task's waker.
    Waker,
    /// Tokio's span of a resource.
    Resource,
    /// Tokio's span of an operation on a resource.
    Op,
    /// Tokio's event about an operation's poll.
    OpPolled,
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
    const ALL: [Self; 9] = [
        Self::Task,
        Self::Waker,
        Self::Resource,
        Self::Op,
        Self::OpPolled,
        Self::ResourceState,
        Self::OpState,
        Self::Program,
        Self::Other,
    ];

    /// The kind of a span or event, cached by the address of the metadata: comparing its strings would take as long as
    /// recording the event.
    pub(super) fn of(metadata: &'static Metadata<'static>) -> Self {
        static REMEMBERED: [AtomicU64; 256] = [const { AtomicU64::new(0) }; 256];
        let address = std::ptr::from_ref(metadata).addr() as u64;
        let remembered = &REMEMBERED[(address >> 4 ^ address >> 12) as usize % REMEMBERED.len()];
        let bits = remembered.load(Ordering::Relaxed);
        // An address has at most 56 bits. The bits above it hold the source plus one.
        if bits << 8 >> 8 == address
            && let Some(source) = (bits >> 56).checked_sub(1).and_then(|source| Self::ALL.get(source as usize))
        {
            return *source;
        }
        let source = Self::read(metadata);
        remembered.store((source as u64 + 1) << 56 | address, Ordering::Relaxed);
        source
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
            Source::Waker if known(metadata) == Some(Op::Drop) => Source::Other,
            Source::OpState if is_useless(metadata) => Source::Other,
            Source::Waker | Source::Resource | Source::Op | Source::OpPolled | Source::ResourceState | Source::OpState
                if !WAITS.load(Ordering::Relaxed) =>
            {
                Source::Other
            }
            source => source,
        }
    }
}

/// The callsites that Tokio's operations use if they wrap another one: of the span, and of the event about a poll. Barriers use
/// them too, and wrap nothing.
static MAY_WRAP: [OnceLock<Identifier>; 2] = [const { OnceLock::new() }; 2];

/// Whether it depends on the moment if this callsite is relevant.
pub(super) fn may_wrap(source: Source, metadata: &Metadata<'_>) -> bool {
    let known = match source {
        Source::Op => &MAY_WRAP[0],
        Source::OpPolled => &MAY_WRAP[1],
        _ => return false,
    };
    metadata.module_path() == Some("tokio::util::trace") && *known.get_or_init(|| metadata.callsite()) == metadata.callsite()
}

/// The kind of a callsite for which [`may_wrap`] is true.
pub(super) fn wrapper(metadata: &Metadata<'_>) -> Option<Source> {
    let place = MAY_WRAP.iter().position(|known| known.get() == Some(&metadata.callsite()))?;
    Some([Source::Op, Source::OpPolled][place])
}

/// The field of the event that tests whether Tokio's tracing is heard: see `observe::is_heard`.
const TEST: &str = "heard";

/// The callsites of Tokio's waker events, once each has occurred. They differ only in a field value, and reading that at every
/// wake would cost more than the wake itself.
static CALLSITES: [AtomicPtr<()>; Op::ALL.len()] = [const { AtomicPtr::new(std::ptr::null_mut()) }; Op::ALL.len()];

/// The waker operation of a callsite, if that callsite has occurred.
pub(super) fn known(metadata: &Metadata<'_>) -> Option<Op> {
    let callsite = std::ptr::from_ref(metadata).cast();
    Op::ALL.into_iter().find(|op| CALLSITES[*op as usize].load(Ordering::Relaxed).cast_const() == callsite)
}

/// Remembers a callsite, and asks `tracing` to evaluate the callsites' interest again.
pub(super) fn learn(op: Op, metadata: &Metadata<'_>) {
    CALLSITES[op as usize].store(std::ptr::from_ref(metadata).cast_mut().cast(), Ordering::Relaxed);
    tracing_core::callsite::rebuild_interest_cache();
}

/// The callsite of the event by which Tokio says that a new operation has no permits yet.
static NONE_OBTAINED: AtomicPtr<()> = AtomicPtr::new(std::ptr::null_mut());

fn is_useless(metadata: &Metadata<'_>) -> bool {
    NONE_OBTAINED.load(Ordering::Relaxed).cast_const() == std::ptr::from_ref(metadata).cast()
}

/// Remembers the callsite of an event that says nothing new, and asks `tracing` not to send it again.
pub(super) fn disable(metadata: &Metadata<'_>) {
    if !is_useless(metadata) {
        NONE_OBTAINED.store(std::ptr::from_ref(metadata).cast_mut().cast(), Ordering::Relaxed);
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
