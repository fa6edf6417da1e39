//! The limit of a run, watched from outside of it.
//!
//! The run's own timer ends it at its limit, but a worker has to drive that timer: while each of them is busy in a poll
//! that does not end, nobody does. So the thread that takes the events watches too. On the virtual clock, where time does
//! not pass by itself, it watches for how long nothing has happened at all.

use std::time::{Duration, Instant};

use scenarios::Clock;

use super::gate::Gate;
use super::spec::Spec;
use crate::record::Recorder;

/// How much later than the run's own timer this is: the timer is exact, where it works.
const LATER: Duration = Duration::from_millis(100);

/// A virtual run may always do nothing for so long: the machine may have been busy with something else.
const BUSY: Duration = Duration::from_secs(5);

/// The most that one look adds to the time of a standstill: a suspended program does not run at all.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Watches one run.
pub(super) struct Limit {
    clock: Clock,
    /// See [`Spec::limit`].
    after: Duration,
    /// For how long nothing has happened.
    quiet: Duration,
    looked: Instant,
}

impl Limit {
    pub(super) fn new(spec: &Spec) -> Self {
        Self { clock: spec.clock, after: spec.limit, quiet: Duration::ZERO, looked: Instant::now() }
    }

    /// Whether the limit is over, given whether anything has happened since the last call.
    pub(super) fn is_over(&mut self, news: bool, recorder: &Recorder, gate: &Gate) -> bool {
        if self.clock == Clock::Real {
            return Duration::from_nanos(recorder.now_ns()) >= self.after.saturating_add(LATER);
        }
        let passed = self.looked.elapsed().min(AT_ONCE);
        self.looked = Instant::now();
        // A run that the gate holds stands still because somebody wants it to.
        self.quiet = if news || gate.holds() { Duration::ZERO } else { self.quiet + passed };
        self.quiet >= self.after.max(BUSY)
    }
}
