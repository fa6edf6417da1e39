//! # Gather: wait for all, keep the order
//!
//! Five fetches start at once. One of them, the last but one, is a straggler. You need
//! all five results, in the order in which you asked for them.
//!
//! **What you see.** Bars of unequal length start together, and one is much longer than
//! the others. Results arrive as the bars end, so the slots fill out of order. The list
//! is complete only when the straggler ends.
//!
//! **Why.** Waits overlap if tasks start together, so the run takes as long as the
//! slowest fetch, not as long as the sum. The order of the results does not depend on the
//! order in which tasks end: each task returns its index, and the index says which slot
//! its result belongs to.
//!
//! **Try.** Set `straggler` to 0: the run takes between 500 and 800 ms, whatever the
//! seed. Now set `tasks` to 24: the sum grows about fivefold, but the run takes at most
//! 800 ms. Set `straggler` to 4000: the run takes 4000 ms, because of one fetch out of
//! 24.
//!
//! **Pitfall.** `JoinSet::join_next` and `JoinSet::join_all` return results in the order
//! in which tasks *end*. If you push them onto a list, the list is shuffled. And `for … {
//! spawn(…).await }` starts each fetch only after the previous one has ended.
//!
//! **Words.** asyncio: `await asyncio.gather(*fetches)`, which keeps the order. Tokio: a
//! `JoinSet` and an index, or a `Vec` of `JoinHandle`s awaited one after the other, which
//! keeps the order too but does not show which task ended first.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::info;

use scenario::prelude::*;

const TASKS: Param = Param::count("tasks", 5, (1, 1_000), "tasks", "How many fetches start at once.");
const LATENCY: Param = Param::millis("latency", 500, (0, 60_000), "Shortest time that a fetch takes.");
const JITTER: Param = Param::millis("jitter", 300, (0, 60_000), "How much longer a fetch may take.");
const STRAGGLER: Param = Param::millis("straggler", 2_000, (0, 60_000), "How long the straggler takes; 0 for none.");

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "gather",
    title: "Gather",
    group: Group::Basics,
    lesson: "Wait for all, keep the order.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[TASKS, LATENCY, JITTER, STRAGGLER],
    patterns: &["gather", "fan-out and fan-in", "join set"],
    differs: "`asyncio.gather` returns results in the order of its arguments; a `JoinSet` in the order in which tasks end, so \
              each task returns its index.",
    builds_on: &["sequential"],
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "fetch"),
            "main has spawned all {count:fetch} fetches before it waits for any of them, so their waits overlap.",
        )
        .line("fetches.build_task()"),
        Stop::at(
            When::LongestWait("fetch", For::Time),
            "{task} waits longest: {lasted}. The others end earlier, and main cannot go on without it.",
        ),
        Stop::at(
            When::Resume(Nth::First, "main", For::Join),
            "{by} is the first to end, after {time}. main puts its result into the slot with its number.",
        )
        .line("slots[i] = Some(user)"),
        Stop::at(
            When::End(Nth::Last, "fetch", How::Somehow),
            "{task} ends last, at {time}. One after the other, all fetches would have taken {figure:one after the other}.",
        ),
        Stop::at(
            When::Over,
            "All {figure:results} results are in the order of the input, although the fetches ended in another one. The run took as \
             long as its slowest fetch: {figure:slowest}.",
        )
        .sometimes(),
    ],
    questions: &[
        Question::new(
            "All {param:tasks} fetches start at once, and each takes another time. When does main have all results?",
            Answer::Choice(&[
                Choice::new("When as much time has passed as all fetches take together", If::Equal("figure:total", "figure:one after the other")),
                Choice::new("When the slowest fetch ends", If::Equal("figure:total", "figure:slowest")),
                Choice::new("When the first fetch ends", If::Less("figure:total", "figure:slowest")),
                Choice::new("Later than all of that", If::Otherwise),
            ]),
            When::End(Nth::Last, "fetch", How::Somehow),
            "The waits overlap, so only the slowest counts: {task} took {lasted}. One after the other would be \
             {figure:one after the other}.",
        ),
    ],
    source: include_str!("gather.rs"),
    path: file!(),
    twin: include_str!("gather.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// The slots as a row of characters: the number of a filled slot, `_` for an empty one.
fn row(slots: &[Option<String>]) -> String {
    slots.iter().enumerate().map(|(i, slot)| if slot.is_some() { format!("{i}") } else { "_".to_owned() }).collect()
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let tasks = cx.count(TASKS);
    let latencies: Vec<Duration> = (0..tasks).map(|i| latency(&cx, i)).collect();

    // Spawn all fetches before waiting for any of them, so that their waits overlap.
    let mut fetches = JoinSet::new();
    for (i, latency) in latencies.iter().enumerate() {
        // The name labels the lane, and needs `--cfg tokio_unstable`. Without a name: `fetches.spawn(fetch(i, *latency))`.
        fetches.build_task().name(&format!("fetch {i}")).spawn(fetch(i, *latency))?;
    }

    // Tasks end in any order. Each returns its index, which puts the result into the right slot.
    let mut slots: Vec<Option<String>> = vec![None; tasks];
    let mut filled = 0;
    while let Some(ended) = fetches.join_next().await {
        let (i, user) = ended?;
        slots[i] = Some(user);
        filled += 1;
        info!(
            counter.filled = filled,
            state.slots = row(&slots),
            mark = format!("#{i}"),
            "slot {i} is filled, {} to go",
            tasks - filled
        );
    }

    let total = started.elapsed();
    let slowest = latencies.iter().copied().max().unwrap_or_default();
    let in_order = slots.iter().enumerate().all(|(i, slot)| slot.as_ref() == Some(&user(i)));
    Ok(Outcome::new()
        .figure("results", filled, "results")
        .figure("slowest", slowest, "ms")
        .figure("one after the other", latencies.iter().sum::<Duration>(), "ms")
        .figure("total", total, "ms")
        .check("results are in input order", in_order)
        .check("the run takes as long as the slowest fetch", cx.on_time(total, slowest)))
}

/// Fetches user `i`; returns the index with the answer.
async fn fetch(i: usize, latency: Duration) -> (usize, String) {
    sleep(latency).await;
    (i, user(i))
}

/// The service's answer.
fn user(i: usize) -> String {
    format!("user {i}")
}

/// How long fetch `i` takes.
fn latency(cx: &Context, i: usize) -> Duration {
    let last_but_one = cx.count(TASKS).saturating_sub(2);
    match cx.duration(STRAGGLER) {
        straggler if i == last_but_one && !straggler.is_zero() => straggler,
        _ => cx.jittered("latency", i, cx.duration(LATENCY), cx.duration(JITTER)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scenario::Value;

    /// More fetches take more time only if one of them is slower than all others.
    #[tokio::test(start_paused = true)]
    async fn the_slowest_decides() -> scenario::Result<()> {
        for (tasks, straggler, total) in
            [("5", "2000", 2000.0), ("24", "2000", 2000.0), ("24", "4000", 4000.0), ("24", "0", 500.0)]
        {
            let turned = [(TASKS, tasks), (STRAGGLER, straggler), (JITTER, "0")];
            let outcome = run(Context::of(&SCENARIO, &turned)).await?;
            assert_eq!(outcome.value("total"), Some(total));
            assert!(outcome.holds(), "the results are in order although the straggler came last");
        }
        Ok(())
    }

    /// Five times as many fetches make the sum about five times as long. The total stays with the slowest fetch.
    #[tokio::test(start_paused = true)]
    async fn the_sum_grows_with_the_fetches_and_the_total_does_not() -> scenario::Result<()> {
        for seed in 0..20 {
            let mut sums = Vec::new();
            for tasks in [5, 24] {
                let mut values = Values::defaults(SCENARIO.params);
                values.set(&TASKS, Value::Number(tasks));
                values.set(&STRAGGLER, Value::Number(0));
                let outcome = run(Context::new(values, seed, Clock::Virtual)).await?;
                assert!((Some(500.0)..=Some(800.0)).contains(&outcome.value("total")), "{tasks}, seed {seed}: {outcome:?}");
                sums.extend(outcome.value("one after the other"));
            }
            assert!((4.2..5.4).contains(&(sums[1] / sums[0])), "seed {seed}: {sums:?}");
        }
        Ok(())
    }
}
