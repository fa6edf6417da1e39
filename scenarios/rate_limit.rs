//! # Rate limit: starts per second are not calls in flight
//!
//! Twelve requests arrive at once, and the service lets clients start five calls per second. A
//! *token bucket* enforces this: each call takes a token, every 200 ms a token is added, and the
//! bucket holds three, so three calls may start at once.
//!
//! **What you see.** Three calls start at once, then one every 200 ms: even steps. Each call takes
//! a second, so several calls are always in flight.
//!
//! **Why.** The limit applies to starts. The number of calls in flight is starts per second times
//! seconds per call, and the limit does not affect the second factor. When the service gets slow,
//! nothing pushes back: calls start at the same rate and pile up.
//!
//! **Try.** Set `latency` to 2000: the calls start as before, but the peak in flight is 12 instead
//! of 7. Set `per_second` to 10 instead: again 12, and the run takes 1900 ms instead of 2800. Set
//! `burst` to 30: all calls start at once, because a full bucket of that size limits nothing at
//! first.
//!
//! **Pitfall.** A counter that is reset each second is a different limit: five calls just before
//! the reset and five just after it are ten calls almost at once. And a bucket of `burst` tokens
//! lets `burst` + `per_second` calls start within the first second: check that the service allows
//! that.
//!
//! **Words.** asyncio: nothing ready-made; a semaphore that a task refills, as here, or a library.
//! Tokio: a `Semaphore` whose permits you forget, and add again at each tick of an `interval`; the
//! governor crate; a rate limit layer in tower. To limit the calls in flight, add a second
//! semaphore.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::{Builder, JoinSet};
use tokio::time::{Instant, interval_at, sleep};
use tracing::{Instrument, info, info_span};

use scenario::prelude::*;

const REQUESTS: Param = Param::count("requests", 12, (1, 10_000), "requests", "How many requests arrive at once.");
const PER_SECOND: Param = Param::count("per_second", 5, (1, 1_000), "tokens", "How many tokens are added per second.");
const BURST: Param = Param::count("burst", 3, (1, 1_000), "tokens", "How many tokens the bucket holds at most.");
const LATENCY: Param = Param::millis("latency", 1_000, (0, 60_000), "How long the service takes to answer.");

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "rate-limit",
    title: "Rate limit",
    group: Group::Limits,
    lesson: "Starts per second are not calls in flight.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[REQUESTS, PER_SECOND, BURST, LATENCY],
    patterns: &["rate limit", "token bucket", "throttling"],
    differs: "asyncio has nothing ready-made; in Tokio you forget a semaphore's permits and add them again, or use a crate.",
    builds_on: &["semaphore"],
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "request"),
            "{count:request} requests arrive at once. The bucket has {param:burst} tokens, and refill adds {param:per_second} \
             per second. Each call takes a token.",
        )
        .line("refill(client.clone()"),
        Stop::at(
            When::Log(Nth::First, "calls"),
            "{task} finds a token in the bucket and calls at once. It forgets the permit, so the end of the call gives no \
             token back.",
        )
        .line("await?.forget()"),
        Stop::at(
            When::Crowd(For::Permit),
            "The bucket is empty: {crowd} requests wait for a token. Only refill can wake them, one for each token.",
        ),
        Stop::at(
            When::Resume(Nth::First, "request", For::Permit),
            "{by} adds a token, which wakes {task} after {lasted}. From here on, one call starts with each new token.",
        )
        .line("add_permits(1)"),
        Stop::at(
            When::Highest("in_flight"),
            "{counter:in_flight} calls are in flight, the most of this run. The bucket limits how many start, not how many \
             are in flight: if the service gets slower, they pile up.",
        )
        .line("client.in_flight.fetch_add"),
        Stop::at(
            When::Over,
            "At most {figure:most starts in a second} calls started within a second; at most {figure:peak in flight} were in \
             flight. To limit calls in flight, too, add a semaphore whose permits come back.",
        ),
    ],
    questions: &[
        Question::new(
            "{param:requests} requests; a bucket of {param:burst} tokens, {param:per_second} more per second. A call takes a \
             token and lasts {param:latency}. How many are in flight at most?",
            Answer::Choice(&[
                Choice::new("As many as the bucket holds", If::Equal("figure:peak in flight", "param:burst")),
                Choice::new("More than the bucket holds", If::More("figure:peak in flight", "param:burst")),
                Choice::new("Fewer than the bucket holds", If::Otherwise),
            ]),
            When::Highest("in_flight"),
            "Up to {figure:peak in flight} calls were in flight. A token limits when a call starts; the call does not give it \
             back.",
        ),
        Question::new(
            "{param:requests} requests arrive at once. The bucket has {param:burst} tokens and gets {param:per_second} per \
             second; a call takes {param:latency}. How long do all calls take?",
            Answer::Time {
                is: "figure:total",
                typical: &[
                    ("param:latency", "Only as many calls start at once as the bucket has tokens."),
                    (
                        "param:requests / param:burst * param:latency",
                        "A call does not give its token back. New tokens come at their own pace.",
                    ),
                    ("param:requests * param:latency", "Calls do not wait for each other, only for tokens."),
                ],
            },
            When::Over,
            "{figure:completed} calls took {figure:total}. Each token lets one more call start, whether or not another has \
             ended.",
        ),
    ],
    source: include_str!("rate_limit.rs"),
    path: file!(),
    twin: include_str!("rate_limit.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// The state that all requests share.
struct Client {
    /// One permit for each token. Using a token forgets its permit, which is never given back.
    bucket: Semaphore,
    /// How many calls are in flight. Nothing limits this.
    in_flight: AtomicU64,
}

/// When a call started and ended, from the start of the run.
type Span = (Duration, Duration);

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let burst = cx.count(BURST);
    let client = Arc::new(Client { bucket: Semaphore::new(burst), in_flight: AtomicU64::new(0) });

    // One task adds tokens, at even intervals, for as long as the run lasts.
    let period = Duration::from_secs(1) / cx.number(PER_SECOND) as u32;
    let refill = Builder::new().name("refill").spawn(refill(client.clone(), burst, period))?;

    // All requests arrive at once.
    let mut requests = JoinSet::new();
    for i in 0..cx.count(REQUESTS) {
        let request = request(client.clone(), started, cx.duration(LATENCY));
        requests.build_task().name(&format!("request {i}")).spawn(request)?;
    }
    let mut calls: Vec<Span> = Vec::new();
    while let Some(done) = requests.join_next().await {
        calls.push(done??);
    }
    refill.abort();

    let starts = most_starts_in_a_second(&calls);
    let most = cx.count(PER_SECOND) + burst;
    Ok(Outcome::new()
        .figure("completed", calls.len(), "requests")
        .figure("most starts in a second", starts, "requests")
        .figure("peak in flight", most_at_once(&calls), "requests")
        .figure("total", started.elapsed(), "ms")
        .check(format!("never more than {most} starts in a second"), starts <= most)
        .check("every request was served", calls.len() == cx.count(REQUESTS)))
}

/// Adds a token at each tick, unless the bucket is full.
async fn refill(client: Arc<Client>, burst: usize, period: Duration) {
    // The first tick of `interval` would come at once, when the bucket is still full.
    let mut ticks = interval_at(Instant::now() + period, period);
    loop {
        ticks.tick().await;
        if client.bucket.available_permits() < burst {
            client.bucket.add_permits(1);
        }
        info!(counter.tokens = client.bucket.available_permits(), "tick");
    }
}

/// One request: waits for a token, uses it, and calls the service.
async fn request(client: Arc<Client>, epoch: Instant, latency: Duration) -> scenario::Result<Span> {
    // `forget` uses the token: the permit does not go back to the bucket when the call ends.
    client.bucket.acquire().await?.forget();
    let start = epoch.elapsed();
    let in_flight = client.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
    info!(counter.in_flight = in_flight, counter.tokens = client.bucket.available_permits(), "calls");

    sleep(latency).instrument(info_span!("calls")).await;

    let in_flight = client.in_flight.fetch_sub(1, Ordering::Relaxed) - 1;
    info!(counter.in_flight = in_flight, "done");
    Ok((start, epoch.elapsed()))
}

/// Returns the most calls that started within any one second.
fn most_starts_in_a_second(calls: &[Span]) -> usize {
    let mut starts: Vec<Duration> = calls.iter().map(|(start, _)| *start).collect();
    starts.sort_unstable();
    let within = |(i, start): (usize, &Duration)| starts.partition_point(|other| *other < *start + Duration::from_secs(1)) - i;
    starts.iter().enumerate().map(within).max().unwrap_or_default()
}

/// Returns the most calls in flight at a time. A call that ends just as another starts does not overlap it.
fn most_at_once(calls: &[Span]) -> usize {
    let mut ends: Vec<Duration> = calls.iter().map(|(_, end)| *end).collect();
    ends.sort_unstable();
    let mut starts: Vec<Duration> = calls.iter().map(|(start, _)| *start).collect();
    starts.sort_unstable();
    let under_way = |(i, start): (usize, &Duration)| (i + 1).saturating_sub(ends.partition_point(|end| end <= start));
    starts.iter().enumerate().map(under_way).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twice the latency or twice the rate puts about twice as many calls in flight; a large bucket limits nothing.
    #[tokio::test(start_paused = true)]
    async fn the_limit_is_on_starts_and_not_on_calls_in_flight() -> scenario::Result<()> {
        for (per_second, burst, latency, starts, in_flight, total) in [
            ("5", "3", "1000", 7.0, 7.0, 2800.0),
            ("5", "3", "2000", 7.0, 12.0, 3800.0),
            ("10", "3", "1000", 12.0, 12.0, 1900.0),
            ("5", "30", "1000", 12.0, 12.0, 1000.0),
        ] {
            let turned = [(PER_SECOND, per_second), (BURST, burst), (LATENCY, latency)];
            let outcome = run(Context::of(&SCENARIO, &turned)).await?;
            let figures = ["most starts in a second", "peak in flight", "total"].map(|figure| outcome.value(figure));
            assert_eq!(figures, [Some(starts), Some(in_flight), Some(total)], "{turned:?}");
            assert!(outcome.holds());
        }
        Ok(())
    }
}
