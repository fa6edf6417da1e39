//! `export --format json --events`: every fact of a run, one a line.
//!
//! The lines come from a recording, never from memory: a scenario's run is recorded to a temporary file first. So the order and
//! the numbers are those of a recording, and a large one needs no more memory than a small one.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;
use std::process::ExitCode;

use async_playground::report;
use export::Format;
use export::events::{EventsError, Wanted};
use recording::{OpenError, files};
use tui::{limits, text};

use crate::cli::args::ExportArgs;
use crate::cli::asked::Asked;
use crate::cli::stop::Stop;
use crate::cli::{out, run, spec};

/// The size of the buffers for reading and writing.
const BUFFER: usize = 1 << 16;

/// Makes or opens the recording, and writes its facts.
pub(super) fn events(args: &ExportArgs, format: Format) -> Result<ExitCode, Stop> {
    if format != Format::Json {
        return Err(Stop::Usage("--events: only the format json has events; use --format json".to_owned()));
    }
    let wanted = Wanted { from_ns: args.from.unwrap_or(0), to_ns: args.to.unwrap_or(u64::MAX) };
    if wanted.from_ns > wanted.to_ns {
        return Err(Stop::Usage("--from, --to: nothing is left; --from is after --to".to_owned()));
    }
    let from = match super::file(args)? {
        Some(path) => files::open(path).map_err(|error| unreadable(args, &OpenError::Io(error)))?,
        None => recorded(args)?,
    };
    let from = BufReader::with_capacity(BUFFER, from);
    match args.output.as_deref() {
        Some(path) => super::to_file(path, |file, failed| write(args, from, wanted, file, failed))?,
        None => write(args, from, wanted, io::stdout().lock(), Stop::Output)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs a scenario, and returns its recording, which has no name.
fn recorded(args: &ExportArgs) -> Result<File, Stop> {
    let spec = spec::spec(spec::scenario(&args.what)?, &args.how)?;
    limits::check(spec.workers).map_err(|error| run::cannot_start(&error))?;
    let no_file = |error: io::Error| Stop::Failed(format!("cannot record the run: {error}"));
    let mut file = tempfile::tempfile().map_err(no_file)?;
    let asked = Asked::listen().map_err(|error| run::cannot_start(&error))?;
    spec::console(&args.how)?;
    let run::Done { fault, .. } = run::execute(&spec, Some(file.try_clone().map_err(no_file)?), &asked)?;
    asked.over()?;
    if let Some(fault) = fault {
        return Err(Stop::Failed(format!("cannot record the run: {fault}")));
    }
    file.rewind().map_err(no_file)?;
    Ok(file)
}

/// Writes all lines.
fn write(
    args: &ExportArgs,
    from: impl Read,
    wanted: Wanted,
    to: impl Write,
    failed: impl Fn(io::Error) -> Stop,
) -> Result<(), Stop> {
    let mut to = BufWriter::with_capacity(BUFFER, to);
    let flaw = export::events::events(from, wanted, |line| {
        to.write_all(report::escaped_json(line)?.as_bytes())?;
        to.write_all(b"\n")
    });
    let flaw = flaw.map_err(|error| match error {
        EventsError::Write(error) => failed(error),
        EventsError::Open(error) => unreadable(args, &error),
    })?;
    to.flush().map_err(failed)?;
    if let Some(flaw) = flaw {
        out::say(&format!("warning: {}: {flaw}", text::path(Path::new(&args.what))));
    }
    Ok(())
}

fn unreadable(args: &ExportArgs, error: &OpenError) -> Stop {
    let path = text::path(Path::new(&args.what));
    Stop::Usage(format!("{path}: {}", text::message(&error.to_string())))
}
