//! The command line: parse, check, dispatch.
//!
//! Each flag is defined once, in [`args`]; parsing, help, the man page and the
//! shell completions all come from there. [`spec`] checks every request, for the
//! screen and for `run`. [`stop`] reports each error in one line on standard error
//! and owns the exit codes. Only [`out`] writes to the user's streams, which may be
//! gone, full or closed.

mod args;
mod asked;
mod attach;
mod book;
mod compare;
mod completions;
mod config;
mod export;
mod hunt;
mod lint;
mod list;
mod man;
mod new;
mod open;
mod out;
mod picture;
mod record;
mod replay;
mod run;
mod screen;
mod spec;
mod stop;
mod sweep;
mod watch;

use std::process::ExitCode;

use args::Command;
use stop::Stop;
use tui::signals;

/// Runs the command line.
pub(crate) fn main() -> ExitCode {
    // Otherwise a file that reaches its size limit kills the program; everything else works without this.
    let _ = signals::outlive_file_limit();
    dispatch().unwrap_or_else(Stop::report)
}

fn dispatch() -> Result<ExitCode, Stop> {
    if completions::answer()? {
        return Ok(ExitCode::SUCCESS);
    }
    let cli = args::parse()?;
    match cli.command {
        Some(Command::List(list)) => list::list(&list),
        Some(Command::Run(command)) => return run::run(&command),
        Some(Command::Hunt(command)) => return hunt::hunt(&command),
        Some(Command::Compare(command)) => return compare::compare(&command),
        Some(Command::Sweep(command)) => return sweep::sweep(&command),
        Some(Command::Export(command)) => return export::export(&command),
        Some(Command::Book(command)) => return book::book(&command),
        Some(Command::Replay(command)) => return replay::replay(&command),
        Some(Command::Attach(command)) => return attach::attach(&command),
        Some(Command::Watch(command)) => return watch::watch(&command),
        Some(Command::Lint(command)) => return lint::lint(&command),
        Some(Command::Open(command)) => return open::open(&command),
        Some(Command::New(args)) => new::new(&args),
        Some(Command::Config(args)) => config::tell(&args),
        Some(Command::Completions { shell }) => completions::print(shell),
        Some(Command::Man) => man::print(),
        None => return screen::open(&cli.open),
    }
    .map(|()| ExitCode::SUCCESS)
}
