//! Hunts beside the screen: started, looked at some times a second, and ended.

use std::thread;
use std::time::{Duration, Instant};

use crate::app::model::Model;
use crate::app::overlay::hunt;
use ::engine::hunt::{Hunt, Hunting};

/// How often the screen shows how far a hunt has come.
const EVERY: Duration = Duration::from_millis(100);

/// The current hunt, if there is one.
#[derive(Debug, Default)]
pub(super) struct Hunts {
    hunting: Option<Hunting>,
    looked: Option<Instant>,
}

impl Hunts {
    /// Starts a hunt in place of the current one.
    pub(super) fn start(&mut self, model: &mut Model, hunt: Hunt) {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        match Hunting::start(hunt, threads) {
            Ok(hunting) => *self = Self { hunting: Some(hunting), looked: None },
            Err(error) => model.warn(format!("cannot start the hunt: {error}")),
        }
    }

    /// Ends the current hunt. What it has found is kept on screen.
    pub(super) fn end(&mut self, model: &mut Model) {
        if let Some(hunting) = self.hunting.take() {
            hunt::progressed(model, hunting.progress(), hunting.found(), true);
        }
    }

    /// Whether there is a hunt.
    pub(super) fn is_on(&self) -> bool {
        self.hunting.is_some()
    }

    /// Shows how far the hunt has come. Returns whether the screen changes.
    pub(super) fn look(&mut self, model: &mut Model, now: Instant) -> bool {
        let Some(hunting) = &self.hunting else { return false };
        let over = hunting.is_over();
        if !over && self.looked.is_some_and(|looked| now.saturating_duration_since(looked) < EVERY) {
            return false;
        }
        self.looked = Some(now);
        let changes = hunt::progressed(model, hunting.progress(), hunting.found(), over);
        if over {
            self.hunting = None;
        }
        changes
    }
}
