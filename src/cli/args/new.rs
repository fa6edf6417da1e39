//! The flags of `new`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::ArgValueCompleter;

use super::completions;

pub(super) const EXAMPLES: &str = "\
Examples:
  async-playground new mine --from semaphore   make a scenario your own
  async-playground open mine                   show it, again at each save
  async-playground new orders                  begin a service

Exit codes:
  0  the crate was made
  2  there is no such scenario, the folder is not empty, or the crate cannot be written";

/// What to make.
#[derive(Debug, Args)]
pub(in crate::cli) struct NewArgs {
    /// Folder to make; its name becomes the crate's.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Begin with this scenario's source and tests.
    #[arg(long, value_name = "ID", add = ArgValueCompleter::new(completions::scenarios))]
    pub from: Option<String>,
}
