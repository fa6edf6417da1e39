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
use ratatui::layout::Size;
use rustix::stdio::stdout;
use rustix::termios::tcgetwinsize;
pub use screen::Screen;

/// The largest size that is drawn: more than the largest screen has with the smallest letters. What a terminal reports is
/// what another program has set, and each cell takes memory.
const LARGEST: Size = Size::new(2000, 500);

/// The size of the terminal, as far as it is drawn on.
///
/// # Errors
///
/// When the terminal does not report it.
pub fn size() -> io::Result<Size> {
    // Not crossterm's, which starts a program where the terminal is gone, and then reports that program's error.
    let size = tcgetwinsize(stdout())?;
    Ok(Size::new(size.ws_col.min(LARGEST.width), size.ws_row.min(LARGEST.height)))
}

/// Whether there is a terminal to read keys from and to draw on.
pub fn available() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}
