//! The flags of `book`.

use std::path::PathBuf;

use clap::Args;

pub(super) const EXAMPLES: &str = "\
Examples:
  async-playground book site
  async-playground book site && xdg-open site/index.html

Exit codes:
  0    the site was written
  1    a file could not be written, or a run broke off
  2    the folder has other files in it, or a run cannot start
  129  interrupted by SIGHUP
  130  interrupted by SIGINT
  143  interrupted by SIGTERM";

/// Where to write the site.
#[derive(Debug, Args)]
pub(in crate::cli) struct BookArgs {
    /// Folder to write, new or with an older site.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}
