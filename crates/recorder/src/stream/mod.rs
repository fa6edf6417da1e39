//! What an observed program does with its facts: keeps the last ones for viewers, or writes them to a file.
//!
//! A thread of its own drains the rings, so no thread of the program ever waits for a viewer or a disk. The stream consists of
//! *segments*, each of which begins with a keyframe that restates the [living](Living). So whole segments can be dropped, from
//! the memory of the program and on the way to a slow viewer, and a viewer gets the whole picture at the next one.

mod exit;
mod file;
mod history;
mod living;
mod output;
mod pump;
mod ring;
#[cfg(test)]
mod tests;
mod viewers;

use std::io;
use std::path::PathBuf;

use recording::{Header, Program, Subject, sockets};

use crate::recorder::Recorder;
use crate::{Reader, base};
use file::RecordingFile;
pub use living::Living;
use output::Output;
use pump::Source;
use viewers::Viewers;

/// Where the facts go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The last ones are kept in memory, for viewers that connect to a socket.
    Listen,
    /// All are written to a file. `%p` in its path becomes the number of the process.
    File(PathBuf),
}

/// What the recording says of the program. Reads its debug information, which takes a while.
fn header(recorder: &Recorder) -> Header {
    let exe = std::env::current_exe().unwrap_or_default();
    let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
    // The recording began earlier, and what the program printed since then belongs to it.
    let ago = std::time::Duration::from_nanos(recorder.now_ns());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let program = Program {
        name: exe.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        pid: std::process::id(),
        args: std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()).collect(),
        exe: text(&exe),
        base: base().map(text).unwrap_or_default(),
        began_ms: now.saturating_sub(ago).as_millis() as u64,
        detail: recorder.shared.detail.name().to_owned(),
        lacks: Vec::new(),
    };
    Header { version: env!("CARGO_PKG_VERSION").to_owned(), subject: Subject::Program(program) }
}

/// Starts the thread that drains the reader.
///
/// # Errors
///
/// If the socket or the file cannot be made, or the system refuses a thread. The recording is closed then.
pub(crate) fn start(recorder: Recorder, reader: Reader, mode: Mode) -> io::Result<()> {
    let output = match mode {
        Mode::Listen => {
            let folder = sockets::folder();
            sockets::create(&folder)?;
            Output::Listen(Viewers::listen(folder)?)
        }
        Mode::File(path) => Output::File(RecordingFile::create(file::path_of(&path, std::process::id()))?),
    };
    exit::start(Source { recorder, reader }, output)
}
