//! A parameter changed with a held key: the whole program except for the terminal, and a journal of it.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use engine::{Phase, Report, Run, Spec, StartError};
use ratatui::backend::TestBackend;
use ratatui::{Frame, Terminal};
use scenarios::CATALOGUE;
use trace::Trace;
use tui::app::model::{Model, Options, Theme};
use tui::shell::{Engine, Events, Running, Shell, Surface};
use tui::term::Input;

/// How long the last run may take to appear: long, since the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// An event of the journal, and its time.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) at: Instant,
    pub(crate) what: What,
}

/// The kinds of events.
#[derive(Debug)]
pub(crate) enum What {
    /// A key arrived.
    Key,
    /// A run was started.
    Start,
    /// That run is over, and its trace complete: its hash.
    Over(Spec, u64),
    /// A frame was drawn: its text.
    Frame(String),
}

#[derive(Debug, Clone, Default)]
struct Journal(Arc<Mutex<Vec<Entry>>>);

impl Journal {
    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, what: What) {
        self.lock().push(Entry { at: Instant::now(), what });
    }

    /// True if the run that the last key requested is over and was drawn.
    fn is_settled(&self) -> bool {
        let journal = self.lock();
        let key = journal.iter().rposition(|entry| matches!(entry.what, What::Key)).unwrap_or(0);
        frame_of(&journal, key).is_some()
    }
}

/// The index of the first frame that shows the first run that was started after an entry.
pub(crate) fn frame_of(entries: &[Entry], from: usize) -> Option<usize> {
    let after = |from: usize, is: fn(&What) -> bool| Some(from + entries[from..].iter().position(|entry| is(&entry.what))?);
    let start = after(from, |what| matches!(what, What::Start))?;
    let over = after(start, |what| matches!(what, What::Over(..)))?;
    after(over, |what| matches!(what, What::Frame(_)))
}

/// Presses the keys at that interval, and quits when the last one has had its effect.
struct Finger {
    journal: Journal,
    keys: VecDeque<KeyCode>,
    every: Duration,
    due: Option<Instant>,
    since: Instant,
}

impl Finger {
    fn press(&mut self) -> Option<Input> {
        // The first key comes when the first run is on screen.
        let due = match self.due {
            Some(due) => due,
            None if self.journal.is_settled() => *self.due.insert(Instant::now()),
            None => return None,
        };
        if Instant::now() < due {
            return None;
        }
        let code = match self.keys.pop_front() {
            Some(code) => code,
            None if self.journal.is_settled() || self.since.elapsed() > PATIENCE => KeyCode::Char('q'),
            None => return None,
        };
        self.due = Some(due + self.every);
        self.since = Instant::now();
        self.journal.note(What::Key);
        Some(Input::Key(KeyEvent::new(code, KeyModifiers::NONE)))
    }
}

impl Events for Finger {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn next(&mut self, until: Option<Instant>) -> Option<Input> {
        loop {
            if let Some(input) = self.press() {
                return Some(input);
            }
            if until.is_some_and(|until| Instant::now() >= until) {
                return None;
            }
            thread::sleep(Duration::from_micros(200));
        }
    }
}

struct Paper {
    journal: Journal,
    terminal: Terminal<TestBackend>,
}

impl Surface for Paper {
    fn draw(&mut self, paint: &mut dyn FnMut(&mut Frame)) -> io::Result<()> {
        self.terminal.draw(paint).map_err(io::Error::other)?;
        let at = Instant::now();
        let text = self.terminal.backend().to_string();
        self.journal.lock().push(Entry { at, what: What::Frame(text) });
        Ok(())
    }

    fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn resume(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn forget(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn copy(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }
}

struct Watched(Journal);

struct WatchedRun {
    journal: Journal,
    spec: Spec,
    run: Run,
}

impl Engine for Watched {
    type Run = WatchedRun;

    fn start(&mut self, spec: &Spec) -> Result<WatchedRun, StartError> {
        self.0.note(What::Start);
        Ok(WatchedRun { journal: self.0.clone(), spec: spec.clone(), run: Run::start(spec)? })
    }
}

impl Running for WatchedRun {
    fn drain(&mut self, trace: &mut Trace) -> bool {
        let before = self.run.phase();
        let more = self.run.drain(trace);
        if before != Phase::Over && self.run.phase() == Phase::Over {
            self.journal.note(What::Over(self.spec.clone(), trace.hash()));
        }
        more
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

/// The semaphore with these parameters.
pub(crate) fn semaphore(turned: &[(&str, u64)], seed: u64) -> Spec {
    let mut spec = Spec { seed, ..Spec::new(&scenarios::semaphore::SCENARIO) };
    for (name, value) in turned {
        let param = spec.scenario.param(name).unwrap_or_else(|| panic!("it has no parameter {name}"));
        spec.values.set(param, scenario::Value::Number(*value));
    }
    spec
}

/// Opens the program with a run, moves to the field `permits`, and presses these keys at that interval. Returns what happened
/// from the first key on.
pub(crate) fn hold(spec: Spec, keys: &[KeyCode], every: Duration) -> Vec<Entry> {
    let journal = Journal::default();
    let theme = Theme::plain(true, true);
    let options = Options { theme, mouse: false, reduced_motion: false, console: None, limit: spec.limit };
    let row = spec.scenario.params.iter().position(|param| param.name == "permits").expect("it has permits");
    let mut model = Model::new(CATALOGUE, options, Some(spec));
    model.form.row = row;
    let keys = keys.iter().copied().collect();
    let finger = Finger { journal: journal.clone(), keys, every, due: None, since: Instant::now() };
    let terminal = Terminal::new(TestBackend::new(120, 40)).expect("a test backend never fails");
    let paper = Paper { journal: journal.clone(), terminal };
    Shell::new(model, finger, paper, Watched(journal.clone())).run().expect("paper takes everything");
    let mut entries = std::mem::take(&mut *journal.lock());
    let first = entries.iter().position(|entry| matches!(entry.what, What::Key)).expect("a key was pressed");
    entries.drain(..first);
    entries
}
