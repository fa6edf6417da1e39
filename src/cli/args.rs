//! Every word and flag of the command line, each defined once.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use async_playground::app::colors::ThemeName;
use async_playground::engine::Detail;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::{ArgValueCompleter, Shell};
use scenarios::Clock;

use super::completions;
use super::stop::Stop;

/// The limit of a run in milliseconds, when none is given.
const LIMIT_MS: u64 = 60_000;
/// A day: far from the year after which the engine calls a virtual run stalled.
const LIMITS_MS: RangeInclusive<u64> = 1..=86_400_000;
/// How long it has to be quiet on the real clock, in milliseconds, when nothing else is said.
const STALL_AFTER_MS: u64 = 2_000;
/// More workers than this show nothing that fewer do not.
const WORKERS: RangeInclusive<u64> = 0..=64;
/// Where tokio-console looks when it is given an address without a port.
const CONSOLE_PORT: u16 = 6669;
/// Slower than this nothing seems to move; faster is `max` to the eye.
const SPEEDS: RangeInclusive<f64> = 0.001..=1000.0;

const EXAMPLES: &str = "\
Examples:
  async-playground                            run the first scenario, and pick others
  async-playground semaphore -p permits=5     open the screen with this one
  async-playground list semaphore             what its parameters are
  async-playground run semaphore --json       run it without a screen";

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
  0    the run ended and every check holds
  1    a check does not hold, tasks deadlocked, main failed, panicked, stalled or hit the limit,
       or the recording or the report could not be written to its end
  2    what was asked for cannot be done
  129  interrupted by SIGHUP
  130  interrupted by SIGINT
  143  interrupted by SIGTERM";

const REPLAY_EXAMPLES: &str = "\
Examples:
  async-playground run gather --record gather.rec
  async-playground replay gather.rec
  async-playground replay gather.rec --json | jq .waits

Exit codes:
  0  the recording was opened; one that is cut off or damaged up to its last whole part
  1  the report could not be written
  2  it is no recording, one of another version, or cannot be read";

/// See concurrency: pick a scenario, tune it, and watch every task of a real Tokio runtime.
///
/// Without a subcommand the screen opens, there with the scenario ID if one is given.
#[derive(Debug, Parser)]
#[command(name = "async-playground", version, args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
#[command(after_help = EXAMPLES, max_term_width = 100)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub open: OpenArgs,
}

/// What to do instead of opening the screen.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the scenarios, or the parameters of one.
    List(ListArgs),
    /// Run a scenario without a screen and tell what came out.
    ///
    /// A run on the virtual clock takes no longer than its computations do, unless --speed is
    /// given, and the same scenario, parameters and seed give the same run each time.
    /// 'async-playground list ID' shows the parameters of a scenario.
    #[command(after_help = RUN_EXAMPLES)]
    Run(RunArgs),
    /// Open a recording on the screen: everything but running it again.
    ///
    /// Without a terminal it prints the report that 'run' printed.
    #[command(after_help = REPLAY_EXAMPLES)]
    Replay(ReplayArgs),
    /// Print the standard settings file, or where yours is looked for.
    Config(ConfigArgs),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual page, in roff.
    Man,
}

/// What the screen opens with.
#[derive(Debug, Args)]
pub(super) struct OpenArgs {
    /// The scenario to open; 'async-playground list' names them all.
    #[arg(value_name = "ID", add = ArgValueCompleter::new(completions::scenarios))]
    pub scenario: Option<String>,
    #[command(flatten)]
    pub how: HowArgs,
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
    /// When to use colours; 'auto' is always, unless the environment variable `NO_COLOR` is set.
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// Which colours to use; 'light' is for a light room, 'projector' for a projector.
    #[arg(long, value_name = "NAME", value_enum)]
    pub theme: Option<ThemeArg>,
    /// Leave the mouse to the terminal, so that it selects text.
    #[arg(long)]
    pub no_mouse: bool,
    /// Let nothing move smoothly by itself: at most four pictures a second, and the timeline goes on by pages.
    #[arg(long)]
    pub reduced_motion: bool,
    /// Read the settings (keys, theme, mouse) from this file; 'async-playground config --path' tells the usual one.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// What is printed of the settings.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct ConfigArgs {
    /// Print a complete settings file, with what everything means; it changes nothing.
    #[arg(long)]
    pub default: bool,
    /// Print where the settings file is looked for.
    #[arg(long)]
    pub path: bool,
}

/// What is replayed.
#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// The recording.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub marks: MarksArgs,
    #[command(flatten)]
    pub screen: ScreenArgs,
    /// Print the JSON object that 'run --json' printed, and nothing else.
    #[arg(long)]
    pub json: bool,
}

/// Where a run is recorded.
#[derive(Debug, Args)]
pub(super) struct RecordArgs {
    /// Write a recording of the run, for 'async-playground replay'. The screen keeps the newest run in it.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Overwrite the file of the recording, if there is one.
    #[arg(long, requires = "record")]
    pub force: bool,
}

/// What is listed.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Tell of this scenario only, with its parameters.
    #[arg(value_name = "ID", add = ArgValueCompleter::new(completions::scenarios))]
    pub scenario: Option<String>,
    /// Print a JSON array, with everything that is known of each scenario.
    #[arg(long)]
    pub json: bool,
}

/// What is run, and how it is reported.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// The scenario to run; 'async-playground list' names them all.
    #[arg(value_name = "ID", add = ArgValueCompleter::new(completions::scenarios))]
    pub scenario: String,
    #[command(flatten)]
    pub how: HowArgs,
    #[command(flatten)]
    pub record: RecordArgs,
    #[command(flatten)]
    pub marks: MarksArgs,
    /// Print one JSON object and nothing else.
    #[arg(long)]
    pub json: bool,
}

/// How a scenario is run: the same flags for the screen and for `run`.
#[derive(Debug, Args)]
pub(super) struct HowArgs {
    /// Turn a parameter of the scenario; give it once for each parameter.
    #[arg(short = 'p', long = "param", value_name = "NAME=VALUE", value_parser = assignment, add = ArgValueCompleter::new(completions::parameters))]
    pub params: Vec<(String, String)>,
    /// Where all randomness comes from: a whole number.
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true, value_parser = |text: &str| whole(text, &(0..=u64::MAX)))]
    pub seed: u64,
    /// How time passes: 'virtual' jumps when nothing can run, 'real' is wall time [default: the scenario's first].
    #[arg(long, value_enum)]
    pub clock: Option<ClockArg>,
    /// Worker threads; 0 is the current-thread runtime, the only one on the virtual clock.
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true, value_parser = |text: &str| whole(text, &WORKERS))]
    pub workers: u64,
    /// Virtual milliseconds per millisecond: a number above 0, or 'max' for as fast as it goes.
    #[arg(long, value_name = "X|max", allow_negative_numbers = true, value_parser = speed)]
    pub speed: Option<Speed>,
    /// End the run after so many milliseconds of its own clock.
    #[arg(long, value_name = "MS", default_value_t = LIMIT_MS, allow_negative_numbers = true, value_parser = |text: &str| whole(text, &LIMITS_MS))]
    pub limit: u64,
    /// How much is recorded: 'polls', or 'waits' with their causes, lines and holders too.
    #[arg(long, value_enum, default_value_t = DetailArg::Waits)]
    pub detail: DetailArg,
    /// On the real clock, call a run stalled when for so many milliseconds nothing has happened,
    /// and every task waits for another one. The virtual clock knows at once.
    #[arg(long, value_name = "MS", default_value_t = STALL_AFTER_MS, allow_negative_numbers = true, value_parser = |text: &str| whole(text, &LIMITS_MS))]
    pub stall_after: u64,
    /// Let tokio-console attach, at this address or at 127.0.0.1:6669. At an address
    /// that is no loopback one, anybody in the network can look.
    #[arg(long, value_name = "ADDR", num_args = 0..=1, require_equals = true, default_missing_value = "127.0.0.1:6669", value_parser = address)]
    pub console: Option<SocketAddr>,
}

/// Which marks lanes and checks are drawn with.
#[derive(Debug, Args)]
pub(super) struct MarksArgs {
    /// Draw with ASCII characters only.
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

/// Which colours to use, as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ThemeArg {
    /// okabe-ito if COLORTERM says truecolor, else ansi
    Auto,
    /// colours that every kind of colour vision tells apart, on black
    OkabeIto,
    /// dark colours on white
    Light,
    /// the largest contrast and heavy marks, on white
    Projector,
    /// the terminal's own sixteen colours
    Ansi,
    /// no colours
    Mono,
}

/// None is the one that suits the terminal.
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

/// A clock, as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ClockArg {
    Virtual,
    Real,
}

impl From<ClockArg> for Clock {
    fn from(clock: ClockArg) -> Self {
        match clock {
            ClockArg::Virtual => Clock::Virtual,
            ClockArg::Real => Clock::Real,
        }
    }
}

/// How much is recorded, as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DetailArg {
    Polls,
    Waits,
}

impl From<DetailArg> for Detail {
    fn from(detail: DetailArg) -> Self {
        match detail {
            DetailArg::Polls => Detail::Polls,
            DetailArg::Waits => Detail::Waits,
        }
    }
}

/// How fast a run on the virtual clock goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Speed {
    /// As fast as it can.
    Max,
    /// Run time per wall time, above 0.
    Times(f64),
}

/// Reads the command line of this process.
pub(super) fn parse() -> Result<Cli, Stop> {
    Cli::try_parse().map_err(Stop::Parse)
}

/// The command line as clap knows it: for the man page and the completions.
pub(super) fn command() -> clap::Command {
    Cli::command()
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err("a parameter is given as NAME=VALUE".to_owned()),
    }
}

fn whole(text: &str, range: &RangeInclusive<u64>) -> Result<u64, String> {
    let wanted = || format!("a whole number from {} to {} is needed", range.start(), range.end());
    text.parse().ok().filter(|n| range.contains(n)).ok_or_else(wanted)
}

fn speed(text: &str) -> Result<Speed, String> {
    if text == "max" {
        return Ok(Speed::Max);
    }
    let wanted = || format!("a number from {} to {}, or max, is needed", SPEEDS.start(), SPEEDS.end());
    text.parse().ok().filter(|x| SPEEDS.contains(x)).map(Speed::Times).ok_or_else(wanted)
}

/// An address with a port, or with tokio-console's own.
fn address(text: &str) -> Result<SocketAddr, String> {
    let address = text.parse().or_else(|_| text.parse().map(|ip: IpAddr| SocketAddr::new(ip, CONSOLE_PORT)));
    address.map_err(|_| "an address is needed, such as 127.0.0.1:6669".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clap_finds_no_fault_with_the_definitions() {
        command().debug_assert();
    }

    #[test]
    fn a_speed_is_above_nothing_and_finite() {
        assert_eq!(speed("max"), Ok(Speed::Max));
        assert_eq!(speed("0.5"), Ok(Speed::Times(0.5)));
        for wrong in ["0", "-1", "inf", "NaN", "", "fast", "1e9"] {
            assert!(speed(wrong).is_err(), "{wrong}");
        }
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
