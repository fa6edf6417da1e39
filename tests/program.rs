//! The program as users meet it: on the command line, on a terminal, with its files and its twins.
//!
//! These tests are one program, because each program is linked anew, and because most of them wait for a process while others
//! compute. A test that measures the whole process runs this program again, for itself alone.

mod cli;
mod leaks;
mod programs;
mod pty;
mod real;
mod recording;
mod support;
#[path = "support/texts.rs"]
mod texts;
mod twins;
mod watch;
mod ways;
