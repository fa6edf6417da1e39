//! The screen: a terminal program that shows a trace while it grows.
//!
//! [`app`] is its state, without a terminal; [`ui`] draws it; [`term`] is the terminal; [`shell`] the event loop that joins
//! them with the engine; [`config`] the settings file. The rest are small parts that a command line needs too.

// The print macros panic if the stream is gone, and would write over the screen.
#![warn(clippy::print_stderr, clippy::print_stdout)]

pub mod app;
pub mod clock;
pub mod config;
pub mod json;
pub mod limits;
pub mod picture;
pub mod shell;
pub mod signals;
pub mod source;
pub mod term;
pub mod text;
pub mod ui;
#[cfg(any(test, feature = "count-steps"))]
pub mod work_count;
