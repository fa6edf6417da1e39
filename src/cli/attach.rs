//! `attach`: shows a program while it runs, or lists the programs that listen.

use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

use async_playground::report;
use engine::attach::Feed;
use engine::target::{self, HOW_TO_LISTEN, Process, Target};
use tui::app::model::Model;
use tui::app::programs::attach::listed;
use tui::text;

use super::args::{AttachArgs, MarksArgs, ScreenArgs};
use super::config;
use super::out;
use super::screen;
use super::stop::Stop;

/// Attaches to what was named. If nothing was, lists the programs that listen, on the screen if there is a terminal.
pub(super) fn attach(args: &AttachArgs) -> Result<ExitCode, Stop> {
    let on_screen = io::stdin().is_terminal() && io::stdout().is_terminal();
    match &args.target {
        Some(word) => {
            screen::terminal()?;
            let feed = target::open(&Target::parse(word)).map_err(|error| Stop::Usage(text::message(&error.to_string())))?;
            show(&args.screen, &args.marks, Vec::new(), Some(feed), None)
        }
        None => match target::processes() {
            processes if args.json => json(&processes),
            processes if processes.is_empty() => Err(Stop::Failed(format!("no program listens; {HOW_TO_LISTEN}"))),
            processes if on_screen => show(&args.screen, &args.marks, processes, None, None),
            processes => list(&processes),
        },
    }
}

/// Shows the screen for programs until the user quits. The process `watched` ends then.
pub(super) fn show(
    screen: &ScreenArgs,
    marks: &MarksArgs,
    processes: Vec<Process>,
    feed: Option<Feed>,
    watched: Option<u32>,
) -> Result<ExitCode, Stop> {
    screen::terminal()?;
    let config = config::load(screen)?;
    let options = screen::options(screen, marks, &config, None, Duration::MAX);
    let mut model = Model::of_programs(options, config.bindings);
    model.session.own_colors = config.colors;
    if let Some(programs) = &mut model.programs {
        programs.watched = watched;
    }
    listed(&mut model, processes);
    screen::show(model, None, feed)
}

/// The programs as text, one a line.
fn list(processes: &[Process]) -> Result<ExitCode, Stop> {
    let width = processes.iter().map(|process| text::width(&text::name(&process.name))).max().unwrap_or(0);
    let mut lines = String::new();
    for process in processes {
        let name = text::name(&process.name);
        let pad = width.saturating_sub(text::width(&name));
        let _ = writeln!(lines, "{:>7}  {name}{:pad$}  {}", process.pid, "", text::message(&process.command));
    }
    out::print(&lines)?;
    Ok(ExitCode::SUCCESS)
}

/// The programs as a JSON array.
fn json(processes: &[Process]) -> Result<ExitCode, Stop> {
    out::line(report::escaped_json(&processes))?;
    Ok(ExitCode::SUCCESS)
}
