//! # The service, shut down under load
//!
//! Jobs come at a steady rate, and after a while the service is asked to shut down.
//!
//! **What you see.** Each job is a lane. When the service drains, it takes no more jobs, and finishes those that it accepted.
//!
//! **Try.** Set `work` to 900: the queue fills, and the service refuses. Set `grace` to 100: jobs are lost, and counted.

use std::process::ExitCode;
use std::time::Duration;

use scenario::prelude::*;
use service::{Config, Refused, Service};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

const JOBS: Param = Param::count("jobs", 40, (1, 100_000), "jobs", "How many jobs come.");
const EVERY: Param = Param::millis(
    "every",
    50,
    (1, 60_000),
    "How long it takes until the next job comes.",
);
const WORK: Param = Param::millis("work", 300, (0, 60_000), "How long a job takes.");
const WORKERS: Param = Param::count(
    "workers",
    4,
    (1, 1_000),
    "jobs",
    "How many jobs are worked on at a time.",
);
const QUEUE: Param = Param::count("queue", 4, (1, 1_000), "jobs", "How many more may wait.");
const TIMEOUT: Param = Param::millis("timeout", 1_000, (1, 60_000), "How long a job may take.");
const GRACE: Param = Param::millis(
    "grace",
    1_000,
    (0, 60_000),
    "How long the shutdown may take.",
);
const SHUTDOWN_AT: Param = Param::millis(
    "shutdown_at",
    1_500,
    (0, 600_000),
    "When the service is asked to shut down.",
);

const SCENARIO: Scenario = Scenario {
    id: "NAME",
    title: "TITLE",
    group: Group::Resources,
    lesson: "Refuse what does not fit, finish what was accepted.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[
        JOBS,
        EVERY,
        WORK,
        WORKERS,
        QUEUE,
        TIMEOUT,
        GRACE,
        SHUTDOWN_AT,
    ],
    source: include_str!("main.rs"),
    path: file!(),
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

fn main() -> ExitCode {
    engine::sketch::main(&SCENARIO)
}

async fn run(cx: Context) -> scenario::Result {
    let config = Config {
        workers: cx.count(WORKERS),
        queue: cx.count(QUEUE),
        timeout: cx.duration(TIMEOUT),
        grace: cx.duration(GRACE),
    };
    let work = cx.duration(WORK);
    let (service, client) = Service::new(config, move |_job: u64| async move {
        sleep(work).await;
        Ok::<_, &str>(())
    });
    let stop = CancellationToken::new();
    let mut running = JoinSet::new();
    running
        .build_task()
        .name("service")
        .spawn(service.run(stop.clone().cancelled_owned()))?;

    // The callers: each submits one job and waits for it.
    let began = Instant::now();
    let shutdown_at = began + cx.duration(SHUTDOWN_AT);
    let mut callers = JoinSet::new();
    let mut every = interval(cx.duration(EVERY));
    for job in 0..cx.number(JOBS) {
        // The shutdown may come between two jobs. The next job still keeps its time.
        tokio::select! {
            biased;
            () = sleep_until(shutdown_at), if !stop.is_cancelled() => {
                stop.cancel();
                every.tick().await;
            }
            _ = every.tick() => {}
        }
        let client = client.clone();
        callers
            .build_task()
            .name(&format!("caller {job}"))
            .spawn(async move { client.submit(job).await })?;
    }
    sleep_until(shutdown_at).await;
    stop.cancel();

    let mut took = Duration::ZERO;
    let mut report = service::Report::default();
    while let Some(ended) = running.join_next().await {
        (report, took) = (ended?, Instant::now() - shutdown_at.max(began));
    }
    let (mut done, mut refused, mut lost) = (0, 0, 0);
    while let Some(result) = callers.join_next().await {
        match result? {
            Ok(()) => done += 1,
            Err(Refused::Busy | Refused::NotReady) => refused += 1,
            Err(Refused::Lost) => lost += 1,
            Err(Refused::TimedOut | Refused::Failed) => {}
        }
    }
    let accounted = report.finished + report.failed + report.timed_out + report.lost;
    Ok(Outcome::new()
        .figure("accepted", report.accepted, "jobs")
        .figure("finished", report.finished, "jobs")
        .figure("refused", refused as u64, "jobs")
        .figure("lost", report.lost, "jobs")
        .figure("shutdown", took, "ms")
        .check(
            "each accepted job is accounted for",
            report.accepted == accounted,
        )
        .check(
            "callers and service agree",
            done == report.finished && lost == report.lost,
        )
        .check(
            "the shutdown ends within the grace period",
            took <= cx.duration(GRACE) + Duration::from_millis(1),
        ))
}
