//! The program that is watched: its process group and its output.
//!
//! A group of its own holds what the command starts in turn, so that all of it ends with the screen. The output goes to the
//! terminal until the screen takes that over, and then to the log.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{self, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use engine::attach::Side;
use facts::event::{Cues, Event, Level, Log, What};
use recording::{Fact, sockets};
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

use super::super::out;

/// How long the program may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(2);
/// The time between two looks.
const LOOK: Duration = Duration::from_millis(20);
/// The longest line of output in bytes; a longer one is cut into several.
const LONGEST: u64 = 1 << 16;
/// How many lines are kept until somebody attaches.
const KEPT: usize = 1_000;
/// The thread of a line: none of the program's.
const OUTSIDE: u16 = u16::MAX;
/// How the recorder begins its only line.
const REFUSAL: &str = "async-playground: not recording: ";

/// A program that was started here. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Child {
    process: process::Child,
    group: Pid,
    output: Arc<Mutex<Output>>,
    readers: Vec<JoinHandle<()>>,
}

impl Child {
    /// Starts a command.
    ///
    /// # Errors
    ///
    /// If the system refuses it.
    pub(super) fn start(command: &mut Command) -> io::Result<Self> {
        // In a group that is not the terminal's, a program that reads the terminal would be stopped.
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn()?;
        let group = i32::try_from(process.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidData)?;
        let output = Arc::new(Mutex::new(Output::default()));
        let (stdout, stderr) = (process.stdout.take(), process.stderr.take());
        let mut child = Self { process, group, output, readers: Vec::new() };
        if let Some(stdout) = stdout {
            child.read(stdout, Level::Info)?;
        }
        if let Some(stderr) = stderr {
            child.read(stderr, Level::Warn)?;
        }
        Ok(child)
    }

    fn read(&mut self, from: impl Read + Send + 'static, level: Level) -> io::Result<()> {
        let output = self.output.clone();
        let read = move || {
            let mut from = BufReader::new(from);
            let mut bytes = Vec::new();
            while matches!((&mut from).take(LONGEST).read_until(b'\n', &mut bytes), Ok(read) if read > 0) {
                lock(&output).take(&bytes, level);
                bytes.clear();
            }
        };
        self.readers.push(thread::Builder::new().name("output".to_owned()).spawn(read)?);
        Ok(())
    }

    /// The socket at which a process of the group listens.
    pub(super) fn socket(&self) -> Option<PathBuf> {
        sockets::list().into_iter().find(|found| self.has(found.pid)).map(|found| found.path)
    }

    fn has(&self, pid: u32) -> bool {
        group_of(pid) == Some(self.group.as_raw_nonzero().get())
    }

    /// The executables that the processes of the group run now, as far as the system says.
    pub(super) fn executables(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(|pid| self.has(*pid));
        pids.filter_map(|pid| fs::read_link(format!("/proc/{pid}/exe")).ok()).collect()
    }

    /// How the command ended, if it did. Then all of its output has been read.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.process.try_wait().ok().flatten()?;
        // A process that it left behind may keep the output open.
        let until = Instant::now() + GRACE;
        while self.readers.iter().any(|reader| !reader.is_finished()) && Instant::now() < until {
            thread::sleep(LOOK);
        }
        Some(status)
    }

    /// The last lines of standard output, then those of standard error. Both at most so many, newest last.
    pub(super) fn last_lines(&self, most: usize) -> Vec<String> {
        let output = lock(&self.output);
        let of = |level: Level| {
            let last = output.kept.iter().rev().filter(|line| line.level == level).take(most);
            let mut lines: Vec<String> = last.map(|line| line.text.clone()).collect();
            lines.reverse();
            lines
        };
        [of(Level::Info), of(Level::Warn)].concat()
    }

    /// Why the recorder in the program does not record, if it said so.
    pub(super) fn refusal(&self) -> Option<String> {
        lock(&self.output).refusal.clone()
    }

    /// From now on the output goes into a feed of a program that began at this time, in milliseconds since 1970.
    pub(super) fn log_into(&self, side: Side, since_1970_ms: u64) {
        let mut output = lock(&self.output);
        let began_ns = since_1970_ms.saturating_mul(1_000_000);
        let since: Vec<Line> = output.kept.drain(..).filter(|line| line.at_ns >= began_ns).collect();
        let mut log = Logged { side, began_ns, left_out: 0 };
        log.write(since);
        output.log = Some(log);
    }

    /// Ends all processes of the group: asks them to, and kills what is left after a moment.
    pub(super) fn end(&mut self) {
        if kill_process_group(self.group, Signal::TERM).is_err() {
            return;
        }
        let until = Instant::now() + GRACE;
        while self.is_alive() && Instant::now() < until {
            thread::sleep(LOOK);
        }
        if self.is_alive() {
            _ = kill_process_group(self.group, Signal::KILL);
            _ = self.process.wait();
        }
    }

    fn is_alive(&mut self) -> bool {
        let leader = matches!(self.process.try_wait(), Ok(None));
        leader || test_kill_process_group(self.group).is_ok()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end();
    }
}

/// The group of a process. `getpgid` of rustix panics for a process whose group is outside of this container.
#[cfg(target_os = "linux")]
fn group_of(pid: u32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before may contain anything.
    stat.rsplit_once(')')?.1.split(' ').nth(3)?.parse().ok()
}

#[cfg(not(target_os = "linux"))]
fn group_of(pid: u32) -> Option<i32> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw)?;
    rustix::process::getpgid(Some(pid)).ok().map(|group| group.as_raw_nonzero().get())
}

fn lock(output: &Mutex<Output>) -> std::sync::MutexGuard<'_, Output> {
    output.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug)]
struct Line {
    at_ns: u64,
    level: Level,
    text: String,
}

#[derive(Debug, Default)]
struct Output {
    kept: VecDeque<Line>,
    refusal: Option<String>,
    log: Option<Logged>,
}

impl Output {
    fn take(&mut self, bytes: &[u8], level: Level) {
        let text = String::from_utf8_lossy(bytes).trim_end_matches(['\n', '\r']).to_owned();
        let at_ns = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as u64;
        if let Some(reason) = text.strip_prefix(REFUSAL).filter(|_| level == Level::Warn) {
            self.refusal = Some(reason.to_owned());
        }
        let line = Line { at_ns, level, text };
        if let Some(log) = &mut self.log {
            return log.write(vec![line]);
        }
        // The recorder's own line is said better at the end.
        if self.refusal.is_none() {
            out::pass(bytes, level == Level::Warn);
        }
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(line);
    }
}

/// The log of the screen.
#[derive(Debug)]
struct Logged {
    side: Side,
    began_ns: u64,
    /// How many lines the screen was too slow for.
    left_out: u64,
}

impl Logged {
    fn write(&mut self, lines: Vec<Line>) {
        let Some(newest_ns) = lines.last().map(|line| line.at_ns) else { return };
        let new = lines.len() as u64;
        let mut batch = Vec::new();
        if self.left_out > 0 {
            let text = format!("{} lines of output are left out here", self.left_out);
            batch.push(self.fact(Line { at_ns: newest_ns, level: Level::Warn, text }));
        }
        batch.extend(lines.into_iter().map(|line| self.fact(line)));
        if self.side.offer(batch) {
            self.left_out = 0;
        } else {
            self.left_out += new;
        }
    }

    fn fact(&self, Line { at_ns, level, text: message }: Line) -> Fact {
        let log = Log { task: None, level, message, counters: Vec::new(), failed: false, cues: Cues::default() };
        Fact::Event(OUTSIDE, Event { at_ns: at_ns.saturating_sub(self.began_ns), what: What::Log(Box::new(log)) })
    }
}
