//! A terminal to draw on: each frame is one write, if the terminal takes it at once.

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

/// Terminals that know mode 2026 show what is between these two at once; others ignore them.
const BEGIN_FRAME: &[u8] = b"\x1b[?2026h";
const END_FRAME: &[u8] = b"\x1b[?2026l";

/// The terminal, held until this is dropped.
#[derive(Debug)]
pub struct Screen {
    // First, so that it is dropped first: what the terminal has to say after that stays in the buffer.
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
    /// When standard output is no terminal.
    pub fn open(mouse: bool) -> io::Result<Self> {
        // With NO_COLOR set crossterm would drop bold and reverse too. Which colours are drawn is the theme's choice.
        crossterm::style::force_color_output(true);
        let mut out = Output::open()?;
        let guard = Guard::enter(mouse, &mut out)?;
        let bytes = Bytes::default();
        // The viewport follows the size of the terminal up to a bound, and ratatui itself knows none.
        let options = TerminalOptions { viewport: Viewport::Fixed(super::size()?.into()) };
        let terminal = Terminal::with_options(CrosstermBackend::new(bytes.clone()), options)?;
        Ok(Self { guard, terminal, bytes, out })
    }

    /// Whether the terminal has taken the last frame. Until it has, the next one is not to be drawn: what the terminal shows
    /// is then not known, and frames would pile up.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be written to.
    pub fn ready(&mut self) -> io::Result<bool> {
        self.guard.flush(&mut self.out)
    }

    /// Draws one frame, at the size that the terminal has now.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be written to.
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

    /// Puts a text into the clipboard of the terminal's user. The terminal does not say whether it did.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be written to.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        self.guard.write(&mut self.out, clipboard::copy(text).as_bytes())
    }

    /// Gives the terminal back while a program has it, and takes it again when that has ended. Meanwhile `meanwhile` is
    /// called again and again, as long as it says that there is something to do.
    ///
    /// # Errors
    ///
    /// When the program cannot be started, or the terminal cannot be taken again.
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

    /// Gives the terminal back, stops the process, and takes the terminal again when it is continued.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be taken again.
    pub fn suspend(&mut self) -> io::Result<()> {
        self.guard.leave();
        signals::stop()?;
        self.resume()
    }

    /// Takes the terminal again, after somebody stopped and continued the process. The next frame is drawn whole.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be taken again.
    pub fn resume(&mut self) -> io::Result<()> {
        // The rest of a frame that was cut off means nothing on a terminal that somebody else had.
        self.out.forget();
        self.guard.resume(&mut self.out)?;
        self.forget()
    }

    /// Takes nothing for granted of what the terminal shows: the next frame is drawn whole. A terminal that was made
    /// smaller and larger again between two frames has the size that it had, and has lost what was outside.
    ///
    /// # Errors
    ///
    /// When the terminal does not say its size.
    pub fn forget(&mut self) -> io::Result<()> {
        // Not `clear`, which asks the terminal where its cursor is and reads the answer: keys are read elsewhere.
        self.terminal.resize(super::size()?.into())
    }
}

/// Bytes on their way to the terminal. Flushing does nothing, since
/// [`Screen::draw`] writes them at its end: a frame that a panic cuts off is
/// never written, not even when the terminal is dropped.
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
