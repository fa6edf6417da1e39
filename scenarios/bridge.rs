//! # Bridge: keep one door between sync and async
//!
//! Synchronous code, written years ago, makes a report. It needs a price, and prices now
//! come from an `async fn`. Three async tasks each need a report.
//!
//! **What you see.** Each task prepares, the last one for half a second, and then calls
//! the old code. The old code calls `block_on` and panics: "Cannot start a runtime from
//! within a runtime". On the real clock, `variant=spawn_blocking` runs the old code on
//! blocking threads, where `block_on` is allowed. `channel` runs it on a thread of its
//! own, which sends each question to a task and blocks until it has the answer.
//!
//! **Why.** `block_on` keeps the thread until the future is done. On a worker, the same
//! thread would have to drive the future, so it would wait for itself. Tokio detects this
//! and panics. So you need one place where blocking is allowed: a blocking thread on the
//! way out, and `block_on` or a `blocking_` method on the way back in.
//!
//! **Try.** Set `variant` to `spawn_blocking` with `--clock real`: you get three reports
//! in 1000 ms, because the three wait at the same time. Set it to `channel`: you get the
//! same sum, but one thread asks one question at a time, so the run takes 167 + 3 × 500
//! ms. Set `calls` to 6: `spawn_blocking` takes as long as before, `channel` takes 83 + 6
//! × 500 ms.
//!
//! **Pitfall.** A helper that "just" calls `block_on` works in a test, in `main` and in a
//! thread. It panics on the day when a task calls it. Do not hide a `block_on` in a
//! library.
//!
//! **Words.** asyncio: `asyncio.run` inside a running loop raises a `RuntimeError`;
//! `asyncio.to_thread` out, `run_coroutine_threadsafe(…).result()` back in. Tokio:
//! `spawn_blocking` out; `Handle::block_on`, `blocking_send` and `blocking_recv` back in.

use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{Builder, JoinSet};
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info, info_span};

use scenario::prelude::*;

const CALLS: Param = Param::count("calls", 3, (1, 100), "calls", "How many tasks need a report.");
const LATENCY: Param = Param::millis("latency", 500, (1, 60_000), "How long preparing and pricing take.");
const VARIANT: Param = Param::choice(
    "variant",
    &["block_on-inside", "spawn_blocking", "channel"],
    "Where the old code runs: task, blocking thread, own thread.",
);

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "bridge",
    title: "Bridge",
    group: Group::Basics,
    lesson: "Keep one door between sync and async.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[CALLS, LATENCY, VARIANT],
    patterns: &["mixing sync and async", "block_on", "run coroutine threadsafe", "actor thread"],
    differs: "`asyncio.run` inside a running loop raises an error that you can handle; `block_on` inside a runtime panics.",
    builds_on: &["blocking", "oneshot"],
    breaks: &[Breaks::checks(&[("variant", "block_on-inside")], &["the sum of the prices is correct"])],
    real_because: "spawn_blocking and channel use threads, which run in wall time",
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "call"),
            "{count:call} tasks each prepare and then need a report from old, synchronous code. That code needs a price from new, async \
             code.",
        )
        .line("async fn price"),
        Stop::at(
            When::Log(Nth::First, "calls the old code"),
            "At {time} {task} calls the old code, inside its poll. The old code calls block_on to wait for the price.",
        )
        .line("runtime.block_on")
        .only("variant", "block_on-inside"),
        Stop::at(
            When::End(Nth::First, "call", How::Panicked),
            "{task} panics. block_on would hold the worker, which must drive that future: it would wait for itself. Tokio \
             detects this.",
        )
        .line("runtime.block_on")
        .only("variant", "block_on-inside"),
        Stop::at(
            When::Spawn(Nth::First, "old code"),
            "{task} runs on a blocking thread, which may block. There block_on is allowed: it waits for the price on that \
             thread.",
        )
        .line("spawn_blocking(move")
        .only("variant", "spawn_blocking"),
        Stop::at(
            When::LongestWait("call", For::Join),
            "{task} awaits its blocking thread for {lasted}. The task gives its worker back, so other tasks run meanwhile.",
        )
        .only("variant", "spawn_blocking"),
        Stop::at(
            When::Wait(Nth::First, "call", For::Message),
            "{task} has sent its order to the one thread of the old code, and awaits the report. That thread may block.",
        )
        .line("done.await")
        .only("variant", "channel"),
        Stop::at(
            When::Wait(Nth::First, "prices", For::Time),
            "The thread has sent a question to the task {task}, and blocks. {task} asks the price for it, at an await.",
        )
        .line("question.answer.send")
        .only("variant", "channel"),
        Stop::at(
            When::LongestWait("call", For::Message),
            "{task} waits longest for its report: {lasted}. The thread takes one order at a time.",
        )
        .line("orders.blocking_recv()")
        .only("variant", "channel"),
        Stop::at(
            When::Over,
            "{figure:reports} reports arrived, {figure:panics} tasks panicked, and the sum of the prices is {figure:sum}. The run took \
             {figure:total}.",
        ),
    ],
    questions: &[
        scenario::question::Question::new(
            "A task calls old code, which calls block_on to wait {param:latency} for an async price. What happens?",
            Answer::Choice(&[
                Choice::new("The worker waits for itself, for ever", If::Occurs(When::Stall)),
                Choice::new("The task panics at once", If::More("figure:panics", "0")),
                Choice::new("It works, but its worker is blocked meanwhile", If::Otherwise),
            ]),
            When::End(Nth::First, "call", How::Panicked),
            "{figure:panics} tasks panicked and {figure:reports} got a report. Tokio does not let a worker wait for a future \
             that it has to drive.",
        )
        .only("variant", "block_on-inside"),
        scenario::question::Question::new(
            "{param:calls} tasks prepare for up to {param:latency}. The old code of each waits {param:latency} on a blocking \
             thread. How long is the run?",
            Answer::Time {
                is: "figure:total",
                typical: &[
                    ("param:latency * param:calls", "Each call has a blocking thread of its own, so the waits overlap."),
                    (
                        "param:latency * param:calls + param:latency",
                        "Each call has a blocking thread of its own, so the waits overlap.",
                    ),
                    ("param:latency", "A task calls the old code only when it has prepared."),
                ],
            },
            When::Over,
            "{figure:reports} reports took {figure:total}: the blocking threads wait at the same time.",
        )
        .only("variant", "spawn_blocking"),
        scenario::question::Question::new(
            "{param:calls} tasks prepare for up to {param:latency}. One thread does all the old code, {param:latency} per task. \
             How long is the run?",
            Answer::Time {
                is: "figure:total",
                typical: &[
                    ("param:latency", "The thread takes one order at a time, and waits for each price."),
                    ("param:latency * 2", "That would need a thread for each call. The one thread takes one order at a time."),
                ],
            },
            When::Over,
            "{figure:reports} reports took {figure:total}: the one thread waits for one price after the other.",
        )
        .only("variant", "channel"),
    ],
    source: include_str!("bridge.rs"),
    path: file!(),
    twin: include_str!("bridge.py"),
    refuse,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// Virtual time would jump ahead of a thread outside the runtime.
fn refuse(values: &Values, clock: Clock) -> Result<(), ValueError> {
    let variant = values.word(&VARIANT);
    if variant == "block_on-inside" || clock == Clock::Real {
        return Ok(());
    }
    let reason = format!("{variant} needs the real clock: virtual time would jump ahead of its thread");
    Err(ValueError { param: VARIANT.name, reason })
}

/// A question from the old code.
struct Question {
    item: u64,
    /// The old code blocks on the other end.
    answer: oneshot::Sender<u64>,
}

/// A task's order for a report.
struct Order {
    item: u64,
    /// The task awaits the other end.
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
        // Each task is ready a little later than the one before.
        let prepares = prepare(latency * (item as u32 + 1) / calls as u32);
        match (variant, &office) {
            ("spawn_blocking", _) => task.spawn(on_a_blocking_thread(prepares, item, latency))?,
            (_, Some(office)) => task.spawn(at_the_office(prepares, item, office.clone()))?,
            _ => task.spawn(inside(prepares, item, latency))?,
        };
    }
    // Drop our own sender, so that the thread ends when the last task drops its copy.
    drop(office);
    let (mut reports, mut sum, mut panics) = (0_u64, 0, 0_u64);
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok(report) => {
                reports += 1;
                sum += report?;
                info!(counter.reports = reports, mark = "report", "a report arrives");
            }
            Err(ended) if ended.is_panic() => {
                panics += 1;
                info!(counter.panics = panics, mark = "panic", "a task panicked");
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
        .check("the sum of the prices is correct", sum == expected))
}

/// The old code. `ask` blocks until it has a price.
fn old_report(item: u64, ask: impl FnOnce(u64) -> Option<u64>) -> Result<u64, String> {
    ask(item).ok_or_else(|| format!("no price for item {item}"))
}

/// The new code.
async fn price(item: u64, latency: Duration) -> u64 {
    sleep(latency).instrument(info_span!("asks the price")).await;
    price_of(item)
}

/// The price of an item.
fn price_of(item: u64) -> u64 {
    10 + item
}

/// What a task does before it needs the old code.
async fn prepare(takes: Duration) {
    sleep(takes).instrument(info_span!("prepares")).await;
}

/// `block_on-inside`: the old code would block the worker, so `block_on` panics.
async fn inside(prepares: impl Future<Output = ()>, item: u64, latency: Duration) -> scenario::Result<u64> {
    prepares.await;
    let runtime = Handle::current();
    info!("calls the old code");
    Ok(old_report(item, |item| Some(runtime.block_on(price(item, latency))))?)
}

/// `spawn_blocking`: out to a blocking thread, and back in with `block_on`.
async fn on_a_blocking_thread(prepares: impl Future<Output = ()>, item: u64, latency: Duration) -> scenario::Result<u64> {
    prepares.await;
    // The blocking thread needs the runtime's handle for its way back in.
    let runtime = Handle::current();
    let name = format!("old code {item}");
    let report = Builder::new()
        .name(&name)
        .spawn_blocking(move || old_report(item, |item| Some(runtime.block_on(price(item, latency)))))?;
    Ok(report.await??)
}

/// `channel`: the old code has a thread of its own and takes one order at a time.
async fn at_the_office(prepares: impl Future<Output = ()>, item: u64, office: mpsc::Sender<Order>) -> scenario::Result<u64> {
    prepares.await;
    let (report, done) = oneshot::channel();
    office.send(Order { item, report }).await?;
    Ok(done.await?)
}

/// Starts the old code's thread and the task that answers its questions. Both end when every sender of orders is dropped.
fn open_office(latency: Duration) -> std::io::Result<mpsc::Sender<Order>> {
    let (ask, mut questions) = mpsc::channel::<Question>(1);
    let (office, mut orders) = mpsc::channel::<Order>(1);
    Builder::new().name("prices").spawn(async move {
        while let Some(question) = questions.recv().await {
            // This fails only if the old code has stopped waiting; then the answer is not needed.
            let _ = question.answer.send(price(question.item, latency).await);
        }
    })?;
    thread::Builder::new().name("old code".to_owned()).spawn(move || {
        while let Some(order) = orders.blocking_recv() {
            // We are on a plain thread, so blocking is allowed here.
            let report = old_report(order.item, |item| {
                let (answer, answered) = oneshot::channel();
                ask.blocking_send(Question { item, answer }).ok()?;
                answered.blocking_recv().ok()
            });
            // Without a report we drop the order, and the task that waits for it gets an error.
            let _ = report.map(|report| order.report.send(report));
        }
    })?;
    Ok(office)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `block_on` in a task always panics.
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

    /// Both ways give the right sum. With a single thread, calls run one at a time.
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
        assert!((2.0 * 50.0..20.0 * 50.0).contains(&together), "twenty at a time, not one by one: {together} ms");
    }
}
