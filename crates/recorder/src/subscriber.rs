//! The bare subscriber: the cheapest way to receive Tokio's tracing.
//!
//! `tracing_subscriber::Registry` keeps every span in a shared slab, which costs more
//! than the polls that we record. The only relevant data of a task's span is the task,
//! which fits into the span's id: nothing is stored, and a wake is recognised by the
//! id alone.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use tracing_core::span::{Attributes, Id, Record};
use tracing_core::{Event, Interest, LevelFilter, Metadata, Subscriber};

use super::callsites::{Source, dependent, depends};
use super::event::{LaneOf, TaskId};
use super::handle::Handle;
use super::observe::{self, TaskRef};
use super::panic;
use super::sources::{self, Code};
use super::stack::Walker;

/// Installs the recorder as the process's global subscriber and in the panic hook.
/// Only the first call does anything. An existing global subscriber stays in place;
/// add a `RecordLayer` to it before it is installed.
///
/// # Errors
///
/// If Tokio's tracing does not reach the recorder. Recordings then lack names, wakes, waits and the way tasks end.
pub fn install() -> Result<(), Unheard> {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        sources::declare(Code::Stack(Walker::new().here()));
        install_panic_hook();
        // An error is fine: another subscriber may pass the events on. The check is below.
        set_global();
    });
    // This thread may have its own default subscriber, so also check on another one.
    let heard = observe::is_heard() || thread::scope(|scope| scope.spawn(observe::is_heard).join().unwrap_or(false));
    if heard { Ok(()) } else { Err(Unheard) }
}

/// Makes the recorder the process's global subscriber. Returns whether there was no other.
pub(super) fn set_global() -> bool {
    tracing::subscriber::set_global_default(Bare { next_span: AtomicU64::new(1) }).is_ok()
}

/// Tokio's tracing does not reach the recorder, so a trace would be almost empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unheard;

impl fmt::Display for Unheard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the recorder does not receive Tokio's tracing: another tracing subscriber is installed without a RecordLayer, or \
             a filter or a feature of `tracing` (max_level_*) disables TRACE",
        )
    }
}

impl std::error::Error for Unheard {}

/// Installs only the panic hook: for a process whose own global subscriber has a
/// `RecordLayer`. Only the first call does anything.
pub fn install_panic_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(panic::install);
}

/// See the module.
struct Bare {
    /// The id of the next span of the program.
    next_span: AtomicU64,
}

/// A task's span id consists of this bit, the run, the kind of lane, and the task's number. No program reaches 2^44 tasks.
const IS_TASK: u64 = 1 << 63;
const RUN_SHIFT: u32 = 48;
const KIND_SHIFT: u32 = 44;
const TASK_MASK: u64 = (1 << KIND_SHIFT) - 1;

/// The ids of the program's own spans: the range besides tasks and [`Handle`]s. No program reaches 2^62 spans.
const PROGRAM_MASK: u64 = (1 << 62) - 1;

/// The meaning of a span id.
enum Meaning {
    Task(TaskRef),
    Handle(Handle),
    Program(u64),
}

impl Meaning {
    fn of(span: &Id) -> Self {
        let bits = span.into_u64();
        match (task_of(bits), Handle::from_bits(bits)) {
            (Some(task), _) => Self::Task(task),
            (None, Some(handle)) => Self::Handle(handle),
            (None, None) => Self::Program(bits),
        }
    }
}

fn task_span(task: TaskRef) -> u64 {
    let kind = task.of as u64 | u64::from(task.seen) << 2 | u64::from(task.alone) << 3;
    IS_TASK | task.run << RUN_SHIFT | kind << KIND_SHIFT | (task.task.0.get() & TASK_MASK)
}

fn task_of(span: u64) -> Option<TaskRef> {
    if span & IS_TASK == 0 {
        return None;
    }
    let task = TaskId(NonZeroU64::new(span & TASK_MASK)?);
    let of = [LaneOf::Task, LaneOf::Local, LaneOf::Blocking, LaneOf::Root][(span >> KIND_SHIFT & 3) as usize];
    let kind = span >> KIND_SHIFT;
    Some(TaskRef { run: (span & !IS_TASK) >> RUN_SHIFT, task, of, seen: kind & 4 != 0, alone: kind & 8 != 0 })
}

impl Subscriber for Bare {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        match Source::wanted(metadata) {
            Source::Other => Interest::never(),
            source if depends(source, metadata) => Interest::sometimes(),
            _ => Interest::always(),
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        match dependent(metadata) {
            Some(source) => observe::is_relevant(source),
            None => Source::wanted(metadata) != Source::Other,
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let source = Source::of(attributes.metadata());
        let bits = match source {
            Source::Op => observe::new_op(attributes).bits(),
            Source::Resource => observe::new_resource(attributes).bits(),
            Source::Task if let Some(task) = observe::new_task(attributes) => task_span(task),
            _ => {
                let id = (self.next_span.fetch_add(1, Ordering::Relaxed) & PROGRAM_MASK).max(1);
                if source == Source::Program {
                    observe::new_span(id, attributes);
                }
                id
            }
        };
        Id::from_u64(bits)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        observe::event(event, task_of);
    }

    fn enter(&self, span: &Id) {
        match Meaning::of(span) {
            Meaning::Task(task) => observe::enter_task(task),
            Meaning::Handle(handle) => observe::enter(handle),
            Meaning::Program(span) => observe::enter_span(span),
        }
    }

    fn exit(&self, span: &Id) {
        match Meaning::of(span) {
            Meaning::Task(task) => {
                observe::exit_task(task);
            }
            Meaning::Handle(handle) => observe::exit(handle),
            Meaning::Program(_) => {}
        }
    }

    fn clone_span(&self, id: &Id) -> Id {
        match Meaning::of(id) {
            Meaning::Task(_) => {}
            Meaning::Handle(handle) => observe::pass(handle),
            Meaning::Program(span) => observe::clone_span(span),
        }
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        match Meaning::of(&id) {
            Meaning::Task(task) => {
                observe::close_task(task);
                false
            }
            Meaning::Handle(handle) => {
                observe::drop_handle(handle);
                false
            }
            Meaning::Program(span) => observe::drop_span(span),
        }
    }
}
