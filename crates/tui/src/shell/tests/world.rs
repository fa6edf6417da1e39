//! Test doubles for events, screen and engine; all write into one journal.

use super::*;
use ::engine::Detail;

/// The journal of what happened, and the fake time.
#[derive(Debug, Clone)]
pub(super) struct World(Arc<Mutex<(Vec<String>, Instant)>>);

impl World {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new((Vec::new(), Instant::now()))))
    }

    fn with<T>(&self, see: impl FnOnce(&mut (Vec<String>, Instant)) -> T) -> T {
        see(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn note(&self, what: impl Into<String>) {
        self.with(|(journal, _)| journal.push(what.into()));
    }

    pub(super) fn journal(&self) -> Vec<String> {
        self.with(|(journal, _)| journal.clone())
    }

    pub(super) fn count(&self, what: &str) -> usize {
        self.with(|(journal, _)| journal.iter().filter(|entry| entry.as_str() == what).count())
    }

    pub(super) fn now(&self) -> Instant {
        self.with(|(_, now)| *now)
    }

    fn pass(&self, time: Duration) {
        self.with(|(_, now)| *now += time);
    }
}

#[derive(Debug)]
pub(super) enum Step {
    Input(Input),
    /// No input for this long.
    Quiet(Duration),
}

#[derive(Debug)]
pub(super) struct Script {
    pub(super) world: World,
    pub(super) steps: VecDeque<Step>,
}

impl Events for Script {
    fn now(&self) -> Instant {
        self.world.now()
    }

    fn hold(&mut self, held: bool) {
        self.world.note(if held { "hold" } else { "let go" });
    }

    fn next(&mut self, until: Option<Instant>) -> Option<Input> {
        loop {
            match self.steps.pop_front() {
                None => return Some(Input::Gone),
                Some(Step::Input(input)) => return Some(input),
                Some(Step::Quiet(time)) => {
                    let room = until.map_or(time, |until| until.saturating_duration_since(self.now()));
                    self.world.pass(room.min(time));
                    if time > room {
                        self.steps.push_front(Step::Quiet(time.saturating_sub(room)));
                        return None;
                    }
                }
            }
        }
    }
}

pub(super) struct Paper {
    pub(super) world: World,
    pub(super) terminal: Terminal<TestBackend>,
    /// How many milliseconds each frame takes, repeated in a cycle; empty means zero.
    pub(super) takes_ms: Vec<u64>,
    pub(super) drawn: usize,
    /// The error of the next frame.
    pub(super) fails: Option<io::Error>,
}

impl Surface for Paper {
    fn draw(&mut self, paint: &mut dyn FnMut(&mut ratatui::Frame)) -> io::Result<()> {
        self.world.note("draw");
        self.terminal.draw(paint).expect("a test backend never fails");
        if let Some(ms) = self.takes_ms.get(self.drawn % self.takes_ms.len().max(1)) {
            self.world.pass(Duration::from_millis(*ms));
        }
        self.drawn += 1;
        self.fails.take().map_or(Ok(()), Err)
    }

    fn lend(&mut self, _: &mut Command, meanwhile: &mut dyn FnMut() -> bool) -> io::Result<ExitStatus> {
        let kept = meanwhile();
        self.world.note(if kept { "lend, and a run is recorded" } else { "lend" });
        self.world.pass(Duration::from_secs(1_000));
        Ok(ExitStatus::default())
    }

    fn suspend(&mut self) -> io::Result<()> {
        self.world.note("suspend");
        self.world.pass(Duration::from_secs(1_000));
        Ok(())
    }

    fn resume(&mut self) -> io::Result<()> {
        self.world.note("resume");
        Ok(())
    }

    fn forget(&mut self) -> io::Result<()> {
        self.world.note("forget");
        Ok(())
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        self.world.note(format!("copy {text}"));
        Ok(())
    }
}

/// Runs of 2 s. On the virtual clock the first drain yields everything; on the real clock they never end by themselves.
#[derive(Debug)]
pub(super) struct Puppets {
    pub(super) world: World,
    /// How many runs can still start.
    pub(super) most: usize,
    pub(super) length_ns: u64,
    /// How long each run takes to be gone after a stop, in order. All later ones are gone at once.
    pub(super) lingers: VecDeque<Duration>,
}

#[derive(Debug)]
pub(super) struct Puppet {
    pub(super) world: World,
    pub(super) live: bool,
    pub(super) length_ns: u64,
    pub(super) phase: Phase,
    pub(super) report: Report,
    lingers: Duration,
    /// When it was asked to stop.
    left_at: Option<Instant>,
}

impl Engine for Puppets {
    type Run = Puppet;

    fn follow(&mut self, feed: ::engine::attach::Feed) -> Option<Puppet> {
        self.world.note(format!("follow {}", feed.program.pid));
        let report = Report { ending: Ending::Exited, elapsed_ns: 2_000_000_000, runtime_polls: None };
        let (world, length_ns, lingers) = (self.world.clone(), self.length_ns, Duration::ZERO);
        Some(Puppet { world, live: true, length_ns, phase: Phase::Running, report, lingers, left_at: None })
    }

    fn start(&mut self, spec: &Spec) -> Result<Puppet, StartError> {
        self.most = self.most.checked_sub(1).ok_or_else(|| StartError::System(io::Error::other("no thread")))?;
        let permits = spec.scenario.param("permits").map_or(0, |permits| spec.values.number(permits));
        self.world.note(format!("start {} with {permits}", spec.clock.name()));
        let report = Report { ending: Ending::Stopped, elapsed_ns: 2_000_000_000, runtime_polls: None };
        let live = spec.clock == scenario::Clock::Real;
        let lingers = self.lingers.pop_front().unwrap_or_default();
        let (world, length_ns) = (self.world.clone(), self.length_ns);
        Ok(Puppet { world, live, length_ns, phase: Phase::Running, report, lingers, left_at: None })
    }

    fn editor(&self) -> Option<String> {
        Some("ed".to_owned())
    }

    fn prepare(&mut self, _: &[scenario::Scenario], _: Detail) -> Option<f64> {
        self.world.note("measure");
        Some(20.0)
    }
}

impl Running for Puppet {
    fn drain(&mut self, trace: &mut Trace) -> bool {
        let new = !trace.closed && trace.end_ns == 0;
        trace.end_ns = self.length_ns;
        if !self.live || self.phase == Phase::Stopping {
            self.phase = Phase::Over;
            trace.closed = true;
        }
        new
    }

    fn wait(&mut self, _: Duration) {}

    fn phase(&self) -> Phase {
        self.phase
    }

    fn report(&self) -> Option<&Report> {
        (self.phase == Phase::Over).then_some(&self.report)
    }

    fn stop(&mut self) {
        self.world.note("stop");
        self.phase = Phase::Stopping;
    }

    fn leave(&mut self) {
        if self.phase != Phase::Over {
            self.world.note("leave");
        }
        self.left_at = Some(self.world.now());
    }

    fn is_gone_within(&mut self, at_most: Duration) -> bool {
        if at_most > Duration::from_millis(100) {
            self.world.note("wait for it to be gone");
        }
        self.left_at.is_some_and(|left_at| self.world.now() >= left_at + self.lingers)
    }

    fn pause(&self, paused: bool) {
        self.world.note(format!("pause {paused}"));
    }

    fn step(&self) {
        self.world.note("step");
    }

    fn set_pace(&self, pace: f64) {
        self.world.note(format!("pace {pace}"));
    }
}
