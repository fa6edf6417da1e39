//! What the screen knows of a hunt.

use engine::Spec;
use engine::hunt::{Found, Progress};

/// A hunt in progress or over.
#[derive(Debug, Clone)]
pub struct HuntView {
    /// The settings that are hunted.
    pub spec: Spec,
    /// How far it has come.
    pub progress: Progress,
    /// What was found: one run of each kind.
    pub found: Vec<Found>,
    /// Whether it is over.
    pub over: bool,
}
