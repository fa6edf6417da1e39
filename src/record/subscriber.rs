//! The bare subscriber: the cheapest way to hear what Tokio says.
//!
//! `tracing_subscriber::Registry` keeps every span in a shared slab, which costs
//! more than the polls we want to see. Of a task's span only one thing matters,
//! which task it is, and that fits in the span's id: nothing is stored, and a
//! wake is told from the id alone.

use std::num::NonZeroU64;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing_core::span::{Attributes, Id, Record};
use tracing_core::{Event, Interest, LevelFilter, Metadata, Subscriber};

use super::event::TaskId;
use super::observe::{self, Source, TaskRef};
use super::panic;

/// Starts to listen: to Tokio's tracing, as the process's global subscriber,
/// and to panics. Only the first call does anything. When the process has a
/// global subscriber already, that one stays; put a
/// [`RecordLayer`](super::RecordLayer) into it.
pub fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        install_panic_hook();
        let _ = tracing::subscriber::set_global_default(Bare { next_span: AtomicU64::new(1) });
    });
}

/// Listens to panics only: for a process whose own global subscriber holds a
/// [`RecordLayer`](super::RecordLayer). Only the first call does anything.
pub fn install_panic_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(panic::install);
}

/// See the module.
struct Bare {
    /// The id of the next span that is no task's.
    next_span: AtomicU64,
}

/// A span id that is a task's: this bit, the run, the task's number.
const IS_TASK: u64 = 1 << 63;
const TASK_BITS: u32 = 48;
const TASK_MASK: u64 = (1 << TASK_BITS) - 1;

fn task_span(task: TaskRef) -> u64 {
    IS_TASK | (task.run << TASK_BITS) | (task.task.0.get() & TASK_MASK)
}

fn task_of(span: u64) -> Option<TaskRef> {
    if span & IS_TASK == 0 {
        return None;
    }
    let task = TaskId(NonZeroU64::new(span & TASK_MASK)?);
    Some(TaskRef { run: (span & !IS_TASK) >> TASK_BITS, task })
}

impl Subscriber for Bare {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        match Source::of(metadata) {
            Source::Other => Interest::never(),
            _ => Interest::always(),
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        Source::of(metadata) != Source::Other
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        if Source::of(attributes.metadata()) == Source::Task
            && let Some(task) = observe::new_task(attributes)
        {
            return Id::from_u64(task_span(task));
        }
        // 2^63 spans are not reached; the mask keeps the promise that 0 and a task's bit never occur.
        let id = self.next_span.fetch_add(1, Ordering::Relaxed) & !IS_TASK;
        if Source::of(attributes.metadata()) == Source::Program {
            observe::new_span(id, attributes);
        }
        Id::from_u64(id.max(1))
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        if event.metadata().target() == "tokio::task::waker" {
            if let Some(woken) = observe::woken_span(event).and_then(task_of) {
                observe::wake(woken);
            }
        } else {
            observe::log(event);
        }
    }

    fn enter(&self, span: &Id) {
        match task_of(span.into_u64()) {
            Some(task) => observe::enter_task(task),
            None => observe::enter_span(span.into_u64()),
        }
    }

    fn exit(&self, _: &Id) {}

    fn clone_span(&self, id: &Id) -> Id {
        if task_of(id.into_u64()).is_none() {
            observe::clone_span(id.into_u64());
        }
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        task_of(id.into_u64()).is_none() && observe::drop_span(id.into_u64())
    }
}
