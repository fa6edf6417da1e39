//! The program's use of the machine, as the system reports it.

use std::fs;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::{PATIENCE, Tty, framed};

/// The system counts in hundredths of a second, and may charge one to a process that was active for less.
const NOTHING: Duration = Duration::from_millis(10);

impl Tty {
    /// Waits until nothing has been written and no processor time used for that long.
    pub(crate) fn rests_for(&self, time: Duration) {
        let until = Instant::now() + PATIENCE;
        let mut state = self.seen.lock();
        loop {
            let (written, used, since) = (state.bytes.len(), self.used(), Instant::now());
            while since.elapsed() < time && state.bytes.len() == written {
                let left = time.saturating_sub(since.elapsed());
                state = self.seen.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            }
            let used = self.used().saturating_sub(used);
            if state.bytes.len() == written && used <= NOTHING {
                return;
            }
            let screen = || framed(&state.parser.screen().contents());
            assert!(Instant::now() < until, "it never rests: {} bytes, {used:?}\n{}", state.bytes.len() - written, screen());
        }
    }

    /// The processor time that the program has used.
    fn used(&self) -> Duration {
        // After the name, which is in parentheses, user and system time are the fields 14 and 15, in hundredths.
        let stat = self.proc("stat");
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: u64 = fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("a count")).sum();
        Duration::from_millis(ticks * 10)
    }

    /// The memory of the program, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// The peak memory of the program since the last call of this function, in KiB.
    pub(crate) fn peak_memory(&self) -> u64 {
        let peak = self.status("VmHWM:");
        let pid = self.child.process_id().expect("the program is there");
        fs::write(format!("/proc/{pid}/clear_refs"), "5").expect("the system forgets the peak");
        peak
    }

    /// The number of threads of the program.
    pub(crate) fn threads(&self) -> u64 {
        self.status("Threads:")
    }

    /// The number of file descriptors of the program.
    pub(crate) fn descriptors(&self) -> usize {
        let pid = self.child.process_id().expect("the program is there");
        fs::read_dir(format!("/proc/{pid}/fd")).expect("/proc is readable").count()
    }

    /// A number of `/proc/PID/status`.
    fn status(&self, name: &str) -> u64 {
        let status = self.proc("status");
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("the status has this line");
        line.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
    }

    fn proc(&self, file: &str) -> String {
        let pid = self.child.process_id().expect("the program is there");
        fs::read_to_string(format!("/proc/{pid}/{file}")).expect("/proc is readable")
    }
}
