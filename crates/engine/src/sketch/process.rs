//! The process of a sketch: started, listened to, killed.
//!
//! It has a process group of its own, so that whatever it starts ends with it, and its output is kept and never reaches the
//! terminal.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{self, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use scenario::Scenario;

use super::described::described;
use super::wire::{self, Kind, VARIABLE, VERSION};

/// How long a sketch may take to describe itself.
const DESCRIBED_WITHIN: Duration = Duration::from_secs(10);
/// How long a write to the sketch may take: it reads all the time.
const WRITTEN_WITHIN: Duration = Duration::from_millis(200);
/// How many lines of output are kept.
const KEPT: usize = 200;
/// The longest line in bytes; a longer one is cut into several.
const LONGEST: u64 = 1 << 12;
/// How long the output of a process that has ended may stay open: a process that it started may hold it.
const REST: Duration = Duration::from_millis(200);

/// How a process ended, and what it said last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// In one clause: `exited with code 3`.
    pub how: String,
    /// The last lines of its output, newest last.
    pub output: Vec<String>,
}

/// A process in a group of its own. It is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Group {
    child: Mutex<process::Child>,
    id: Pid,
    output: Arc<Output>,
}

/// The last lines of both outputs, in the order in which they came.
#[derive(Debug, Default)]
struct Output {
    kept: Mutex<Kept>,
    closed: Condvar,
}

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<String>,
    /// How many outputs are still open.
    open: usize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Group {
    /// Starts a command. Standard error is kept; standard output too, unless it is to be read by `takes`.
    ///
    /// # Errors
    ///
    /// If the system refuses it.
    pub(super) fn start(command: &mut Command, takes_stdout: bool) -> io::Result<(Self, Option<process::ChildStdout>)> {
        command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidData)?;
        let output = Arc::new(Output::default());
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let this = Self { child: Mutex::new(child), id, output };
        let (taken, kept) = if takes_stdout { (stdout, None) } else { (None, stdout) };
        if let Some(stdout) = kept {
            keep(stdout, &this.output)?;
        }
        if let Some(stderr) = stderr {
            keep(stderr, &this.output)?;
        }
        Ok((this, taken))
    }

    /// Kills all processes of the group.
    pub(super) fn kill(&self) {
        let mut child = lock(&self.child);
        // Its id is only its own until it was waited for.
        if matches!(child.try_wait(), Ok(None)) {
            _ = kill_process_group(self.id, Signal::KILL);
            _ = child.wait();
        }
    }

    /// How it ended, if it did.
    pub(super) fn try_wait(&self) -> Option<ExitStatus> {
        lock(&self.child).try_wait().ok().flatten()
    }

    /// Waits for its end.
    pub(super) fn wait(&self) -> Option<ExitStatus> {
        lock(&self.child).wait().ok()
    }

    /// How it ended: waits for that up to `within`.
    pub(super) fn exit(&self, within: Duration) -> Exit {
        let status = self.status(within);
        let how = match status.map(|status| (status.code(), status.signal())) {
            Some((Some(code), _)) => format!("exited with code {code}"),
            Some((_, Some(signal))) => format!("was killed by {}", signal_name(signal)),
            _ => "closed its connection".to_owned(),
        };
        Exit { how, output: self.last_lines() }
    }

    fn status(&self, within: Duration) -> Option<ExitStatus> {
        let until = std::time::Instant::now() + within;
        loop {
            let status = self.try_wait();
            if status.is_some() || std::time::Instant::now() >= until {
                return status;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// The last lines of its output. If the process has ended, waits for a moment until all of it was read.
    pub(super) fn last_lines(&self) -> Vec<String> {
        let kept = lock(&self.output.kept);
        let waited = self.output.closed.wait_timeout_while(kept, REST, |kept| kept.open > 0);
        let (kept, _) = waited.unwrap_or_else(PoisonError::into_inner);
        kept.lines.iter().cloned().collect()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Reads an output on a thread.
fn keep(from: impl Read + Send + 'static, output: &Arc<Output>) -> io::Result<()> {
    lock(&output.kept).open += 1;
    let output = output.clone();
    let read = move || {
        let mut from = BufReader::new(from);
        let mut bytes = Vec::new();
        while matches!((&mut from).take(LONGEST).read_until(b'\n', &mut bytes), Ok(read) if read > 0) {
            let mut kept = lock(&output.kept);
            if kept.lines.len() == KEPT {
                kept.lines.pop_front();
            }
            kept.lines.push_back(String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned());
            bytes.clear();
        }
        lock(&output.kept).open -= 1;
        output.closed.notify_all();
    };
    thread::Builder::new().name("output".to_owned()).spawn(read).map(|_| ())
}

/// The name of a signal, as in `kill -l`.
fn signal_name(signal: i32) -> String {
    let known = [
        (Signal::ABORT, "SIGABRT"),
        (Signal::BUS, "SIGBUS"),
        (Signal::FPE, "SIGFPE"),
        (Signal::ILL, "SIGILL"),
        (Signal::INT, "SIGINT"),
        (Signal::KILL, "SIGKILL"),
        (Signal::SEGV, "SIGSEGV"),
        (Signal::TERM, "SIGTERM"),
        (Signal::HUP, "SIGHUP"),
    ];
    let name = known.into_iter().find(|(known, _)| known.as_raw() == signal).map(|(_, name)| name.to_owned());
    name.unwrap_or_else(|| format!("signal {signal}"))
}

/// A sketch that runs and waits for commands.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) group: Group,
    pub(super) socket: UnixStream,
}

impl Process {
    /// Starts a sketch, and returns it with its description.
    ///
    /// # Errors
    ///
    /// What it did instead.
    pub(super) fn start(executable: &Path, folder: &Path) -> Result<(Self, Scenario), Exit> {
        let failed = |error: io::Error| Exit { how: format!("cannot be started: {error}"), output: Vec::new() };
        let (socket, theirs) = UnixStream::pair().map_err(failed)?;
        socket.set_read_timeout(Some(DESCRIBED_WITHIN)).map_err(failed)?;
        socket.set_write_timeout(Some(WRITTEN_WITHIN)).map_err(failed)?;
        let mut command = Command::new(executable);
        command.current_dir(folder).env(VARIABLE, VERSION).stdin(Stdio::from(OwnedFd::from(theirs)));
        let (group, _) = Group::start(&mut command, false).map_err(failed)?;
        // Its end of the socket must be closed here, or its end could not be noticed.
        drop(command);
        let description = match wire::receive(&socket) {
            Ok((Kind::Description, bytes)) => described(&bytes),
            Ok(_) => None,
            Err(error) => return Err(not_described(&group, &error)),
        };
        let Some(scenario) = description else {
            let how = "describes itself in another way; build it and this program from the same checkout".to_owned();
            return Err(Exit { how, output: group.last_lines() });
        };
        socket.set_read_timeout(None).map_err(failed)?;
        Ok((Self { group, socket }, scenario))
    }

    /// Sends a command. If that fails, the process has ended or will be killed.
    pub(super) fn send(&self, command: &wire::Command) -> io::Result<()> {
        wire::send_json(&self.socket, Kind::Command, command)
    }
}

/// Why a process has not described itself.
fn not_described(group: &Group, error: &io::Error) -> Exit {
    let late = matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
    let exit = if late {
        group.kill();
        let how = format!("did not answer within {} s", DESCRIBED_WITHIN.as_secs());
        Exit { how, output: group.last_lines() }
    } else {
        group.exit(DESCRIBED_WITHIN)
    };
    let hint = "a sketch's main calls engine::sketch::main(&SCENARIO)";
    Exit { how: format!("{}; {hint}", exit.how), ..exit }
}
