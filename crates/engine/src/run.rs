//! A run, from the perspective of the caller that started it.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use scenario::{Clock, Outcome};

use super::control::{Control, Stop};
use super::limit::Limit;
use super::quiet::Quiet;
use super::runtime::Job;
use super::sink::Sink;
use super::spec::{Spec, SpecError};
use recorder::{self, Detail, OnFull, Reader, Recorder, Unheard};
use trace::{Ahead, Stall, Trace};

/// How long a run may take to stop before its thread is left behind.
const PATIENCE: Duration = Duration::from_millis(800);

/// How long one drain may go on while more events come.
const SLICE: Duration = Duration::from_millis(8);

/// The step in which the present advances while nothing happens, in nanoseconds: it looks smooth and is cheap to draw.
const STEP_NS: u64 = 50_000_000;

/// How many tasks to close in one drain, before the screen can draw again: a few milliseconds' work.
const AT_ONCE: usize = 16_384;

/// A run in progress or over. Dropping it asks it to stop and does not wait: see [`Run::leave`].
pub struct Run {
    recorder: Recorder,
    reader: Reader,
    control: Arc<Control>,
    phase: Phase,
    report: Option<Report>,
    /// The result of the run, while its trace is being closed.
    closing: Option<Closing>,
    told_to_stop: Option<Instant>,
    quiet: Quiet,
    limit: Limit,
    clock: Clock,
    detail: Detail,
    lost: u64,
    named: usize,
    sink: Option<Box<dyn Sink>>,
}

/// The phase of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Events may still come.
    Running,
    /// It was asked to stop and has not yet done so.
    Stopping,
    /// No more events will come.
    Over,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// Main returned an outcome.
    Finished(Outcome),
    /// Main returned an error: its text.
    Failed(String),
    /// Main panicked: the message.
    Panicked(String),
    /// Nothing could ever run again. [`Report::stall`] says why.
    Stalled,
    /// The limit was reached before main ended.
    Limit,
    /// It was asked to stop.
    Stopped,
    /// It never yielded, and its thread was left behind.
    Abandoned,
    /// Unknown: the recording breaks off before the run was over.
    CutOff,
    /// A program ended by itself.
    Exited,
    /// Unknown: a program could not be followed to its end. The reason, in one line.
    Lost(String),
}

impl Ending {
    /// How it ended, as JSON has it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Finished(_) => "finished",
            Self::Failed(_) => "failed",
            Self::Panicked(_) => "panicked",
            Self::Stalled => "stalled",
            Self::Limit => "limit",
            Self::Stopped => "stopped",
            Self::Abandoned => "abandoned",
            Self::CutOff => "cut off",
            Self::Exited => "exited",
            Self::Lost(_) => "lost",
        }
    }

    /// How it ended, for people. It may contain texts of the program, as they are.
    pub fn says(&self, spec: &Spec) -> String {
        match self {
            Self::Finished(_) => "finished".to_owned(),
            Self::Failed(reason) => format!("main failed: {reason}"),
            Self::Panicked(message) => format!("main panicked: {message}"),
            Self::Stalled => "stalled: nothing can ever run again, and main has not ended".to_owned(),
            Self::Limit => format!("stopped at the limit of {} ms, before main ended", spec.limit.as_millis()),
            Self::Stopped => "stopped before main ended".to_owned(),
            Self::Abandoned => "did not stop because a task never yielded: its thread was abandoned".to_owned(),
            Self::CutOff => "the recording is cut off".to_owned(),
            Self::Exited => "the program ended".to_owned(),
            Self::Lost(reason) => format!("the program was lost: {reason}"),
        }
    }
}

/// The result of a run that is over.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// How it ended.
    pub ending: Ending,
    /// When main ended (or the run, if main did not end), in nanoseconds of the run's clock.
    pub elapsed_ns: u64,
    /// Tokio's own count of polls; `None` on the multi-thread runtime, whose count omits some.
    pub runtime_polls: Option<u64>,
}

impl Report {
    /// The tasks that can never go on, and why, according to the run's trace: for a run that stalled,
    /// and for one that ended otherwise while some of its tasks waited for each other's locks.
    pub fn stall(&self, trace: &Trace) -> Option<Stall> {
        match self.ending {
            Ending::Stalled => Some(trace.stall_at(trace.end_ns)),
            _ => trace.deadlock_at(trace.end_ns),
        }
    }
}

/// The result that the run's own thread hands over when it is done.
pub(super) struct Closing {
    pub(super) report: Report,
    /// When the recording stopped.
    pub(super) at_ns: u64,
}

impl Run {
    /// Starts a run on its own threads.
    ///
    /// # Errors
    ///
    /// If the spec is invalid, the system refuses a thread, or Tokio's tracing cannot be recorded.
    pub fn start(spec: &Spec) -> Result<Self, StartError> {
        spec.check().map_err(StartError::Spec)?;
        recorder::install().map_err(StartError::Unheard)?;
        recorder::own([spec.scenario.run as usize]);
        recorder::hide([Self::start as fn(&Spec) -> _ as usize]);
        let on_full = match spec.clock {
            Clock::Virtual => OnFull::Wait,
            Clock::Real => OnFull::Drop,
        };
        let (recorder, reader) = Recorder::with_detail(on_full, spec.detail);
        let control = Arc::new(Control::new(spec));
        let job = Job { spec: spec.clone(), recorder: recorder.clone(), control: control.clone() };
        let runtime = job.runtime().map_err(StartError::System)?;
        let quiet = Quiet::new(spec, runtime.handle());
        thread::Builder::new().name("run".to_owned()).spawn(move || job.run(runtime)).map_err(StartError::System)?;
        let (phase, report, closing, told_to_stop) = (Phase::Running, None, None, None);
        let (limit, clock) = (Limit::new(spec), spec.clock);
        Ok(Self {
            recorder,
            reader,
            control,
            phase,
            report,
            closing,
            told_to_stop,
            quiet,
            limit,
            clock,
            detail: spec.detail,
            lost: 0,
            named: 0,
            sink: None,
        })
    }

    /// Also sends everything that the trace receives to a sink. Call it before the first drain.
    pub fn set_sink(&mut self, sink: Box<dyn Sink>) {
        self.sink = Some(sink);
    }

    /// Takes the error of the [sink](Run::set_sink), if any, in one line. The run then has no sink.
    pub fn sink_fault(&mut self) -> Option<String> {
        let fault = self.sink.as_ref()?.fault()?;
        self.sink = None;
        Some(fault)
    }

    /// Moves recorded events into the trace, and closes the trace when the run is
    /// over. Cheap if there is nothing new. If there are very many events, or a
    /// source line has to be looked up for the first time, it returns early so that
    /// the screen can draw: the run is not over until all events have been moved.
    /// Returns whether anything was added or time has passed.
    pub fn drain(&mut self, trace: &mut Trace) -> bool {
        if self.phase == Phase::Over {
            return false;
        }
        if self.closing.is_some() {
            self.go_on_closing(trace);
            return true;
        }
        // Check this before draining the rings: after closing, no events are added.
        let closed = self.control.is_closed();
        let began = Instant::now();
        let mut taken = self.take(false, trace);
        while self.reader.is_behind() && began.elapsed() < SLICE {
            taken += self.take(false, trace);
        }
        // A run that has ended is not abandoned just because it has many events left to drain.
        let left = closed && (self.reader.is_behind() || self.reader.holds());
        let over = closed && !left;
        if over {
            taken += self.take(true, trace);
        }
        self.tell_about_threads(trace);
        if over && let Some(closing) = self.control.take_closing() {
            self.end(closing, trace);
        } else if !left && self.told_to_stop.is_some_and(|since| since.elapsed() > PATIENCE) {
            self.abandon(trace);
        } else if self.phase == Phase::Running {
            self.watch(taken > 0 || self.reader.holds(), trace);
        }
        self.pass_time(trace) || taken > 0 || self.phase == Phase::Over
    }

    /// Ends the run if it has stalled, or has passed its limit without noticing.
    fn watch(&mut self, news: bool, trace: &Trace) {
        if self.quiet.is_stalled(news, trace) {
            self.tell(Stop::Stalled);
        } else if self.limit.is_over(news, &self.recorder, &self.control.gate) {
            self.tell(Stop::Limit);
        }
    }

    /// Advances the end of the trace on the real clock, where time passes even if nothing happens. Returns whether it advanced.
    /// It does not while the gate pauses the run, so that the user can study a still screen, nor while events are waiting to be
    /// moved: the trace would extend states that those events end.
    fn pass_time(&self, trace: &mut Trace) -> bool {
        let over = self.clock == Clock::Virtual || self.closing.is_some() || self.recorder.is_closed();
        let stands = self.control.gate.is_paused() || self.reader.holds() || self.reader.is_behind();
        let now_ns = self.recorder.now_ns();
        if over || stands || now_ns < trace.end_ns.saturating_add(STEP_NS) {
            return false;
        }
        trace.pass(now_ns);
        true
    }

    /// Moves events. See [`Reader::drain`].
    fn take(&mut self, last: bool, trace: &mut Trace) -> usize {
        trace.detail = self.detail;
        let (sink, mut ahead) = (&mut self.sink, Ahead::default());
        let taken = self.reader.drain(last, |thread, event| {
            if let Some(sink) = sink {
                sink.event(thread, &event);
            }
            ahead.push(trace, thread, event);
        });
        ahead.finish(trace);
        taken
    }

    /// Moves everything besides the events: names of threads, samples, lost events.
    fn tell_about_threads(&mut self, trace: &mut Trace) {
        let sink = &mut self.sink;
        for (thread, name) in self.reader.threads().iter().enumerate().skip(self.named) {
            if let Some(sink) = sink {
                sink.name_thread(thread as u16, name);
            }
            trace.name_thread(thread as u16, name);
        }
        self.named = self.reader.threads().len();
        for sample in self.control.take_samples() {
            if let Some(sink) = sink {
                sink.add_sample(&sample);
            }
            trace.add_sample(sample);
        }
        let lost = self.reader.lost() - self.lost;
        if lost > 0 {
            if let Some(sink) = sink {
                sink.add_lost(lost);
            }
            trace.add_lost(lost);
            self.lost += lost;
        }
        if let Some(sink) = sink {
            sink.rest();
        }
    }

    fn end(&mut self, closing: Closing, trace: &mut Trace) {
        self.closing = Some(closing);
        self.go_on_closing(trace);
    }

    /// Closes the trace; with very many tasks, this takes several drains.
    fn go_on_closing(&mut self, trace: &mut Trace) {
        let Some(closing) = self.closing.take_if(|closing| trace.close_some(closing.at_ns, AT_ONCE)) else { return };
        if let Some(sink) = &mut self.sink {
            sink.close(closing.at_ns, &closing.report, trace);
        }
        self.report = Some(closing.report);
        self.phase = Phase::Over;
    }

    fn abandon(&mut self, trace: &mut Trace) {
        let now_ns = if self.clock == Clock::Real { self.recorder.now_ns() } else { 0 };
        self.recorder.close();
        self.take(true, trace);
        let at_ns = trace.end_ns.max(now_ns);
        let report = Report { ending: Ending::Abandoned, elapsed_ns: at_ns, runtime_polls: None };
        self.end(Closing { report, at_ns }, trace);
    }

    /// Blocks until there is something to drain, the run is over, or the time is up.
    pub fn wait(&mut self, at_most: Duration) {
        if self.phase != Phase::Over && self.closing.is_none() {
            self.reader.wait_unless(at_most, || self.control.is_closed());
        }
    }

    /// The phase of the run as of the last [`Run::drain`].
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The result, once the run is over.
    pub fn report(&self) -> Option<&Report> {
        self.report.as_ref()
    }

    /// Asks the run to stop and records nothing more, for a caller that does not need its end. See [`Run::is_gone_within`].
    pub fn leave(&mut self) {
        self.control.stop(Stop::Asked);
        self.recorder.close();
    }

    /// Waits up to `at_most` until no thread of the run is left and its runtime is freed, and returns whether that is so. An
    /// abandoned run ([`Ending::Abandoned`]) may be gone much later, or never.
    pub fn is_gone_within(&mut self, at_most: Duration) -> bool {
        let Self { recorder, control, .. } = self;
        recorder.wait_until(at_most, || control.is_over() && recorder.threads() == 0)
    }

    /// Asks the run to stop. It is over within a second, if need be by leaving its
    /// thread behind, provided that [`Run::drain`] is called meanwhile.
    pub fn stop(&mut self) {
        self.tell(Stop::Asked);
    }

    fn tell(&mut self, why: Stop) {
        self.control.stop(why);
        if self.phase == Phase::Running {
            self.phase = Phase::Stopping;
            self.told_to_stop = Some(Instant::now());
        }
    }

    /// Holds a real or paced run before its next poll, or lets it go on.
    pub fn pause(&self, paused: bool) {
        self.control.gate.pause(paused, self.recorder.latest_ns());
    }

    /// Lets one more poll of a real or paced run through, and holds the run after that.
    pub fn step(&self) {
        self.control.gate.step(self.recorder.latest_ns());
    }

    /// Changes the speed of a paced run, in run time per wall time; infinite is as fast as possible.
    pub fn set_pace(&self, pace: f64) {
        self.control.gate.set_pace(pace, self.recorder.latest_ns());
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.leave();
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("phase", &self.phase).field("report", &self.report).finish_non_exhaustive()
    }
}

/// Why a run did not start.
#[derive(Debug)]
pub enum StartError {
    /// The spec is invalid.
    Spec(SpecError),
    /// The system refused a thread or a runtime.
    System(io::Error),
    /// Tokio's tracing cannot be recorded.
    Unheard(Unheard),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Spec(error) => error.fmt(f),
            StartError::Unheard(error) => error.fmt(f),
            StartError::System(error) => write!(f, "the system refused a thread or a runtime: {error}"),
        }
    }
}

impl std::error::Error for StartError {}
