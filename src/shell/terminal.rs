//! Where inputs come from and where frames go: traits, so that tests drive the loop with a script and without a terminal,
//! and the real terminal behind them.

use std::io;
use std::process::{Command, ExitStatus};
use std::time::Instant;

use ratatui::Frame;

use crate::term::{Input, Inputs, Screen};

/// Where inputs and wall time come from.
pub trait Events {
    /// The time now.
    fn now(&self) -> Instant;

    /// The next input; none when there is none until the deadline. Without a deadline it waits for ever.
    fn next(&mut self, until: Option<Instant>) -> Option<Input>;

    /// Stops reading the terminal, so that another program can, or reads it again.
    fn hold(&mut self, held: bool) {
        let _ = held;
    }
}

/// Where frames go.
pub trait Surface {
    /// Draws one frame.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be written to.
    fn draw(&mut self, paint: &mut dyn FnMut(&mut Frame)) -> io::Result<()>;

    /// Whether a frame can be drawn now; it cannot while the terminal has not taken the last one.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be written to.
    fn ready(&mut self) -> io::Result<bool> {
        Ok(true)
    }

    /// Gives the terminal back while a program has it, and takes it again. Meanwhile that is called again and again while
    /// it says that there is something to do.
    ///
    /// # Errors
    ///
    /// When the program cannot be started, or the terminal cannot be taken again.
    fn lend(&mut self, program: &mut Command, meanwhile: &mut dyn FnMut() -> bool) -> io::Result<ExitStatus> {
        let _ = (program, meanwhile);
        Err(io::Error::new(io::ErrorKind::Unsupported, "there is no terminal to lend"))
    }

    /// Gives the terminal back and stops the process until it is continued.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be taken again.
    fn suspend(&mut self) -> io::Result<()>;

    /// Takes the terminal again after the process was stopped and continued; the next frame is drawn whole.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be taken again.
    fn resume(&mut self) -> io::Result<()>;

    /// Takes nothing for granted of what the terminal shows; the next frame is drawn whole.
    ///
    /// # Errors
    ///
    /// When the terminal does not say its size.
    fn forget(&mut self) -> io::Result<()>;

    /// Puts a text into the user's clipboard, if the terminal supports that.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be written to.
    fn copy(&mut self, text: &str) -> io::Result<()>;
}

impl Events for Inputs {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn next(&mut self, until: Option<Instant>) -> Option<Input> {
        Inputs::next(self, until)
    }

    fn hold(&mut self, held: bool) {
        Inputs::hold(self, held);
    }
}

impl Surface for Screen {
    fn draw(&mut self, paint: &mut dyn FnMut(&mut Frame)) -> io::Result<()> {
        Screen::draw(self, paint)
    }

    fn ready(&mut self) -> io::Result<bool> {
        Screen::ready(self)
    }

    fn lend(&mut self, program: &mut Command, meanwhile: &mut dyn FnMut() -> bool) -> io::Result<ExitStatus> {
        Screen::lend(self, program, meanwhile)
    }

    fn suspend(&mut self) -> io::Result<()> {
        Screen::suspend(self)
    }

    fn resume(&mut self) -> io::Result<()> {
        Screen::resume(self)
    }

    fn forget(&mut self) -> io::Result<()> {
        Screen::forget(self)
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        Screen::copy(self, text)
    }
}
