//! The terminal: what is taken from it is given back, whatever happens.
//!
//! [`Screen`] holds it in raw mode on the alternate screen and draws whole
//! frames; [`Inputs`] brings keys, mouse and signals in one queue. Both are
//! Unix: a terminal that goes away and a shell that suspends us are part of
//! the job.

mod clipboard;
mod guard;
mod input;
mod output;
mod screen;

use std::io::{self, IsTerminal};

pub use input::{Input, Inputs};
pub use screen::Screen;

/// Whether there is a terminal to read keys from and to draw on.
pub fn available() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}
