//! `replay`: opens a recording on the screen, or reports it as `run` did.

use std::io::IsTerminal;
use std::process::ExitCode;

use engine::Recording;
use scenarios::CATALOGUE;
use tui::app::model::Model;
use tui::app::run::lifecycle;
use tui::{source, text};

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
    let mut model = Model::new(CATALOGUE, options, Some(recording.spec.clone()));
    model.bindings = config.bindings;
    lifecycle::replayed(&mut model, recording);
    screen::show(model, None)
}

/// Prints the report without the screen.
fn tell(args: &ReplayArgs, recording: &Recording) -> Result<ExitCode, Stop> {
    let Recording { spec, trace, report, flaw } = recording;
    if let Some(flaw) = flaw {
        out::say(&format!("warning: {}: {flaw}", text::path(&args.file)));
    }
    out::report(spec, trace, report, args.json, &args.marks)?;
    Ok(ExitCode::SUCCESS)
}
