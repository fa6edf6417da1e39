//! Samples of Tokio's own metrics, about ten times a second.
//!
//! tokio-metrics gives the change between two samples for the whole runtime; the
//! busy time of each worker comes from the runtime itself. On the virtual clock the
//! samples are 100 virtual milliseconds apart, but busy and poll times are in wall
//! time, since virtual polls take no virtual time.

use std::time::{Duration, Instant};

use tokio::runtime::{Handle, RuntimeMetrics};
use tokio_metrics::{RuntimeIntervals, RuntimeMonitor};

use trace::Sample;

/// The time between two samples, on the run's own clock.
pub(super) const EVERY: Duration = Duration::from_millis(100);

/// Takes samples of one runtime.
pub(super) struct Sampler {
    intervals: RuntimeIntervals,
    metrics: RuntimeMetrics,
    busy: Vec<Duration>,
    taken: Instant,
}

impl Sampler {
    pub(super) fn new(runtime: &Handle) -> Self {
        let metrics = runtime.metrics();
        let busy = (0..metrics.num_workers()).map(|worker| metrics.worker_total_busy_duration(worker)).collect();
        Self { intervals: RuntimeMonitor::new(runtime).intervals(), metrics, busy, taken: Instant::now() }
    }

    /// Takes a sample of what has happened since the last one.
    pub(super) fn take(&mut self, at_ns: u64) -> Option<Sample> {
        let figures = self.intervals.next()?;
        let wall = self.taken.elapsed().as_secs_f64().max(f64::MIN_POSITIVE);
        self.taken = Instant::now();
        let busy = self.busy.iter_mut().enumerate().map(|(worker, before)| {
            let now = self.metrics.worker_total_busy_duration(worker);
            let ratio = now.saturating_sub(*before).as_secs_f64() / wall;
            *before = now;
            ratio.min(1.0)
        });
        Some(Sample {
            at_ns,
            busy: busy.collect(),
            mean_poll_ns: figures.mean_poll_duration.as_nanos() as u64,
            polls: figures.total_polls_count,
            global_queue: figures.global_queue_depth,
            local_queue: figures.total_local_queue_depth,
            steals: figures.total_steal_count,
            blocking_threads: figures.blocking_threads_count,
            budget_yields: figures.budget_forced_yield_count,
        })
    }
}
