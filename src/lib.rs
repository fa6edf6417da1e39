//! See concurrency: run a scenario on a real Tokio runtime and watch every task.
//!
//! A tour, in the order in which facts travel: [`record`] observes a runtime,
//! [`trace`] works out what the events mean, [`engine`] runs a scenario under
//! both, [`recording`] keeps it in a file, [`report`] says it in text or JSON, and [`app`], [`ui`], [`term`] and
//! [`shell`] are the screen: what is shown, how it is drawn, on what terminal,
//! and the loop that joins them. The program beside it reads the command line.

// A stream that is gone makes them panic, and one that is a terminal has the screen on it.
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
