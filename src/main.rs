//! The program: what the words on the command line do, and the exit code.

// They panic when the stream is full or gone: `cli::out` writes.
#![warn(clippy::print_stderr, clippy::print_stdout)]

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
