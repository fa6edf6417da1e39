//! Hunts for the run that goes wrong: over seeds, schedules and settings, on several threads.
//!
//! A run on the virtual clock is decided by its spec, so a hunt is a list of specs that are run one after the other until one
//! is what was asked for. That run is then made simpler (`simple`) and repeats exactly. Every run is recorded, at first
//! only its spawns, polls and ends, which cost a third; a run that may be what was asked for runs again with its waits, so what
//! is found was observed. Which run is found does not depend on the number of threads: of several, the first on the list counts.

mod list;
mod simple;
mod until;

use std::collections::HashSet;
use std::io;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use scenario::{Clock, Values};
use trace::Trace;

use crate::{Detail, Phase, Report, Run, Spec, SpecError};
use list::List;
pub use until::{Until, UntilError};

/// A run that takes longer is stopped: on the virtual clock, a run takes milliseconds.
const LONGEST: Duration = Duration::from_secs(5);
/// How often a thread checks whether the hunt was stopped while a run takes long.
const GLANCE: Duration = Duration::from_millis(50);

/// What to hunt for, and where.
#[derive(Debug, Clone)]
pub struct Hunt {
    /// The run to begin with. Its seed and schedule are replaced.
    pub spec: Spec,
    /// The settings to try, besides those of `spec`; empty for no others.
    pub settings: Vec<Values>,
    /// The seeds to try, in order.
    pub seeds: RangeInclusive<u64>,
    /// The numbers of the schedules to try, in order: see [`Schedule::Number`](crate::Schedule::Number).
    pub schedules: RangeInclusive<u64>,
    /// What to find.
    pub until: Until,
    /// After how many runs to give up.
    pub limit_runs: u64,
    /// Whether to go on after the first run that is found, to find one of each kind.
    pub all: bool,
}

impl Hunt {
    /// How many seeds are tried if nothing else is asked for.
    pub const SEEDS: u64 = 4;
    /// After how many runs to give up, if nothing else is asked for.
    pub const LIMIT_RUNS: u64 = 20_000;

    /// Hunts for anything that goes wrong: every schedule, at a few seeds.
    pub fn new(spec: Spec) -> Self {
        let seeds = spec.seed..=spec.seed.saturating_add(Self::SEEDS - 1);
        let (until, limit_runs) = (Until::Wrong, Self::LIMIT_RUNS);
        Self { spec, settings: Vec::new(), seeds, schedules: 0..=u64::MAX, until, limit_runs, all: false }
    }

    /// Checks that this can be hunted.
    ///
    /// # Errors
    ///
    /// If the clock is real, or the spec is invalid.
    pub fn check(&self) -> Result<(), SpecError> {
        if self.spec.clock == Clock::Real {
            let reason = "only runs on the virtual clock repeat exactly; use --clock virtual";
            return Err(SpecError::Clock(reason.to_owned()));
        }
        self.spec.check()
    }
}

/// A run that is what was asked for.
#[derive(Debug, Clone)]
pub struct Found {
    /// The run, with as few preemptions as possible.
    pub spec: Spec,
    /// What happened, in one sentence without a full stop.
    pub what: String,
    /// When it goes wrong, in nanoseconds since the run began: the stall, or the last preemption.
    pub at_ns: u64,
    /// The preemptions.
    pub cuts: Vec<Cut>,
    /// How many runs came before it.
    pub after_runs: u64,
    /// The kind: runs that go wrong alike have the same.
    pub kind: String,
    /// Its place on the list.
    at: u64,
}

/// A preemption of a run that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// Which poll, and after how many operations.
    pub preemption: crate::Preemption,
    /// The task.
    pub task: String,
    /// The line of the operation that it did not begin.
    pub place: Option<trace::Place>,
}

/// How far a hunt has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// The runs so far, without those that made a find simpler.
    pub runs: u64,
    /// How many different runs these were, by their hash.
    pub different: u64,
    /// How many were found.
    pub found: u64,
    /// How many runs were stopped because they took too long.
    pub too_long: u64,
    /// How long the hunt has lasted.
    pub elapsed: Duration,
}

/// A hunt in progress or over. Dropping it stops it.
pub struct Hunting {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// What the threads of a hunt share.
struct Shared {
    hunt: Hunt,
    stopped: AtomicBool,
    runs: AtomicU64,
    too_long: AtomicU64,
    began: Instant,
    state: Mutex<State>,
    /// A thread has ended.
    ended: Condvar,
}

struct State {
    list: List,
    hashes: HashSet<u64>,
    found: Vec<Found>,
    /// Threads that have not ended.
    threads: usize,
    elapsed: Option<Duration>,
}

impl Hunting {
    /// Starts a hunt on this many threads.
    ///
    /// # Errors
    ///
    /// If the system refuses a thread.
    pub fn start(hunt: Hunt, threads: usize) -> io::Result<Self> {
        let list = List::new(&hunt);
        let state = State { list, hashes: HashSet::new(), found: Vec::new(), threads: 0, elapsed: None };
        let shared = Arc::new(Shared {
            hunt,
            stopped: AtomicBool::new(false),
            runs: AtomicU64::new(0),
            too_long: AtomicU64::new(0),
            began: Instant::now(),
            state: Mutex::new(state),
            ended: Condvar::new(),
        });
        let mut hunting = Self { shared, threads: Vec::new() };
        for _ in 0..threads.max(1) {
            let shared = hunting.shared.clone();
            shared.state().threads += 1;
            let thread = thread::Builder::new().name("hunt".to_owned()).spawn(move || {
                let _ended = Ended(&shared);
                shared.hunt();
            });
            match thread {
                Ok(thread) => hunting.threads.push(thread),
                Err(error) => {
                    hunting.shared.state().threads -= 1;
                    return Err(error);
                }
            }
        }
        Ok(hunting)
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        let state = self.shared.state();
        Progress {
            runs: self.shared.runs.load(Ordering::Relaxed),
            different: state.hashes.len() as u64,
            found: state.found.len() as u64,
            too_long: self.shared.too_long.load(Ordering::Relaxed),
            elapsed: state.elapsed.unwrap_or_else(|| self.shared.began.elapsed()),
        }
    }

    /// What was found so far, in the order of the list.
    pub fn found(&self) -> Vec<Found> {
        self.shared.state().found.clone()
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.shared.state().threads == 0
    }

    /// Blocks until it is over, or the time is up. Returns whether it is over.
    pub fn wait(&self, at_most: Duration) -> bool {
        let state = self.shared.state();
        let waited = self.shared.ended.wait_timeout_while(state, at_most, |state| state.threads > 0);
        waited.unwrap_or_else(PoisonError::into_inner).0.threads == 0
    }

    /// Asks it to end soon.
    pub fn stop(&self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
    }
}

impl Drop for Hunting {
    fn drop(&mut self) {
        self.stop();
    }
}

impl std::fmt::Debug for Hunting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hunting").field("progress", &self.progress()).finish_non_exhaustive()
    }
}

/// A thread of a hunt ends, however it ends.
struct Ended<'a>(&'a Shared);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.threads -= 1;
        if state.threads == 0 {
            state.elapsed = Some(self.0.began.elapsed());
        }
        self.0.ended.notify_all();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the list until nothing is left of it, or what was asked for is found.
    fn hunt(&self) {
        let first = if self.hunt.until == Until::Finding { Detail::Waits } else { Detail::Polls };
        while let Some((at, spec)) = self.next() {
            let Some((trace, report)) = self.run(&Spec { detail: first, ..spec.clone() }) else { continue };
            self.runs.fetch_add(1, Ordering::Relaxed);
            let mut state = self.state();
            state.hashes.insert(trace.hash());
            state.list.learn(&spec, &trace);
            drop(state);
            if self.hunt.until.may_be_met_by(&trace, &report)
                && let Some((trace, report)) = self.run(&spec)
                && let Some(wrong) = self.hunt.until.met_by(&trace, &report)
            {
                self.find(at, &spec, &trace, &wrong.kind);
            }
        }
    }

    /// The next run of the list, with its place.
    fn next(&self) -> Option<(u64, Spec)> {
        if self.stopped.load(Ordering::Relaxed) || self.runs.load(Ordering::Relaxed) >= self.hunt.limit_runs {
            return None;
        }
        let mut state = self.state();
        if !self.hunt.all && !state.found.is_empty() {
            return None;
        }
        state.list.next(&self.hunt)
    }

    /// Keeps a run that was found, made simpler, unless an earlier one on the list is of the same kind.
    fn find(&self, at: u64, spec: &Spec, trace: &Trace, kind: &str) {
        let is_known = |found: &Found| found.at <= at && (!self.hunt.all || found.kind == kind);
        if self.state().found.iter().any(is_known) {
            return;
        }
        let simpler = simple::simplest(spec, trace, |spec| {
            let (trace, report) = self.run(spec)?;
            let wrong = self.hunt.until.met_by(&trace, &report).filter(|wrong| wrong.kind == kind)?;
            Some((trace, wrong))
        });
        let Some((spec, trace, wrong)) = simpler else { return };
        let cut = |cut: &trace::Preempted| Cut {
            preemption: crate::Preemption { poll: cut.poll, operations: cut.operations },
            task: trace.tasks[cut.task as usize].name.clone(),
            place: trace.site(cut.site).place.clone(),
        };
        let cuts = trace.preemptions().iter().map(cut).collect();
        let after_runs = self.runs.load(Ordering::Relaxed);
        let found = Found { spec, what: wrong.what, at_ns: wrong.at_ns, cuts, after_runs, kind: wrong.kind, at };
        let mut state = self.state();
        if state.found.iter().any(is_known) {
            return;
        }
        state.found.retain(|other| self.hunt.all && other.kind != found.kind);
        state.found.push(found);
        state.found.sort_by_key(|found| found.at);
    }

    /// Runs a spec to its end; `None` if it was stopped before.
    fn run(&self, spec: &Spec) -> Option<(Trace, Report)> {
        let began = Instant::now();
        let mut run = Run::start(spec).ok()?;
        let mut trace = Trace::default();
        while run.phase() != Phase::Over {
            run.wait(GLANCE);
            run.drain(&mut trace);
            let too_long = began.elapsed() > LONGEST;
            if run.phase() == Phase::Running && (too_long || self.stopped.load(Ordering::Relaxed)) {
                self.too_long.fetch_add(u64::from(too_long), Ordering::Relaxed);
                run.leave();
                return None;
            }
        }
        let report = run.report()?.clone();
        Some((trace, report))
    }
}
