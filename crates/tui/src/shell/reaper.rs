//! Frees large values on another thread, so that they do not block the screen.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

/// After this long without anything to free, memory goes back to the system. Until then, while a key is held, the next run
/// can reuse it.
const REST: Duration = Duration::from_millis(100);

/// A thread that frees what takes a while: finished runs, traces of millions of events.
#[derive(Debug)]
pub(super) struct Reaper {
    /// Returns unused memory to the system.
    give_back: fn(),
    thread: Option<Sender<Box<dyn Send>>>,
}

impl Reaper {
    pub(super) fn new(give_back: fn()) -> Self {
        Self { give_back, thread: None }
    }

    /// Frees a value on the reaper's thread.
    pub(super) fn take(&mut self, thing: impl Send + 'static) {
        let give_back = self.give_back;
        let thread = self.thread.get_or_insert_with(|| {
            let (sender, things) = mpsc::channel();
            // If there is no thread, `send` fails and drops the value here.
            let _ = thread::Builder::new().name("reaper".to_owned()).spawn(move || free(&things, give_back));
            sender
        });
        drop(thread.send(Box::new(thing)));
    }
}

fn free(things: &Receiver<Box<dyn Send>>, give_back: fn()) {
    while let Ok(thing) = things.recv() {
        drop(thing);
        loop {
            match things.recv_timeout(REST) {
                Ok(thing) => drop(thing),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        give_back();
    }
}
