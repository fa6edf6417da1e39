//! What lies over the panes.

pub(crate) mod findings;
pub(crate) mod help;
pub(crate) mod palette;
pub(crate) mod path;
pub(crate) mod range;
pub(crate) mod why;
