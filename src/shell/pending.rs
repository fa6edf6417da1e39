//! A run that is simulated out of sight.
//!
//! When a parameter is turned, the run on screen stays there until the next one
//! can take its place, so that a picture goes over into the next one and never
//! into a hole. While that is being simulated further turns wait: only the
//! newest of them is run when it is there. So whatever is seen is the true
//! trace of some value, and a key that is held is never ahead of the screen by
//! more than two runs.

use std::time::{Duration, Instant};

use super::engine::Running;
use crate::engine::{Phase, Spec};
use crate::source;
use crate::trace::Trace;

/// A run that is not over by then is shown as soon as it has come past the cursor, or gives way to a newer one.
const PATIENCE: Duration = Duration::from_secs(1);

/// After so long the user is informed that what is on screen is not what the form says.
pub(super) const NOTICED: Duration = Duration::from_millis(250);

/// What was asked for and has not started.
#[derive(Debug)]
pub(super) struct Next {
    pub(super) spec: Spec,
    /// When the first of the requests came that this one is the last of.
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

    /// Whether it has had its time.
    pub(super) fn is_late(&self) -> bool {
        self.since.elapsed() >= PATIENCE
    }

    /// Whether the user should be informed that it is on its way.
    pub(super) fn is_noticed(&self) -> bool {
        self.since.elapsed() >= NOTICED
    }

    /// Takes what is recorded until the run can be shown at that time of the cursor, or the time is up. Returns whether it
    /// can be shown: nothing after the cursor is, so what is yet to come is not missing there.
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
