//! The flags of `compare`.

use clap::Args;
use clap_complete::ArgValueCompleter;

use super::completions;
use super::how::HowArgs;
use super::{Cli, Command, MarksArgs, Stop};

use std::ffi::OsString;

use clap::CommandFactory as _;
use clap::FromArgMatches as _;

/// Begins another run.
const WITH: &str = "--with";
/// More runs than this cannot be compared by eye.
const MOST_RUNS: usize = 8;

pub(super) const EXAMPLES: &str = "\
Examples:
  async-playground compare semaphore --with -p permits=5
  async-playground compare semaphore --with -p permits=5 --with -p permits=20
  async-playground compare scrape --seed 1 --with --seed 2
  async-playground compare lost-update --with --schedule 9 --json | jq .differences

Exit codes:
  0    every run ended, whatever its checks said
  1    the report could not be written
  2    the usage is invalid, or a run cannot start
  129  interrupted by SIGHUP
  130  interrupted by SIGINT
  143  interrupted by SIGTERM";

/// What to compare.
#[derive(Debug, Args)]
pub(in crate::cli) struct CompareArgs {
    /// Scenario to run; see 'async-playground list'.
    #[arg(value_name = "ID", add = ArgValueCompleter::new(completions::scenarios))]
    pub scenario: String,
    #[command(flatten)]
    pub how: HowArgs,
    /// Begin another run; its flags follow.
    ///
    /// What these flags do not set is as in the first run. Repeat --with for more runs.
    #[arg(long, action = clap::ArgAction::Count)]
    with: u8,
    #[command(flatten)]
    pub marks: MarksArgs,
    /// Print the runs and their differences as JSON.
    #[arg(long)]
    pub json: bool,
    /// The flags of the other runs.
    #[arg(skip)]
    pub others: Vec<HowArgs>,
}

/// Whether this command line compares runs.
pub(super) fn is_asked_for(args: &[OsString]) -> bool {
    args.get(1).is_some_and(|command| command == "compare") && args.iter().any(|arg| arg == WITH)
}

/// Parses a command line that has a group of flags for each run: the flags before the first `--with`, then those after each.
pub(super) fn parse(args: &[OsString]) -> Result<Cli, Stop> {
    let mut groups = args.split(|arg| arg == WITH);
    let first = groups.next().unwrap_or_default();
    let mut cli = parsed(first.to_vec())?;
    let Some(Command::Compare(compare)) = &mut cli.command else { return Ok(cli) };
    for group in groups {
        // A flag of the group replaces that of the first run.
        let other = parsed(first.iter().chain(group).cloned().collect())?;
        let Some(Command::Compare(mut other)) = other.command else { continue };
        let own = other.how.params.split_off(compare.how.params.len());
        other.how.params.retain(|(name, _)| own.iter().all(|(of_group, _)| of_group != name));
        other.how.params.extend(own);
        compare.json |= other.json;
        compare.marks.ascii |= other.marks.ascii;
        compare.others.push(other.how);
    }
    if compare.others.len() >= MOST_RUNS {
        let runs = compare.others.len() + 1;
        return Err(Stop::Usage(format!("{runs} runs are too many to compare; name at most {MOST_RUNS}, or use 'sweep'")));
    }
    Ok(cli)
}

fn parsed(args: Vec<OsString>) -> Result<Cli, Stop> {
    let command = Cli::command().mut_subcommand("compare", |compare| compare.args_override_self(true));
    let matches = command.try_get_matches_from(args).map_err(Stop::Parse)?;
    Cli::from_arg_matches(&matches).map_err(Stop::Parse)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(line: &str) -> CompareArgs {
        let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        assert!(is_asked_for(&args), "{line}");
        match parse(&args).map(|cli| cli.command) {
            Ok(Some(Command::Compare(compare))) => compare,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn params(how: &HowArgs) -> Vec<String> {
        how.params.iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn a_group_takes_from_the_first_run_what_it_does_not_set() {
        let compare =
            compared("x compare semaphore -p permits=2 --seed 3 --with -p permits=5 -p requests=9 --with --seed 4 --json");
        assert_eq!((params(&compare.how), compare.how.seed, compare.json), (vec!["permits=2".to_owned()], 3, true));
        let others: Vec<_> = compare.others.iter().map(|how| (params(how).join(" "), how.seed)).collect();
        assert_eq!(others, [("permits=5 requests=9".to_owned(), 3), ("permits=2".to_owned(), 4)]);
    }

    #[test]
    fn a_name_given_twice_in_a_group_stays_twice() {
        let compare = compared("x compare semaphore --with -p permits=5 -p permits=6");
        assert_eq!(params(&compare.others[0]), ["permits=5", "permits=6"]);
    }

    #[test]
    fn faults_in_a_group_are_faults_of_the_command_line() {
        for wrong in ["x compare semaphore --with other", "x compare semaphore --with --wrong", "x compare --with -p permits=5"] {
            let args: Vec<OsString> = wrong.split(' ').map(OsString::from).collect();
            assert!(parse(&args).is_err(), "{wrong}");
        }
    }
}
