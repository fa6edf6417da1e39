//! Runs that were told to stop and are not gone yet.
//!
//! A run that has to stop needs a moment until its threads have ended and its memory is free. If the next one started at
//! once, a key that is held down would pile up runs that nobody sees: they would take memory without bound, and processor
//! time from the run on screen. So the next run starts when those before it are gone. Code that never yields cannot be
//! stopped, and must not block the screen for ever: one such run at most is left behind, and the screen says so.

use std::time::{Duration, Instant};

use super::engine::Running;
use super::reaper::Reaper;

/// A run that is not gone by then counts as left behind.
const PATIENCE: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug)]
pub(super) struct Leaving<R> {
    /// The oldest first.
    runs: Vec<Left<R>>,
}

#[derive(Debug)]
struct Left<R> {
    run: R,
    /// From when on it counts as left behind.
    late_at: Instant,
}

impl<R> Default for Leaving<R> {
    fn default() -> Self {
        Self { runs: Vec::new() }
    }
}

impl<R: Running + 'static> Leaving<R> {
    /// Tells a run to stop, and waits for its end from now on. One that is known not to yield has had its time.
    pub(super) fn take(&mut self, mut run: R, now: Instant) {
        run.leave();
        let late_at = if run.is_abandoned() { now } else { now + PATIENCE };
        self.runs.push(Left { run, late_at });
    }

    /// Lets go of those that are gone. Waits for those that are not left behind, but no longer than this.
    pub(super) fn sweep(&mut self, now: Instant, at_most: Duration, reaper: &mut Reaper) {
        let until = Instant::now() + at_most;
        let gone = |left: &mut Left<R>| {
            let wait = if left.is_late(now) { Duration::ZERO } else { until.saturating_duration_since(Instant::now()) };
            left.run.is_gone_within(wait)
        };
        self.runs.extract_if(.., gone).for_each(|left| reaper.take(left.run));
    }

    /// Whether a run may start now: nothing else is at work, or one run that was left behind.
    pub(super) fn lets_start(&self, now: Instant) -> bool {
        match &*self.runs {
            [] => true,
            [left] => left.is_late(now),
            _ => false,
        }
    }

    /// Whether a run that starts now has to share the machine with another one.
    pub(super) fn disturbs(&self) -> bool {
        !self.runs.is_empty()
    }

    /// Whether more runs were left behind than another one may be started beside.
    pub(super) fn is_full(&self, now: Instant) -> bool {
        self.runs.iter().filter(|left| left.is_late(now)).count() > 1
    }

    /// Whether some are expected to be gone soon.
    pub(super) fn is_awaited(&self, now: Instant) -> bool {
        self.runs.iter().any(|left| !left.is_late(now))
    }
}

impl<R> Left<R> {
    fn is_late(&self, now: Instant) -> bool {
        now >= self.late_at
    }
}
