//! # Batching: batches waste slots
//!
//! Twelve items, four at a time. One way is in batches: four, wait for all of them, the next
//! four. The other is a sliding window: as soon as one ends, the next one starts. The run does
//! both, one after the other, with the same latencies.
//!
//! **What you see.** In batches the bars of each four start together, and the short ones end
//! long before the longest: the gap until the next start is an idle slot. In the sliding window
//! another bar starts wherever one ends.
//!
//! **Why.** A batch takes as long as its slowest item, so each batch pays
//! for its own straggler. A window pays once, at the very end. It is never
//! slower: when a batch would begin, everything before it has ended in the window too.
//!
//! **Try.** Set `latency_min` to 500: all items take equally long, no slot is idle early, and
//! both ways take 1500 ms. Set `latency_max` to 5000: the batches take 12764 ms, the window
//! 8249. Set `batch` to 1: only one at a time, and no difference. Set `variant` to `sliding`
//! to have the window on top.
//!
//! **Pitfall.** A batch of four does not mean four at work: while its straggler runs, it is
//! one. Batch where the service wants batches (one insert of a hundred rows), not to limit
//! concurrency.
//!
//! **Words.** asyncio: `gather` over slices of the list, against a semaphore around
//! each item. Tokio: a `JoinSet` that is joined to the end, against one that is
//! joined once before each spawn; on streams, `buffer_unordered` is the window.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info, info_span};

use crate::prelude::*;

const ITEMS: Param = Param::count("items", 12, (1, 10_000), "items", "How many items there are to process.");
const BATCH: Param = Param::count("batch", 4, (1, 1_000), "items", "How many are processed at a time, either way.");
const LATENCY_MIN: Param = Param::millis("latency_min", 100, (0, 60_000), "How long an item takes at least.");
const LATENCY_MAX: Param = Param::millis("latency_max", 500, (0, 60_000), "How long it takes at most, drawn for each item.");
const VARIANT: Param =
    Param::choice("variant", &["batches", "sliding"], "Which of the two is run first and so is on top; the other one follows.");

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "batching",
    title: "Batching",
    group: Group::Limits,
    lesson: "Batches waste slots.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[ITEMS, BATCH, LATENCY_MIN, LATENCY_MAX, VARIANT],
    patterns: &["batching", "sliding window", "bounded concurrency"],
    builds_on: &["semaphore"],
    source: include_str!("batching.rs"),
    path: file!(),
    twin: include_str!("batching.py"),
    refuse,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// There is nothing to draw from a range that ends before it begins.
fn refuse(values: &Values, _: Clock) -> Result<(), ValueError> {
    let (min, max) = (values.number(&LATENCY_MIN), values.number(&LATENCY_MAX));
    if min <= max {
        return Ok(());
    }
    Err(ValueError { param: LATENCY_MIN.name, reason: format!("{min} ms is more than latency_max, which is {max} ms") })
}

/// What one of the two ways has done.
struct Done {
    processed: usize,
    took: Duration,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let range = cx.number(LATENCY_MIN)..=cx.number(LATENCY_MAX);
    let draw = |i| Duration::from_millis(cx.draw("latency", i, range.clone()));
    let latencies: Vec<Duration> = (0..cx.count(ITEMS)).map(draw).collect();
    let slots = cx.count(BATCH);

    let (batches, sliding) = if cx.word(VARIANT) == "batches" {
        let batches = in_batches(&latencies, slots).await?;
        (batches, in_a_window(&latencies, slots).await?)
    } else {
        let sliding = in_a_window(&latencies, slots).await?;
        (in_batches(&latencies, slots).await?, sliding)
    };

    let work: Duration = latencies.iter().sum();
    let idle = |took: Duration| (took * slots as u32).saturating_sub(work);
    Ok(Outcome::new()
        .figure("in batches", batches.took, "ms")
        .figure("in a sliding window", sliding.took, "ms")
        .figure("slots idle in batches", idle(batches.took), "ms")
        .figure("slots idle in the window", idle(sliding.took), "ms")
        .figure("total", started.elapsed(), "ms")
        .check("every item was processed, both times", [&batches, &sliding].iter().all(|done| done.processed == latencies.len()))
        .check("the window takes no longer", sliding.took <= batches.took || cx.on_time(sliding.took, batches.took)))
}

/// So many at once, and all of them to their end before the next one starts.
async fn in_batches(latencies: &[Duration], slots: usize) -> scenario::Result<Done> {
    let started = Instant::now();
    info!(moment = "batches", "{slots} items, and all of them to their end before the next");
    let mut processed = 0;
    for (n, batch) in latencies.chunks(slots).enumerate() {
        let mut items = JoinSet::new();
        for (i, latency) in batch.iter().enumerate() {
            items.build_task().name(&format!("batch {n} item {i}")).spawn(process(*latency))?;
        }
        while let Some(ended) = items.join_next().instrument(info_span!("batch", n)).await {
            ended?;
            processed += 1;
            info!(counter.batched = processed, counter.at_work = items.len(), "processed");
        }
    }
    Ok(Done { processed, took: started.elapsed() })
}

/// Never more than so many at once, and the next one as soon as there is room.
async fn in_a_window(latencies: &[Duration], slots: usize) -> scenario::Result<Done> {
    let started = Instant::now();
    info!(moment = "sliding window", "{slots} items, and the next one as soon as there is room");
    let mut processed = 0;
    let mut items = JoinSet::new();
    for (i, latency) in latencies.iter().enumerate() {
        if items.len() == slots
            && let Some(ended) = items.join_next().await
        {
            ended?;
            processed += 1;
        }
        items.build_task().name(&format!("sliding item {i}")).spawn(process(*latency))?;
        info!(counter.slid = processed, counter.at_work = items.len(), "started another one");
    }
    while let Some(ended) = items.join_next().await {
        ended?;
        processed += 1;
        info!(counter.slid = processed, counter.at_work = items.len(), "processed");
    }
    Ok(Done { processed, took: started.elapsed() })
}

/// One item.
async fn process(latency: Duration) {
    sleep(latency).instrument(info_span!("item")).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both, and how much of the time slots had nothing to do.
    async fn both(turned: &[(Param, &str)]) -> scenario::Result<[Option<f64>; 2]> {
        let outcome = run(Context::of(&SCENARIO, turned)).await?;
        assert!(outcome.holds(), "{turned:?}");
        Ok(["in batches", "in a sliding window"].map(|figure| outcome.value(figure)))
    }

    /// A window is faster as soon as items differ, and never slower.
    #[tokio::test(start_paused = true)]
    async fn each_batch_pays_for_its_straggler_and_the_window_does_not() -> scenario::Result<()> {
        let [batches, sliding] = both(&[]).await?;
        assert!(sliding < batches, "{sliding:?} < {batches:?}");
        assert_eq!(both(&[(LATENCY_MAX, "5000")]).await?, [Some(12764.0), Some(8249.0)]);
        assert_eq!(both(&[(LATENCY_MIN, "500")]).await?, [Some(1500.0); 2], "none is slower than another");
        let [batches, sliding] = both(&[(BATCH, "1")]).await?;
        assert_eq!(sliding, batches, "one at a time");
        assert_eq!(both(&[]).await?, both(&[(VARIANT, "sliding")]).await?, "it does not matter which goes first");
        Ok(())
    }
}
