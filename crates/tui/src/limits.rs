//! Checks, before a run starts, that the system gives it the descriptors and threads it needs.
//!
//! Tokio panics if it cannot get a descriptor that it keeps for the life of the process, or a thread for a worker; if some
//! workers have started by then, it hangs. So the program first takes as many as Tokio will need, all at once, and gives them
//! back.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;

use rustix::io::{Errno, fcntl_dupfd_cloexec};

/// The descriptors that a run needs in addition to the open ones: for its runtime, tokio-console's server with one client, the
/// recording, and the program's own file to look up the lines of waits. A scenario with sockets needs more, and reports a
/// shortage itself.
const DESCRIPTORS: usize = 16;

/// The threads of a run besides its workers: its own, one each to look up lines and take samples, and one for blocking work.
const THREADS: usize = 4;

/// The stack size of a thread that does nothing.
const STACK: usize = 64 << 10;

/// Checks that a run with so many workers can start. Without workers, a run survives any refused thread, so this takes none.
///
/// # Errors
///
/// Names what is short, and the limit to raise.
pub fn check(workers: usize) -> io::Result<()> {
    let lacks = |many: usize, what: &str, option: &str| {
        let reason = format!("{many} more {what} are needed, but the system allows fewer; raise that with 'ulimit {option}'");
        io::Error::other(reason)
    };
    descriptors().map_err(|error| match error {
        Errno::MFILE => lacks(DESCRIPTORS, "open files", "-n"),
        error => error.into(),
    })?;
    let all = if workers > 0 { workers + THREADS } else { 0 };
    threads(all).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => lacks(all, "threads", "-u"),
        _ => error,
    })
}

fn descriptors() -> Result<(), Errno> {
    let any = io::stdin();
    let taken: Result<Vec<_>, _> = (0..DESCRIPTORS).map(|_| fcntl_dupfd_cloexec(&any, 0)).collect();
    taken.map(drop)
}

fn threads(many: usize) -> io::Result<()> {
    let gate = Mutex::new(());
    let pass = || drop(gate.lock());
    thread::scope(|scope| {
        // No thread ends before all have started.
        let _closed = gate.lock().unwrap_or_else(PoisonError::into_inner);
        (0..many).try_for_each(|_| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, pass).map(drop))
    })
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn what_was_taken_to_ask_is_given_back() {
        let open = || std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
        check(8).expect("there is enough");
        let before = open();
        for _ in 0..200 {
            check(8).expect("there is enough");
        }
        // Other tests of this process open files too, but not thousands of them.
        assert!(open() < before + 200);
    }
}
