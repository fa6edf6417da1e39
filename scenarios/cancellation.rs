//! # Cancellation: it lands at an await, so clean up there
//!
//! At each step a worker takes an item from a source, works on it for half a step and
//! stores the result. At `cancel_after` it has to stop.
//!
//! **What you see.** Three items are stored. The worker holds item 3 when the cancel
//! comes at 3001 ms. It ends in the middle of the work, and the item is lost. Then main
//! cleans up in its place.
//!
//! **Why.** A future runs from one `.await` to the next and can only be dropped in
//! between. `abort` drops it where it waits: no line after that `.await` ever runs, and
//! everything that the future owns is dropped with it. `Drop` itself cannot await, so
//! another task has to do the cleanup. A `CancellationToken` is a request, not an order:
//! the worker checks it where it has nothing to lose, and cleans up after itself.
//!
//! **Try.** Set `cancel_after` to 3000, one millisecond less: the worker holds no item,
//! nothing is lost, and the check holds. Set it back to 3001 and `variant` to `token`:
//! the worker finishes item 3 first, the run ends at 6500 ms instead of 6001, and nothing
//! is lost. `shielded` loses nothing either: the worker is aborted, but the work on the
//! item is a separate task, which an abort of the worker does not reach. With `swallowed` the
//! request comes as a message, and ends the work on item 3; the worker logs that like any
//! other error and goes on. The message is used up, so main waits for a worker that never
//! ends, and the run stalls. A token would still be cancelled when the worker looks again.
//!
//! **Pitfall.** Every `.await` between taking something and putting it down is a place
//! where you can lose it. So is every `select!` branch that does not win: it is dropped
//! too. `recv` is safe there: if it is dropped, it has taken nothing.
//!
//! **Words.** asyncio: `task.cancel()` raises `CancelledError` at the await, so `finally`
//! runs and may await; `asyncio.shield`; an `asyncio.Event` to ask politely. Tokio:
//! `JoinHandle::abort`, `CancellationToken`, a spawned task.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::mpsc::{self, Receiver, Sender, UnboundedSender};
use tokio::task::Builder;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info, info_span, warn};

use scenario::prelude::*;

const CANCEL_AFTER: Param = Param::millis("cancel_after", 3_001, (1, 60_000), "When the worker must stop.");
const STEP: Param = Param::millis("step", 1_000, (10, 60_000), "Time between items; work takes half of it.");
const CLEANUP: Param = Param::millis("cleanup", 3_000, (0, 60_000), "How long the cleanup takes.");
const VARIANT: Param = Param::choice("variant", &["drop", "token", "shielded", "swallowed"], "How main stops the worker.");

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "cancellation",
    title: "Cancellation",
    group: Group::Basics,
    lesson: "A cancel lands at an await; clean up there.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[CANCEL_AFTER, STEP, CLEANUP, VARIANT],
    patterns: &["cancellation", "cancellation token", "shield", "cleanup"],
    differs: "In asyncio, a cancel is an exception at the await, so `finally` runs and may await, and `except` may swallow it; \
              in Tokio, an aborted task is dropped, and `Drop` cannot await; a task can ignore only a request.",
    builds_on: &["timeout"],
    breaks: &[
        Breaks::checks(&[("variant", "drop"), ("cancel_after", "3001")], &["no item is lost"]),
        Breaks::stalls(&[("variant", "swallowed"), ("cancel_after", "3001")]),
    ],
    story: &[
        Stop::at(
            When::Log(Nth::First, "item 0 is handed out"),
            "main hands an item to the worker every {param:step}. The worker works on it for half of that time.",
        )
        .line("source.send(item)"),
        Stop::at(
            When::Log(Nth::Last, "cancel"),
            "At {time} main wants the worker to stop. The worker waits at an await, and only there can a future be dropped.",
        ),
        Stop::at(
            When::End(Nth::First, "worker", How::Cancelled),
            "The worker is dropped at the await where it waited. No line after that await ever runs.",
        )
        .line("worker.abort()")
        .sometimes(),
        Stop::at(
            When::Log(Nth::First, "taken from the source"),
            "main counts what was stored: {figure:stored} of {figure:taken} items. The item that the worker had in hand is lost.",
        )
        .only("variant", "drop"),
        Stop::at(
            When::End(Nth::First, "worker", How::Well),
            "The worker saw the request when it had nothing in hand. It cleaned up after itself and returned at {time}.",
        )
        .line("stop.cancel()")
        .only("variant", "token"),
        Stop::at(
            When::Stall,
            "The worker has ignored the request and waits for its next item. main waits for the worker to end: neither can go on.",
        )
        .only("variant", "swallowed"),
        Stop::at(When::Over, "{figure:lost} of {figure:taken} items were lost. The run took {figure:total}.")
            .unless("variant", "swallowed"),
    ],
    questions: &[
        Question::new(
            "A worker takes items and works on them. main stops it after {param:cancel_after} (variant {param:variant}). What \
             does the worker do then?",
            Answer::Choice(&[
                Choice::new(
                    "It finishes the line that it runs, and returns an error",
                    If::Occurs(When::End(Nth::First, "worker", How::Failed)),
                ),
                Choice::new(
                    "It is dropped at the await where it waits",
                    If::Occurs(When::End(Nth::First, "worker", How::Cancelled)),
                ),
                Choice::new(
                    "It goes on until it has no item, cleans up and returns",
                    If::Occurs(When::End(Nth::First, "worker", How::Well)),
                ),
                Choice::new("It ignores that, and main waits for ever", If::Otherwise),
            ]),
            When::Log(Nth::Last, "cancel"),
            "At {time} the worker waited at an await. An abort drops it there; a request has an effect only where the worker \
             looks for it.",
        ),
        Question::new(
            "Every {param:step} a worker takes an item and works on it for half of that. main stops it after \
             {param:cancel_after} ({param:variant}). How many items are lost?",
            Answer::Number {
                is: "figure:lost",
                typical: &[
                    ("0", "The item in the worker's hands is dropped together with the worker."),
                    ("1", "Either the worker has no item at that moment, or what stops it does not stop the work on the item."),
                ],
            },
            When::Over,
            "{figure:stored} of {figure:taken} items were stored. Lost: {figure:lost}.",
        )
        .unless("variant", "swallowed"),
    ],
    source: include_str!("cancellation.rs"),
    path: file!(),
    twin: include_str!("cancellation.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// Items are numbered from 0, in order of arrival.
type Item = u32;

/// What a task needs to finish an item.
#[derive(Clone)]
struct Bench {
    /// How long the work on an item takes.
    work: Duration,
    /// Where results go. The channel closes when every copy is dropped.
    store: UnboundedSender<Item>,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let (source, items) = mpsc::channel(1);
    let (store, mut results) = mpsc::unbounded_channel();
    let bench = Bench { work: Duration::from_millis(cx.number(STEP) / 2), store };
    let cleanup = cx.duration(CLEANUP);
    // A token stays cancelled. A notification reaches one waiter, once.
    let (stop, asked) = (CancellationToken::new(), Arc::new(Notify::new()));
    info!(moment = "cancel", moment_at_ms = cx.number(CANCEL_AFTER), "the worker will be cancelled then");

    let polite = matches!(cx.word(VARIANT), "token" | "swallowed");
    let worker = Builder::new().name("worker");
    let worker = match cx.word(VARIANT) {
        "token" => worker.spawn(until_asked(items, bench, stop.clone(), cleanup))?,
        "shielded" => worker.spawn(until_dropped_but_shielded(items, bench))?,
        "swallowed" => worker.spawn(in_spite_of_being_asked(items, bench, asked.clone(), cleanup))?,
        _ => worker.spawn(until_dropped(items, bench))?,
    };

    let taken = hand_out(&source, cx.duration(STEP), started + cx.duration(CANCEL_AFTER)).await?;
    info!("cancel");
    if polite {
        // A request: the worker sees it when it next looks.
        stop.cancel();
        asked.notify_one();
    } else {
        // An order: the future is dropped at the await where it waits.
        worker.abort();
    }
    // An aborted task may still be in its last poll. Only the join confirms that its future is gone.
    match worker.await {
        Ok(ended) => ended?,
        Err(error) if error.is_cancelled() => info!("the worker was dropped where it waited"),
        Err(error) => return Err(error.into()),
    }

    // Every copy of `store` is dropped by now, or will be when a shielded item is done: then `recv` returns `None`.
    let mut stored = 0_u32;
    while results.recv().await.is_some() {
        stored += 1;
    }
    let lost = taken.saturating_sub(stored);
    if lost > 0 {
        warn!(counter.lost = lost, mark = "1 lost", "taken from the source and never stored");
    }
    // A dropped worker cannot await anything, so main cleans up in its place.
    if !polite {
        clean_up(cleanup).await;
    }

    Ok(Outcome::new()
        .figure("taken", u64::from(taken), "items")
        .figure("stored", u64::from(stored), "items")
        .figure("lost", u64::from(lost), "items")
        .figure("total", started.elapsed(), "ms")
        .check("no item is lost", lost == 0))
}

/// Hands out one item at each step until it is time to cancel; returns how many.
async fn hand_out(source: &Sender<Item>, step: Duration, cancel_at: Instant) -> scenario::Result<u32> {
    let started = Instant::now();
    for item in 0.. {
        let due = started + step * item;
        sleep_until(due.min(cancel_at)).await;
        if due >= cancel_at {
            return Ok(item);
        }
        source.send(item).await?;
        info!(counter.taken = item + 1, "item {item} is handed out");
    }
    Ok(Item::MAX)
}

/// `drop`: a plain loop that is not prepared for an abort.
async fn until_dropped(mut items: Receiver<Item>, bench: Bench) -> scenario::Result<()> {
    while let Some(item) = items.recv().await {
        // An abort during this await drops the item.
        finish(item, bench.clone()).await?;
    }
    Ok(())
}

/// `token`: checks the token only where it holds no item.
async fn until_asked(
    mut items: Receiver<Item>,
    bench: Bench,
    stop: CancellationToken,
    cleanup: Duration,
) -> scenario::Result<()> {
    loop {
        let item = tokio::select! {
            // Branches are polled in order: take an item that is ready before a request to stop.
            biased;
            Some(item) = items.recv() => item,
            () = stop.cancelled() => break,
        };
        // Nothing stops the worker here, so the item is safe.
        finish(item, bench.clone()).await?;
    }
    clean_up(cleanup).await;
    Ok(())
}

/// `shielded`: the work on each item is a separate task. Dropping its handle does not stop it.
async fn until_dropped_but_shielded(mut items: Receiver<Item>, bench: Bench) -> scenario::Result<()> {
    while let Some(item) = items.recv().await {
        let work = Builder::new().name(&format!("item {item}")).spawn(finish(item, bench.clone()))?;
        work.await??;
    }
    Ok(())
}

/// `swallowed`: a message asks it to stop. Between items it does; in the middle of one, it only gives up the item.
async fn in_spite_of_being_asked(
    mut items: Receiver<Item>,
    bench: Bench,
    asked: Arc<Notify>,
    cleanup: Duration,
) -> scenario::Result<()> {
    loop {
        let item = tokio::select! {
            biased;
            Some(item) = items.recv() => item,
            () = asked.notified() => break,
        };
        let done = tokio::select! {
            biased;
            done = finish(item, bench.clone()) => done,
            () = asked.notified() => Err("it was asked to stop".into()),
        };
        // This should leave the loop: the message is used up, and nobody sends it again.
        if let Err(error) = done {
            warn!(mark = "ignored", "item {item} is given up: {error}");
        }
    }
    clean_up(cleanup).await;
    Ok(())
}

/// Works on an item and stores it. If it is dropped at its await, the item is lost.
async fn finish(item: Item, bench: Bench) -> scenario::Result<()> {
    sleep(bench.work).instrument(info_span!("work", item)).await;
    bench.store.send(item)?;
    info!(counter.stored = item + 1, mark = "ok", "item {item} is stored");
    Ok(())
}

/// Cleanup that takes time: flush buffers, close connections, release locks.
async fn clean_up(cleanup: Duration) {
    sleep(cleanup).instrument(info_span!("cleanup")).await;
    info!("cleaned up");
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    /// One millisecond decides if `drop` loses an item. The other two never lose one.
    #[tokio::test(start_paused = true)]
    async fn only_a_dropped_worker_loses_the_item_in_its_hand() -> scenario::Result<()> {
        for (variant, cancel_after, lost, total) in [
            ("drop", "3000", 0.0, 6000.0),
            ("drop", "3001", 1.0, 6001.0),
            ("token", "3000", 0.0, 6000.0),
            ("token", "3001", 0.0, 6500.0),
            ("shielded", "3001", 0.0, 6500.0),
        ] {
            let outcome = run(Context::of(&SCENARIO, &[(VARIANT, variant), (CANCEL_AFTER, cancel_after)])).await?;
            assert_eq!(outcome.value("lost"), Some(lost), "{variant} at {cancel_after}");
            assert_eq!(outcome.value("total"), Some(total), "{variant} at {cancel_after}");
        }
        Ok(())
    }

    /// A worker that swallows the request in the middle of an item never ends. Between items it does not swallow it.
    #[tokio::test(start_paused = true)]
    async fn main_waits_for_ever_for_a_worker_that_ignores_the_request() {
        for (cancel_after, ends) in [("3000", true), ("3001", false)] {
            let turned = [(VARIANT, "swallowed"), (CANCEL_AFTER, cancel_after)];
            let ended = timeout(Duration::from_secs(24 * 3600), run(Context::of(&SCENARIO, &turned))).await;
            assert_eq!(ended.is_ok(), ends, "cancelled after {cancel_after} ms");
        }
    }
}
