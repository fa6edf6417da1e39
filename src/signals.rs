//! Signals: which of them ask the program to end, and what has to happen before one of the others ends it.
//!
//! Three kinds, and one rule for all of them. SIGHUP, SIGINT and SIGTERM *ask*: the program stops its run, removes what the
//! run has made, and exits with 128 and the number of the signal. SIGTSTP *stops* the process. All others that can be caught
//! *end* it at once: they exist for a program that no longer listens, so nothing may wait here; only the terminal is put right
//! first, by a function that runs in the signal handler. SIGXFSZ is none of these: without it a file that reaches the limit
//! of `ulimit -f` is a failed write, which is reported like any other.
//!
//! The rule: a signal that the caller ignores stays ignored. `nohup` and a job in the background of a script rely on that.
#![expect(unsafe_code, reason = "the system's table of signals can be read and changed in no other way")]

use std::ffi::c_int;
use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use signal_hook::consts::{
    SIGABRT, SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGPROF, SIGQUIT, SIGSYS, SIGTERM, SIGTRAP, SIGTSTP, SIGUSR1, SIGUSR2, SIGVTALRM,
    SIGXCPU, SIGXFSZ,
};
use signal_hook::{flag, low_level};

/// The signals that ask the program to end.
pub const ASK: [c_int; 3] = [SIGHUP, SIGINT, SIGTERM];

/// The signals that end it at once. Those of a faulty memory access are not among them: a handler for them would have to run
/// on a stack that may be the fault.
const END: [c_int; 10] = [SIGABRT, SIGALRM, SIGPROF, SIGQUIT, SIGSYS, SIGTRAP, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU];

/// Whether SIGHUP or SIGTERM has come, since [`note`].
static ENDING: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Whether SIGCONT has come since the last [`stop`].
static CONTINUED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Those of the signals that the caller does not ignore. To be asked before anything is registered for them.
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

/// The exit code of a program that a signal ended, as shells have it: 128 and the number.
pub fn exit_code(signal: c_int) -> u8 {
    128_u8.saturating_add(u8::try_from(signal).unwrap_or(u8::MAX))
}

/// Lets a write that would make a file larger than `ulimit -f` allows fail, and not end the process.
///
/// # Errors
///
/// When the system refuses a signal handler.
pub fn outlive_file_limit() -> io::Result<()> {
    // A handler that does nothing, and not SIG_IGN, which an editor that is started later would inherit.
    flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false))).map(drop)
}

/// Remembers from now on whether a signal has asked the program to end, for [`is_ending`].
///
/// # Errors
///
/// When the system refuses a signal handler.
pub fn note() -> io::Result<()> {
    for signal in heeded(&[SIGHUP, SIGTERM]) {
        flag::register(signal, ENDING.clone())?;
    }
    Ok(())
}

/// Whether one of them has come. It is known as soon as a thread goes on after it was stopped, before the signal is handed on.
pub fn is_ending() -> bool {
    ENDING.load(Ordering::SeqCst)
}

/// Calls this before one of the signals that end the process at once does so.
///
/// A signal that the process sends to itself is a scenario's business (`shutdown` does that), but for SIGABRT: that is how
/// [`std::process::abort`] ends it.
///
/// # Errors
///
/// When the system refuses a signal handler.
///
/// # Safety
///
/// It is called in a signal handler: it must neither wait for a lock nor ask for memory.
pub(crate) unsafe fn before_the_end(call: fn()) -> io::Result<()> {
    for signal in heeded(&END) {
        let ends = move |info: &libc::siginfo_t| {
            // SAFETY: the kernel has filled in all of it; of a signal that no process sent, this field is another number.
            let sender = unsafe { info.si_pid() };
            if signal == SIGABRT || sender != rustix::process::getpid().as_raw_nonzero().get() {
                call();
                // It does not come back: where it cannot emulate the signal, it aborts.
                let _ = low_level::emulate_default_handler(signal);
            }
        };
        // SAFETY: the caller promises it for `call`, and the rest are system calls that a signal handler may make.
        unsafe { signal_hook_registry::register_sigaction(signal, ends) }?;
    }
    Ok(())
}

/// Stops the process as SIGTSTP does when nobody listens to it, and comes back when it is continued. Returns whether it was
/// stopped: not where the caller ignores that signal, nor where there is no shell to continue the process. The system
/// would not heed that with SIGSTOP.
///
/// # Errors
///
/// When the system refuses.
pub fn stop() -> io::Result<bool> {
    /// One at a time: the second one would take the first one's action for ours. It says whether SIGCONT is listened to.
    static STOPPING: Mutex<bool> = Mutex::new(false);
    let mut listens = STOPPING.lock().unwrap_or_else(PoisonError::into_inner);
    if is_ignored(SIGTSTP) {
        return Ok(false);
    }
    if !*listens {
        flag::register(SIGCONT, CONTINUED.clone())?;
        *listens = true;
    }
    // SAFETY: an action of nothing but zeroes is one: the default, no flags, no signals blocked.
    let default: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    let ours = action(SIGTSTP, Some(&default))?;
    CONTINUED.store(false, Ordering::SeqCst);
    let raised = low_level::raise(SIGTSTP);
    action(SIGTSTP, Some(&ours))?;
    raised.map(|()| CONTINUED.load(Ordering::SeqCst))
}

/// What is done at a signal, and from now on that instead, if given.
fn action(signal: c_int, new: Option<&libc::sigaction>) -> io::Result<libc::sigaction> {
    let mut old = MaybeUninit::uninit();
    // SAFETY: one pointer is null or to an action that came from here or is the default; the other is to room for one.
    match unsafe { libc::sigaction(signal, new.map_or(ptr::null(), ptr::from_ref), old.as_mut_ptr()) } {
        // SAFETY: the system has filled it in.
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
