//! Recordings: reading back a run, and files that are not recordings.

mod damaged;
#[path = "../support/disguise.rs"]
mod disguise;
mod file;
mod fuzz;
mod outputs;
mod program;
mod screen;
mod whole;

use super::support;
use super::texts;

use std::io::Read;

use engine::Recording;
use recording::OpenError;

/// Opens a recording of any scenario of the catalogue.
fn read(from: impl Read) -> Result<Recording, OpenError> {
    engine::read(from, tui::source::known(scenarios::CATALOGUE))
}
