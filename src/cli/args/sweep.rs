//! The flags of `sweep`.

use std::ops::RangeInclusive;

use clap::Args;
use clap_complete::ArgValueCompleter;
use engine::Schedule;

use super::MarksArgs;
use super::completions;
use super::how::{ClockArg, LIMIT_MS, LIMITS_MS, WORKERS, assignment, range, whole};

pub(super) const EXAMPLES: &str = "\
Examples:
  async-playground sweep semaphore -p permits=1..20 --figure total
  async-playground sweep semaphore -p requests=10..1000:10 -p permits=5
  async-playground sweep semaphore -p permits=1,2,5,10 -p jitter=400 --seeds 0..19
  async-playground sweep deadlock -p 'order=*' --csv

Exit codes:
  0    the runs were made, however they ended
  1    the report could not be written
  2    the usage is invalid, or the sweep cannot start
  129  interrupted by SIGHUP
  130  interrupted by SIGINT
  143  interrupted by SIGTERM";

/// What to sweep.
#[derive(Debug, Args)]
pub(in crate::cli) struct SweepArgs {
    /// Scenario to run; see 'async-playground list'.
    #[arg(value_name = "ID", add = ArgValueCompleter::new(completions::scenarios))]
    pub scenario: String,
    /// Set the parameter to sweep, and others.
    ///
    /// The swept parameter has several values: a range A..B or A..B:STEP, a list such as 1,2,5, or * for all words. Each
    /// other parameter has one value.
    #[arg(short = 'p', long = "param", value_name = "NAME=A..B[:STEP]", value_parser = assignment, add = ArgValueCompleter::new(completions::parameters))]
    pub params: Vec<(String, String)>,
    /// Run each value with these seeds, both ends included.
    #[arg(long, value_name = "A..B", default_value = "0", value_parser = range)]
    pub seeds: RangeInclusive<u64>,
    /// Choose the figure [default: the scenario's first].
    #[arg(long, value_name = "NAME")]
    pub figure: Option<String>,
    /// Cut polls: a number, or POLL:OPERATIONS,...
    #[arg(long, value_name = "N|LIST", default_value = "0", allow_negative_numbers = true)]
    pub schedule: Schedule,
    /// Choose the clock [default: the scenario's first].
    #[arg(long, value_enum)]
    pub clock: Option<ClockArg>,
    /// Set the number of workers; 0: current-thread runtime.
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true, value_parser = |text: &str| whole(text, &WORKERS))]
    pub workers: u64,
    /// End each run after MS milliseconds of its clock.
    #[arg(long, value_name = "MS", default_value_t = LIMIT_MS, allow_negative_numbers = true, value_parser = |text: &str| whole(text, &LIMITS_MS))]
    pub limit: u64,
    #[command(flatten)]
    pub marks: MarksArgs,
    /// Print the result as one JSON object.
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Print a line of CSV for each run.
    #[arg(long)]
    pub csv: bool,
}
