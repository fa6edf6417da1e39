//! What this process uses of the system, as the system reports it.

use std::fmt;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use async_playground::memory;

/// The time allowed for what a run has left behind to go away.
const SOON: Duration = Duration::from_secs(10);

/// The interval between checks.
const LOOK: Duration = Duration::from_millis(20);

/// The number of checks in which nothing may change. On a busy machine a thread can take a few of them to end.
const LOOKS: usize = 5;

/// The time that tokio-console remembers ended tasks, with a margin.
pub(crate) const REMEMBERED: Duration = Duration::from_secs(13);

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) descriptors: usize,
    pub(crate) threads: usize,
    pub(crate) memory_kib: i64,
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} fd, {} threads, {:.1} MiB", self.descriptors, self.threads, self.memory_kib as f64 / 1024.0)
    }
}

impl Usage {
    /// The usage once nothing has changed for a while.
    pub(crate) fn at_rest() -> Self {
        let (mut last, mut looks) = (Self::now(), 0);
        let until = Instant::now() + SOON;
        while looks < LOOKS && Instant::now() < until {
            thread::sleep(LOOK);
            let now = Self::now();
            looks = if (now.descriptors, now.threads) == (last.descriptors, last.threads) { looks + 1 } else { 0 };
            last = now;
        }
        last
    }

    /// The usage once it is back to what it was, apart from the memory; or the last one measured.
    pub(crate) fn at_rest_like(before: &Self) -> Self {
        let until = Instant::now() + SOON;
        loop {
            let now = Self::at_rest();
            if (now.descriptors, now.threads) == (before.descriptors, before.threads) || Instant::now() > until {
                return now;
            }
        }
    }

    fn now() -> Self {
        memory::give_back();
        let count = |folder: &str| fs::read_dir(folder).expect("/proc is readable").count();
        let status = fs::read_to_string("/proc/self/status").expect("/proc is readable");
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the status has this line");
        let memory_kib = memory.split_whitespace().next().and_then(|kib| kib.parse().ok()).expect("a number");
        Self { descriptors: count("/proc/self/fd"), threads: count("/proc/self/task"), memory_kib }
    }
}
