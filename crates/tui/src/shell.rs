//! The event loop: joins the model, the engine and the terminal.
//!
//! One turn of the loop takes all pending inputs, performs their effects (of
//! several starts only the last), moves new events of the run into the model, and
//! draws one frame if something changed. While nothing moves, the loop sleeps until
//! an input arrives; otherwise it turns sixty times a second. A slow terminal gets
//! fewer frames, each of them up to date, and inputs are still handled meanwhile.
//!
//! It is generic over inputs, screen and engine, so that tests can drive it with a
//! script and without a terminal.

mod bench;
mod editor;
mod engine;
mod hunting;
mod leaving;
mod pending;
mod programs;
mod reaper;
mod runs;
pub mod seen;
mod sketch;
mod sources;
mod sweeping;
mod terminal;

use std::io;
use std::time::{Duration, Instant};

use bench::Bench;
pub use engine::{Engine, OnScreen, Running, Tokio};
use hunting::Hunts;
use leaving::Leaving;
use pending::{Next, PendingRun};
use reaper::Reaper;
use sources::Programs;
use sweeping::Sweeps;
pub use terminal::{Events, Surface};

use rustix::io::Errno;
use signal_hook::consts::SIGHUP;
use tempfile::TempDir;

use crate::app::effect::{self, Effect};
use crate::app::input::action::Action;
use crate::app::input::{keymap, pointer};
use crate::app::model::Model;
use crate::app::programs::attach;
use crate::app::run::playback;
use crate::app::timeline::viewport;
use crate::app::update;
use crate::term::{Input, Inputs, Screen};
use crate::{signals, ui};
use ::engine::attach::Feed;
use ::engine::{Phase, Tape};
use trace::Trace;

/// The time between two frames.
const FRAME: Duration = Duration::from_micros(16_667);

/// With reduced motion, the minimum time between two frames without an input.
const STILL: Duration = Duration::from_millis(250);

/// How old the list of processes on screen may be.
const LISTED: Duration = Duration::from_secs(1);

/// How long an input may wait while the loop records a run.
const SLICE: Duration = Duration::from_millis(2);

/// The maximum number of inputs per turn, so that a flood of them cannot block the screen.
const MOST_INPUTS: usize = 1024;

/// How long a run may take to stop when the program ends. The engine itself abandons a run after a second.
const LAST_STOP: Duration = Duration::from_millis(1100);

/// Why the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The user quit.
    Quit,
    /// A signal asked the program to end: its number.
    Signal(i32),
    /// The terminal is gone.
    Gone,
}

impl Exit {
    /// The exit code: as in shells, 128 plus the signal's number. A terminal that is
    /// gone counts as SIGHUP.
    pub fn code(self) -> u8 {
        match self {
            Exit::Quit => 0,
            Exit::Signal(signal) => signals::exit_code(signal),
            Exit::Gone => signals::exit_code(SIGHUP),
        }
    }
}

/// Shows the model on the terminal and performs runs until the user quits.
///
/// The engine records each run. If there is a feed, the screen begins with that program.
///
/// # Errors
///
/// If there is no terminal, or the system refuses a thread.
pub fn run(model: Model, engine: Tokio, feed: Option<Feed>) -> io::Result<Exit> {
    let inputs = Inputs::open()?;
    let screen = Screen::open(model.options.mouse)?;
    let mut shell = Shell::new(model, inputs, screen, engine);
    if let Some(feed) = feed {
        shell.follow(feed);
    }
    shell.run()
}

/// The event loop.
#[derive(Debug)]
pub struct Shell<E, S, G: Engine> {
    model: Model,
    events: E,
    surface: S,
    engine: G,
    run: Option<G::Run>,
    /// The recording of the run on screen; kept when the run is over.
    tape: Option<Tape>,
    /// The run that will be on screen next.
    pending: Option<PendingRun<G::Run>>,
    /// The newest request since `pending` was started.
    next: Option<Next>,
    programs: Programs,
    hunts: Hunts,
    sweeps: Sweeps,
    bench: Bench,
    /// The runs that are stopping, until they are gone.
    leaving: Leaving<G::Run>,
    cache: ui::Cache,
    reaper: Reaper,
    /// Whether the next frame would differ.
    dirty: bool,
    /// Copies of sources for the editor, kept until the program ends.
    copies: Option<TempDir>,
    /// Whether an input has come since the last frame.
    answers: bool,
    /// When the last frame was drawn.
    drawn_at: Instant,
    /// When the last turn began.
    turned_at: Instant,
    /// The time up to which the cursor has been moved.
    ticked_at: Instant,
    exit: Option<Exit>,
}

impl<E: Events, S: Surface, G: Engine> Shell<E, S, G> {
    /// Creates an event loop that has not started.
    pub fn new(model: Model, events: E, surface: S, engine: G) -> Self {
        let (now, reaper) = (events.now(), Reaper::new(engine.give_back()));
        Self {
            model,
            events,
            surface,
            engine,
            run: None,
            tape: None,
            pending: None,
            next: None,
            programs: Programs::default(),
            hunts: Hunts::default(),
            sweeps: Sweeps::default(),
            bench: Bench::default(),
            leaving: Leaving::default(),
            cache: ui::Cache::default(),
            reaper,
            dirty: true,
            copies: None,
            answers: false,
            drawn_at: now,
            turned_at: now,
            ticked_at: now,
            exit: None,
        }
    }

    /// Runs until the user quits, a signal arrives, or the terminal is gone.
    ///
    /// # Errors
    ///
    /// If writing to a terminal that still exists fails.
    pub fn run(mut self) -> io::Result<Exit> {
        let exit = match self.turn_until_exit() {
            Err(error) if is_gone(&error) => Ok(Exit::Gone),
            other => other,
        };
        // Restore the terminal first: stopping a run may take a second.
        drop(self.surface);
        let mut trace = self.model.run.map(|view| view.trace).unwrap_or_default();
        let until = Instant::now() + LAST_STOP;
        if let Some(run) = &mut self.run {
            stop(run, &mut trace, until);
        }
        let now = self.events.now();
        self.run.into_iter().chain(self.pending.map(|pending| pending.run)).for_each(|run| self.leaving.take(run, now));
        self.leaving.sweep(now, until.saturating_duration_since(Instant::now()), &mut self.reaper);
        exit
    }

    fn turn_until_exit(&mut self) -> io::Result<Exit> {
        self.open_workshop();
        self.draw()?;
        // This takes a moment, so it comes after the first frame, and before the first run.
        if self.model.can_run() {
            self.model.session.cost_ns = self.engine.prepare(self.model.catalogue, self.model.form.detail);
        }
        let mut effects = update::opened(&mut self.model);
        loop {
            self.turned_at = self.events.now();
            self.perform(effects)?;
            self.advance();
            let news = self.look_at_sketch();
            self.perform(news)?;
            if self.surface.ready()? && self.dirty && self.may_draw() {
                self.draw()?;
            }
            effects = self.collect()?;
            if let Some(exit) = self.exit {
                return Ok(exit);
            }
        }
    }

    /// Whether a frame may be drawn now. With reduced motion, only the answer to an input is drawn at once, and other changes
    /// every [`STILL`].
    fn may_draw(&mut self) -> bool {
        let still = self.model.options.reduced_motion && !std::mem::take(&mut self.answers);
        !still || self.turned_at.saturating_duration_since(self.drawn_at) >= STILL
    }

    /// Whether the screen changes without an input.
    fn moves(&self) -> bool {
        self.run.is_some()
            || self.pending.is_some()
            || self.next.is_some()
            || self.hunts.is_on()
            || self.sweeps.is_on()
            || self.awaits_programs()
            || self.leaving.is_awaited(self.turned_at)
            || self
                .model
                .run
                .as_ref()
                .is_some_and(|run| run.found.is_looking() || (run.cursor.playing && run.cursor.at_ns < run.trace.end_ns))
    }

    /// Waits until the next turn is due, or for an input if nothing moves, and handles all inputs that came.
    fn collect(&mut self) -> io::Result<Vec<Effect>> {
        let mut effects = Vec::new();
        if !self.moves() && !self.dirty && self.surface.ready()? {
            // The list of processes, or the time of a build, may change meanwhile.
            let until = self.model.programs.as_ref().map(|_| self.turned_at + LISTED);
            let until = until.or_else(|| self.builds().then(|| self.turned_at + STILL));
            let input = self.events.next(until);
            // The cursor did not move during the sleep.
            self.ticked_at = self.events.now();
            self.take(input, &mut effects)?;
        }
        // While a run is pending, do not wait here for the next frame: `bring` waits for the run.
        let due = if self.pending.is_some() { self.turned_at } else { self.turned_at + FRAME };
        for _ in 0..MOST_INPUTS {
            let input = self.next_input(due);
            if self.exit.is_some() || input.is_none() {
                break;
            }
            self.take(input, &mut effects)?;
        }
        Ok(effects)
    }

    /// Returns the next input, if one comes by `due`. Meanwhile it drains a run that goes as fast as possible: such a run
    /// waits for the reader, and draining once a frame would slow it down.
    fn next_input(&mut self, due: Instant) -> Option<Input> {
        while self.run.is_some() && self.model.run.as_ref().is_some_and(|view| !view.is_live()) {
            let now = self.events.now();
            let input = self.events.next(Some(now));
            let left = due.saturating_duration_since(now);
            if input.is_some() || left.is_zero() {
                return input;
            }
            if let Some(run) = &mut self.run {
                run.wait(left.min(SLICE));
            }
            self.drain();
        }
        self.events.next(Some(due))
    }

    fn take(&mut self, input: Option<Input>, effects: &mut Vec<Effect>) -> io::Result<()> {
        self.answers |= input.is_some();
        let action = match input {
            None | Some(Input::Woken) => None,
            Some(Input::Key(key)) => {
                // A notice stays until the next key, even one that does nothing.
                self.dirty |= self.model.notice.take().is_some();
                keymap::key(&self.model, key)
            }
            Some(Input::Mouse(mouse)) => pointer::mouse(&self.model, mouse),
            Some(Input::Paste(text)) => keymap::paste(&self.model, text),
            Some(Input::Resized) => {
                self.surface.forget()?;
                self.dirty = true;
                None
            }
            Some(Input::Continued) => {
                self.surface.resume()?;
                self.dirty = true;
                None
            }
            Some(Input::Ended(signal)) => {
                self.exit = Some(Exit::Signal(signal));
                None
            }
            Some(Input::Gone) => {
                self.exit = Some(Exit::Gone);
                None
            }
        };
        if let Some(action) = action {
            self.dirty = true;
            // The time until now belongs to the old run and its speed.
            self.pass_time();
            effect::add(effects, update::update(&mut self.model, action));
            if self.model.quit {
                self.exit = Some(Exit::Quit);
            }
        }
        Ok(())
    }

    fn perform(&mut self, effects: Vec<Effect>) -> io::Result<()> {
        for effect in effects {
            match effect {
                Effect::Start(spec) => self.start(spec),
                Effect::Attach(process) => self.attach(&process),
                Effect::Hunt(hunt) => self.hunts.start(&mut self.model, *hunt),
                Effect::EndHunt => self.hunts.end(&mut self.model),
                Effect::Sweep(sweep) => self.sweeps.start(&mut self.model, *sweep),
                Effect::EndSweep => self.sweeps.end(),
                Effect::Stop => self.run.iter_mut().for_each(Running::stop),
                Effect::Pause(paused) => self.run.iter().for_each(|run| run.pause(paused)),
                Effect::Step => self.run.iter().for_each(Running::step),
                Effect::SetPace(pace) => self.run.iter().for_each(|run| run.set_pace(pace)),
                Effect::Copy(text) => self.surface.copy(&text)?,
                Effect::Save { path, force } => self.save(&path, force),
                Effect::Export { path, format, force } => self.export(&path, format, force)?,
                Effect::KeepLayout(layout) => self.keep_layout(layout),
                Effect::OpenEditor(line) => self.edit(&line)?,
                Effect::MakeOwn { scenario, folder } => self.make_own(scenario, folder)?,
                Effect::Suspend => self.suspend()?,
            }
        }
        Ok(())
    }

    fn suspend(&mut self) -> io::Result<()> {
        self.surface.suspend()?;
        self.ticked_at = self.events.now();
        self.dirty = true;
        Ok(())
    }

    /// Moves new events into the model, and advances the cursor.
    fn advance(&mut self) {
        self.bring();
        self.look_at_programs();
        self.dirty |= self.hunts.look(&mut self.model, self.turned_at);
        self.dirty |= self.sweeps.look(&mut self.model, self.turned_at);
        self.drain();
        self.pass_time();
        self.model.session.freed.drain(..).for_each(|run| self.reaper.take(run));
    }

    /// Advances the cursor to the present.
    fn pass_time(&mut self) {
        let now = self.events.now();
        let passed = now.saturating_duration_since(self.ticked_at);
        self.ticked_at = now;
        let seen = |model: &Model| (model.run.as_ref().map(|run| (run.cursor, run.found.is_looking())), model.timeline);
        let before = seen(&self.model);
        update::update(&mut self.model, Action::Tick(passed));
        self.dirty |= seen(&self.model) != before;
    }

    fn drain(&mut self) {
        let (Some(run), Some(view)) = (&mut self.run, &mut self.model.run) else { return };
        let more = run.drain(&mut view.trace);
        let (fault, old) = (run.fault(), run.take_old());
        let phase = run.phase();
        let changed = more || view.phase != phase;
        view.phase = phase;
        if phase == Phase::Over {
            view.report = run.report().cloned();
            let (refused, exit) = (run.refused(), run.take_exit());
            if let Some(run) = self.run.take() {
                let now = self.events.now();
                self.leaving.take(run, now);
                self.leaving.sweep(now, Duration::ZERO, &mut self.reaper);
            }
            self.tell_end(refused, exit);
        }
        if let Some(old) = old {
            attach::shortened(&mut self.model, &old);
            self.reaper.take(old);
        }
        if let Some(fault) = fault {
            self.model.warn(fault);
            self.dirty = true;
        }
        if changed {
            playback::recorded(&mut self.model);
            self.keep_score();
            self.keep_solved();
            self.dirty = true;
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        self.drawn_at = self.turned_at;
        let mut changed = false;
        let (model, cache) = (&mut self.model, &mut self.cache);
        self.surface.draw(&mut |frame| {
            let areas = ui::draw(frame, model, cache);
            changed = viewport::laid_out(model, areas);
            if changed {
                // The size has changed: correct the view before anyone sees it.
                frame.buffer_mut().reset();
                let areas = ui::draw(frame, model, cache);
                changed = viewport::laid_out(model, areas);
            }
        })?;
        self.dirty = changed || self.cache.unfinished();
        Ok(())
    }
}

/// Whether an error means that the terminal is gone: a closed pipe, EIO after it hung up, or ENXIO from /dev/tty, which then
/// leads to no terminal.
fn is_gone(error: &io::Error) -> bool {
    let gone = [Errno::IO, Errno::NXIO].map(|errno| Some(errno.raw_os_error()));
    error.kind() == io::ErrorKind::BrokenPipe || gone.contains(&error.raw_os_error())
}

/// Stops the last run and waits for it: it may have to clean up files and sockets, and to finish a recording.
fn stop(run: &mut impl Running, trace: &mut Trace, until: Instant) {
    run.stop();
    while run.phase() != Phase::Over && Instant::now() < until {
        // Nobody will see these events, but a full buffer would block the run.
        run.drain(trace);
        run.wait(until.saturating_duration_since(Instant::now()));
    }
}

#[cfg(test)]
mod tests;
