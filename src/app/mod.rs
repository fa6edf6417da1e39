//! What the program does, without a terminal.
pub mod model;
pub mod text;
