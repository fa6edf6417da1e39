//! What can be attached to, and how a feed is opened for it.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use recording::{OpenError, Reader, Subject, files, sockets};
use rustix::process::{Pid, test_kill_process};

use serde::Serialize;

use crate::attach::Feed;
use crate::sampled::{self, ConnectError};

/// How long one look at a socket or a growing file may take.
const LOOK: Duration = Duration::from_millis(50);

/// What to attach to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The process with this id, which must listen.
    Process(u32),
    /// A socket at which a program listens.
    Socket(PathBuf),
    /// A recording, which may still be being written.
    File(PathBuf),
    /// The URL at which a program serves tokio-console.
    Console(String),
}

/// A process that can be attached to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// The name of its executable, without the path; empty if it is not known.
    pub name: String,
    /// Its command line; empty if it is not known.
    pub command: String,
}

/// Why a target cannot be attached to.
#[derive(Debug)]
pub enum AttachError {
    /// No such process listens.
    Silent(u32),
    /// The socket or file cannot be used.
    Open(PathBuf, OpenError),
    /// The server cannot be used.
    Console(ConnectError),
}

impl fmt::Display for AttachError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent(pid) => write!(f, "process {pid} does not listen; {HOW_TO_LISTEN}"),
            // It already names the path.
            Self::Open(_, OpenError::Io(error)) if error.kind() == io::ErrorKind::PermissionDenied => error.fmt(f),
            Self::Console(error) => error.fmt(f),
            Self::Open(path, error) => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for AttachError {}

/// How a program is made to listen, in one clause.
pub const HOW_TO_LISTEN: &str = "a program listens after async_playground_recorder::init() as the first line of its main";

impl Target {
    /// What a user means by a word: a URL, a process id, or the path of a socket or a file.
    pub fn parse(word: &str) -> Self {
        if word.contains("://") {
            return Self::Console(word.to_owned());
        }
        if let Ok(pid) = word.parse() {
            return Self::Process(pid);
        }
        let path = PathBuf::from(word);
        let is_socket = fs::metadata(&path).is_ok_and(|found| found.file_type().is_socket());
        if is_socket { Self::Socket(path) } else { Self::File(path) }
    }
}

/// Attaches to a target. It may block for some seconds.
///
/// # Errors
///
/// If nothing listens there, it belongs to another user, or it sends something other than a program's recording.
pub fn open(target: &Target) -> Result<Feed, AttachError> {
    let (path, feed) = match target {
        Target::Process(pid) => {
            let found = sockets::list().into_iter().find(|found| found.pid == *pid).ok_or(AttachError::Silent(*pid))?;
            let feed = socket(&found.path);
            (found.path, feed)
        }
        Target::Socket(path) => (path.clone(), socket(path)),
        Target::File(path) => (path.clone(), file(path)),
        Target::Console(url) => return sampled::connect(url).map_err(AttachError::Console),
    };
    feed.map_err(|error| AttachError::Open(path, error))
}

fn socket(path: &Path) -> Result<Feed, OpenError> {
    let stream: UnixStream = sockets::connect(path).map_err(OpenError::Io)?;
    stream.set_read_timeout(Some(LOOK)).map_err(OpenError::Io)?;
    Feed::read(stream)
}

fn file(path: &Path) -> Result<Feed, OpenError> {
    let file = files::open(path).map_err(OpenError::Io)?;
    let (header, _) = Reader::live(&file)?;
    let writer = match header.subject {
        Subject::Program(program) => program.pid,
        Subject::Scenario(_) => 0,
    };
    Feed::read(Growing { file: files::open(path).map_err(OpenError::Io)?, writer, ended: false })
}

/// A file that another process may still be writing.
#[derive(Debug)]
struct Growing {
    file: File,
    writer: u32,
    /// Whether the writer had ended before the last look.
    ended: bool,
}

impl Read for Growing {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.file.read(into)? {
            0 if into.is_empty() || self.ended => Ok(0),
            0 => {
                // What it wrote last is read by one more look.
                self.ended = !is_alive(self.writer);
                if !self.ended {
                    thread::sleep(LOOK);
                }
                Err(io::ErrorKind::WouldBlock.into())
            }
            read => Ok(read),
        }
    }
}

fn is_alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH)))
}

/// The processes of this user that listen, by id.
pub fn processes() -> Vec<Process> {
    sockets::list().into_iter().map(|found| process(found.pid)).collect()
}

/// A process, with its name and command line if the system says them.
fn process(pid: u32) -> Process {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words: Vec<_> = bytes.split(|byte| *byte == 0).map(String::from_utf8_lossy).filter(|word| !word.is_empty()).collect();
    let executable = fs::read_link(format!("/proc/{pid}/exe")).ok();
    let name = executable.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let called = || words.first().and_then(|word| word.rsplit('/').next()).unwrap_or_default().to_owned();
    Process { pid, name: name.unwrap_or_else(called), command: words.join(" ") }
}
