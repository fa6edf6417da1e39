//! # Timeout: a deadline drops the work at its await
//!
//! A piece of work needs three seconds and may take one. It runs twice: first as code that waits at
//! an await, then as code that blocks the thread. Each time a guard task waits for the same
//! deadline, to show when it passes.
//!
//! **What you see.** At 1000 ms the first work is dropped where it waits: its lane ends at the
//! deadline. Then the second work begins and runs without a gap to 4000 ms. Its deadline passes at
//! 2000 ms, and no task notices: the guard is two seconds late, too.
//!
//! **Why.** `timeout` polls the work, and then checks its timer. It can check only when the work
//! gives the thread back, at an `.await`. Code that computes, or calls something that blocks, does
//! not give it back. When it finally returns, it is *done*: it has a result, so `timeout` returns
//! `Ok`, two seconds after the deadline.
//!
//! **Try.** Set `variant` to `async`: the run ends at 1000 ms, and the checks hold. Back with
//! `both`, set `deadline` to 4000: both works finish with a result, after 6000 ms in total. Set
//! `deadline` back to 1000 and `work` to 10000: `async` still ends at 1000 ms, `blocking` takes
//! 10000. Set `variant` to `uncaught`: the task passes the error on with `?` and ends at the
//! deadline; what comes after the call never runs, and a check fails.
//!
//! **Pitfall.** An error that a task returns stays in its `JoinHandle`: if nobody joins the task,
//! nobody learns that the time was up. And if you put blocking code into `spawn_blocking` and a timeout around its *handle*,
//! the caller returns in time, but the thread works on to the end, because nothing can stop it from
//! outside. Such code needs a deadline of its own.
//!
//! **Words.** asyncio: `async with asyncio.timeout(2):` or `asyncio.wait_for`, which cancel the
//! work at its await and raise `TimeoutError`. Tokio: `tokio::time::timeout(limit, work)`, which drops
//! the work there and returns `Err(Elapsed)`.

use std::time::Duration;

use tokio::task::Builder;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, sleep, timeout};
use tracing::{Instrument, info, info_span, warn};

use scenario::prelude::*;
use scenario::work;

const WORK: Param = Param::millis("work", 3_000, (0, 60_000), "How long the work takes.");
const DEADLINE: Param = Param::millis("deadline", 1_000, (0, 60_000), "How long the work may take.");
const VARIANT: Param = Param::choice(
    "variant",
    &["both", "async", "blocking", "uncaught"],
    "Wait at an await, block, both in turn, or leave the error to others.",
);

/// The checks that fail for code that does not yield.
const IN_TIME: [&str; 2] = ["it times out if the work needs longer", "it ends by the deadline"];
/// The check that fails if nobody handles the error.
const HANDLED: &str = "the task goes on after the deadline";

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "timeout",
    title: "Timeout",
    group: Group::Basics,
    lesson: "A deadline drops the work at its await.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[WORK, DEADLINE, VARIANT],
    patterns: &["timeout", "deadline", "wait for"],
    differs: "asyncio cancels the work, which sees an exception at its await; Tokio drops it there. Work that needs exactly as \
              long as its deadline times out in asyncio and is done in Tokio.",
    builds_on: &["spawn"],
    breaks: &[
        Breaks::checks(&[("variant", "both")], &IN_TIME),
        Breaks::checks(&[("variant", "blocking")], &IN_TIME),
        Breaks::checks(&[("variant", "uncaught")], &[HANDLED]),
    ],
    story: &[
        Stop::at(
            When::Spawn(Nth::First, "async work"),
            "{task} needs {param:work} and may take {param:deadline}. It waits at an await. A guard task shows when the \
             deadline passes.",
        )
        .line("timeout(cx.duration(DEADLINE)")
        .sometimes(),
        Stop::at(
            When::Log(Nth::First, "dropped"),
            "The deadline passes at {time}. {task} waits at its await, so `timeout` is polled, sees its timer and drops the \
             work there.",
        )
        .line("warn!(mark = \"dropped\"")
        .sometimes(),
        Stop::at(
            When::Spawn(Nth::First, "blocking work"),
            "{task} needs {param:work} and may take {param:deadline}. It blocks the thread: it has no await at which it could \
             be dropped.",
        )
        .line("info_span!(\"blocks\")")
        .sometimes(),
        Stop::at(
            When::LongestPoll("blocking work"),
            "One poll of {task} lasts {lasted}. `timeout` checks its timer only after that poll, however early the deadline is.",
        )
        .line("info_span!(\"blocks\")")
        .sometimes(),
        Stop::at(
            When::End(Nth::First, "blocking work", How::Well),
            "The poll returns at {time} with a result. `timeout` polls the work first and its timer second, so it returns Ok, \
             however late it is.",
        )
        .line("Ok(()) =>")
        .sometimes(),
        Stop::at(
            When::End(Nth::First, "blocking guard", How::Well),
            "{task} had to wake at the deadline, and ran {counter:late_ms} ms after it. A thread that is blocked runs no other \
             task.",
        )
        .line("let late = due.elapsed()")
        .sometimes(),
        Stop::at(
            When::Spawn(Nth::First, "uncaught work"),
            "{task} needs {param:work} and may take {param:deadline}. It handles no timeout: its `?` passes the error on.",
        )
        .line("limited.await?")
        .only("variant", "uncaught"),
        Stop::at(
            When::End(Nth::First, "uncaught guard", How::Well),
            "The deadline passes at {time}. If the work is not done, `?` ends the task here, and only its handle has the error.",
        )
        .line("limited.await?")
        .only("variant", "uncaught"),
        Stop::at(
            When::Over,
            "Calls that timed out: {figure:timed out}. The slowest call was {figure:past the deadline} late for its deadline of \
             {figure:deadline}.",
        ),
    ],
    questions: &[
        Question::new(
            "Work of {param:work} has a timeout of {param:deadline}. async waits at an await, blocking has none. What does the \
             slowest call return ({param:variant})?",
            Answer::Choice(&[
                Choice::new(
                    "An error, but only when the work gives the thread back",
                    If::More("figure:timed out", "count:async work"),
                ),
                Choice::new("A result, after the deadline", If::More("figure:past the deadline", "param:deadline * 0")),
                Choice::new("An error, at the deadline", If::More("figure:timed out", "0")),
                Choice::new("A result, in time", If::Otherwise),
            ]),
            When::Over,
            "Calls that timed out: {figure:timed out}. The slowest call was {figure:past the deadline} late: `timeout` acts only \
             when the work is at an await.",
        )
        .unless("variant", "uncaught"),
        Question::new(
            "The blocking work needs {param:work}. A guard task sleeps beside it until the deadline, {param:deadline}. How late \
             does the guard run?",
            Answer::Time {
                is: "lasted - param:deadline",
                typical: &[
                    ("param:deadline * 0", "The guard, too, needs the thread to wake up, and the work has the thread."),
                    ("param:work", "The thread is blocked for that long, but the guard was not due at the start."),
                ],
            },
            When::End(Nth::First, "blocking guard", How::Well),
            "{task} was due after {param:deadline} and ran after {lasted}, when the work gave the thread back.",
        )
        .only("variant", "both"),
        Question::new(
            "A task awaits its work of {param:work} with a timeout of {param:deadline} and a `?`. Which of its later lines run?",
            Answer::Choice(&[
                Choice::new("All of them, as after any other await", If::Holds("the task goes on after the deadline")),
                Choice::new("None: the error ends the whole program", If::Occurs(When::End(Nth::First, "main", How::Failed))),
                Choice::new("None: the task ends, and its handle has the error", If::Otherwise),
            ]),
            When::End(Nth::First, "uncaught guard", How::Well),
            "If the work is not done after {param:deadline}, `timeout` returns an error, and `?` ends the task with it.",
        )
        .only("variant", "uncaught"),
    ],
    source: include_str!("timeout.rs"),
    path: file!(),
    twin: include_str!("timeout.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let ways = match cx.word(VARIANT) {
        "both" => vec!["async", "blocking"],
        way => vec![way],
    };
    // One after the other, because blocking work would delay the other as well.
    let (mut timed_out, mut uncaught, mut slowest) = (0, 0, Duration::ZERO);
    for way in &ways {
        let (end, took) = one_way(&cx, way, started.elapsed()).await?;
        timed_out += usize::from(end != End::Done);
        uncaught += usize::from(end == End::Uncaught);
        slowest = slowest.max(took);
    }

    let (needs, deadline) = (cx.duration(WORK), cx.duration(DEADLINE));
    let due = if needs > deadline { ways.len() } else { 0 };
    let [needs_longer, at_the_latest] = IN_TIME;
    let outcome = Outcome::new()
        .figure("timed out", timed_out, "calls")
        .figure("deadline", deadline, "ms")
        .figure("past the deadline", slowest.saturating_sub(deadline), "ms")
        .figure("total", started.elapsed(), "ms")
        .check(needs_longer, timed_out == due)
        .check(at_the_latest, cx.on_time(slowest, needs.min(deadline)));
    Ok(if cx.word(VARIANT) == "uncaught" { outcome.check(HANDLED, uncaught == 0) } else { outcome })
}

/// How the work ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// It has a result.
    Done,
    /// It ran out of time, and its task handled that.
    TimedOut,
    /// It ran out of time, and the error ended its task.
    Uncaught,
}

/// Does the work in one way, starting `begun` after the start of the run. Returns how it ended, and how long it took.
async fn one_way(cx: &Context, way: &'static str, begun: Duration) -> scenario::Result<(End, Duration)> {
    let (started, deadline) = (Instant::now(), cx.duration(DEADLINE));
    info!(moment = "deadline", moment_at_ms = (begun + deadline).as_millis() as u64, "the deadline of the {way} work");

    let guard = Builder::new().name(&format!("{way} guard")).spawn(call_the_deadline(deadline))?;
    let limited = Builder::new().name(&format!("{way} work")).spawn(in_time(cx.clone(), way))?;
    // The error of a task stays in its handle until somebody joins it.
    let end = limited.await?.unwrap_or(End::Uncaught);
    let took = started.elapsed();
    // Work that is done early makes the guard pointless. Otherwise let it report the deadline.
    if took < deadline {
        guard.abort();
    } else {
        guard.await?;
    }
    Ok((end, took))
}

/// Does the work within the deadline.
///
/// # Errors
///
/// If the time is up, and the variant leaves that to others.
async fn in_time(cx: Context, way: &'static str) -> Result<End, Elapsed> {
    let limited = timeout(cx.duration(DEADLINE), do_the_work(&cx, way));
    if way == "uncaught" {
        // If the time is up, `?` ends this task here: nothing below runs.
        limited.await?;
        info!(mark = "done", "done");
        return Ok(End::Done);
    }
    match limited.await {
        Ok(()) => {
            info!(mark = "done", "done");
            Ok(End::Done)
        }
        Err(elapsed) => {
            warn!(mark = "dropped", "dropped: {elapsed}");
            Ok(End::TimedOut)
        }
    }
}

/// The work, which waits at an await or blocks the thread.
async fn do_the_work(cx: &Context, way: &'static str) {
    match way {
        "blocking" => info_span!("blocks").in_scope(|| work::burn(cx.clock(), cx.duration(WORK))),
        _ => sleep(cx.duration(WORK)).instrument(info_span!("waits")).await,
    }
}

/// Reports the deadline, late if the thread is blocked when it passes.
async fn call_the_deadline(deadline: Duration) {
    let due = Instant::now() + deadline;
    sleep(deadline).await;
    let late = due.elapsed();
    info!(counter.late_ms = late.as_millis() as u64, mark = if late.is_zero() { "time" } else { "late" }, "time is up");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Work that waits ends at the deadline; work that blocks ends when it is done, and counts as a success.
    #[tokio::test(start_paused = true)]
    async fn only_work_that_waits_can_be_timed_out() -> scenario::Result<()> {
        for (variant, work, deadline, timed_out, total, holds) in [
            ("both", "3000", "1000", 1.0, 4000.0, false),
            ("both", "3000", "4000", 0.0, 6000.0, true),
            ("async", "5000", "2000", 1.0, 2000.0, true),
            ("async", "10000", "2000", 1.0, 2000.0, true),
            ("async", "5000", "6000", 0.0, 5000.0, true),
            ("blocking", "5000", "2000", 0.0, 5000.0, false),
            ("blocking", "10000", "2000", 0.0, 10_000.0, false),
            ("blocking", "5000", "6000", 0.0, 5000.0, true),
            // An error that ends its task is a check that fails, and not a call that was handled.
            ("uncaught", "3000", "1000", 1.0, 1000.0, false),
            ("uncaught", "3000", "3000", 0.0, 3000.0, true),
        ] {
            let turned = [(VARIANT, variant), (WORK, work), (DEADLINE, deadline)];
            let outcome = run(Context::of(&SCENARIO, &turned)).await?;
            let what = format!("{variant}: {work} ms of work within {deadline}");
            assert_eq!((outcome.value("timed out"), outcome.value("total")), (Some(timed_out), Some(total)), "{what}");
            assert_eq!(outcome.holds(), holds, "{what}");
        }
        Ok(())
    }
}
