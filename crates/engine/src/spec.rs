//! The specification of a run, and its validation.

use std::fmt::{self, Write as _};
use std::time::Duration;

use scenario::{Clock, Scenario, ValueError, Values};

use super::schedule::Schedule;
use recorder::Detail;

/// Everything that decides what a run does: equal specs on the virtual clock give equal traces.
#[derive(Debug, Clone)]
pub struct Spec {
    /// The scenario to run.
    pub scenario: &'static Scenario,
    /// Its parameters.
    pub values: Values,
    /// The seed of all randomness.
    pub seed: u64,
    /// Which polls are cut. Only the virtual clock has any but Tokio's own order.
    pub schedule: Schedule,
    /// How time passes.
    pub clock: Clock,
    /// Worker threads; 0 is the current-thread runtime, the only one on the virtual clock.
    pub workers: usize,
    /// The speed of a virtual run, in run time per wall time; `None` is as fast as possible.
    pub pace: Option<f64>,
    /// When to stop the run, on its own clock. A virtual run whose time does not advance is stopped after as much wall time.
    pub limit: Duration,
    /// How much to record. It does not change what the run does.
    pub detail: Detail,
    /// How long a run on the real clock must be quiet, with nothing pending that could wake a task, to count as stalled. The
    /// virtual clock detects a stall at once.
    pub stall_after: Duration,
}

impl Spec {
    /// The maximum number of worker threads.
    pub const MOST_WORKERS: usize = 64;

    /// A scenario with its defaults: its first clock, seed 0, limit 60 s, waits recorded, stalled after 2 s.
    pub fn new(scenario: &'static Scenario) -> Self {
        Self {
            scenario,
            values: Values::defaults(scenario.params),
            seed: 0,
            schedule: Schedule::default(),
            clock: scenario.clocks[0],
            workers: 0,
            pace: None,
            limit: Duration::from_secs(60),
            detail: Detail::Waits,
            stall_after: Duration::from_secs(2),
        }
    }

    /// Checks that this can be run.
    ///
    /// # Errors
    ///
    /// Names the flag or parameter at fault and says what would be right.
    pub fn check(&self) -> Result<(), SpecError> {
        let Spec { scenario, clock, workers, .. } = self;
        if !scenario.clocks.contains(clock) {
            let has: Vec<_> = scenario.clocks.iter().map(|clock| clock.name()).collect();
            let reason = format!("{} has no {} clock; it has: {}", scenario.id, clock.name(), has.join(", "));
            return Err(SpecError::Clock(reason));
        }
        if *clock == Clock::Virtual && *workers > 0 {
            let reason = format!("{workers} workers need the real clock; the virtual clock has one thread (workers 0)");
            return Err(SpecError::Workers(reason));
        }
        if *workers > Self::MOST_WORKERS {
            return Err(SpecError::Workers(format!("{workers} workers is out of range: 0 to {}", Self::MOST_WORKERS)));
        }
        if *clock == Clock::Real && !self.schedule.is_tokios() {
            let reason =
                "a schedule decides only on the virtual clock, where nothing else does; use --clock virtual, or leave it out";
            return Err(SpecError::Schedule(reason.to_owned()));
        }
        self.check_pace()?;
        (scenario.refuse)(&self.values, *clock).map_err(SpecError::Values)
    }

    /// The *share line*: the command that repeats this run. It leaves out defaults.
    pub fn share(&self) -> String {
        let usual = Self::new(self.scenario);
        let mut line = format!("async-playground run {}", self.scenario.id);
        for (param, value) in self.values.iter().filter(|(param, value)| *value != param.default()) {
            let _ = write!(line, " -p {}={value}", param.name);
        }
        if self.seed != usual.seed {
            let _ = write!(line, " --seed {}", self.seed);
        }
        if self.schedule != usual.schedule {
            let _ = write!(line, " --schedule {}", self.schedule);
        }
        if self.clock != usual.clock {
            let _ = write!(line, " --clock {}", self.clock.name());
        }
        if self.workers != usual.workers {
            let _ = write!(line, " --workers {}", self.workers);
        }
        if self.limit != usual.limit {
            let _ = write!(line, " --limit {}", self.limit.as_millis());
        }
        if self.detail != usual.detail {
            line.push_str(" --detail polls");
        }
        if self.stall_after != usual.stall_after {
            let _ = write!(line, " --stall-after {}", self.stall_after.as_millis());
        }
        line
    }

    fn check_pace(&self) -> Result<(), SpecError> {
        match self.pace {
            Some(_) if self.clock == Clock::Real => {
                Err(SpecError::Speed("the real clock has one speed; leave out the speed, or use the virtual clock".to_owned()))
            }
            Some(pace) if !(pace.is_finite() && pace > 0.0) => {
                Err(SpecError::Speed(format!("{pace} is not a speed; expected a number above 0, or max")))
            }
            _ => Ok(()),
        }
    }
}

/// Why a spec cannot be run: the part at fault, with the reason in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpecError {
    /// The parameters contradict each other or the clock.
    Values(ValueError),
    /// The scenario does not have this clock.
    Clock(String),
    /// The clock does not allow this number of workers.
    Workers(String),
    /// The clock does not allow this schedule.
    Schedule(String),
    /// The clock does not allow this speed.
    Speed(String),
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpecError::Values(error) => error.fmt(f),
            SpecError::Clock(reason) => write!(f, "clock: {reason}"),
            SpecError::Workers(reason) => write!(f, "workers: {reason}"),
            SpecError::Schedule(reason) => write!(f, "schedule: {reason}"),
            SpecError::Speed(reason) => write!(f, "speed: {reason}"),
        }
    }
}

impl std::error::Error for SpecError {}

#[cfg(test)]
mod tests {
    use super::*;
    use scenario::Value;

    #[test]
    fn the_share_line_has_only_what_is_not_the_default() {
        let mut spec = Spec::new(&scenarios::semaphore::SCENARIO);
        assert_eq!(spec.share(), "async-playground run semaphore");
        if let Some(permits) = spec.scenario.param("permits") {
            spec.values.set(permits, Value::Number(5));
        }
        (spec.seed, spec.clock, spec.workers) = (7, Clock::Real, 2);
        assert_eq!(spec.share(), "async-playground run semaphore -p permits=5 --seed 7 --clock real --workers 2");
    }
}
