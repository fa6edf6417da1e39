//! What lies over the panes.

pub mod arrange;
pub mod explain;
pub(super) mod findings;
pub mod hunt;
pub mod hunted;
pub mod palette;
pub mod path;
pub mod range;
pub mod sweep;
pub mod swept;
mod synonyms;
