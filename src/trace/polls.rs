//! The polls of a run, in the order in which they began.
//!
//! Many polls can begin at one moment: on the virtual clock none takes any
//! time. Whoever goes through a run poll by poll needs to know which of them
//! came first, and a task's own segments do not say that of two tasks.

use super::Trace;
use super::task::TaskIx;

/// The beginning of a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollStart {
    /// When, in nanoseconds since the run began. Never before that of the poll before.
    pub at_ns: u64,
    /// The task that is polled.
    pub task: TaskIx,
}

/// All of them. Two rows and not one of pairs: that saves a quarter.
#[derive(Debug, Default)]
pub(super) struct PollStarts {
    at_ns: Vec<u64>,
    tasks: Vec<TaskIx>,
}

impl PollStarts {
    pub(super) fn push(&mut self, at_ns: u64, task: TaskIx) {
        self.at_ns.push(self.at_ns.last().map_or(at_ns, |last| at_ns.max(*last)));
        self.tasks.push(task);
    }
}

impl Trace {
    /// The poll with that number, counted from 0 in the order in which they began; none when there is none yet.
    pub fn poll(&self, number: u64) -> Option<PollStart> {
        let number = usize::try_from(number).ok()?;
        Some(PollStart { at_ns: *self.poll_starts.at_ns.get(number)?, task: *self.poll_starts.tasks.get(number)? })
    }

    /// How many polls had begun by a time, it included: the number of the next one.
    pub fn polls_by(&self, at_ns: u64) -> u64 {
        self.poll_starts.at_ns.partition_point(|start| *start <= at_ns) as u64
    }

    /// How many polls had begun before a time.
    pub fn polls_before(&self, at_ns: u64) -> u64 {
        self.poll_starts.at_ns.partition_point(|start| *start < at_ns) as u64
    }
}
