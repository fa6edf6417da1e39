//! # Batching: batches waste slots
//!
//! Process twelve items, four at a time. You can work in batches: start four, wait for
//! all four, start the next four. Or you can use a sliding window: start the next item as
//! soon as one ends. The run does both, one after the other, with the same latencies.
//!
//! **What you see.** In batches, four bars start together. The short ones end long before
//! the longest, and until the next batch starts their slots are idle. In the sliding
//! window, a new bar starts wherever one ends.
//!
//! **Why.** A batch takes as long as its slowest item, so every batch waits for its own
//! straggler. A window waits for a straggler only once, at the very end. It is never
//! slower: by the time a batch would start, the window has finished all earlier items
//! too.
//!
//! **Try.** Set `latency_min` to 500: all items take equally long, so no slot is idle,
//! and both ways take 1500 ms. Set `latency_max` to 5000: the batches take 12764 ms, the
//! window 8249 ms. Set `batch` to 1: items run one at a time, and there is no difference.
//! Set `variant` to `sliding` to run the window first and see it at the top.
//!
//! **Pitfall.** A batch of four does not keep four slots busy: while its straggler runs,
//! only one is in use. Use batches if the service wants them (one insert of a hundred
//! rows), not to limit concurrency.
//!
//! **Words.** asyncio: `gather` over slices of the list, or a semaphore around each item.
//! Tokio: a `JoinSet` that you join to the end, or one that you join once before each
//! spawn. On streams, `buffer_unordered` is a sliding window.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info, info_span};

use scenario::prelude::*;

const ITEMS: Param = Param::count("items", 12, (1, 10_000), "items", "How many items to process.");
const BATCH: Param = Param::count("batch", 4, (1, 1_000), "items", "How many items are processed at a time.");
const LATENCY_MIN: Param = Param::millis("latency_min", 100, (0, 60_000), "Shortest time that an item takes.");
const LATENCY_MAX: Param = Param::millis("latency_max", 500, (0, 60_000), "Longest time that an item takes.");
const VARIANT: Param = Param::choice("variant", &["batches", "sliding"], "Which way runs first and is on top.");

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
    story: &[
        Stop::at(
            When::Spawn(Nth::First, "sliding"),
            "First the sliding window: main starts up to {param:batch} items, and the next one as soon as one ends.",
        )
        .line("sliding item")
        .only("variant", "sliding"),
        Stop::at(
            When::End(Nth::Last, "sliding", How::Somehow),
            "{task} ends last, at {time}. Slots were idle only when no item was left to start.",
        )
        .only("variant", "sliding"),
        Stop::at(
            When::Spawn(Nth::First, "batch"),
            "In batches: main starts up to {param:batch} items, waits for all of them, and only then starts more.",
        )
        .line("batch {n} item {i}"),
        Stop::at(
            When::End(Nth::First, "batch 0", How::Somehow),
            "{task} ends after {lasted}. Its slot stays idle until the slowest item of the batch ends.",
        )
        .line("items.join_next().instrument"),
        Stop::at(
            When::Spawn(Nth::First, "batch 1"),
            "Only now, at {time}, has the slowest item of the first batch ended. main starts the next batch.",
        )
        .line("batch {n} item {i}"),
        Stop::at(
            When::Spawn(Nth::First, "sliding"),
            "Now a sliding window, with the same items: main starts up to {param:batch}, and the next one as soon as one \
             ends.",
        )
        .line("sliding item")
        .only("variant", "batches"),
        Stop::at(
            When::End(Nth::First, "sliding", How::Somehow),
            "{task} ends after {lasted}. Its slot is free for the next item at once: main does not wait for the rest.",
        )
        .line("items.len() == slots")
        .only("variant", "batches"),
        Stop::at(
            When::Over,
            "Batches took {figure:in batches}, and slots were idle for {figure:slots idle in batches} in total. The window \
             took {figure:in a sliding window}, and slots were idle for {figure:slots idle in the window}.",
        ),
    ],
    questions: &[
        Question::new(
            "The same {param:items} items run {param:batch} at a time, in batches and in a sliding window. In which way are \
             slots idle for longer?",
            Answer::Choice(&[
                Choice::new("In the window", If::Less("figure:slots idle in batches", "figure:slots idle in the window")),
                Choice::new("In batches", If::More("figure:slots idle in batches", "figure:slots idle in the window")),
                Choice::new("The same in both: they are the same items", If::Otherwise),
            ]),
            When::Over,
            "Slots were idle for {figure:slots idle in batches} in batches and for {figure:slots idle in the window} in the \
             window, which waits for a slow item only at its end.",
        ),
        Question::new(
            "A batch of {param:batch} items runs, and its shortest item ends. When does the next item take its slot?",
            Answer::Choice(&[
                Choice::new("At once", If::Equal("done:batch 0", "1")),
                Choice::new("When half of the batch has ended", If::Less("done:batch 0", "count:batch 0")),
                Choice::new("When the slowest item of the batch has ended", If::Otherwise),
            ]),
            When::Spawn(Nth::First, "batch 1"),
            "The next batch began at {time}, when {done:batch 0} of {count:batch 0} items of the first batch had ended.",
        ),
    ],
    source: include_str!("batching.rs"),
    path: file!(),
    twin: include_str!("batching.py"),
    refuse,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// The range must not end before it begins.
fn refuse(values: &Values, _: Clock) -> Result<(), ValueError> {
    let (min, max) = (values.number(&LATENCY_MIN), values.number(&LATENCY_MAX));
    if min <= max {
        return Ok(());
    }
    Err(ValueError { param: LATENCY_MIN.name, reason: format!("{min} ms is more than latency_max: at most {max} ms") })
}

/// The result of one of the two ways.
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
        .check("every item is processed both times", [&batches, &sliding].iter().all(|done| done.processed == latencies.len()))
        .check("the window takes no longer", sliding.took <= batches.took || cx.on_time(sliding.took, batches.took)))
}

/// Starts a batch of items, waits for all of them, and starts the next batch.
async fn in_batches(latencies: &[Duration], slots: usize) -> scenario::Result<Done> {
    let started = Instant::now();
    info!(moment = "batches", "{slots} items at a time; all end before the next batch starts");
    let mut processed = 0;
    for (n, batch) in latencies.chunks(slots).enumerate() {
        let mut items = JoinSet::new();
        for (i, latency) in batch.iter().enumerate() {
            items.build_task().name(&format!("batch {n} item {i}")).spawn(process(*latency))?;
        }
        // Wait for the whole batch. Slots of items that have ended are idle until the slowest item ends.
        while let Some(ended) = items.join_next().instrument(info_span!("batch", n)).await {
            ended?;
            processed += 1;
            info!(counter.batched = processed, counter.at_work = items.len(), "processed");
        }
    }
    Ok(Done { processed, took: started.elapsed() })
}

/// Starts the next item as soon as one ends, with at most `slots` at a time.
async fn in_a_window(latencies: &[Duration], slots: usize) -> scenario::Result<Done> {
    let started = Instant::now();
    info!(moment = "sliding window", "{slots} items at a time; the next starts as soon as one ends");
    let mut processed = 0;
    let mut items = JoinSet::new();
    for (i, latency) in latencies.iter().enumerate() {
        // If the window is full, wait for one item. The others go on.
        if items.len() == slots
            && let Some(ended) = items.join_next().await
        {
            ended?;
            processed += 1;
        }
        items.build_task().name(&format!("sliding item {i}")).spawn(process(*latency))?;
        info!(counter.slid = processed, counter.at_work = items.len(), "started an item");
    }
    // No more items to start: wait for the rest.
    while let Some(ended) = items.join_next().await {
        ended?;
        processed += 1;
        info!(counter.slid = processed, counter.at_work = items.len(), "processed");
    }
    Ok(Done { processed, took: started.elapsed() })
}

/// Processes one item.
async fn process(latency: Duration) {
    sleep(latency).instrument(info_span!("item")).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long each of the two ways takes.
    async fn both(turned: &[(Param, &str)]) -> scenario::Result<[Option<f64>; 2]> {
        let outcome = run(Context::of(&SCENARIO, turned)).await?;
        assert!(outcome.holds(), "{turned:?}");
        Ok(["in batches", "in a sliding window"].map(|figure| outcome.value(figure)))
    }

    /// The window is faster if latencies differ, and never slower.
    #[tokio::test(start_paused = true)]
    async fn each_batch_pays_for_its_straggler_and_the_window_does_not() -> scenario::Result<()> {
        let [batches, sliding] = both(&[]).await?;
        assert!(sliding < batches, "{sliding:?} < {batches:?}");
        assert_eq!(both(&[(LATENCY_MAX, "5000")]).await?, [Some(12764.0), Some(8249.0)]);
        assert_eq!(both(&[(LATENCY_MIN, "500")]).await?, [Some(1500.0); 2], "all items take equally long");
        let [batches, sliding] = both(&[(BATCH, "1")]).await?;
        assert_eq!(sliding, batches, "one at a time");
        assert_eq!(both(&[]).await?, both(&[(VARIANT, "sliding")]).await?, "the order of the two does not matter");
        Ok(())
    }
}
