//! The gate before every poll, which can hold a run.
//!
//! A virtual run without a pace takes no time and is never held: the screen plays
//! back its trace. A real run is held while it is paused, and a step lets one poll
//! through. A paced virtual run, which something outside such as tokio-console
//! watches, is held until the wall clock has caught up. Holding polls does not hold
//! the wall clock: on the real clock, timers go on while a run is paused.
//!
//! A pace counts from one fixed moment, so that a delay is made up for. When the
//! speed changes or a pause ends, the pace counts from the run's current time, which
//! is usually between two polls, so that the run does not jump.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

/// See the module.
#[derive(Debug)]
pub(super) struct Gate {
    /// Whether to look at `state` at all: the only cost of an open gate.
    guarded: AtomicBool,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    paused: bool,
    /// Polls to let through although the run is paused.
    steps: u32,
    stopped: bool,
    /// The time of the held poll, if any.
    held_ns: Option<u64>,
    pace: Option<Pace>,
    /// Woken once, at the next poll: tells a run at its limit that it would have gone on.
    tripwire: Option<Waker>,
    tripped: bool,
    still: Option<Still>,
}

/// A speed, and the moment from which it counts.
#[derive(Debug, Clone, Copy)]
struct Pace {
    speed: f64,
    wall: Instant,
    run_ns: u64,
}

/// Detects virtual time that does not advance although tasks are polled.
#[derive(Debug, Clone, Copy)]
struct Still {
    at_ns: u64,
    since: Instant,
    at_most: Duration,
}

impl Gate {
    /// Creates an open gate. `pace`: run time per wall time, if any.
    pub(super) fn new(pace: Option<f64>) -> Self {
        let pace = pace.map(|speed| Pace { speed, wall: Instant::now(), run_ns: 0 });
        let state =
            State { paused: false, steps: 0, stopped: false, held_ns: None, pace, tripwire: None, tripped: false, still: None };
        Self { guarded: AtomicBool::new(pace.is_some()), state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Blocks until a poll at `now_ns` of the run's clock may begin.
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
            if state.paused && state.steps > 0 {
                state.steps -= 1;
                state.count_from(now_ns);
                break;
            }
            if state.paused {
                state.held_ns = Some(now_ns);
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let Some(early) = state.pace.and_then(|pace| pace.early_by(now_ns)) else { break };
            state.held_ns = Some(now_ns);
            state = self.changed.wait_timeout(state, early).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.held_ns = None;
    }

    /// Holds the run before its next poll, or lets it go on. `latest_ns`: the time of its last event.
    pub(super) fn pause(&self, paused: bool, latest_ns: u64) {
        let mut state = self.lock();
        let stands_ns = state.stands_ns(latest_ns);
        state.count_from(stands_ns);
        state.paused = paused;
        state.steps = 0;
        self.update(&state);
    }

    /// Lets the next poll through, and holds the run after that.
    pub(super) fn step(&self, latest_ns: u64) {
        let mut state = self.lock();
        let stands_ns = state.stands_ns(latest_ns);
        state.count_from(stands_ns);
        state.paused = true;
        state.steps = state.steps.saturating_add(1);
        self.update(&state);
    }

    /// Changes the speed of a paced run; infinite is as fast as possible.
    pub(super) fn set_pace(&self, speed: f64, latest_ns: u64) {
        let mut state = self.lock();
        let stands_ns = state.stands_ns(latest_ns);
        state.count_from(stands_ns);
        if let Some(pace) = &mut state.pace {
            pace.speed = speed;
        }
        self.update(&state);
    }

    /// Opens the gate for good.
    pub(super) fn stop(&self) {
        let mut state = self.lock();
        state.stopped = true;
        self.update(&state);
    }

    /// Wakes `waker` once, at the next poll. Returns whether that has happened.
    pub(super) fn trip(&self, waker: &Waker) -> bool {
        let mut state = self.lock();
        if !state.tripped {
            state.tripwire = Some(waker.clone());
        }
        self.update(&state);
        state.tripped
    }

    /// Removes the waker for the next poll.
    pub(super) fn untrip(&self) {
        let mut state = self.lock();
        state.tripwire = None;
        self.update(&state);
    }

    /// Whether virtual time has been at `now_ns` for longer than `at_most` of wall
    /// time, judging by earlier calls.
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

    /// Whether the run is paused: held, or to be held at its next poll.
    pub(super) fn is_paused(&self) -> bool {
        self.guarded.load(Ordering::Relaxed) && self.lock().paused
    }

    /// Whether the run is held: by a pause, or by its pace.
    pub(super) fn holds(&self) -> bool {
        let held = |state: &State| state.paused || state.held_ns.is_some();
        self.guarded.load(Ordering::Relaxed) && held(&self.lock())
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
    /// The current time of the run. While a paced run holds a poll, that is somewhere before the poll. The latest event does
    /// not show it: it may be the wake for that very poll.
    fn stands_ns(&self, latest_ns: u64) -> u64 {
        match (self.pace, self.held_ns) {
            (Some(pace), Some(held_ns)) if !self.paused => pace.due_ns().min(held_ns),
            (Some(pace), Some(_)) => pace.run_ns,
            _ => latest_ns,
        }
    }

    /// Makes the pace count from now and from this time of the run.
    fn count_from(&mut self, run_ns: u64) {
        if let Some(pace) = &mut self.pace {
            pace.wall = Instant::now();
            pace.run_ns = run_ns;
        }
    }
}

impl Pace {
    /// The time that the run should have reached by now.
    fn due_ns(self) -> u64 {
        let passed = (self.wall.elapsed().as_nanos() as f64 * self.speed) as u64;
        self.run_ns.saturating_add(passed)
    }

    /// How long until wall time catches up with this run time; `None` if it has.
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

    /// Starts a thread that passes the gate at each of these times.
    fn walker(gate: &Arc<Gate>, times_ns: impl IntoIterator<Item = u64> + Send + 'static) -> mpsc::Receiver<(u64, Instant)> {
        let (passed, heard) = mpsc::channel();
        let gate = gate.clone();
        thread::spawn(move || {
            for at_ns in times_ns {
                gate.pass(|| at_ns);
                if passed.send((at_ns, Instant::now())).is_err() {
                    return;
                }
            }
        });
        heard
    }

    #[test]
    fn a_step_lets_exactly_one_poll_through_and_going_on_forgets_the_rest() {
        let gate = Arc::new(Gate::new(None));
        gate.pause(true, 0);
        let heard = walker(&gate, 0..100);
        for at_ns in 0..5 {
            gate.step(at_ns);
            assert_eq!(heard.recv().unwrap().0, at_ns);
            assert_eq!(heard.recv_timeout(Duration::from_millis(10)), Err(mpsc::RecvTimeoutError::Timeout));
        }
        gate.pause(false, 5);
        assert_eq!(heard.iter().take(95).map(|(at_ns, _)| at_ns).last(), Some(99));
    }

    #[test]
    fn a_step_of_a_run_that_goes_pauses_it() {
        let gate = Arc::new(Gate::new(None));
        gate.step(0);
        let heard = walker(&gate, [1, 2]);
        assert_eq!(heard.recv().unwrap().0, 1);
        assert_eq!(heard.recv_timeout(Duration::from_millis(10)), Err(mpsc::RecvTimeoutError::Timeout));
        gate.stop();
    }

    /// A gate at 1× that has held a poll at 200 ms for 100 ms.
    fn half_way() -> Gate {
        let gate = Gate::new(Some(1.0));
        {
            let mut state = gate.lock();
            let wall = Instant::now().checked_sub(Duration::from_millis(100)).unwrap();
            state.pace = Some(Pace { speed: 1.0, wall, run_ns: 0 });
            state.held_ns = Some(200 * MS);
        }
        gate
    }

    /// How long until the poll at 200 ms may begin.
    fn left(gate: &Gate) -> Duration {
        gate.lock().pace.and_then(|pace| pace.early_by(200 * MS)).unwrap_or_default()
    }

    #[test]
    fn a_speed_that_is_changed_between_two_polls_makes_neither_a_jump_nor_a_rest() {
        let gate = half_way();
        gate.set_pace(0.01, 200 * MS);
        // The remaining half takes a hundred times as long.
        assert!((8..=10).contains(&left(&gate).as_secs()), "{:?}", left(&gate));
        gate.set_pace(f64::INFINITY, 0);
        assert_eq!(left(&gate), Duration::ZERO);
    }

    #[test]
    fn a_pause_between_two_polls_costs_its_own_time_and_no_more() {
        let gate = half_way();
        gate.pause(true, 200 * MS);
        let stood = gate.lock().stands_ns(200 * MS);
        assert!((100 * MS..200 * MS).contains(&stood), "{stood}");
        assert_eq!(gate.lock().stands_ns(200 * MS), stood, "paused, it stands");
        gate.pause(false, 200 * MS);
        assert!(left(&gate) <= Duration::from_nanos(200 * MS - stood));
        assert_eq!(gate.lock().pace.map(|pace| pace.run_ns), Some(stood));
    }

    #[test]
    fn at_infinite_speed_nothing_is_held() {
        let gate = Arc::new(Gate::new(Some(1.0)));
        gate.set_pace(f64::INFINITY, 0);
        gate.pass(|| 1_000_000 * MS);
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
