//! Whether the system gives what a run needs: asked before it starts.
//!
//! Tokio panics where it gets no descriptor for what it keeps for the life of the process, and no thread for a worker; with
//! some of its workers started it then waits for ever. So as much as it will ask for is taken first, all at once, and
//! given back.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;

use rustix::io::{Errno, fcntl_dupfd_cloexec};

/// The descriptors that a run needs beside those that are open: for its runtime, tokio-console's server with one client, the
/// file of the recording, and the program itself to look up the lines of waits. A scenario with sockets needs more, and
/// reports it itself.
const DESCRIPTORS: usize = 16;

/// The threads of a run beside its workers: its own, those that look up lines and take samples, and one for blocking work.
const THREADS: usize = 4;

/// The stack of a thread that does nothing.
const STACK: usize = 64 << 10;

/// Checks that a run with so many workers can start. Without workers every thread can be refused without a panic, and none is
/// asked for here.
///
/// # Errors
///
/// What there is too little of, and which limit sets it.
pub fn check(workers: usize) -> io::Result<()> {
    let lacks = |many: usize, what: &str, option: &str| {
        io::Error::other(format!("{many} more {what} are needed, and the system allows fewer; 'ulimit {option}' sets the limit"))
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
        // None of them ends before all have begun.
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
