//! Interprets Tokio's tracing data.
//!
//! Both the bare subscriber and the layer for tokio-console call these functions, so
//! the recording does not depend on which one is installed.

use std::cell::Cell;
use std::fmt::Write as _;
use std::num::NonZeroU64;

use tokio::task::coop;
use tracing_core::span::Attributes;
use tracing_core::{Event as TracingEvent, Level as TracingLevel, Metadata};

use super::callsites::{Source, WRAPS, disable, want_barriers};
use super::event::{Change, LaneOf, Level, Log, SpanId, SpanOpen, TaskId, What};
use super::fields::{Owned, SpanOf, StateFields, TaskFields, Text, WakerOp};
use super::handle::{Handle, Kind};
use super::lanes::is_tokios;
use super::local::{self, Local};
use super::program::{self, Worker};
use super::recorder::{OpenSpan, Shared, lock};

/// A task or lane of a run, as encoded in a span id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TaskRef {
    pub(super) run: u64,
    pub(super) task: TaskId,
    pub(super) of: LaneOf,
    /// Whether it has a lane. A task of the runtime that has none is a worker, whose number is in `task`.
    pub(super) seen: bool,
    /// Whether its spans are all there is, because the whole process is observed. Hooks may still know more.
    pub(super) alone: bool,
}

impl TaskRef {
    /// The thread that a worker runs on.
    fn of_worker(run: u64, Worker { runtime, index }: Worker) -> Option<Self> {
        let task = TaskId(NonZeroU64::new(u64::from(runtime) << 16 | u64::from(index))?);
        Some(Self { run, task, of: LaneOf::Task, seen: false, alone: true })
    }

    fn is_worker(self) -> bool {
        self.of == LaneOf::Task && !self.seen
    }

    fn worker(self) -> Worker {
        let number = self.task.0.get();
        Worker { runtime: (number >> 16) as u16, index: number as u16 }
    }
}

/// The source file of Tokio that starts workers.
const WORKERS: &str = "runtime/scheduler/multi_thread/worker.rs";

/// The span of a spawned task or lane was created. Returns `None` if the thread belongs to no run, or if the lane is a worker
/// that nobody asked for.
pub(super) fn new_task(attributes: &Attributes<'_>) -> Option<TaskRef> {
    let mut fields = TaskFields::default();
    attributes.record(&mut fields);
    let (task, of) = (TaskId(NonZeroU64::new(fields.id)?), fields.of);
    let tokios = of == LaneOf::Blocking && is_tokios(attributes.metadata().file(), fields.file());
    if tokios && fields.file().ends_with(WORKERS) {
        return new_worker();
    }
    local::with(|local| {
        let alone = local.shared().process;
        let seen = if of == LaneOf::Task {
            local.new_task(task, fields, alone);
            true
        } else {
            !tokios && local.new_lane(task, fields)
        };
        TaskRef { run: local.shared().run, task, of, seen, alone }
    })
}

/// The span of a worker was created.
fn new_worker() -> Option<TaskRef> {
    // The runtime that starts it may be built on a thread that does nothing else, which need not join.
    let run = program::recorder()?.shared.run;
    let own = local::if_attached(|local| local.worker).flatten();
    TaskRef::of_worker(run, program::new_worker(own)?)
}

/// Runs `f` on the calling thread's state, if the thread belongs to this run.
fn with_run(run: u64, f: impl FnOnce(&mut Local)) {
    local::with(|local| {
        if local.shared().run == run {
            f(local);
        }
    });
}

/// The span of a task or lane was entered.
pub(super) fn enter_task(entered: TaskRef) {
    if entered.is_worker() {
        return enter_worker(entered);
    }
    let TaskRef { run, task, of, seen, alone } = entered;
    with_run(run, |local| match of {
        LaneOf::Task if alone && !local.is_hooked(task) => local.enter_future(task, of),
        LaneOf::Task => local.enter_task(task),
        LaneOf::Local if seen => local.enter_future(task, of),
        of if seen => local.enter_lane(task, of),
        LaneOf::Root => local.in_unseen(Some(task)),
        _ => local.joins_pool(),
    });
}

/// A worker begins on the calling thread.
#[cold]
fn enter_worker(entered: TaskRef) {
    // Joining is all: a thread that has joined before was a worker before.
    local::with_thread(Some(entered.worker()), |_| ());
}

/// The span of a task or lane was left. Returns whether it was dropped, so that nothing more is to come.
#[inline]
pub(super) fn exit_task(TaskRef { run, task, of, seen, alone }: TaskRef) -> bool {
    if of == LaneOf::Task && !(alone && seen) {
        return false;
    }
    let mut ended = false;
    with_run(run, |local| {
        match of {
            // A hook reports the end.
            LaneOf::Task if local.is_hooked(task) => {
                ended = local.enters > 1;
                return;
            }
            LaneOf::Task => local.exit_future(task),
            LaneOf::Local if seen => local.exit_future(task),
            _ if seen => local.exit_lane(task, of),
            _ => local.in_unseen(None),
        }
        ended = local.knows_end(task);
    });
    ended
}

/// The span of a task or lane was closed.
pub(super) fn close_task(TaskRef { run, task, of, seen, alone }: TaskRef) {
    // With hooks, they report the end of tasks and closures.
    if seen && (alone || matches!(of, LaneOf::Local | LaneOf::Root)) {
        with_run(run, |local| {
            if of == LaneOf::Root {
                local.close_root();
            }
            if !local.is_hooked(task) {
                local.close_future(task);
            }
        });
    }
}

thread_local! {
    /// Whether the test event of [`is_heard`] has arrived.
    static HEARD: Cell<bool> = const { Cell::new(false) };
}

/// Whether Tokio's tracing on this thread reaches the recorder: sends a test event that looks like one about a waker.
pub(super) fn is_heard() -> bool {
    HEARD.set(false);
    tracing::trace!(target: "tokio::task::waker", heard = true);
    HEARD.get()
}

/// Tokio or the program has emitted an event. `task` is the task of a span, by the span's id.
#[inline]
pub(super) fn event(event: &TracingEvent<'_>, task: impl Fn(u64) -> Option<TaskRef>) {
    let callsite = event.metadata();
    let woken = || {
        let mut span = SpanOf::default();
        event.record(&mut span);
        task(span.0)
    };
    let mut source = Source::of(callsite);
    if matches!(source, Source::Waker | Source::OpPolled) {
        source = learn(source, event);
    }
    match source {
        Source::Wake => woken().into_iter().for_each(wake),
        Source::Clone => woken().into_iter().for_each(cloned),
        Source::Ready | Source::Pending => op_polled(source == Source::Ready, callsite),
        Source::ResourceState => resource_state(event),
        Source::OpState => op_state(event),
        Source::Program => log(event),
        Source::Task | Source::Waker | Source::Resource | Source::Op | Source::OpPolled | Source::Other => {}
    }
}

/// What the events of a callsite report, according to its first one.
#[cold]
fn learn(source: Source, event: &TracingEvent<'_>) -> Source {
    let callsite = event.metadata();
    let learned = if source == Source::Waker {
        let mut op = WakerOp::default();
        event.record(&mut op);
        match op {
            WakerOp::Wake => Source::Wake,
            WakerOp::Clone => Source::Clone,
            WakerOp::Drop => {
                disable(callsite);
                return source;
            }
            WakerOp::Unknown => {
                HEARD.set(true);
                return source;
            }
        }
    } else {
        let mut fields = StateFields::default();
        event.record(&mut fields);
        match fields.flag {
            Some(true) => Source::Ready,
            Some(false) => Source::Pending,
            None => return source,
        }
    };
    learned.learn(callsite);
    learned
}

/// A task's waker was cloned.
fn cloned(waker: TaskRef) {
    local::with(|local| {
        if local.shared().run == waker.run {
            local.cloned(waker.task);
        }
    });
}

/// The span of a resource was created. Returns its handle.
pub(super) fn new_resource(attributes: &Attributes<'_>) -> Handle {
    let module = attributes.metadata().target();
    let handle = local::with(|local| local.make_resource(module)).unwrap_or(Handle::WRAPPER);
    if handle.kind() == Kind::Barrier {
        want_barriers();
    }
    handle
}

/// The span of an operation was created. Returns its handle.
pub(super) fn new_op(attributes: &Attributes<'_>) -> Handle {
    let module = attributes.metadata().target();
    let timer = module == "tokio::time::sleep";
    let mut owned = Owned::default();
    if module == WRAPS {
        attributes.record(&mut owned);
    }
    local::with(|local| local.make_op(timer, owned.0)).unwrap_or(Handle::WRAPPER.op(0))
}

/// Whether an operation's span, the report of its poll, or the span of a semaphore is relevant now. A wrapper is irrelevant if
/// its guard is known to borrow. A semaphore's own span is irrelevant, once the one inside it has its data.
pub(super) fn is_relevant(source: Source) -> bool {
    let relevant = local::with(|local| match source {
        Source::Op => !local.is_wrapper(),
        Source::Resource => !local.begins_semaphore(),
        _ => local.inside.op().is_some(),
    });
    relevant != Some(false)
}

/// Whether a span is relevant: one that only wraps another is not.
fn matters(handle: Handle) -> bool {
    handle.kind() != Kind::Wrapper || handle.is_owned()
}

/// The span of a resource or operation was entered.
pub(super) fn enter(handle: Handle) {
    if matters(handle) {
        local::with(|local| local.enter(handle));
    }
}

/// The span of a resource or operation was left.
pub(super) fn exit(handle: Handle) {
    if matters(handle) {
        local::with(|local| local.exit(handle));
    }
}

/// The last handle of an operation's span was dropped. Only the layer calls this.
#[cfg(feature = "layer")]
pub(super) fn close(handle: Handle) {
    if let Some(op) = handle.op_id() {
        local::with(|local| local.close_op(op));
    }
}

/// A handle of a span was cloned. Only the bare subscriber calls this.
pub(super) fn pass(handle: Handle) {
    if handle.op_id().is_some() {
        local::with(|local| local.inside.pass(handle));
    }
}

/// A handle of a span was dropped. Only the bare subscriber calls this.
pub(super) fn drop_handle(handle: Handle) {
    if let Some(op) = handle.op_id() {
        local::with(|local| {
            if local.inside.drop_handle(handle) {
                local.close_op(op);
            }
        });
    }
}

/// An operation was polled.
fn op_polled(ready: bool, callsite: &'static Metadata<'static>) {
    if let Some(useless) = local::with(|local| local.polled(ready, callsite)).flatten() {
        disable(useless);
    }
}

/// A resource's state has changed.
fn resource_state(event: &TracingEvent<'_>) {
    local::with(|local| {
        // Most of these events are about resources that only wrap another one.
        if local.inside.resource().is_some_and(|resource| resource.kind() != Kind::Wrapper) {
            // The values are Tokio's numbers and texts, so reading them runs no code of the program.
            let mut fields = StateFields::default();
            event.record(&mut fields);
            local.resource_state(&fields);
        }
    });
}

/// An operation's state has changed.
fn op_state(event: &TracingEvent<'_>) {
    let mut fields = StateFields::default();
    event.record(&mut fields);
    if fields.change == Change::Set && fields.name == "permits_obtained" {
        return disable(event.metadata());
    }
    local::with(|local| match (fields.name, fields.number) {
        ("permits_requested", Some(permits)) => local.asked(permits),
        ("permits_obtained", Some(permits)) => local.obtained(permits),
        _ => {}
    });
}

/// A task's waker was called.
fn wake(woken: TaskRef) {
    let recorded = local::with(|local| {
        let same = local.shared().run == woken.run;
        if same && local.waits {
            let by = local.waker();
            let wake = What::Wake { task: woken.task, by };
            if by == Some(woken.task) {
                // A task that yields is woken as it says so.
                local.turn(woken.task, !coop::has_budget_remaining());
                local.push_at_once(wake);
            } else {
                local.push(wake);
            }
        }
        same
    });
    if recorded != Some(true)
        && let Some(shared) = Shared::of_run(woken.run)
    {
        shared.wake_from_outside(woken.task);
    }
}

/// A span of the program was created.
pub(super) fn new_span(id: u64, attributes: &Attributes<'_>) {
    let mut text = Text::default();
    attributes.record(&mut text);
    let mut label = attributes.metadata().name().to_owned();
    if !text.fields.is_empty() {
        let _ = write!(label, " {}", text.fields);
    }
    local::with(|local| {
        lock(&local.shared().spans).insert(id, OpenSpan { handles: 1, entered: false, label });
    });
}

/// A span of the program was entered.
pub(super) fn enter_span(id: u64) {
    local::with(|local| {
        let Some(task) = local.task() else { return };
        let first = lock(&local.shared().spans).get_mut(&id).and_then(|span| {
            let first = !span.entered;
            span.entered = true;
            first.then(|| std::mem::take(&mut span.label))
        });
        if let Some(label) = first {
            local.push(What::SpanOpen(Box::new(SpanOpen { span: SpanId(id), task, label })));
        }
    });
}

/// A handle of a program's span was cloned.
pub(super) fn clone_span(id: u64) {
    local::with(|local| {
        if let Some(span) = lock(&local.shared().spans).get_mut(&id) {
            span.handles += 1;
        }
    });
}

/// A handle of a program's span was dropped. Returns whether it was the last one.
pub(super) fn drop_span(id: u64) -> bool {
    let last = local::with(|local| {
        let mut spans = lock(&local.shared().spans);
        let last = spans.get_mut(&id).is_some_and(|span| {
            span.handles -= 1;
            span.handles == 0
        });
        let entered = last && spans.remove(&id).is_some_and(|span| span.entered);
        drop(spans);
        if entered {
            local.push(What::SpanClose(SpanId(id)));
        }
        last
    });
    last == Some(true)
}

/// The program emitted an event. Apart from Tokio's events, which are many more and then need less stack.
#[cold]
fn log(event: &TracingEvent<'_>) {
    // Format before borrowing the thread's state: a `Debug` of the program may itself emit events.
    if local::with(|_| ()).is_none() {
        return;
    }
    let mut text = Text::default();
    event.record(&mut text);
    let level = level(*event.metadata().level());
    let mut message = text.message;
    if !text.fields.is_empty() {
        let space = if message.is_empty() { "" } else { " " };
        let _ = write!(message, "{space}{}", text.fields);
    }
    let failed = level == Level::Error && text.error;
    local::with(|local| {
        let task = local.task();
        local.push(What::Log(Box::new(Log { task, level, message, counters: text.counters, failed, cues: text.cues })));
    });
}

fn level(level: TracingLevel) -> Level {
    match level {
        TracingLevel::ERROR => Level::Error,
        TracingLevel::WARN => Level::Warn,
        TracingLevel::INFO => Level::Info,
        TracingLevel::DEBUG => Level::Debug,
        TracingLevel::TRACE => Level::Trace,
    }
}
