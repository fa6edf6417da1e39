//! A run that is simulated off screen.
//!
//! When a parameter changes, the old run stays on screen until the new one can
//! replace it, so that the screen is never blank in between. Changes made during
//! that simulation wait, and only the newest of them runs next. So the screen
//! always shows the true trace of some value, and a held key is never more than
//! two runs ahead of the screen.

use std::time::{Duration, Instant};

use super::engine::Running;
use crate::source;
use engine::{Phase, Spec};
use trace::Trace;

/// A run that takes longer is shown once it has passed the cursor, or gives way to a newer one.
const PATIENCE: Duration = Duration::from_secs(1);

/// After this long the screen says that it does not show the form's values yet.
pub(super) const NOTICED: Duration = Duration::from_millis(250);

/// A request that has not started.
#[derive(Debug)]
pub(super) struct Next {
    pub(super) spec: Spec,
    /// When the first of the requests that this one supersedes came.
    pub(super) since: Instant,
}

/// See the module.
#[derive(Debug)]
pub(super) struct PendingRun<R> {
    pub(super) spec: Spec,
    pub(super) run: R,
    pub(super) trace: Trace,
    /// Whether it shares the machine with a run that was left behind.
    pub(super) disturbed: bool,
    since: Instant,
}

impl<R: Running> PendingRun<R> {
    /// A run that has just been started.
    pub(super) fn new(spec: Spec, run: R, disturbed: bool) -> Self {
        Self { trace: source::trace(spec.scenario), spec, run, disturbed, since: Instant::now() }
    }

    /// Whether it has exceeded its time.
    pub(super) fn is_late(&self) -> bool {
        self.since.elapsed() >= PATIENCE
    }

    /// Whether the screen should say that it is pending.
    pub(super) fn is_noticed(&self) -> bool {
        self.since.elapsed() >= NOTICED
    }

    /// Drains the run until it can be shown with the cursor at `at_ns`, or the time is up. Returns whether it can be shown:
    /// the screen shows nothing after the cursor, so the run need not have got further.
    pub(super) fn is_there_by(&mut self, until: Instant, at_ns: u64) -> bool {
        loop {
            self.run.drain(&mut self.trace);
            if self.run.phase() == Phase::Over || (self.is_late() && self.trace.end_ns > at_ns) {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            self.run.wait(left);
        }
    }
}
