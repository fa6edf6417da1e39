//! The recorder of one run, and the state that its threads share.

use std::collections::HashMap;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::base;
use super::callsites;
use super::counter;
use super::event::{Event, TaskId, What};
use super::lines::Lines;
use super::local::Attached;
use super::reader::Reader;
use super::sources::{self, Code};
use super::stack::Walker;
use super::turns::Turns;
use facts::Detail;

/// What a thread does when its ring is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFull {
    /// Wait for the reader, so that nothing is lost. For the virtual clock, where waiting takes no time.
    Wait,
    /// Drop the event and count it. For the real clock, where waiting would change the run.
    Drop,
}

/// Records one run. Cheap to clone: all clones are the same recorder.
#[derive(Debug, Clone)]
pub struct Recorder {
    pub(super) shared: Arc<Shared>,
}

/// The state that the threads of a run share. The hot path touches only the clock and two flags.
#[derive(Debug)]
pub(super) struct Shared {
    /// Distinguishes this run's tasks from an earlier run's: 1 to [`Shared::RUNS`].
    pub(super) run: u64,
    pub(super) on_full: OnFull,
    pub(super) detail: Detail,
    /// Whether it records the whole process: threads join by themselves, and spans report what hooks report otherwise.
    pub(super) process: bool,
    start: OnceLock<Start>,
    /// Whether the real clock is the processor's counter, which is then read directly.
    counts: AtomicBool,
    /// Set at the end of the recording: later events are ignored.
    closed: AtomicBool,
    /// The time of the newest event on the virtual clock, for threads that cannot read that clock.
    latest_ns: AtomicU64,
    pub(super) lost: AtomicU64,
    /// The number of attached threads.
    pub(super) attached: AtomicUsize,
    /// Polls that began after the recording was closed: Tokio counts them, but they are not recorded.
    pub(super) unrecorded_polls: AtomicU64,
    /// Orders the events of several threads at the same time.
    pub(super) turns: Turns,
    /// Rings of threads that have attached since the reader's last check.
    pub(super) joined: Mutex<Vec<super::reader::Joined>>,
    /// Wakes from threads outside the run, in order of time, each with its turn.
    pub(super) outside: Mutex<Vec<(u64, Event)>>,
    /// The lines of spawns, by number.
    pub(super) lines: Mutex<Lines>,
    /// The program's open spans: how many handles each has, and whether a task has entered it.
    pub(super) spans: Mutex<HashMap<u64, OpenSpan>>,
    /// The thread that blocks in [`Reader::wait`].
    waiting: AtomicBool,
    waiter: Mutex<Option<Thread>>,
}

/// When the run began, on its own clock.
#[derive(Debug)]
enum Start {
    Virtual(tokio::time::Instant),
    /// Uses the processor's counter where it is suitable: a system call would cost as much as all other work on a poll's
    /// events. An event is stamped with the raw count, and the reader computes the time.
    Real(quanta::Clock, u64),
}

/// An open span of the program.
#[derive(Debug)]
pub(super) struct OpenSpan {
    pub(super) handles: usize,
    pub(super) entered: bool,
    pub(super) label: String,
}

/// Every run whose recorder is alive, for wakes from threads outside any run.
static RUNS: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());
static NEXT_RUN: AtomicU64 = AtomicU64::new(0);

/// Locks a mutex even if it is poisoned: the data behind these locks is valid between any two statements.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Recorder {
    /// Creates a recorder at full detail, and the reader of its events.
    #[track_caller]
    pub fn new(on_full: OnFull) -> (Self, Reader) {
        Self::with_detail(on_full, Detail::default())
    }

    /// Creates a recorder at this detail, and the reader of its events.
    #[track_caller]
    pub fn with_detail(on_full: OnFull, detail: Detail) -> (Self, Reader) {
        Self::make(on_full, detail, false)
    }

    #[track_caller]
    pub(super) fn make(on_full: OnFull, detail: Detail, process: bool) -> (Self, Reader) {
        if detail == Detail::Waits {
            callsites::want_waits();
            // The program's `main` is on this stack, unless the recorder is created on another thread.
            let stack = Walker::new().here();
            sources::declare(Code::Stack(stack));
            base::learn(stack, Location::caller());
        }
        let shared = Arc::new(Shared {
            run: NEXT_RUN.fetch_add(1, Ordering::Relaxed) % Shared::RUNS + 1,
            on_full,
            detail,
            process,
            start: OnceLock::new(),
            closed: AtomicBool::new(false),
            counts: AtomicBool::new(false),
            latest_ns: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            attached: AtomicUsize::new(0),
            unrecorded_polls: AtomicU64::new(0),
            turns: Turns::default(),
            joined: Mutex::default(),
            outside: Mutex::default(),
            lines: Mutex::default(),
            spans: Mutex::default(),
            waiting: AtomicBool::new(false),
            waiter: Mutex::default(),
        });
        let mut runs = lock(&RUNS);
        runs.retain(|run| run.strong_count() > 0);
        runs.push(Arc::downgrade(&shared));
        drop(runs);
        (Self { shared: shared.clone() }, Reader::new(shared))
    }

    /// Makes the calling thread one of the run's threads until the guard is dropped.
    /// Worker threads attach by themselves; the thread that calls `block_on` must call this.
    ///
    /// The future that it passes to `block_on` has no lane, since it usually only drives the program.
    pub fn attach(&self, name: &str) -> Attached {
        Attached::new(&self.shared, name, false)
    }

    /// Attaches like [`Recorder::attach`], and also makes the futures that this thread passes to `block_on` part of the
    /// program: each is the root of the tasks that it spawns, and has a lane.
    pub fn attach_with_roots(&self, name: &str) -> Attached {
        Attached::new(&self.shared, name, true)
    }

    /// Starts the run's clock now, on the paused clock of the current runtime.
    pub fn begin_virtual(&self) {
        self.shared.turns.begin();
        let _ = self.shared.start.set(Start::Virtual(tokio::time::Instant::now()));
    }

    /// Starts the run's clock now, on the wall clock.
    pub fn begin_real(&self) {
        let clock = quanta::Clock::new();
        let start = clock.raw();
        let counts = counter::is_read_by(&clock);
        if self.shared.start.set(Start::Real(clock, start)).is_ok() {
            self.shared.counts.store(counts, Ordering::Relaxed);
        }
    }

    /// The time on the run's clock, in nanoseconds since it began. On the virtual
    /// clock, only threads of the runtime can call this.
    pub fn now_ns(&self) -> u64 {
        self.shared.now_ns()
    }

    /// The time of the newest event of a virtual run, from any thread.
    pub fn latest_ns(&self) -> u64 {
        self.shared.latest_ns.load(Ordering::Acquire)
    }

    /// Ends the recording: later events are not part of the run.
    pub fn close(&self) {
        self.shared.close();
    }

    /// Whether the recording has ended.
    pub fn is_closed(&self) -> bool {
        self.shared.closed()
    }

    /// Polls that began after [`Recorder::close`]: the runtime counts them, but they are not recorded.
    pub fn unrecorded_polls(&self) -> u64 {
        self.shared.unrecorded_polls.load(Ordering::Relaxed)
    }

    /// The number of attached threads.
    pub fn threads(&self) -> usize {
        self.shared.attached.load(Ordering::Acquire)
    }

    /// Wakes the thread that waits for events of this run.
    pub fn notify(&self) {
        self.shared.notify();
    }

    /// Blocks until a condition holds, or the time is up. Returns whether it holds. The condition is checked whenever a
    /// thread of the run ends, and after each [`Recorder::notify`].
    pub fn wait_until(&self, at_most: Duration, holds: impl Fn() -> bool) -> bool {
        let until = Instant::now() + at_most;
        while !holds() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            self.shared.wait(left, &holds);
        }
        true
    }
}

impl Shared {
    /// How many run numbers exist: as many as fit into a task's span id beside the task's number.
    pub(super) const RUNS: u64 = 0x7fff;

    /// The run with this number, if its recorder is alive.
    pub(super) fn of_run(run: u64) -> Option<Arc<Self>> {
        lock(&RUNS).iter().filter_map(Weak::upgrade).find(|shared| shared.run == run)
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    pub(super) fn closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(super) fn now_ns(&self) -> u64 {
        match self.start.get() {
            Some(Start::Real(clock, start)) => clock.delta_as_nanos(*start, clock.raw()),
            Some(Start::Virtual(start)) => start.elapsed().as_nanos() as u64,
            None => 0,
        }
    }

    /// The stamp for an event that is written now; [`Shared::time_ns`] converts it.
    #[inline]
    pub(super) fn stamp(&self) -> u64 {
        if self.counts.load(Ordering::Relaxed) { counter::now() } else { self.stamp_of_clock() }
    }

    fn stamp_of_clock(&self) -> u64 {
        match self.start.get() {
            Some(Start::Real(clock, _)) => clock.raw(),
            Some(Start::Virtual(start)) => {
                let now_ns = start.elapsed().as_nanos() as u64;
                self.latest_ns.store(now_ns, Ordering::Release);
                now_ns
            }
            None => 0,
        }
    }

    /// The time since a stamp, in nanoseconds.
    pub(super) fn since_ns(&self, stamp: u64) -> u64 {
        match self.start.get() {
            Some(Start::Real(clock, _)) => clock.delta_as_nanos(stamp, clock.raw()),
            Some(Start::Virtual(start)) => (start.elapsed().as_nanos() as u64).saturating_sub(stamp),
            None => 0,
        }
    }

    /// Converts a stamp to nanoseconds since the run began.
    pub(super) fn time_ns(&self, stamp: u64) -> u64 {
        match self.start.get() {
            Some(Start::Real(clock, start)) => clock.delta_as_nanos(*start, stamp),
            _ => stamp,
        }
    }

    /// The reader's clock: a lower bound for the time of every later event.
    pub(super) fn reader_now_ns(&self) -> u64 {
        match self.start.get() {
            Some(Start::Real(clock, start)) => clock.delta_as_nanos(*start, clock.raw()),
            _ => self.latest_ns.load(Ordering::Acquire),
        }
    }

    /// Records a wake from a thread outside any run, if wakes are recorded.
    pub(super) fn wake_from_outside(&self, task: TaskId) {
        if self.closed() || self.detail == Detail::Polls {
            return;
        }
        let mut outside = lock(&self.outside);
        // Stamped under the lock, so that the list is in order.
        let turn = self.turns.next();
        outside.push((turn, Event { at_ns: self.reader_now_ns(), what: What::Wake { task, by: None } }));
    }

    pub(super) fn notify(&self) {
        if self.waiting.load(Ordering::SeqCst)
            && let Some(thread) = lock(&self.waiter).as_ref()
        {
            thread.unpark();
        }
    }

    /// Blocks the calling thread until [`Shared::notify`] or the time is up. Does not block if `ready`.
    pub(super) fn wait(&self, at_most: Duration, ready: impl FnOnce() -> bool) {
        *lock(&self.waiter) = Some(thread::current());
        self.waiting.store(true, Ordering::SeqCst);
        if !ready() {
            thread::park_timeout(at_most);
        }
        self.waiting.store(false, Ordering::SeqCst);
    }
}
