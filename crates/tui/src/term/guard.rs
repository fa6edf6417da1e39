//! The only place that changes the terminal's modes and restores them.
//!
//! ratatui's `restore` leaves mouse and paste modes on, and does not handle signals.
//! Here one constant enters the modes and one leaves them. The terminal is restored
//! when the [`Guard`] is dropped, when the thread that holds it panics, before the
//! process is stopped, and before a signal ends it. SIGINT, SIGTERM and SIGHUP arrive
//! as inputs, which end the event loop and so drop the guard.
//!
//! Two threads and a signal handler may restore the terminal, and only one thread draws. Drawing and taking the terminal hold
//! the lock of [`HELD`], so no frame is written to a terminal that was restored.

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

/// Alternate screen, cleared; bracketed paste; no cursor.
const ENTER: &str = "\x1b[?1049h\x1b[2J\x1b[?2004h\x1b[?25l";
/// Presses, wheel, drags and movements, in SGR form. A terminal without movements (1003) still reports drags (1002). A movement
/// that changes nothing costs a hit test, but no frame.
const ENTER_MOUSE: &str = "\x1b[?1000h\x1b[?1002h\x1b[?1003h\x1b[?1006h";
/// Undoes all of that, and what an interrupted frame may have left: a synchronized update, a style.
const LEAVE: &str = "\x1b[?2026l\x1b[?1006l\x1b[?1003l\x1b[?1002l\x1b[?1000l\x1b[?2004l\x1b[0m\x1b[?1049l\x1b[?25h";

/// How often a signal handler tries to lock the terminal. A frame is written without blocking, so the lock is soon free.
const LOOKS: usize = 1000;

/// The thread that holds the terminal, if any.
static HELD: Mutex<Option<ThreadId>> = Mutex::new(None);

/// What a signal handler needs but cannot obtain itself: the terminal to write to, and the original modes of the one that is
/// read, which for crossterm is standard input.
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
    /// If standard output is not a terminal or cannot be written to. The terminal is then unchanged.
    pub(super) fn enter(mouse: bool, output: &mut Output) -> io::Result<Self> {
        restore_on_panic();
        restore_on_signals()?;
        let guard = Self { mouse };
        guard.resume(output)?;
        Ok(guard)
    }

    /// Takes the terminal back, after it was restored or another program changed its modes. If another job has it, the process
    /// stops until it is in the foreground, or goes on without a terminal if it was asked to end.
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
        // crossterm assumes that raw mode is still on, but a shell that had the terminal meanwhile has turned it off.
        terminal::disable_raw_mode()?;
        if BEFORE.get().is_none() {
            // Cannot fail: only this thread sets it.
            let _ = BEFORE.set((output::open()?, tcgetattr(stdin())?));
        }
        terminal::enable_raw_mode()?;
        let mut modes = ENTER.to_owned();
        if self.mouse {
            modes.push_str(ENTER_MOUSE);
        }
        output.write(modes.as_bytes())
    }

    /// Writes to the terminal if it is held. If it has been restored meanwhile, discards the bytes.
    ///
    /// # Errors
    ///
    /// If the terminal cannot be written to.
    #[expect(clippy::unused_self, reason = "only the holder of the terminal may write to it")]
    pub(super) fn write(&self, output: &mut Output, bytes: &[u8]) -> io::Result<()> {
        let held = held();
        if held.is_none() {
            output.forget();
            return Ok(());
        }
        output.write(bytes)
    }

    /// Writes as much buffered output as the terminal accepts. Returns whether that was all.
    ///
    /// # Errors
    ///
    /// If the terminal cannot be written to.
    pub(super) fn flush(&self, output: &mut Output) -> io::Result<bool> {
        self.write(output, &[])?;
        Ok(output.is_empty())
    }

    /// Restores the terminal, unless it is restored already.
    #[expect(clippy::unused_self, reason = "only the holder of the terminal may restore it")]
    pub(super) fn leave(&self) {
        give_back();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back();
    }
}

/// Stops the process until its job is in the foreground. Returns false if it was asked to end instead.
///
/// Changing the modes from the background would stop the process too, and again each time it is continued, so no signal could
/// end it in an orderly way.
///
/// # Errors
///
/// If the system refuses to stop the process.
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

/// Whether this job is in the foreground. Without job control it always is.
fn is_foreground() -> bool {
    tcgetpgrp(stdin()).map_or(true, |group| group == getpgrp())
}

fn held() -> MutexGuard<'static, Option<ThreadId>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Restores the terminal, whichever thread holds it, unless it is restored already. Call this before stopping the process.
pub(super) fn give_back() {
    let mut held = held();
    if held.take().is_some() && is_foreground() {
        // If the terminal is gone, it cannot be restored, and nobody could read an error.
        let _ = output::write_now(LEAVE.as_bytes());
        let _ = terminal::disable_raw_mode();
    }
}

/// [`give_back`] for a signal handler: it neither blocks nor allocates.
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
    // If the lock stays taken, its holder is the interrupted thread, which will write nothing more.
    let free = matches!(&held, Ok(held) if held.is_none());
    if !free && is_foreground() {
        let _ = rustix::io::write(terminal, LEAVE.as_bytes());
        let _ = tcsetattr(stdin(), OptionalActions::Now, modes);
    }
    // The process ends now: keep the lock, so that no other thread writes another frame.
    mem::forget(held);
}

/// Makes signals that end the process at once restore the terminal first.
#[expect(unsafe_code, reason = "the function that runs in a signal handler must be safe there")]
fn restore_on_signals() -> io::Result<()> {
    static ONCE: OnceLock<()> = OnceLock::new();
    if ONCE.set(()).is_ok() {
        // SAFETY: `give_back_now` only tries a lock and makes system calls.
        unsafe { signals::before_the_end(give_back_now) }?;
    }
    Ok(())
}

/// Makes a panic of the thread that holds the terminal restore it before the
/// message is printed. Panics of other threads, mostly a scenario's, do not.
fn restore_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // If another thread has the lock, it may be restoring the terminal already; do not wait for it.
            let holder = HELD.try_lock().ok().and_then(|held| *held);
            if holder == Some(thread::current().id()) {
                give_back();
            }
            before(info);
        }));
    });
}
