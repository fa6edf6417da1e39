//! `export`: writes a run in a form that leaves the terminal.
//!
//! The run is made here, or read from a recording. The forms are made elsewhere: pages and traces in the crate `export`,
//! pictures and films in `tui`, which can draw the screen.

mod events;

use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::mem;
use std::ops::RangeInclusive;
use std::path::Path;
use std::process::ExitCode;

use async_playground::report;
use engine::{Ending, Recording, Report};
use export::{Exported, Format};
use scenarios::CATALOGUE;
use tui::app::colors::ThemeName;
use tui::app::model::{Model, Theme};
use tui::picture as draw;
use tui::{limits, source, text};

use super::args::{ExportArgs, Speed};
use super::asked::Asked;
use super::out;
use super::picture::{self, Drawing};
use super::run;
use super::spec;
use super::stop::Stop;

/// The error for bytes that a terminal would obey.
const NO_TEXT: &str = "this form is no text: name a file with -o";

/// Makes or reads the run, and writes it.
pub(super) fn export(args: &ExportArgs) -> Result<ExitCode, Stop> {
    let format = args.format.into();
    picture::check(args, format)?;
    if args.events {
        return events::events(args, format);
    }
    if format == Format::Perfetto && args.output.is_none() && io::stdout().is_terminal() {
        return Err(Stop::Usage(NO_TEXT.to_owned()));
    }
    let run = taken(args, format)?;
    let speed = if let Some(Speed::Times(speed)) = args.how.speed { speed } else { 1.0 };
    let drawing = Drawing { size: args.size, range_ns: range(args, &run)?, speed };
    let colors = args.theme.and_then(Into::into).map_or_else(|| picture::usual().colors, ThemeName::colors);
    let theme = Theme { colors, unicode: !args.marks.ascii };
    let mut model = picture::model(run, theme, scenarios::find(&args.what).is_none(), speed);
    let bytes = bytes(&mut model, format, &drawing).map_err(Stop::Failed)?;
    write(args.output.as_deref(), &bytes)?;
    Ok(ExitCode::SUCCESS)
}

/// The run on the user's screen in a form that leaves it. Fails with one line.
pub(super) fn of_screen(model: &mut Model, format: Format) -> Result<Vec<u8>, String> {
    if format == Format::Svg {
        let screen = model.areas.screen;
        // The prompt for the file is not part of the view.
        let prompt = mem::take(&mut model.mode);
        let picture = draw::svg_of_screen(model, (screen.width, screen.height));
        model.mode = prompt;
        return Ok(picture.into_bytes());
    }
    picture::apart(model, |own, drawing| bytes(own, format, drawing)).ok_or("there is no run")?
}

/// The run on a screen in a form that leaves it. Fails with one line.
pub(super) fn bytes(model: &mut Model, format: Format, drawing: &Drawing) -> Result<Vec<u8>, String> {
    match format {
        Format::Svg => Ok(svg(model, drawing).into_bytes()),
        Format::Cast => draw::cast(model, &drawing.film()).map_err(|error| format!("the film cannot be drawn: {error}")),
        Format::Html => {
            let picture = svg(model, drawing);
            let page = export::page(&exported(model, drawing)?, &picture);
            page.map(String::into_bytes).map_err(|error| format!("cannot write JSON: {error}"))
        }
        Format::Json => json(&exported(model, drawing)?),
        Format::Perfetto => Ok(export::perfetto(&exported(model, drawing)?)),
    }
}

fn svg(model: &mut Model, drawing: &Drawing) -> String {
    draw::svg(model, drawing.size, drawing.range_ns.clone())
}

/// The run on a screen.
pub(super) fn exported<'a>(model: &'a Model, drawing: &Drawing) -> Result<Exported<'a>, String> {
    let run = model.run.as_ref().ok_or("there is no run")?;
    let program = model.programs.as_ref().and_then(|programs| programs.current.as_ref()).map(|current| &current.program);
    let report = run.report.as_ref().filter(|report| report.ending != Ending::CutOff);
    Ok(Exported { spec: &run.spec, program, trace: &run.trace, report, range_ns: drawing.range_ns.clone() })
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
fn taken(args: &ExportArgs, format: Format) -> Result<Recording, Stop> {
    if let Some(file) = file(args)? {
        let open = engine::open(file, source::known(CATALOGUE));
        let recording =
            open.map_err(|error| Stop::Usage(format!("{}: {}", text::path(file), text::message(&error.to_string()))))?;
        if let Some(flaw) = &recording.flaw {
            out::say(&format!("warning: {}: {flaw}", text::path(file)));
        }
        return Ok(recording);
    }
    let mut spec = spec::spec(spec::scenario(&args.what)?, &args.how)?;
    if format == Format::Cast {
        // Its speed is that of the film.
        spec.pace = None;
    }
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

/// The report as JSON. A run that goes on is reported as far as it is known.
fn json(exported: &Exported<'_>) -> Result<Vec<u8>, String> {
    let trace = exported.trace;
    let so_far = Report { ending: Ending::CutOff, elapsed_ns: trace.end_ns, runtime_polls: None };
    let report = exported.report.unwrap_or(&so_far);
    let json = match exported.program {
        Some(program) => report::program_json(program, trace, report),
        None => report::json(exported.spec, trace, report),
    };
    json.map(|json| format!("{json}\n").into_bytes()).map_err(|error| format!("cannot write JSON: {error}"))
}

/// Writes to the file, or to standard output.
fn write(file: Option<&Path>, bytes: &[u8]) -> Result<(), Stop> {
    let Some(path) = file else {
        let mut out = io::stdout().lock();
        if out.is_terminal() && std::str::from_utf8(bytes).is_err() {
            return Err(Stop::Usage(NO_TEXT.to_owned()));
        }
        return out.write_all(bytes).and_then(|()| out.flush()).map_err(Stop::Output);
    };
    to_file(path, |mut file, failed| file.write_all(bytes).map_err(failed))
}

/// Writes to a file, which is not left behind if it cannot be written whole.
fn to_file(path: &Path, write: impl FnOnce(File, &dyn Fn(io::Error) -> Stop) -> Result<(), Stop>) -> Result<(), Stop> {
    let failed = |error: io::Error| Stop::Failed(format!("-o: {}: cannot be written: {error}", text::path(path)));
    let file = File::create(path).map_err(failed)?;
    // A device or a pipe is not ours to remove.
    let is_ours = file.metadata().is_ok_and(|metadata| metadata.is_file());
    write(file, &failed).inspect_err(|_| {
        if is_ours {
            // The reason for the failure is worth more than this one.
            let _ = fs::remove_file(path);
        }
    })
}
