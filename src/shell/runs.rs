//! One run in the place of another: at once, or out of sight until it can be shown.

use std::path::Path;
use std::time::{Duration, Instant};

use super::coming::Coming;
use super::{Engine, Events, Running, Shell, Surface};
use crate::app::update;
use crate::engine::Spec;

/// How long a turn waits for what a new run records: most virtual runs are over by then.
const SETTLE: Duration = Duration::from_millis(12);

impl<E: Events, S: Surface, G: Engine> Shell<E, S, G> {
    /// Saves what is recorded of the run on screen.
    pub(super) fn save(&mut self, path: &Path, force: bool) {
        match self.tape.as_ref().map(|tape| tape.save(path, force)) {
            Some(Ok(())) => update::saved(&mut self.model, path),
            Some(Err(fault)) => update::unsaved(&mut self.model, &fault),
            None => update::warn(&mut self.model, "it is recorded by --record already".into()),
        }
        self.dirty = true;
    }

    /// Puts a new run in the place of the one before.
    pub(super) fn start(&mut self, spec: Spec) {
        if update::keeps_old(&self.model, &spec) {
            // At once when nothing is on its way, else when that is there.
            self.next = Some(spec);
            self.start_next();
            return;
        }
        self.next = None;
        if let Some(run) = &mut self.run {
            run.stop();
        }
        match self.engine.start(&spec) {
            Ok(run) => {
                self.replace_runs(Some(run));
                self.remember(spec.scenario.id);
                if let Some(old) = update::started(&mut self.model, spec) {
                    self.reaper.take(old);
                }
                self.settle();
            }
            Err(error) => update::failed(&mut self.model, &error),
        }
        self.ticked_at = self.events.now();
        self.dirty = true;
    }

    /// Remembers that a scenario was run.
    fn remember(&mut self, id: &'static str) {
        if self.model.seen.insert(id)
            && let Err(error) = self.engine.seen(id)
        {
            update::warn(&mut self.model, format!("that {id} was run will be forgotten: {error}"));
        }
    }

    /// Puts this run, if any, in the place of those that there are. To be let go of stops a run.
    fn replace_runs(&mut self, run: Option<G::Run>) {
        if let Some(run) = &run {
            self.tape = run.tape();
        }
        let coming = self.coming.take().map(|coming| coming.run);
        for old in [std::mem::replace(&mut self.run, run), coming].into_iter().flatten() {
            self.reaper.take(old);
        }
    }

    /// Starts out of sight what was asked for last, unless something is on its way and not late.
    fn start_next(&mut self) {
        if self.coming.as_ref().is_some_and(|coming| !coming.is_late()) {
            return;
        }
        let Some(spec) = self.next.take() else { return };
        match self.engine.start(&spec) {
            Ok(run) => {
                // The one on screen is not recorded any further: two at once would take twice as long.
                self.replace_runs(None);
                self.coming = Some(Coming::new(spec, run));
            }
            Err(error) => {
                update::failed(&mut self.model, &error);
                self.dirty = true;
            }
        }
    }

    /// Puts the run that is on its way on screen, if it is there by then, and starts the next one.
    pub(super) fn bring(&mut self) {
        // The cursor has been moving all the while, over what is on screen.
        self.pass_time();
        let until = Instant::now() + SETTLE;
        let at_ns = self.model.run.as_ref().map_or(0, update::kept_ns);
        let taken = self.coming.take_if(|coming| coming.is_there_by(until, at_ns));
        let noticed = self.coming.as_ref().is_some_and(Coming::is_noticed);
        self.dirty |= std::mem::replace(&mut self.model.coming, noticed) != noticed;
        let Some(mut coming) = taken else {
            self.start_next();
            return;
        };
        let drained = std::mem::take(&mut coming.trace);
        if let Some(old) = update::started(&mut self.model, coming.spec) {
            if let Some(view) = &mut self.model.run {
                view.trace = drained;
            }
            update::replaced(&mut self.model, &old);
            self.reaper.take(old);
        }
        self.tape = coming.run.tape();
        self.run = Some(coming.run);
        update::recorded(&mut self.model);
        self.drain();
        self.dirty = true;
        self.start_next();
    }

    /// Gives a run that is simulated as fast as it goes a moment to get done.
    fn settle(&mut self) {
        let until = Instant::now() + SETTLE;
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
