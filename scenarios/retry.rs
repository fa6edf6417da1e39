//! # Retry: backoff needs jitter
//!
//! A service comes back from a restart, and eight clients call it at the same moment. Some calls
//! fail. A client whose call fails tries again after one second, and then after two.
//!
//! **What you see.** With `jitter=none` the bars form columns: all first calls at once, all second
//! calls, all third calls. With `jitter=full` the columns dissolve: the same clients, the same
//! failures, and hardly two of them call at the same time.
//!
//! **Why.** Clients that fail together and wait for the same time come back together. A backoff
//! that doubles puts more time between the waves; it does not make them smaller. Only randomness
//! does: `full` draws each pause between zero and the whole delay, `equal` between half the delay
//! and all of it.
//!
//! **Try.** Set `fail_rate` to 100, so that no call succeeds: with `none` 8 retries fall within 100
//! ms. Set `jitter` to `full`: 3; to `equal`: 4. Now set `clients` to 16: 16 with `none`, and 6
//! with `full`. Set `fatal_rate` to 50: half of the calls fail in a way that no retry can fix, and
//! no client retries those. Back with `none` and 8 clients, set `fatal_rate` to 0 and `backoff` to
//! 100 %: each pause is as long as the one before, and the run ends a second earlier.
//!
//! **Pitfall.** Retry only what you may send twice, and only what can succeed next time: a wrong
//! password is still wrong in a second. Retries also multiply: three attempts in each of three
//! layers make 27 calls at the bottom. Retry in one layer only.
//!
//! **Words.** asyncio: a loop with `try`, `except`, `await asyncio.sleep(pause)`, or `tenacity`.
//! Tokio: a loop with `match` and `sleep(pause)`, or the crates `backon` and `tower`. In both, the
//! error says whether it is fatal, and the last error goes to the caller.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info, info_span, warn};

use scenario::prelude::*;

const CLIENTS: Param = Param::count("clients", 8, (1, 1_000), "clients", "How many clients call at the same moment.");
const ATTEMPTS: Param = Param::count("attempts", 3, (1, 10), "attempts", "How many times a client may try.");
const DELAY: Param = Param::millis("delay", 1_000, (0, 60_000), "Delay after the first failed attempt.");
const BACKOFF: Param = Param::count("backoff", 200, (100, 1_000), "%", "Each delay relative to the one before.");
const JITTER: Param = Param::choice("jitter", &["none", "full", "equal"], "Draw none, all or half of each delay.");
const FAIL_RATE: Param = Param::count("fail_rate", 80, (0, 100), "%", "Share of calls that fail, but not for good.");
const FATAL_RATE: Param = Param::count("fatal_rate", 0, (0, 100), "%", "Share of calls that fail for good.");

/// How long a call takes, whether it succeeds or fails.
const CALL: Duration = Duration::from_millis(100);
/// The longest delay, in milliseconds.
const LONGEST: u64 = 60_000;

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "retry",
    title: "Retry",
    group: Group::Resilience,
    lesson: "Backoff needs jitter.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[CLIENTS, ATTEMPTS, DELAY, BACKOFF, JITTER, FAIL_RATE, FATAL_RATE],
    patterns: &["retry", "exponential backoff", "jitter", "transient and fatal errors"],
    builds_on: &["timeout"],
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "client"),
            "{count:client} clients call the service at the same moment. Each may try {param:attempts} times.",
        ),
        Stop::at(
            When::Log(Nth::First, "the service is overloaded: retries"),
            "The call of {task} fails: {text}. Every client whose call fails at this moment waits equally long.",
        )
        .only("jitter", "none"),
        Stop::at(
            When::Log(Nth::First, "the service is overloaded: retries"),
            "The call of {task} fails: {text}. Each client draws a pause of its own, between zero and {param:delay}.",
        )
        .line("\"full\" => draw")
        .only("jitter", "full"),
        Stop::at(
            When::Log(Nth::First, "the service is overloaded: retries"),
            "The call of {task} fails: {text}. Each client draws a pause of its own, between half of {param:delay} and all of \
             it.",
        )
        .line("\"equal\" => delay -")
        .only("jitter", "equal"),
        Stop::at(
            When::Log(Nth::First, "attempt 1"),
            "{task} tries again. Clients that failed together waited equally long, so they come back together: {figure:most \
             retries within 100 ms} retries fall within 100 ms.",
        )
        .only("jitter", "none"),
        Stop::at(
            When::Log(Nth::First, "attempt 1"),
            "{task} tries again, after a pause of its own. Clients that failed together need not come back together: at most \
             {figure:most retries within 100 ms} retries fall within 100 ms.",
        )
        .only("jitter", "full"),
        Stop::at(
            When::Log(Nth::First, "attempt 1"),
            "{task} tries again, after a pause of its own. Clients that failed together need not come back together: at most \
             {figure:most retries within 100 ms} retries fall within 100 ms.",
        )
        .only("jitter", "equal"),
        Stop::at(
            When::Log(Nth::First, "the service is overloaded: gives up"),
            "{task} has failed in its last attempt and gives up. The limit keeps clients from calling a broken service for ever.",
        )
        .sometimes(),
        Stop::at(
            When::Over,
            "{figure:attempts} calls were made. {figure:served} clients were served, {figure:gave up} gave up, and \
             {figure:failed for good} failed for good. The run took {figure:total}.",
        ),
    ],
    questions: &[
        Question::new(
            "{param:clients} clients call at once, and {param:fail_rate} % of calls fail. The delay before a retry is \
             {param:delay}, jitter={param:jitter}. When do they try again?",
            Answer::Choice(&[
                Choice::new("No client tries again", If::Equal("figure:clients that tried again", "0")),
                Choice::new(
                    "Each at a time of its own, spread out",
                    If::Less("figure:most retries within 100 ms", "figure:clients that tried again"),
                ),
                Choice::new("All at the same time again, within 100 ms", If::Otherwise),
            ]),
            When::Log(Nth::First, "attempt 1"),
            "At most {figure:most retries within 100 ms} retries fell within 100 ms. Clients that failed together come back \
             together unless each draws a pause of its own.",
        ),
        Question::new(
            "A call takes 100 ms, the first pause {param:delay}, each next one {param:backoff} % of it. With {param:attempts} \
             attempts, when is the last client done?",
            Answer::Time {
                is: "figure:total",
                typical: &[
                    ("param:delay", "That is the first pause only."),
                    ("param:delay * 2", "The pauses change with the backoff, and the calls take time, too."),
                ],
            },
            When::Over,
            "The run took {figure:total}. Pauses are only between attempts: {param:attempts} attempts have one pause less.",
        )
        .only("jitter", "none"),
    ],
    source: include_str!("retry.rs"),
    path: file!(),
    twin: include_str!("retry.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// Why a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CallError {
    /// Overload, a lost packet: the next attempt may succeed.
    Transient,
    /// A wrong password, a bad request: the next attempt fails in the same way.
    Fatal,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CallError::Transient => "the service is overloaded",
            CallError::Fatal => "the service does not know this request",
        })
    }
}

impl std::error::Error for CallError {}

/// The service, and what it counts.
#[derive(Default)]
struct Service {
    /// How many calls are in flight.
    in_flight: AtomicU64,
    /// How many calls so far were retries.
    retries: AtomicU64,
    /// The calls of each client, in order: its access log.
    log: Mutex<BTreeMap<usize, Vec<Call>>>,
}

/// One call, as the service logs it.
struct Call {
    started: Instant,
    ended: Instant,
    result: Result<(), CallError>,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let service = Arc::new(Service::default());

    // All clients call at the same moment.
    let mut clients = JoinSet::new();
    for i in 0..cx.count(CLIENTS) {
        clients.build_task().name(&format!("client {i}")).spawn(client(cx.clone(), service.clone(), i))?;
    }
    // Each client returns how it ended; what it tried is in the log of the service.
    let ends = clients.join_all().await;
    let count = |end| ends.iter().filter(|ended| **ended == end).count();
    let (ok, gave_up, fatal) = (count(Ok(())), count(Err(CallError::Transient)), count(Err(CallError::Fatal)));

    // All calls of a client but its first are retries.
    let log = service.log();
    let retries = log.values().flat_map(|calls| calls.iter().skip(1));
    let attempts: usize = log.values().map(Vec::len).sum();
    let again = log.values().filter(|calls| calls.len() > 1).count();
    let mut before_a_retry = log.values().flat_map(|calls| calls.iter().rev().skip(1));
    Ok(Outcome::new()
        .figure("served", ok, "clients")
        .figure("gave up", gave_up, "clients")
        .figure("failed for good", fatal, "clients")
        .figure("attempts", attempts, "attempts")
        .figure("clients that tried again", again, "clients")
        .figure("most retries within 100 ms", most_within(CALL, retries.map(|retry| retry.started)), "attempts")
        .figure("total", started.elapsed(), "ms")
        .check(
            format!("no client tries more than {} times", cx.number(ATTEMPTS)),
            log.values().all(|calls| calls.len() <= cx.count(ATTEMPTS)),
        )
        .check("each pause is as long as the formula says", log.values().all(|calls| pauses_fit(&cx, calls)))
        .check("no client retries a fatal error", before_a_retry.all(|call| call.result == Err(CallError::Transient))))
}

/// Calls until a call succeeds. Returns the error that ends it: a fatal one, or the error of the last attempt.
async fn client(cx: Context, service: Arc<Service>, i: usize) -> Result<(), CallError> {
    let mut attempt = 0;
    loop {
        match service.call(&cx, i, attempt).instrument(info_span!("calls")).await {
            Ok(()) => {
                info!(mark = "served", "is served");
                return Ok(());
            }
            // A retry would fail in the same way, so the error goes to the caller at once.
            Err(error @ CallError::Fatal) => {
                warn!(mark = "fatal", "{error}: does not retry");
                return Err(error);
            }
            // After the last attempt this error goes to the caller, too.
            Err(error) if attempt + 1 == cx.count(ATTEMPTS) => {
                warn!(mark = "gives up", "{error}: gives up");
                return Err(error);
            }
            Err(error) => {
                // With jitter, clients that failed together come back at different times.
                let pause = pause(&cx, i, attempt);
                info!("{error}: retries in {} ms", pause.as_millis());
                sleep(pause).instrument(info_span!("backoff")).await;
            }
        }
        attempt += 1;
    }
}

impl Service {
    /// Handles one call, which fails at the rates of the parameters, and logs it.
    async fn call(&self, cx: &Context, client: usize, attempt: usize) -> Result<(), CallError> {
        let started = Instant::now();
        let retries = self.retries.fetch_add(u64::from(attempt > 0), Ordering::Relaxed) + u64::from(attempt > 0);
        let in_flight = self.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        info!(counter.in_flight = in_flight, counter.retries = retries, "attempt {attempt}");
        sleep(CALL).await;
        let in_flight = self.in_flight.fetch_sub(1, Ordering::Relaxed) - 1;
        info!(counter.in_flight = in_flight, "answers");

        let happens = |what: &str, rate| cx.draw(&format!("{what} of {client}"), attempt, 0..=99) < cx.number(rate);
        let result = if happens("fatal", FATAL_RATE) {
            Err(CallError::Fatal)
        } else if happens("fail", FAIL_RATE) {
            Err(CallError::Transient)
        } else {
            Ok(())
        };
        self.log().entry(client).or_default().push(Call { started, ended: Instant::now(), result });
        result
    }

    /// The log. It is never locked across an await.
    fn log(&self) -> MutexGuard<'_, BTreeMap<usize, Vec<Call>>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the delay after that attempt, which grows from attempt to attempt.
fn delay(cx: &Context, attempt: usize) -> u64 {
    let grown = (0..attempt).fold(cx.number(DELAY), |delay, _| (delay * cx.number(BACKOFF) / 100).min(LONGEST));
    grown.min(LONGEST)
}

/// Returns how long the client waits after that attempt.
fn pause(cx: &Context, client: usize, attempt: usize) -> Duration {
    let delay = delay(cx, attempt);
    let draw = |longest| cx.draw(&format!("pause of {client}"), attempt, 0..=longest);
    Duration::from_millis(match cx.word(JITTER) {
        "full" => draw(delay),
        "equal" => delay - delay / 2 + draw(delay / 2),
        _ => delay,
    })
}

/// Returns true if each pause between the calls of a client is within the bounds of the formula.
fn pauses_fit(cx: &Context, calls: &[Call]) -> bool {
    calls.windows(2).enumerate().all(|(attempt, pair)| {
        let paused = pair[1].started - pair[0].ended;
        let longest = Duration::from_millis(delay(cx, attempt));
        let shortest = match cx.word(JITTER) {
            "full" => Duration::ZERO,
            "equal" => longest / 2,
            _ => longest,
        };
        paused >= shortest && (paused <= longest || cx.on_time(paused, longest))
    })
}

/// Returns how many of these moments at most lie within one span of that length.
fn most_within(span: Duration, moments: impl Iterator<Item = Instant>) -> usize {
    let mut moments: Vec<Instant> = moments.collect();
    moments.sort_unstable();
    let within = |(i, first): (usize, &Instant)| moments[i..].partition_point(|moment| *moment < *first + span);
    moments.iter().enumerate().map(within).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// If no call succeeds, retries without jitter come all at once, however many clients there are.
    #[tokio::test(start_paused = true)]
    async fn jitter_dissolves_the_waves() -> scenario::Result<()> {
        for (clients, jitter, most) in
            [("8", "none", 8.0), ("8", "full", 3.0), ("8", "equal", 4.0), ("16", "none", 16.0), ("16", "full", 6.0)]
        {
            let outcome = run(Context::of(&SCENARIO, &[(CLIENTS, clients), (JITTER, jitter), (FAIL_RATE, "100")])).await?;
            assert_eq!(outcome.value("most retries within 100 ms"), Some(most), "{clients} clients, {jitter}");
            assert!(outcome.holds(), "{clients} clients, {jitter}: {outcome:?}");
        }
        Ok(())
    }

    /// A backoff of 100 % does not grow, and a fatal error ends a client at once.
    #[tokio::test(start_paused = true)]
    async fn delays_grow_and_fatal_errors_are_not_retried() -> scenario::Result<()> {
        for (backoff, fatal_rate, attempts, total) in
            [("200", "0", 24.0, 3300.0), ("100", "0", 24.0, 2300.0), ("200", "100", 8.0, 100.0)]
        {
            let turned = [(BACKOFF, backoff), (FATAL_RATE, fatal_rate), (FAIL_RATE, "100")];
            let outcome = run(Context::of(&SCENARIO, &turned)).await?;
            assert_eq!((outcome.value("attempts"), outcome.value("total")), (Some(attempts), Some(total)), "{turned:?}");
            assert!(outcome.holds(), "{turned:?}: {outcome:?}");
        }
        Ok(())
    }

    /// The check can fail: it finds a pause that is too short or too long.
    #[tokio::test(start_paused = true)]
    async fn a_pause_off_the_formula_is_found() {
        let at = |ms| Instant::now() + Duration::from_millis(ms);
        let failed = |started, ended| Call { started: at(started), ended: at(ended), result: Err(CallError::Transient) };
        for (jitter, paused, fits) in [
            ("none", 1000, true),
            ("none", 999, false),
            ("full", 0, true),
            ("full", 1001, false),
            ("equal", 500, true),
            ("equal", 499, false),
        ] {
            let cx = Context::of(&SCENARIO, &[(JITTER, jitter)]);
            let calls = [failed(0, 100), failed(100 + paused, 200 + paused)];
            assert_eq!(pauses_fit(&cx, &calls), fits, "{jitter}, {paused} ms");
        }
    }

    /// If half of the calls fail for good, no client retries those.
    #[tokio::test(start_paused = true)]
    async fn half_of_the_calls_fail_for_good_and_are_not_tried_again() -> scenario::Result<()> {
        let outcome = run(Context::of(&SCENARIO, &[(FATAL_RATE, "50")])).await?;
        assert_eq!((outcome.value("failed for good"), outcome.value("attempts")), (Some(7.0), Some(17.0)));
        assert!(outcome.holds(), "{outcome:?}");
        Ok(())
    }

    /// The caller of a client gets the error itself, and so can tell a fatal one from a service that is overloaded.
    #[tokio::test(start_paused = true)]
    async fn the_error_that_ends_a_client_reaches_its_caller() {
        let ended = async |turned: &[_]| client(Context::of(&SCENARIO, turned), Arc::default(), 0).await;
        assert_eq!(ended(&[(FATAL_RATE, "100")]).await, Err(CallError::Fatal));
        assert_eq!(ended(&[(FAIL_RATE, "100")]).await, Err(CallError::Transient));
        assert_eq!(ended(&[(FAIL_RATE, "0")]).await, Ok(()));
    }
}
