//! Opens the screen.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use async_playground::{memory, sketch};
use engine::attach::Feed;
use scenario::Scenario;
use scenarios::CATALOGUE;
use tui::app::model::{CodeTab, Model, Options, Pane, Theme};
use tui::config::Config;
use tui::limits;
use tui::shell::{self, Tokio};

use super::args::{MarksArgs, OpenArgs, ScreenArgs, Speed};
use super::config;
use super::export;
use super::out;
use super::record;
use super::spec;
use super::stop::Stop;

/// The limit of runs that no flag sets.
pub(super) const LIMIT: Duration = Duration::from_secs(60);

/// Opens the screen as the flags say.
pub(super) fn open(args: &OpenArgs) -> Result<ExitCode, Stop> {
    let picked = args.scenario.as_deref().map(spec::scenario).transpose()?;
    if picked.is_none() && !args.how.params.is_empty() {
        return Err(Stop::Usage("-p needs a scenario: async-playground ID -p NAME=VALUE".to_owned()));
    }
    let mut spec = spec::spec(picked.unwrap_or(&CATALOGUE[0]), &args.how)?;
    if args.how.speed == Some(Speed::Max) {
        // On the screen, `max` is a playback speed.
        spec.pace = Some(f64::INFINITY);
    }
    let config = config::load(&args.screen)?;
    terminal()?;
    let options = options(&args.screen, &args.marks, &config, spec::console(&args.how)?, spec.limit);
    let file = record::file(&args.record)?;
    let mut model = Model::new(CATALOGUE, options, Some(spec));
    model.bindings = config.bindings;
    model.predict.on = args.predict || config.predict;
    model.session.own_colors = config.colors;
    if picked.is_none() {
        // Probably a new user: run the first scenario and show its lesson beside it.
        model.focus = Pane::Timeline;
        model.code.tab = CodeTab::Lesson;
    }
    show(model, file, None)
}

/// The options of the screen, from flags and settings.
pub(super) fn options(
    screen: &ScreenArgs,
    marks: &MarksArgs,
    config: &Config,
    console: Option<SocketAddr>,
    limit: Duration,
) -> Options {
    let theme = Theme { colors: config::colors(screen, config), unicode: !marks.ascii && out::unicode() };
    let mouse = config.mouse && !screen.no_mouse;
    Options { theme, mouse, reduced_motion: config.reduced_motion || screen.reduced_motion, console, limit }
}

/// Shows the screen until the user quits. Runs are recorded into the file, if there is one; the program of the feed is on screen
/// first, if there is one.
pub(super) fn show(mut model: Model, file: Option<File>, feed: Option<Feed>) -> Result<ExitCode, Stop> {
    let seen = shell::seen::file();
    model.predict.scores = seen.as_deref().map(|file| shell::seen::scores(file, CATALOGUE)).unwrap_or_default();
    model.solved = seen.as_deref().map(|file| shell::seen::solved(file, CATALOGUE)).unwrap_or_default();
    model.seen = seen.as_deref().map(|file| shell::seen::load(file, CATALOGUE)).unwrap_or_default();
    if model.session.start || model.run.is_some() || feed.is_some() {
        // Without a run the stage layout would be empty.
        model.keep_to(seen.as_deref().map(shell::seen::layout).unwrap_or_default());
    }
    let engine = Tokio { record: file, seen, give_back: memory::give_back, lay, export: export::of_screen, sketch: None };
    let exit = shell::run(model, engine, feed).map_err(|error| Stop::Failed(format!("the terminal failed: {error}")))?;
    Ok(ExitCode::from(exit.code()))
}

/// Makes a crate of a scenario.
fn lay(scenario: &'static Scenario, folder: &Path) -> Result<String, String> {
    sketch::from_scenario(scenario, folder).map_err(|error| error.to_string())
}

/// Fails unless a screen can be drawn here.
pub(super) fn terminal() -> Result<(), Stop> {
    let instead = "'async-playground run ID --json' works without one";
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(Stop::Usage(format!("the screen needs a terminal; {instead}")));
    }
    if std::env::var_os("TERM").is_some_and(|term| term == "dumb") {
        return Err(Stop::Usage(format!("the screen cannot use this terminal: TERM is dumb; {instead}")));
    }
    limits::check(0).map_err(|error| Stop::Usage(format!("cannot open the screen: {error}")))
}
