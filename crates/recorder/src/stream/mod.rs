//! Hands what was recorded to files and viewers.

use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use super::reader::Reader;
use super::recorder::Recorder;

/// Where the events of the process go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Into memory, for viewers that attach to a socket.
    Listen,
    /// Into a file.
    File(PathBuf),
}

/// How long to wait for events before looking again.
const EVERY: Duration = Duration::from_millis(5);

/// Takes the events of the process from now on, on a thread of its own.
///
/// # Errors
///
/// If the system refuses the thread.
pub(crate) fn start(recorder: Recorder, mut reader: Reader, _mode: Mode) -> io::Result<()> {
    let take = move || {
        while !recorder.is_closed() {
            reader.drain(false, |_, _| ());
            reader.wait(EVERY);
        }
    };
    thread::Builder::new().name("async-playground".to_owned()).spawn(take).map(drop)
}
