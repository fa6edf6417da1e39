//! The recorder of the whole process.
//!
//! A recorder for one run knows its threads: the runtime's hooks or the caller attach them. The recorder of the process
//! has no such help, so a thread joins when the first of Tokio's spans or events reaches the recorder on it, and leaves when
//! it ends. From then on the thread writes to its own ring, like every thread of a run.
//!
//! All threads of Tokio have the same name, so they are named after what they do: `worker 0` or `blocking 2` for the first
//! runtime, `runtime 2 worker 0` or the runtime's own name for others. All other threads keep their names. A name is free
//! again when its thread ends, so a program that starts and ends threads all day has as many names as it has threads at once.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

use tokio::runtime::{self, Handle, RuntimeFlavor};

use super::lanes::Lanes;
use super::local::{Local, RING, Role};
use super::recorder::{Recorder, Shared, lock};

/// How many entries a thread can be ahead of the reader if it polls no tasks. There can be hundreds of such threads.
const SMALL_RING: usize = 1 << 12;

/// The recorder of the process, once there is one.
static PROGRAM: OnceLock<Recorder> = OnceLock::new();
/// Whether [`PROGRAM`] is set, since every event of a thread that is not attached asks.
static OBSERVED: AtomicBool = AtomicBool::new(false);
static NAMES: Mutex<Option<Names>> = Mutex::new(None);

/// A worker of a multi-thread runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Worker {
    /// The number of its runtime in this process.
    pub(super) runtime: u16,
    /// Its number in the runtime.
    pub(super) index: u16,
}

/// Makes a recorder the one of the process. Returns whether it is the first one.
pub(super) fn observe(recorder: &Recorder) -> bool {
    let first = PROGRAM.set(recorder.clone()).is_ok();
    if first {
        stop_in_children();
    }
    OBSERVED.store(true, Ordering::Release);
    first
}

/// Makes a forked child record nothing: it has no thread that reads the events, and the parent's files are not its own.
#[cfg(unix)]
#[expect(unsafe_code, reason = "the only way to hear of a fork")]
fn stop_in_children() {
    extern "C" fn forked() {
        OBSERVED.store(false, Ordering::Relaxed);
        if let Some(recorder) = PROGRAM.get() {
            recorder.close();
        }
    }
    // SAFETY: the handler runs in the child, where only calls that are safe in a signal handler are allowed. It only reads and
    // writes atomics. If the system has no memory for the handler, the child records in vain.
    unsafe {
        libc::pthread_atfork(None, None, Some(forked));
    }
}

#[cfg(not(unix))]
fn stop_in_children() {}

/// The recorder of the process.
pub(super) fn recorder() -> Option<&'static Recorder> {
    PROGRAM.get()
}

/// The state of the calling thread, which joins the observed process: as this worker, if it is known to be one.
#[inline]
pub(super) fn join(worker: Option<Worker>) -> Option<Local> {
    if OBSERVED.load(Ordering::Relaxed) { join_now(worker) } else { None }
}

#[cold]
fn join_now(worker: Option<Worker>) -> Option<Local> {
    let shared = &PROGRAM.get()?.shared;
    if shared.closed() {
        return None;
    }
    Some(enter(shared, worker))
}

/// The state of the calling thread in a process that is observed by this recorder.
pub(super) fn enter(shared: &Arc<Shared>, worker: Option<Worker>) -> Local {
    let handle = Handle::try_current().ok();
    let worker = worker.or_else(|| this_worker(handle.as_ref()?));
    let (base, numbered) = base_name(worker, handle.as_ref());
    let name = Name::Slot(Slot::take(base, numbered));
    // A thread that polls tasks writes the most. The thread of a current-thread runtime has no context before its first root.
    let small = worker.is_none() && handle.is_some_and(|handle| handle.runtime_flavor() != RuntimeFlavor::CurrentThread);
    let mut local = Local::new(shared, name, if small { SMALL_RING } else { RING }, Role::Guest, Lanes::new(true));
    local.worker = worker;
    if worker.is_some() {
        local.become_worker();
    }
    local
}

/// The state of a thread that tests a recorder.
pub(super) fn enter_for_test(shared: &Arc<Shared>) -> Local {
    Local::new(shared, Name::Given("self-test".to_owned()), SMALL_RING, Role::Guest, Lanes::new(true))
}

/// The worker that the calling thread is by Tokio's own account.
fn this_worker(handle: &Handle) -> Option<Worker> {
    if handle.runtime_flavor() == RuntimeFlavor::CurrentThread {
        return None;
    }
    let index = worker_index(handle)?;
    Some(Worker { runtime: runtime_number(handle.id()), index })
}

#[cfg(tokio_unstable)]
fn worker_index(handle: &Handle) -> Option<u16> {
    let (metrics, me) = (handle.metrics(), thread::current().id());
    let index = (0..metrics.num_workers()).find(|worker| metrics.worker_thread_id(*worker) == Some(me))?;
    u16::try_from(index).ok()
}

#[cfg(not(tokio_unstable))]
fn worker_index(_: &Handle) -> Option<u16> {
    None
}

/// A worker that the calling thread starts: the next one of a new runtime, or one that replaces `own`, the calling thread, which
/// is about to block. `None` outside a runtime.
pub(super) fn new_worker(own: Option<Worker>) -> Option<Worker> {
    let runtime = runtime_number(Handle::try_current().ok()?.id());
    if let Some(own) = own.filter(|own| own.runtime == runtime) {
        return Some(own);
    }
    let mut names = lock(&NAMES);
    let workers = &mut names.get_or_insert_default().runtimes.get_mut(usize::from(runtime).checked_sub(1)?)?.1;
    let index = *workers;
    *workers = workers.saturating_add(1);
    Some(Worker { runtime, index })
}

/// The number of a runtime in this process, from 1.
fn runtime_number(id: runtime::Id) -> u16 {
    let mut names = lock(&NAMES);
    let runtimes = &mut names.get_or_insert_default().runtimes;
    let place = runtimes.iter().position(|(known, _)| *known == id).unwrap_or_else(|| {
        runtimes.push((id, 0));
        runtimes.len() - 1
    });
    u16::try_from(place + 1).unwrap_or(u16::MAX)
}

/// What to call a thread, and whether it always gets a number.
fn base_name(worker: Option<Worker>, handle: Option<&Handle>) -> (String, bool) {
    let thread = thread::current();
    let own = thread.name().filter(|name| !is_tokios(name));
    let (Some(handle), None) = (handle, own.filter(|_| worker.is_none())) else {
        return own.map_or_else(|| ("thread".to_owned(), true), |own| (own.to_owned(), false));
    };
    let mut name = String::new();
    let number = worker.map_or_else(|| runtime_number(handle.id()), |worker| worker.runtime);
    match handle.name() {
        Some(runtime) => _ = write!(name, "{runtime} "),
        None if number > 1 => _ = write!(name, "runtime {number} "),
        None => {}
    }
    match worker {
        Some(Worker { index, .. }) => _ = write!(name, "worker {index}"),
        None => name.push_str("blocking"),
    }
    (name, worker.is_none())
}

/// Whether it is the name that Tokio gives to all its threads.
fn is_tokios(name: &str) -> bool {
    matches!(name, "tokio-rt-worker" | "tokio-runtime-worker")
}

/// The names in use.
#[derive(Debug, Default)]
struct Names {
    /// Each runtime, and how many workers it has started.
    runtimes: Vec<(runtime::Id, u16)>,
    /// For each name without its number, which numbers are in use.
    taken: HashMap<String, Vec<bool>>,
}

/// The name of an attached thread.
#[derive(Debug)]
pub(super) enum Name {
    /// As the caller said.
    Given(String),
    /// One of its own, as long as the thread lives.
    Slot(Slot),
}

impl Name {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Given(name) | Self::Slot(Slot { name, .. }) => name,
        }
    }
}

/// A name that no other thread has.
#[derive(Debug)]
pub(super) struct Slot {
    name: String,
    base: String,
    number: usize,
}

impl Slot {
    /// Takes the first free name with this base.
    fn take(base: String, numbered: bool) -> Self {
        let mut names = lock(&NAMES);
        let taken = names.get_or_insert_default().taken.entry(base.clone()).or_default();
        let number = taken.iter().position(|taken| !taken).unwrap_or_else(|| {
            taken.push(false);
            taken.len() - 1
        });
        taken[number] = true;
        let name = match (numbered, number) {
            (true, _) => format!("{base} {number}"),
            (false, 0) => base.clone(),
            (false, _) => format!("{base} ({})", number + 1),
        };
        Self { name, base, number }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut names = lock(&NAMES);
        let taken = names.as_mut().and_then(|names| names.taken.get_mut(&self.base));
        if let Some(taken) = taken.and_then(|taken| taken.get_mut(self.number)) {
            *taken = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_free_again_when_its_thread_ends() {
        let take = |numbered| Slot::take(format!("test {numbered}"), numbered);
        let (one, two) = (take(true), take(true));
        assert_eq!((&*one.name, &*two.name), ("test true 0", "test true 1"));
        drop(one);
        assert_eq!(take(true).name, "test true 0");
        let (one, two) = (take(false), take(false));
        assert_eq!((&*one.name, &*two.name), ("test false", "test false (2)"));
    }
}
