//! The program: parses the command line, runs it, and sets the exit code.

// The print macros panic if the stream is full or gone; use `cli::out` instead.
#![warn(clippy::print_stderr, clippy::print_stdout)]

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
