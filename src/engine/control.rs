//! What a run and whoever started it share: how it is told to stop, and what it tells.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::Notify;

use super::gate::Gate;
use super::run::Closing;
use super::runtime::FAR;
use super::sample::{EVERY, Sampler};
use super::spec::Spec;
use crate::record::{Recorder, Taps};
use crate::trace::Sample;

/// Polls between two looks at the wall clock on virtual time.
const LOOK_EVERY: u32 = 1 << 14;

/// Why a run is told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Whoever started it has seen enough.
    Asked,
    /// Virtual time has stood still for longer than the limit.
    StandsStill,
    /// Nothing has happened for long, and nothing in sight ever could.
    Stalled,
}

/// See the module.
pub(super) struct Control {
    pub(super) gate: Gate,
    virtual_time: bool,
    limit: Duration,
    stop: OnceLock<Stop>,
    stopped: Notify,
    polls: AtomicU32,
    sampler: Mutex<Option<(Sampler, u64)>>,
    samples: Mutex<Vec<Sample>>,
    closing: Mutex<Option<Closing>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Control {
    pub(super) fn new(spec: &Spec) -> Self {
        Self {
            gate: Gate::new(spec.pace),
            virtual_time: spec.clock == scenarios::Clock::Virtual,
            limit: spec.limit,
            stop: OnceLock::new(),
            stopped: Notify::new(),
            polls: AtomicU32::new(0),
            sampler: Mutex::default(),
            samples: Mutex::default(),
            closing: Mutex::default(),
        }
    }

    /// Tells the run to end. The first reason is the one that counts.
    pub(super) fn stop(&self, why: Stop) {
        _ = self.stop.set(why);
        self.gate.stop();
        self.stopped.notify_one();
    }

    /// Waits until the run is told to end.
    pub(super) async fn stopped(&self) -> Stop {
        loop {
            if let Some(why) = self.stop.get() {
                return *why;
            }
            self.stopped.notified().await;
        }
    }

    /// Waits until a task is polled.
    pub(super) async fn polled(&self) {
        std::future::poll_fn(|cx| if self.gate.trip(cx.waker()) { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    /// Samples are taken from now on when the runtime's thread wakes up: on the virtual clock.
    pub(super) fn sample_with(&self, sampler: Sampler) {
        *lock(&self.sampler) = Some((sampler, EVERY.as_nanos() as u64));
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
}

/// The hooks, as far as the engine needs them. Shared by reference: the control outlives the runtime.
pub(super) struct Hooks(pub(super) std::sync::Arc<Control>);

impl Taps for Hooks {
    fn before_poll(&self, recorder: &Recorder) {
        let control = &self.0;
        control.gate.pass(|| recorder.now_ns());
        if control.virtual_time
            && control.polls.fetch_add(1, Ordering::Relaxed) % LOOK_EVERY == LOOK_EVERY - 1
            && control.gate.stands_still(recorder.now_ns(), control.limit)
        {
            control.stop(Stop::StandsStill);
        }
    }

    fn unparked(&self, recorder: &Recorder) {
        if !self.0.virtual_time {
            return;
        }
        let now_ns = recorder.now_ns();
        let mut sampler = lock(&self.0.sampler);
        if let Some((sampler, due_ns)) = sampler.as_mut()
            && (*due_ns..FAR.as_nanos() as u64).contains(&now_ns)
        {
            let every = EVERY.as_nanos() as u64;
            *due_ns = (now_ns / every + 1) * every;
            if let Some(sample) = sampler.take(now_ns) {
                self.0.add_sample(sample);
            }
        }
    }
}
