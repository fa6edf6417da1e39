//! A terminal to draw on. Each frame is one write, if the terminal accepts it at once.

use std::cell::RefCell;
use std::io::{self, Write};
use std::mem;
use std::process::{Command, ExitStatus};
use std::rc::Rc;

use ratatui::backend::CrosstermBackend;
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};

use super::clipboard;
use super::guard::Guard;
use super::output::Output;
use crate::signals;

/// Terminals with mode 2026 show everything between these two at once; others ignore them.
const BEGIN_FRAME: &[u8] = b"\x1b[?2026h";
const END_FRAME: &[u8] = b"\x1b[?2026l";

/// The terminal, held until this is dropped.
#[derive(Debug)]
pub struct Screen {
    // The first field is dropped first: what `terminal` writes on drop then stays in the buffer.
    guard: Guard,
    terminal: Terminal<CrosstermBackend<Bytes>>,
    bytes: Bytes,
    out: Output,
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    ///
    /// If standard output is not a terminal.
    pub fn open(mouse: bool) -> io::Result<Self> {
        // With NO_COLOR set, crossterm would also drop bold and reverse. The theme decides about colours.
        crossterm::style::force_color_output(true);
        let mut out = Output::open()?;
        let guard = Guard::enter(mouse, &mut out)?;
        let bytes = Bytes::default();
        // The viewport follows the size of the terminal up to `LARGEST`; ratatui itself has no such bound.
        let options = TerminalOptions { viewport: Viewport::Fixed(super::size()?.into()) };
        let terminal = Terminal::with_options(CrosstermBackend::new(bytes.clone()), options)?;
        Ok(Self { guard, terminal, bytes, out })
    }

    /// Whether the terminal has accepted the last frame. Do not draw the next one before: frames would pile up.
    ///
    /// # Errors
    ///
    /// If the terminal cannot be written to.
    pub fn ready(&mut self) -> io::Result<bool> {
        self.guard.flush(&mut self.out)
    }

    /// Draws one frame at the terminal's current size.
    ///
    /// # Errors
    ///
    /// If the terminal cannot be written to.
    pub fn draw(&mut self, paint: impl FnOnce(&mut Frame)) -> io::Result<()> {
        self.bytes.0.borrow_mut().extend_from_slice(BEGIN_FRAME);
        let area = super::size()?.into();
        if area != self.terminal.get_frame().area() {
            self.terminal.resize(area)?;
        }
        self.terminal.draw(paint)?;
        let mut frame = mem::take(&mut *self.bytes.0.borrow_mut());
        frame.extend_from_slice(END_FRAME);
        self.guard.write(&mut self.out, &frame)?;
        frame.clear();
        *self.bytes.0.borrow_mut() = frame;
        Ok(())
    }

    /// Copies a text to the clipboard of the terminal's user. The terminal does not report whether it did.
    ///
    /// # Errors
    ///
    /// If the terminal cannot be written to.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        self.guard.write(&mut self.out, clipboard::copy(text).as_bytes())
    }

    /// Lends the terminal to a program until it exits. Calls `meanwhile` in a loop until that returns false.
    ///
    /// # Errors
    ///
    /// If the program cannot be started, or the terminal cannot be taken back.
    pub fn lend(&mut self, program: &mut Command, meanwhile: &mut dyn FnMut() -> bool) -> io::Result<ExitStatus> {
        self.guard.leave();
        let ended = program.spawn().and_then(|mut child| {
            loop {
                if let Some(status) = child.try_wait()? {
                    return Ok(status);
                }
                if !meanwhile() {
                    return child.wait();
                }
            }
        });
        self.resume()?;
        ended
    }

    /// Restores the terminal, stops the process, and takes the terminal back when it is continued.
    ///
    /// # Errors
    ///
    /// If the terminal cannot be taken back.
    pub fn suspend(&mut self) -> io::Result<()> {
        self.guard.leave();
        signals::stop()?;
        self.resume()
    }

    /// Takes the terminal back after the process was stopped and continued. The next frame is drawn in full.
    ///
    /// # Errors
    ///
    /// If the terminal cannot be taken back.
    pub fn resume(&mut self) -> io::Result<()> {
        // The rest of an interrupted frame is meaningless after another program had the terminal.
        self.out.forget();
        self.guard.resume(&mut self.out)?;
        self.forget()
    }

    /// Assumes nothing about what the terminal shows: the next frame is drawn in full. A terminal that shrank and grew back
    /// between two frames has its old size, but has lost what was outside.
    ///
    /// # Errors
    ///
    /// If the terminal does not report its size.
    pub fn forget(&mut self) -> io::Result<()> {
        // `clear` would ask the terminal for its cursor position, but another thread reads the answer.
        self.terminal.resize(super::size()?.into())
    }
}

/// The bytes of a frame. Flushing does nothing, because [`Screen::draw`] writes them
/// at its end: a frame that a panic interrupts is never written, not even when the
/// terminal is dropped.
#[derive(Debug, Clone, Default)]
struct Bytes(Rc<RefCell<Vec<u8>>>);

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
