//! Runs scenarios for the screen: traits, so that tests can drive the loop without a runtime, and the real engine, which
//! records each run in a file or in memory.

use std::env;
use std::fs::File;
use std::io::{self, Seek};
use std::path::PathBuf;
use std::time::Duration;

use scenario::Scenario;

use super::seen;
use crate::app::panes::Layout;
use crate::limits;
use engine::{Detail, Ending, Phase, Report, Run, Spec, StartError, Tape, recording_cost_ns};
use trace::Trace;

/// Runs scenarios.
pub trait Engine {
    /// One run.
    type Run: Running + 'static;

    /// Starts a run.
    ///
    /// # Errors
    ///
    /// If the spec is invalid, or the system refuses a thread.
    fn start(&mut self, spec: &Spec) -> Result<Self::Run, StartError>;

    /// Records, for later sessions, that a scenario was run.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    fn seen(&mut self, id: &str) -> io::Result<()> {
        let _ = id;
        Ok(())
    }

    /// Records the current layout for later sessions.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    fn keep_layout(&mut self, layout: Layout) -> io::Result<()> {
        let _ = layout;
        Ok(())
    }

    /// The command of the user's editor; `None` if none is set.
    fn editor(&self) -> Option<String> {
        editor()
    }

    /// Returns unused memory to the system.
    fn give_back(&self) -> fn() {
        || ()
    }

    /// Prepares for the first run, which will be one of these scenarios at this detail. Returns the cost of recording per
    /// poll, in nanoseconds; `None` if it cannot be measured.
    fn prepare(&mut self, scenarios: &[Scenario], detail: Detail) -> Option<f64> {
        let _ = (scenarios, detail);
        None
    }
}

/// A run in progress or over, with the methods of [`Run`].
pub trait Running: Send {
    /// See [`Run::drain`].
    fn drain(&mut self, trace: &mut Trace) -> bool;
    /// See [`Run::wait`].
    fn wait(&mut self, at_most: Duration);
    /// See [`Run::phase`].
    fn phase(&self) -> Phase;
    /// See [`Run::report`].
    fn report(&self) -> Option<&Report>;
    /// See [`Run::stop`].
    fn stop(&mut self);
    /// See [`Run::leave`].
    fn leave(&mut self);
    /// See [`Run::is_gone_within`].
    fn is_gone_within(&mut self, at_most: Duration) -> bool;
    /// Whether it did not yield when asked to stop.
    fn is_abandoned(&self) -> bool {
        self.report().is_some_and(|report| report.ending == Ending::Abandoned)
    }
    /// See [`Run::sink_fault`].
    fn fault(&mut self) -> Option<String> {
        None
    }
    /// The recording in memory, for saving; `None` if there is none.
    fn tape(&self) -> Option<Tape> {
        None
    }
    /// See [`Run::pause`].
    fn pause(&self, paused: bool);
    /// See [`Run::step`].
    fn step(&self);
    /// See [`Run::set_pace`].
    fn set_pace(&self, pace: f64);
}

/// The engine of this crate.
#[derive(Debug)]
pub struct Tokio {
    /// The file that holds the recording of the newest run.
    pub record: Option<File>,
    /// The file that lists the scenarios that were run.
    pub seen: Option<PathBuf>,
    /// Returns unused memory to the system: see [`Engine::give_back`].
    pub give_back: fn(),
}

/// Truncates the file for the next recording.
fn again(mut file: &File) -> io::Result<File> {
    file.set_len(0)?;
    file.rewind()?;
    file.try_clone()
}

/// A run and its recording in memory. A run that is recorded to a file has none.
#[derive(Debug)]
pub struct Recorded {
    run: Run,
    tape: Option<Tape>,
}

impl Engine for Tokio {
    type Run = Recorded;

    fn start(&mut self, spec: &Spec) -> Result<Recorded, StartError> {
        limits::check(spec.workers).map_err(StartError::System)?;
        let file = self.record.as_ref().map(again).transpose().map_err(StartError::System)?;
        let mut run = Run::start(spec)?;
        let tape = if let Some(file) = file {
            run.set_sink(Box::new(engine::writer(file, spec)));
            None
        } else {
            let tape = Tape::new(spec);
            run.set_sink(Box::new(tape.clone()));
            Some(tape)
        };
        Ok(Recorded { run, tape })
    }

    fn give_back(&self) -> fn() {
        self.give_back
    }

    fn seen(&mut self, id: &str) -> io::Result<()> {
        self.seen.as_ref().map_or(Ok(()), |file| seen::add(file, id))
    }

    fn keep_layout(&mut self, layout: Layout) -> io::Result<()> {
        self.seen.as_ref().map_or(Ok(()), |file| seen::keep_layout(file, layout))
    }

    fn prepare(&mut self, scenarios: &[Scenario], detail: Detail) -> Option<f64> {
        let cost_ns = recording_cost_ns();
        // Start early, so that picking a scenario need not wait for symbols.
        if detail == Detail::Waits {
            engine::warm_up(scenarios);
        }
        cost_ns
    }
}

impl Running for Recorded {
    fn drain(&mut self, trace: &mut Trace) -> bool {
        self.run.drain(trace)
    }

    fn wait(&mut self, at_most: Duration) {
        self.run.wait(at_most);
    }

    fn phase(&self) -> Phase {
        self.run.phase()
    }

    fn report(&self) -> Option<&Report> {
        self.run.report()
    }

    fn stop(&mut self) {
        self.run.stop();
    }

    fn leave(&mut self) {
        self.run.leave();
    }

    fn is_gone_within(&mut self, at_most: Duration) -> bool {
        self.run.is_gone_within(at_most)
    }

    fn fault(&mut self) -> Option<String> {
        self.run.sink_fault()
    }

    fn tape(&self) -> Option<Tape> {
        self.tape.clone()
    }

    fn pause(&self, paused: bool) {
        self.run.pause(paused);
    }

    fn step(&self) {
        self.run.step();
    }

    fn set_pace(&self, pace: f64) {
        self.run.set_pace(pace);
    }
}

/// The user's editor as a shell command; `VISUAL` takes precedence over `EDITOR`.
fn editor() -> Option<String> {
    let set = |name: &str| env::var(name).ok().filter(|value| !value.trim().is_empty());
    set("VISUAL").or_else(|| set("EDITOR"))
}
