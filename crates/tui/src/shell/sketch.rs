//! The sketch that is open: its builds, which a thread makes, and the crate that becomes the user's own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::sketch::{News, Workshop};
use engine::{Phase, StartError};
use scenario::Scenario;

use super::bench::Bench;
use super::{Engine, Events, Running, Shell, Surface, sources};
use crate::app::effect::{Effect, SourceLine};
use crate::app::run::lifecycle;
use crate::app::sketch::view::Building;
use crate::app::sketch::{files, life, own, shown};
use crate::source;

impl<E: Events, S: Surface, G: Engine> Shell<E, S, G> {
    /// Begins to build the sketch that is open, if one is.
    pub(super) fn open_workshop(&mut self) {
        let Some(sketch) = &self.model.sketch else { return };
        match Workshop::open(sketch.folder.clone(), self.events.waker()) {
            Ok(workshop) => self.bench = Bench { workshop: Some(workshop), since: Some(self.events.now()), crates: 0 },
            Err(error) => self.model.warn(format!("cannot build the sketch: {error}")),
        }
        self.dirty = true;
    }

    /// Puts a scenario into a folder as a crate of its own, opens it, and opens its source in the editor.
    pub(super) fn make_own(&mut self, scenario: &'static Scenario, folder: PathBuf) -> std::io::Result<()> {
        self.dirty = true;
        let file = match self.engine.lay(scenario, &folder) {
            Ok(file) => file,
            Err(reason) => {
                own::refused(&mut self.model, reason);
                return Ok(());
            }
        };
        own::made(&mut self.model);
        let folder = folder.canonicalize().unwrap_or(folder);
        life::opened(&mut self.model, folder.clone());
        life::take_over(&mut self.model);
        self.open_workshop();
        let line = first_line(&folder.join(&file));
        self.edit(&SourceLine { file, line, text: None })
    }

    /// Takes what is new about the sketch. Returns the effects that follow from it.
    pub(super) fn look_at_sketch(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        while let Some(news) = self.bench.workshop.as_ref().and_then(Workshop::next) {
            self.dirty = true;
            if !matches!(news, News::Crates(_)) {
                self.bench.since = None;
            }
            match news {
                News::Building => (self.bench.since, self.bench.crates) = (Some(self.events.now()), 0),
                News::Crates(crates) => self.bench.crates = crates,
                News::Broken(problems) => life::broken(&mut self.model, problems),
                News::Ended(exit) => life::ended(&mut self.model, &exit),
                News::Ready(built) => {
                    effects = life::ready(&mut self.model, built.scenario);
                    if let Some(old) = self.engine.build(built) {
                        self.reaper.take(old);
                    }
                }
            }
        }
        self.tell_building();
        self.read_files();
        effects
    }

    /// Reads the source files of the sketch in which tasks have begun to wait. They are few and small.
    fn read_files(&mut self) {
        if self.model.sketch.is_none() {
            return;
        }
        for file in files::wanted(&mut self.model) {
            let Some(folder) = shown::folder_of(&self.model, &file) else { continue };
            let Some(text) = sources::text(&folder.join(&*file)) else { continue };
            let names = Arc::new(source::read(file.to_string(), text));
            files::read(&mut self.model, file, text, names);
            self.dirty = true;
        }
        files::name(&mut self.model);
    }

    fn tell_building(&mut self) {
        let Some(since) = self.bench.since else { return };
        let seconds = self.events.now().saturating_duration_since(since).as_secs();
        let building = Building { seconds, crates: self.bench.crates };
        if self.model.sketch.as_ref().is_some_and(|sketch| sketch.building != Some(building)) {
            life::building(&mut self.model, building);
            self.dirty = true;
        }
    }

    /// Whether the time of a build is on screen.
    pub(super) fn builds(&self) -> bool {
        self.bench.since.is_some()
    }

    /// Says how the run on screen was refused or ended, if its process did that. Call it when the run is over.
    pub(super) fn tell_end(&mut self, refused: Option<StartError>, exit: Option<engine::sketch::Exit>) {
        if let Some(error) = refused {
            lifecycle::failed(&mut self.model, &error);
        }
        if let Some(exit) = exit {
            life::ended(&mut self.model, &exit);
        }
    }

    /// Takes away the pending run if it will never be there. The run on screen stays.
    pub(super) fn drop_refused(&mut self) {
        let over = self.pending.as_ref().is_some_and(|pending| pending.run.phase() == Phase::Over);
        let Some(pending) = self.pending.as_mut().filter(|_| over) else { return };
        let refused = pending.run.refused();
        let exit = pending.run.take_exit();
        let nothing = refused.is_some() || (exit.is_some() && pending.trace.tasks.is_empty());
        if nothing && let Some(pending) = self.pending.take() {
            let now = self.events.now();
            self.leaving.take(pending.run, now);
            self.reaper.take(pending.trace);
            lifecycle::cut_off(&mut self.model);
        }
        self.dirty |= refused.is_some() || exit.is_some();
        self.tell_end(refused, exit);
    }
}

/// The line at which the code of a scenario begins, after its lesson.
fn first_line(file: &Path) -> u32 {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let at = text.lines().position(|line| line.starts_with("async fn run(") || line.starts_with("pub async fn run("));
    at.map_or(1, |at| at as u32 + 1)
}
