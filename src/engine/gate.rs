//! The gate: a door before every poll, where a run can be held.
//!
//! A virtual run that nobody paces takes no time, so it is never held: what is
//! on screen is played back from its trace. A real run is held when it is
//! paused. A virtual run that somebody watches from outside (tokio-console) is
//! held until the wall clock has caught up. Holding polls does not hold the
//! wall clock: on the real clock, timers go on while a run is paused.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

/// See the module.
#[derive(Debug)]
pub(super) struct Gate {
    /// Whether there is any reason to look further: the one thing that an open gate costs.
    guarded: AtomicBool,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    paused: bool,
    stopped: bool,
    pace: Option<Pace>,
    /// Called at the next poll, once: how a run at its limit learns that it would have gone on.
    tripwire: Option<Waker>,
    tripped: bool,
    still: Option<Still>,
}

/// A speed, and a moment from which it counts.
#[derive(Debug, Clone, Copy)]
struct Pace {
    speed: f64,
    wall: Instant,
    run_ns: u64,
}

/// For virtual time that stands still although tasks are polled.
#[derive(Debug, Clone, Copy)]
struct Still {
    at_ns: u64,
    since: Instant,
    at_most: Duration,
}

impl Gate {
    /// `pace`: run time per wall time, if any.
    pub(super) fn new(pace: Option<f64>) -> Self {
        let pace = pace.map(|speed| Pace { speed, wall: Instant::now(), run_ns: 0 });
        let state = State { paused: false, stopped: false, pace, tripwire: None, tripped: false, still: None };
        Self { guarded: AtomicBool::new(pace.is_some()), state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Called before a poll at `now_ns` of the run's clock: returns when the poll may begin.
    pub(super) fn pass(&self, now_ns: impl Fn() -> u64) {
        if self.guarded.load(Ordering::Relaxed) {
            self.hold(now_ns());
        }
    }

    #[cold]
    fn hold(&self, now_ns: u64) {
        let mut state = self.lock();
        if let Some(waker) = state.tripwire.take() {
            state.tripped = true;
            waker.wake();
        }
        while !state.stopped {
            if state.paused {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let Some(early) = state.pace.and_then(|pace| pace.early_by(now_ns)) else { break };
            state = self.changed.wait_timeout(state, early).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Holds the run before its next poll, or lets it go on.
    pub(super) fn pause(&self, paused: bool, now_ns: u64) {
        let mut state = self.lock();
        state.paused = paused;
        state.rebase(now_ns);
        self.update(&state);
    }

    /// Changes the speed of a paced run.
    pub(super) fn set_pace(&self, speed: f64, now_ns: u64) {
        let mut state = self.lock();
        state.rebase(now_ns);
        if let Some(pace) = &mut state.pace {
            pace.speed = speed;
        }
        self.update(&state);
    }

    /// Opens for good.
    pub(super) fn stop(&self) {
        let mut state = self.lock();
        state.stopped = true;
        self.update(&state);
    }

    /// Calls `waker` at the next poll, once. Returns whether that has happened.
    pub(super) fn trip(&self, waker: &Waker) -> bool {
        let mut state = self.lock();
        if !state.tripped {
            state.tripwire = Some(waker.clone());
        }
        self.update(&state);
        state.tripped
    }

    /// Whether virtual time has stood at `now_ns` for longer than `at_most` of
    /// wall time, by what it was told in earlier calls.
    pub(super) fn stands_still(&self, now_ns: u64, at_most: Duration) -> bool {
        let mut state = self.lock();
        match state.still {
            Some(still) if still.at_ns == now_ns => still.since.elapsed() > still.at_most,
            _ => {
                state.still = Some(Still { at_ns: now_ns, since: Instant::now(), at_most });
                false
            }
        }
    }

    fn update(&self, state: &State) {
        let guarded = state.paused || state.pace.is_some() || state.tripwire.is_some();
        self.guarded.store(guarded, Ordering::Relaxed);
        self.changed.notify_all();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The pace counts from here on.
    fn rebase(&mut self, now_ns: u64) {
        if let Some(pace) = &mut self.pace {
            pace.wall = Instant::now();
            pace.run_ns = now_ns;
        }
    }
}

impl Pace {
    /// How long until wall time has caught up with this run time; none when it has.
    fn early_by(&self, now_ns: u64) -> Option<Duration> {
        let run = Duration::from_nanos(now_ns.saturating_sub(self.run_ns));
        let due = Duration::try_from_secs_f64(run.as_secs_f64() / self.speed).unwrap_or(Duration::MAX);
        due.checked_sub(self.wall.elapsed()).filter(|early| !early.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::mpsc;
    use std::thread;

    const MS: u64 = 1_000_000;

    #[test]
    fn an_open_gate_lets_everything_pass_at_once() {
        let gate = Gate::new(None);
        gate.pass(|| panic!("an open gate does not even ask for the time"));
    }

    #[test]
    fn a_paced_poll_is_not_let_through_before_it_is_due() {
        let gate = Gate::new(Some(2.0));
        let start = Instant::now();
        gate.pass(|| 100 * MS);
        assert!(start.elapsed() >= Duration::from_millis(50), "100 ms at double speed take 50 ms");
    }

    #[test]
    fn a_paused_gate_holds_until_it_is_opened() {
        let gate = Arc::new(Gate::new(None));
        gate.pause(true, 0);
        let (passed, heard) = mpsc::channel();
        let worker = thread::spawn({
            let gate = gate.clone();
            move || {
                gate.pass(|| 0);
                passed.send(()).unwrap();
            }
        });
        assert_eq!(heard.recv_timeout(Duration::from_millis(20)), Err(mpsc::RecvTimeoutError::Timeout));
        gate.pause(false, 0);
        heard.recv().unwrap();
        worker.join().unwrap();
    }

    #[test]
    fn stopping_opens_a_gate_that_is_paused_and_one_that_is_paced() {
        for gate in [Gate::new(None), Gate::new(Some(0.001))] {
            gate.pause(true, 0);
            gate.stop();
            gate.pass(|| 1_000_000 * MS);
        }
    }
}
