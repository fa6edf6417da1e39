//! Runs a scenario: its runtime, its clock, its limit, its end.
//!
//! A [`Run`] is one execution on its own runtime and threads, so a scenario that
//! blocks cannot freeze the screen that shows it. The caller that starts the run
//! moves the events with [`Run::drain`] into a [`Trace`](trace::Trace) that it
//! owns.
//!
//! On the virtual clock a run is simulated as fast as possible, and the screen plays
//! back its trace. The gate before every poll paces the run only if something outside
//! watches the run itself, such as tokio-console.

pub mod attach;
mod attached;
pub mod compare;
#[cfg(feature = "console")]
mod console;
mod control;
mod cost;
mod gate;
pub mod hunt;
mod intake;
mod limit;
pub mod program;
pub mod question;
mod quiet;
mod replay;
mod run;
mod runtime;
mod sample;
#[cfg(feature = "console")]
pub mod sampled;
mod schedule;
mod sink;
pub mod sketch;
mod spec;
pub mod story;
pub mod sweep;
mod tape;
#[cfg(feature = "console")]
pub mod target;
mod told;

pub use attached::Attached;
#[cfg(feature = "console")]
pub use console::{ConsoleError, is_open_to_the_network, serve_console};
pub use cost::recording_cost_ns;
pub use replay::{Known, Recording, open, read};
pub use run::{Ending, Phase, Report, Run, StartError};
pub use schedule::{Preemption, Schedule, ScheduleError};
pub use sink::{Sink, writer};
pub use spec::{Spec, SpecError};
pub use tape::{SaveError, Tape};

pub use recorder::Detail;

/// Reads the debug information of these scenarios ahead of the first run, on another thread.
pub fn warm_up(scenarios: &[scenario::Scenario]) {
    recorder::warm_up(scenarios.iter().map(|scenario| scenario.run as usize).collect());
}
