//! What lies over the panes.

pub(crate) mod help;
