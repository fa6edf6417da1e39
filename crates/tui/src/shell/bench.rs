//! The workshop of the sketch that is open.

use std::time::Instant;

use engine::sketch::Workshop;

/// What is done beside the screen for the sketch that is open.
#[derive(Debug, Default)]
pub(super) struct Bench {
    pub(super) workshop: Option<Workshop>,
    /// Since when it is being built.
    pub(super) since: Option<Instant>,
    /// How many crates are ready.
    pub(super) crates: usize,
}
