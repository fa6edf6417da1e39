//! Run a scenario: the runtime, its clock, its limits, its end.
//!
//! A [`Run`] is one execution on a runtime and threads of its own, so a scenario
//! that blocks cannot freeze the screen that shows it. Whoever started it takes
//! the events out with [`Run::drain`], into a trace that it owns.

use std::net::SocketAddr;
use std::time::Duration;

use scenarios::{Clock, Outcome, Scenario, ValueError, Values};

use crate::trace::Trace;

/// Everything that decides what a run does: equal specs on the virtual clock give equal traces.
#[derive(Debug, Clone)]
pub struct Spec {
    /// What is run.
    pub scenario: &'static Scenario,
    /// Its parameters.
    pub values: Values,
    /// Where all randomness comes from.
    pub seed: u64,
    /// How time passes.
    pub clock: Clock,
    /// Worker threads; 0 is the current-thread runtime, the only one on the virtual clock.
    pub workers: usize,
    /// How fast a virtual run is let go, in run time per wall time; none is as fast as it goes.
    pub pace: Option<f64>,
    /// When an endless run is stopped, on the run's own clock.
    pub limit: Duration,
}

impl Spec {
    /// A scenario with its defaults: virtual clock if it has one, seed 0, limit 60 s.
    pub fn new(scenario: &'static Scenario) -> Self {
        Self {
            scenario,
            values: Values::defaults(scenario.params),
            seed: 0,
            clock: scenario.clocks[0],
            workers: 0,
            pace: None,
            limit: Duration::from_secs(60),
        }
    }

    /// Whether this can be run.
    ///
    /// # Errors
    ///
    /// Names the flag or parameter at fault and says what would be right.
    pub fn check(&self) -> Result<(), SpecError> {
        let _ = self;
        Ok(())
    }
}

/// Why a spec cannot be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpecError {
    /// Parameters that contradict each other or the clock.
    Values(ValueError),
    /// A clock that the scenario does not have.
    Clock(String),
    /// Workers that the clock does not have.
    Workers(String),
    /// A speed that the clock does not have.
    Speed(String),
}

/// A run under way, or ended.
#[derive(Debug)]
pub struct Run {
    _private: (),
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Events may still come.
    Running,
    /// It was told to stop and has not yet done so.
    Stopping,
    /// Nothing will come any more.
    Over,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// Main returned what it found.
    Finished(Outcome),
    /// Main returned an error, in its own words.
    Failed(String),
    /// Main panicked, with that message.
    Panicked(String),
    /// Nothing could ever run again.
    Stalled,
    /// The limit was reached before main ended.
    Limit,
    /// It was told to stop.
    Stopped,
    /// It was told to stop and never yielded: its thread was left behind.
    Abandoned,
}

/// What is known when a run is over.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// How it ended.
    pub ending: Ending,
    /// When main ended (or the run, if main did not), in nanoseconds of the run's clock.
    pub elapsed_ns: u64,
    /// Tokio's own count of polls; none on the multi-thread runtime, whose count leaves some out.
    pub runtime_polls: Option<u64>,
}

impl Run {
    /// Starts a run on threads of its own.
    ///
    /// # Errors
    ///
    /// When the spec cannot be run, or the system gives no thread.
    pub fn start(spec: &Spec) -> Result<Self, StartError> {
        let _ = spec;
        unimplemented!()
    }

    /// Moves what has been recorded into the trace. Cheap when there is nothing new.
    /// Returns whether anything was added.
    pub fn drain(&mut self, trace: &mut Trace) -> bool {
        let _ = trace;
        unimplemented!()
    }

    /// Blocks until there is something to drain, the run is over, or the time is up.
    pub fn wait(&mut self, at_most: Duration) {
        let _ = at_most;
        unimplemented!()
    }

    /// Where the run stands. After `Over`, one more [`Run::drain`] takes all that is left.
    pub fn phase(&self) -> Phase {
        unimplemented!()
    }

    /// How it ended, once it is over.
    pub fn report(&self) -> Option<&Report> {
        unimplemented!()
    }

    /// Tells it to stop; it is over within a second, if need be by leaving its thread behind.
    pub fn stop(&mut self) {
        unimplemented!()
    }

    /// Holds a real or paced run before its next poll, or lets it go on.
    pub fn pause(&self, paused: bool) {
        let _ = paused;
        unimplemented!()
    }

    /// Changes the speed of a paced run.
    pub fn set_pace(&self, pace: f64) {
        let _ = pace;
        unimplemented!()
    }
}

/// Why a run did not start.
#[derive(Debug)]
pub enum StartError {
    /// The spec cannot be run.
    Spec(SpecError),
    /// The system gave no thread or no runtime.
    System(std::io::Error),
}

/// Serves tokio-console for every run from now on.
///
/// # Errors
///
/// When the port is taken or may not be used. Call it before the first run.
pub fn serve_console(addr: SocketAddr) -> Result<SocketAddr, ConsoleError> {
    let _ = addr;
    unimplemented!()
}

/// Why tokio-console cannot be served.
#[derive(Debug)]
pub struct ConsoleError {
    /// One line that names the address and the reason.
    pub reason: String,
}
