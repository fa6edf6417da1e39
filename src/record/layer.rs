//! The recorder as a layer, beside another one in a `Registry`.
//!
//! console-subscriber is a layer and needs a `Registry`, and a process has one
//! global subscriber. So while tokio-console is served, the recorder listens as
//! a layer too. The registry hands out the span ids and uses them again, so
//! what a span is to us is kept in the span's extensions and dies with it.

use tracing_core::span::{Attributes, Id};
use tracing_core::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterFn, Filtered, filter_fn};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::observe::{self, Source, TaskRef};

/// The recorder's ear in a `Registry`. [`super::install`] is cheaper where nobody else listens.
#[derive(Debug, Clone, Copy, Default)]
pub struct RecordLayer;

/// A [`RecordLayer`] that is asked only about what it takes.
pub type FilteredRecordLayer<S> = Filtered<RecordLayer, FilterFn, S>;

impl RecordLayer {
    /// The layer to put into a `Registry`. Filtered for itself, so that the other layers still get what it leaves.
    pub fn filtered<S: Subscriber + for<'span> LookupSpan<'span>>() -> FilteredRecordLayer<S> {
        RecordLayer.with_filter(filter_fn(|metadata| Source::of(metadata) != Source::Other))
    }
}

impl<S: Subscriber + for<'span> LookupSpan<'span>> Layer<S> for RecordLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, cx: Context<'_, S>) {
        match Source::of(attributes.metadata()) {
            Source::Task => {
                if let (Some(task), Some(span)) = (observe::new_task(attributes), cx.span(id)) {
                    span.extensions_mut().insert(task);
                }
            }
            Source::Program => observe::new_span(id.into_u64(), attributes),
            Source::Waker | Source::Other => {}
        }
    }

    fn on_event(&self, event: &Event<'_>, cx: Context<'_, S>) {
        match Source::of(event.metadata()) {
            Source::Waker => {
                let woken = observe::woken_span(event).filter(|span| *span != 0);
                if let Some(task) = woken.and_then(|span| task_of(&Id::from_u64(span), &cx)) {
                    observe::wake(task);
                }
            }
            Source::Program => observe::log(event),
            Source::Task | Source::Other => {}
        }
    }

    fn on_enter(&self, id: &Id, cx: Context<'_, S>) {
        match task_of(id, &cx) {
            Some(task) => observe::enter_task(task),
            None => observe::enter_span(id.into_u64()),
        }
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        // The registry counts the handles; for us there was one.
        observe::drop_span(id.into_u64());
    }
}

fn task_of<S: Subscriber + for<'span> LookupSpan<'span>>(id: &Id, cx: &Context<'_, S>) -> Option<TaskRef> {
    cx.span(id)?.extensions().get::<TaskRef>().copied()
}
