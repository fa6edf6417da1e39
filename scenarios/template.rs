//! # Template: …
//!
//! …
//!
//! **What you see.** …
//!
//! **Why.** …
//!
//! **Try.** …
//!
//! **Pitfall.** …
//!
//! **Words.** asyncio: … Tokio: …

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::info;

use scenario::prelude::*;

const TASKS: Param = Param::count("tasks", 5, (1, 1_000), "tasks", "How many tasks to start.");
const WAIT: Param = Param::millis("wait", 2_000, (0, 60_000), "How long each task waits.");

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "template",
    title: "Template",
    group: Group::Basics,
    lesson: "…",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[TASKS, WAIT],
    patterns: &["…"],
    builds_on: &["sequential"],
    source: include_str!("template.rs"),
    path: file!(),
    twin: include_str!("template.py"),
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();

    let mut tasks = JoinSet::new();
    for i in 0..cx.count(TASKS) {
        tasks.build_task().name(&format!("task {i}")).spawn(task(cx.duration(WAIT)))?;
    }
    let mut done = 0;
    while let Some(ended) = tasks.join_next().await {
        ended?;
        done += 1;
        info!(counter.done = done, "a task has ended");
    }

    let total = started.elapsed();
    Ok(Outcome::new()
        .figure("done", done, "tasks")
        .figure("total", total, "ms")
        .check("every task is done", done == cx.number(TASKS))
        .check("they wait at the same time", cx.on_time(total, cx.duration(WAIT))))
}

/// Only waits.
async fn task(wait: Duration) {
    sleep(wait).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twice as many tasks take no longer; twice the wait takes twice as long.
    #[tokio::test(start_paused = true)]
    async fn tasks_wait_at_the_same_time() -> scenario::Result<()> {
        for (tasks, wait, total) in [("5", "2000", 2000.0), ("10", "2000", 2000.0), ("5", "4000", 4000.0)] {
            let outcome = run(Context::of(&SCENARIO, &[(TASKS, tasks), (WAIT, wait)])).await?;
            assert_eq!(outcome.value("total"), Some(total), "{tasks} of {wait} ms");
            assert!(outcome.holds());
        }
        Ok(())
    }
}
