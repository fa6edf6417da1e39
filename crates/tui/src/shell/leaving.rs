//! Runs that are stopping and not gone yet.
//!
//! A stopped run needs a moment until its threads have ended and its memory is free. If the next one started at once, holding
//! a key would pile up invisible runs that take unbounded memory, and processor time from the run on screen. So the next run
//! starts when the earlier ones are gone. Code that never yields cannot be stopped, and must not block the screen for ever: at
//! most one such run is left behind, and the screen says so.

use std::time::{Duration, Instant};

use super::engine::Running;
use super::reaper::Reaper;

/// A run that takes longer to stop counts as left behind.
const PATIENCE: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug)]
pub(super) struct Leaving<R> {
    /// Oldest first.
    runs: Vec<Left<R>>,
}

#[derive(Debug)]
struct Left<R> {
    run: R,
    /// When it starts to count as left behind.
    late_at: Instant,
}

impl<R> Default for Leaving<R> {
    fn default() -> Self {
        Self { runs: Vec::new() }
    }
}

impl<R: Running + 'static> Leaving<R> {
    /// Asks a run to stop and tracks it until it is gone. An abandoned run counts as left behind at once.
    pub(super) fn take(&mut self, mut run: R, now: Instant) {
        run.leave();
        let late_at = if run.is_abandoned() { now } else { now + PATIENCE };
        self.runs.push(Left { run, late_at });
    }

    /// Removes runs that are gone. Waits up to `at_most` for runs that are not left behind.
    pub(super) fn sweep(&mut self, now: Instant, at_most: Duration, reaper: &mut Reaper) {
        let until = Instant::now() + at_most;
        let gone = |left: &mut Left<R>| {
            let wait = if left.is_late(now) { Duration::ZERO } else { until.saturating_duration_since(Instant::now()) };
            left.run.is_gone_within(wait)
        };
        self.runs.extract_if(.., gone).for_each(|left| reaper.take(left.run));
    }

    /// Whether a run may start now: no other run is stopping, or only one, which was left behind.
    pub(super) fn lets_start(&self, now: Instant) -> bool {
        match &*self.runs {
            [] => true,
            [left] => left.is_late(now),
            _ => false,
        }
    }

    /// Whether a run that starts now shares the machine with another one.
    pub(super) fn disturbs(&self) -> bool {
        !self.runs.is_empty()
    }

    /// Whether too many runs were left behind for another one to start.
    pub(super) fn is_full(&self, now: Instant) -> bool {
        self.runs.iter().filter(|left| left.is_late(now)).count() > 1
    }

    /// Whether some runs are expected to be gone soon.
    pub(super) fn is_awaited(&self, now: Instant) -> bool {
        self.runs.iter().any(|left| !left.is_late(now))
    }
}

impl<R> Left<R> {
    fn is_late(&self, now: Instant) -> bool {
        now >= self.late_at
    }
}
