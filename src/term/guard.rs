//! The one place that changes the terminal's modes, and undoes all of it.
//!
//! ratatui's `restore` leaves mouse and paste modes on, and knows nothing of
//! signals. Here the modes are a constant to enter and a constant to leave, and
//! leaving is what happens when the [`Guard`] is dropped, when the thread that
//! holds it panics, and before the program is suspended. SIGTERM and SIGHUP
//! come in as inputs, end the event loop and so drop the guard.

use std::io;
use std::panic;
use std::sync::{Mutex, Once, PoisonError};
use std::thread::{self, ThreadId};

use crossterm::terminal;

use super::output::{self, Output};

/// Alternate screen, empty; pasted text in brackets; no cursor.
const ENTER: &str = "\x1b[?1049h\x1b[2J\x1b[?2004h\x1b[?25l";
/// Presses, wheel, drags and movements, in SGR form. A terminal that does not know movements (1003) reports drags (1002).
/// A movement over nothing new costs a look at what is there, and no frame.
const ENTER_MOUSE: &str = "\x1b[?1000h\x1b[?1002h\x1b[?1003h\x1b[?1006h";
/// All of that undone, and whatever a frame that was cut off may have left: a synchronized update, a style.
const LEAVE: &str = "\x1b[?2026l\x1b[?1006l\x1b[?1003l\x1b[?1002l\x1b[?1000l\x1b[?2004l\x1b[0m\x1b[?1049l\x1b[?25h";

/// The thread that holds the terminal, while one does.
static HELD: Mutex<Option<ThreadId>> = Mutex::new(None);

/// Holds the terminal in raw mode on the alternate screen until it is dropped.
#[derive(Debug)]
pub(super) struct Guard {
    mouse: bool,
}

impl Guard {
    /// Takes the terminal.
    ///
    /// # Errors
    ///
    /// When standard output is no terminal or cannot be written to. The terminal is then as it was.
    pub(super) fn enter(mouse: bool, output: &mut Output) -> io::Result<Self> {
        restore_on_panic();
        let guard = Self { mouse };
        guard.resume(output)?;
        Ok(guard)
    }

    /// Takes the terminal again, after [`Guard::leave`] or after somebody else changed its modes.
    ///
    /// # Errors
    ///
    /// As for [`Guard::enter`].
    pub(super) fn resume(&self, output: &mut Output) -> io::Result<()> {
        *HELD.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread::current().id());
        // crossterm takes raw mode for on once it has set it; a shell that had the terminal meanwhile has set it off.
        terminal::disable_raw_mode()?;
        terminal::enable_raw_mode()?;
        let mut modes = ENTER.to_owned();
        if self.mouse {
            modes.push_str(ENTER_MOUSE);
        }
        output.write(modes.as_bytes())
    }

    /// Gives the terminal back as it was. Does nothing when it has been given back already.
    #[expect(clippy::unused_self, reason = "only who holds it can give it back")]
    pub(super) fn leave(&self) {
        restore();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

fn restore() {
    let held = HELD.lock().unwrap_or_else(PoisonError::into_inner).take();
    if held.is_none() {
        return;
    }
    // A terminal that is gone cannot be put right, and nobody is there to be told.
    let _ = output::write_now(LEAVE.as_bytes());
    let _ = terminal::disable_raw_mode();
}

/// Lets a panic of the thread that holds the terminal give it back before the
/// message is printed. Panics elsewhere (a scenario's, above all) are not ours.
fn restore_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let holder = *HELD.lock().unwrap_or_else(PoisonError::into_inner);
            if holder == Some(thread::current().id()) {
                restore();
            }
            before(info);
        }));
    });
}
