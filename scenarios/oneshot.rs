//! # Oneshot: a future is a promise that somebody else keeps
//!
//! A waiter needs one value, and a worker is going to have it. Between them is a
//! oneshot channel: one sender, one receiver, one value.
//!
//! **What you see.** The waiter waits on its channel while the worker works. When the
//! worker sends, the waiter is woken and works on with the value: the arrow of that wake
//! shows who resolves whom. With `variant=dropped` the worker leaves half way without a
//! word, and the waiter is woken at that moment, with an error. With `timed-out` it
//! gives up half way, and the worker finds out when it wants to send: its value comes
//! back.
//!
//! **Why.** A future by itself does nothing; somebody has to keep the promise. Here it is the
//! task that has the sender. The sender ends in one of two ways: consumed by `send`, or
//! dropped. Both wake the receiver, so the waiter gets a value or an error, but never nothing.
//!
//! **Try.** Set `variant` to `dropped`: the answer comes at 500 instead of 1000 ms, and
//! it is an error, so there is nothing to work on. Set it to `timed-out`: the waiter is over at 500,
//! the worker at 1000.
//! Set `work` to 4000: each of these times is four times as long.
//!
//! **Pitfall.** A sender that is kept but never used (in a map of pending requests, for
//! one) is a promise that nobody keeps: the waiter waits for ever. Drop it, or put a
//! timeout around the wait. `send` is no `async fn` and says `Ok` when the receiver
//! still exists, not when it has read the value.
//!
//! **Words.** asyncio: `loop.create_future()`, `set_result`, `set_exception`, `await
//! future`; a future that is forgotten stays pending, as nothing is told by its end.
//! Tokio: `oneshot::channel()`, `sender.send(value)`, `receiver.await`; dropping is an answer.

use std::time::Duration;

use tokio::sync::oneshot::{self, Receiver, Sender};
use tokio::task::Builder;
use tokio::time::{Instant, sleep, timeout};
use tracing::{Instrument, info, info_span, warn};

use crate::prelude::*;

const WORK: Param = Param::millis("work", 1_000, (10, 60_000), "How long the worker needs for the value.");
const VARIANT: Param = Param::choice(
    "variant",
    &["kept", "dropped", "timed-out"],
    "How it goes: the value is sent, the worker leaves half way, or the waiter gives up half way.",
);

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "oneshot",
    title: "Oneshot",
    group: Group::Basics,
    lesson: "A future is a promise that somebody else keeps.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[WORK, VARIANT],
    patterns: &["future and promise", "oneshot channel", "request and reply"],
    differs: "A future of asyncio that is forgotten stays pending; a sender that is dropped is an answer, and the receiver \
              gets an error.",
    builds_on: &["spawn"],
    source: include_str!("oneshot.rs"),
    path: file!(),
    twin: include_str!("oneshot.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// What the promise is about.
type Answer = u32;

/// What the waiter got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Got {
    Value(Answer),
    /// The sender is gone.
    Dropped,
    /// It has waited long enough.
    TimedOut,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let (work, variant) = (cx.duration(WORK), cx.word(VARIANT));
    let half = Duration::from_millis(cx.number(WORK) / 2);

    let (promise, answer) = oneshot::channel();
    let worker = Builder::new().name("worker");
    let worker = match variant {
        "dropped" => worker.spawn(leave(promise, half))?,
        _ => worker.spawn(keep(promise, work))?,
    };
    let patience = (variant == "timed-out").then_some(half);
    let waiter = Builder::new().name("waiter").spawn(wait_and_use(answer, patience, work))?;

    let (got, answered) = waiter.await?;
    let sent = worker.await?;

    let (expected, at) = match variant {
        "dropped" => (Got::Dropped, half),
        "timed-out" => (Got::TimedOut, half),
        _ => (Got::Value(ANSWER), work),
    };
    Ok(Outcome::new()
        .figure("values", u64::from(got == Got::Value(ANSWER)), "answers")
        .figure("errors", u64::from(got != Got::Value(ANSWER)), "answers")
        .figure("values that came back", u64::from(sent.is_err()), "answers")
        .figure("waited", answered, "ms")
        .figure("total", started.elapsed(), "ms")
        .check("the waiter gets a value or an error, as is its due", got == expected)
        .check("it gets it at once", cx.on_time(answered, at)))
}

/// What the worker finds out.
const ANSWER: Answer = 42;

/// Waits for the answer, and works on with it if it is a value; returns what it got, and how long it has waited.
async fn wait_and_use(answer: Receiver<Answer>, patience: Option<Duration>, work: Duration) -> (Got, Duration) {
    let asked = Instant::now();
    let got = wait(answer, patience).instrument(info_span!("awaits the promise")).await;
    let waited = asked.elapsed();
    match got {
        Got::Value(value) => {
            info!(mark = value.to_string(), "the value is here");
            sleep(work).instrument(info_span!("works on")).await;
        }
        Got::Dropped => warn!(mark = "no value", "the sender is gone"),
        Got::TimedOut => warn!(moment = "patience ends", "has waited long enough"),
    }
    (got, waited)
}

/// Waits for the answer, for as long as its patience lasts.
async fn wait(answer: Receiver<Answer>, patience: Option<Duration>) -> Got {
    let answer = match patience {
        None => answer.await,
        Some(patience) => match timeout(patience, answer).await {
            Ok(answer) => answer,
            Err(_) => return Got::TimedOut,
        },
    };
    answer.map_or(Got::Dropped, Got::Value)
}

/// Keeps the promise. The value comes back when there is nobody to take it.
async fn keep(promise: Sender<Answer>, work: Duration) -> Result<(), Answer> {
    sleep(work).instrument(info_span!("finds it out")).await;
    let sent = promise.send(ANSWER);
    sent.inspect(|()| info!(moment = "promise kept", "sent")).inspect_err(|_| warn!(mark = "too late", "nobody waits any more"))
}

/// Leaves without a word. That `promise` is dropped is the answer.
async fn leave(promise: Sender<Answer>, after: Duration) -> Result<(), Answer> {
    sleep(after).instrument(info_span!("finds it out")).await;
    info!(moment = "promise dropped", "leaves without a word");
    drop(promise);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// There is an answer each time, and it comes when the sender is used or dropped, or patience ends.
    #[tokio::test(start_paused = true)]
    async fn the_waiter_always_gets_an_answer() -> scenario::Result<()> {
        for (variant, work, values, errors, back, waited, total) in [
            ("kept", "1000", 1.0, 0.0, 0.0, 1000.0, 2000.0),
            ("dropped", "1000", 0.0, 1.0, 0.0, 500.0, 500.0),
            ("timed-out", "1000", 0.0, 1.0, 1.0, 500.0, 1000.0),
            ("kept", "4000", 1.0, 0.0, 0.0, 4000.0, 8000.0),
            ("dropped", "4000", 0.0, 1.0, 0.0, 2000.0, 2000.0),
            ("timed-out", "4000", 0.0, 1.0, 1.0, 2000.0, 4000.0),
        ] {
            let outcome = run(Context::of(&SCENARIO, &[(VARIANT, variant), (WORK, work)])).await?;
            for (name, expected) in
                [("values", values), ("errors", errors), ("values that came back", back), ("waited", waited), ("total", total)]
            {
                assert_eq!(outcome.value(name), Some(expected), "{name}: {variant}, {work} ms of work");
            }
            assert!(outcome.holds());
        }
        Ok(())
    }

    /// The pitfall: a sender that is kept and never used is a promise that nobody keeps.
    #[tokio::test(start_paused = true)]
    async fn a_forgotten_sender_is_no_answer() {
        let (_promise, answer) = oneshot::channel::<Answer>();
        assert_eq!(wait(answer, Some(Duration::from_secs(3600))).await, Got::TimedOut);
    }
}
