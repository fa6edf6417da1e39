//! Sweeps: one run for each value of one parameter, at one or several seeds, on several threads.
//!
//! The runs are independent of each other, and on the virtual clock each is decided by its spec, so what a sweep finds does not
//! depend on the number of threads. Only spawns, polls and ends are recorded: a sweep wants figures and checks, and the waits
//! would take three times as long. A run that ends while tasks are alive runs again with its waits, which alone show a deadlock.

pub mod plot;
mod series;
mod values;

use std::io;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use scenario::{Clock, Param, Value};
use trace::Trace;

use crate::{Detail, Ending, Phase, Report, Run, Spec, SpecError, StartError};
pub use series::{Series, Stat, figures, series};
pub use values::{around, is_several, values};

/// How often a thread checks whether the sweep was stopped while a run takes long.
const GLANCE: Duration = Duration::from_millis(50);

/// What to run.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// The settings of every run, except the swept parameter and the seed. Its workers are the number that the user has set.
    pub spec: Spec,
    /// The parameter to sweep.
    pub param: &'static Param,
    /// Its values, in order.
    pub values: Vec<Value>,
    /// The seeds for each value.
    pub seeds: RangeInclusive<u64>,
}

/// One run of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The value of the swept parameter.
    pub value: Value,
    /// The seed.
    pub seed: u64,
    /// How the run ended, or in one line why there is none.
    pub report: Result<Report, String>,
    /// Why tasks can never go on, if some cannot.
    pub stall: Option<String>,
}

impl Sweep {
    /// The most runs of a sweep on the virtual clock.
    pub const MOST_RUNS: u64 = 2_000;
    /// The most runs of a sweep on the real clock, where each takes as long as it says.
    pub const MOST_REAL_RUNS: u64 = 100;

    /// How many runs it takes.
    pub fn runs(&self) -> u64 {
        let seeds = (self.seeds.end() - self.seeds.start()).saturating_add(1);
        seeds.saturating_mul(self.values.len() as u64)
    }

    /// The most runs that it may take.
    pub fn most_runs(&self) -> u64 {
        if self.spec.clock == Clock::Real { Self::MOST_REAL_RUNS } else { Self::MOST_RUNS }
    }

    /// Checks everything but the parameters: a value that the scenario refuses is a point that says so.
    ///
    /// # Errors
    ///
    /// If the clock, the workers, the schedule or the speed is invalid.
    pub fn check(&self) -> Result<(), SpecError> {
        match self.spec.check() {
            Err(SpecError::Values(_)) | Ok(()) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The settings of a run.
    pub fn spec_at(&self, value: Value, seed: u64) -> Spec {
        let mut spec = Spec { seed, ..self.spec.clone() };
        spec.values.set(self.param, value);
        spec.workers = (spec.scenario.workers)(&spec.values, spec.clock, spec.workers);
        spec
    }

    /// Value and seed of the run with this number.
    fn at(&self, run: u64) -> Option<(Value, u64)> {
        let seeds = (self.seeds.end() - self.seeds.start()).saturating_add(1);
        let value = self.values.get(usize::try_from(run / seeds).ok()?)?;
        Some((*value, self.seeds.start() + run % seeds))
    }
}

/// A sweep in progress or over. Dropping it stops it.
pub struct Sweeping {
    shared: Arc<Shared>,
}

/// What the threads of a sweep share.
struct Shared {
    sweep: Sweep,
    stopped: AtomicBool,
    /// Threads that have not ended.
    threads: AtomicUsize,
    state: Mutex<State>,
    /// A run or a thread has ended.
    news: Condvar,
}

struct State {
    next: u64,
    /// By the number of the run.
    points: Vec<(u64, Point)>,
}

impl Sweeping {
    /// Starts a sweep on this many threads; on the real clock on one, because runs would take time from each other.
    ///
    /// # Errors
    ///
    /// If the system refuses a thread.
    pub fn start(sweep: Sweep, threads: usize) -> io::Result<Self> {
        let threads = if sweep.spec.clock == Clock::Real { 1 } else { threads.max(1) };
        let state = Mutex::new(State { next: 0, points: Vec::new() });
        let (stopped, count) = (AtomicBool::new(false), AtomicUsize::new(0));
        let shared = Arc::new(Shared { sweep, stopped, threads: count, state, news: Condvar::new() });
        let sweeping = Self { shared };
        for _ in 0..threads {
            let ended = Ended(sweeping.shared.clone());
            ended.0.threads.fetch_add(1, Ordering::SeqCst);
            thread::Builder::new().name("sweep".to_owned()).spawn(move || ended.0.run_all())?;
        }
        Ok(sweeping)
    }

    /// The runs so far, in order.
    pub fn points(&self) -> Vec<Point> {
        let mut points = self.shared.state().points.clone();
        points.sort_by_key(|(number, _)| *number);
        points.into_iter().map(|(_, point)| point).collect()
    }

    /// How many runs are done.
    pub fn done(&self) -> u64 {
        self.shared.state().points.len() as u64
    }

    /// What is swept.
    pub fn sweep(&self) -> &Sweep {
        &self.shared.sweep
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.shared.threads.load(Ordering::SeqCst) == 0
    }

    /// Blocks until it is over, or the time is up. Returns whether it is over.
    pub fn wait(&self, at_most: Duration) -> bool {
        let state = self.shared.state();
        let _unused = self.shared.news.wait_timeout_while(state, at_most, |_| !self.is_over());
        self.is_over()
    }

    /// Asks it to end soon.
    pub fn stop(&self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
    }
}

impl Drop for Sweeping {
    fn drop(&mut self) {
        self.stop();
    }
}

impl std::fmt::Debug for Sweeping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sweeping").field("sweep", self.sweep()).field("done", &self.done()).finish_non_exhaustive()
    }
}

/// A thread of a sweep ends, however it ends.
struct Ended(Arc<Shared>);

impl Drop for Ended {
    fn drop(&mut self) {
        let _state = self.0.state();
        self.0.threads.fetch_sub(1, Ordering::SeqCst);
        self.0.news.notify_all();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    fn run_all(&self) {
        while !self.is_stopped() {
            let mut state = self.state();
            let number = state.next;
            let Some((value, seed)) = self.sweep.at(number) else { return };
            state.next += 1;
            drop(state);
            let Some(point) = self.point(value, seed) else { return };
            self.state().points.push((number, point));
        }
    }

    /// One run; `None` if the sweep was stopped meanwhile.
    fn point(&self, value: Value, seed: u64) -> Option<Point> {
        let point = |report, stall| Some(Point { value, seed, report, stall });
        let mut spec = Spec { detail: Detail::Polls, pace: None, ..self.sweep.spec_at(value, seed) };
        if let Err(error) = spec.check() {
            return point(Err(format!("refused: {error}")), None);
        }
        match self.run(&spec) {
            Ok((trace, report)) => {
                let may_be_stuck = matches!(report.ending, Ending::Finished(_)) && trace.totals().alive > 0;
                if !may_be_stuck {
                    return point(Ok(report), None);
                }
                spec.detail = Detail::Waits;
                match self.run(&spec) {
                    Ok((trace, report)) => {
                        let stall = report.stall(&trace).map(|stall| stall.text);
                        point(Ok(report), stall)
                    }
                    Err(reason) => point(Err(reason?), None),
                }
            }
            Err(reason) => point(Err(reason?), None),
        }
    }

    /// Runs a spec to its end. The error is the reason why it did not start, or `None` if the sweep was stopped.
    fn run(&self, spec: &Spec) -> Result<(Trace, Report), Option<String>> {
        let mut run = Run::start(spec).map_err(|error| match error {
            StartError::Spec(error) => Some(format!("refused: {error}")),
            StartError::System(error) => Some(format!("cannot start: {error}")),
            StartError::Unheard(error) => Some(format!("cannot start: {error}")),
        })?;
        let mut trace = Trace::default();
        while run.phase() != Phase::Over {
            run.wait(GLANCE);
            run.drain(&mut trace);
            if self.is_stopped() {
                run.leave();
                return Err(None);
            }
        }
        run.report().map(|report| (trace, report.clone())).ok_or(None)
    }
}
