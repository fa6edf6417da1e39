//! A Tokio program under observation: its trace, also while it runs.
#![allow(dead_code, reason = "each test program uses a part of it")]

#[path = "../keyframe/check.rs"]
pub(crate) mod keyframe;

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use recorder::{self, Detail, OnFull, Recorder};
use tokio::runtime::{Builder, RuntimeMetrics};
use tokio::task::{self, JoinHandle};
use trace::{Cause, Task, TaskIx, Trace};

/// The runtime for a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    /// One thread, and time that jumps when nothing can run.
    Virtual,
    /// One thread.
    OneThread,
    /// Two worker threads.
    TwoWorkers,
}

impl On {
    pub(crate) fn builder(self) -> Builder {
        let mut builder = match self {
            On::TwoWorkers => Builder::new_multi_thread(),
            _ => Builder::new_current_thread(),
        };
        if self == On::TwoWorkers {
            builder.worker_threads(2);
        }
        builder.enable_all().start_paused(self == On::Virtual).max_blocking_threads(1);
        if self == On::TwoWorkers {
            builder.enable_metrics_schedule_latency_histogram();
        }
        builder
    }
}

/// The trace of a running program.
#[derive(Clone, Default)]
pub(crate) struct Live(Arc<(Mutex<Trace>, Condvar)>);

impl Live {
    pub(crate) fn trace(&self) -> MutexGuard<'_, Trace> {
        self.0.0.lock().expect("the lock on the trace is not poisoned")
    }

    /// Yields until the task of that name appears to wait.
    pub(crate) async fn until_waiting(&self, name: &str) {
        while !self.after_a_look(name, |task| task.segments.last().is_some_and(|last| last.state.is_waiting())) {
            task::yield_now().await;
        }
    }

    /// Yields until the task or lane of that name appears to have ended: its end is recorded after it has woken who waits for it.
    pub(crate) async fn until_ended(&self, name: &str) {
        while !self.after_a_look(name, |task| task.ended.is_some()) {
            task::yield_now().await;
        }
    }

    /// Blocks until the recording has been read once more: constant yielding would fill the recording with yields.
    fn after_a_look(&self, name: &str, is: impl Fn(&Task) -> bool) -> bool {
        let trace = self.0.1.wait(self.trace()).expect("the lock on the trace is not poisoned");
        trace.tasks.iter().find(|task| task.name == name).is_some_and(is)
    }
}

/// Polls by Tokio's count. With several workers that count omits some polls, but the samples of a histogram do not.
pub(crate) fn polls_of(metrics: &RuntimeMetrics, on: On) -> u64 {
    if on != On::TwoWorkers {
        return metrics.worker_poll_count(0);
    }
    let buckets = metrics.schedule_latency_histogram_num_buckets();
    (0..metrics.num_workers())
        .flat_map(|worker| (0..buckets).map(move |bucket| (worker, bucket)))
        .map(|(worker, bucket)| metrics.schedule_latency_histogram_bucket_count(worker, bucket))
        .sum()
}

/// Runs a program to its end, in a task called *main*, and returns its trace and the runtime's count of polls.
pub(crate) fn observe<F, P>(on: On, detail: Detail, program: P) -> (Trace, u64)
where
    P: FnOnce(Live) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    observe_on(on.builder(), on, detail, program)
}

/// Observes a program on a runtime like `on`, with other settings.
pub(crate) fn observe_on<F, P>(builder: Builder, on: On, detail: Detail, program: P) -> (Trace, u64)
where
    P: FnOnce(Live) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    observe_boxed(builder, on, detail, Box::new(|live| Box::pin(program(live))))
}

/// A program that gets its own trace.
type Program<'a> = Box<dyn FnOnce(Live) -> Pin<Box<dyn Future<Output = ()> + Send>> + 'a>;

/// Not generic, so that it is compiled once and not for each test.
fn observe_boxed(mut builder: Builder, on: On, detail: Detail, program: Program<'_>) -> (Trace, u64) {
    // A test has no `main` of its own on the thread that creates the recorder.
    recorder::own([find as fn(&Trace, &str) -> TaskIx as usize]);
    recorder::install().expect("no other subscriber is installed");
    let (recorder, mut reader) = Recorder::with_detail(if on == On::Virtual { OnFull::Wait } else { OnFull::Drop }, detail);
    recorder.observe(&mut builder, ());
    let runtime = builder.build().expect("a runtime");
    // Not here: an empty trace is moved several times while it is made, and this thread's stack may be tiny.
    let live = thread::spawn(Live::default).join().expect("a trace");
    live.trace().detail = detail;
    let over = Arc::new(AtomicBool::new(false));
    let reading = thread::spawn({
        let (live, over) = (live.clone(), over.clone());
        move || {
            let mut events = Vec::new();
            loop {
                let last = over.load(Ordering::Acquire);
                reader.drain(last, |thread, event| {
                    events.push((thread, event.clone()));
                    live.trace().push(thread, event);
                });
                live.0.1.notify_all();
                if last {
                    break;
                }
                reader.wait(Duration::from_millis(1));
            }
            let mut trace = live.trace();
            trace.add_lost(reader.lost());
            let end_ns = trace.end_ns;
            trace.close(end_ns);
            drop(trace);
            keyframe::check(&events);
        }
    });
    {
        let attached = recorder.attach("root");
        let _context = runtime.enter();
        if on == On::Virtual {
            recorder.begin_virtual();
        } else {
            recorder.begin_real();
        }
        let main = spawn("main", program(live.clone()));
        runtime.block_on(main).expect("the program does not panic");
        drop(attached);
    }
    recorder.close();
    let metrics = runtime.metrics();
    // Before the count is read: workers hand over their counts when they end.
    runtime.shutdown_timeout(Duration::from_secs(5));
    let polls = polls_of(&metrics, on) - recorder.unrecorded_polls();
    over.store(true, Ordering::Release);
    recorder.notify();
    reading.join().expect("the trace can be read");
    let trace = std::mem::take(&mut *live.trace());
    (trace, polls)
}

pub(crate) fn spawn<T: Send + 'static>(name: &str, future: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    task::Builder::new().name(name).spawn(future).expect("within a runtime")
}

/// The task of that name.
pub(crate) fn find(trace: &Trace, name: &str) -> TaskIx {
    trace.tasks.iter().position(|task| task.name == name).unwrap_or_else(|| panic!("no task {name}")) as TaskIx
}

/// For each idle gap of a task, the cause, line and mark of each leaf: `["time 12", "join 14?"]`.
pub(crate) fn waits(trace: &Trace, name: &str) -> Vec<Vec<String>> {
    let leaf = |leaf: &trace::Leaf| {
        let site = trace.site(leaf.site);
        let line = site.place.as_ref().map_or(0, |place| place.line);
        format!("{} {line}{}", site.cause, if leaf.inferred { "?" } else { "" })
    };
    trace.waits_of(find(trace, name)).map(|wait| wait.leaves.iter().map(leaf).collect()).collect()
}

/// A single wait for that cause at that line.
pub(crate) fn one(cause: Cause, line: u32) -> Vec<String> {
    vec![format!("{cause} {line}")]
}
