//! Signals: which ones ask the program to end, and what must happen before others end it.
//!
//! There are three kinds. SIGHUP, SIGINT and SIGTERM *ask*: the program stops its run, removes what the run has created, and
//! exits with 128 plus the signal's number. SIGTSTP *stops* the process. All others that can be caught *end* it at once: they
//! exist for a program that no longer responds, so nothing may block here; only the terminal is restored first, in the signal
//! handler. SIGXFSZ is handled separately: it must not end the process, so that a file that reaches the limit of `ulimit -f`
//! makes a write fail, which is reported like any other error.
//!
//! One rule holds for all: a signal that the caller ignores stays ignored. `nohup` and background jobs of scripts rely on that.
//!
//! A signal that the process sends to itself does not ask it to end: it belongs to a scenario. `shutdown` sends itself SIGTERM
//! or SIGINT and handles it, as a service would.
#![expect(unsafe_code, reason = "only unsafe calls can read and change the system's table of signals")]

use std::ffi::c_int;
use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use signal_hook::consts::{
    SIGABRT, SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGPROF, SIGQUIT, SIGSYS, SIGTERM, SIGTRAP, SIGTSTP, SIGUSR1, SIGUSR2, SIGVTALRM,
    SIGXCPU, SIGXFSZ,
};
use signal_hook::{flag, low_level};

/// The signals that ask the program to end.
pub const ASK: [c_int; 3] = [SIGHUP, SIGINT, SIGTERM];

/// The signals that end the program at once. They exclude the signals for faulty memory accesses, whose handler would run on
/// a stack that may itself be the fault.
const END: [c_int; 10] = [SIGABRT, SIGALRM, SIGPROF, SIGQUIT, SIGSYS, SIGTRAP, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU];

/// Whether SIGHUP or SIGTERM has arrived from outside since [`note`].
static ENDING: AtomicBool = AtomicBool::new(false);

/// The signals of [`ASK`] that have arrived from outside since [`note`], one bit each, until [`take_asked`] takes them.
static ASKED: AtomicU64 = AtomicU64::new(0);

/// Whether SIGCONT has arrived since the last [`stop`].
static CONTINUED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Returns the signals that the caller does not ignore. Call this before registering handlers for them.
pub fn heeded(signals: &[c_int]) -> Vec<c_int> {
    signals.iter().copied().filter(|signal| !is_ignored(*signal)).collect()
}

fn is_ignored(signal: c_int) -> bool {
    action(signal, None).is_ok_and(|now| now.sa_sigaction == libc::SIG_IGN)
}

/// The name of a signal: `SIGTERM`.
pub fn name(signal: c_int) -> String {
    low_level::signal_name(signal).map_or_else(|| format!("signal {signal}"), str::to_owned)
}

/// The exit code for a signal, as in shells: 128 plus its number.
pub fn exit_code(signal: c_int) -> u8 {
    128_u8.saturating_add(u8::try_from(signal).unwrap_or(u8::MAX))
}

/// Makes a write beyond the limit of `ulimit -f` fail instead of ending the process.
///
/// # Errors
///
/// If the system refuses a signal handler.
pub fn outlive_file_limit() -> io::Result<()> {
    // An empty handler, because child processes such as an editor would inherit SIG_IGN.
    flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false))).map(drop)
}

/// Starts to record, for [`is_ending`] and [`take_asked`], which signals have asked the program to end.
///
/// # Errors
///
/// If the system refuses a signal handler.
pub fn note() -> io::Result<()> {
    for signal in heeded(&ASK) {
        let noted = move || {
            ASKED.fetch_or(1 << signal, Ordering::SeqCst);
            if signal != SIGINT {
                ENDING.store(true, Ordering::SeqCst);
            }
        };
        // SAFETY: it only sets two atomics.
        unsafe { from_outside(signal, noted) }?;
    }
    Ok(())
}

/// Whether this signal has asked the program to end since the last call. Call [`note`] before registering other handlers for
/// it: this is then known when they run.
pub fn take_asked(signal: c_int) -> bool {
    ASKED.fetch_and(!(1 << signal), Ordering::SeqCst) & (1 << signal) != 0
}

/// Stores the number of each signal that asks the program to end in `last`. While `at_once` is true, such a signal ends the
/// program at once, with the signal's default effect.
///
/// # Errors
///
/// If the system refuses a signal handler.
pub fn listen(last: &Arc<AtomicUsize>, at_once: &Arc<AtomicBool>) -> io::Result<()> {
    for signal in heeded(&ASK) {
        let (last, at_once) = (last.clone(), at_once.clone());
        let heard = move || {
            if at_once.load(Ordering::SeqCst) {
                let _ = low_level::emulate_default_handler(signal);
            }
            last.store(signal as usize, Ordering::SeqCst);
        };
        // SAFETY: it only uses two atomics and system calls that a signal handler may make.
        unsafe { from_outside(signal, heard) }?;
    }
    Ok(())
}

/// Registers a function to call when a signal arrives, except when this process has sent it to itself.
///
/// # Safety
///
/// `call` runs in a signal handler: it must neither wait for a lock nor allocate.
unsafe fn from_outside(signal: c_int, call: impl Fn() + Send + Sync + 'static) -> io::Result<()> {
    let comes = move |info: &libc::siginfo_t| {
        // SAFETY: the kernel has initialized all of it; if no process sent the signal, the field has another meaning.
        let sender = unsafe { info.si_pid() };
        if sender != rustix::process::getpid().as_raw_nonzero().get() {
            call();
        }
    };
    // SAFETY: the caller guarantees it for `call`; the rest is a system call that a signal handler may make.
    unsafe { signal_hook_registry::register_sigaction(signal, comes) }.map(drop)
}

/// Whether SIGHUP or SIGTERM has arrived. After a stop, this is known before the signal becomes an input.
pub fn is_ending() -> bool {
    ENDING.load(Ordering::SeqCst)
}

/// Registers a function to call before a signal ends the process at once.
///
/// # Errors
///
/// If the system refuses a signal handler.
///
/// # Safety
///
/// `call` runs in a signal handler: it must neither wait for a lock nor allocate.
pub(crate) unsafe fn before_the_end(call: fn()) -> io::Result<()> {
    for signal in heeded(&END) {
        let ends = move || {
            call();
            // This does not return: if it cannot emulate the signal, it aborts.
            let _ = low_level::emulate_default_handler(signal);
        };
        // SAFETY: the caller guarantees it for `call`; the rest are system calls that a signal handler may make.
        unsafe { low_level::register(signal, ends) }?;
    }
    Ok(())
}

/// Stops the process with the default action of SIGTSTP, and returns when it is continued. Returns whether it was stopped: it
/// is not if the caller ignores that signal, or if there is no shell to continue the process. SIGSTOP would stop it even then.
///
/// # Errors
///
/// If the system refuses.
pub fn stop() -> io::Result<bool> {
    /// Allows one caller at a time: a second one would save the first one's temporary action as ours. The value says whether
    /// the handler for SIGCONT is registered.
    static STOPPING: Mutex<bool> = Mutex::new(false);
    let mut listens = STOPPING.lock().unwrap_or_else(PoisonError::into_inner);
    if is_ignored(SIGTSTP) {
        return Ok(false);
    }
    if !*listens {
        flag::register(SIGCONT, CONTINUED.clone())?;
        *listens = true;
    }
    // SAFETY: all zeroes is a valid action: the default, no flags, no blocked signals.
    let default: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    let ours = action(SIGTSTP, Some(&default))?;
    CONTINUED.store(false, Ordering::SeqCst);
    let raised = low_level::raise(SIGTSTP);
    action(SIGTSTP, Some(&ours))?;
    raised.map(|()| CONTINUED.load(Ordering::SeqCst))
}

/// Returns the action of a signal, and replaces it if `new` is given.
fn action(signal: c_int, new: Option<&libc::sigaction>) -> io::Result<libc::sigaction> {
    let mut old = MaybeUninit::uninit();
    // SAFETY: the first pointer is null or points to a valid action; the second points to space for one.
    match unsafe { libc::sigaction(signal, new.map_or(ptr::null(), ptr::from_ref), old.as_mut_ptr()) } {
        // SAFETY: the system has initialized it.
        0 => Ok(unsafe { old.assume_init() }),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_has_a_name_and_an_exit_code() {
        let told: Vec<_> = ASK.iter().map(|signal| (name(*signal), exit_code(*signal))).collect();
        assert_eq!(told, [("SIGHUP".to_owned(), 129), ("SIGINT".to_owned(), 130), ("SIGTERM".to_owned(), 143)]);
        assert_eq!((name(12345), exit_code(12345)), ("signal 12345".to_owned(), 255));
    }
}
