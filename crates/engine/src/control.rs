//! State that a run and its owner share: the request to stop, and the result.
//!
//! The runtime's hooks hold the control, so the control must never hold the runtime, a handle to it, or a waker of its root,
//! which contains a handle: the two would keep each other alive, with the runtime's descriptors. A value that needs a handle
//! belongs to the run's own thread, and the control has a weak reference to it. A waker is stored only while the root waits.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use tokio::sync::Notify;

use super::gate::Gate;
use super::run::Closing;
use super::runtime::FAR;
use super::sample::{EVERY, Sampler};
use super::schedule::Limits;
use super::spec::Spec;
use recorder::{Recorder, Taps};
use trace::Sample;

/// Polls and spawns between two checks of the wall clock in virtual time.
const LOOK_EVERY: u32 = 1 << 14;

/// Why a run must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The caller that started the run asked for it.
    Asked,
    /// The limit has passed in wall time: a real run, or a virtual one whose time does not advance.
    Limit,
    /// Nothing has happened for a while, and nothing pending could wake a task.
    Stalled,
}

/// See the module.
pub(super) struct Control {
    pub(super) gate: Gate,
    virtual_time: bool,
    limit: Duration,
    limits: Limits,
    /// Polls begun so far. Counted only if the schedule limits polls.
    polls: AtomicU64,
    stop: OnceLock<Stop>,
    stopped: Notify,
    steps: AtomicU32,
    sampler: OnceLock<Weak<Mutex<DueSampler>>>,
    samples: Mutex<Vec<Sample>>,
    closing: Mutex<Option<Closing>>,
    /// Whether the run's own thread is done.
    over: AtomicBool,
}

/// A sampler on the virtual clock, and when it is due, in nanoseconds.
pub(super) struct DueSampler {
    sampler: Sampler,
    due_ns: u64,
}

impl DueSampler {
    pub(super) fn new(sampler: Sampler) -> Self {
        Self { sampler, due_ns: EVERY.as_nanos() as u64 }
    }

    fn take(&mut self, now_ns: u64) -> Option<Sample> {
        if !(self.due_ns..FAR.as_nanos() as u64).contains(&now_ns) {
            return None;
        }
        let every = EVERY.as_nanos() as u64;
        self.due_ns = (now_ns / every + 1) * every;
        self.sampler.take(now_ns)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Control {
    pub(super) fn new(spec: &Spec) -> Self {
        Self {
            gate: Gate::new(spec.pace),
            virtual_time: spec.clock == scenario::Clock::Virtual,
            limit: spec.limit,
            limits: spec.schedule.limits(),
            polls: AtomicU64::new(0),
            stop: OnceLock::new(),
            stopped: Notify::new(),
            steps: AtomicU32::new(0),
            sampler: OnceLock::new(),
            samples: Mutex::default(),
            closing: Mutex::default(),
            over: AtomicBool::new(false),
        }
    }

    /// Asks the run to end. The first reason wins.
    pub(super) fn stop(&self, why: Stop) {
        _ = self.stop.set(why);
        self.gate.stop();
        self.stopped.notify_one();
    }

    /// Waits until the run must end.
    pub(super) async fn stopped(&self) -> Stop {
        loop {
            if let Some(why) = self.stop.get() {
                return *why;
            }
            self.stopped.notified().await;
        }
    }

    /// Waits for the next poll of a task.
    pub(super) async fn polled(&self) {
        let _untrip = Untrip(&self.gate);
        std::future::poll_fn(|cx| if self.gate.trip(cx.waker()) { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    /// Checks now and then whether virtual time has stopped advancing although tasks are polled or spawned.
    fn step(&self, recorder: &Recorder) {
        if self.virtual_time
            && self.steps.fetch_add(1, Ordering::Relaxed) % LOOK_EVERY == LOOK_EVERY - 1
            && self.gate.stands_still(recorder.now_ns(), self.limit)
        {
            self.stop(Stop::Limit);
        }
    }

    /// How many operations the schedule lets the poll make that is about to begin.
    fn limit(&self) -> Option<u8> {
        if matches!(self.limits, Limits::None) {
            return None;
        }
        self.limits.of(self.polls.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Takes samples from now on when the runtime's thread wakes up. For the virtual clock.
    pub(super) fn sample_with(&self, sampler: Weak<Mutex<DueSampler>>) {
        _ = self.sampler.set(sampler);
    }

    pub(super) fn add_sample(&self, sample: Sample) {
        lock(&self.samples).push(sample);
    }

    pub(super) fn take_samples(&self) -> Vec<Sample> {
        std::mem::take(&mut *lock(&self.samples))
    }

    pub(super) fn close(&self, closing: Closing) {
        *lock(&self.closing) = Some(closing);
    }

    pub(super) fn is_closed(&self) -> bool {
        lock(&self.closing).is_some()
    }

    pub(super) fn take_closing(&self) -> Option<Closing> {
        lock(&self.closing).take()
    }

    /// Marks the run's own thread as done.
    pub(super) fn set_over(&self) {
        self.over.store(true, Ordering::Release);
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }
}

/// Removes the tripwire when the wait for it ends.
struct Untrip<'a>(&'a Gate);

impl Drop for Untrip<'_> {
    fn drop(&mut self) {
        self.0.untrip();
    }
}

/// The engine's part of the hooks.
pub(super) struct Hooks(pub(super) std::sync::Arc<Control>);

/// The payload of a poll that is unwound early.
struct CutShort;

impl Taps for Hooks {
    fn before_poll(&self, recorder: &Recorder) -> Option<u8> {
        self.0.gate.pass(|| recorder.now_ns());
        self.0.step(recorder);
        self.0.limit()
    }

    /// A poll that spawns a million tasks takes seconds, and nothing else can end it. So in a run that must stop, it unwinds
    /// here as if spawning had panicked. The recording is closed first, so the panic is not recorded.
    fn spawned(&self, recorder: &Recorder) {
        self.0.step(recorder);
        // A destructor may spawn while its poll unwinds. A second panic would abort the process.
        if cfg!(panic = "unwind") && self.0.stop.get().is_some() && !thread::panicking() {
            recorder.close();
            resume_unwind(Box::new(CutShort));
        }
    }

    fn unparked(&self, recorder: &Recorder) {
        // There is a sampler only on the virtual clock. It is gone when the runtime is being shut down.
        let Some(sampler) = self.0.sampler.get().and_then(Weak::upgrade) else { return };
        if let Some(sample) = lock(&sampler).take(recorder.now_ns()) {
            self.0.add_sample(sample);
        }
    }
}
