//! What the event loop stands on: inputs, a screen and an engine, each behind
//! a trait, and the real ones.

use std::fs::File;
use std::io::{self, Seek};
use std::time::{Duration, Instant};

use ratatui::Frame;

use crate::engine::{Phase, Report, Run, Spec, StartError, recording_cost_ns};
use crate::recording::Writer;
use crate::term::{Input, Inputs, Screen};
use crate::trace::Trace;

/// Where inputs and wall time come from.
pub trait Events {
    /// The time now.
    fn now(&self) -> Instant;

    /// The next input; none when there is none until the deadline. Without a deadline it waits for ever.
    fn next(&mut self, until: Option<Instant>) -> Option<Input>;
}

/// Where frames go.
pub trait Surface {
    /// Draws one frame.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be written to.
    fn draw(&mut self, paint: &mut dyn FnMut(&mut Frame)) -> io::Result<()>;

    /// Gives the terminal back and stops the process until it is continued.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be taken again.
    fn suspend(&mut self) -> io::Result<()>;

    /// Takes the terminal again after the process was stopped and continued; the next frame is drawn whole.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be taken again.
    fn resume(&mut self) -> io::Result<()>;

    /// Takes nothing for granted of what the terminal shows; the next frame is drawn whole.
    ///
    /// # Errors
    ///
    /// When the terminal does not say its size.
    fn forget(&mut self) -> io::Result<()>;

    /// Puts a text into the clipboard of whoever looks at the terminal, if the terminal does that.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be written to.
    fn copy(&mut self, text: &str) -> io::Result<()>;
}

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

    /// What recording adds to a poll, in nanoseconds; none when that cannot be measured. Asked before the first run.
    fn cost_ns(&mut self) -> Option<f64> {
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
    /// See [`Run::tee_fault`].
    fn fault(&mut self) -> Option<String> {
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
}

/// A recording that takes the place of the one before.
fn again(mut file: &File) -> io::Result<File> {
    // A terminal, a pipe or a device has no beginning to go back to.
    if file.metadata()?.is_file() {
        file.set_len(0)?;
        file.rewind()?;
    }
    file.try_clone()
}

impl Events for Inputs {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn next(&mut self, until: Option<Instant>) -> Option<Input> {
        Inputs::next(self, until)
    }
}

impl Surface for Screen {
    fn draw(&mut self, paint: &mut dyn FnMut(&mut Frame)) -> io::Result<()> {
        Screen::draw(self, paint)
    }

    fn suspend(&mut self) -> io::Result<()> {
        Screen::suspend(self)
    }

    fn resume(&mut self) -> io::Result<()> {
        Screen::resume(self)
    }

    fn forget(&mut self) -> io::Result<()> {
        Screen::forget(self)
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        Screen::copy(self, text)
    }
}

impl Engine for Tokio {
    type Run = Run;

    fn start(&mut self, spec: &Spec) -> Result<Run, StartError> {
        let file = self.record.as_ref().map(again).transpose().map_err(StartError::System)?;
        let mut run = Run::start(spec)?;
        if let Some(file) = file {
            run.tee(Box::new(Writer::new(file, spec)));
        }
        Ok(run)
    }

    fn cost_ns(&mut self) -> Option<f64> {
        recording_cost_ns()
    }
}

impl Running for Run {
    fn drain(&mut self, trace: &mut Trace) -> bool {
        Run::drain(self, trace)
    }

    fn wait(&mut self, at_most: Duration) {
        Run::wait(self, at_most);
    }

    fn phase(&self) -> Phase {
        Run::phase(self)
    }

    fn report(&self) -> Option<&Report> {
        Run::report(self)
    }

    fn stop(&mut self) {
        Run::stop(self);
    }

    fn fault(&mut self) -> Option<String> {
        self.tee_fault()
    }

    fn pause(&self, paused: bool) {
        Run::pause(self, paused);
    }

    fn step(&self) {
        Run::step(self);
    }

    fn set_pace(&self, pace: f64) {
        Run::set_pace(self, pace);
    }
}
