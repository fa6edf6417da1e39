//! The terminal, restored whatever happens.
//!
//! [`Screen`] holds it in raw mode on the alternate screen and draws whole frames;
//! [`Inputs`] delivers keys, mouse and signals in one queue. Both need Unix: they
//! handle a terminal that disappears and a shell that suspends the program.

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

/// The largest size that is drawn, larger than any real screen. Another program can set the reported size to any value, and
/// each cell takes memory.
const LARGEST: Size = Size::new(2000, 500);

/// The size of the terminal, up to a maximum.
///
/// # Errors
///
/// If the terminal does not report it.
pub fn size() -> io::Result<Size> {
    // crossterm's `size` starts a program if the terminal is gone, and then reports that program's error.
    let size = tcgetwinsize(stdout())?;
    Ok(Size::new(size.ws_col.min(LARGEST.width), size.ws_row.min(LARGEST.height)))
}

/// Whether there is a terminal to read keys from and to draw on.
pub fn available() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}
