//! # Sequential or concurrent: waits overlap only if you start them together
//!
//! Five pages are fetched, each takes half a second. Nothing but the place of one
//! `.await` decides whether that is two and a half seconds or a half.
//!
//! **What you see.** Stairs: each fetch starts where the one before has ended, and meanwhile
//! nothing else happens. With `variant=concurrent` the same five bars start together, in one
//! stack.
//!
//! **Why.** An `.await` is a promise to do nothing more here until that one thing
//! is there. Awaited in the loop that starts them, fetches follow each other, and
//! the run takes the *sum* of the waits. Started first and awaited afterwards they
//! wait at the same time, and it takes the *longest*. No second thread is needed
//! for that: a task that waits uses none.
//!
//! **Try.** Set `variant` to `concurrent`: 2500 ms become 500. Set `tasks` to 10:
//! `sequential` takes 5000 ms, `concurrent` still 500. Set `latency` to 1000:
//! both take twice as long.
//!
//! **Pitfall.** A task that is spawned and awaited in one line, `spawn(…).await`,
//! is no more concurrent than a call. It looks like it, that is all.
//!
//! **Words.** asyncio: `for page in pages: await fetch(page)` against `create_task`
//! for each and then `await`. Tokio: `tokio::spawn` for each, then `.await` each
//! handle; for a few fixed futures `tokio::join!`, without tasks.

use std::time::Duration;

use tokio::task::{Builder, JoinHandle};
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info, info_span};

use crate::prelude::*;

const TASKS: Param = Param::count("tasks", 5, (1, 1_000), "tasks", "How many pages are fetched.");
const LATENCY: Param = Param::millis("latency", 500, (0, 60_000), "How long it takes to fetch one.");
const VARIANT: Param = Param::choice(
    "variant",
    &["sequential", "concurrent"],
    "Whether each fetch is awaited before the next one is started, or all are started first.",
);

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "sequential",
    title: "Sequential or concurrent",
    group: Group::Basics,
    lesson: "Waits overlap only if you start them together.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[TASKS, LATENCY, VARIANT],
    patterns: &["sequential await", "concurrent await", "spawn then await"],
    source: include_str!("sequential.rs"),
    path: file!(),
    twin: include_str!("sequential.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let (tasks, latency) = (cx.count(TASKS), cx.duration(LATENCY));
    let (sum, longest) = (latency * tasks as u32, latency);

    let sequential = cx.word(VARIANT) == "sequential";
    if sequential && tasks > 1 {
        info!(moment = "if together: all here", moment_at_ms = longest.as_millis() as u64, "started together, all would be here");
    }
    let fetched = if sequential { one_after_the_other(tasks, latency).await? } else { together(tasks, latency).await? };

    let total = started.elapsed();
    let outcome = Outcome::new()
        .figure("fetched", fetched, "pages")
        .figure("one after the other", sum, "ms")
        .figure("together", longest, "ms")
        .figure("total", total, "ms")
        .check("every page is fetched", fetched == tasks);
    Ok(if sequential {
        outcome.check("it takes the sum of the waits", cx.on_time(total, sum))
    } else {
        outcome.check("it takes the longest of the waits", cx.on_time(total, longest))
    })
}

/// Starts a fetch when the one before has ended.
async fn one_after_the_other(tasks: usize, latency: Duration) -> scenario::Result<usize> {
    let mut fetched = 0;
    for i in 0..tasks {
        start(i, latency)?.await?;
        fetched += 1;
        info!(counter.fetched = fetched, mark = format!("page {i}"), "page {i} is here");
    }
    Ok(fetched)
}

/// Starts all, and then waits for each.
async fn together(tasks: usize, latency: Duration) -> scenario::Result<usize> {
    let handles = (0..tasks).map(|i| start(i, latency)).collect::<Result<Vec<_>, _>>()?;
    let mut fetched = 0;
    for (i, handle) in handles.into_iter().enumerate() {
        handle.await?;
        fetched += 1;
        info!(counter.fetched = fetched, mark = format!("page {i}"), "page {i} is here");
    }
    Ok(fetched)
}

/// A fetch as a task of its own.
fn start(i: usize, latency: Duration) -> std::io::Result<JoinHandle<()>> {
    Builder::new().name(&format!("fetch {i}")).spawn(fetch(latency))
}

/// What a page takes.
async fn fetch(latency: Duration) {
    sleep(latency).instrument(info_span!("fetches")).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twice the tasks are twice the sum, and change nothing for those that wait together.
    #[tokio::test(start_paused = true)]
    async fn the_total_is_the_sum_or_the_longest() -> scenario::Result<()> {
        for (variant, tasks, latency, total) in [
            ("sequential", "5", "500", 2500.0),
            ("sequential", "10", "500", 5000.0),
            ("sequential", "5", "1000", 5000.0),
            ("concurrent", "5", "500", 500.0),
            ("concurrent", "10", "500", 500.0),
            ("concurrent", "5", "1000", 1000.0),
        ] {
            let turned = [(VARIANT, variant), (TASKS, tasks), (LATENCY, latency)];
            let outcome = run(Context::of(&SCENARIO, &turned)).await?;
            assert_eq!(outcome.value("total"), Some(total), "{variant}, {tasks} of {latency} ms");
            assert!(outcome.holds());
        }
        Ok(())
    }
}
