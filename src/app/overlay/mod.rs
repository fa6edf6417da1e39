//! What lies over the panes.

pub(super) mod findings;
pub(super) mod fuzzy;
pub mod palette;
pub mod path;
pub mod range;
pub(super) mod why;
