//! Why the program ends early, and with which exit code.

use std::ffi::c_int;
use std::io;
use std::process::ExitCode;

use tui::{signals, text};

use super::out;

/// The request was invalid.
pub(super) const USAGE: u8 = 2;
/// A run went wrong: a check, a panic, a stall, the limit, the system. For `lint`: something was found.
pub(super) const FAILED: u8 = 1;

/// Why the program ends early.
#[derive(Debug)]
pub(super) enum Stop {
    /// Help or the version was requested, or the arguments do not parse.
    Parse(clap::Error),
    /// The arguments parse but cannot be met: what is wrong, and what would be right.
    Usage(String),
    /// The request failed: the reason in one line.
    Failed(String),
    /// Standard output could not be written.
    Output(io::Error),
    /// A signal asked the program to end: its number.
    Signal(c_int),
}

impl Stop {
    /// Prints the reason in one line on standard error and returns the exit code.
    pub(super) fn report(self) -> ExitCode {
        match self {
            Stop::Parse(error) if !error.use_stderr() => match error.print() {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => Stop::Output(error).report(),
            },
            Stop::Parse(error) => say(&one_line(&error), USAGE),
            Stop::Usage(line) => say(&line, USAGE),
            Stop::Failed(line) => say(&line, FAILED),
            // The reader of our output has seen enough: `| head` is not an error.
            Stop::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Stop::Output(error) => say(&format!("cannot write to standard output: {error}"), FAILED),
            Stop::Signal(signal) => say(&format!("interrupted by {}", signals::name(signal)), signals::exit_code(signal)),
        }
    }
}

fn say(line: &str, code: u8) -> ExitCode {
    out::say(&format!("error: {line}"));
    ExitCode::from(code)
}

/// Joins the lines of clap's message into one, without the usage.
fn one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let told = text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"));
    let mut line = String::new();
    for part in told.filter(|part| !part.is_empty()) {
        if !line.is_empty() {
            line.push_str(if part.starts_with("tip:") { "; " } else { " " });
        }
        // What was typed may be very long: shorten it.
        line.push_str(&part.split(' ').map(text::name).collect::<Vec<_>>().join(" "));
    }
    let line = line.strip_prefix("error: ").unwrap_or(&line);
    format!("{line}; see --help")
}
