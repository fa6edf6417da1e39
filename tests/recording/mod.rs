//! Recordings: reading back a run, and files that are not recordings.

mod damaged;
#[path = "../support/disguise.rs"]
mod disguise;
mod file;
mod fuzz;
mod outputs;
mod program;
mod screen;
#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/texts.rs"]
mod texts;
mod whole;

use std::io::Read;

use engine::Recording;
use recording::OpenError;

/// Opens a recording of any scenario of the catalogue.
fn read(from: impl Read) -> Result<Recording, OpenError> {
    engine::read(from, tui::source::known(scenarios::CATALOGUE))
}
