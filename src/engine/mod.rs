//! Run a scenario: its runtime, its clock, its limit, its end.
//!
//! A [`Run`] is one execution on a runtime and threads of its own, so a scenario
//! that blocks cannot freeze the screen that shows it. The caller that started it takes
//! the events out with [`Run::drain`], into a [`Trace`](crate::trace::Trace)
//! that it owns.
//!
//! On the virtual clock a run is simulated as fast as it goes, and what is
//! played back is the trace. Only when somebody else watches the run itself
//! (tokio-console) is it paced, by the gate before every poll.

mod console;
mod control;
mod cost;
mod gate;
mod limit;
mod quiet;
mod run;
mod runtime;
mod sample;
mod sink;
mod spec;

pub use console::{ConsoleError, is_open_to_the_network, serve_console};
pub use cost::recording_cost_ns;
pub use run::{Ending, Phase, Report, Run, StartError};
pub use sink::Sink;
pub use spec::{Spec, SpecError};

pub use crate::record::Detail;
