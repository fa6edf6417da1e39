//! # Timeout: a deadline drops the work at its await
//!
//! A piece of work needs five seconds, and has two. Beside it a guard waits for
//! the same deadline, to say when it is.
//!
//! **What you see.** At 2000 ms both lanes end: the guard calls the deadline and the
//! work is dropped where it waits. With `variant=blocking` the work runs in one
//! stretch to 5000 ms. The deadline passes and nobody notices: the guard's lane
//! is late by three seconds, too.
//!
//! **Why.** `timeout` polls the work, and then looks at its timer. It can do so only when
//! the work has given the thread back, at an `.await`. Code that computes, or calls
//! something that blocks, does not. And when it comes back it is *done*, so there is a
//! result, and `timeout` says `Ok`: three seconds late, and not an error.
//!
//! **Try.** Turn `variant` to `blocking`: the check breaks. Set `limit` to 6000: both
//! variants end at 5000 ms with a result. Set `work` to 10000: `async` still ends at
//! 2000, `blocking` at 10000.
//!
//! **Pitfall.** To put blocking code into `spawn_blocking` and a timeout around its
//! *handle* brings the caller back in time; the thread goes on to the end of the work, as
//! nothing can stop it from outside. Such code needs a deadline of its own.
//!
//! **Words.** asyncio: `async with asyncio.timeout(2):` or `asyncio.wait_for`, which
//! cancel the work at its await. Tokio: `tokio::time::timeout(limit, work)`, which
//! drops it there and gives `Err(Elapsed)`.

use std::time::Duration;

use tokio::task::Builder;
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};

use crate::prelude::*;
use crate::work;

const WORK: Param = Param::millis("work", 5_000, (0, 60_000), "How long the work takes.");
const LIMIT: Param = Param::millis("limit", 2_000, (0, 60_000), "How long it may take.");
const VARIANT: Param =
    Param::choice("variant", &["async", "blocking"], "Whether the work waits at an await, or keeps the thread until it is done.");

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "timeout",
    title: "Timeout",
    group: Group::Basics,
    lesson: "A deadline drops the work at its await.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[WORK, LIMIT, VARIANT],
    patterns: &["timeout", "deadline", "wait for"],
    differs: "asyncio cancels the work, which sees an exception at its await; Tokio drops it there.",
    builds_on: &["spawn"],
    breaks: &[Breaks::checks(
        &[("variant", "blocking")],
        &["it times out if the work needs longer", "it is over at the limit at the latest"],
    )],
    source: include_str!("timeout.rs"),
    path: file!(),
    twin: include_str!("timeout.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let limit = cx.duration(LIMIT);

    let guard = Builder::new().name("deadline").spawn(call_the_deadline(limit))?;
    let limited = Builder::new().name("work").spawn(in_time(cx.clone()))?;
    let timed_out = limited.await?;
    let took = started.elapsed();
    if took < limit {
        guard.abort();
    } else {
        guard.await?;
    }

    let needs = cx.duration(WORK);
    Ok(Outcome::new()
        .figure("timed out", u64::from(timed_out), "calls")
        .figure("limit", limit, "ms")
        .figure("past the limit", took.saturating_sub(limit), "ms")
        .figure("total", took, "ms")
        .check("it times out if the work needs longer", timed_out == (needs > limit))
        .check("it is over at the limit at the latest", cx.on_time(took, needs.min(limit))))
}

/// Does the work within the limit; says whether there was too little time.
async fn in_time(cx: Context) -> bool {
    match timeout(cx.duration(LIMIT), do_the_work(&cx)).await {
        Ok(()) => {
            info!("done");
            false
        }
        Err(elapsed) => {
            warn!("dropped: {elapsed}");
            true
        }
    }
}

/// The work, which gives the thread back or does not.
async fn do_the_work(cx: &Context) {
    match cx.word(VARIANT) {
        "blocking" => work::burn(cx.clock(), cx.duration(WORK)),
        _ => sleep(cx.duration(WORK)).await,
    }
}

/// Calls out when time is up, if it gets to run.
async fn call_the_deadline(limit: Duration) {
    let due = Instant::now() + limit;
    sleep(limit).await;
    info!(counter.late_ms = due.elapsed().as_millis() as u64, "deadline");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Work that waits is over at the limit; work that blocks is over when it is done, and nobody calls that an error.
    #[tokio::test(start_paused = true)]
    async fn only_work_that_waits_can_be_timed_out() -> scenario::Result<()> {
        for (variant, work, limit, timed_out, total, holds) in [
            ("async", "5000", "2000", 1.0, 2000.0, true),
            ("async", "10000", "2000", 1.0, 2000.0, true),
            ("async", "5000", "6000", 0.0, 5000.0, true),
            ("blocking", "5000", "2000", 0.0, 5000.0, false),
            ("blocking", "10000", "2000", 0.0, 10_000.0, false),
            ("blocking", "5000", "6000", 0.0, 5000.0, true),
        ] {
            let turned = [(VARIANT, variant), (WORK, work), (LIMIT, limit)];
            let outcome = run(Context::of(&SCENARIO, &turned)).await?;
            let what = format!("{variant}: {work} ms of work within {limit}");
            assert_eq!((outcome.value("timed out"), outcome.value("total")), (Some(timed_out), Some(total)), "{what}");
            assert_eq!(outcome.holds(), holds, "{what}");
        }
        Ok(())
    }
}
