//! See concurrency: run a scenario on a real Tokio runtime and watch every task.
//!
//! The modules, in the order in which data flows: [`record`] observes a runtime,
//! [`trace`] works out what the events mean, [`engine`] runs a scenario under both,
//! [`recording`] keeps the trace in a file, [`report`] prints it as text or JSON. The
//! screen consists of [`app`] (its state), [`ui`] (drawing), [`term`] (the terminal)
//! and [`shell`] (the event loop). The binary adds the command line.

// The print macros panic if the stream is gone, and would write over the screen.
#![warn(clippy::print_stderr, clippy::print_stdout)]

#[cfg(not(tokio_unstable))]
compile_error!(
    "async-playground reads Tokio's runtime hooks, which need the flag `--cfg tokio_unstable`. \
     The repository's .cargo/config.toml sets it: build from inside the checkout, and unset RUSTFLAGS, which would replace it."
);

pub mod app;
pub mod config;
pub mod engine;
pub mod files;
pub mod limits;
mod marks;
pub mod memory;
pub mod record;
pub mod recording;
pub mod report;
pub mod shell;
pub mod signals;
pub mod source;
pub mod term;
pub mod text;
pub mod trace;
pub mod ui;
#[cfg(test)]
mod work_count;
