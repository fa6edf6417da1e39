//! A sketch: a scenario in a crate of its own, which its owner edits.
//!
//! The crate's main function calls [`main`]. Started by the screen, the process serves it over a socket: the screen asks for runs
//! and gets their recordings, so code that panics, exits or loops takes nothing with it. Started by hand, it runs once.

mod alone;
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

/// What the main function of a sketch calls: serves the screen if the screen has started this process, and otherwise runs the
/// scenario as the command line says, and prints a report.
pub fn main(scenario: &'static Scenario) -> ExitCode {
    if served::is_asked_for() {
        return served::serve(scenario);
    }
    alone::run(scenario)
}
