//! Writes to the user's streams.
//!
//! `println!` and `eprintln!` panic when the stream is full or its reader is gone, and the exit code is then meaningless.
//! So all output goes through [`print`], which returns the error, or through [`say`], which ignores it: nobody could read a
//! message about it. If the caller closed a stream, the standard library has opened /dev/null in its place.

use std::io::{self, IsTerminal, Write};

use async_playground::report::{self, Look};
use engine::{Report, Spec};
use recording::Program;
use trace::Trace;
use tui::{term, text};

use super::args::MarksArgs;
use super::stop::Stop;

/// Columns of text when the width of the output is unknown.
const WIDTH: usize = 80;

/// Writes a text to standard output and flushes it.
pub(super) fn print(text: &str) -> Result<(), Stop> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Stop::Output)
}

/// Writes a line to standard error in one write, without control sequences.
pub(super) fn say(line: &str) {
    // If this fails, the exit code has to suffice.
    let _ = io::stderr().write_all(format!("{}\n", text::line(line)).as_bytes());
}

/// Replaces the last line of a terminal's standard error, to show progress; empty clears it.
pub(super) fn progress(line: &str) {
    let line = format!("\r{}\x1b[K", text::line(line));
    // If the terminal is gone, nobody waits for the progress.
    let _ = io::stderr().write_all(line.as_bytes()).and_then(|()| io::stderr().flush());
}

/// Passes on what another program wrote, as it is. If that fails, the other program need not know.
pub(super) fn pass(bytes: &[u8], to_stderr: bool) {
    let _ =
        if to_stderr { io::stderr().write_all(bytes) } else { io::stdout().write_all(bytes).and_then(|()| io::stdout().flush()) };
}

/// Prints the report of a run, as one JSON object or as text.
pub(super) fn report(spec: &Spec, trace: &Trace, report: &Report, json: bool, marks: &MarksArgs) -> Result<(), Stop> {
    if json {
        return line(report::json(spec, trace, report));
    }
    print(&report::text(spec, trace, report, look(marks)))
}

/// Prints the report of a program, as one JSON object or as text.
pub(super) fn program(program: &Program, trace: &Trace, report: &Report, json: bool, marks: &MarksArgs) -> Result<(), Stop> {
    if json {
        return line(report::program_json(program, trace, report));
    }
    print(&report::program_text(program, trace, report, look(marks)))
}

/// Prints JSON on one line.
pub(super) fn line(json: serde_json::Result<String>) -> Result<(), Stop> {
    let json = json.map_err(|error| Stop::Failed(format!("cannot write JSON: {error}")))?;
    print(&format!("{json}\n"))
}

pub(super) fn look(marks: &MarksArgs) -> Look {
    Look { width: width(), unicode: !marks.ascii && unicode() }
}

/// The width of a line: the terminal's, if standard output is one.
pub(super) fn width() -> usize {
    let terminal = io::stdout().is_terminal().then(term::size).and_then(Result::ok);
    terminal.map_or(WIDTH, |size| usize::from(size.width).max(WIDTH / 2))
}

/// Whether the locale supports Unicode. An unset locale counts as one that does.
pub(super) fn unicode() -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(|name| std::env::var(name).ok()).find(|v| !v.is_empty());
    cfg!(windows) || set.is_none_or(|locale| is_utf8(&locale))
}

fn is_utf8(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

#[cfg(test)]
mod tests {
    use super::is_utf8;

    #[test]
    fn a_locale_names_its_encoding() {
        for (locale, utf8) in
            [("de_DE.UTF-8", true), ("C.utf8", true), ("C", false), ("POSIX", false), ("en_US.ISO-8859-1", false)]
        {
            assert_eq!(is_utf8(locale), utf8, "{locale}");
        }
    }
}
