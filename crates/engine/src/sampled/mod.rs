//! A program that serves tokio-console: looked at without our recorder in it.
//!
//! `console-subscriber` sends a sample about once a second: of each task, resource and operation what has changed. It does not
//! send each poll, and says nothing of threads, holders and lines of waits. What a sample proves becomes facts, so that the
//! same trace and the same screen show it; what it cannot show is said in [`Program::lacks`](recording::Program).
//!
//! A viewer that is slow slows down the connection. The server then drops the viewer, which connects again.

mod connection;
mod facts;
mod ops;
mod resources;
mod samples;
mod tasks;

pub use connection::{ConnectError, connect};
