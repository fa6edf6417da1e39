//! Sketches: crates of the user, in the place of a scenario.

pub mod files;
pub mod life;
pub mod own;
pub mod shown;
pub mod view;
