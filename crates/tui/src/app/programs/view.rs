//! The state of the screen for programs.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::target::Process;
use recording::Program;
use trace::Names;

/// The programs that can be attached to, and the one on screen.
#[derive(Debug, Default)]
pub struct Programs {
    /// The processes that can be attached to, by pid.
    pub processes: Vec<Process>,
    /// The row under the cursor.
    pub row: usize,
    /// The first row of the threads.
    pub threads_top: usize,
    /// The program on screen.
    pub current: Option<Current>,
    /// The process that is being attached to.
    pub attaching: Option<u32>,
    /// The process that was started together with the screen, and ends with it.
    pub watched: Option<u32>,
}

/// The program on screen.
#[derive(Debug)]
pub struct Current {
    /// What it says of itself.
    pub program: Program,
    /// Whether the facts are samples.
    pub sampled: bool,
    /// The local time minus UTC, in seconds.
    pub east_s: i64,
    /// Its source files, by their path in the trace.
    pub sources: BTreeMap<Arc<str>, Source>,
    /// How many sites of the trace have been searched for source files.
    pub sites: u32,
}

/// A source file of the program on screen.
#[derive(Debug, Clone)]
pub enum Source {
    /// It is being read.
    Reading,
    /// It cannot be shown: the reason.
    Missing(String),
    /// It was read.
    Text {
        /// Its text.
        text: &'static str,
        /// The names in it.
        names: Arc<Names>,
        /// Whether it was changed after the program was built.
        newer: bool,
    },
}

impl Current {
    /// A program whose facts begin to arrive.
    pub fn new(program: Program, sampled: bool, east_s: i64) -> Self {
        Self { program, sampled, east_s, sources: BTreeMap::new(), sites: 0 }
    }

    /// The local time of day at a time of the trace in nanoseconds: `14:03:27`.
    pub fn time_of_day(&self, at_ns: u64) -> String {
        let now_s = i64::try_from(self.program.began_ms / 1000 + at_ns / 1_000_000_000).unwrap_or(0).saturating_add(self.east_s);
        let of_day = now_s.rem_euclid(86_400);
        format!("{:02}:{:02}:{:02}", of_day / 3600, of_day / 60 % 60, of_day % 60)
    }
}

impl Programs {
    /// The process under the cursor.
    pub fn picked(&self) -> Option<&Process> {
        self.processes.get(self.row)
    }

    /// Whether there is another process than that on screen.
    pub fn has_others(&self) -> bool {
        self.processes.iter().any(|process| !self.is_current(process.pid))
    }

    /// Whether a process is the one on screen.
    pub fn is_current(&self, pid: u32) -> bool {
        self.current.as_ref().is_some_and(|current| current.program.pid == pid)
    }
}
