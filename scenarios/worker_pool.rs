//! # Worker pool: one shared queue balances itself
//!
//! Sixteen jobs of different length and four workers. You submit a job, get an id, and later ask
//! for the result by that id, with a deadline.
//!
//! **What you see.** Each worker has its own queue, and the jobs are dealt out in turn. One worker
//! runs out of work half way, while another still has jobs that no other worker may take. With
//! `queue=shared` each worker takes the next job as soon as it is free, and all four end at about
//! the same time.
//!
//! **Why.** You do not know beforehand how long a job takes. A shared queue assigns a job as late
//! as possible, when a worker is free; dealing jobs out assigns them before anything is known. A
//! job is always in one state: pending, running, completed or failed. Each job has a `watch`
//! channel that holds its state, so you can ask for a result early, late, or twice. You get
//! the job's result or its error: a failure ends the job, not its worker.
//!
//! **Try.** Set `queue` to `shared`: the run takes 2467 ms instead of 2728. Set `result_timeout` to
//! 1500: six results are late, but their jobs still finish, because a timeout drops the wait and
//! not the work. Now set `stop` to `flag`: two jobs have not started by then, and stay pending for
//! ever. Back with the defaults, set `fail_every` to 4 and `result` to `poll`: main looks every 100
//! ms whether there is a result. The fourth job has failed and will never have one, so main looks
//! until the deadline. With `poll-forever` there is no deadline, and main would look for ever: here
//! the run ends that after 20 seconds. Set `failure` to `panic`: jobs panic in place of an error,
//! and each runs in a task of its own, so that no worker ends.
//!
//! **Pitfall.** A worker sees a flag only when it checks. An idle worker waits in `recv`, so it has
//! to wake up regularly for nothing (`dequeue_timeout`), and may see the flag that much too late.
//! Closing the queue (`stop=drain`) wakes it at once, after the last job. And put the timeout only
//! around the wait for a job, `lock` and `recv`: around more, it could drop a job that was already
//! taken. If you keep results in a map, keep errors there too.
//!
//! **Words.** asyncio: workers on one `asyncio.Queue`, a `Future` for each job that takes a result
//! or an exception, `wait_for(queue.get(), 1.0)`; `except Exception` around the job keeps its worker
//! alive. Tokio: a `JoinSet` of workers; `mpsc` has one receiver, so the workers share it behind a
//! lock, and idle ones queue there; `watch`; a `JoinHandle` that returns a panic as an error.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::{Mutex, watch};
use tokio::task::{Builder, JoinSet};
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use tracing::{Instrument, info, info_span};

use scenario::prelude::*;

mod questions;

const POOL: Param = Param::count("pool", 4, (1, 1_000), "workers", "How many workers do the jobs.");
const JOBS: Param = Param::count("jobs", 16, (1, 10_000), "jobs", "How many jobs to submit at the start.");
const WORK_MIN: Param = Param::millis("work_min", 100, (0, 60_000), "Shortest time that a job takes.");
const WORK_MAX: Param = Param::millis("work_max", 1_000, (0, 60_000), "Longest time that a job takes.");
const FAIL_EVERY: Param = Param::count("fail_every", 0, (0, 10_000), "jobs", "Fail every nth job; 0 fails none.");
const RESULT_TIMEOUT: Param = Param::millis("result_timeout", 5_000, (1, 60_000), "How long to wait for results.");
const DEQUEUE_TIMEOUT: Param =
    Param::millis("dequeue_timeout", 1_000, (1, 60_000), "How long an idle worker waits between checks.");
const STOP: Param = Param::choice("stop", &["drain", "flag"], "Close and drain the queue, or set a flag.");
const QUEUE: Param = Param::choice("queue", &["static", "shared"], "One queue per worker, or one for all.");
const RESULT: Param =
    Param::choice("result", &["watch", "poll", "poll-forever"], "Watch a job's state, or look for its result again and again.");
const FAILURE: Param = Param::choice("failure", &["error", "panic"], "How a job fails.");

/// How often main looks for a result.
const POLL: Duration = Duration::from_millis(100);
/// After this many times `result_timeout` the run ends a wait that has no deadline.
const FOR_EVER: u32 = 4;

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "worker-pool",
    title: "Worker pool",
    group: Group::Channels,
    lesson: "One shared queue balances itself.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[POOL, JOBS, WORK_MIN, WORK_MAX, FAIL_EVERY, RESULT_TIMEOUT, DEQUEUE_TIMEOUT, STOP, QUEUE, RESULT, FAILURE],
    patterns: &["worker pool", "task queue", "load balancing", "job status", "result by id", "polling for a result"],
    differs: "Workers share an `asyncio.Queue` directly; they share Tokio's one receiver behind a lock, where idle workers \
              queue. `except Exception` catches a bug in a job; a panic is caught at the end of a task.",
    builds_on: &["producer-consumer", "timeout"],
    breaks: &[
        Breaks::checks(&[("result", "poll"), ("fail_every", "4")], &["every job that has ended is answered"]),
        Breaks::checks(
            &[("result", "poll-forever"), ("fail_every", "4")],
            &["every job that has ended is answered", "no wait exceeds the timeout"],
        ),
    ],
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "worker"),
            "main deals {param:jobs} jobs out in turn to {count:worker} workers, each with a queue of its own.",
        )
        .line("self.queues[id % self.queues.len()]")
        .only("queue", "static"),
        Stop::at(
            When::Spawn(Nth::Last, "worker"),
            "main puts {param:jobs} jobs into one queue that {count:worker} workers share.",
        )
        .line("receivers.iter().cycle()")
        .only("queue", "shared"),
        Stop::at(
            When::Log(Nth::First, "is idle while jobs are pending"),
            "{task} has done the jobs in its own queue and is idle. Jobs are pending in other queues.",
        )
        .sometimes(),
        Stop::at(
            When::Wait(Nth::First, "worker", For::Lock),
            "{task} is idle and queues for the shared receiver, which {holders} has. No job waits while a worker is idle.",
        )
        .sometimes(),
        Stop::at(
            When::Highest("failed"),
            "{counter:failed} jobs have failed by now. main gets the errors if it watches, and nothing if it polls.",
        )
        .line("Err(error) =>")
        .sometimes(),
        Stop::at(When::Log(Nth::Last, "job"), "The last job ends on {task}, at {time}: {text}."),
        Stop::at(
            When::Log(Nth::First, "the run ends it"),
            "main has polled until {time}. A failed job never has a result, so the run ends it.",
        )
        .line("would poll for ever")
        .sometimes(),
        Stop::at(
            When::End(Nth::First, "worker", How::Well),
            "main drops the senders and so closes the queue. Idle workers wake at once: recv returns None, and {task} ends.",
        )
        .line("self.queues.clear()")
        .only("stop", "drain"),
        Stop::at(
            When::End(Nth::First, "worker", How::Well),
            "main has set a flag, but that wakes nobody. {task} checks it between jobs and after each idle wait, and ends at \
             {time}.",
        )
        .line("stopping.load(Ordering::Relaxed)")
        .only("stop", "flag"),
        Stop::at(
            When::Over,
            "The busiest worker worked for {figure:busiest worker}, the least busy for {figure:least busy worker}. The run \
             took {figure:total}, and {figure:late} results were late.",
        ),
    ],
    questions: questions::QUESTIONS,
    source: include_str!("worker_pool.rs"),
    path: file!(),
    twin: include_str!("worker_pool.py"),
    refuse,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// Refuses a range whose ends are swapped.
fn refuse(values: &Values, _: Clock) -> Result<(), ValueError> {
    let (min, max) = (values.number(&WORK_MIN), values.number(&WORK_MAX));
    if min <= max {
        return Ok(());
    }
    Err(ValueError { param: WORK_MIN.name, reason: format!("{min} is more than work_max: at most {max}") })
}

/// Identifies a job: its position in the order of submission.
type Id = usize;

/// The state of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Pending,
    Running,
    /// With its result.
    Completed(String),
    /// With the reason.
    Failed(JobError),
}

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct JobError {
    id: Id,
    /// Its task panicked: it has a bug.
    panicked: bool,
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "job {} {}", self.id, if self.panicked { "panicked" } else { "failed" })
    }
}

impl std::error::Error for JobError {}

/// A job in a queue or with a worker.
struct Job {
    id: Id,
    work: Duration,
    fails: bool,
    /// Jobs of this pool panic when they fail, so each has a task of its own.
    panics: bool,
    /// Publishes the state to the tasks that have the id.
    state: watch::Sender<State>,
}

/// How many jobs are in each state.
#[derive(Default)]
struct Tally {
    /// The results of completed jobs, for main if it polls. Errors are missing, to show why they should not be.
    results: std::sync::Mutex<BTreeMap<Id, String>>,
    pending: AtomicU64,
    running: AtomicU64,
    completed: AtomicU64,
    failed: AtomicU64,
}

/// How much a worker has done.
#[derive(Default)]
struct Worked {
    jobs: usize,
    busy: Duration,
}

/// The workers, their queues, and the state of each job.
struct Pool {
    /// One, or one for each worker.
    queues: Vec<UnboundedSender<Job>>,
    workers: JoinSet<scenario::Result<Worked>>,
    /// The state of each job, by id.
    states: Vec<watch::Receiver<State>>,
    stopping: Arc<AtomicBool>,
    tally: Arc<Tally>,
    /// Whether jobs panic when they fail.
    panics: bool,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let jobs = cx.count(JOBS);
    let drain = cx.word(STOP) == "drain";
    // Start the workers, and submit all jobs at once.
    let mut pool = Pool::start(&cx)?;
    for i in 0..jobs {
        let work = Duration::from_millis(cx.draw("work", i, cx.number(WORK_MIN)..=cx.number(WORK_MAX)));
        // With `fail_every` at 0 no job fails: only 0 is a multiple of 0.
        pool.submit(work, (i + 1).is_multiple_of(cx.count(FAIL_EVERY)))?;
    }

    // Ask for each result by its id. The requests share one deadline.
    let (how, timeout) = (cx.word(RESULT), cx.duration(RESULT_TIMEOUT));
    let mut asked = Asked::default();
    let asking = pool.ask_all(&mut asked, how, started + timeout);
    if how == "poll-forever" {
        // It may never end by itself.
        if timeout_at(started + timeout * FOR_EVER, asking).await.is_err() {
            info!(moment = "would poll for ever", "the run ends it");
        }
    } else {
        asking.await;
    }
    let waited = started.elapsed();
    // If the run had to end the wait, main still waits for the next job.
    let overlooked = asked.overlooked || (asked.jobs < jobs && pool.has_ended(asked.jobs));
    let late = asked.late + jobs - asked.jobs;
    info!(moment = "stop", "{late} results are late");
    let workers = pool.stop(drain).await?;

    // Count the final states of the jobs.
    let count = |is: fn(&State) -> bool| pool.states.iter().filter(|state| is(&state.borrow())).count();
    let completed = count(|state| matches!(state, State::Completed(_)));
    let failed = count(|state| matches!(state, State::Failed(_)));
    let pending = count(|state| *state == State::Pending);
    let run: usize = workers.iter().map(|worked| worked.jobs).sum();
    let busy = || workers.iter().map(|worked| worked.busy);
    Ok(Outcome::new()
        .figure("completed", completed, "jobs")
        .figure("failed", failed, "jobs")
        .figure("left pending", pending, "jobs")
        .figure("late", late, "results")
        .figure("busiest worker", busy().max().unwrap_or_default(), "ms")
        .figure("least busy worker", busy().min().unwrap_or_default(), "ms")
        .figure("total", started.elapsed(), "ms")
        .check("each job ends in one state", run == completed + failed && run + pending == jobs)
        .check("each result is read by its id", !asked.mixed_up)
        .check("every job that has ended is answered", !overlooked)
        .check("no wait exceeds the timeout", waited <= timeout || cx.on_time(waited, timeout))
        .check("only a flag leaves jobs pending", pending == 0 || !drain))
}

/// What main knows.
#[derive(Default)]
struct Asked {
    /// Jobs that were asked for, and not answered in time.
    jobs: usize,
    late: usize,
    /// An answer was for another job.
    mixed_up: bool,
    /// A wait ended without an answer although the job had ended.
    overlooked: bool,
}

/// What a job returned; `None` if it was not known in time.
type Answer = Option<Result<String, JobError>>;

impl Pool {
    /// Creates the queues and starts the workers.
    fn start(cx: &Context) -> scenario::Result<Self> {
        let (workers, dequeue_timeout) = (cx.count(POOL), cx.duration(DEQUEUE_TIMEOUT));
        let shared = cx.word(QUEUE) == "shared";
        let (queues, receivers): (Vec<_>, Vec<_>) =
            (0..if shared { 1 } else { workers }).map(|_| mpsc::unbounded_channel()).unzip();
        let receivers: Vec<_> = receivers.into_iter().map(|receiver| Arc::new(Mutex::new(receiver))).collect();
        let (stopping, tally) = (Arc::new(AtomicBool::new(false)), Arc::new(Tally::default()));
        let panics = cx.word(FAILURE) == "panic";
        let mut pool = Self { queues, workers: JoinSet::new(), states: Vec::new(), stopping, tally, panics };
        // With a shared queue `cycle` gives each worker the same receiver.
        for (i, receiver) in receivers.iter().cycle().take(workers).enumerate() {
            let worker = worker(receiver.clone(), dequeue_timeout, pool.stopping.clone(), pool.tally.clone());
            pool.workers.build_task().name(&format!("worker {i}")).spawn(worker)?;
        }
        Ok(pool)
    }

    /// Puts a job into a queue and returns its id.
    fn submit(&mut self, work: Duration, fails: bool) -> scenario::Result<Id> {
        let id = self.states.len();
        let (state, seen) = watch::channel(State::Pending);
        self.states.push(seen);
        self.tally.pending.fetch_add(1, Ordering::Relaxed);
        self.queues[id % self.queues.len()].send(Job { id, work, fails, panics: self.panics, state })?;
        Ok(id)
    }

    /// Asks for every job, one after the other.
    async fn ask_all(&self, asked: &mut Asked, how: &str, deadline: Instant) {
        for id in 0..self.states.len() {
            let answer = match how {
                "watch" => self.result(id, deadline).await,
                "poll" => self.poll_result(id, Some(deadline)).await,
                _ => self.poll_result(id, None).await,
            };
            asked.late += usize::from(answer.is_none());
            match answer {
                Some(Ok(text)) => asked.mixed_up |= text != result(id),
                Some(Err(error)) => asked.mixed_up |= error.id != id,
                None => asked.overlooked |= self.has_ended(id),
            }
            asked.jobs += 1;
        }
    }

    /// Waits until a job has ended, and returns its result or its error; returns `None` at the deadline.
    async fn result(&self, id: Id, deadline: Instant) -> Answer {
        let mut state = self.states[id].clone();
        let ended = state.wait_for(|state| state.answer().is_some());
        let state = timeout_at(deadline, ended).instrument(info_span!("wants result", id)).await.ok()?.ok()?;
        state.answer()
    }

    /// Looks for a result again and again, until the deadline if there is one. It never finds a job that has failed.
    async fn poll_result(&self, id: Id, deadline: Option<Instant>) -> Answer {
        loop {
            let found = self.tally.results.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
            if found.is_some() {
                return found.map(Ok);
            }
            let (now, next) = (Instant::now(), Instant::now() + POLL);
            if deadline.is_some_and(|deadline| deadline <= now) {
                return None;
            }
            sleep_until(deadline.map_or(next, |deadline| deadline.min(next))).instrument(info_span!("polls for", id)).await;
        }
    }

    /// Returns true if a job is completed or has failed.
    fn has_ended(&self, id: Id) -> bool {
        self.states[id].borrow().answer().is_some()
    }

    /// Stops the workers and waits for them to end.
    async fn stop(&mut self, drain: bool) -> scenario::Result<Vec<Worked>> {
        if drain {
            // Dropping the senders closes the queues. `recv` returns `None` after the last job.
            self.queues.clear();
        } else {
            self.stopping.store(true, Ordering::Relaxed);
        }
        let mut all = Vec::new();
        while let Some(worked) = self.workers.join_next().await {
            all.push(worked??);
        }
        Ok(all)
    }
}

/// Does one job after another, until the queue is closed and empty, or the flag is set.
async fn worker(
    queue: Arc<Mutex<UnboundedReceiver<Job>>>,
    dequeue_timeout: Duration,
    stopping: Arc<AtomicBool>,
    tally: Arc<Tally>,
) -> scenario::Result<Worked> {
    let mut worked = Worked::default();
    while !stopping.load(Ordering::Relaxed) {
        // Cancel safe: if the timeout drops this, no job was taken, because `lock` and `recv` are cancel safe.
        let next = async {
            let mut queue = queue.lock().await;
            let pending = tally.pending.load(Ordering::Relaxed);
            if queue.is_empty() && pending > 0 {
                // The pending jobs are in another worker's queue.
                info!(moment = format!("own queue empty, {pending} pending"), "is idle while jobs are pending");
            }
            queue.recv().await
        }
        .instrument(info_span!("idle"));
        // After the timeout check the flag again. `None` means that the queue is closed and empty.
        let Ok(next) = timeout(dequeue_timeout, next).await else { continue };
        let Some(job) = next else { break };
        let began = Instant::now();
        let span = info_span!("job", id = job.id);
        job.run(&tally).instrument(span).await?;
        worked.busy += began.elapsed();
        worked.jobs += 1;
    }
    Ok(worked)
}

impl State {
    /// What a job that has ended returned.
    fn answer(&self) -> Answer {
        match self {
            State::Pending | State::Running => None,
            State::Completed(result) => Some(Ok(result.clone())),
            State::Failed(error) => Some(Err(error.clone())),
        }
    }
}

impl Job {
    /// Does the work and publishes its result or its error.
    async fn run(self, tally: &Tally) -> scenario::Result<()> {
        self.state.send_replace(State::Running);
        let pending = tally.pending.fetch_sub(1, Ordering::Relaxed) - 1;
        let running = tally.running.fetch_add(1, Ordering::Relaxed) + 1;
        info!(counter.pending = pending, counter.running = running, "job {} runs", self.id);

        let work = work(self.id, self.work, self.fails, self.panics);
        let result = if self.panics {
            // A panic ends the task that it happens in. This one is the job's own, so the worker only gets an error.
            let job = Builder::new().name(&format!("job {}", self.id)).spawn(work)?;
            job.await.unwrap_or(Err(JobError { id: self.id, panicked: true }))
        } else {
            work.await
        };

        let running = tally.running.fetch_sub(1, Ordering::Relaxed) - 1;
        match result {
            Ok(result) => {
                let completed = tally.completed.fetch_add(1, Ordering::Relaxed) + 1;
                info!(counter.running = running, counter.completed = completed, "job {} is completed", self.id);
                tally.results.lock().unwrap_or_else(PoisonError::into_inner).insert(self.id, result.clone());
                self.state.send_replace(State::Completed(result));
            }
            Err(error) => {
                let failed = tally.failed.fetch_add(1, Ordering::Relaxed) + 1;
                info!(counter.running = running, counter.failed = failed, "{error}");
                self.state.send_replace(State::Failed(error));
            }
        }
        Ok(())
    }
}

/// The work of a job.
async fn work(id: Id, time: Duration, fails: bool, panics: bool) -> Result<String, JobError> {
    sleep(time).await;
    assert!(!(fails && panics), "job {id} has a bug");
    if fails { Err(JobError { id, panicked: false }) } else { Ok(result(id)) }
}

/// The result of a job that completes.
fn result(id: Id) -> String {
    format!("result {id}")
}

#[cfg(test)]
mod tests {
    mod jobs;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_static_split_ends_late() -> scenario::Result<()> {
        for (queue, total) in [("shared", 2467.0), ("static", 2728.0)] {
            let outcome = run(Context::of(&SCENARIO, &[(QUEUE, queue)])).await?;
            assert_eq!(outcome.value("total"), Some(total), "{queue}");
            assert!(outcome.holds());
        }
        Ok(())
    }
}
