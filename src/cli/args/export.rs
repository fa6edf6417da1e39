//! The flags of `export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use clap_complete::ArgValueCompleter;

use super::completions;
use super::how::HowArgs;

pub(super) const EXAMPLES: &str = "\
Examples:
  async-playground export semaphore --format html -o semaphore.html
  async-playground export semaphore -p permits=5 --format svg --size 100x30 -o semaphore.svg
  async-playground export deadlock -p order=crossed --format perfetto -o deadlock.pftrace
  async-playground export gather.rec --format cast -o gather.cast
  async-playground export gather.rec --format json --events | jq .

Exit codes:
  0    it was written
  1    it could not be written
  2    the usage is invalid, the run cannot start, or the file is not a recording
  129  interrupted by SIGHUP
  130  interrupted by SIGINT
  143  interrupted by SIGTERM";

/// What to export, and how.
#[derive(Debug, Args)]
pub(in crate::cli) struct ExportArgs {
    /// Scenario to run, or recording to open.
    #[arg(value_name = "ID|FILE", add = ArgValueCompleter::new(completions::scenarios))]
    pub what: String,
    /// Choose the form.
    #[arg(long, value_enum)]
    pub format: FormatArg,
    /// With json: write each fact of the run as a line.
    #[arg(long)]
    pub events: bool,
    /// Write to this file [default: standard output].
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Begin at MS milliseconds of the run.
    #[arg(long, value_name = "MS", allow_negative_numbers = true, value_parser = ms)]
    pub from: Option<u64>,
    /// End at MS milliseconds of the run.
    #[arg(long, value_name = "MS", allow_negative_numbers = true, value_parser = ms)]
    pub to: Option<u64>,
    #[command(flatten)]
    pub how: HowArgs,
}

/// A form, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum FormatArg {
    /// the report as one JSON object, as 'run --json' prints it
    Json,
    /// a trace for Perfetto, which ui.perfetto.dev opens
    Perfetto,
}

impl FormatArg {
    /// Whether a terminal could not show it.
    pub(in crate::cli) fn is_binary(self) -> bool {
        matches!(self, Self::Perfetto)
    }
}

/// Milliseconds of a run, as nanoseconds.
fn ms(text: &str) -> Result<u64, String> {
    let ms = text.parse().ok().filter(|ms: &f64| ms.is_finite() && *ms >= 0.0 && *ms <= 1e12);
    ms.map(|ms| (ms * 1e6) as u64).ok_or_else(|| "expected milliseconds, such as 1500".to_owned())
}
