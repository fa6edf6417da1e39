//! The source of inputs and the target of frames: traits, so that tests can drive the loop with a script and without a
//! terminal, and their implementations for the real one.

use std::io;
use std::process::{Command, ExitStatus};
use std::time::Instant;

use ratatui::Frame;

use crate::term::{Input, Inputs, Screen};

/// The source of inputs and wall time.
pub trait Events {
    /// The time now.
    fn now(&self) -> Instant;

    /// Waits for the next input; `None` if none comes by the deadline. Without a deadline, waits for ever.
    fn next(&mut self, until: Option<Instant>) -> Option<Input>;

    /// Wakes a wait for the next input, from any thread.
    fn waker(&self) -> Box<dyn Fn() + Send> {
        Box::new(|| ())
    }

    /// Stops reading the terminal, so that another program can, or resumes.
    fn hold(&mut self, held: bool) {
        let _ = held;
    }
}

/// The target of frames.
pub trait Surface {
    /// Draws one frame.
    ///
    /// # Errors
    ///
    /// If the terminal cannot be written to.
    fn draw(&mut self, paint: &mut dyn FnMut(&mut Frame)) -> io::Result<()>;

    /// Whether a frame can be drawn now: the terminal has accepted the last one.
    ///
    /// # Errors
    ///
    /// If the terminal cannot be written to.
    fn ready(&mut self) -> io::Result<bool> {
        Ok(true)
    }

    /// Lends the terminal to a program until it exits. Calls `meanwhile` in a loop until that returns false.
    ///
    /// # Errors
    ///
    /// If the program cannot be started, or the terminal cannot be taken back.
    fn lend(&mut self, program: &mut Command, meanwhile: &mut dyn FnMut() -> bool) -> io::Result<ExitStatus> {
        let _ = (program, meanwhile);
        Err(io::Error::new(io::ErrorKind::Unsupported, "there is no terminal to lend"))
    }

    /// Restores the terminal and stops the process until it is continued.
    ///
    /// # Errors
    ///
    /// If the terminal cannot be taken back.
    fn suspend(&mut self) -> io::Result<()>;

    /// Takes the terminal back after the process was stopped and continued; the next frame is drawn in full.
    ///
    /// # Errors
    ///
    /// If the terminal cannot be taken back.
    fn resume(&mut self) -> io::Result<()>;

    /// Assumes nothing about what the terminal shows; the next frame is drawn in full.
    ///
    /// # Errors
    ///
    /// If the terminal does not report its size.
    fn forget(&mut self) -> io::Result<()>;

    /// Copies a text to the user's clipboard, if the terminal supports that.
    ///
    /// # Errors
    ///
    /// If the terminal cannot be written to.
    fn copy(&mut self, text: &str) -> io::Result<()>;
}

impl Events for Inputs {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn next(&mut self, until: Option<Instant>) -> Option<Input> {
        Inputs::next(self, until)
    }

    fn waker(&self) -> Box<dyn Fn() + Send> {
        Box::new(Inputs::waker(self))
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
