//! Enforces the limit of a run from outside.
//!
//! The run's own timer ends it at its limit, but a worker has to drive that timer, and all of them may be stuck in polls that
//! do not end. So the thread that drains the events checks the limit too. On the virtual clock, where time does not pass by
//! itself, it measures how long nothing has happened at all.

use std::time::{Duration, Instant};

use scenario::Clock;

use super::gate::Gate;
use super::spec::Spec;
use recorder::Recorder;

/// How long to wait after the run's own timer, which is exact if it works.
const LATER: Duration = Duration::from_millis(100);

/// How long a virtual run may do nothing in any case: the machine may be busy with something else.
const BUSY: Duration = Duration::from_secs(5);

/// Each check adds at most this much to the quiet time. Time in which the program is suspended does not count.
const AT_ONCE: Duration = Duration::from_secs(1);

/// The limit of one run.
pub(super) struct Limit {
    clock: Clock,
    /// See [`Spec::limit`].
    after: Duration,
    /// How long nothing has happened.
    quiet: Duration,
    looked: Instant,
}

impl Limit {
    pub(super) fn new(spec: &Spec) -> Self {
        Self { clock: spec.clock, after: spec.limit, quiet: Duration::ZERO, looked: Instant::now() }
    }

    /// Whether the limit has passed. `news`: whether anything has happened since the last call.
    pub(super) fn is_over(&mut self, news: bool, recorder: &Recorder, gate: &Gate) -> bool {
        if self.clock == Clock::Real {
            return Duration::from_nanos(recorder.now_ns()) >= self.after.saturating_add(LATER);
        }
        let passed = self.looked.elapsed().min(AT_ONCE);
        self.looked = Instant::now();
        // A run that the gate holds is quiet on purpose.
        self.quiet = if news || gate.holds() { Duration::ZERO } else { self.quiet + passed };
        self.quiet >= self.after.max(BUSY)
    }
}
