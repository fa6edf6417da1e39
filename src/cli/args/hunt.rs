//! The flags of `hunt`.

use std::ops::RangeInclusive;

use clap::Args;
use clap_complete::ArgValueCompleter;
use engine::hunt::{Hunt, Until};

use super::completions;
use super::how::{assignment, range, whole};

pub(super) const EXAMPLES: &str = "\
Examples:
  async-playground hunt lost-update -p variant=two-locks
  async-playground hunt deadlock -p order=crossed --until stall
  async-playground hunt semaphore --until 'total>3500'
  async-playground hunt deadlock -p tasks=2..5 -p gap=0 -p rest=0
  async-playground hunt philosophers --seeds 0..9 --schedules 0..2000 --all --json

Exit codes:
  0    found: the first line is the command that repeats the run
  1    not found
  2    the usage is invalid, or the hunt cannot start
  129  interrupted by SIGHUP
  130  interrupted by SIGINT
  143  interrupted by SIGTERM";

/// What to hunt, and where.
#[derive(Debug, Args)]
pub(in crate::cli) struct HuntArgs {
    /// Scenario to run; see 'async-playground list'.
    #[arg(value_name = "ID", add = ArgValueCompleter::new(completions::scenarios))]
    pub scenario: String,
    /// Set a parameter, or try several values.
    ///
    /// Several values are a range A..B or A..B:STEP, a list such as 1,2,5, or * for all words. Every combination is tried.
    #[arg(short = 'p', long = "param", value_name = "NAME=VALUE", value_parser = assignment, add = ArgValueCompleter::new(completions::parameters))]
    pub params: Vec<(String, String)>,
    /// Try these seeds, both ends included [default: 0..3].
    #[arg(long, value_name = "A..B", value_parser = range)]
    pub seeds: Option<RangeInclusive<u64>>,
    /// Try these schedules, both ends included [default: all].
    ///
    /// 0 is Tokio's own order; the first numbers cut one poll each.
    #[arg(long, value_name = "A..B", value_parser = range)]
    pub schedules: Option<RangeInclusive<u64>>,
    /// Choose what to find: wrong, check, stall, finding, FIGURE>VALUE.
    ///
    /// 'wrong' is a failed check, a stall or deadlock, an error, a panic, or the limit of a run.
    #[arg(long, value_name = "WHAT", default_value_t = Until::Wrong)]
    pub until: Until,
    /// Give up after N runs.
    #[arg(long, value_name = "N", default_value_t = Hunt::LIMIT_RUNS, allow_negative_numbers = true, value_parser = |text: &str| whole(text, &(1..=1_000_000_000)))]
    pub limit_runs: u64,
    /// Collect one run of each kind.
    #[arg(long)]
    pub all: bool,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}
