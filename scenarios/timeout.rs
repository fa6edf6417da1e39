//! # Timeout: a deadline drops the work at its await
//!
//! A piece of work needs three seconds, and has one. It is done twice: first by code
//! that waits at an await, then by code that keeps the thread. Beside each of the two a
//! guard waits for the same deadline, to say when it is.
//!
//! **What you see.** At 1000 ms the first work is dropped where it waits: its lane ends
//! at the deadline. Then the second work begins and runs in one stretch to 4000 ms. Its
//! deadline passes at 2000 ms and nobody notices: the guard's lane is late by two
//! seconds, too.
//!
//! **Why.** `timeout` polls the work, and then looks at its timer. It can do so only when
//! the work has given the thread back, at an `.await`. Code that computes, or calls
//! something that blocks, does not. And when it comes back it is *done*, so there is a
//! result, and `timeout` says `Ok`: three seconds late, and not an error.
//!
//! **Try.** Set `variant` to `async`: the run ends at 1000 ms, and the checks hold. Back
//! with `both`, set `deadline` to 4000: both come to their end with a result, after 6000
//! ms. Set `work` to 10000: `async` still ends at 1000 ms, `blocking` takes 10000.
//!
//! **Pitfall.** If you put blocking code into `spawn_blocking` and a timeout around its
//! *handle*, the caller returns in time, but the thread goes on to the end of the work, since
//! nothing can stop it from outside. Such code needs a deadline of its own.
//!
//! **Words.** asyncio: `async with asyncio.timeout(2):` or `asyncio.wait_for`, which
//! cancel the work at its await. Tokio: `tokio::time::timeout(limit, work)`, which
//! drops it there and gives `Err(Elapsed)`.

use std::time::Duration;

use tokio::task::Builder;
use tokio::time::{Instant, sleep, timeout};
use tracing::{Instrument, info, info_span, warn};

use crate::prelude::*;
use crate::work;

const WORK: Param = Param::millis("work", 3_000, (0, 60_000), "How long the work takes.");
const DEADLINE: Param = Param::millis("deadline", 1_000, (0, 60_000), "How long it may take.");
const VARIANT: Param = Param::choice(
    "variant",
    &["both", "async", "blocking"],
    "Whether the work waits at an await, or keeps the thread until it is done; or both, one after the other.",
);

/// The checks that code which does not yield breaks.
const IN_TIME: [&str; 2] = ["it times out if the work needs longer", "it is over at the deadline at the latest"];

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "timeout",
    title: "Timeout",
    group: Group::Basics,
    lesson: "A deadline drops the work at its await.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[WORK, DEADLINE, VARIANT],
    patterns: &["timeout", "deadline", "wait for"],
    differs: "asyncio cancels the work, which sees an exception at its await; Tokio drops it there.",
    builds_on: &["spawn"],
    breaks: &[Breaks::checks(&[("variant", "both")], &IN_TIME), Breaks::checks(&[("variant", "blocking")], &IN_TIME)],
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
    let (mut timed_out, mut slowest) = (0, Duration::ZERO);
    for way in &ways {
        let (cut, took) = one_way(&cx, way, started.elapsed()).await?;
        timed_out += usize::from(cut);
        slowest = slowest.max(took);
    }

    let (needs, deadline) = (cx.duration(WORK), cx.duration(DEADLINE));
    let due = if needs > deadline { ways.len() } else { 0 };
    let [needs_longer, at_the_latest] = IN_TIME;
    Ok(Outcome::new()
        .figure("timed out", timed_out, "calls")
        .figure("deadline", deadline, "ms")
        .figure("past the deadline", slowest.saturating_sub(deadline), "ms")
        .figure("total", started.elapsed(), "ms")
        .check(needs_longer, timed_out == due)
        .check(at_the_latest, cx.on_time(slowest, needs.min(deadline))))
}

/// Does the work in one way, from `begun` after the start of the run on; says whether it was cut, and how long it took.
async fn one_way(cx: &Context, way: &'static str, begun: Duration) -> scenario::Result<(bool, Duration)> {
    let (started, deadline) = (Instant::now(), cx.duration(DEADLINE));
    info!(moment = "deadline", moment_at_ms = (begun + deadline).as_millis() as u64, "of the {way} work");

    let guard = Builder::new().name(&format!("{way} guard")).spawn(call_the_deadline(deadline))?;
    let limited = Builder::new().name(&format!("{way} work")).spawn(in_time(cx.clone(), way))?;
    let timed_out = limited.await?;
    let took = started.elapsed();
    if took < deadline {
        guard.abort();
    } else {
        guard.await?;
    }
    Ok((timed_out, took))
}

/// Does the work within the deadline; says whether there was too little time.
async fn in_time(cx: Context, way: &'static str) -> bool {
    match timeout(cx.duration(DEADLINE), do_the_work(&cx, way)).await {
        Ok(()) => {
            info!(mark = "done", "done");
            false
        }
        Err(elapsed) => {
            warn!(mark = "dropped", "dropped: {elapsed}");
            true
        }
    }
}

/// The work, which gives the thread back or does not.
async fn do_the_work(cx: &Context, way: &'static str) {
    match way {
        "blocking" => info_span!("blocks").in_scope(|| work::burn(cx.clock(), cx.duration(WORK))),
        _ => sleep(cx.duration(WORK)).instrument(info_span!("waits")).await,
    }
}

/// Calls out when time is up, if it gets to run.
async fn call_the_deadline(deadline: Duration) {
    let due = Instant::now() + deadline;
    sleep(deadline).await;
    let late = due.elapsed();
    info!(counter.late_ms = late.as_millis() as u64, mark = if late.is_zero() { "time" } else { "late" }, "time is up");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Work that waits is over at the limit; work that blocks is over when it is done, and nobody calls that an error.
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
