//! The flags of `open`.

use std::path::PathBuf;

use clap::Args;

use super::{MarksArgs, ScreenArgs};

pub(super) const EXAMPLES: &str = "\
Examples:
  async-playground new semaphore --from semaphore
  async-playground open semaphore             edit semaphore/src/scenario.rs, save, and watch

Exit codes:
  0  the screen was closed
  2  DIR has no sketch, or the screen cannot be opened";

/// Which sketch to open.
#[derive(Debug, Args)]
pub(in crate::cli) struct SketchArgs {
    /// Folder of the sketch, or of a service with a playground.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    #[command(flatten)]
    pub marks: MarksArgs,
    #[command(flatten)]
    pub screen: ScreenArgs,
}
