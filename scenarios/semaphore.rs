//! # Semaphore: cap what is in flight
//!
//! Twenty requests start at once, but the service takes three at a time. A semaphore holds three
//! *permits*; a request that finds no permit waits in a queue.
//!
//! **What you see.** Three lanes run, and the rest wait for a permit. When a call ends, its permit
//! goes to the request that has waited longest, so the lanes run in waves.
//!
//! **Why.** `acquire` is a wait like any other: a task in the queue costs a few hundred bytes, and
//! no thread. The queue is fair: first come, first served. Fairness has a price: if requests take
//! several permits each, a big request at the head of the queue blocks small ones behind it.
//!
//! **Try.** Set `permits` to 5: the run gets shorter, four waves instead of seven. Set `jitter` to
//! 400: the waves dissolve, because each permit is passed on as soon as it is free. Back with the
//! defaults, set `permits_each` to 2: one call runs at a time and the third permit stays unused,
//! because the head of the queue needs two and no request may overtake it.
//!
//! **Pitfall.** Keep the permit as long as the work lasts. `let _ = limit.acquire().await` drops it
//! at once, so it limits nothing.
//!
//! **Words.** asyncio: `async with semaphore:`, one permit at a time. Tokio: `let _permit =
//! semaphore.acquire().await?`; dropping the permit gives it back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::info;

use scenario::prelude::*;

const REQUESTS: Param = Param::count("requests", 20, (1, 1_000_000), "requests", "How many requests arrive at once.");
const PERMITS: Param = Param::count("permits", 3, (1, 1_000), "permits", "How many permits the semaphore has.");
const LATENCY: Param = Param::millis("latency", 500, (0, 60_000), "How long the service takes to answer.");
const JITTER: Param = Param::millis("jitter", 0, (0, 60_000), "How much longer an answer may take.");
const PERMITS_EACH: Param = Param::count("permits_each", 1, (1, 1_000), "permits", "How many permits each request takes.");

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "semaphore",
    title: "Semaphore",
    group: Group::Limits,
    lesson: "Cap what is in flight.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[REQUESTS, PERMITS, LATENCY, JITTER, PERMITS_EACH],
    patterns: &["semaphore", "concurrency limit"],
    differs: "asyncio's semaphore gives one permit at a time; Tokio's also gives several at once (`acquire_many`), first \
              come, first served. A call that takes no time lets other tasks run in asyncio and goes on at once in Tokio.",
    builds_on: &["gather"],
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "request"),
            "All {count:request} requests start at once. Each asks the semaphore for its permits before it calls the service.",
        )
        .line("acquire_many"),
        Stop::at(
            When::Wait(Nth::First, "request", For::Permit),
            "{task} finds no free permit: {holders} have them. It waits in a queue of {queue} tasks, and takes no thread.",
        ),
        Stop::at(
            When::LongestWait("request", For::Permit),
            "{task} waits longest: {lasted}. The queue is fair, so nothing overtakes it.",
        ),
        Stop::at(
            When::Resume(Nth::First, "request", For::Permit),
            "{by} ends its call and drops its permit. The permit goes to the head of the queue, {task}, which waited {lasted}.",
        )
        .line("drop(permit)"),
        Stop::at(When::Over, "The run took {figure:total}, and never more than {figure:peak in flight} calls were in flight."),
    ],
    questions: &[
        Question::new(
            "Each of the {param:requests} calls takes about {param:latency}. How long do all of them take?",
            Answer::Choice(&[
                Choice::new("About as long as one call", If::Equal("figure:peak in flight", "param:requests")),
                Choice::new("As long as all calls one after the other", If::Equal("figure:peak in flight", "1")),
                Choice::new("Something between", If::Otherwise),
            ]),
            When::Over,
            "At most {figure:peak in flight} calls were in flight at once, so the run took {figure:total}.",
        ),
        Question::new(
            "How long does the request wait for its permits that waits longest?",
            Answer::Time {
                is: "lasted",
                typical: &[
                    (
                        "param:latency",
                        "That is only until the first permit is given back, and most of the queue is still waiting then.",
                    ),
                    ("param:latency * param:requests", "That would be so if one call ran at a time."),
                ],
            },
            When::LongestWait("request", For::Permit),
            "The queue is fair, so the last request in it, {task}, waits until nearly all others have been served.",
        )
        .unless("permits", "1000"),
    ],
    source: include_str!("semaphore.rs"),
    path: file!(),
    twin: include_str!("semaphore.py"),
    refuse,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// Refuses requests for more permits than there are: they would wait for ever.
fn refuse(values: &Values, _: Clock) -> Result<(), ValueError> {
    let (each, permits) = (values.number(&PERMITS_EACH), values.number(&PERMITS));
    if each <= permits {
        return Ok(());
    }
    Err(ValueError {
        param: PERMITS_EACH.name,
        reason: format!("{each} is more than the {permits} permits of the semaphore: at most {permits}"),
    })
}

/// The state that all requests share.
struct Service {
    /// One permit for each call that the service takes at the same time.
    limit: Semaphore,
    /// How many calls are in flight. The semaphore limits this.
    in_flight: AtomicU64,
    /// The maximum of `in_flight`.
    peak: AtomicU64,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let permits = cx.count(PERMITS);
    let each = cx.number(PERMITS_EACH) as u32;
    let service = Arc::new(Service { limit: Semaphore::new(permits), in_flight: AtomicU64::new(0), peak: AtomicU64::new(0) });

    // Start all requests at once. The semaphore decides when each one calls.
    let mut requests = JoinSet::new();
    for i in 0..cx.count(REQUESTS) {
        let latency = cx.jittered("latency", i, cx.duration(LATENCY), cx.duration(JITTER));
        requests.build_task().name(&format!("request {i}")).spawn(request(service.clone(), each, latency))?;
    }

    let mut completed = 0_u64;
    while let Some(done) = requests.join_next().await {
        done??;
        completed += 1;
    }

    let peak = service.peak.load(Ordering::Relaxed);
    let most = permits as u64 / u64::from(each);
    Ok(Outcome::new()
        .figure("completed", completed, "requests")
        .figure("peak in flight", peak, "requests")
        .figure("total", started.elapsed(), "ms")
        .check(format!("never more than {most} in flight"), peak <= most)
        .check("every request was served", completed == cx.number(REQUESTS)))
}

/// One request: waits for its permits, calls the service, and gives the permits back.
async fn request(service: Arc<Service>, each: u32, latency: Duration) -> scenario::Result<()> {
    // Wait for all permits at once, first come, first served.
    let permit = service.limit.acquire_many(each).await?;
    let in_flight = service.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
    service.peak.fetch_max(in_flight, Ordering::Relaxed);
    info!(counter.in_flight = in_flight, counter.permits = service.limit.available_permits(), "calls");

    // The call itself. The request holds its permits until it ends.
    sleep(latency).await;

    let in_flight = service.in_flight.fetch_sub(1, Ordering::Relaxed) - 1;
    // This wakes the request at the head of the queue.
    drop(permit);
    info!(counter.in_flight = in_flight, counter.permits = service.limit.available_permits(), "done");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twenty calls make seven waves with three permits, and four with five.
    #[tokio::test(start_paused = true)]
    async fn permits_make_waves() -> scenario::Result<()> {
        for (permits, waves) in [("1", 20.0), ("3", 7.0), ("5", 4.0), ("20", 1.0), ("1000", 1.0)] {
            let outcome = run(Context::of(&SCENARIO, &[(PERMITS, permits)])).await?;
            assert_eq!(outcome.value("total"), Some(waves * 500.0), "{permits} permits");
            assert!(outcome.holds());
        }
        Ok(())
    }

    /// If each call takes two of three permits, one permit stays unused, and only one call runs at a time instead of three.
    #[tokio::test(start_paused = true)]
    async fn a_permit_that_is_not_enough_lies_idle() -> scenario::Result<()> {
        let outcome = run(Context::of(&SCENARIO, &[(PERMITS_EACH, "2")])).await?;
        assert_eq!((outcome.value("peak in flight"), outcome.value("total")), (Some(1.0), Some(20.0 * 500.0)));
        assert!(outcome.holds());
        Ok(())
    }
}
