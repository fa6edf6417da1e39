//! When a run on the real clock has stalled.
//!
//! There no clock jumps when nothing can run, so a stall has to be told from the
//! trace: nothing has happened for a while, and every living task waits for
//! something that only another task can give. A sleep, a socket, a file and a
//! blocking thread end by themselves, so a task that waits for one of them is no
//! sign of a stall, however long it takes. What cannot be seen is a thread of the
//! program's own that would have sent a message later: hence the while, which the
//! user can set.

use std::time::{Duration, Instant};

use scenarios::Clock;
use tokio::runtime::{Handle, RuntimeMetrics};

use super::spec::Spec;
use crate::trace::Trace;

/// Watches one run.
pub(super) struct Quiet {
    /// None on the virtual clock.
    watched: Option<RuntimeMetrics>,
    after: Duration,
    since: Instant,
    /// Whether this silence has been looked into: its outcome does not change until something happens.
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
        // A join does not say that it is one of a blocking thread; Tokio says whether there is one at work.
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
