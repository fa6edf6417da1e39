//! Frees elsewhere what would hold up the screen.

use std::sync::mpsc::{self, Sender};
use std::thread;

/// A thread that frees what takes a while: runs that have to stop, traces of millions of events.
#[derive(Debug, Default)]
pub(super) struct Reaper {
    thread: Option<Sender<Box<dyn Send>>>,
}

impl Reaper {
    /// Frees it, soon and elsewhere.
    pub(super) fn take(&mut self, thing: impl Send + 'static) {
        let thread = self.thread.get_or_insert_with(|| {
            let (sender, things) = mpsc::channel::<Box<dyn Send>>();
            // Without a thread the things are freed here: `send` fails and drops them.
            let _ = thread::Builder::new().name("reaper".to_owned()).spawn(move || things.iter().for_each(drop));
            sender
        });
        drop(thread.send(Box::new(thing)));
    }
}
