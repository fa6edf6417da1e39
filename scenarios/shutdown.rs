//! # Shutdown: stop, drain, then kill
//!
//! A service accepts a job every 130 ms and has five workers. At 600 ms it gets a signal to stop,
//! and has one and a half seconds to do so.
//!
//! **What you see.** Three phases. *Stop*: the service reports that it is not ready, the next
//! health probe sees that, and no more jobs come in. *Drain*: the workers finish what is queued,
//! and end one by one as the queue runs empty. *Kill*: at 2100 ms the workers that are still busy
//! are aborted, and their jobs are reported as lost.
//!
//! **Why.** The order matters. If you kill the workers first, you lose the jobs they hold. If you
//! drain before you close the intake, you never finish. So report "not ready" first, because
//! clients notice it only at their next probe. Then stop the producers, and then the consumers,
//! whose queue now ends. After the grace period, abort the rest. *Count* unfinished jobs: an
//! accepted job is finished or reported, never silently lost.
//!
//! **Try.** Set `grace` to 6000: nothing is lost, and the run ends with its last job, at 2159 ms.
//! Set it to 0: the 4 jobs that were accepted but not finished are lost at once. Set it back to
//! 1500 and `health_every` to 2000: the first probe comes at 1000 ms, so the service accepts 3 jobs
//! after the signal instead of 1, and 3 of 7 are lost. On the real clock, set `trigger` to
//! `sigterm` or `ctrl-c`: this process sends itself the real signal.
//!
//! **Pitfall.** Your grace period has to be shorter than that of the system that stops you
//! (Kubernetes: 30 s). Otherwise the kill comes from outside, and nothing is reported. Handle both
//! SIGTERM, which systems send, and SIGINT, which Ctrl-C sends, and listen *before* you need it: an
//! unhandled signal ends the process. Once you listen, Tokio keeps its handler to the end, so a
//! second Ctrl-C ends nothing unless you wait for it too.
//!
//! **Words.** asyncio: `loop.add_signal_handler`, an `asyncio.Event`, `task.cancel()`. Tokio:
//! `tokio::signal`, `CancellationToken`, `timeout_at`, `JoinSet::abort_all`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::{Mutex, watch};
use tokio::task::{Builder, JoinSet};
use tokio::time::{Instant, interval_at, sleep, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info, info_span, warn};

use scenario::prelude::*;

const POOL: Param = Param::count("pool", 5, (1, 100), "workers", "How many workers do the jobs.");
const GRACE: Param = Param::millis("grace", 1_500, (0, 60_000), "How long after the signal to abort workers.");
const JOB_MIN: Param = Param::millis("job_min", 200, (1, 60_000), "Shortest time that a job takes.");
const JOB_MAX: Param = Param::millis("job_max", 2_000, (1, 60_000), "Longest time that a job takes.");
const HEALTH_EVERY: Param = Param::millis("health_every", 500, (2, 60_000), "How often a probe checks readiness.");
const SIGNAL_AT: Param = Param::millis("signal_at", 600, (1, 60_000), "When the service gets the signal to stop.");
const TRIGGER: Param =
    Param::choice("trigger", &["token", "sigterm", "ctrl-c"], "Stop by token, or on the real clock by a signal.");

/// The time between two jobs.
const EVERY: Duration = Duration::from_millis(130);

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "shutdown",
    title: "Shutdown",
    group: Group::Resources,
    lesson: "Stop, drain, then kill.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[POOL, GRACE, JOB_MIN, JOB_MAX, HEALTH_EVERY, SIGNAL_AT, TRIGGER],
    patterns: &["graceful shutdown", "signal handling", "health check", "drain", "grace period"],
    differs: "A job that is done in the millisecond in which the grace period ends is finished in Tokio and may be lost in \
              asyncio. So is a job that comes in the millisecond in which a probe comes: accepted in one and sent away in \
              the other.",
    builds_on: &["task-group", "worker-pool"],
    real_because: "a real signal comes from outside, on wall time",
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "worker"),
            "The intake puts jobs into a queue, and {count:worker} workers do them. A health probe asks regularly if the service \
             is ready.",
        ),
        Stop::at(
            When::Log(Nth::First, "stop: the service"),
            "The signal has come. First the service reports that it is not ready, but clients notice only at the next probe, so \
             jobs may still come in.",
        )
        .line("ready.send_replace(false)"),
        Stop::at(
            When::Becomes(Nth::First, "intake", "closed"),
            "At {time} a probe sees it and closes the intake. From here on no job is added to the queue.",
        )
        .line("if !ready"),
        Stop::at(
            When::End(Nth::First, "worker", How::Well),
            "The queue is closed and empty, so {task} ends by itself. {done:worker} of {count:worker} workers have ended.",
        )
        .line("else { return }")
        .sometimes(),
        Stop::at(
            When::Log(Nth::First, "kill:"),
            "At {time} the grace period is over. main aborts the workers that have not ended, whatever they do.",
        )
        .line("workers.shutdown()")
        .sometimes(),
        Stop::at(
            When::End(Nth::First, "worker", How::Cancelled),
            "{task} is dropped at its await. A job that it has in hand is dropped too, and `Drop` reports it as lost.",
        )
        .sometimes(),
        Stop::at(
            When::Over,
            "{figure:accepted} jobs were accepted, {figure:finished} finished and {figure:reported lost} reported as lost. It \
             took {figure:from the signal to the end} from the signal to the end.",
        ),
    ],
    questions: &[
        Question::new(
            "The signal to stop comes at {param:signal_at}, and a probe checks every {param:health_every} if the service is \
             ready. When does the intake close?",
            Answer::Choice(&[
                Choice::new("At once, with the signal", If::Equal("time", "param:signal_at")),
                Choice::new("At the end of the grace period", If::Equal("time", "param:signal_at + param:grace")),
                Choice::new("With the next probe", If::Otherwise),
            ]),
            When::Becomes(Nth::First, "intake", "closed"),
            "Jobs accepted after the signal: {figure:accepted after the signal}. Clients learn only from a probe that the \
             service is not ready any more.",
        ),
        Question::new(
            "Jobs take {param:job_min} to {param:job_max}. What becomes of jobs that are not done when the grace period of \
             {param:grace} is over?",
            Answer::Choice(&[
                Choice::new(
                    "The service ends later, with the last job",
                    If::More("figure:from the signal to the end", "param:grace"),
                ),
                Choice::new("They are dropped, and reported as lost", If::More("figure:reported lost", "0")),
                Choice::new(
                    "There are none: all jobs are done by then",
                    If::Holds("every accepted job is finished or reported lost"),
                ),
                Choice::new("They are dropped, and nobody knows of it", If::Otherwise),
            ]),
            When::Over,
            "{figure:finished} of {figure:accepted} jobs were finished, {figure:reported lost} reported lost. It took \
             {figure:from the signal to the end} from the signal to the end; the grace period is {param:grace}.",
        ),
    ],
    source: include_str!("shutdown.rs"),
    path: file!(),
    twin: include_str!("shutdown.py"),
    refuse,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// Refuses a signal on the virtual clock, because signals come on wall time, and a range whose ends are swapped.
fn refuse(values: &Values, clock: Clock) -> Result<(), ValueError> {
    let trigger = values.word(&TRIGGER);
    if trigger != "token" && clock == Clock::Virtual {
        let reason = format!("{trigger} needs the real clock: signals come on wall time");
        return Err(ValueError { param: TRIGGER.name, reason });
    }
    let (least, most) = (values.number(&JOB_MIN), values.number(&JOB_MAX));
    if least > most {
        let reason = format!("{most} is less than job_min: at least {least}");
        return Err(ValueError { param: JOB_MAX.name, reason });
    }
    Ok(())
}

/// What has become of the jobs so far.
#[derive(Default)]
struct Tally {
    accepted: AtomicU64,
    finished: AtomicU64,
    /// Aborted together with their worker, and reported.
    cut: AtomicU64,
}

/// A job that a worker holds. If it is dropped before it is finished, it reports the job as lost.
struct InHand {
    job: usize,
    finished: bool,
    tally: Arc<Tally>,
}

impl Drop for InHand {
    fn drop(&mut self) {
        if !self.finished {
            let cut = self.tally.cut.fetch_add(1, Ordering::Relaxed) + 1;
            warn!(counter.lost = cut, mark = "lost", "job {} was aborted", self.job);
        }
    }
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let tally = Arc::new(Tally::default());
    let (jobs, queue) = mpsc::channel(10_000);
    let queue = Arc::new(Mutex::new(queue));
    let (ready, readiness) = watch::channel(true);
    let close_intake = CancellationToken::new();

    // Start the probe, the intake and the workers.
    let health = health(readiness, close_intake.clone(), cx.duration(HEALTH_EVERY));
    let health = Builder::new().name("health").spawn(health)?;
    let intake = Builder::new().name("intake").spawn(intake(jobs, close_intake.clone(), tally.clone()))?;
    let mut workers = JoinSet::new();
    for i in 0..cx.count(POOL) {
        let worker = worker(cx.clone(), queue.clone(), tally.clone());
        workers.build_task().name(&format!("worker {i}")).spawn(worker)?;
    }

    info!(moment = "signal", moment_at_ms = cx.number(SIGNAL_AT), "the signal comes at {} ms", cx.number(SIGNAL_AT));
    info!(state.mode = "serving", counter.lost = 0, "accepts jobs");
    let kill_at = cx.number(SIGNAL_AT) + cx.number(GRACE);
    info!(moment = "kill", moment_at_ms = kill_at, "the grace period ends at {kill_at} ms");
    // Stop: report that the service is not ready. The next probe then closes the intake.
    told_to_stop(&cx).await?;
    let told = Instant::now();
    let before = tally.accepted.load(Ordering::Relaxed);
    info!(state.mode = "draining", "stop: the service is no longer ready");
    ready.send_replace(false);

    // Drain: the workers end when the intake is closed and the queue is empty.
    if let Ok(drained) = timeout_at(told + cx.duration(GRACE), drain(&mut workers)).await {
        drained?;
    } else {
        info!(state.mode = "killed", "kill: {} workers are still busy", workers.len());
    }
    // Close the intake, even if no probe has, so that it accepts nothing after the lost jobs are counted.
    close_intake.cancel();
    intake.await??;
    // Kill: abort the workers that are left, and wait until they have ended.
    workers.shutdown().await;
    health.abort();
    let took = told.elapsed();

    // Jobs that are still queued are lost, too. Count them.
    let mut queue = queue.lock().await;
    let mut waiting = 0_u64;
    while queue.try_recv().is_ok() {
        waiting += 1;
    }
    let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let (accepted, finished, lost) = (read(&tally.accepted), read(&tally.finished), read(&tally.cut) + waiting);
    info!(counter.lost = lost, "ends with {finished} jobs finished and {lost} lost");
    let grace = cx.duration(GRACE);
    Ok(Outcome::new()
        .figure("accepted", accepted, "jobs")
        .figure("accepted after the signal", accepted - before, "jobs")
        .figure("finished", finished, "jobs")
        .figure("reported lost", lost, "jobs")
        .figure("from the signal to the end", took, "ms")
        .figure("total", started.elapsed(), "ms")
        .check("every accepted job is finished or reported lost", accepted == finished + lost)
        .check("it ends within the grace period", took <= grace || cx.on_time(took, grace)))
}

/// Waits for the token or for a signal, which the task *operator* sends at `SIGNAL_AT`.
async fn told_to_stop(cx: &Context) -> scenario::Result<()> {
    let token = CancellationToken::new();
    let at = Instant::now() + cx.duration(SIGNAL_AT);
    let operator = Builder::new().name("operator");
    if cx.word(TRIGGER) == "token" {
        let theirs = token.clone();
        let operator = operator.spawn(async move {
            sleep_until(at).await;
            theirs.cancel();
        })?;
        token.cancelled().await;
        return Ok(operator.await?);
    }
    // Listen for both, whichever comes: from here on they no longer end the process.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let sends = if cx.word(TRIGGER) == "sigterm" { Signal::TERM } else { Signal::INT };
    let operator = operator.spawn(async move {
        sleep_until(at).await;
        kill_process(getpid(), sends)
    })?;
    tokio::select! {
        _ = terminate.recv() => info!("SIGTERM: the system stops the service"),
        _ = interrupt.recv() => info!("SIGINT: Ctrl-C stops the service"),
    }
    Ok(operator.await??)
}

/// Probes the service at each tick, and closes the intake the first time that it is not ready.
async fn health(readiness: watch::Receiver<bool>, close_intake: CancellationToken, every: Duration) {
    // Half a tick off, so that no probe coincides with another event. An interval counts from its start: a late probe does
    // not delay the next ones, as a loop of sleeps would.
    let mut probes = interval_at(Instant::now() + every / 2, every);
    loop {
        probes.tick().await;
        let ready = *readiness.borrow();
        if !ready {
            info!(state.intake = "closed", moment = "intake closes", "not ready: no more jobs are sent");
            close_intake.cancel();
            return;
        }
        info!(state.intake = "open", "ready");
    }
}

/// Accepts jobs until it is closed. It has the only sender, so the queue ends with it.
async fn intake(jobs: Sender<usize>, closed: CancellationToken, tally: Arc<Tally>) -> scenario::Result<()> {
    let mut arrivals = interval_at(Instant::now() + EVERY, EVERY);
    for job in 0.. {
        // Wait for a job and then for room in the queue. Closing ends either wait: a full queue must not hold up the shutdown.
        let sent = async {
            arrivals.tick().await;
            jobs.send(job).await
        };
        tokio::select! {
            biased;
            () = closed.cancelled() => break,
            sent = sent => sent?,
        }
        tally.accepted.fetch_add(1, Ordering::Relaxed);
        info!(mark = format!("in {job}"), counter.queue = jobs.max_capacity() - jobs.capacity(), "accepts job {job}");
    }
    info!("the intake is closed");
    Ok(())
}

/// Does one job after another until the queue ends.
async fn worker(cx: Context, queue: Arc<Mutex<Receiver<usize>>>, tally: Arc<Tally>) {
    loop {
        // Hold the lock only during the wait, not during the work.
        let next = async { queue.lock().await.recv().await }.instrument(info_span!("idle")).await;
        let Some(job) = next else { return };
        let mut in_hand = InHand { job, finished: false, tally: tally.clone() };
        let takes = Duration::from_millis(cx.draw("job", job, cx.number(JOB_MIN)..=cx.number(JOB_MAX)));
        // An abort drops the task at this await, and `in_hand` with it, which reports the job as lost.
        sleep(takes).instrument(info_span!("works", job)).await;
        in_hand.finished = true;
        let finished = tally.finished.fetch_add(1, Ordering::Relaxed) + 1;
        info!(counter.finished = finished, mark = "done", "job {job} is finished");
    }
}

/// Waits until every worker has ended.
async fn drain(workers: &mut JoinSet<()>) -> scenario::Result<()> {
    while let Some(ended) = workers.join_next().await {
        ended?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use scenario::Value;

    /// The grace period decides how many jobs are lost, and each lost job is reported.
    #[tokio::test(start_paused = true)]
    async fn what_was_accepted_is_finished_or_reported() -> scenario::Result<()> {
        for (turned, late, finished, lost, total) in [
            (&[] as &[_], 1.0, 4.0, 1.0, 2100.0),
            (&[(GRACE, "6000")], 1.0, 5.0, 0.0, 2159.0),
            (&[(GRACE, "0")], 0.0, 0.0, 4.0, 600.0),
            (&[(HEALTH_EVERY, "2000")], 3.0, 4.0, 3.0, 2100.0),
        ] {
            let outcome = run(Context::of(&SCENARIO, turned)).await?;
            let figures = ["accepted after the signal", "finished", "reported lost", "total"].map(|name| outcome.value(name));
            assert_eq!(figures, [Some(late), Some(finished), Some(lost), Some(total)], "{turned:?}");
            assert!(outcome.holds(), "{turned:?}: {outcome:?}");
        }
        Ok(())
    }

    /// The other triggers are real signals, which need the real clock.
    #[test]
    fn a_real_signal_does_the_same() {
        for trigger in ["sigterm", "ctrl-c"] {
            scenario::really(async || {
                let mut values = Values::defaults(SCENARIO.params);
                values.set(&TRIGGER, Value::Choice(trigger));
                for (param, ms) in [(SIGNAL_AT, 300), (GRACE, 100), (HEALTH_EVERY, 20)] {
                    values.set(&param, Value::Number(ms));
                }
                let outcome = run(Context::new(values, 0, Clock::Real)).await?;
                assert!(outcome.holds(), "{trigger}: {outcome:?}");
                assert!(outcome.value("accepted") >= Some(1.0), "{trigger}: {outcome:?}");
                Ok(())
            });
        }
    }

    /// A worker that computes makes the probe of 50 ms late by 40. The next one comes at 150 ms all the same, and not at 190.
    #[tokio::test(start_paused = true)]
    async fn a_late_probe_does_not_delay_the_next_ones() {
        let started = Instant::now();
        let (ready, readiness) = watch::channel(true);
        let closed = CancellationToken::new();
        tokio::spawn(health(readiness, closed.clone(), Duration::from_millis(100)));
        sleep(Duration::from_millis(30)).await;
        scenario::work::burn(Clock::Virtual, Duration::from_millis(60));
        sleep(Duration::from_millis(30)).await;
        ready.send_replace(false);
        closed.cancelled().await;
        assert_eq!(started.elapsed(), Duration::from_millis(150));
    }

    /// With nobody to take them, the second job finds the queue full. The intake closes nevertheless.
    #[tokio::test(start_paused = true)]
    async fn a_full_queue_does_not_hold_up_the_intake() -> scenario::Result<()> {
        let (jobs, _queue) = mpsc::channel(1);
        let (closed, tally) = (CancellationToken::new(), Arc::new(Tally::default()));
        let intake = tokio::spawn(intake(jobs, closed.clone(), tally.clone()));
        sleep(EVERY * 3).await;
        closed.cancel();
        tokio::time::timeout(EVERY, intake).await???;
        assert_eq!(tally.accepted.load(Ordering::Relaxed), 1, "a job that found no room was not accepted");
        Ok(())
    }
}
