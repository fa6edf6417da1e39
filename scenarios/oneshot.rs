//! # Oneshot: a future is a promise that another task keeps
//!
//! A waiter needs one value, and a worker produces it. Between them is a oneshot channel: one
//! sender, one receiver, one value.
//!
//! **What you see.** The waiter waits on its channel while the worker works. When the worker sends,
//! the waiter wakes and works on with the value. The arrow of that wake shows which task resolves
//! which. With `variant=dropped` the worker leaves half way and sends nothing, and the waiter wakes
//! at that moment with an error. With `timed-out` the waiter gives up half way. The worker finds
//! out when it sends: the value comes back to it.
//!
//! **Why.** A future by itself does nothing; some task has to keep the promise. Here it is the task
//! that has the sender. A sender ends in one of two ways: `send` consumes it, or it is dropped.
//! Both wake the receiver, with a value or an error, so no end of the sender goes unnoticed.
//!
//! **Try.** Set `variant` to `dropped`: the answer comes after 500 ms instead of 1000. It is an
//! error, so the waiter has nothing to work on. Set it to `timed-out`: the waiter ends at 500 ms,
//! the worker at 1000. Set `work` to 4000: each of these times is four times as long.
//!
//! **Pitfall.** A sender that you keep but never use, for example in a map of pending requests, is
//! a promise that nobody keeps: the waiter waits for ever. Drop it, or put a timeout around the
//! wait. `send` is not an `async fn`. It returns `Ok` if the receiver still exists, which does not
//! mean that the receiver has read the value.
//!
//! **Words.** asyncio: `loop.create_future()`, `set_result`, `set_exception`, `await future`; a
//! future that is forgotten stays pending, because nothing happens when it goes away. Tokio:
//! `oneshot::channel()`, `sender.send(value)`, `receiver.await`; dropping the sender is an answer.

use std::time::Duration;

use tokio::sync::oneshot::{self, Receiver, Sender};
use tokio::task::Builder;
use tokio::time::{Instant, sleep, timeout};
use tracing::{Instrument, info, info_span, warn};

use scenario::prelude::*;

const WORK: Param = Param::millis("work", 1_000, (10, 60_000), "How long the worker takes.");
const VARIANT: Param =
    Param::choice("variant", &["kept", "dropped", "timed-out"], "Send the value, drop the sender, or give up.");

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "oneshot",
    title: "Oneshot",
    group: Group::Basics,
    lesson: "A future is a promise that another task keeps.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[WORK, VARIANT],
    patterns: &["future and promise", "oneshot channel", "request and reply"],
    differs: "A forgotten asyncio future stays pending; dropping a Tokio sender is an answer: the receiver gets an error.",
    builds_on: &["spawn"],
    story: &[
        Stop::at(
            When::Spawn(Nth::First, "waiter"),
            "{task} needs one value from worker. worker has the sender of a oneshot channel, and {task} has the receiver.",
        )
        .line("oneshot::channel()"),
        Stop::at(
            When::Wait(Nth::First, "waiter", For::Message),
            "{task} awaits the receiver and waits {lasted}. That future computes nothing: only worker can give it a value.",
        ),
        Stop::at(
            When::Resume(Nth::First, "waiter", For::Message),
            "At {time} {by} sends the value. That resolves the future and wakes {task}.",
        )
        .line("promise.send(ANSWER)")
        .only("variant", "kept"),
        Stop::at(
            When::Log(Nth::First, "the value is here"),
            "{task} has the value and works on with it. It is one value, and the sender is used up.",
        )
        .line("Got::Value(value) =>")
        .only("variant", "kept"),
        Stop::at(
            When::Log(Nth::First, "drops its sender"),
            "{task} leaves at {time} without a value, and drops its sender. Now nothing can resolve the future with a value.",
        )
        .line("drop(promise)")
        .only("variant", "dropped"),
        Stop::at(
            When::Resume(Nth::First, "waiter", For::Message),
            "The drop wakes {task} at the same moment, with an error. So {task} does not wait for ever.",
        )
        .line("answer.map_or")
        .only("variant", "dropped"),
        Stop::at(
            When::Resume(Nth::First, "waiter", For::Message),
            "{task} has waited {lasted} and gives up: {by} wakes it, not worker. The receiver is dropped.",
        )
        .line("Err(_) => return Got::TimedOut")
        .only("variant", "timed-out"),
        Stop::at(
            When::Log(Nth::First, "the waiter is gone"),
            "{task} sends its value at {time}, and no receiver exists. `send` returns the value to {task} as an error.",
        )
        .line("promise.send(ANSWER)")
        .only("variant", "timed-out"),
        Stop::at(When::Over, "waiter got its value after {figure:waited}, and worked on with it. The run took {figure:total}.")
            .only("variant", "kept"),
        Stop::at(
            When::Over,
            "waiter got an error after {figure:waited}. A sender that is used or dropped always wakes its receiver.",
        )
        .only("variant", "dropped"),
        Stop::at(When::Over, "waiter gave up after {figure:waited}. worker went on to {figure:total}, and has its value back.")
            .only("variant", "timed-out"),
    ],
    questions: &[
        Question::new(
            "waiter awaits a value that takes worker {param:work}, and then works with it for as long. How long does the run \
             take?",
            scenario::question::Answer::Time {
                is: "figure:total",
                typical: &[("param:work", "The two are tasks, but waiter can begin its own work only when it has the value.")],
            },
            When::Over,
            "waiter got its value after {figure:waited} and then began its own work, so the run took {figure:total}.",
        )
        .only("variant", "kept"),
        Question::new(
            "worker needs {param:work} for a value, but gives up half way and drops its sender. What does waiter get from its \
             await?",
            scenario::question::Answer::Choice(&[
                Choice::new("Nothing: it waits for ever", If::Occurs(When::Stall)),
                Choice::new("An empty value, at the moment of the drop", If::More("figure:values", "0")),
                Choice::new("An error, at the moment of the drop", If::Less("figure:waited", "param:work")),
                Choice::new("An error, when the whole time has passed", If::Otherwise),
            ]),
            When::Resume(Nth::First, "waiter", For::Message),
            "{by} dropped its sender at {time}. A sender that goes away wakes the receiver, so {task} got an error after \
             {lasted}.",
        )
        .only("variant", "dropped"),
        Question::new(
            "waiter gives up after half of the {param:work} that worker needs, and drops its receiver. What does worker's send \
             do?",
            scenario::question::Answer::Choice(&[
                Choice::new("It waits until there is a receiver again", If::Occurs(When::Stall)),
                Choice::new("It returns an error that contains the value", If::More("figure:values that came back", "0")),
                Choice::new(
                    "It is not reached: worker is cancelled",
                    If::Occurs(When::End(Nth::First, "worker", How::Cancelled)),
                ),
                Choice::new("It succeeds, and the value is lost", If::Otherwise),
            ]),
            When::Log(Nth::First, "the waiter is gone"),
            "At {time} no receiver existed. Values that came back to worker: {figure:values that came back}.",
        )
        .only("variant", "timed-out"),
    ],
    source: include_str!("oneshot.rs"),
    path: file!(),
    twin: include_str!("oneshot.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// The value that the worker promises.
type Answer = u32;

/// How the wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Got {
    Value(Answer),
    /// The sender was dropped without a value.
    Dropped,
    /// The waiter gave up.
    TimedOut,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let (work, variant) = (cx.duration(WORK), cx.word(VARIANT));
    let half = Duration::from_millis(cx.number(WORK) / 2);

    // The worker gets the sender, the waiter the receiver.
    let (promise, answer) = oneshot::channel();
    let worker = Builder::new().name("worker");
    let worker = match variant {
        "dropped" => worker.spawn(leave(promise, half))?,
        _ => worker.spawn(keep(promise, work))?,
    };
    // With `timed-out` the waiter gives up before the worker is done.
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
        .check("the waiter gets the expected value or error", got == expected)
        .check("it gets it without delay", cx.on_time(answered, at)))
}

/// The value that the worker produces.
const ANSWER: Answer = 42;

/// Waits for the answer, works on if it is a value, and returns how the wait ended and how long it took.
async fn wait_and_use(answer: Receiver<Answer>, patience: Option<Duration>, work: Duration) -> (Got, Duration) {
    let asked = Instant::now();
    let got = wait(answer, patience).instrument(info_span!("awaits the promise")).await;
    let waited = asked.elapsed();
    match got {
        Got::Value(value) => {
            info!(mark = value.to_string(), "the value is here");
            sleep(work).instrument(info_span!("works on")).await;
        }
        Got::Dropped => warn!(mark = "no value", "the sender was dropped"),
        Got::TimedOut => warn!(moment = "patience ends", "gives up"),
    }
    (got, waited)
}

/// Waits for the answer, for at most `patience`.
async fn wait(answer: Receiver<Answer>, patience: Option<Duration>) -> Got {
    let answer = match patience {
        None => answer.await,
        Some(patience) => match timeout(patience, answer).await {
            Ok(answer) => answer,
            Err(_) => return Got::TimedOut,
        },
    };
    // The receiver gets an error if the sender was dropped.
    answer.map_or(Got::Dropped, Got::Value)
}

/// Keeps the promise. If the waiter is gone, `send` returns the value as an error.
async fn keep(promise: Sender<Answer>, work: Duration) -> Result<(), Answer> {
    sleep(work).instrument(info_span!("computes")).await;
    let sent = promise.send(ANSWER);
    sent.inspect(|()| info!(moment = "promise kept", "sent")).inspect_err(|_| warn!(mark = "too late", "the waiter is gone"))
}

/// Drops the promise without sending. The drop itself wakes the waiter.
async fn leave(promise: Sender<Answer>, after: Duration) -> Result<(), Answer> {
    sleep(after).instrument(info_span!("computes")).await;
    info!(moment = "promise dropped", "drops its sender");
    drop(promise);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The waiter always gets an answer: when the sender is used, when it is dropped, or when the patience ends.
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

    /// The pitfall: the receiver of a sender that is kept and never used gets nothing.
    #[tokio::test(start_paused = true)]
    async fn a_forgotten_sender_is_no_answer() {
        let (_promise, answer) = oneshot::channel::<Answer>();
        assert_eq!(wait(answer, Some(Duration::from_secs(3600))).await, Got::TimedOut);
    }
}
