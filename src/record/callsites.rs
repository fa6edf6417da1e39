//! Which of the process's spans and events are recorded, and as what.
//!
//! `tracing` asks once for each callsite, and the answer decides what a disabled one
//! costs: a load. So the choice is made by the static description alone, and made
//! again when a recorder comes that wants more.

use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};

use tracing_core::{Level as TracingLevel, Metadata};

use super::fetched::is_fetched;
use super::fields::Op;
use super::symbols;

/// What a span or event is to the recorder, told by its static description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The span that Tokio wraps around what is spawned.
    Task,
    /// What Tokio says of a task's waker.
    Waker,
    /// The span of a resource of Tokio's.
    Resource,
    /// The span of an operation on one.
    Op,
    /// What Tokio says of an operation's poll.
    OpPolled,
    /// What Tokio says of a resource's state.
    ResourceState,
    /// What Tokio says of an operation's state.
    OpState,
    /// A span or event of the program that is run.
    Program,
    /// Anything else: not recorded.
    Other,
}

impl Source {
    /// All that there are.
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

    /// Remembered from the last time, by the address of the description: to compare its texts takes as long as to write
    /// down what it says.
    pub(super) fn of(metadata: &'static Metadata<'static>) -> Self {
        static REMEMBERED: [AtomicU64; 256] = [const { AtomicU64::new(0) }; 256];
        let address = std::ptr::from_ref(metadata).addr() as u64;
        let remembered = &REMEMBERED[(address >> 4 ^ address >> 12) as usize % REMEMBERED.len()];
        let bits = remembered.load(Ordering::Relaxed);
        // An address has 56 bits at most; above it stands the source, counted from 1.
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

    /// What is recorded of it now: what concerns waits only once some recorder wants them.
    pub(super) fn wanted(metadata: &Metadata<'_>) -> Self {
        match Self::read(metadata) {
            Source::Waker => match known(metadata) {
                Some(Op::Drop) => Source::Other,
                Some(Op::Clone) if !WAITS.load(Ordering::Relaxed) => Source::Other,
                _ => Source::Waker,
            },
            Source::Resource | Source::Op | Source::OpPolled | Source::ResourceState | Source::OpState
                if !WAITS.load(Ordering::Relaxed) =>
            {
                Source::Other
            }
            source => source,
        }
    }
}

/// The callsites of Tokio's words on wakers, once each has been heard. All of them look alike but for a value, and to ask
/// for that at every wake would cost more than the wake does.
static CALLSITES: [AtomicPtr<()>; Op::ALL.len()] = [const { AtomicPtr::new(std::ptr::null_mut()) }; Op::ALL.len()];

/// What Tokio says there of a waker, if that callsite has been heard.
pub(super) fn known(metadata: &Metadata<'_>) -> Option<Op> {
    let callsite = std::ptr::from_ref(metadata).cast();
    Op::ALL.into_iter().find(|op| CALLSITES[*op as usize].load(Ordering::Relaxed).cast_const() == callsite)
}

/// A callsite was heard. From now on it is known, and asked only as far as it is needed.
pub(super) fn learn(op: Op, metadata: &Metadata<'_>) {
    CALLSITES[op as usize].store(std::ptr::from_ref(metadata).cast_mut().cast(), Ordering::Relaxed);
    tracing_core::callsite::rebuild_interest_cache();
}

/// Whether any recorder of this process has wanted waits.
static WAITS: AtomicBool = AtomicBool::new(false);

/// From now on Tokio's words on resources are listened to.
pub(super) fn want_waits() {
    if !WAITS.swap(true, Ordering::Relaxed) {
        tracing_core::callsite::rebuild_interest_cache();
        symbols::warm_up(Vec::new());
    }
}

/// Whether it is of a crate whose own tracing says nothing about the program that is run. The program may have one of that name.
fn is_infrastructure(metadata: &Metadata<'_>) -> bool {
    let name = metadata.target().split("::").next().unwrap_or_default();
    let known = matches!(
        name,
        "tokio" | "tokio_util" | "runtime" | "mio" | "h2" | "hyper" | "hyper_util" | "tower" | "tonic" | "console_subscriber"
    );
    known && metadata.file().is_none_or(is_fetched)
}
