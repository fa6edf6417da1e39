//! A process in which something else owns the global subscriber: the recorder reports that it gets no Tokio tracing, and does
//! not guess.
//!
//! It is a separate program, because a process has one global subscriber.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails with the test")]

use std::sync::Once;

use engine::{Run, Spec, StartError};
use recorder::{self, OnFull, RecordLayer, Recorder, Unheard};
use tokio::runtime::Builder;
use tokio::task;
use trace::{End, Trace};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::{set_global_default, with_default};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

fn install() -> Result<(), Unheard> {
    static SET: Once = Once::new();
    SET.call_once(|| set_global_default(registry()).unwrap());
    recorder::install()
}

#[test]
fn another_subscriber_is_an_error_each_time() {
    for _ in 0..2 {
        assert_eq!(install(), Err(Unheard));
    }
    assert!(Unheard.to_string().contains("RecordLayer"));
}

#[test]
fn no_run_is_started_of_which_next_to_nothing_could_be_told() {
    let _ = install();
    let started = Run::start(&Spec::new(&scenarios::semaphore::SCENARIO));
    assert!(matches!(started, Err(StartError::Unheard(_))), "{started:?}");
}

#[test]
fn the_layer_hears_unless_a_filter_keeps_it_from_that() {
    let _ = install();
    let heard = with_default(registry().with(RecordLayer), recorder::install);
    assert_eq!(heard, Ok(()));
    let filtered = with_default(registry().with(RecordLayer).with(LevelFilter::DEBUG), recorder::install);
    assert_eq!(filtered, Err(Unheard));
}

/// Hooks alone cannot distinguish a return from an abort.
#[test]
fn how_a_task_ended_is_not_known_unless_it_panicked() {
    let _ = install();
    let (recorder, mut reader) = Recorder::new(OnFull::Drop);
    let mut builder = Builder::new_current_thread();
    recorder.observe(&mut builder, ());
    let runtime = builder.enable_all().build().unwrap();
    runtime.block_on(async {
        let _attached = recorder.attach("main thread");
        recorder.begin_real();
        task::spawn(async {}).await.unwrap();
        let waits = task::spawn(std::future::pending::<()>());
        task::yield_now().await;
        waits.abort();
        assert!(waits.await.unwrap_err().is_cancelled());
        assert!(task::spawn(async { panic!("on purpose") }).await.unwrap_err().is_panic());
        recorder.close();
    });
    let mut trace = Trace::default();
    reader.drain(true, |thread, event| trace.push(thread, event));
    trace.close(trace.end_ns);
    let ends: Vec<_> = trace.tasks.iter().map(|task| task.ended.map(|ended| ended.how)).collect();
    assert_eq!(ends, [Some(End::Unknown), Some(End::Unknown), Some(End::Panicked)]);
    assert_eq!((trace.totals().unknown, trace.totals().cancelled, trace.totals().completed), (2, 0, 0));
}
