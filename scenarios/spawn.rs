//! # Spawn: a task runs on its own; a future does not
//!
//! Main starts two downloads, does something else for half a second, and then
//! wants the results.
//!
//! **What you see.** Both downloads begin at once, while main is busy with its
//! other work. When it comes to the `.await`, half of their time is over already:
//! main waits for the rest, and not from the beginning.
//!
//! **Why.** `spawn` hands a future to the runtime, which polls it from then on, whether or not
//! anybody waits. The handle is only the way to its result. A future that is not spawned is a
//! value like any other: nobody polls it before its `.await`, so nothing of it has happened,
//! and its time begins there.
//!
//! **Try.** Set `other_work` to 1500: the run takes 1500 ms, and the downloads cost
//! nothing. Set `latency` to 2000: it takes 2000 ms. Set `variant` to `future`: no
//! lanes, since there are no tasks, and 500 + 2 × 1000 ms, one after the other. Set
//! `tasks` to 4: `spawn` takes as long as before, `future` 2000 ms longer.
//!
//! **Pitfall.** A task that nobody awaits is not stopped by that, and a task whose
//! handle is awaited too early, before the other work, might as well be a call.
//!
//! **Words.** asyncio: `asyncio.create_task(download())` and later `await task`; it
//! starts at the next `await` of its maker. Tokio: `tokio::spawn(download())` and later
//! `handle.await?`; it may start at once, on another worker.

use std::time::Duration;

use tokio::task::Builder;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info, info_span};

use crate::prelude::*;

const TASKS: Param = Param::count("tasks", 2, (1, 1_000), "tasks", "How many downloads there are.");
const LATENCY: Param = Param::millis("latency", 1_000, (0, 60_000), "How long a download takes.");
const OTHER_WORK: Param = Param::millis("other_work", 500, (0, 60_000), "How long main does something else meanwhile.");
const VARIANT: Param = Param::choice(
    "variant",
    &["spawn", "future"],
    "Whether the downloads are spawned as tasks, or made as futures and awaited later.",
);

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "spawn",
    title: "Spawn",
    group: Group::Basics,
    lesson: "A task runs on its own; a future does not.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[TASKS, LATENCY, OTHER_WORK, VARIANT],
    patterns: &["background task", "create task", "join handle", "lazy future"],
    differs: "A task of asyncio starts at the next `await` of its maker; one of Tokio may start at once, on another worker.",
    builds_on: &["sequential"],
    source: include_str!("spawn.rs"),
    path: file!(),
    twin: include_str!("spawn.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let (tasks, latency, other) = (cx.count(TASKS), cx.duration(LATENCY), cx.duration(OTHER_WORK));

    let spawned = cx.word(VARIANT) == "spawn";
    let downloaded = if spawned {
        let handles = (0..tasks).map(|i| Builder::new().name(&format!("download {i}")).spawn(download(i, latency)));
        let handles = handles.collect::<Result<Vec<_>, _>>()?;
        other_work(other).await;
        info!(moment = "main awaits", "main waits for what is left of the downloads");
        let mut downloaded = 0;
        for download in handles {
            downloaded += download.await?;
        }
        downloaded
    } else {
        let futures: Vec<_> = (0..tasks).map(|i| download(i, latency)).collect();
        other_work(other).await;
        info!(moment = "main awaits", "only now does a download begin");
        let mut downloaded = 0;
        for future in futures {
            downloaded += future.await;
        }
        downloaded
    };

    let total = started.elapsed();
    let outcome = Outcome::new()
        .figure("downloaded", downloaded, "files")
        .figure("other work", other, "ms")
        .figure("total", total, "ms")
        .check("every file is there", downloaded == tasks);
    Ok(if spawned {
        outcome.check("it takes as long as the longer of both", cx.on_time(total, other.max(latency)))
    } else {
        outcome.check("nothing begins before its await", cx.on_time(total, other + latency * tasks as u32))
    })
}

/// One download. Nothing of it happens before the first poll.
async fn download(i: usize, latency: Duration) -> usize {
    info!("download {i} begins");
    sleep(latency).instrument(info_span!("downloads")).await;
    1
}

/// What main has to do meanwhile.
async fn other_work(takes: Duration) {
    sleep(takes).instrument(info_span!("other work")).await;
    info!("other work is done");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spawned, the downloads hide behind the other work or hide it; as futures they come after it, one by one.
    #[tokio::test(start_paused = true)]
    async fn a_task_runs_while_main_works_and_a_future_does_not() -> scenario::Result<()> {
        for (variant, tasks, latency, other, total) in [
            ("spawn", "2", "1000", "500", 1000.0),
            ("spawn", "2", "1000", "1500", 1500.0),
            ("spawn", "2", "2000", "500", 2000.0),
            ("spawn", "4", "1000", "500", 1000.0),
            ("future", "2", "1000", "500", 2500.0),
            ("future", "4", "1000", "500", 4500.0),
        ] {
            let turned = [(VARIANT, variant), (TASKS, tasks), (LATENCY, latency), (OTHER_WORK, other)];
            let outcome = run(Context::of(&SCENARIO, &turned)).await?;
            assert_eq!(outcome.value("total"), Some(total), "{variant}: {tasks} of {latency} ms beside {other} ms");
            assert!(outcome.holds());
        }
        Ok(())
    }
}
