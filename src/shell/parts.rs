//! What the event loop stands on: inputs, a screen and an engine, each behind
//! a trait, and the real ones.

use std::fs::File;
use std::io::{self, Seek};
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use ratatui::Frame;
use scenarios::Scenario;

use super::seen;
use crate::engine::{Detail, Ending, Phase, Report, Run, Spec, StartError, recording_cost_ns};
use crate::limits;
use crate::record;
use crate::recording::{Tape, Writer};
use crate::term::{Input, Inputs, Screen};
use crate::trace::Trace;

/// Where inputs and wall time come from.
pub trait Events {
    /// The time now.
    fn now(&self) -> Instant;

    /// The next input; none when there is none until the deadline. Without a deadline it waits for ever.
    fn next(&mut self, until: Option<Instant>) -> Option<Input>;

    /// Stops reading the terminal, so that another program can, or reads it again.
    fn hold(&mut self, held: bool) {
        let _ = held;
    }
}

/// Where frames go.
pub trait Surface {
    /// Draws one frame.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be written to.
    fn draw(&mut self, paint: &mut dyn FnMut(&mut Frame)) -> io::Result<()>;

    /// Whether a frame can be drawn now; it cannot while the terminal has not taken the last one.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be written to.
    fn ready(&mut self) -> io::Result<bool> {
        Ok(true)
    }

    /// Gives the terminal back while a program has it, and takes it again. Meanwhile that is called again and again while
    /// it says that there is something to do.
    ///
    /// # Errors
    ///
    /// When the program cannot be started, or the terminal cannot be taken again.
    fn lend(&mut self, program: &mut Command, meanwhile: &mut dyn FnMut() -> bool) -> io::Result<ExitStatus> {
        let _ = (program, meanwhile);
        Err(io::Error::new(io::ErrorKind::Unsupported, "there is no terminal to lend"))
    }

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

    /// Remembers for later sessions that a scenario was run.
    ///
    /// # Errors
    ///
    /// When that cannot be written down.
    fn seen(&mut self, id: &str) -> io::Result<()> {
        let _ = id;
        Ok(())
    }

    /// The command of the user's editor; none when they have not said.
    fn editor(&self) -> Option<String> {
        super::editor::wanted()
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

impl Events for Inputs {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn next(&mut self, until: Option<Instant>) -> Option<Input> {
        Inputs::next(self, until)
    }

    fn hold(&mut self, held: bool) {
        Inputs::hold(self, held);
    }
}

impl Surface for Screen {
    fn draw(&mut self, paint: &mut dyn FnMut(&mut Frame)) -> io::Result<()> {
        Screen::draw(self, paint)
    }

    fn ready(&mut self) -> io::Result<bool> {
        Screen::ready(self)
    }

    fn lend(&mut self, program: &mut Command, meanwhile: &mut dyn FnMut() -> bool) -> io::Result<ExitStatus> {
        Screen::lend(self, program, meanwhile)
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

    fn prepare(&mut self, scenarios: &[Scenario], detail: Detail) -> Option<f64> {
        let cost_ns = recording_cost_ns();
        // Whoever picks one is not to wait for that.
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
