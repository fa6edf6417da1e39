//! A service that works on jobs: so many at a time, each within its time, and none lost without a word.
//!
//! It knows nothing of sockets or signals. `main.rs` has those, and the tests and the playground do without them.

use std::future::Future;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{info, warn};

/// The limits of the service.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// How many jobs are worked on at the same time.
    pub workers: usize,
    /// How many more may wait. The next one is refused, so that nobody waits for ever in a queue that only grows.
    pub queue: usize,
    /// How long one job may take.
    pub timeout: Duration,
    /// How long a shutdown may take. What is not done by then is lost, and counted.
    pub grace: Duration,
}

impl Default for Config {
    fn default() -> Self {
        let (timeout, grace) = (Duration::from_secs(5), Duration::from_secs(10));
        Self {
            workers: 4,
            queue: 16,
            timeout,
            grace,
        }
    }
}

/// What a load balancer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Not yet up.
    Starting,
    /// Send jobs.
    Ready,
    /// Shutting down: send no more jobs. Those that are here are being finished.
    Draining,
}

/// Why a job was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The service is not ready.
    NotReady,
    /// The queue is full. Try again later.
    Busy,
    /// The job took too long.
    TimedOut,
    /// The job failed or panicked.
    Failed,
    /// The service was shut down before the job was done.
    Lost,
}

/// What became of the jobs. Each accepted job is in one of the other counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Jobs that were accepted.
    pub accepted: u64,
    /// Jobs that were done.
    pub finished: u64,
    /// Jobs that failed or panicked.
    pub failed: u64,
    /// Jobs that took too long.
    pub timed_out: u64,
    /// Jobs that the shutdown cut off, or that it found in the queue when its time was up.
    pub lost: u64,
}

/// A job in the queue, and where its answer goes.
struct Queued<J> {
    job: J,
    answer: Answer,
}

/// Where the result of a job goes. A job that is dropped before it has one answers too.
struct Answer(Option<oneshot::Sender<Result<(), Refused>>>);

impl Answer {
    /// Answers. The caller may have gone; that is its own affair.
    fn send(&mut self, result: Result<(), Refused>) {
        if let Some(caller) = self.0.take() {
            let _ = caller.send(result);
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // A job is dropped when it panics, or when a shutdown has no more time for it.
        self.send(Err(if thread::panicking() {
            Refused::Failed
        } else {
            Refused::Lost
        }));
    }
}

/// What callers have: it submits jobs and knows the health. Clones are the same service.
pub struct Client<J> {
    jobs: mpsc::Sender<Queued<J>>,
    health: watch::Receiver<Health>,
}

// Derived, it would ask for jobs that can be cloned.
impl<J> Clone for Client<J> {
    fn clone(&self) -> Self {
        Self {
            jobs: self.jobs.clone(),
            health: self.health.clone(),
        }
    }
}

impl<J> Client<J> {
    /// The health of the service now.
    pub fn health(&self) -> Health {
        *self.health.borrow()
    }

    /// Submits a job and waits until it is done, or says at once that it is refused.
    pub async fn submit(&self, job: J) -> Result<(), Refused> {
        if self.health() != Health::Ready {
            return Err(Refused::NotReady);
        }
        let (caller, answered) = oneshot::channel();
        let answer = Answer(Some(caller));
        // `try_send` does not wait for room: a caller that is refused can go elsewhere.
        self.jobs
            .try_send(Queued { job, answer })
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => Refused::Busy,
                mpsc::error::TrySendError::Closed(_) => Refused::NotReady,
            })?;
        // `Answer` always sends, so this error does not happen.
        answered.await.unwrap_or(Err(Refused::Lost))
    }
}

/// The service.
pub struct Service<J, H> {
    config: Config,
    handler: Arc<H>,
    jobs: mpsc::Receiver<Queued<J>>,
    health: watch::Sender<Health>,
    /// One permit for each job that is worked on.
    limit: Arc<Semaphore>,
    report: Report,
}

impl<J, H, F, E> Service<J, H>
where
    J: Send + 'static,
    H: Fn(J) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), E>> + Send,
    E: std::fmt::Display,
{
    /// A service that has not started, and a client for it. `handler` does one job.
    pub fn new(config: Config, handler: H) -> (Self, Client<J>) {
        let (sender, jobs) = mpsc::channel(config.queue.max(1));
        let (health, seen) = watch::channel(Health::Starting);
        let (handler, limit) = (
            Arc::new(handler),
            Arc::new(Semaphore::new(config.workers.max(1))),
        );
        (
            Self {
                config,
                handler,
                jobs,
                health,
                limit,
                report: Report::default(),
            },
            Client {
                jobs: sender,
                health: seen,
            },
        )
    }

    /// Works until `shutdown` is ready; then finishes what was accepted, within the grace period, and says what became of it.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) -> Report {
        let mut running = JoinSet::new();
        let mut shutdown = std::pin::pin!(shutdown);
        self.health.send_replace(Health::Ready);
        info!(state.health = "ready", "ready");
        loop {
            tokio::select! {
                // A shutdown comes first, or a flood of jobs could keep it waiting.
                biased;
                () = &mut shutdown => break,
                Some(ended) = running.join_next() => self.count(&ended),
                (permit, queued) = next(&self.limit, &mut self.jobs) => self.start(&mut running, permit, queued),
            }
        }

        // First tell everybody that no more jobs are taken, then close the queue. What is in it can still be received.
        self.health.send_replace(Health::Draining);
        info!(state.health = "draining", moment = "shutdown", "draining");
        self.jobs.close();
        let deadline = Instant::now() + self.config.grace;
        if timeout_at(deadline, self.drain(&mut running))
            .await
            .is_err()
        {
            // Time is up. Dropping a job's future is the only way to end it, so a job must be able to bear that.
            running.abort_all();
            while let Some(ended) = running.join_next().await {
                self.count(&ended);
            }
            while let Ok(queued) = self.jobs.try_recv() {
                drop(queued);
                self.report.accepted += 1;
                self.report.lost += 1;
            }
            warn!("{} jobs were lost", self.report.lost);
        }
        self.report
    }

    /// Starts what is left in the queue, and waits until everything is done.
    async fn drain(&mut self, running: &mut JoinSet<Result<(), Refused>>) {
        while !(running.is_empty() && self.jobs.is_empty()) {
            tokio::select! {
                Some(ended) = running.join_next() => self.count(&ended),
                (permit, queued) = next(&self.limit, &mut self.jobs) => self.start(running, permit, queued),
            }
        }
    }

    /// Starts a job in a task of its own, so that one that panics takes no other with it.
    fn start(
        &mut self,
        running: &mut JoinSet<Result<(), Refused>>,
        permit: OwnedSemaphorePermit,
        queued: Queued<J>,
    ) {
        self.report.accepted += 1;
        let (handler, limit) = (self.handler.clone(), self.config.timeout);
        running.spawn(async move {
            // The permit is held as long as the job lasts, and is given back even if it panics.
            let _permit = permit;
            let Queued { job, mut answer } = queued;
            let result = match timeout(limit, handler(job)).await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) => {
                    warn!("a job failed: {error}");
                    Err(Refused::Failed)
                }
                Err(_) => Err(Refused::TimedOut),
            };
            answer.send(result);
            result
        });
    }

    fn count(&mut self, ended: &Result<Result<(), Refused>, JoinError>) {
        let report = &mut self.report;
        match ended {
            Ok(Ok(())) => report.finished += 1,
            Ok(Err(Refused::TimedOut)) => report.timed_out += 1,
            Err(error) if error.is_cancelled() => report.lost += 1,
            // It failed, or it panicked.
            Ok(Err(_)) | Err(_) => report.failed += 1,
        }
    }
}

/// The next job, as soon as it can be worked on. Jobs wait in the queue and not here, so that the queue's length is the truth.
/// It can be dropped at each await: the permit goes back, and no job is lost.
async fn next<J>(
    limit: &Arc<Semaphore>,
    jobs: &mut mpsc::Receiver<Queued<J>>,
) -> (OwnedSemaphorePermit, Queued<J>) {
    // The semaphore is never closed; if it were, no job could start.
    let Ok(permit) = limit.clone().acquire_owned().await else {
        return std::future::pending().await;
    };
    match jobs.recv().await {
        Some(queued) => (permit, queued),
        // The queue is closed and empty.
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
