//! The overlays: what covers the panes.

pub(crate) mod arrange;
mod explain;
pub(crate) mod findings;
pub(crate) mod help;
pub(crate) mod hunt;
mod marks;
pub(crate) mod palette;
pub(crate) mod path;
pub(crate) mod predict;
pub(crate) mod range;
pub(crate) mod resources;
pub(crate) mod sweep;
pub(crate) mod why;
