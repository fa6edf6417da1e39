//! Detects a stall on the real clock.
//!
//! The real clock does not jump when nothing can run, so the trace has to show the
//! stall: nothing has happened for a while, and every task that is alive waits for
//! something that only another task can provide. A sleep, a socket, a file and a
//! blocking thread end by themselves, so a run with a task that waits for one of them
//! has not stalled, however long it takes. The trace does not show the program's own
//! threads, one of which might still send a message: therefore the user can set how
//! long the run has to be quiet.

use std::time::{Duration, Instant};

use scenario::Clock;
use tokio::runtime::{Handle, RuntimeMetrics};

use super::spec::Spec;
use trace::Trace;

/// Watches one run.
pub(super) struct Quiet {
    /// `None` on the virtual clock.
    watched: Option<RuntimeMetrics>,
    after: Duration,
    since: Instant,
    /// Whether this quiet time was checked: the result does not change until something happens.
    judged: bool,
}

impl Quiet {
    pub(super) fn new(spec: &Spec, runtime: &Handle) -> Self {
        let watched = (spec.clock == Clock::Real).then(|| runtime.metrics());
        Self { watched, after: spec.stall_after, since: Instant::now(), judged: false }
    }

    /// Whether the run has stalled, given whether anything has happened since the last call.
    pub(super) fn is_stalled(&mut self, news: bool, trace: &Trace) -> bool {
        let Some(metrics) = &self.watched else { return false };
        // The trace does not show that a join is for a blocking thread, but Tokio's metrics show whether one is busy.
        if news || metrics.num_blocking_threads() > metrics.num_idle_blocking_threads() {
            (self.since, self.judged) = (Instant::now(), false);
        }
        if self.judged || self.since.elapsed() < self.after {
            return false;
        }
        self.judged = true;
        trace.all_wait_for_others()
    }
}
