//! # Sequential or concurrent: waits overlap only if you start them together
//!
//! Five pages are fetched, and each takes half a second. The position of one `.await` decides
//! whether the run takes two and a half seconds or half a second.
//!
//! **What you see.** Stairs: each fetch starts when the one before has ended, and nothing else
//! happens meanwhile. With `variant=concurrent` the same five bars start together, one below the
//! other.
//!
//! **Why.** At an `.await` your code does not continue until that future is done. If you await each
//! fetch in the loop that starts it, the fetches follow each other, and the run takes the *sum* of
//! the waits. If you start them all first and await them afterwards, they wait at the same time,
//! and the run takes the *longest* of the waits. That needs no second thread: a task that waits
//! uses none.
//!
//! **Try.** Set `variant` to `concurrent`: the run takes 500 ms instead of 2500. Set `tasks` to 10:
//! `sequential` takes 5000 ms, `concurrent` still 500. Set `latency` to 1000: both take twice as
//! long.
//!
//! **Pitfall.** Spawning a task and awaiting it in one line, `spawn(…).await`, is no more
//! concurrent than a plain call. It only looks like it.
//!
//! **Words.** asyncio: `for page in pages: await fetch(page)`, or `create_task` for each and then
//! `await`. Tokio: `tokio::spawn` for each, then `.await` each handle; for a few fixed futures
//! `tokio::join!`, without tasks.

use std::time::Duration;

use tokio::task::{Builder, JoinHandle};
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info, info_span};

use scenario::prelude::*;

const TASKS: Param = Param::count("tasks", 5, (1, 1_000), "tasks", "How many pages to fetch.");
const LATENCY: Param = Param::millis("latency", 500, (0, 60_000), "How long a fetch takes.");
const VARIANT: Param = Param::choice("variant", &["sequential", "concurrent"], "Start fetches one by one, or all first.");

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "sequential",
    title: "Sequential or concurrent",
    group: Group::Basics,
    lesson: "Waits overlap only if you start them together.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[TASKS, LATENCY, VARIANT],
    patterns: &["sequential await", "concurrent await", "spawn then await"],
    story: &[
        Stop::at(
            When::Spawn(Nth::First, "fetch"),
            "main fetches {param:tasks} pages, {param:latency} each. It starts {task} and awaits it at once, inside the loop.",
        )
        .line("start(i, latency)?.await?")
        .only("variant", "sequential"),
        Stop::at(
            When::Wait(Nth::First, "main", For::Join),
            "Until this await ends, main cannot reach the next turn of its loop. So it cannot start another fetch, and nothing \
             overlaps.",
        )
        .only("variant", "sequential"),
        Stop::at(
            When::Spawn(Nth::Number(2), "fetch"),
            "At {time} the fetch before has ended and has woken main. Only now does main start {task}.",
        )
        .line("start(i, latency)?.await?")
        .only("variant", "sequential"),
        Stop::at(
            When::Over,
            "{figure:fetched} pages took {figure:total}, the sum of the waits. Started together, they would have taken \
             {figure:together}.",
        )
        .only("variant", "sequential"),
        Stop::at(
            When::Spawn(Nth::Last, "fetch"),
            "main fetches {param:tasks} pages, {param:latency} each. It starts {count:fetch} tasks before it awaits any of them.",
        )
        .line("collect::<Result<Vec<_>, _>>()")
        .only("variant", "concurrent"),
        Stop::at(
            When::Crowd(For::Time),
            "{crowd} of {param:tasks} fetches wait at the same time. A task that waits takes no thread, so one thread is enough.",
        )
        .only("variant", "concurrent"),
        Stop::at(
            When::Resume(Nth::First, "main", For::Join),
            "{by} ends at {time} and wakes main. If a task has ended before main awaits its handle, main gets the result \
             without a wait.",
        )
        .only("variant", "concurrent"),
        Stop::at(
            When::Over,
            "{figure:fetched} pages took {figure:total}, the longest of the waits. One after the other, they would have taken \
             {figure:one after the other}.",
        )
        .only("variant", "concurrent"),
    ],
    questions: &[
        Question::new(
            "main fetches {param:tasks} pages ({param:variant}). Each fetch is a task of its own and takes {param:latency}. How \
             long does the run take?",
            Answer::Time {
                is: "figure:total",
                typical: &[
                    ("param:latency", "Each fetch is a task, but main awaits it inside the loop, before it starts the next one."),
                    (
                        "param:latency * param:tasks",
                        "main awaits one task after the other, but all tasks have started before and run meanwhile.",
                    ),
                ],
            },
            When::Over,
            "{figure:fetched} fetches of {param:latency} took {figure:total}. Together they would take {figure:together}, one \
             after the other {figure:one after the other}.",
        ),
        Question::new(
            "main starts {param:tasks} fetches, each a task, and then awaits one after the other. How many wait for their timers \
             at the same time?",
            Answer::Number {
                is: "crowd",
                typical: &[("1", "A thread runs one task at a time, but a task that waits takes no thread.")],
            },
            When::Crowd(For::Time),
            "{crowd} fetches wait for their timers at the same time. Waiting takes no thread.",
        )
        .only("variant", "concurrent"),
    ],
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

    // Both variants start and await the same tasks; only the order of starts and awaits differs.
    let sequential = cx.word(VARIANT) == "sequential";
    if sequential && tasks > 1 {
        info!(
            moment = "if together: done",
            moment_at_ms = longest.as_millis() as u64,
            "started together, all would end at {} ms",
            longest.as_millis()
        );
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

/// Starts each fetch when the one before has ended.
async fn one_after_the_other(tasks: usize, latency: Duration) -> scenario::Result<usize> {
    let mut fetched = 0;
    for i in 0..tasks {
        // This await is inside the loop: the next fetch starts only after it.
        start(i, latency)?.await?;
        fetched += 1;
        info!(counter.fetched = fetched, mark = format!("page {i}"), "page {i} has arrived");
    }
    Ok(fetched)
}

/// Starts all fetches, and then awaits each.
async fn together(tasks: usize, latency: Duration) -> scenario::Result<usize> {
    // `collect` runs the iterator to its end, so all fetches have started before the first await.
    let handles = (0..tasks).map(|i| start(i, latency)).collect::<Result<Vec<_>, _>>()?;
    let mut fetched = 0;
    for (i, handle) in handles.into_iter().enumerate() {
        handle.await?;
        fetched += 1;
        info!(counter.fetched = fetched, mark = format!("page {i}"), "page {i} has arrived");
    }
    Ok(fetched)
}

/// Starts a fetch as a task of its own.
fn start(i: usize, latency: Duration) -> std::io::Result<JoinHandle<()>> {
    // The name labels the lane, and needs `--cfg tokio_unstable`. Without a name: `tokio::spawn(fetch(latency))`.
    Builder::new().name(&format!("fetch {i}")).spawn(fetch(latency))
}

/// Fetches a page.
async fn fetch(latency: Duration) {
    sleep(latency).instrument(info_span!("fetches")).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twice the tasks take twice as long one after the other, and just as long together.
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
