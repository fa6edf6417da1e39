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
//! channel that holds its state, so you can ask for a result early, late, or twice. A failure ends
//! the job, not its worker.
//!
//! **Try.** Set `queue` to `shared`: the run takes 2467 ms instead of 2728. Set `result_timeout` to
//! 1500: six results are late, but their jobs still finish, because a timeout drops the wait and
//! not the work. Now set `stop` to `flag`: two jobs have not started by then, and stay pending for
//! ever.
//!
//! **Pitfall.** A worker sees a flag only when it checks. An idle worker waits in `recv`, so it has
//! to wake up regularly for nothing (`dequeue_timeout`), and may see the flag that much too late.
//! Closing the queue (`stop=drain`) wakes it at once, after the last job. And put the timeout only
//! around the wait for a job, `lock` and `recv`: around more, it could drop a job that was already
//! taken.
//!
//! **Words.** asyncio: workers on one `asyncio.Queue`, a `Future` for each job,
//! `wait_for(queue.get(), 1.0)`. Tokio: a `JoinSet` of workers; `mpsc` has one receiver, so the
//! workers share it behind a lock, and idle ones queue there; `watch`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::{Instrument, info, info_span};

use scenario::prelude::*;

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

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "worker-pool",
    title: "Worker pool",
    group: Group::Channels,
    lesson: "One shared queue balances itself.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[POOL, JOBS, WORK_MIN, WORK_MAX, FAIL_EVERY, RESULT_TIMEOUT, DEQUEUE_TIMEOUT, STOP, QUEUE],
    patterns: &["worker pool", "task queue", "load balancing", "job status", "result by id"],
    differs: "Workers share an `asyncio.Queue` directly; they share Tokio's one receiver behind a lock, where idle workers \
              queue.",
    builds_on: &["producer-consumer", "timeout"],
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "worker"),
            "main deals {param:jobs} jobs out in turn to {count:worker} workers, each with a queue of its own. Nobody knows \
             yet how long a job takes.",
        )
        .line("self.queues[id % self.queues.len()]")
        .only("queue", "static"),
        Stop::at(
            When::Spawn(Nth::Last, "worker"),
            "main puts {param:jobs} jobs into one queue that {count:worker} workers share. A job gets its worker only when \
             one is free.",
        )
        .line("receivers.iter().cycle()")
        .only("queue", "shared"),
        Stop::at(
            When::Log(Nth::First, "is idle while jobs are pending"),
            "{task} has done the jobs in its own queue and is idle. Jobs are pending, but in queues of other workers, from \
             which {task} cannot take them.",
        )
        .line("is idle while jobs are pending")
        .sometimes(),
        Stop::at(
            When::Wait(Nth::First, "worker", For::Lock),
            "{task} is idle and queues for the receiver that the workers share; {holders} has it. No job waits while a worker \
             is idle.",
        )
        .sometimes(),
        Stop::at(When::Log(Nth::Last, "job"), "The last job ends on {task}, at {time}: {text}."),
        Stop::at(
            When::End(Nth::First, "worker", How::Well),
            "main has dropped the senders, which closes the queue. An idle worker wakes at once: recv returns None, and \
             {task} ends.",
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
    Failed(String),
}

/// A job in a queue or with a worker.
struct Job {
    id: Id,
    work: Duration,
    fails: bool,
    /// Publishes the state to the tasks that have the id.
    state: watch::Sender<State>,
}

/// How many jobs are in each state.
#[derive(Default)]
struct Tally {
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
    workers: JoinSet<Worked>,
    /// The state of each job, by id.
    states: Vec<watch::Receiver<State>>,
    stopping: Arc<AtomicBool>,
    tally: Arc<Tally>,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let jobs = cx.count(JOBS);
    let drain = cx.word(STOP) == "drain";
    // Start the workers, and submit all jobs at once.
    let mut pool = Pool::start(cx.count(POOL), cx.word(QUEUE) == "shared", cx.duration(DEQUEUE_TIMEOUT))?;
    for i in 0..jobs {
        let work = Duration::from_millis(cx.draw("work", i, cx.number(WORK_MIN)..=cx.number(WORK_MAX)));
        // With `fail_every` at 0 no job fails: only 0 is a multiple of 0.
        pool.submit(work, (i + 1).is_multiple_of(cx.count(FAIL_EVERY)))?;
    }

    // Ask for each result by its id. The requests share one deadline.
    let (mut late, mut matching) = (0_usize, true);
    for id in 0..jobs {
        match pool.result(id, started + cx.duration(RESULT_TIMEOUT)).await {
            Some(state) => matching &= state == State::Completed(result(id)) || state == State::Failed(reason(id)),
            None => late += 1,
        }
    }
    let waited = started.elapsed();
    info!(moment = "stop", "{late} results are late");
    let workers = pool.stop(drain).await?;

    // Count the final states of the jobs.
    let count = |is: fn(&State) -> bool| pool.states.iter().filter(|state| is(&state.borrow())).count();
    let completed = count(|state| matches!(state, State::Completed(_)));
    let failed = count(|state| matches!(state, State::Failed(_)));
    let pending = count(|state| *state == State::Pending);
    let run: usize = workers.iter().map(|worked| worked.jobs).sum();
    let busy = || workers.iter().map(|worked| worked.busy);
    let timeout = cx.duration(RESULT_TIMEOUT);
    Ok(Outcome::new()
        .figure("completed", completed, "jobs")
        .figure("failed", failed, "jobs")
        .figure("left pending", pending, "jobs")
        .figure("late", late, "results")
        .figure("busiest worker", busy().max().unwrap_or_default(), "ms")
        .figure("least busy worker", busy().min().unwrap_or_default(), "ms")
        .figure("total", started.elapsed(), "ms")
        .check("each job ends in one state", run == completed + failed && run + pending == jobs)
        .check("each result is read by its id", matching)
        .check("no wait exceeds the timeout", waited <= timeout || cx.on_time(waited, timeout))
        .check("only a flag leaves jobs pending", pending == 0 || !drain))
}

impl Pool {
    /// Creates the queues and starts the workers.
    fn start(workers: usize, shared: bool, dequeue_timeout: Duration) -> scenario::Result<Self> {
        let (queues, receivers): (Vec<_>, Vec<_>) =
            (0..if shared { 1 } else { workers }).map(|_| mpsc::unbounded_channel()).unzip();
        let receivers: Vec<_> = receivers.into_iter().map(|receiver| Arc::new(Mutex::new(receiver))).collect();
        let (stopping, tally) = (Arc::new(AtomicBool::new(false)), Arc::new(Tally::default()));
        let mut pool = Self { queues, workers: JoinSet::new(), states: Vec::new(), stopping, tally };
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
        self.queues[id % self.queues.len()].send(Job { id, work, fails, state })?;
        Ok(id)
    }

    /// Waits until a job has ended, and returns its state; returns `None` at the deadline.
    async fn result(&self, id: Id, deadline: Instant) -> Option<State> {
        let mut state = self.states[id].clone();
        let ended = state.wait_for(|state| matches!(state, State::Completed(_) | State::Failed(_)));
        Some(timeout_at(deadline, ended).instrument(info_span!("wants result", id)).await.ok()?.ok()?.clone())
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
            all.push(worked?);
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
) -> Worked {
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
        job.run(&tally).instrument(span).await;
        worked.busy += began.elapsed();
        worked.jobs += 1;
    }
    worked
}

impl Job {
    async fn run(self, tally: &Tally) {
        self.state.send_replace(State::Running);
        let pending = tally.pending.fetch_sub(1, Ordering::Relaxed) - 1;
        let running = tally.running.fetch_add(1, Ordering::Relaxed) + 1;
        info!(counter.pending = pending, counter.running = running, "job {} runs", self.id);

        sleep(self.work).await;

        let running = tally.running.fetch_sub(1, Ordering::Relaxed) - 1;
        if self.fails {
            let failed = tally.failed.fetch_add(1, Ordering::Relaxed) + 1;
            info!(counter.running = running, counter.failed = failed, "job {} has failed", self.id);
            self.state.send_replace(State::Failed(reason(self.id)));
        } else {
            let completed = tally.completed.fetch_add(1, Ordering::Relaxed) + 1;
            info!(counter.running = running, counter.completed = completed, "job {} is completed", self.id);
            self.state.send_replace(State::Completed(result(self.id)));
        }
    }
}

/// The result of a job that completes.
fn result(id: Id) -> String {
    format!("result {id}")
}

/// The reason of a job that fails.
fn reason(id: Id) -> String {
    format!("job {id} failed")
}

#[cfg(test)]
mod tests {
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

    /// A timeout loses only the wait, because the job still finishes; a flag leaves jobs that have not started.
    #[tokio::test(start_paused = true)]
    async fn a_timeout_drops_the_wait_and_a_flag_drops_the_work() -> scenario::Result<()> {
        for (stop, completed, pending, total) in [("drain", 16.0, 0.0, 2467.0), ("flag", 14.0, 2.0, 2012.0)] {
            let outcome = run(Context::of(&SCENARIO, &[(QUEUE, "shared"), (RESULT_TIMEOUT, "1500"), (STOP, stop)])).await?;
            let figures = ["completed", "left pending", "late", "total"].map(|figure| outcome.value(figure));
            assert_eq!(figures, [Some(completed), Some(pending), Some(6.0), Some(total)], "{stop}");
            assert!(outcome.holds());
        }
        Ok(())
    }

    /// If all jobs are done, a flag ends the pool up to one `dequeue_timeout` later than a closed queue.
    #[tokio::test(start_paused = true)]
    async fn a_flag_is_seen_late() -> scenario::Result<()> {
        let drained = run(Context::of(&SCENARIO, &[])).await?.value("total");
        let flagged = run(Context::of(&SCENARIO, &[(STOP, "flag")])).await?.value("total");
        assert_eq!(flagged, drained.map(|total| total + 1000.0));
        Ok(())
    }
}
