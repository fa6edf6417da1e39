//! A sketch.

mod build;
mod described;
mod process;
mod run;
mod served;
mod watch;
mod wire;
mod workshop;

use std::process::ExitCode;

use scenario::Scenario;

pub use build::{Problem, Spot};
pub use process::Exit;
pub use run::{Built, SketchRun};
pub use workshop::{News, Workshop};

/// What the main function of a sketch calls.
pub fn main(scenario: &'static Scenario) -> ExitCode {
    if served::is_asked_for() {
        return served::serve(scenario);
    }
    ExitCode::SUCCESS
}
