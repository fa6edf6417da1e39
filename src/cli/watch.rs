//! `watch`: starts a program with the flags that it needs, shows it, and ends it with the screen.
//!
//! Until the program listens, the terminal shows the output of the command, above all that of the build. If it never listens,
//! one sentence says what it lacks.

mod cargo;
mod child;
mod why;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use engine::attach::Feed;
use engine::target::{self, Target};
use tui::text;

use super::args::WatchArgs;
use super::asked::Asked;
use super::attach;
use super::screen;
use super::stop::Stop;
use cargo::Surroundings;
use child::Child;
use why::Seen;

/// The time between two looks at the command and its sockets.
const PAUSE: Duration = Duration::from_millis(20);
/// The time between two looks at which executables run.
const LOOK: Duration = Duration::from_millis(100);
/// How many lines of output are looked at for the reason of an end.
const LINES: usize = 40;

/// Starts the command, waits until it listens, and shows it until the user quits.
pub(super) fn watch(args: &WatchArgs) -> Result<ExitCode, Stop> {
    screen::terminal()?;
    let asked = Asked::listen().map_err(|error| Stop::Usage(format!("cannot start: {error}")))?;
    let name = text::name(&args.command[0].to_string_lossy()).into_owned();
    let mut child =
        Child::start(&mut command(&args.command)).map_err(|error| Stop::Usage(format!("cannot start {name}: {error}")))?;
    let feed = listening(&mut child, &asked, &args.command)?;
    child.log_into(feed.side(), feed.program.began_ms);
    let watched = Some(feed.program.pid);
    let shown = attach::show(&args.screen, &args.marks, target::processes(), Some(feed), watched);
    child.end();
    shown
}

/// The command with what the program needs to be observed.
fn command(words: &[OsString]) -> Command {
    let (program, words) = (&words[0], &words[1..]);
    let mut command = Command::new(program);
    command.env("ASYNC_PLAYGROUND", "listen");
    if !cargo::is_cargo(program) {
        command.args(words);
        return command;
    }
    let folder = std::env::current_dir().unwrap_or_default();
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo"));
    let around = Surroundings {
        variable: &|name| std::env::var_os(name),
        folder: &folder,
        home: std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home),
        manifest: cargo::manifest(program, words),
    };
    let (toolchain, words) = words.split_at(cargo::toolchain(words));
    let added = cargo::added(words, &around);
    if std::env::var_os("CARGO_TERM_COLOR").is_none() && std::io::stderr().is_terminal() {
        // Its output goes through a pipe to this terminal.
        command.env("CARGO_TERM_COLOR", "always");
    }
    let (before, after) = words.split_at(added.after);
    command.args(toolchain).args(before).args(added.arguments).args(after).envs(added.variables);
    command
}

/// Waits until a process of the command listens, and attaches to it.
fn listening(child: &mut Child, asked: &Asked, command: &[OsString]) -> Result<Feed, Stop> {
    let mut seen = Seen::default();
    let mut looked = None::<Instant>;
    loop {
        if let Some(signal) = asked.signal() {
            return Err(Stop::Signal(signal));
        }
        // It may listen and end before the next step, so this comes first.
        let ended = child.ended();
        if let Some(feed) = child.socket().and_then(|socket| target::open(&Target::Socket(socket)).ok()) {
            return Ok(feed);
        }
        if let Some(reason) = child.refusal() {
            return Err(Stop::Failed(format!("the program is not recorded: {}", text::message(&reason))));
        }
        if let Some(status) = ended {
            let said = command.iter().take(2).map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
            let lines = child.last_lines(LINES);
            return Err(Stop::Failed(seen.after_end(&text::name(&said), cargo::is_cargo(&command[0]), status, &lines)));
        }
        if looked.is_none_or(|looked| looked.elapsed() >= LOOK) {
            looked = Some(Instant::now());
            if let Some(lack) = seen.look(child.executables()) {
                return Err(Stop::Failed(lack));
            }
        }
        thread::sleep(PAUSE);
    }
}
