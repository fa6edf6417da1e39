//! Every command and flag of the command line, each defined once.

mod book;
mod compare;
mod export;
mod how;
mod hunt;
mod lint;
mod new;
mod open;
mod sweep;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::{ArgValueCompleter, Shell};
use tui::app::colors::ThemeName;

pub(super) use book::BookArgs;
pub(super) use compare::CompareArgs;
pub(super) use export::ExportArgs;
pub(super) use how::{HowArgs, Speed};
pub(super) use hunt::HuntArgs;
pub(super) use lint::LintArgs;
pub(super) use new::NewArgs;
pub(super) use open::SketchArgs;
pub(super) use sweep::SweepArgs;

use super::completions;
use super::stop::Stop;

const EXAMPLES: &str = "\
Examples:
  async-playground                            open the screen with the first scenario
  async-playground semaphore -p permits=5     open one scenario and set a parameter
  async-playground list semaphore             list its parameters
  async-playground run semaphore --json       run it without the screen, print JSON";

const RUN_EXAMPLES: &str = "\
Examples:
  async-playground run semaphore
  async-playground run semaphore -p requests=50 -p permits=5 --seed 7
  async-playground run gather --clock real --workers 2
  async-playground run semaphore --json | jq .waits
  async-playground run deadlock -p order=crossed
  async-playground run producer-consumer --console --speed 0.5
  async-playground run deadlock -p order=crossed --record deadlock.rec

Exit codes:
  0    main finished and every check passed
  1    a check failed, tasks deadlocked, main failed or panicked, the run stalled or hit its limit,
       or the recording or the report could not be written
  2    the usage is invalid, or the run cannot start
  129  interrupted by SIGHUP
  130  interrupted by SIGINT
  143  interrupted by SIGTERM";

const REPLAY_EXAMPLES: &str = "\
Examples:
  async-playground run gather --record gather.rec
  async-playground replay gather.rec
  async-playground replay gather.rec --json | jq .waits

Exit codes:
  0  the recording was opened; if it is cut off or damaged, up to its last intact part
  1  the report could not be written
  2  the file cannot be read, is not a recording, or has another format version";

const ATTACH_EXAMPLES: &str = "\
Examples:
  async-playground attach                     choose among the programs that listen
  async-playground attach 4711                attach to a process
  async-playground attach orders.rec          follow a recording while it is written
  async-playground attach http://[::1]:6669   look at a program that serves tokio-console
  async-playground attach --json              list the programs that listen

Exit codes:
  0  the screen was closed, or the list was printed
  1  no program listens
  2  the target cannot be attached to, or the screen cannot be opened";

const WATCH_EXAMPLES: &str = "\
Examples:
  async-playground watch -- cargo run
  async-playground watch -- cargo run --release --example server -- --port 8080
  async-playground watch -- ./target/debug/server

Exit codes:
  0  the screen was closed
  1  the program was not built, ended, or cannot be observed; one line says why
  2  the command cannot be started, or the screen cannot be opened";

/// See concurrency: pick a scenario, tune it, and watch every task of a real Tokio runtime.
///
/// Without a subcommand, open the screen with scenario ID, or with the first scenario.
#[derive(Debug, Parser)]
#[command(name = "async-playground", version, args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
#[command(after_help = EXAMPLES, max_term_width = 100)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub open: OpenArgs,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List scenarios, or the parameters of one.
    List(ListArgs),
    /// Run a scenario without the screen; print a report.
    ///
    /// On the virtual clock, sleeping takes no wall time unless --speed is given, and the same
    /// scenario, parameters and seed give the same run every time. 'async-playground list ID'
    /// lists the parameters of a scenario.
    #[command(after_help = RUN_EXAMPLES)]
    Run(RunArgs),
    /// Search seeds and schedules for a run that goes wrong.
    ///
    /// A schedule cuts polls where Tokio may cut them, so the tasks come in another order. What is found is made simpler
    /// and repeats exactly. Runs are on the virtual clock and take a fraction of a millisecond.
    #[command(after_help = hunt::EXAMPLES)]
    Hunt(HuntArgs),
    /// Make a crate for your own scenario, or a service.
    ///
    /// Without --from, begin a service as in production: shutdown on signals, health, bounded work, timeouts, tests. It is
    /// plain Tokio code; its folder 'playground' shows it on the screen.
    #[command(after_help = new::EXAMPLES)]
    New(NewArgs),
    /// Run a scenario with several settings, side by side.
    ///
    /// Each --with begins another run: its flags follow, and what they do not set is as in the first run. The report has the
    /// settings that differ, the outcomes with their differences, and the lanes of all runs on one time axis.
    #[command(after_help = compare::EXAMPLES)]
    Compare(CompareArgs),
    /// Run a scenario over the values of a parameter.
    ///
    /// Prints a table and a chart of a figure over the values. With several seeds: the median, the least and the most.
    #[command(after_help = sweep::EXAMPLES)]
    Sweep(SweepArgs),
    /// Write a run as a file for other tools.
    ///
    /// The run is made as 'run' makes it, or is read from a recording.
    #[command(after_help = export::EXAMPLES)]
    Export(ExportArgs),
    /// Write the whole catalogue as a web site.
    ///
    /// Each scenario has a page for its defaults, for each of its variants, and for each way in which it goes wrong on purpose. The
    /// site needs no server.
    #[command(after_help = book::EXAMPLES)]
    Book(BookArgs),
    /// Open a recording on the screen.
    ///
    /// A recording can be explored like any finished run. Without a terminal, print the report
    /// that 'run' printed.
    #[command(after_help = REPLAY_EXAMPLES)]
    Replay(ReplayArgs),
    /// Show a program while it runs, or list those that listen.
    ///
    /// Any Tokio program listens if the first line of its main calls the recorder's init function.
    /// Without a target, list the programs that listen.
    #[command(after_help = ATTACH_EXAMPLES)]
    Attach(AttachArgs),
    /// Start a program with the flags it needs, and attach.
    ///
    /// For 'cargo run' and the like, adds to the flags and the debug information that you have set, and replaces
    /// nothing. The program's output becomes part of the log, and the program ends with the screen.
    #[command(after_help = WATCH_EXAMPLES)]
    Watch(WatchArgs),
    /// Find blocking calls in async functions, in Rust and Python.
    ///
    /// Each line names a call, why it blocks the thread that runs other tasks, and what to write instead. Python
    /// files are parsed by the system's python3.
    #[command(after_help = lint::EXAMPLES)]
    Lint(LintArgs),
    /// Show a sketch, and show it again at each save.
    ///
    /// A sketch is a crate of your own with a scenario in it. It is built by cargo and runs in a process of its own. Errors of
    /// the compiler are shown on the screen, and Enter opens your editor there.
    #[command(after_help = open::EXAMPLES)]
    Open(SketchArgs),
    /// Print the default settings, or the settings path.
    Config(ConfigArgs),
    /// Print a completion script for a shell.
    Completions {
        /// Shell to print the script for.
        shell: Shell,
    },
    /// Print the manual page in roff format.
    Man,
}

/// What to open the screen with.
#[derive(Debug, Args)]
pub(super) struct OpenArgs {
    /// Scenario to open; see 'async-playground list'.
    #[arg(value_name = "ID", add = ArgValueCompleter::new(completions::scenarios))]
    pub scenario: Option<String>,
    #[command(flatten)]
    pub how: HowArgs,
    /// Ask before each run what you expect.
    ///
    /// The run shows whether you were right, and why.
    #[arg(long)]
    pub predict: bool,
    #[command(flatten)]
    pub record: RecordArgs,
    #[command(flatten)]
    pub marks: MarksArgs,
    #[command(flatten)]
    pub screen: ScreenArgs,
}

/// How the screen uses the terminal.
#[derive(Debug, Args)]
pub(super) struct ScreenArgs {
    /// Set when to use colours; 'auto' respects `NO_COLOR`.
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// Choose a colour theme.
    #[arg(long, value_name = "NAME", value_enum)]
    pub theme: Option<ThemeArg>,
    /// Leave mouse and text selection to the terminal.
    #[arg(long)]
    pub no_mouse: bool,
    /// Reduce motion: fewer frames, timeline moves by pages.
    ///
    /// At most four frames a second are drawn.
    #[arg(long)]
    pub reduced_motion: bool,
    /// Read settings from this file.
    ///
    /// It sets keys, theme, mouse, motion and colours. 'async-playground config --path' prints the default path.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Which part of the settings to print.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct ConfigArgs {
    /// Print a commented settings file with all defaults.
    #[arg(long)]
    pub default: bool,
    /// Print the path of the settings file.
    #[arg(long)]
    pub path: bool,
}

/// What to replay.
#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// Recording to open.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub marks: MarksArgs,
    #[command(flatten)]
    pub screen: ScreenArgs,
    /// Print the JSON object that 'run --json' printed, or a program's.
    #[arg(long)]
    pub json: bool,
}

/// What to attach to.
#[derive(Debug, Args)]
pub(super) struct AttachArgs {
    /// Process id, socket, recording, or URL of tokio-console.
    ///
    /// A recording may still be being written. http://HOST:PORT is a program that serves tokio-console, as
    /// console-subscriber does; it is sampled, and the screen says what samples cannot show.
    #[arg(value_name = "PID|SOCKET|FILE|URL")]
    pub target: Option<String>,
    #[command(flatten)]
    pub marks: MarksArgs,
    #[command(flatten)]
    pub screen: ScreenArgs,
    /// List the programs that listen as a JSON array.
    #[arg(long, conflicts_with = "target")]
    pub json: bool,
}

/// What to start.
#[derive(Debug, Args)]
pub(super) struct WatchArgs {
    #[command(flatten)]
    pub marks: MarksArgs,
    #[command(flatten)]
    pub screen: ScreenArgs,
    /// Command that runs the program, after '--'.
    #[arg(value_name = "COMMAND", required = true, last = true, num_args = 1..)]
    pub command: Vec<OsString>,
}

/// Where to record a run.
#[derive(Debug, Args)]
pub(super) struct RecordArgs {
    /// Record the run in this file, for 'replay'.
    ///
    /// The screen overwrites the file with each new run.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Overwrite an existing recording file.
    #[arg(long, requires = "record")]
    pub force: bool,
}

/// What to list.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Scenario to list with its parameters.
    #[arg(value_name = "ID", add = ArgValueCompleter::new(completions::scenarios))]
    pub scenario: Option<String>,
    /// Print a JSON array with all details.
    #[arg(long)]
    pub json: bool,
}

/// What to run, and how to report it.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Scenario to run; see 'async-playground list'.
    #[arg(value_name = "ID", add = ArgValueCompleter::new(completions::scenarios))]
    pub scenario: String,
    #[command(flatten)]
    pub how: HowArgs,
    #[command(flatten)]
    pub record: RecordArgs,
    #[command(flatten)]
    pub marks: MarksArgs,
    /// Print the report as one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Which characters to draw with.
#[derive(Debug, Args)]
pub(super) struct MarksArgs {
    /// Use only ASCII characters.
    #[arg(long)]
    pub ascii: bool,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

/// A theme, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ThemeArg {
    /// okabe-ito if COLORTERM says truecolor, else ansi
    Auto,
    /// safe for every kind of colour vision, on black
    OkabeIto,
    /// dark colours on white, for a light room
    Light,
    /// highest contrast and heavy marks, on white
    Projector,
    /// the terminal's own sixteen colours
    Ansi,
    /// no colours
    Mono,
}

/// `None` picks a theme that suits the terminal.
impl From<ThemeArg> for Option<ThemeName> {
    fn from(theme: ThemeArg) -> Self {
        match theme {
            ThemeArg::Auto => None,
            ThemeArg::OkabeIto => Some(ThemeName::OkabeIto),
            ThemeArg::Light => Some(ThemeName::Light),
            ThemeArg::Projector => Some(ThemeName::Projector),
            ThemeArg::Ansi => Some(ThemeName::Ansi),
            ThemeArg::Mono => Some(ThemeName::Mono),
        }
    }
}

/// Reads the command line of this process.
pub(super) fn parse() -> Result<Cli, Stop> {
    let args: Vec<_> = std::env::args_os().collect();
    if compare::is_asked_for(&args) {
        return compare::parse(&args);
    }
    Cli::try_parse_from(args).map_err(Stop::Parse)
}

/// The clap command, for the man page and the completions.
pub(super) fn command() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clap_finds_no_fault_with_the_definitions() {
        command().debug_assert();
    }

    #[test]
    fn a_console_address_may_be_left_out() {
        let parsed = |args: &[&str]| Cli::try_parse_from(args).map(|cli| cli.open.how.console).ok();
        assert_eq!(parsed(&["x"]), Some(None));
        assert_eq!(parsed(&["x", "--console"]), Some("127.0.0.1:6669".parse().ok()));
        assert_eq!(parsed(&["x", "--console=[::1]:7000"]), Some("[::1]:7000".parse().ok()));
        assert_eq!(parsed(&["x", "--console=0.0.0.0"]), Some("0.0.0.0:6669".parse().ok()));
        assert_eq!(parsed(&["x", "--console=7000"]), None);
    }

    #[test]
    fn a_flag_without_a_value_does_not_take_the_scenario() {
        let cli = Cli::try_parse_from(["x", "--console", "semaphore"]).ok();
        assert_eq!(cli.and_then(|cli| cli.open.scenario).as_deref(), Some("semaphore"));
    }
}
