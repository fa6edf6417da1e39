//! The workloads, and the loop that measures them.
//!
//! Another crate includes this file too, for a recorder that the program must not depend on: so all subjects do the same work,
//! measured in the same way.

use std::pin::Pin;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, mpsc};
use tokio::task;

/// How long each measurement warms up.
const WARM_UP: Duration = Duration::from_millis(400);

/// The pause after each batch, in which the recorder's own thread catches up. Without it console-subscriber drops events, and
/// seems cheap.
const PAUSE: Duration = Duration::from_millis(25);

/// How often a batch is measured, unless that takes too long.
const BATCHES: usize = 15;

/// How long the batches may take, once there are [`FEWEST`].
const LONGEST: Duration = Duration::from_secs(3);

/// The fewest batches.
const FEWEST: usize = 3;

/// A workload: its name, the number of operations in a batch, and the work.
pub struct Workload {
    /// Its name in the table.
    pub name: &'static str,
    operations: u64,
    run: fn(u64) -> Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// The workloads that are timed.
pub const WORKLOADS: [Workload; 4] = [
    Workload { name: "yield loop", operations: 100_000, run: |n| Box::pin(yield_loop(n)) },
    Workload { name: "contended semaphore", operations: 20_000, run: |n| Box::pin(contended_semaphore(n)) },
    Workload { name: "bounded channel", operations: 20_000, run: |n| Box::pin(bounded_channel(n)) },
    Workload { name: "spawn and join", operations: 20_000, run: |n| Box::pin(spawn_and_join(n)) },
];

/// Many tasks alive at once, with ten yields each: the memory that recording them takes.
pub const MEMORY: Workload = Workload { name: "many tasks", operations: 100_000, run: |n| Box::pin(many_tasks(n)) };

/// The workload of that name.
pub fn named(name: &str) -> Option<&'static Workload> {
    const ALL: &[Workload] = &WORKLOADS;
    ALL.iter().chain([&MEMORY]).find(|workload| workload.name == name)
}

/// Measures a workload: nanoseconds an operation of processor time of the thread that runs it, in the fastest batch, because
/// other work on the machine only adds time. For [`MEMORY`] the peak in bytes.
pub fn measure(runtime: &Runtime, workload: &Workload) -> f64 {
    if workload.name == MEMORY.name {
        run(runtime, (workload.run)(workload.operations));
        return peak_bytes();
    }
    let once = |n: u64| {
        let start = thread_time();
        run(runtime, (workload.run)(n));
        thread_time().saturating_sub(start).as_nanos() as f64 / n as f64
    };
    // One-time work must not count: caches, line tables, Tokio's callsites.
    let start = Instant::now();
    while start.elapsed() < WARM_UP {
        once(workload.operations / 20);
        thread::sleep(PAUSE);
    }
    let start = Instant::now();
    let mut fastest = f64::INFINITY;
    for batch in 0..BATCHES {
        if batch >= FEWEST && start.elapsed() > LONGEST {
            break;
        }
        fastest = fastest.min(once(workload.operations));
        thread::sleep(PAUSE);
    }
    fastest
}

/// The processor time of this thread so far. Wall time would include that of other programs.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Runs work as a task: a root of `block_on` is not recorded by everyone.
fn run(runtime: &Runtime, work: Pin<Box<dyn Future<Output = ()> + Send>>) {
    runtime.block_on(async { task::spawn(work).await.expect("does not panic") });
}

async fn yield_loop(n: u64) {
    for _ in 0..n {
        task::yield_now().await;
    }
}

/// Two tasks share one permit and release it every time, so each acquire has to wait.
async fn contended_semaphore(n: u64) {
    let permit = Arc::new(Semaphore::new(1));
    let turns = |n: u64| {
        let permit = permit.clone();
        async move {
            for _ in 0..n {
                let _permit = permit.acquire().await.expect("never closed");
                task::yield_now().await;
            }
        }
    };
    let other = task::spawn(turns(n / 2));
    turns(n / 2).await;
    other.await.expect("does not panic");
}

async fn bounded_channel(n: u64) {
    let (send, mut receive) = mpsc::channel(1);
    let sender = task::spawn(async move {
        for i in 0..n {
            send.send(i).await.expect("the receiver is alive");
        }
    });
    while receive.recv().await.is_some() {}
    sender.await.expect("does not panic");
}

async fn spawn_and_join(n: u64) {
    for _ in 0..n {
        task::spawn(async {}).await.expect("does not panic");
    }
}

async fn many_tasks(n: u64) {
    let tasks: Vec<_> = (0..n).map(|_| task::spawn(yield_loop(10))).collect();
    for task in tasks {
        task.await.expect("does not panic");
    }
}

/// The peak memory of this process; 0 if the system does not report it.
fn peak_bytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or(0.0) * 1024.0
}
