//! The flags of `lint`.

use std::path::PathBuf;

use clap::Args;

pub(super) const EXAMPLES: &str = "\
Examples:
  async-playground lint src
  async-playground lint server.py client.py
  async-playground lint src --json | jq -r '.[].file'

Exit codes:
  0  nothing was found
  1  something was found
  2  a file cannot be read or parsed, or is neither Rust nor Python; or there is no python3";

/// What to check.
#[derive(Debug, Args)]
pub(in crate::cli) struct LintArgs {
    /// Files, and folders that contain .rs or .py files.
    #[arg(value_name = "FILE", required = true)]
    pub paths: Vec<PathBuf>,
    /// Print what was found as a JSON array.
    #[arg(long)]
    pub json: bool,
}
