//! A run, as the caller that started it sees it.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use scenarios::{Clock, Outcome};

use super::control::{Control, Stop};
use super::limit::Limit;
use super::quiet::Quiet;
use super::runtime::Job;
use super::sink::Sink;
use super::spec::{Spec, SpecError};
use crate::record::{self, OnFull, Reader, Recorder, Unheard};
use crate::trace::{Ahead, Stall, Trace};

/// How long a run has to end once it is asked to, before its thread is left behind.
const PATIENCE: Duration = Duration::from_millis(800);

/// How long a drain goes on when there is more and more.
const SLICE: Duration = Duration::from_millis(8);

/// By so much the present goes on at once while nothing happens, in nanoseconds: often enough to look smooth, and cheap to draw.
const STEP_NS: u64 = 50_000_000;

/// When a trace is closed so many tasks are looked at before the screen can draw: some milliseconds' work.
const AT_ONCE: usize = 16_384;

/// A run under way, or ended. Dropping it tells it to stop and does not wait: see [`Run::leave`].
pub struct Run {
    recorder: Recorder,
    reader: Reader,
    control: Arc<Control>,
    phase: Phase,
    report: Option<Report>,
    /// What the run has left behind, while its trace is being closed.
    closing: Option<Closing>,
    told_to_stop: Option<Instant>,
    quiet: Quiet,
    limit: Limit,
    clock: Clock,
    lost: u64,
    named: usize,
    sink: Option<Box<dyn Sink>>,
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
    /// Nothing could ever run again. [`Report::stall`] says why.
    Stalled,
    /// The limit was reached before main ended.
    Limit,
    /// It was told to stop.
    Stopped,
    /// It never yielded: its thread was left behind.
    Abandoned,
    /// Not known: the recording breaks off before the run was over.
    CutOff,
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

impl Report {
    /// The tasks that can never go on, and why, by the run's trace: of a run that stalled, and of
    /// one that ended otherwise while some of its tasks waited for each other's locks.
    pub fn stall(&self, trace: &Trace) -> Option<Stall> {
        match self.ending {
            Ending::Stalled => Some(trace.stall_at(trace.end_ns)),
            _ => trace.deadlock_at(trace.end_ns),
        }
    }
}

/// What the run's own thread hands over when it is done.
pub(super) struct Closing {
    pub(super) report: Report,
    /// When the recording stopped.
    pub(super) at_ns: u64,
}

impl Run {
    /// Starts a run on threads of its own.
    ///
    /// # Errors
    ///
    /// When the spec cannot be run, the system gives no thread, or Tokio's tracing is not heard.
    pub fn start(spec: &Spec) -> Result<Self, StartError> {
        spec.check().map_err(StartError::Spec)?;
        record::install().map_err(StartError::Unheard)?;
        record::own([spec.scenario.run as usize]);
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
            lost: 0,
            named: 0,
            sink: None,
        })
    }

    /// Sends what the trace receives to a sink too. Call it before the first drain.
    pub fn set_sink(&mut self, sink: Box<dyn Sink>) {
        self.sink = Some(sink);
    }

    /// What has gone wrong with the [sink](Run::set_sink), in one line. After that the run has no sink.
    pub fn sink_fault(&mut self) -> Option<String> {
        let fault = self.sink.as_ref()?.fault()?;
        self.sink = None;
        Some(fault)
    }

    /// Moves what has been recorded into the trace, and closes the trace when
    /// the run is over. Cheap when there is nothing new. When there is very much,
    /// or a line has to be looked up that nobody has asked for before, it comes
    /// back early, so that the screen can draw: it is not over until all has been
    /// moved. Returns whether anything was added, or time has passed.
    pub fn drain(&mut self, trace: &mut Trace) -> bool {
        if self.phase == Phase::Over {
            return false;
        }
        if self.closing.is_some() {
            self.go_on_closing(trace);
            return true;
        }
        // Asked before the rings are emptied: what is closed has nothing more to say.
        let closed = self.control.is_closed();
        let began = Instant::now();
        let mut taken = self.take(false, trace);
        while self.reader.is_behind() && began.elapsed() < SLICE {
            taken += self.take(false, trace);
        }
        // What has ended is not left behind because there is much to tell of it.
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

    /// Ends the run if it cannot go on, or has reached its limit and does not see that itself.
    fn watch(&mut self, news: bool, trace: &Trace) {
        if self.quiet.is_stalled(news, trace) {
            self.tell(Stop::Stalled);
        } else if self.limit.is_over(news, &self.recorder, &self.control.gate) {
            self.tell(Stop::Limit);
        }
    }

    /// On the real clock time passes also while nothing happens. Returns whether it did, noticeably. While the gate holds the
    /// run the picture stands still, so that it can be looked at. It also does while there are events that the trace has not
    /// been given: by the older ones, tasks would be shown to go on with what they no longer do.
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

    /// Everything beside the events.
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

    /// A trace of very many tasks is closed in several drains.
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

    /// Where the run stands, as of the last [`Run::drain`].
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// How it ended, once it is over.
    pub fn report(&self) -> Option<&Report> {
        self.report.as_ref()
    }

    /// Tells it to stop, and records nothing more: for an owner who does not want to see how it ends. See [`Run::is_gone_within`].
    pub fn leave(&mut self) {
        self.control.stop(Stop::Asked);
        self.recorder.close();
    }

    /// Whether no thread of the run is left, and its runtime has let go of its memory. If not, waits for that, but no longer
    /// than this. A run that was left behind ([`Ending::Abandoned`]) may be gone much later, or never.
    pub fn is_gone_within(&mut self, at_most: Duration) -> bool {
        let Self { recorder, control, .. } = self;
        recorder.wait_until(at_most, || control.is_over() && recorder.threads() == 0)
    }

    /// Tells it to stop. It is over within a second, if need be by leaving its
    /// thread behind; [`Run::drain`] has to be called meanwhile.
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

    /// Changes the speed of a paced run, in run time per wall time; infinite is as fast as it goes.
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
    /// The spec cannot be run.
    Spec(SpecError),
    /// The system gave no thread or no runtime.
    System(io::Error),
    /// Tokio's tracing is not heard.
    Unheard(Unheard),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Spec(error) => error.fmt(f),
            StartError::Unheard(error) => error.fmt(f),
            StartError::System(error) => write!(f, "the system gives no thread or runtime: {error}"),
        }
    }
}

impl std::error::Error for StartError {}
