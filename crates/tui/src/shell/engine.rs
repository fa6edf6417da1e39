//! Runs scenarios for the screen: traits, so that tests can drive the loop without a runtime, and the real engine, which
//! records each run in a file or in memory.

use std::env;
use std::fs::File;
use std::io::{self, Seek};
use std::path::{Path, PathBuf};
use std::time::Duration;

use scenario::{Group, Scenario};

use super::seen;
use crate::app::model::Model;
use crate::app::panes::Layout;
use crate::app::run::prediction::Score;
use crate::limits;
use engine::attach::Feed;
use engine::sketch::{Built, Exit, SketchRun};
use engine::{Attached, Detail, Ending, Phase, Report, Run, Spec, StartError, Tape, recording_cost_ns};
use export::Format;
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

    /// Follows a program that was attached to; `None` if this engine runs only scenarios.
    fn follow(&mut self, feed: Feed) -> Option<Self::Run> {
        drop(feed);
        None
    }

    /// Uses this build of the sketch from now on. Returns the one before.
    fn build(&mut self, built: Built) -> Option<Built> {
        Some(built)
    }

    /// Makes a crate of a scenario in a folder. Returns the scenario's source file in it, relative to the folder.
    ///
    /// # Errors
    ///
    /// In one line, if the folder cannot be used.
    fn lay(&mut self, scenario: &'static Scenario, folder: &Path) -> Result<String, String> {
        let _ = scenario;
        Err(format!("{} cannot be made here", folder.display()))
    }

    /// The run on screen in a form that leaves it. The model is as before afterwards.
    ///
    /// # Errors
    ///
    /// In one line, if it has no such form.
    fn export(&self, model: &mut Model, format: Format) -> Result<Vec<u8>, String> {
        let _ = model;
        Err(format!("{} cannot be made here", format.what()))
    }

    /// Records, for later sessions, that a scenario was run.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    fn seen(&mut self, id: &str) -> io::Result<()> {
        let _ = id;
        Ok(())
    }

    /// Records, for later sessions, how many predictions about a scenario were right.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    fn keep_score(&mut self, id: &str, score: Score) -> io::Result<()> {
        let _ = (id, score);
        Ok(())
    }

    /// Records, for later sessions, that the challenge of a scenario was solved.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    fn keep_solved(&mut self, id: &str) -> io::Result<()> {
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
    /// See [`SketchRun::refused`].
    fn refused(&mut self) -> Option<StartError> {
        None
    }
    /// See [`SketchRun::take_exit`].
    fn take_exit(&mut self) -> Option<Exit> {
        None
    }
    /// See [`Run::sink_fault`] and [`Attached::take_fault`].
    fn fault(&mut self) -> Option<String> {
        None
    }
    /// See [`Attached::take_old`].
    fn take_old(&mut self) -> Option<Trace> {
        None
    }
    /// The recording in memory, for saving; `None` if there is none.
    fn tape(&self) -> Option<Tape> {
        None
    }
    /// See [`Run::pause`].
    fn pause(&self, paused: bool) {
        let _ = paused;
    }
    /// See [`Run::step`].
    fn step(&self) {}
    /// See [`Run::set_pace`].
    fn set_pace(&self, pace: f64) {
        let _ = pace;
    }
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
    /// Makes a crate of a scenario: see [`Engine::lay`].
    pub lay: fn(&'static Scenario, &Path) -> Result<String, String>,
    /// Puts the run on screen into a form that leaves it. Fails with one line.
    pub export: fn(&mut Model, Format) -> Result<Vec<u8>, String>,
    /// The newest build of the sketch that is open.
    pub sketch: Option<Built>,
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

/// What is on screen: a run of a scenario, or a program that is attached to.
#[derive(Debug)]
pub enum OnScreen {
    /// A run of a scenario.
    Run(Box<Recorded>),
    /// A program.
    Program(Box<Attached>),
    /// A run of a sketch.
    Sketch(Box<SketchRun>),
}

impl Engine for Tokio {
    type Run = OnScreen;

    fn follow(&mut self, feed: Feed) -> Option<OnScreen> {
        Some(OnScreen::Program(Box::new(Attached::new(feed))))
    }

    fn start(&mut self, spec: &Spec) -> Result<OnScreen, StartError> {
        limits::check(spec.workers).map_err(StartError::System)?;
        if spec.scenario.group == Group::Sketches {
            let built =
                self.sketch.as_ref().ok_or_else(|| StartError::System(io::Error::other("the sketch is not built yet")))?;
            return built.run(spec).map(|run| OnScreen::Sketch(Box::new(run)));
        }
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
        Ok(OnScreen::Run(Box::new(Recorded { run, tape })))
    }

    fn give_back(&self) -> fn() {
        self.give_back
    }

    fn build(&mut self, built: Built) -> Option<Built> {
        self.sketch.replace(built)
    }

    fn lay(&mut self, scenario: &'static Scenario, folder: &Path) -> Result<String, String> {
        (self.lay)(scenario, folder)
    }

    fn export(&self, model: &mut Model, format: Format) -> Result<Vec<u8>, String> {
        (self.export)(model, format)
    }

    fn seen(&mut self, id: &str) -> io::Result<()> {
        self.seen.as_ref().map_or(Ok(()), |file| seen::add(file, id))
    }

    fn keep_score(&mut self, id: &str, score: Score) -> io::Result<()> {
        self.seen.as_ref().map_or(Ok(()), |file| seen::keep_score(file, id, score))
    }

    fn keep_solved(&mut self, id: &str) -> io::Result<()> {
        self.seen.as_ref().map_or(Ok(()), |file| seen::keep_solved(file, id))
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

impl Running for OnScreen {
    fn drain(&mut self, trace: &mut Trace) -> bool {
        match self {
            Self::Run(it) => it.run.drain(trace),
            Self::Program(it) => it.drain(trace),
            Self::Sketch(it) => it.drain(trace),
        }
    }

    fn wait(&mut self, at_most: Duration) {
        match self {
            Self::Run(it) => it.run.wait(at_most),
            Self::Program(it) => it.wait(at_most),
            Self::Sketch(it) => it.wait(at_most),
        }
    }

    fn phase(&self) -> Phase {
        match self {
            Self::Run(it) => it.run.phase(),
            Self::Program(it) => it.phase(),
            Self::Sketch(it) => it.phase(),
        }
    }

    fn report(&self) -> Option<&Report> {
        match self {
            Self::Run(it) => it.run.report(),
            Self::Program(it) => it.report(),
            Self::Sketch(it) => it.report(),
        }
    }

    fn stop(&mut self) {
        match self {
            Self::Run(it) => it.run.stop(),
            Self::Program(it) => it.leave(),
            Self::Sketch(it) => it.stop(),
        }
    }

    fn leave(&mut self) {
        match self {
            Self::Run(it) => it.run.leave(),
            Self::Program(it) => it.leave(),
            Self::Sketch(it) => it.leave(),
        }
    }

    fn is_gone_within(&mut self, at_most: Duration) -> bool {
        match self {
            Self::Run(it) => it.run.is_gone_within(at_most),
            Self::Program(_) => true,
            Self::Sketch(it) => it.is_gone_within(at_most),
        }
    }

    fn fault(&mut self) -> Option<String> {
        match self {
            Self::Run(it) => it.run.sink_fault(),
            Self::Program(it) => it.take_fault(),
            Self::Sketch(_) => None,
        }
    }

    fn refused(&mut self) -> Option<StartError> {
        if let Self::Sketch(it) = self { it.refused() } else { None }
    }

    fn take_exit(&mut self) -> Option<Exit> {
        if let Self::Sketch(it) = self { it.take_exit() } else { None }
    }

    fn take_old(&mut self) -> Option<Trace> {
        match self {
            Self::Program(it) => it.take_old(),
            Self::Run(_) | Self::Sketch(_) => None,
        }
    }

    fn tape(&self) -> Option<Tape> {
        match self {
            Self::Run(it) => it.tape.clone(),
            Self::Program(_) | Self::Sketch(_) => None,
        }
    }

    fn pause(&self, paused: bool) {
        match self {
            Self::Run(it) => it.run.pause(paused),
            Self::Sketch(it) => it.pause(paused),
            Self::Program(_) => {}
        }
    }

    fn step(&self) {
        match self {
            Self::Run(it) => it.run.step(),
            Self::Sketch(it) => it.step(),
            Self::Program(_) => {}
        }
    }

    fn set_pace(&self, pace: f64) {
        match self {
            Self::Run(it) => it.run.set_pace(pace),
            Self::Sketch(it) => it.set_pace(pace),
            Self::Program(_) => {}
        }
    }
}

/// The user's editor as a shell command; `VISUAL` takes precedence over `EDITOR`.
fn editor() -> Option<String> {
    let set = |name: &str| env::var(name).ok().filter(|value| !value.trim().is_empty());
    set("VISUAL").or_else(|| set("EDITOR"))
}
