//! What runs scenarios for the screen: traits, so that tests drive the loop without a runtime, and the real engine, which
//! records each run in a file or in memory.

use std::env;
use std::fs::File;
use std::io::{self, Seek};
use std::path::PathBuf;
use std::time::Duration;

use scenarios::Scenario;

use super::seen;
use crate::app::panes::Layout;
use crate::engine::{Detail, Ending, Phase, Report, Run, Spec, StartError, recording_cost_ns};
use crate::recording::{Tape, Writer};
use crate::trace::Trace;
use crate::{limits, record};

/// What runs scenarios.
pub trait Engine {
    /// A run of it.
    type Run: Running + 'static;

    /// Starts a run.
    ///
    /// # Errors
    ///
    /// When the spec cannot be run, or the system gives no thread.
    fn start(&mut self, spec: &Spec) -> Result<Self::Run, StartError>;

    /// Remembers for later sessions that a scenario was run.
    ///
    /// # Errors
    ///
    /// When that cannot be written down.
    fn seen(&mut self, id: &str) -> io::Result<()> {
        let _ = id;
        Ok(())
    }

    /// Remembers for later sessions which layout is on.
    ///
    /// # Errors
    ///
    /// When that cannot be written down.
    fn keep_layout(&mut self, layout: Layout) -> io::Result<()> {
        let _ = layout;
        Ok(())
    }

    /// The command of the user's editor; none when they have not said.
    fn editor(&self) -> Option<String> {
        editor()
    }

    /// Gets ready for the first run, which will be one of these scenarios and recorded with so much detail. Tells what
    /// recording adds to a poll, in nanoseconds; none when that cannot be measured.
    fn prepare(&mut self, scenarios: &[Scenario], detail: Detail) -> Option<f64> {
        let _ = (scenarios, detail);
        None
    }
}

/// A run under way, or ended: see [`Run`], whose methods these are.
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
    /// Whether it never yielded when it was told to stop.
    fn is_abandoned(&self) -> bool {
        self.report().is_some_and(|report| report.ending == Ending::Abandoned)
    }
    /// See [`Run::sink_fault`].
    fn fault(&mut self) -> Option<String> {
        None
    }
    /// What is recorded of it, to be saved; none when it is not kept.
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
    /// Where runs are recorded: it holds the newest one.
    pub record: Option<File>,
    /// Where it is remembered which scenarios were run.
    pub seen: Option<PathBuf>,
}

/// A recording that takes the place of the one before.
fn again(mut file: &File) -> io::Result<File> {
    file.set_len(0)?;
    file.rewind()?;
    file.try_clone()
}

/// A run, and what is recorded of it. One that goes to a file is not kept in memory too.
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
            run.set_sink(Box::new(Writer::new(file, spec)));
            None
        } else {
            let tape = Tape::new(spec);
            run.set_sink(Box::new(tape.clone()));
            Some(tape)
        };
        Ok(Recorded { run, tape })
    }

    fn seen(&mut self, id: &str) -> io::Result<()> {
        self.seen.as_ref().map_or(Ok(()), |file| seen::add(file, id))
    }

    fn keep_layout(&mut self, layout: Layout) -> io::Result<()> {
        self.seen.as_ref().map_or(Ok(()), |file| seen::keep_layout(file, layout))
    }

    fn prepare(&mut self, scenarios: &[Scenario], detail: Detail) -> Option<f64> {
        let cost_ns = recording_cost_ns();
        // Picking a scenario must not wait for that.
        if detail == Detail::Waits {
            record::warm_up(scenarios.iter().map(|scenario| scenario.run as usize).collect());
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

/// The editor that the user wants, as a shell would run it; `VISUAL` is asked first.
fn editor() -> Option<String> {
    let set = |name: &str| env::var(name).ok().filter(|value| !value.trim().is_empty());
    set("VISUAL").or_else(|| set("EDITOR"))
}
