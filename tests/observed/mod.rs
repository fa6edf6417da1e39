//! A Tokio program under observation: its trace, also while it runs.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use async_playground::record::{self, Detail, OnFull, Recorder};
use async_playground::trace::{Cause, State, Task, TaskIx, Trace};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{self, JoinHandle};

/// Which runtime a program is run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// One thread, and time that jumps when nothing can run.
    Virtual,
    /// One thread.
    OneThread,
    /// Two worker threads.
    TwoWorkers,
}

impl On {
    pub fn builder(self) -> Builder {
        let mut builder = match self {
            On::TwoWorkers => Builder::new_multi_thread(),
            _ => Builder::new_current_thread(),
        };
        if self == On::TwoWorkers {
            builder.worker_threads(2);
        }
        builder.enable_all().start_paused(self == On::Virtual).max_blocking_threads(1);
        builder
    }
}

/// The trace of a program that runs.
#[derive(Clone, Default)]
pub struct Live(Arc<Mutex<Trace>>);

impl Live {
    pub fn trace(&self) -> MutexGuard<'_, Trace> {
        self.0.lock().expect("no thread has panicked with the trace")
    }

    /// Yields until the task of that name is seen to wait.
    pub async fn until_waiting(&self, name: &str) {
        while !self.is_waiting(name) {
            thread::sleep(Duration::from_millis(1));
            task::yield_now().await;
        }
    }

    fn is_waiting(&self, name: &str) -> bool {
        let trace = self.trace();
        let task = trace.tasks.iter().find(|task| task.name == name);
        task.and_then(|task| task.segments.last()).is_some_and(|last| last.state.is_waiting())
    }
}

/// Runs a program to its end, in a task called *main*, and returns its trace and the runtime's own count of polls.
pub fn observe<F, P>(on: On, detail: Detail, program: P) -> (Trace, Runtime)
where
    P: FnOnce(Live) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    record::install();
    let (recorder, mut reader) = Recorder::with_detail(if on == On::Virtual { OnFull::Wait } else { OnFull::Drop }, detail);
    let mut builder = on.builder();
    recorder.observe(&mut builder, ());
    let runtime = builder.build().unwrap();
    let live = Live::default();
    let over = Arc::new(AtomicBool::new(false));
    let reading = thread::spawn({
        let (live, over) = (live.clone(), over.clone());
        move || {
            loop {
                let last = over.load(Ordering::Acquire);
                reader.drain(last, |thread, event| live.trace().push(thread, event));
                if last {
                    break;
                }
                reader.wait(Duration::from_millis(1));
            }
            let mut trace = live.trace();
            trace.add_lost(reader.lost());
            let end_ns = trace.end_ns;
            trace.close(end_ns);
        }
    });
    {
        let attached = recorder.attach("root");
        let _context = runtime.enter();
        if on == On::Virtual { recorder.begin_virtual() } else { recorder.begin_real() }
        let main = spawn("main", program(live.clone()));
        runtime.block_on(main).unwrap();
        drop(attached);
    }
    recorder.close();
    over.store(true, Ordering::Release);
    recorder.notify();
    reading.join().unwrap();
    let trace = std::mem::take(&mut *live.trace());
    (trace, runtime)
}

pub fn spawn<T: Send + 'static>(name: &str, future: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    task::Builder::new().name(name).spawn(future).unwrap()
}

/// The task of that name.
pub fn find(trace: &Trace, name: &str) -> TaskIx {
    trace.tasks.iter().position(|task| task.name == name).unwrap_or_else(|| panic!("no task {name}")) as TaskIx
}

/// For each idle gap of a task, the cause, line and mark of each leaf: `["time 12", "join 14?"]`.
pub fn waits(trace: &Trace, name: &str) -> Vec<Vec<String>> {
    let leaf = |leaf: &async_playground::trace::Leaf| {
        let site = trace.site(leaf.site);
        let line = site.place.as_ref().map_or(0, |place| place.line);
        format!("{} {line}{}", site.cause, if leaf.inferred { "?" } else { "" })
    };
    trace.waits_of(find(trace, name)).map(|wait| wait.leaves.iter().map(leaf).collect()).collect()
}

/// One wait for that cause at that line.
pub fn one(cause: Cause, line: u32) -> Vec<String> {
    vec![format!("{cause} {line}")]
}

/// The first segment of each stretch of being ready, with what came before.
pub fn readies(task: &Task) -> impl Iterator<Item = (Option<State>, u64)> {
    let segments = &task.segments;
    segments
        .iter()
        .enumerate()
        .filter(|(_, segment)| segment.state == State::Ready)
        .map(|(i, segment)| (i.checked_sub(1).map(|before| segments[before].state), segment.start_ns))
}
