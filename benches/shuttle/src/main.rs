//! The program of `cargo bench --bench hunt` under shuttle: 19 tasks take one of three permits each, and main waits for them.
//!
//! shuttle has no time, so where the scenario sleeps for a second time, a task yields. It runs the program on coroutines of its
//! own with its own locks, and records nothing, which is why it is faster.

use std::sync::Arc;
use std::time::Instant;

use shuttle::future::batch_semaphore::{BatchSemaphore, Fairness};
use shuttle::future::{block_on, spawn, yield_now};

/// How many times the speed is measured.
const TIMES: usize = 5;
/// How many runs each time.
const RUNS: usize = 4_000;

fn main() {
    let mut measured: Vec<f64> = (0..TIMES).map(|_| speed()).collect();
    measured.sort_by(f64::total_cmp);
    println!(
        "shuttle, 20 tasks, 1 thread: {:.0} runs a second, {:.0} to {:.0}",
        measured[TIMES / 2],
        measured[0],
        measured[TIMES - 1]
    );
}

/// Runs a second, with preemptions drawn as in probabilistic concurrency testing with depth 3.
fn speed() -> f64 {
    let began = Instant::now();
    shuttle::check_pct(program, RUNS, 3);
    RUNS as f64 / began.elapsed().as_secs_f64()
}

fn program() {
    block_on(async {
        let limit = Arc::new(BatchSemaphore::new(3, Fairness::StrictlyFair));
        let tasks: Vec<_> = (0..19)
            .map(|_| {
                let limit = limit.clone();
                spawn(async move {
                    limit.acquire(1).await.expect("it is never closed");
                    yield_now().await;
                    limit.release(1);
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no task panics");
        }
    });
}
