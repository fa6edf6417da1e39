//! The one place that changes the terminal's modes, and undoes all of it.
//!
//! ratatui's `restore` leaves mouse and paste modes on, and knows nothing of
//! signals. Here the modes are a constant to enter and a constant to leave, and
//! leaving is what happens when the [`Guard`] is dropped, when the thread that
//! holds it panics, before the process is stopped, and before a signal ends it.
//! SIGINT, SIGTERM and SIGHUP come in as inputs, end the event loop and so drop the guard.
//!
//! Two threads and a signal handler may give the terminal back, and only one draws. So who draws, or takes the terminal,
//! has the lock of [`HELD`] meanwhile: no frame is written to a terminal that was given back.

use std::fs::File;
use std::io;
use std::mem;
use std::panic;
use std::sync::{Mutex, MutexGuard, Once, OnceLock, PoisonError, TryLockError};
use std::thread::{self, ThreadId};

use crossterm::terminal;
use rustix::process::getpgrp;
use rustix::stdio::stdin;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};

use super::output::{self, Output};
use crate::signals;

/// Alternate screen, empty; pasted text in brackets; no cursor.
const ENTER: &str = "\x1b[?1049h\x1b[2J\x1b[?2004h\x1b[?25l";
/// Presses, wheel, drags and movements, in SGR form. A terminal that does not know movements (1003) reports drags (1002).
/// A movement over nothing new costs a look at what is there, and no frame.
const ENTER_MOUSE: &str = "\x1b[?1000h\x1b[?1002h\x1b[?1003h\x1b[?1006h";
/// All of that undone, and whatever a frame that was cut off may have left: a synchronized update, a style.
const LEAVE: &str = "\x1b[?2026l\x1b[?1006l\x1b[?1003l\x1b[?1002l\x1b[?1000l\x1b[?2004l\x1b[0m\x1b[?1049l\x1b[?25h";

/// How often a signal handler looks whether the terminal is free: a frame is written without waiting, so it soon is.
const LOOKS: usize = 1000;

/// The thread that holds the terminal, while one does.
static HELD: Mutex<Option<ThreadId>> = Mutex::new(None);

/// What a signal handler needs, which cannot ask for it then: the terminal to write to, and the modes from before of the one
/// that is read. crossterm takes that of standard input.
static BEFORE: OnceLock<(File, Termios)> = OnceLock::new();

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
        restore_on_signals()?;
        let guard = Self { mouse };
        guard.resume(output)?;
        Ok(guard)
    }

    /// Takes the terminal again, after it was given back or after somebody else changed its modes. Another job may have it:
    /// then the process stops until it is this one's turn, or goes on without a terminal if it was asked to end.
    ///
    /// # Errors
    ///
    /// As for [`Guard::enter`].
    pub(super) fn resume(&self, output: &mut Output) -> io::Result<()> {
        if !wait_for_turn()? {
            return Ok(());
        }
        let mut held = held();
        *held = Some(thread::current().id());
        // crossterm takes raw mode for on once it has set it; a shell that had the terminal meanwhile has set it off.
        terminal::disable_raw_mode()?;
        if BEFORE.get().is_none() {
            // Only this thread sets it.
            let _ = BEFORE.set((output::open()?, tcgetattr(stdin())?));
        }
        terminal::enable_raw_mode()?;
        let mut modes = ENTER.to_owned();
        if self.mouse {
            modes.push_str(ENTER_MOUSE);
        }
        output.write(modes.as_bytes())
    }

    /// Writes to the terminal if it is held. If it was given back meanwhile, it is nobody's business any more.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be written to.
    #[expect(clippy::unused_self, reason = "only who holds it can write to it")]
    pub(super) fn write(&self, output: &mut Output, bytes: &[u8]) -> io::Result<()> {
        let held = held();
        if held.is_none() {
            output.forget();
            return Ok(());
        }
        output.write(bytes)
    }

    /// Writes what was kept, as far as the terminal takes it. Returns whether that was all.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be written to.
    pub(super) fn flush(&self, output: &mut Output) -> io::Result<bool> {
        self.write(output, &[])?;
        Ok(output.is_empty())
    }

    /// Gives the terminal back as it was. Does nothing when it has been given back already.
    #[expect(clippy::unused_self, reason = "only who holds it can give it back")]
    pub(super) fn leave(&self) {
        give_back();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back();
    }
}

/// Stops the process until the terminal is this job's. Returns false if it was asked to end instead.
///
/// To change the modes of another job's terminal would stop the process too, and each time that it is continued: no signal
/// could end it in order.
///
/// # Errors
///
/// When the system refuses to stop the process.
pub(super) fn wait_for_turn() -> io::Result<bool> {
    while !is_foreground() {
        if signals::is_ending() {
            return Ok(false);
        }
        if !signals::stop()? {
            break;
        }
    }
    Ok(true)
}

/// Whether the terminal is this job's, and not another one's of the same shell. Where there are no jobs it is.
fn is_foreground() -> bool {
    tcgetpgrp(stdin()).map_or(true, |group| group == getpgrp())
}

fn held() -> MutexGuard<'static, Option<ThreadId>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives the terminal back as it was, no matter who holds it: to be called before the process is stopped. Does nothing when it
/// has been given back already.
pub(super) fn give_back() {
    let mut held = held();
    if held.take().is_some() && is_foreground() {
        // A terminal that is gone cannot be put right, and nobody is there to read about it.
        let _ = output::write_now(LEAVE.as_bytes());
        let _ = terminal::disable_raw_mode();
    }
}

/// The same in a signal handler: nothing is waited for, and no memory is asked for.
fn give_back_now() {
    let Some((terminal, modes)) = BEFORE.get() else { return };
    let mut held = HELD.try_lock();
    for _ in 0..LOOKS {
        if !matches!(held, Err(TryLockError::WouldBlock)) {
            break;
        }
        thread::yield_now();
        held = HELD.try_lock();
    }
    // If the lock is not to be had, the thread that has it is the one that the signal interrupts: it writes nothing more.
    let free = matches!(&held, Ok(held) if held.is_none());
    if !free && is_foreground() {
        let _ = rustix::io::write(terminal, LEAVE.as_bytes());
        let _ = tcsetattr(stdin(), OptionalActions::Now, modes);
    }
    // The process ends now: another thread is not to write one more frame.
    mem::forget(held);
}

/// Lets a signal that ends the process at once give the terminal back first.
#[expect(unsafe_code, reason = "what runs in a signal handler is promised to be fit for that")]
fn restore_on_signals() -> io::Result<()> {
    static ONCE: OnceLock<()> = OnceLock::new();
    if ONCE.set(()).is_ok() {
        // SAFETY: it tries a lock and makes system calls.
        unsafe { signals::before_the_end(give_back_now) }?;
    }
    Ok(())
}

/// Lets a panic of the thread that holds the terminal give it back before the
/// message is printed. Panics elsewhere (a scenario's, above all) are not ours.
fn restore_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // Another thread that has the lock gives the terminal back already.
            let holder = HELD.try_lock().ok().and_then(|held| *held);
            if holder == Some(thread::current().id()) {
                give_back();
            }
            before(info);
        }));
    });
}
