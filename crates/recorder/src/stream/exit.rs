//! The stream's thread, and the end of the program.
//!
//! A program ends by returning from `main` or by `exit`, and its threads end with it wherever they are. So a function that the
//! C library calls at exit asks the thread to finish, and waits for that, but not for long. A child process made by `fork` has
//! no such thread, and leaves its parent's socket and file alone.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use super::output::Output;
use super::pump::{Pump, Source};
use crate::recorder::Recorder;

/// How long the end of the program may be put off. Looking up the last stacks of an unoptimised program takes long.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the program's end has to know of the stream.
#[derive(Debug)]
struct Running {
    pid: u32,
    recorder: Recorder,
    over: Arc<Over>,
}

/// Asks the thread to end, and learns that it has.
#[derive(Debug, Default)]
pub(super) struct Over {
    wanted: AtomicBool,
    done: Mutex<bool>,
    changed: Condvar,
}

static RUNNING: OnceLock<Running> = OnceLock::new();

impl Over {
    /// Whether the thread is to end.
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Acquire)
    }

    fn is_done(&self) {
        *self.done.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    /// Asks the thread to end and waits until it has.
    pub(super) fn end(&self, recorder: &Recorder) {
        self.wanted.store(true, Ordering::Release);
        recorder.notify();
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        _ = self.changed.wait_timeout_while(done, PATIENCE, |done| !*done);
    }
}

/// Drains the reader on a thread of its own until the program ends.
pub(super) fn start(source: Source, output: Output) -> io::Result<()> {
    let over = Arc::new(Over::default());
    let running = Running { pid: std::process::id(), recorder: source.recorder.clone(), over: over.clone() };
    spawn(source, output, over)?;
    if RUNNING.set(running).is_ok() {
        at_exit();
    }
    Ok(())
}

/// Starts the thread. No signal of the program's is handled on it: the program may have a thread that waits for them, and a
/// write beyond a limit must not end the program.
pub(super) fn spawn(source: Source, output: Output, over: Arc<Over>) -> io::Result<()> {
    let before = signals::block();
    let thread = thread::Builder::new().name("async-playground".to_owned()).spawn(move || {
        Pump::start(source, output).run(&over);
        over.is_done();
    });
    signals::restore(&before);
    thread.map(|_| ())
}

extern "C" fn exit() {
    if let Some(running) = RUNNING.get().filter(|running| running.pid == std::process::id()) {
        running.over.end(&running.recorder);
    }
}

#[expect(unsafe_code, reason = "only the C library calls a function at exit")]
fn at_exit() {
    // SAFETY: the function takes no arguments, does not unwind, and stays in memory as long as the program.
    // If it cannot be registered, the recording has no footer.
    unsafe { libc::atexit(exit) };
}

#[expect(unsafe_code, reason = "only the C library sets a thread's signals")]
mod signals {
    use std::mem::MaybeUninit;

    /// Blocks all signals on this thread and its children. Returns those that were blocked before.
    pub(super) fn block() -> libc::sigset_t {
        let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::<libc::sigset_t>::zeroed());
        // SAFETY: both are valid for writes, and the first is filled before it is read.
        unsafe {
            libc::sigfillset(all.as_mut_ptr());
            libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
            before.assume_init()
        }
    }

    /// Blocks these signals and no others.
    pub(super) fn restore(before: &libc::sigset_t) {
        // SAFETY: it was filled by `block`, and the old set is not asked for.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before, std::ptr::null_mut()) };
    }
}
