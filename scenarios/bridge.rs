//! # Bridge: sync and async meet at one door
//!
//! Plain, synchronous code, written years ago, makes a report. In the middle it needs a
//! price, and prices now come from an `async fn`. Three async tasks each want such a
//! report.
//!
//! **What you see.** Each task prepares, the last one for half a second, and then calls the
//! old code, which calls `block_on`, and panics: "Cannot start a runtime from within a runtime".
//! On the real clock `variant=spawn_blocking` runs the old code on threads where
//! `block_on` is allowed, and `channel` keeps it on a thread of its own, which sends its
//! questions to a task and blocks until it has the answer.
//!
//! **Why.** `block_on` keeps the thread until the future is done. On a worker, that same thread
//! should drive the future: it would wait for itself. Tokio notices and panics. So you need one
//! place where blocking is allowed: a blocking thread on the way out, `block_on` or a
//! `blocking_` method on the way back in.
//!
//! **Try.** Set `variant` to `spawn_blocking` with `--clock real`: three reports, and 1000 ms, as
//! the three of them wait together. Set it to `channel`: the same sum, but one
//! thread asks one question at a time, from the first task's on, so it takes 167 + 3 × 500
//! ms. Set `calls` to 6: `spawn_blocking` takes as long as before, `channel` 83 + 6 × 500 ms.
//!
//! **Pitfall.** A helper that "just" calls `block_on` works in a test, in `main` and in a
//! thread, and panics the day somebody calls it from a task. Do not hide a `block_on` in a
//! library.
//!
//! **Words.** asyncio: `asyncio.run` within a running loop raises a `RuntimeError`;
//! `asyncio.to_thread` out, `run_coroutine_threadsafe(…).result()` back in. Tokio:
//! `spawn_blocking` out; `Handle::block_on`, `blocking_send` and `blocking_recv` back in.

use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{Builder, JoinSet};
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info, info_span};

use crate::prelude::*;

const CALLS: Param = Param::count("calls", 3, (1, 100), "calls", "How many tasks want a report.");
const LATENCY: Param = Param::millis("latency", 500, (1, 60_000), "How long the last task prepares, and how long a price takes.");
const VARIANT: Param = Param::choice(
    "variant",
    &["block_on-inside", "spawn_blocking", "channel"],
    "How the old code gets its price: block_on in the task, block_on on a blocking thread, or from a task over a channel.",
);

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "bridge",
    title: "Bridge",
    group: Group::Basics,
    lesson: "Sync and async meet at one door.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[CALLS, LATENCY, VARIANT],
    patterns: &["mixing sync and async", "block_on", "run coroutine threadsafe", "actor thread"],
    differs: "`asyncio.run` within a running loop raises an error that can be handled; `block_on` within a runtime panics.",
    builds_on: &["blocking", "oneshot"],
    breaks: &[Breaks::checks(&[("variant", "block_on-inside")], &["the sum is what the prices add up to"])],
    real_because: "spawn_blocking and channel have threads beside the runtime, which live in wall time",
    source: include_str!("bridge.rs"),
    path: file!(),
    twin: include_str!("bridge.py"),
    refuse,
    run: |cx| Box::pin(run(cx)),
};

/// A thread beside the runtime does not see virtual time, which would jump ahead of it.
fn refuse(values: &Values, clock: Clock) -> Result<(), ValueError> {
    let variant = values.word(&VARIANT);
    if variant == "block_on-inside" || clock == Clock::Real {
        return Ok(());
    }
    let reason = format!("{variant} needs the real clock: virtual time would jump ahead of a thread beside the runtime");
    Err(ValueError { param: VARIANT.name, reason })
}

/// A question of the old code, and where it waits for the answer.
struct Question {
    item: u64,
    answer: oneshot::Sender<u64>,
}

/// A task's wish for a report, and where it waits for it.
struct Order {
    item: u64,
    report: oneshot::Sender<u64>,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let (calls, latency, variant) = (cx.number(CALLS), cx.duration(LATENCY), cx.word(VARIANT));

    let office = if variant == "channel" { Some(open_office(latency)?) } else { None };
    let mut tasks = JoinSet::new();
    for item in 0..calls {
        let name = format!("call {item}");
        let task = tasks.build_task().name(&name);
        // Each one is ready a little later than the one before.
        let prepares = prepare(latency * (item as u32 + 1) / calls as u32);
        match (variant, &office) {
            ("spawn_blocking", _) => task.spawn(on_a_blocking_thread(prepares, item, latency))?,
            (_, Some(office)) => task.spawn(at_the_office(prepares, item, office.clone()))?,
            _ => task.spawn(inside(prepares, item, latency))?,
        };
    }
    drop(office);

    let (mut reports, mut sum, mut panics) = (0_u64, 0, 0_u64);
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok(report) => {
                reports += 1;
                sum += report?;
                info!(counter.reports = reports, mark = "report", "a report is there");
            }
            Err(ended) if ended.is_panic() => {
                panics += 1;
                info!(counter.panics = panics, mark = "panic", "a task panicked instead");
            }
            Err(cancelled) => return Err(cancelled.into()),
        }
    }

    let expected = (0..calls).map(price_of).sum::<u64>();
    Ok(Outcome::new()
        .figure("reports", reports, "reports")
        .figure("panics", panics, "tasks")
        .figure("sum", sum, "credits")
        .figure("total", started.elapsed(), "ms")
        .check("the sum is what the prices add up to", sum == expected))
}

/// The old code. It is given a way to ask for a price, which blocks until the answer is there.
fn old_report(item: u64, ask: impl FnOnce(u64) -> Option<u64>) -> Result<u64, String> {
    ask(item).ok_or_else(|| format!("no price for item {item}"))
}

/// The new code.
async fn price(item: u64, latency: Duration) -> u64 {
    sleep(latency).instrument(info_span!("asks the price")).await;
    price_of(item)
}

/// What an item costs.
fn price_of(item: u64) -> u64 {
    10 + item
}

/// What a task does before it needs the old code.
async fn prepare(takes: Duration) {
    sleep(takes).instrument(info_span!("prepares")).await;
}

/// `block_on-inside`: the old code blocks the worker, or would.
async fn inside(prepares: impl Future<Output = ()>, item: u64, latency: Duration) -> scenario::Result<u64> {
    prepares.await;
    let runtime = Handle::current();
    info!("the old code is called");
    Ok(old_report(item, |item| Some(runtime.block_on(price(item, latency))))?)
}

/// `spawn_blocking`: out through a blocking thread, and from there back in.
async fn on_a_blocking_thread(prepares: impl Future<Output = ()>, item: u64, latency: Duration) -> scenario::Result<u64> {
    prepares.await;
    let runtime = Handle::current();
    let name = format!("old code {item}");
    let report = Builder::new()
        .name(&name)
        .spawn_blocking(move || old_report(item, |item| Some(runtime.block_on(price(item, latency)))))?;
    Ok(report.await??)
}

/// `channel`: the old code sits on a thread of its own, and takes one order after the other.
async fn at_the_office(prepares: impl Future<Output = ()>, item: u64, office: mpsc::Sender<Order>) -> scenario::Result<u64> {
    prepares.await;
    let (report, done) = oneshot::channel();
    office.send(Order { item, report }).await?;
    Ok(done.await?)
}

/// Starts the thread with the old code, and the task that answers its questions. Both end when nobody orders any more.
fn open_office(latency: Duration) -> std::io::Result<mpsc::Sender<Order>> {
    let (ask, mut questions) = mpsc::channel::<Question>(1);
    let (office, mut orders) = mpsc::channel::<Order>(1);
    Builder::new().name("prices").spawn(async move {
        while let Some(question) = questions.recv().await {
            // Whoever asked may be gone; then nobody needs the answer.
            let _ = question.answer.send(price(question.item, latency).await);
        }
    })?;
    thread::Builder::new().name("old code".to_owned()).spawn(move || {
        while let Some(order) = orders.blocking_recv() {
            let report = old_report(order.item, |item| {
                let (answer, answered) = oneshot::channel();
                ask.blocking_send(Question { item, answer }).ok()?;
                answered.blocking_recv().ok()
            });
            // Without a report the order is dropped, which is an answer.
            let _ = report.map(|report| order.report.send(report));
        }
    })?;
    Ok(office)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `block_on` in a task panics, each time.
    #[tokio::test(start_paused = true)]
    async fn block_on_inside_a_runtime_panics() -> scenario::Result<()> {
        let outcome = run(Context::of(&SCENARIO, &[])).await?;
        assert_eq!((outcome.value("reports"), outcome.value("panics")), (Some(0.0), Some(3.0)));
        assert!(!outcome.holds());
        let panic = tokio::spawn(inside(async {}, 0, Duration::from_millis(1))).await.expect_err("it panics").into_panic();
        let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref().copied());
        assert!(said.is_some_and(|said: &str| said.contains("Cannot start a runtime from within a runtime")), "{said:?}");
        Ok(())
    }

    /// Both doors give the right sum; the one with one thread serves one at a time.
    #[test]
    fn both_doors_lead_through() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let took = |variant, calls| {
            let turned = [(VARIANT, variant), (CALLS, calls), (LATENCY, "50")];
            let outcome = runtime.block_on(run(Context::of(&SCENARIO, &turned))).expect("no failure");
            assert!(outcome.holds(), "{variant}: {outcome:?}");
            outcome.value("total").unwrap_or_default()
        };
        assert!(took("channel", "3") >= 3.3 * 50.0, "one price at a time");
        assert!(took("channel", "6") >= 6.1 * 50.0);
        let together = took("spawn_blocking", "20");
        assert!((2.0 * 50.0..20.0 * 50.0).contains(&together), "twenty at a time, and not one by one: {together} ms");
    }
}
