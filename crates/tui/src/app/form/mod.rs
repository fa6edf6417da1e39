//! The form of the picked scenario.

pub(super) mod editing;
pub mod fields;
pub(super) mod pick;
pub(super) mod start;
