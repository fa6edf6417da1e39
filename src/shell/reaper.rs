//! Frees elsewhere what would hold up the screen.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use crate::memory;

/// After so long without anything to free, memory goes back to the system. While a key is held down the next run can use it.
const REST: Duration = Duration::from_millis(100);

/// A thread that frees what takes a while: runs that have ended, traces of millions of events.
#[derive(Debug, Default)]
pub(super) struct Reaper {
    thread: Option<Sender<Box<dyn Send>>>,
}

impl Reaper {
    /// Frees it, soon and elsewhere.
    pub(super) fn take(&mut self, thing: impl Send + 'static) {
        let thread = self.thread.get_or_insert_with(|| {
            let (sender, things) = mpsc::channel();
            // Without a thread the things are freed here: `send` fails and drops them.
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
