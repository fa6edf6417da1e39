//! Programs that are attached to or replayed, from outside: on the command line and on a real terminal.

mod command;
mod exports;
mod observed;
mod screen;

use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::{self, JoinHandle};

use super::support;

/// The small program as it waits for a viewer: its socket, what tells it to end, and its thread.
fn listening(folder: &Path) -> (PathBuf, Arc<AtomicBool>, JoinHandle<()>) {
    let path = folder.join("orders.sock");
    let listener = UnixListener::bind(&path).expect("it is new");
    let over = Arc::new(AtomicBool::new(false));
    let program = thread::spawn({
        let over = over.clone();
        move || observed::record(listener.accept().expect("a viewer").0, observed::about(), over)
    });
    (path, over, program)
}
