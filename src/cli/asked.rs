//! Catches the signals that ask the program to end, while something still has to be cleaned up.

use std::ffi::c_int;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tui::signals;

use super::stop::Stop;

/// See the module.
#[derive(Debug)]
pub(super) struct Asked {
    /// The last signal received; 0 means none.
    signal: Arc<AtomicUsize>,
    /// Whether a signal now has its default effect: it ends the program at once.
    at_once: Arc<AtomicBool>,
}

impl Asked {
    /// Catches them from now on.
    pub(super) fn listen() -> io::Result<Self> {
        let asked = Self { signal: Arc::default(), at_once: Arc::default() };
        signals::listen(&asked.signal, &asked.at_once)?;
        Ok(asked)
    }

    /// The signal that arrived, if one did.
    pub(super) fn signal(&self) -> Option<c_int> {
        Some(self.signal.load(Ordering::SeqCst)).filter(|signal| *signal > 0).map(|signal| signal as c_int)
    }

    /// Nothing is left to clean up. From now on a signal ends the program at once: writing the report
    /// may block on a slow reader.
    pub(super) fn over(&self) -> Result<(), Stop> {
        self.at_once.store(true, Ordering::SeqCst);
        self.signal().map_or(Ok(()), |signal| Err(Stop::Signal(signal)))
    }
}
