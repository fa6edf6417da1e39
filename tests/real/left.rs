//! What runs leave in this process, according to the system.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

/// What the process has open and only a run can have opened.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Left {
    /// The number of file descriptors.
    pub(crate) descriptors: usize,
    /// The ports in state LISTEN.
    pub(crate) ports: BTreeSet<u16>,
    /// Databases that are open, or not removed.
    pub(crate) databases: BTreeSet<PathBuf>,
    /// Threads of a database.
    pub(crate) threads: usize,
}

impl Left {
    /// The current usage.
    pub(crate) fn of_this_process() -> Self {
        // The listing itself is a descriptor while it is read.
        let links = entries("/proc/self/fd").filter_map(|fd| fs::read_link(fd).ok()).collect::<Vec<_>>();
        let named = |name: &str| links.iter().any(|link| link.to_string_lossy() == name);
        let listening = |table: &str| {
            let table = fs::read_to_string(table).unwrap_or_default();
            let ports = table.lines().filter_map(listener).filter(|(_, inode)| named(&format!("socket:[{inode}]")));
            ports.map(|(port, _)| port).collect::<Vec<_>>()
        };
        let ports = ["/proc/self/net/tcp", "/proc/self/net/tcp6"].into_iter().flat_map(listening).collect();
        let databases = links.iter().filter(|link| link.to_string_lossy().contains("async-playground-")).cloned().collect();
        let threads = entries("/proc/self/task").filter_map(|task| fs::read_to_string(task.join("comm")).ok());
        let threads = threads.filter(|name| name.starts_with("sqlx-sqlite")).count();
        Self { descriptors: links.len(), ports, databases, threads }
    }

    /// True if nothing belongs to a run.
    pub(crate) fn is_of_no_run(&self) -> bool {
        self.ports.is_empty() && self.databases.is_empty() && self.threads == 0
    }
}

fn entries(folder: &str) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

/// The port and the inode of a line of `/proc/net/tcp`, if its socket listens.
fn listener(line: &str) -> Option<(u16, u64)> {
    const LISTEN: &str = "0A";
    let mut fields = line.split_whitespace().skip(1);
    let (local, state, inode) = (fields.next()?, fields.nth(1)?, fields.nth(5)?);
    let port = u16::from_str_radix(local.rsplit(':').next()?, 16).ok()?;
    (state == LISTEN).then_some((port, inode.parse().ok()?))
}

/// Waits until that is so.
pub(crate) fn eventually(within: Duration, what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < within, "{what}: not within {within:?}: {:?}", Left::of_this_process());
        thread::sleep(Duration::from_millis(5));
    }
}
