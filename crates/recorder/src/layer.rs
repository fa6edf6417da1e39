//! The recorder as a layer, for use with other layers in a `Registry`.
//!
//! console-subscriber is a layer and needs a `Registry`, and a process has one global
//! subscriber. So with tokio-console, the recorder is a layer too. The registry
//! assigns span ids and reuses them, so the recorder keeps its data for a span in the
//! span's extensions.

use std::thread;
use std::time::Duration;

use tracing::subscriber::NoSubscriber;
use tracing_core::span::{Attributes, Id};
use tracing_core::{Dispatch, Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterFn, Filtered, filter_fn};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::callsites::Source;
use super::handle::Handle;
use super::init::{self, Problem};
use super::observe::{self, TaskRef};
use super::program;
use super::stack::look_further;

/// The recorder's layer for a `Registry`. Without other layers, [`super::install`] is cheaper.
#[derive(Debug, Clone, Copy, Default)]
pub struct RecordLayer;

/// A [`RecordLayer`] with a filter for the spans and events that it records.
pub type FilteredRecordLayer<S> = Filtered<RecordLayer, FilterFn, S>;

impl RecordLayer {
    /// Creates the layer for a `Registry`. The filter applies only to this layer, so other layers still get everything.
    pub fn filtered<S: Subscriber + for<'span> LookupSpan<'span>>() -> FilteredRecordLayer<S> {
        RecordLayer.with_filter(filter_fn(|metadata| Source::wanted(metadata) != Source::Other))
    }
}

/// Observes this program from now on, like [`init`](crate::init), as a layer of the program's own subscriber:
///
/// ```
/// use tracing_subscriber::filter::LevelFilter;
/// use tracing_subscriber::layer::Identity;
/// use tracing_subscriber::prelude::*;
///
/// # fn main() -> std::io::Result<()> {
/// # let my_layer = Identity::new();
/// tracing_subscriber::registry()
///     .with(async_playground_recorder::layer())
///     // A filter of the whole registry would hide Tokio's tracing from the recorder, so each other layer has its own.
///     .with(my_layer.with_filter(LevelFilter::INFO))
///     .init();
/// let runtime = tokio::runtime::Runtime::new()?;
/// runtime.block_on(async { tokio::spawn(async {}).await })?;
/// # Ok(())
/// # }
/// ```
///
/// The environment variable `ASYNC_PLAYGROUND` means the same as for `init`. `None` if the program is not to be observed, or
/// cannot be; then one line on stderr says why. A registry costs more than `init`'s own subscriber.
#[track_caller]
pub fn layer<S: Subscriber + for<'span> LookupSpan<'span>>() -> Option<FilteredRecordLayer<S>> {
    let begun = init::begin(|| {
        super::install_panic_hook();
        check_when_installed();
        Ok(())
    });
    if let Err(problem) = begun {
        init::say(&problem);
        return None;
    }
    program::recorder().map(|_| RecordLayer::filtered())
}

/// How often, and how many times, to look whether there is a global subscriber: nobody reports when it is installed.
const LOOKS: (Duration, u32) = (Duration::from_millis(20), 500);

/// Says so if the program's subscriber hides Tokio's tracing from the layer. Checks once the subscriber is installed, on a
/// separate thread.
fn check_when_installed() {
    let is_installed = || !tracing::dispatcher::get_default(Dispatch::is::<NoSubscriber>);
    let check = move || {
        for _ in 0..LOOKS.1 {
            if is_installed() {
                if !observe::is_heard() {
                    init::say(&Problem::Filter);
                }
                return;
            }
            thread::sleep(LOOKS.0);
        }
    };
    // Without this thread, only the warning is missing.
    _ = thread::Builder::new().name("async-playground".to_owned()).spawn(check);
}

impl<S: Subscriber + for<'span> LookupSpan<'span>> Layer<S> for RecordLayer {
    fn on_layer(&mut self, _: &mut S) {
        look_further();
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, cx: Context<'_, S>) {
        let Some(span) = cx.span(id) else { return };
        match Source::of(attributes.metadata()) {
            Source::Task => {
                if let Some(task) = observe::new_task(attributes) {
                    span.extensions_mut().insert(task);
                }
            }
            Source::Resource => span.extensions_mut().insert(observe::new_resource(attributes)),
            Source::Op => span.extensions_mut().insert(observe::new_op(attributes)),
            Source::Program => observe::new_span(id.into_u64(), attributes),
            _ => {}
        }
    }

    fn on_event(&self, event: &Event<'_>, cx: Context<'_, S>) {
        let task = |span: u64| Some(span).filter(|span| *span != 0).and_then(|span| extension(&Id::from_u64(span), &cx));
        observe::event(event, task);
    }

    fn on_enter(&self, id: &Id, cx: Context<'_, S>) {
        if let Some(task) = extension::<TaskRef, S>(id, &cx) {
            observe::enter_task(task);
        } else if let Some(handle) = extension::<Handle, S>(id, &cx) {
            observe::enter(handle);
        } else {
            observe::enter_span(id.into_u64());
        }
    }

    fn on_exit(&self, id: &Id, cx: Context<'_, S>) {
        if let Some(task) = extension::<TaskRef, S>(id, &cx) {
            // The registry closes a span only after all spans in it, which may outlive the task.
            if observe::exit_task(task)
                && let Some(span) = cx.span(id)
            {
                span.extensions_mut().remove::<TaskRef>();
            }
        } else if let Some(handle) = extension::<Handle, S>(id, &cx) {
            observe::exit(handle);
        }
    }

    fn on_close(&self, id: Id, cx: Context<'_, S>) {
        // The registry counts the handles, so this is the last one.
        if let Some(task) = extension::<TaskRef, S>(&id, &cx) {
            observe::close_task(task);
        } else if let Some(handle) = extension::<Handle, S>(&id, &cx) {
            observe::close(handle);
        } else {
            observe::drop_span(id.into_u64());
        }
    }
}

/// The recorder's data for a span.
fn extension<T: Copy + 'static, S: Subscriber + for<'span> LookupSpan<'span>>(id: &Id, cx: &Context<'_, S>) -> Option<T> {
    cx.span(id)?.extensions().get::<T>().copied()
}
