//! Frees large values on another thread, so that they do not block the screen.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use crate::memory;

/// After this long without anything to free, memory goes back to the system. Until then, while a key is held, the next run
/// can reuse it.
const REST: Duration = Duration::from_millis(100);

/// A thread that frees what takes a while: finished runs, traces of millions of events.
#[derive(Debug, Default)]
pub(super) struct Reaper {
    thread: Option<Sender<Box<dyn Send>>>,
}

impl Reaper {
    /// Frees a value on the reaper's thread.
    pub(super) fn take(&mut self, thing: impl Send + 'static) {
        let thread = self.thread.get_or_insert_with(|| {
            let (sender, things) = mpsc::channel();
            // If there is no thread, `send` fails and drops the value here.
            let _ = thread::Builder::new().name("reaper".to_owned()).spawn(move || free(&things));
            sender
        });
        drop(thread.send(Box::new(thing)));
    }
}

fn free(things: &Receiver<Box<dyn Send>>) {
    while let Ok(thing) = things.recv() {
        drop(thing);
        loop {
            match things.recv_timeout(REST) {
                Ok(thing) => drop(thing),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        memory::give_back();
    }
}
