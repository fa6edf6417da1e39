//! A run in the process of a sketch, with the methods of [`Run`](crate::Run).
//!
//! A thread starts the process if there is none, asks for the run, and receives its facts, so that the screen never waits. Code
//! that never yields is killed together with its process. So nothing is ever left behind.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use recording::{Fact, Program, Reader};
use scenario::{Clock, Scenario};
use trace::Trace;

use super::process::{Exit, Process};
use super::wire::{self, Command, Kind, PATIENCE, Reply};
use crate::attach::{Feed, Over, Source};
use crate::{Attached, Ending, Phase, Report, Spec, StartError};

/// After this time a sketch that was asked to stop is killed. It needs longer than the engine in it.
const KILLED_AFTER: Duration = PATIENCE.saturating_mul(2);
/// How long a process whose connection is closed may take to end.
const ENDS_WITHIN: Duration = Duration::from_millis(500);

/// A sketch that was built.
#[derive(Debug, Clone)]
pub struct Built {
    /// What it says of itself.
    pub scenario: &'static Scenario,
    executable: PathBuf,
    folder: PathBuf,
    /// The process that waits for the next run.
    idle: Arc<Mutex<Option<Process>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Built {
    /// Starts the process of a sketch.
    ///
    /// # Errors
    ///
    /// What it did instead of describing itself.
    pub fn start(executable: PathBuf, folder: PathBuf) -> Result<Self, Exit> {
        let (process, scenario) = Process::start(&executable, &folder)?;
        let scenario = &*Box::leak(Box::new(scenario));
        Ok(Self { scenario, executable, folder, idle: Arc::new(Mutex::new(Some(process))) })
    }

    /// The process that waits, or a new one.
    fn process(&self) -> Result<Process, Exit> {
        let waiting = lock(&self.idle).take().filter(|process| process.group.try_wait().is_none());
        match waiting {
            Some(process) => Ok(process),
            None => Process::start(&self.executable, &self.folder).map(|(process, _)| process),
        }
    }

    /// Starts a run of this spec.
    ///
    /// # Errors
    ///
    /// If the system refuses a thread. What the sketch refuses is known later: see [`SketchRun::refused`].
    pub fn run(&self, spec: &Spec) -> Result<SketchRun, StartError> {
        let (source, feed) = Feed::new(Program { detail: spec.detail.name().to_owned(), ..Program::default() }, false);
        let shared = Arc::new(Shared::default());
        let asked = Asked { built: self.clone(), spec: spec.clone(), shared: shared.clone() };
        thread::Builder::new().name("sketch".to_owned()).spawn(move || asked.perform(source)).map_err(StartError::System)?;
        let attached = Attached::of_run(feed, spec.clock);
        Ok(SketchRun { attached, shared, told_to_stop: None, stopped: None, live: spec.clock == Clock::Real })
    }
}

/// What a run and its thread share.
#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    gone: Condvar,
}

#[derive(Default)]
struct State {
    process: Option<Arc<Process>>,
    /// What was asked before there was a process.
    waiting: Vec<Command>,
    refused: Option<StartError>,
    exit: Option<Exit>,
    /// Whether the process was killed on purpose.
    killed: bool,
    /// Whether nothing of the run is left.
    gone: bool,
}

impl Shared {
    fn send(&self, command: Command) {
        let mut state = lock(&self.state);
        match &state.process {
            // If it fails, the thread of the run notices that, too.
            Some(process) => _ = process.send(&command),
            None => state.waiting.push(command),
        }
    }

    fn kill(&self) {
        let process = {
            let mut state = lock(&self.state);
            state.killed = true;
            state.process.clone()
        };
        if let Some(process) = process {
            process.group.kill();
        }
    }

    fn finish(&self) {
        let mut state = lock(&self.state);
        (state.gone, state.process) = (true, None);
        drop(state);
        self.gone.notify_all();
    }
}

/// What the thread of a run needs.
struct Asked {
    built: Built,
    spec: Spec,
    shared: Arc<Shared>,
}

impl Asked {
    fn perform(self, source: Source) {
        let mut source = Some(source);
        match self.built.process() {
            Ok(process) => self.follow(Arc::new(process), &mut source),
            Err(exit) => self.ended(exit, &mut source),
        }
        self.shared.finish();
    }

    /// Follows the run until it is gone, and keeps the process for the next one if it is whole.
    fn follow(&self, process: Arc<Process>, source: &mut Option<Source>) {
        let gone = self.ask(&process).and_then(|()| self.receive(&process, source));
        if gone.is_err() {
            let exit = process.group.exit(ENDS_WITHIN);
            process.group.kill();
            self.ended(exit, source);
        }
        let mut state = lock(&self.shared.state);
        state.process = None;
        let whole = gone.is_ok() && !state.killed;
        drop(state);
        if let Some(process) = Arc::into_inner(process).filter(|_| whole) {
            *lock(&self.built.idle) = Some(process);
        }
    }

    /// Ends a feed whose process has ended. If the run was over, or the process was killed on purpose, that is no news.
    fn ended(&self, exit: Exit, source: &mut Option<Source>) {
        let Some(source) = source.take() else { return };
        let how = exit.how.clone();
        let mut state = lock(&self.shared.state);
        if !state.killed {
            state.exit = Some(exit);
        }
        drop(state);
        source.end(Over::Failed(how));
    }

    fn ask(&self, process: &Arc<Process>) -> io::Result<()> {
        process.send(&wire::start(&self.spec))?;
        let mut state = lock(&self.shared.state);
        for command in std::mem::take(&mut state.waiting) {
            process.send(&command)?;
        }
        state.process = Some(process.clone());
        if state.killed { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    }

    /// Receives everything until the run is gone.
    fn receive(&self, process: &Process, source: &mut Option<Source>) -> io::Result<()> {
        let (kind, bytes) = wire::receive(&process.socket)?;
        if kind != Kind::Reply {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let seen = Cell::new(Seen::Open);
        let mut facts = Facts { process, chunk: io::Cursor::default(), seen: &seen };
        let over = match wire::json::<Reply>(&bytes)?.refusal(self.built.scenario) {
            None => pump(&mut facts, &seen, source.as_ref())?,
            Some(error) => {
                lock(&self.shared.state).refused = Some(error);
                Some(Over::Failed("it was refused".to_owned()))
            }
        };
        if let (Some(source), Some(over)) = (source.take(), over) {
            source.end(over);
        }
        while seen.get() != Seen::Gone {
            facts.next()?;
        }
        Ok(())
    }
}

/// Passes facts on until the recording ends or nobody wants more.
fn pump(facts: &mut Facts<'_>, seen: &Cell<Seen>, source: Option<&Source>) -> io::Result<Option<Over>> {
    let failed = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let mut reader = match Reader::live(facts) {
        Ok((_, reader)) => reader,
        // It was left before it had begun.
        Err(_) if seen.get() == Seen::Gone => return Ok(None),
        Err(_) => return Err(failed()),
    };
    let flaw = loop {
        let mut batch: Vec<Fact> = Vec::new();
        let next = reader.chunk(&mut |fact| batch.push(fact));
        if !batch.is_empty() && !source.is_some_and(|source| source.send(batch)) {
            return Ok(None);
        }
        match next {
            Ok(None) => {}
            Ok(Some(footer)) => return Ok(Some(Over::Ended(footer))),
            Err(flaw) => break flaw,
        }
    };
    if seen.get() == Seen::Failed { Err(failed()) } else { Ok(Some(Over::Cut(flaw))) }
}

/// The recording that is sent in parts.
struct Facts<'a> {
    process: &'a Process,
    chunk: io::Cursor<Vec<u8>>,
    seen: &'a Cell<Seen>,
}

/// What was seen of the end of a run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// Nothing.
    Open,
    /// The run is gone.
    Gone,
    /// The connection has failed.
    Failed,
}

impl Facts<'_> {
    /// Receives the next part, or the end.
    fn next(&mut self) -> io::Result<()> {
        match wire::receive(&self.process.socket) {
            Ok((Kind::Facts, bytes)) => self.chunk = io::Cursor::new(bytes),
            Ok((Kind::Gone, _)) => self.seen.set(Seen::Gone),
            received => {
                self.seen.set(Seen::Failed);
                return Err(received.err().unwrap_or_else(|| io::ErrorKind::InvalidData.into()));
            }
        }
        Ok(())
    }
}

impl Read for Facts<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.chunk.read(into)?;
            if read > 0 || into.is_empty() || self.seen.get() == Seen::Gone {
                return Ok(read);
            }
            self.next()?;
        }
    }
}

/// A run in progress or over. Dropping it leaves it.
pub struct SketchRun {
    attached: Attached,
    shared: Arc<Shared>,
    told_to_stop: Option<Instant>,
    /// The report of a run whose process was killed.
    stopped: Option<Report>,
    live: bool,
}

impl SketchRun {
    /// See [`Run::drain`](crate::Run::drain).
    pub fn drain(&mut self, trace: &mut Trace) -> bool {
        if self.stopped.is_some() {
            return false;
        }
        let news = self.attached.drain(trace);
        if self.attached.phase() == Phase::Running && self.told_to_stop.is_some_and(|since| since.elapsed() > KILLED_AFTER) {
            self.shared.kill();
            trace.close(trace.end_ns);
            self.stopped = Some(Report { ending: Ending::Abandoned, elapsed_ns: trace.end_ns, runtime_polls: None });
            return true;
        }
        news
    }

    /// See [`Run::wait`](crate::Run::wait).
    pub fn wait(&mut self, at_most: Duration) {
        if self.stopped.is_none() {
            self.attached.wait(at_most);
        }
    }

    /// See [`Run::phase`](crate::Run::phase).
    pub fn phase(&self) -> Phase {
        match self.attached.phase() {
            Phase::Over => Phase::Over,
            _ if self.stopped.is_some() => Phase::Over,
            _ if self.told_to_stop.is_some() => Phase::Stopping,
            phase => phase,
        }
    }

    /// See [`Run::report`](crate::Run::report).
    pub fn report(&self) -> Option<&Report> {
        self.stopped.as_ref().or_else(|| self.attached.report())
    }

    /// Takes the reason why the sketch did not start the run, if it did not. Such a run is over, without a trace.
    pub fn refused(&mut self) -> Option<StartError> {
        lock(&self.shared.state).refused.take()
    }

    /// Takes how the process ended during the run, if it did and was not killed from here.
    pub fn take_exit(&mut self) -> Option<Exit> {
        lock(&self.shared.state).exit.take()
    }

    /// See [`Run::stop`](crate::Run::stop).
    pub fn stop(&mut self) {
        self.shared.send(Command::Stop);
        self.told_to_stop.get_or_insert_with(Instant::now);
    }

    /// See [`Run::leave`](crate::Run::leave).
    pub fn leave(&mut self) {
        if self.told_to_stop.is_none() || self.attached.phase() != Phase::Over {
            self.shared.send(Command::Leave);
        }
        self.attached.leave();
        self.told_to_stop.get_or_insert_with(Instant::now);
    }

    /// See [`Run::is_gone_within`](crate::Run::is_gone_within). A run that takes too long is killed.
    pub fn is_gone_within(&mut self, at_most: Duration) -> bool {
        let state = lock(&self.shared.state);
        let waited = self.shared.gone.wait_timeout_while(state, at_most, |state| !state.gone);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let gone = state.gone;
        drop(state);
        if !gone && self.told_to_stop.is_some_and(|since| since.elapsed() > PATIENCE) {
            self.shared.kill();
        }
        gone
    }

    /// See [`Run::pause`](crate::Run::pause).
    pub fn pause(&self, paused: bool) {
        if self.live {
            self.attached.hold(paused);
        }
        self.shared.send(Command::Pause(paused));
    }

    /// See [`Run::step`](crate::Run::step).
    pub fn step(&self) {
        self.shared.send(Command::Step);
    }

    /// See [`Run::set_pace`](crate::Run::set_pace).
    pub fn set_pace(&self, pace: f64) {
        self.shared.send(Command::Pace(pace));
    }
}

impl Drop for SketchRun {
    fn drop(&mut self) {
        self.leave();
    }
}

impl fmt::Debug for SketchRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SketchRun").field("phase", &self.phase()).finish_non_exhaustive()
    }
}
