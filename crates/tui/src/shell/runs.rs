//! Replaces one run by another: at once, or after simulating it off screen.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::pending::{NOTICED, Next, PendingRun};
use super::{Engine, Events, Running, Shell, Surface};
use crate::app::model::Pending;
use crate::app::panes::Layout;
use crate::app::run::{challenge, export, lifecycle, playback, predict, save};
use crate::app::sketch::life;
use ::export::Format;
use engine::{SaveError, Spec};
use recording::files;

/// How long a turn waits for the old run to be gone and the new one to record: most virtual runs are over by then.
const SETTLE: Duration = Duration::from_millis(12);

impl<E: Events, S: Surface, G: Engine> Shell<E, S, G> {
    /// Saves the recording of the run on screen.
    pub(super) fn save(&mut self, path: &Path, force: bool) {
        match self.tape.as_ref().map(|tape| tape.save(path, force)) {
            Some(Ok(())) => save::saved(&mut self.model, path),
            Some(Err(fault)) => save::unsaved(&mut self.model, &fault),
            None => self.model.warn("this run is already recorded by --record".into()),
        }
        self.dirty = true;
    }

    /// Exports the run on screen, and copies the path of the file.
    pub(super) fn export(&mut self, path: &Path, format: Format, force: bool) -> io::Result<()> {
        self.dirty = true;
        let bytes = match self.engine.export(&mut self.model, format) {
            Ok(bytes) => bytes,
            Err(reason) => {
                export::not_exported(&mut self.model, &SaveError::Io(io::Error::other(reason)));
                return Ok(());
            }
        };
        match files::write(path, &bytes, force) {
            Ok(()) => {
                let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
                export::exported(&mut self.model, format, &whole);
                self.surface.copy(&whole.to_string_lossy())?;
            }
            Err(error) => export::not_exported(&mut self.model, &SaveError::of(error)),
        }
        Ok(())
    }

    /// Starts this run as soon as possible. If several are requested meanwhile, only the last one runs.
    pub(super) fn start(&mut self, spec: Spec) {
        self.dirty = true;
        if !lifecycle::keeps_old(&self.model, &spec) {
            self.leave();
        }
        let since = self.next.take().map_or_else(|| self.events.now(), |next| next.since);
        self.next = Some(Next { spec, since });
        self.start_next();
    }

    /// Records that a scenario was run. A sketch is not part of the catalogue.
    fn remember(&mut self, id: &'static str) {
        if self.model.sketch.as_ref().is_some_and(|sketch| sketch.id == id) {
            return;
        }
        if self.model.seen.insert(id)
            && let Err(error) = self.engine.seen(id)
        {
            self.model.warn(format!("cannot record that {id} was run: {error}"));
        }
    }

    /// Records how many predictions were right, once the run that they are about is over.
    pub(super) fn keep_score(&mut self) {
        if let Some((id, score)) = predict::settle(&mut self.model)
            && self.model.sketch.as_ref().is_none_or(|sketch| sketch.id != id)
            && let Err(error) = self.engine.keep_score(id, score)
        {
            self.model.warn(format!("cannot record the predictions about {id}: {error}"));
        }
    }

    /// Records that a challenge was solved, once the run that solves it is over.
    pub(super) fn keep_solved(&mut self) {
        if let Some(id) = challenge::settle(&mut self.model)
            && let Err(error) = self.engine.keep_solved(id)
        {
            self.model.warn(format!("cannot record that the challenge of {id} was solved: {error}"));
        }
    }

    /// Records a layout.
    pub(super) fn keep_layout(&mut self, layout: Layout) {
        if let Err(error) = self.engine.keep_layout(layout) {
            self.model.warn(format!("cannot save the layout: {error}"));
        }
    }

    /// Stops the run on screen and the pending one. The trace on screen stays.
    pub(super) fn leave(&mut self) {
        let now = self.events.now();
        if let Some(run) = self.run.take() {
            self.leaving.take(run, now);
        }
        if let Some(PendingRun { run, trace, .. }) = self.pending.take() {
            self.leaving.take(run, now);
            self.reaper.take(trace);
        }
        lifecycle::left(&mut self.model);
    }

    /// Starts the newest request unless it has to wait: off screen if it can replace the run on screen later, otherwise on
    /// screen at once.
    fn start_next(&mut self) {
        let Some(next) = &self.next else { return };
        let out_of_sight = lifecycle::keeps_old(&self.model, &next.spec);
        if out_of_sight && self.pending.as_ref().is_some_and(|pending| !pending.is_late()) {
            return;
        }
        // Stop recording the run on screen: two runs at once would take twice as long.
        self.leave();
        let (now, until) = (self.events.now(), Instant::now() + SETTLE);
        self.leaving.sweep(now, SETTLE, &mut self.reaper);
        if !self.leaving.lets_start(now) {
            return;
        }
        let Some(Next { spec, .. }) = self.next.take() else { return };
        life::started(&mut self.model, &spec);
        let disturbed = self.leaving.disturbs();
        match self.engine.start(&spec) {
            Ok(run) if out_of_sight => self.pending = Some(PendingRun::new(spec, run, disturbed)),
            Ok(run) => {
                self.show(spec, run, disturbed);
                self.settle(until);
                self.ticked_at = self.events.now();
            }
            Err(error) => {
                lifecycle::failed(&mut self.model, &error);
                lifecycle::cut_off(&mut self.model);
                self.dirty = true;
            }
        }
    }

    /// Puts a newly started run on screen.
    fn show(&mut self, spec: Spec, run: G::Run, disturbed: bool) {
        self.tape = run.tape();
        self.run = Some(run);
        self.remember(spec.scenario.id);
        if let Some(old) = lifecycle::started(&mut self.model, spec) {
            self.reaper.take(old);
        }
        if disturbed {
            lifecycle::disturbed(&mut self.model);
        }
        self.dirty = true;
    }

    /// Says what the next run waits for, once the wait is long enough to notice.
    fn tell_pending(&mut self) {
        let now = self.events.now();
        let asked = self.next.as_ref().is_some_and(|next| now.saturating_duration_since(next.since) >= NOTICED);
        let pending = if self.next.is_some() && self.leaving.is_full(now) {
            Pending::Blocked
        } else if asked || self.pending.as_ref().is_some_and(PendingRun::is_noticed) {
            Pending::Computing
        } else {
            Pending::Nothing
        };
        self.dirty |= lifecycle::pending(&mut self.model, pending);
    }

    /// Puts the pending run on screen if it is ready in time, and starts the next one if possible.
    pub(super) fn bring(&mut self) {
        self.leaving.sweep(self.events.now(), Duration::ZERO, &mut self.reaper);
        // Until now the cursor has moved over the old run.
        self.pass_time();
        let until = Instant::now() + SETTLE;
        let at_ns = self.model.run.as_ref().map_or(0, lifecycle::kept_ns);
        let is_there = self.pending.as_mut().is_some_and(|pending| pending.is_there_by(until, at_ns));
        self.drop_refused();
        if let Some(pending) = self.pending.take_if(|_| is_there) {
            self.replace(pending);
        }
        self.start_next();
        self.tell_pending();
    }

    /// Puts the pending run on screen.
    fn replace(&mut self, mut pending: PendingRun<G::Run>) {
        let drained = std::mem::take(&mut pending.trace);
        let old = lifecycle::started(&mut self.model, pending.spec);
        if let Some(view) = &mut self.model.run {
            view.trace = drained;
        }
        lifecycle::replaced(&mut self.model, old.as_ref());
        self.reaper.take(old);
        self.tape = pending.run.tape();
        self.run = Some(pending.run);
        playback::recorded(&mut self.model);
        if pending.disturbed {
            lifecycle::disturbed(&mut self.model);
        }
        self.drain();
        self.dirty = true;
    }

    /// Drains a run that is simulated as fast as possible until it is over or the time is up.
    fn settle(&mut self, until: Instant) {
        while self.model.run.as_ref().is_some_and(|view| !view.is_live()) {
            self.drain();
            let left = until.saturating_duration_since(Instant::now());
            let Some(run) = &mut self.run else { return };
            if left.is_zero() {
                return;
            }
            run.wait(left);
        }
    }
}
