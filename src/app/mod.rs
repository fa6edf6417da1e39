//! What the program does, without a terminal.
//!
//! Keys and the pointer become an [`action::Action`] ([`keymap`], [`mod@pointer`]),
//! [`update`] turns an action into a new [`model`] and into effects, and
//! whoever owns the terminal and the engine performs those. Nothing here reads
//! a clock, a file or a key, so all of it is tested by calling it.

pub mod action;
mod areas;
pub mod bindings;
pub mod colors;
pub mod effect;
pub mod findings;
pub mod folds;
mod form;
mod fuzzy;
pub mod history;
pub mod keymap;
pub mod kinds;
pub mod lanes;
mod laneview;
pub mod mode;
pub mod model;
pub mod palette;
pub mod pointer;
pub mod query;
pub mod reading;
pub mod session;
pub mod text;
pub mod time;
pub mod tip;
pub mod update;
