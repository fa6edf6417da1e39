//! Samples of the runtime's own metrics.

/// Tokio's own metrics since the previous sample, from tokio-metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// When, in nanoseconds since the run began.
    pub at_ns: u64,
    /// Each worker's share of busy wall time, 0 to 1.
    pub busy: Vec<f64>,
    /// Mean wall time of a poll, in nanoseconds.
    pub mean_poll_ns: u64,
    /// Polls since the previous sample, by Tokio's count.
    pub polls: u64,
    /// Tasks in the global queue.
    pub global_queue: usize,
    /// Tasks in all local queues of the workers.
    pub local_queue: usize,
    /// Tasks that workers stole from each other.
    pub steals: u64,
    /// Threads of the blocking pool.
    pub blocking_threads: usize,
    /// How often the coop budget made a task yield.
    pub budget_yields: u64,
}
