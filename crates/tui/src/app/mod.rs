//! The behaviour of the program, without a terminal.
//!
//! Keys and the pointer become an [`Action`](input::action::Action), and [`update`] applies it to the [`model`] and
//! returns [effects](effect). The shell owns the terminal and the engine, and performs the effects. Nothing here
//! reads a clock, a file or a key, so tests call it directly.
//!
//! Each feature is a folder. In it, the plain data that the model holds (a `view`, `fields`, an `order`) does not
//! import the model, and the code that changes the model is layered above it: so no two files import each other.

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
pub mod programs;
pub mod run;
mod scroll;
pub mod search;
pub mod session;
pub mod sketch;
#[cfg(test)]
mod testing;
mod themes;
pub mod time;
pub mod timeline;
pub mod update;
