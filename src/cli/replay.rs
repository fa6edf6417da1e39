//! `replay`: opens a recording on the screen, or reports it as `run` did.

use std::io::IsTerminal;
use std::process::ExitCode;

use engine::Recording;
use scenarios::CATALOGUE;
use tui::app::model::Model;
use tui::app::run::lifecycle;
use tui::{clock, source, text};

use super::args::ReplayArgs;
use super::config;
use super::out;
use super::screen;
use super::stop::Stop;

/// Opens a recording.
pub(super) fn replay(args: &ReplayArgs) -> Result<ExitCode, Stop> {
    let recording = engine::open(&args.file, source::known(CATALOGUE))
        .map_err(|error| Stop::Usage(format!("{}: {}", text::path(&args.file), text::message(&error.to_string()))))?;
    if args.json || !std::io::stdout().is_terminal() {
        return tell(args, &recording);
    }
    screen::terminal()?;
    let config = config::load(&args.screen)?;
    let options = screen::options(&args.screen, &args.marks, &config, None, recording.spec.limit);
    let mut model = if recording.program.is_some() {
        Model::of_programs(options, config.bindings)
    } else {
        let mut model = Model::new(CATALOGUE, options, Some(recording.spec.clone()));
        model.bindings = config.bindings;
        model
    };
    lifecycle::replayed(&mut model, recording);
    if let Some(current) = model.programs.as_mut().and_then(|programs| programs.current.as_mut()) {
        current.east_s = clock::east_s(current.program.began_ms);
    }
    screen::show(model, None, None)
}

/// Prints the report without the screen.
fn tell(args: &ReplayArgs, recording: &Recording) -> Result<ExitCode, Stop> {
    let Recording { spec, program, trace, report, flaw } = recording;
    if let Some(flaw) = flaw {
        out::say(&format!("warning: {}: {flaw}", text::path(&args.file)));
    }
    match program {
        Some(program) => out::program(program, trace, report, args.json, &args.marks)?,
        None => out::report(spec, trace, report, args.json, &args.marks)?,
    }
    Ok(ExitCode::SUCCESS)
}
