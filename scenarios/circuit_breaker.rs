//! # Circuit breaker: fail fast, probe, recover
//!
//! Four clients call a service, twenty calls a second in all. The service is down from
//! 1000 to 4000 ms. A circuit breaker sits between the clients and the service.
//!
//! **What you see.** Calls go through, then fail. After the fifth failure in a row the
//! breaker *opens*: no call goes through, and clients get an error at once. After two
//! seconds it is *half open* and lets one call through, the probe. The probe fails, and
//! the breaker opens again. The next probe succeeds, and calls go through again.
//!
//! **Why.** A struggling service recovers sooner if it is left alone, and a client that
//! is refused at once can do something else. A probe costs only one call. Here 6 calls
//! fail; without a breaker (`threshold` 1000), 60 would fail.
//!
//! **Try.** Set `recovery` to 500: there are six probes instead of two, 10 calls fail,
//! and the breaker closes at 4530 ms instead of 5330. Set `threshold` to 20: the breaker
//! opens one second after the outage begins instead of a quarter of a second, and 20
//! calls fail. Set `other_errors` to 50: the service rejects half of the requests because
//! of their content. Such an error is no sign of an outage and does not count: the
//! breaker opens at the same time as before. Set `latency` to 120 and `probe` to `all`:
//! every call that comes before the first answer goes through as well, three in place of
//! one, and a check fails. Set `flaky` to 20 and `on_success` to `keep`: failures far
//! apart add up, and the breaker opens while the service is up.
//!
//! **Pitfall.** Let one probe through, not every client: a service that has just
//! recovered is easily overloaded again. Count failures of the *service* only, and only
//! failures in a row. An answer to a call from before the breaker opened may arrive after
//! it: ignore it, since it says nothing about the present. And a caller may drop its call,
//! at a timeout or an abort. If that call is the probe and nobody notices, the breaker
//! waits for its answer for ever and refuses everything: record the end of a call in
//! `Drop`, not after the await. Put a timeout *inside* the breaker, where it counts as a
//! failure.
//!
//! **Words.** asyncio: a class around `await call()` with a state and a time, and
//! `finally` for the end of a call; or `pybreaker`. Tokio: the same, behind a
//! `std::sync::Mutex` that is never held across the call, and a guard with `Drop`; or a
//! layer of `tower`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{Instrument, info, info_span};

use scenario::prelude::*;

const THRESHOLD: Param = Param::count("threshold", 5, (1, 1_000), "failures", "Failures in a row that open the breaker.");
const RECOVERY: Param = Param::millis("recovery", 2_000, (1, 60_000), "How long it stays open before a probe.");
const CALLS: Param = Param::count("calls", 140, (1, 10_000), "calls", "How many calls all clients make together.");
const OUTAGE_FROM: Param = Param::millis("outage_from", 1_000, (0, 60_000), "When the service goes down.");
const OUTAGE_TO: Param = Param::millis("outage_to", 4_000, (0, 60_000), "When the service recovers.");
const RATE: Param = Param::count("rate", 20, (1, 100), "calls/s", "How many calls clients make per second.");
const OTHER_ERRORS: Param = Param::count("other_errors", 0, (0, 100), "%", "Share of bad requests, which do not count.");
const FLAKY: Param = Param::count("flaky", 0, (0, 100), "%", "Share of calls that fail with or without an outage.");
const LATENCY: Param = Param::millis("latency", 30, (1, 60_000), "How long a call takes, successful or not.");
const PROBE: Param = Param::choice("probe", &["one", "all"], "Which calls go through when half open.");
const ON_SUCCESS: Param = Param::choice("on_success", &["reset", "keep"], "What a success does to the count of failures.");

/// How many clients take turns.
const CLIENTS: usize = 4;

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "circuit-breaker",
    title: "Circuit breaker",
    group: Group::Resilience,
    lesson: "Fail fast, probe, recover.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[THRESHOLD, RECOVERY, CALLS, OUTAGE_FROM, OUTAGE_TO, RATE, OTHER_ERRORS, FLAKY, LATENCY, PROBE, ON_SUCCESS],
    patterns: &["circuit breaker", "fail fast", "health probe"],
    differs: "A caller that gives up leaves asyncio's `call` by `CancelledError`, which `finally` sees; in Tokio the future is \
              dropped, which only `Drop` sees.",
    builds_on: &["retry"],
    breaks: &[
        Breaks::checks(&[("probe", "all"), ("latency", "120")], &["one probe at a time"]),
        Breaks::checks(&[("on_success", "keep"), ("flaky", "20")], &["only failures in a row open the breaker"]),
    ],
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "client"),
            "{count:client} clients take turns, at {param:rate} calls a second. The breaker between them and the service is \
             closed: it lets every call through.",
        )
        .line("breaker.call(service.call(number))"),
        Stop::at(
            When::Becomes(Nth::First, "breaker", "open"),
            "At {time} the breaker has counted {param:threshold} failures and opens. No call goes through for now: clients get \
             an error at once.",
        )
        .line("Err(CallError::Refused) =>"),
        Stop::at(
            When::Becomes(Nth::First, "breaker", "half-open"),
            "The breaker was open for {param:recovery} at least, and {counter:refused} calls were refused. Now it is half open: \
             the next call goes through, as a probe.",
        )
        .line("breaker.call(service.call(number))"),
        Stop::at(
            When::Log(Nth::First, "the probe failed"),
            "The probe has failed, so the breaker opens again. No call reaches the service for another {param:recovery}.",
        ),
        Stop::at(
            When::Log(Nth::First, "the probe succeeded"),
            "At {time} a probe of {task} has succeeded: the service is well. The breaker closes, and calls go through again.",
        ),
        Stop::at(
            When::Over,
            "{figure:went through} calls went through, and {figure:failed} of them failed. {figure:refused} were refused at \
             once. The breaker let {figure:probes} probes through.",
        ),
    ],
    questions: &[
        Question::new(
            "A service is down from {param:outage_from} to {param:outage_to}. A breaker opens after {param:threshold} failures \
             and probes after {param:recovery}. Which calls reach it and fail?",
            Answer::Choice(&[
                Choice::new(
                    "All calls of the outage",
                    If::More("figure:failed", "param:outage_to - param:outage_from / figure:total * param:calls * 0.9"),
                ),
                Choice::new("The first {param:threshold}, and no other", If::Less("figure:failed", "param:threshold + 1")),
                Choice::new(
                    "The first {param:threshold}, and then each probe of the outage",
                    If::Equal("figure:failed", "param:threshold + figure:probes - 1"),
                ),
                Choice::new("These, and others", If::Otherwise),
            ]),
            When::Over,
            "{figure:failed} calls reached the service and failed, and {figure:refused} were refused at once. An open breaker \
             lets only a probe through.",
        ),
        Question::new(
            "{param:rate} calls come a second. The service is down from {param:outage_from} to {param:outage_to}; a breaker \
             opens after {param:threshold} failures and probes after {param:recovery}. When does it close?",
            Answer::Time {
                // It is 0 if the breaker does not close any more. Then nothing divides by it, and there is no answer.
                is: "figure:recovery noticed at / figure:recovery noticed at * figure:recovery noticed at",
                typical: &[
                    ("param:outage_to", "The breaker does not see that the service is back, until its next probe succeeds."),
                    (
                        "param:outage_to + param:recovery",
                        "The time to the next probe counts from when the breaker opened, not from when the service is back.",
                    ),
                ],
            },
            When::Log(Nth::First, "the probe succeeded"),
            "The first probe after the outage succeeded at {figure:recovery noticed at}. Until then the breaker refused all \
             other calls, although the service was back.",
        ),
    ],
    source: include_str!("circuit_breaker.rs"),
    path: file!(),
    twin: include_str!("circuit_breaker.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// What the breaker does with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Lets the call through.
    Closed,
    /// Refuses the call.
    Open,
    /// Has let one probe through, and refuses all other calls until the probe has ended.
    HalfOpen,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            State::Closed => "closed",
            State::Open => "open",
            State::HalfOpen => "half-open",
        }
    }
}

/// Why a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CallError {
    /// The breaker refused the call.
    Refused,
    /// The service is down. The breaker counts only these.
    Down,
    /// The service is up and rejects the request.
    BadRequest,
}

/// A circuit breaker between the clients and the service.
struct Breaker {
    threshold: u64,
    recovery: Duration,
    /// Lets every call through when half open, and not only the probe. Wrong, to show why.
    probe_all: bool,
    /// Counts all failures since the breaker closed, and not only failures in a row. Wrong, to show why.
    keep_failures: bool,
    inner: Mutex<Inner>,
}

struct Inner {
    /// The failures that count. At the threshold the breaker opens.
    failures: u64,
    /// Failures since the last success.
    in_a_row: u64,
    /// How often the breaker opened although fewer calls than the threshold failed in a row.
    opened_early: u64,
    /// Every state so far and when it began. The last one is the current state.
    history: Vec<(Instant, State)>,
}

/// Permission for one call. Its drop records how the call ended, so the breaker notices every end: an answer, a panic, and
/// a caller that drops the call at an await.
struct Permission<'a> {
    breaker: &'a Breaker,
    /// The number of the state that admitted the call.
    turn: usize,
    /// Whether the service was down; `None` until it answers.
    down: Option<bool>,
}

impl Drop for Permission<'_> {
    fn drop(&mut self) {
        self.breaker.ended(self.turn, self.down);
    }
}

impl Breaker {
    fn new(cx: &Context) -> Self {
        let history = vec![(Instant::now(), State::Closed)];
        Self {
            threshold: cx.number(THRESHOLD),
            recovery: cx.duration(RECOVERY),
            probe_all: cx.word(PROBE) == "all",
            keep_failures: cx.word(ON_SUCCESS) == "keep",
            inner: Mutex::new(Inner { failures: 0, in_a_row: 0, opened_early: 0, history }),
        }
    }

    /// Makes the call, or refuses it at once.
    async fn call(&self, call: impl Future<Output = Result<(), CallError>>) -> Result<(), CallError> {
        let mut permission = self.admit()?;
        // No lock is held here: other calls are admitted or refused meanwhile. If the caller gives up, this future is dropped
        // at this await, and nothing below runs; the permission is dropped with it.
        let result = call.await;
        permission.down = Some(result == Err(CallError::Down));
        result
    }

    /// Admits a call, or refuses it.
    fn admit(&self) -> Result<Permission<'_>, CallError> {
        let mut inner = self.inner();
        match inner.now() {
            (_, State::Closed) => {}
            // Time for a probe. This call is the probe; from now on the state refuses all others.
            (since, State::Open) if since.elapsed() >= self.recovery => inner.turn(State::HalfOpen),
            (_, State::HalfOpen) if self.probe_all => {}
            (_, State::Open | State::HalfOpen) => return Err(CallError::Refused),
        }
        Ok(Permission { breaker: self, turn: inner.history.len(), down: None })
    }

    /// Records the end of a call that state number `turn` admitted; `down` is `None` if nobody waited for the answer.
    fn ended(&self, turn: usize, down: Option<bool>) {
        let mut inner = self.inner();
        if inner.history.len() != turn {
            // An earlier state admitted this call, so its end says nothing about the current one.
            return;
        }
        match down {
            Some(true) => {
                inner.failures += 1;
                inner.in_a_row += 1;
            }
            Some(false) => {
                // Only failures in a row count: any other answer resets the counter.
                inner.failures = if self.keep_failures { inner.failures } else { 0 };
                inner.in_a_row = 0;
            }
            // A call that its caller dropped says nothing about the service.
            None => {}
        }
        match (inner.now().1, down) {
            (State::HalfOpen, Some(false)) => inner.turn(State::Closed),
            // Without an answer the service is not known to be well. Wait, then probe again.
            (State::HalfOpen, Some(true) | None) => inner.turn(State::Open),
            (State::Closed, _) if inner.failures >= self.threshold => {
                inner.opened_early += u64::from(inner.in_a_row < self.threshold);
                inner.turn(State::Open);
            }
            (State::Closed | State::Open, _) => {}
        }
    }

    /// This lock is never held across an await, so a `std::sync::Mutex` is right.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn now(&self) -> (Instant, State) {
        self.history[self.history.len() - 1]
    }

    fn turn(&mut self, state: State) {
        match (self.now().1, state) {
            (State::Closed, State::Open) => info!(moment = "breaker opens", "too many failures"),
            (State::HalfOpen, State::Closed) => info!(moment = "breaker closes", "the probe succeeded"),
            (State::Open, State::HalfOpen) => info!(mark = "probe", "lets one call through"),
            _ => info!("the probe failed or was dropped"),
        }
        self.failures = 0;
        self.in_a_row = 0;
        self.history.push((Instant::now(), state));
        info!(state.breaker = state.name(), "the breaker is {}", state.name());
    }
}

/// A service with an outage.
struct Service {
    cx: Context,
    started: Instant,
    /// When each call reached it.
    reached: Mutex<Vec<Instant>>,
}

impl Service {
    async fn call(&self, number: usize) -> Result<(), CallError> {
        let now = Instant::now();
        let reached = {
            let mut reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
            reached.push(now);
            reached.len()
        };
        info!(counter.calls = reached, "call {number} reaches the service");
        sleep(self.cx.duration(LATENCY)).instrument(info_span!("calls", number)).await;
        let down = self.cx.duration(OUTAGE_FROM)..self.cx.duration(OUTAGE_TO);
        let flaky = self.cx.draw("flaky", number, 0..=99) < self.cx.number(FLAKY);
        if down.contains(&(now - self.started)) || flaky {
            Err(CallError::Down)
        } else if self.cx.draw("other errors", number, 0..=99) < self.cx.number(OTHER_ERRORS) {
            Err(CallError::BadRequest)
        } else {
            Ok(())
        }
    }
}

/// The results of all calls, over all clients.
#[derive(Default)]
struct Tally {
    answered: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    other: AtomicU64,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let breaker = Arc::new(Breaker::new(&cx));
    let service = Arc::new(Service { cx: cx.clone(), started, reached: Mutex::default() });
    let tally = Arc::new(Tally::default());
    info!(state.breaker = State::Closed.name(), "the breaker lets calls through");
    if cx.number(OUTAGE_FROM) < cx.number(OUTAGE_TO) {
        info!(moment = "outage", moment_at_ms = cx.number(OUTAGE_FROM), "the service will go down then");
        info!(moment = "service is back", moment_at_ms = cx.number(OUTAGE_TO), "the service will recover then");
    }

    let mut clients = JoinSet::new();
    for i in 0..CLIENTS.min(cx.count(CALLS)) {
        let client = client(cx.clone(), i, breaker.clone(), service.clone(), tally.clone());
        clients.build_task().name(&format!("client {i}")).spawn(client)?;
    }
    while let Some(ended) = clients.join_next().await {
        ended?;
    }

    let (history, opened_early) = {
        let inner = breaker.inner();
        (inner.history.clone(), inner.opened_early)
    };
    let reached = service.reached.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let outage_ends = started + cx.duration(OUTAGE_TO);
    let well = history.iter().find(|(since, state)| *state == State::Closed && *since >= outage_ends);
    let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let times = |state| history.iter().filter(|(_, is)| *is == state).count();
    Ok(Outcome::new()
        .figure("went through", reached.len(), "calls")
        .figure("answered", read(&tally.answered), "calls")
        .figure("failed", read(&tally.failed), "calls")
        .figure("other errors", read(&tally.other), "calls")
        .figure("refused", read(&tally.refused), "calls")
        .figure("opened", times(State::Open), "times")
        .figure("probes", times(State::HalfOpen), "probes")
        .figure("recovery noticed at", well.map_or(Duration::ZERO, |(since, _)| *since - started), "ms")
        .figure("total", started.elapsed(), "ms")
        .check("no call goes through an open breaker", none_while_open(&history, &reached))
        .check("one probe at a time", one_probe_at_a_time(&history, &reached))
        .check("only failures in a row open the breaker", opened_early == 0)
        .check("states follow in the right order", in_order(&history, cx.duration(RECOVERY))))
}

/// Makes every fourth call, each at its scheduled time.
async fn client(cx: Context, i: usize, breaker: Arc<Breaker>, service: Arc<Service>, tally: Arc<Tally>) {
    let mut last = "ok";
    for number in (i..cx.count(CALLS)).step_by(CLIENTS) {
        sleep_until(service.started + Duration::from_millis(number as u64 * 1000 / cx.number(RATE))).await;
        let (count, mark, says) = match breaker.call(service.call(number)).await {
            Ok(()) => (&tally.answered, "ok", "is answered"),
            Err(CallError::Refused) => (&tally.refused, "refused", "is refused at once"),
            Err(CallError::Down) => (&tally.failed, "x", "fails"),
            Err(CallError::BadRequest) => (&tally.other, "bad", "is a bad request"),
        };
        count.fetch_add(1, Ordering::Relaxed);
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        // Mark only a change of result, not every call.
        let mark = (mark != last).then_some(mark);
        last = mark.unwrap_or(last);
        info!(counter.failed = read(&tally.failed), counter.refused = read(&tally.refused), mark, "call {number} {says}");
    }
}

/// Returns true if no call reached the service while the breaker was open.
fn none_while_open(history: &[(Instant, State)], reached: &[Instant]) -> bool {
    let mut spans = history.windows(2).map(|pair| (pair[0].1, pair[0].0, pair[1].0));
    let open = |state, from, to| state == State::Open && reached.iter().any(|call| from < *call && *call < to);
    !spans.any(|(state, from, to)| open(state, from, to))
        && history.last().is_none_or(|(since, state)| *state != State::Open || reached.iter().all(|call| call <= since))
}

/// Returns true if exactly one call reached the service in each half-open state.
fn one_probe_at_a_time(history: &[(Instant, State)], reached: &[Instant]) -> bool {
    let half_open = history.windows(2).filter(|pair| pair[0].1 == State::HalfOpen);
    half_open.into_iter().all(|pair| reached.iter().filter(|call| (pair[0].0..pair[1].0).contains(call)).count() == 1)
}

/// Returns true if each state follows an allowed one, and the breaker stayed open long enough each time.
fn in_order(history: &[(Instant, State)], recovery: Duration) -> bool {
    history.windows(2).all(|pair| match (pair[0].1, pair[1].1) {
        (State::Closed, State::Open) | (State::HalfOpen, State::Open | State::Closed) => true,
        (State::Open, State::HalfOpen) => pair[1].0 - pair[0].0 >= recovery,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    mod calls;

    use super::*;

    /// Few calls fail. The recovery time decides how soon the breaker notices the end of the outage.
    #[tokio::test(start_paused = true)]
    async fn it_fails_fast_probes_and_recovers() -> scenario::Result<()> {
        for (turned, failed, opened, probes, well) in [
            (&[] as &[(Param, &str)], 6.0, 2.0, 2.0, 5330.0),
            (&[(RECOVERY, "500")], 10.0, 6.0, 6.0, 4530.0),
            (&[(THRESHOLD, "20")], 20.0, 1.0, 1.0, 4030.0),
            (&[(OTHER_ERRORS, "50")], 6.0, 2.0, 2.0, 5330.0),
            (&[(THRESHOLD, "1000")], 60.0, 0.0, 0.0, 0.0),
        ] {
            let outcome = run(Context::of(&SCENARIO, turned)).await?;
            let figures = ["failed", "opened", "probes", "recovery noticed at"].map(|name| outcome.value(name));
            assert_eq!(figures, [Some(failed), Some(opened), Some(probes), Some(well)], "{turned:?}");
            assert!(outcome.holds(), "{turned:?}: {outcome:?}");
        }
        Ok(())
    }

    /// The checks can fail: they detect every kind of broken breaker.
    #[test]
    fn a_breaker_that_leaks_or_jumps_is_found() {
        let zero = Instant::now();
        let at = |ms| zero + Duration::from_millis(ms);
        let history = [(at(0), State::Closed), (at(100), State::Open), (at(300), State::HalfOpen), (at(330), State::Closed)];
        assert!(none_while_open(&history, &[at(50), at(100), at(300)]));
        assert!(!none_while_open(&history, &[at(50), at(200)]), "a call went through while it was open");
        assert!(!none_while_open(&history[..2], &[at(101)]), "a call went through, and it is still open");
        assert!(one_probe_at_a_time(&history, &[at(300)]));
        assert!(!one_probe_at_a_time(&history, &[at(300), at(310)]), "two probes");
        assert!(in_order(&history, Duration::from_millis(200)));
        assert!(!in_order(&history, Duration::from_millis(201)), "half open too soon");
        assert!(!in_order(&[history[0], history[2]], Duration::ZERO), "from closed to half open");
    }
}
