//! What the program does, without a terminal.
//!
//! Keys and the pointer become an [`Action`](input::action::Action), [`update`]
//! turns an action into a new [`model`] and into [effects](effect), which the shell
//! performs: it owns the terminal and the engine. Nothing here reads a clock, a
//! file or a key, so a test calls it.
//!
//! A feature is a folder. In each, the plain data that the model holds (a `view`,
//! `fields`, an `order`) knows no model, and what changes the model lies above it:
//! so no two files import each other.

pub mod areas;
pub mod colors;
pub mod editor;
pub mod effect;
pub mod form;
pub mod input;
pub mod list;
pub mod mode;
pub mod model;
pub mod overlay;
pub mod panes;
pub mod run;
mod scroll;
pub mod search;
pub mod session;
#[cfg(test)]
mod testing;
mod themes;
pub mod time;
pub mod timeline;
pub mod update;
