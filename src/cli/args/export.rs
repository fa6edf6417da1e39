//! The flags of `export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use clap_complete::ArgValueCompleter;
use export::Format;

use super::completions;
use super::how::{HowArgs, whole};
use super::{MarksArgs, ThemeArg};

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
    /// Set the columns and rows of a picture or film.
    ///
    /// A picture chooses its rows if no size is given; a film is 120x40. A page has a picture for readers without scripts.
    #[arg(long, value_name = "COLSxROWS", value_parser = size)]
    pub size: Option<(u16, u16)>,
    /// Choose the colours of a picture or film [default: okabe-ito].
    #[arg(long, value_name = "NAME", value_enum)]
    pub theme: Option<ThemeArg>,
    #[command(flatten)]
    pub marks: MarksArgs,
    #[command(flatten)]
    pub how: HowArgs,
}

/// A form, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum FormatArg {
    /// a page for a browser, one file
    Html,
    /// a picture of the lanes, for pages and slides
    Svg,
    /// a trace for ui.perfetto.dev
    Perfetto,
    /// the screen as a film, for asciinema
    Cast,
    /// the report as one JSON object, as 'run --json' prints it
    Json,
}

impl From<FormatArg> for Format {
    fn from(format: FormatArg) -> Self {
        match format {
            FormatArg::Html => Self::Html,
            FormatArg::Svg => Self::Svg,
            FormatArg::Perfetto => Self::Perfetto,
            FormatArg::Cast => Self::Cast,
            FormatArg::Json => Self::Json,
        }
    }
}

/// Milliseconds of a run, as nanoseconds.
fn ms(text: &str) -> Result<u64, String> {
    let ms = text.parse().ok().filter(|ms: &f64| ms.is_finite() && *ms >= 0.0 && *ms <= 1e12);
    ms.map(|ms| (ms * 1e6) as u64).ok_or_else(|| "expected milliseconds, such as 1500".to_owned())
}

/// Columns and rows.
fn size(text: &str) -> Result<(u16, u16), String> {
    let (columns, rows) = text.split_once(['x', '×']).unwrap_or_default();
    let within = |text: &str, range| whole(text, &range).ok().map(|n| n as u16);
    let size = within(columns, 20..=500).zip(within(rows, 6..=200));
    size.ok_or_else(|| "expected columns and rows from 20x6 to 500x200, such as 120x40".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_columns_and_rows() {
        assert_eq!(size("20x6"), Ok((20, 6)));
        assert_eq!(size("500x200"), Ok((500, 200)));
        for wrong in
            ["", "x", "120", "120x", "x40", "19x40", "501x40", "120x5", "120x201", "-1x40", "120x40x2", "70000x40", "9e1x40"]
        {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
