//! `export`: writes a run in a form that leaves the terminal.
//!
//! The run is made here, or read from a recording. The forms are made elsewhere: pages and traces in the crate `export`,
//! pictures and films in `tui`, which can draw the screen.

mod events;

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::ops::RangeInclusive;
use std::path::Path;
use std::process::ExitCode;

use async_playground::report;
use engine::{Ending, Recording};
use export::Exported;
use scenarios::CATALOGUE;
use tui::{limits, source, text};

use super::args::{ExportArgs, FormatArg};
use super::asked::Asked;
use super::out;
use super::run;
use super::spec;
use super::stop::Stop;

/// The error for bytes that a terminal would obey.
const NO_TEXT: &str = "this form is no text: name a file with -o";

/// Makes or reads the run, and writes it.
pub(super) fn export(args: &ExportArgs) -> Result<ExitCode, Stop> {
    if args.events {
        return events::events(args);
    }
    if args.format.is_binary() && args.output.is_none() && io::stdout().is_terminal() {
        return Err(Stop::Usage(NO_TEXT.to_owned()));
    }
    let run = taken(args)?;
    let range_ns = range(args, &run)?;
    let report = Some(&run.report).filter(|report| report.ending != Ending::CutOff);
    let exported = Exported { spec: &run.spec, program: run.program.as_ref(), trace: &run.trace, report, range_ns };
    let bytes = match args.format {
        FormatArg::Json => json(&exported, &run)?,
        FormatArg::Perfetto => export::perfetto(&exported),
    };
    write(args.output.as_deref(), &bytes)?;
    Ok(ExitCode::SUCCESS)
}

/// The file that was named. A word that is no scenario and names a file is a file.
fn file(args: &ExportArgs) -> Result<Option<&Path>, Stop> {
    let file = Path::new(&args.what);
    if scenarios::find(&args.what).is_some() || !(file.exists() || args.what.contains(['/', '.'])) {
        return Ok(None);
    }
    if !args.how.params.is_empty() {
        return Err(Stop::Usage(format!("-p: {} is a recording; its run is over", text::path(file))));
    }
    Ok(Some(file))
}

/// The run of a scenario, or what is in a file.
fn taken(args: &ExportArgs) -> Result<Recording, Stop> {
    if let Some(file) = file(args)? {
        let open = engine::open(file, source::known(CATALOGUE));
        let recording =
            open.map_err(|error| Stop::Usage(format!("{}: {}", text::path(file), text::message(&error.to_string()))))?;
        if let Some(flaw) = &recording.flaw {
            out::say(&format!("warning: {}: {flaw}", text::path(file)));
        }
        return Ok(recording);
    }
    let spec = spec::spec(spec::scenario(&args.what)?, &args.how)?;
    limits::check(spec.workers).map_err(|error| run::cannot_start(&error))?;
    let asked = Asked::listen().map_err(|error| run::cannot_start(&error))?;
    spec::console(&args.how)?;
    let run::Done { trace, report, .. } = run::execute(&spec, None, &asked)?;
    asked.over()?;
    Ok(Recording { spec, program: None, trace, report, flaw: None })
}

/// The part of the run that was asked for.
fn range(args: &ExportArgs, run: &Recording) -> Result<RangeInclusive<u64>, Stop> {
    let (first, last) = (run.trace.since_ns, run.trace.end_ns);
    let (from, to) = (args.from.unwrap_or(first).max(first), args.to.unwrap_or(last).min(last));
    if from > to {
        let ms = |ns: u64| ns as f64 / 1e6;
        return Err(Stop::Usage(format!("--from, --to: nothing is left; the run lasts from {} to {} ms", ms(first), ms(last))));
    }
    Ok(from..=to)
}

fn json(exported: &Exported<'_>, run: &Recording) -> Result<Vec<u8>, Stop> {
    let json = match exported.program {
        Some(program) => report::program_json(program, exported.trace, &run.report),
        None => report::json(exported.spec, exported.trace, &run.report),
    };
    json.map(|json| format!("{json}\n").into_bytes()).map_err(|error| Stop::Failed(format!("cannot write JSON: {error}")))
}

/// Writes to the file, or to standard output. A file that cannot be written whole is not left behind.
fn write(file: Option<&Path>, bytes: &[u8]) -> Result<(), Stop> {
    let Some(path) = file else {
        let mut out = io::stdout().lock();
        if out.is_terminal() && std::str::from_utf8(bytes).is_err() {
            return Err(Stop::Usage(NO_TEXT.to_owned()));
        }
        return out.write_all(bytes).and_then(|()| out.flush()).map_err(Stop::Output);
    };
    fs::write(path, bytes).map_err(|error| Stop::Failed(format!("-o: {}: cannot be written: {error}", text::path(path))))
}
