//! What the inputs of one turn asked for: of several starts only the last.

use std::path::PathBuf;

use crate::app::update::{Effect, SourceLine};
use crate::engine::Spec;

/// What the inputs of one turn asked for.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) start: Option<Spec>,
    pub(super) stop: bool,
    pub(super) pause: Option<bool>,
    pub(super) steps: u32,
    pub(super) pace: Option<f64>,
    pub(super) copy: Option<String>,
    pub(super) save: Option<(PathBuf, bool)>,
    pub(super) suspend: bool,
    pub(super) edit: Option<SourceLine>,
}

impl Asked {
    pub(super) fn add(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                // What was asked of the run before does not matter to the one that takes its place.
                Effect::Start(spec) => {
                    *self = Self { start: Some(spec), copy: self.copy.take(), suspend: self.suspend, ..Self::default() };
                }
                Effect::Stop => self.stop = true,
                // What is paused or let go forgets the steps from before.
                Effect::Pause(paused) => (self.pause, self.steps) = (Some(paused), 0),
                Effect::Step => self.steps += 1,
                Effect::SetPace(pace) => self.pace = Some(pace),
                Effect::Copy(text) => self.copy = Some(text),
                Effect::Save { path, force } => self.save = Some((path, force)),
                Effect::OpenEditor(line) => self.edit = Some(line),
                Effect::Suspend => self.suspend = true,
            }
        }
    }
}
