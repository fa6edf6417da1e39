//! The runtime of one run, from its first task to its shutdown.
//!
//! The scenario runs in a spawned task, *main*, because Tokio calls no hooks for the
//! future passed to `block_on`. That future is the *root*: it waits for main, for a
//! request to stop, and for the limit.
//!
//! On the virtual clock a stall is detected exactly. Tokio's paused clock jumps to the
//! next timer when no task can run, and the root holds a timer that is later than any
//! scenario's: if it fires, nothing else ever can. On the real clock the thread that
//! drains the run detects stalls: see [`super::quiet`].

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use scenario::{Clock, Context};
use tokio::runtime::{Builder, Handle, RngSeed, Runtime};
use tokio::task::{self, JoinError, JoinHandle};
use tokio::time::{Instant, sleep, sleep_until};

use super::control::{Control, DueSampler, Hooks, Stop};
use super::run::{Closing, Ending, Report};
use super::sample::{self, Sampler};
use super::spec::Spec;
use recorder::{Recorder, panic_text};

/// Later than any timer of a scenario, and within the range of Tokio's timer.
pub(super) const FAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// How long to wait for the threads of a runtime at its shutdown.
const REST: Duration = Duration::from_millis(500);

/// How often the root checks on the real clock whether tasks are left after main:
/// Tokio does not notify of the end of the last task.
const LOOK: Duration = Duration::from_millis(5);

/// One run, from the perspective of its own thread.
pub(super) struct Job {
    pub(super) spec: Spec,
    pub(super) recorder: Recorder,
    pub(super) control: Arc<Control>,
}

/// The source of samples, active until it is dropped.
enum Sampling {
    /// The hooks, on the virtual clock. They must not own the sampler, which holds the runtime.
    Hooks { _sampler: Arc<Mutex<DueSampler>> },
    /// A thread, on the real clock, which ends when this is dropped.
    Thread { _until: mpsc::Sender<()> },
    /// Nothing: the system refused a thread. Everything else works.
    Nobody,
}

/// The result of main.
type MainResult = Result<scenario::Result, JoinError>;

impl Job {
    /// Builds the runtime on the calling thread, so that the caller gets the system's error.
    pub(super) fn runtime(&self) -> io::Result<Runtime> {
        let mut builder = match self.spec.workers {
            0 => Builder::new_current_thread(),
            _ => Builder::new_multi_thread(),
        };
        if self.spec.workers > 0 {
            builder.worker_threads(self.spec.workers);
        }
        let numbers = std::sync::atomic::AtomicUsize::new(0);
        builder
            .thread_name_fn(move || format!("worker {}", numbers.fetch_add(1, std::sync::atomic::Ordering::Relaxed)))
            .enable_all()
            .start_paused(self.spec.clock == Clock::Virtual)
            .rng_seed(RngSeed::from_bytes(&self.spec.seed.to_le_bytes()));
        self.recorder.observe(&mut builder, Hooks(self.control.clone()));
        builder.build()
    }

    /// Runs the scenario to its end. Never panics: the [`Closing`] says how it ended.
    pub(super) fn run(self, runtime: Runtime) {
        let (control, recorder) = (self.control.clone(), self.recorder.clone());
        let closing = catch_unwind(AssertUnwindSafe(|| self.run_to_end(runtime))).unwrap_or_else(|panic| {
            let ending = Ending::Panicked(format!("outside any task: {}", panic_text(&*panic)));
            Closing {
                at_ns: recorder.latest_ns(),
                report: Report { ending, elapsed_ns: recorder.latest_ns(), runtime_polls: None },
            }
        });
        control.close(closing);
        control.set_over();
        recorder.notify();
    }

    fn run_to_end(self, runtime: Runtime) -> Closing {
        let current_thread = self.spec.workers == 0;
        // The only worker of a current-thread runtime is this thread, for which no hook is called.
        let attached = current_thread.then(|| self.recorder.attach("worker 0"));
        let metrics = runtime.metrics();
        let sampling = self.start_sampling(runtime.handle());
        let mut closing = runtime.block_on(self.root());
        self.recorder.close();
        drop(sampling);
        runtime.shutdown_timeout(REST);
        drop(attached);
        if current_thread {
            closing.report.runtime_polls = Some(metrics.worker_poll_count(0) - self.recorder.unrecorded_polls());
        }
        if self.recorder.threads() > 0 {
            closing.report.ending = Ending::Abandoned;
        }
        closing
    }

    /// Starts taking samples.
    fn start_sampling(&self, runtime: &Handle) -> Sampling {
        let mut sampler = Sampler::new(runtime);
        if self.spec.clock == Clock::Virtual {
            let sampler = Arc::new(Mutex::new(DueSampler::new(sampler)));
            self.control.sample_with(Arc::downgrade(&sampler));
            return Sampling::Hooks { _sampler: sampler };
        }
        let (until, over) = mpsc::channel();
        let (control, recorder) = (self.control.clone(), self.recorder.clone());
        let sampling = move || {
            while over.recv_timeout(sample::EVERY) == Err(RecvTimeoutError::Timeout) {
                if let Some(sample) = sampler.take(recorder.now_ns()) {
                    control.add_sample(sample);
                }
            }
        };
        let thread = thread::Builder::new().name("sampler".to_owned()).spawn(sampling);
        if thread.is_ok() { Sampling::Thread { _until: until } } else { Sampling::Nobody }
    }

    async fn root(&self) -> Closing {
        match self.spec.clock {
            Clock::Virtual => self.recorder.begin_virtual(),
            Clock::Real => self.recorder.begin_real(),
        }
        let limit = Instant::now() + self.spec.limit.min(FAR / 2);
        let mut main = match self.spawn_main() {
            Ok(main) => main,
            Err(error) => return self.closing(Ending::Failed(error.to_string()), 0, 0),
        };
        let ending = self.wait_for_main(&mut main, limit).await;
        let elapsed_ns = match ending {
            Ending::Stalled if self.spec.clock == Clock::Virtual => self.recorder.latest_ns(),
            // `at_limit` has let time go on beyond the limit.
            Ending::Limit => self.recorder.now_ns().min(self.spec.limit.as_nanos() as u64),
            _ => self.recorder.now_ns(),
        };
        let at_ns = match ending {
            Ending::Finished(_) | Ending::Failed(_) | Ending::Panicked(_) => self.settle(limit).await,
            _ => elapsed_ns,
        };
        self.closing(ending, elapsed_ns, at_ns)
    }

    fn closing(&self, ending: Ending, elapsed_ns: u64, at_ns: u64) -> Closing {
        self.recorder.close();
        Closing { at_ns: at_ns.max(elapsed_ns), report: Report { ending, elapsed_ns, runtime_polls: None } }
    }

    fn spawn_main(&self) -> io::Result<JoinHandle<scenario::Result>> {
        let cx = Context::new(self.spec.values.clone(), self.spec.seed, self.spec.clock);
        let run = self.spec.scenario.run;
        // Workers have their own threads; this one only records the spawn.
        let _attached = (self.spec.workers > 0).then(|| self.recorder.attach("root"));
        task::Builder::new().name("main").spawn(async move { run(cx).await })
    }

    async fn wait_for_main(&self, main: &mut JoinHandle<scenario::Result>, limit: Instant) -> Ending {
        tokio::select! {
            biased;
            // This comes first, since the result of main may come from a poll that was unwound early.
            why = self.control.stopped() => match why {
                Stop::Asked => Ending::Stopped,
                Stop::Limit => Ending::Limit,
                Stop::Stalled => Ending::Stalled,
            },
            result = main => ending_of(result),
            () = sleep_until(limit) => self.at_limit().await,
            () = sleep(FAR), if self.spec.clock == Clock::Virtual => Ending::Stalled,
        }
    }

    /// Called when main has not ended by the limit: decides whether it would ever have gone on.
    async fn at_limit(&self) -> Ending {
        self.recorder.close();
        if self.spec.clock == Clock::Real {
            return Ending::Limit;
        }
        tokio::select! {
            biased;
            () = self.control.polled() => Ending::Limit,
            _ = self.control.stopped() => Ending::Stopped,
            () = sleep(FAR) => Ending::Stalled,
        }
    }

    /// Called when main has ended: lets the remaining tasks run until none of them
    /// can, or until the limit. Returns the time of that.
    async fn settle(&self, limit: Instant) -> u64 {
        let over = async {
            match self.spec.clock {
                Clock::Virtual => sleep(FAR).await,
                Clock::Real => {
                    while Handle::current().metrics().num_alive_tasks() > 0 {
                        sleep(LOOK).await;
                    }
                }
            }
        };
        tokio::select! {
            biased;
            () = over => {}
            _ = self.control.stopped() => {}
            () = sleep_until(limit) => {}
        }
        match self.spec.clock {
            Clock::Virtual => self.recorder.latest_ns(),
            Clock::Real => self.recorder.now_ns(),
        }
    }
}

fn ending_of(result: MainResult) -> Ending {
    match result {
        Ok(Ok(outcome)) => Ending::Finished(outcome),
        Ok(Err(error)) => Ending::Failed(error.to_string()),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => Ending::Panicked(panic_text(&*panic)),
            Err(_) => Ending::Failed("main was cancelled".to_owned()),
        },
    }
}
