//! Sweeps beside the screen: started, looked at some times a second, and ended.

use std::thread;
use std::time::{Duration, Instant};

use crate::app::model::Model;
use crate::app::overlay::sweep;
use ::engine::sweep::{Sweep, Sweeping};

/// How often the screen shows how far a sweep has come.
const EVERY: Duration = Duration::from_millis(100);

/// The current sweep, if there is one.
#[derive(Debug, Default)]
pub(super) struct Sweeps {
    sweeping: Option<Sweeping>,
    looked: Option<Instant>,
}

impl Sweeps {
    /// Starts a sweep in place of the current one.
    pub(super) fn start(&mut self, model: &mut Model, sweep: Sweep) {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        match Sweeping::start(sweep, threads) {
            Ok(sweeping) => *self = Self { sweeping: Some(sweeping), looked: None },
            Err(error) => model.warn(format!("cannot start the sweep: {error}")),
        }
    }

    /// Ends the current sweep. The runs so far stay on screen.
    pub(super) fn end(&mut self) {
        self.sweeping = None;
    }

    /// Whether there is a sweep.
    pub(super) fn is_on(&self) -> bool {
        self.sweeping.is_some()
    }

    /// Shows how far the sweep has come. Returns whether the screen changes.
    pub(super) fn look(&mut self, model: &mut Model, now: Instant) -> bool {
        let Some(sweeping) = &self.sweeping else { return false };
        let over = sweeping.is_over();
        if !over && self.looked.is_some_and(|looked| now.saturating_duration_since(looked) < EVERY) {
            return false;
        }
        self.looked = Some(now);
        let changes = sweep::progressed(model, sweeping.points(), over);
        if over {
            self.sweeping = None;
        }
        changes
    }
}
