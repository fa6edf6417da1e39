//! # Pipeline: the slowest stage sets the pace
//!
//! Fifteen items go through three stages, each with its own workers and a bounded buffer before it.
//! Stage 2 takes four times as long per item as the others.
//!
//! **What you see.** Stage 2 is always busy. Stage 1 fills the buffer before stage 2 and is then
//! blocked in `send` most of the time; stage 3 waits in `recv` most of the time. The source and the
//! last stage both move at the pace of stage 2.
//!
//! **Why.** The slowest stage decides the throughput. The buffers before it are full and those
//! behind it are empty: that is how you find it. A stage that waits has time to spare, and a faster
//! one only waits longer.
//!
//! **Try.** Halve `first_time` to 25: the run takes 3075 ms instead of 3100. Halve `third_time`
//! instead: the same. Halve `second_time` to 100 instead: 1600 ms. Set `second_workers` to 2
//! instead: the same pace, 1700 ms. With 8 the run takes 1000 ms: now the other stages are the
//! slowest, and 16 change nothing. Back with the defaults, set `buffer` to 100: 3100 ms as before.
//!
//! **Pitfall.** Buffers smooth variation. They do not speed up a stage that is too slow on average:
//! they hide it for a while, at the price of memory and latency. Also, several workers of a stage
//! may overtake each other. If order matters, number the items and sort them at the end. Here all
//! items take equally long, so on the virtual clock none overtakes another.
//!
//! **Words.** asyncio: an `asyncio.Queue(maxsize=…)` between any two stages, and one sentinel for
//! each worker at the end. Tokio: `mpsc::channel(…)`; when the last worker of a stage drops its
//! sender, the next stage sees the end by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::{Builder, JoinSet};
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info, info_span};

use scenario::prelude::*;

const ITEMS: Param = Param::count("items", 15, (1, 10_000), "items", "How many items go through the pipeline.");
const FIRST_WORKERS: Param = Param::count("first_workers", 1, (1, 100), "workers", "How many workers stage 1 has.");
const FIRST_TIME: Param = Param::millis("first_time", 50, (0, 60_000), "How long stage 1 takes for an item.");
const SECOND_WORKERS: Param = Param::count("second_workers", 1, (1, 100), "workers", "How many workers stage 2 has.");
const SECOND_TIME: Param = Param::millis("second_time", 200, (0, 60_000), "How long stage 2 takes for an item.");
const THIRD_WORKERS: Param = Param::count("third_workers", 1, (1, 100), "workers", "How many workers stage 3 has.");
const THIRD_TIME: Param = Param::millis("third_time", 50, (0, 60_000), "How long stage 3 takes for an item.");
const BUFFER: Param = Param::count("buffer", 4, (1, 10_000), "items", "How many items can wait before each stage.");

/// Each stage's parameters: its workers and its time per item.
const STAGES: [(Param, Param); 3] = [(FIRST_WORKERS, FIRST_TIME), (SECOND_WORKERS, SECOND_TIME), (THIRD_WORKERS, THIRD_TIME)];

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "pipeline",
    title: "Pipeline",
    group: Group::Channels,
    lesson: "The slowest stage sets the pace.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[ITEMS, FIRST_WORKERS, FIRST_TIME, SECOND_WORKERS, SECOND_TIME, THIRD_WORKERS, THIRD_TIME, BUFFER],
    patterns: &["pipeline", "staged processing", "bottleneck", "backpressure"],
    differs: "In asyncio a stage sends one sentinel to each worker of the next; in Tokio the next stage sees the end when \
              the last sender is dropped. With several workers, asyncio's queue gives an item to a worker that asks just then, \
              and not to the one that it has woken; Tokio's mutex keeps the order, so other workers are idle.",
    builds_on: &["producer-consumer"],
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "stage 3"),
            "{param:items} items go through three stages, which take {param:first_time}, {param:second_time} and \
             {param:third_time} per item. The buffer before each stage holds {param:buffer}.",
        )
        .line("mpsc::channel(buffer)"),
        Stop::at(
            When::Wait(Nth::First, "stage 1", For::Room),
            "{task} has an item ready, but the buffer before stage 2 is full. It waits in send.",
        ),
        Stop::at(
            When::Resume(Nth::First, "stage 1", For::Room),
            "{by} takes an item, and so makes room. {task} goes on after {lasted}: stage 2 sets its pace.",
        )
        .line("input.recv().await?"),
        Stop::at(
            When::LongestWait("source", For::Room),
            "Backpressure goes from stage to stage: even the source waits for room, up to {lasted}.",
        ),
        Stop::at(
            When::Wait(Nth::Number(3), "stage 3", For::Message),
            "{task} waits {lasted} for an item: the buffer before it is empty. Full buffers before a stage and empty ones \
             after it show the slowest stage.",
        ),
        Stop::at(
            When::Over,
            "{figure:finished} items took {figure:total}. Stage 1 was blocked for {figure:stage 1 blocked}, stage 3 had no \
             item for {figure:stage 3 starved}: a faster stage only waits longer.",
        ),
    ],
    questions: &[
        Question::new(
            "{param:items} items pass 3 stages, which take {param:first_time}, {param:second_time} and {param:third_time} per \
             item and have {param:first_workers}, {param:second_workers} and {param:third_workers} workers. How long does it \
             take?",
            Answer::Time {
                is: "figure:total",
                typical: &[
                    (
                        "param:first_time + param:second_time + param:third_time * param:items",
                        "That is one item after the other. The stages work at the same time, each on another item.",
                    ),
                    ("param:first_time * param:items", "Stage 1 alone could be done then, but a slower stage sets the pace."),
                ],
            },
            When::Over,
            "{figure:finished} items took {figure:total}: the slowest stage sets the pace, and the other stages wait for it.",
        ),
        Question::new(
            "{param:items} items pass stages of {param:first_time}, {param:second_time} and {param:third_time} per item. Buffers \
             between them hold {param:buffer}. What takes stage 1 most time?",
            Answer::Choice(&[
                Choice::new("Waiting for the next item", If::More("figure:stage 1 starved", "param:first_time * param:items")),
                Choice::new(
                    "Waiting for room in the buffer before stage 2",
                    If::More("figure:stage 1 blocked", "param:first_time * param:items"),
                ),
                Choice::new("Working on its items", If::Otherwise),
            ]),
            When::Wait(Nth::First, "stage 1", For::Room),
            "Stage 1 waited {figure:stage 1 blocked} for room and {figure:stage 1 starved} for items. Its items took \
             {param:first_time * param:items}.",
        ),
    ],
    source: include_str!("pipeline.rs"),
    path: file!(),
    twin: include_str!("pipeline.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// An item is its number: the source numbers items from 1.
type Item = u64;

/// The state that the workers of a stage share.
struct Stage {
    /// 1, 2 or 3.
    number: usize,
    /// How long this stage takes for an item.
    time: Duration,
    input: Mutex<Receiver<Item>>,
    /// The highest item taken so far.
    latest: AtomicU64,
    /// How many items were taken after a later one.
    overtaken: AtomicU64,
}

/// How long a worker was idle in total.
#[derive(Default, Clone, Copy)]
struct Waits {
    /// Waiting for an item.
    starved: Duration,
    /// Waiting for room in the next buffer.
    blocked: Duration,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let buffer = cx.count(BUFFER);
    // The source fills the first buffer.
    let (first, mut output) = mpsc::channel(buffer);
    let source = Builder::new().name("source").spawn(source(first, cx.number(ITEMS)))?;

    // Each stage takes from the buffer of the one before, and fills one of its own.
    let mut workers = JoinSet::new();
    let mut stages = Vec::new();
    for (number, (count, time)) in (1..).zip(STAGES) {
        let (sender, receiver) = mpsc::channel(buffer);
        let input = Mutex::new(std::mem::replace(&mut output, receiver));
        let (latest, overtaken) = (AtomicU64::new(0), AtomicU64::new(0));
        let stage = Arc::new(Stage { number, time: cx.duration(time), input, latest, overtaken });
        for i in 0..cx.count(count) {
            let worker = worker(stage.clone(), sender.clone());
            workers.build_task().name(&format!("stage {number} worker {i}")).spawn(worker)?;
        }
        stages.push(stage);
        // This drops our own `sender`, so the buffer closes when the last worker of the stage ends.
    }

    // The last buffer closes when every stage has ended, one after the other.
    let (mut finished, mut sum) = (0_u64, 0_u64);
    while let Some(item) = output.recv().await {
        finished += 1;
        sum += item;
        info!(counter.finished = finished, "item {item} is finished");
    }
    source.await??;
    let mut waits = [Waits::default(); STAGES.len()];
    while let Some(ended) = workers.join_next().await {
        let (number, waited) = ended??;
        waits[number - 1].starved += waited.starved;
        waits[number - 1].blocked += waited.blocked;
    }

    let items = cx.number(ITEMS);
    let overtaken: u64 = stages.iter().map(|stage| stage.overtaken.load(Ordering::Relaxed)).sum();
    let mut outcome = Outcome::new().figure("finished", finished, "items");
    for (number, waits) in (1..).zip(waits) {
        outcome = outcome.figure(format!("stage {number} starved"), waits.starved, "ms");
        outcome = outcome.figure(format!("stage {number} blocked"), waits.blocked, "ms");
    }
    outcome = outcome
        .figure("total", started.elapsed(), "ms")
        .check("no item is lost, none comes twice", finished == items && sum == items * (items + 1) / 2);
    // On the real clock several workers may overtake each other.
    if STAGES.iter().all(|(workers, _)| cx.count(*workers) == 1) {
        outcome = outcome.check("each stage takes the items in order", overtaken == 0);
    }
    Ok(outcome)
}

/// Puts items into the first buffer as fast as there is room.
async fn source(output: Sender<Item>, items: u64) -> scenario::Result<()> {
    for item in 1..=items {
        output.send(item).await?;
    }
    Ok(())
}

/// Takes items, works on each, and passes it on. Returns the number of its stage, and how long it was idle.
async fn worker(stage: Arc<Stage>, output: Sender<Item>) -> scenario::Result<(usize, Waits)> {
    let mut waits = Waits::default();
    let mut idle = Instant::now();
    while let Some(item) = stage.take().await {
        waits.starved += idle.elapsed();
        sleep(stage.time).instrument(info_span!("item", item)).await;
        // Backpressure: this waits while the next buffer is full.
        let done = Instant::now();
        output.send(item).await?;
        waits.blocked += done.elapsed();
        idle = Instant::now();
    }
    Ok((stage.number, waits))
}

impl Stage {
    /// Returns the next item, or `None` at the end.
    async fn take(&self) -> Option<Item> {
        let mut input = self.input.lock().await;
        let item = input.recv().await?;
        // The lock is still held, so this is the order in which items are taken.
        if self.latest.fetch_max(item, Ordering::Relaxed) > item {
            self.overtaken.fetch_add(1, Ordering::Relaxed);
        }
        match self.number {
            1 => info!(counter.queue_1 = input.len(), "stage 1 takes item {item}"),
            2 => info!(counter.queue_2 = input.len(), "stage 2 takes item {item}"),
            _ => info!(counter.queue_3 = input.len(), "stage 3 takes item {item}"),
        }
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn total(turned: &[(Param, &str)]) -> scenario::Result<f64> {
        let outcome = run(Context::of(&SCENARIO, turned)).await?;
        assert!(outcome.holds(), "{turned:?}");
        Ok(outcome.value("total").unwrap_or_default())
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_narrowest_stage_matters() -> scenario::Result<()> {
        for (turned, expected) in [
            (&[] as &[(Param, &str)], 3100.0),
            (&[(FIRST_TIME, "25")], 3075.0),
            (&[(THIRD_TIME, "25")], 3075.0),
            (&[(FIRST_WORKERS, "2")], 3100.0),
            (&[(BUFFER, "100")], 3100.0),
            (&[(SECOND_TIME, "100")], 1600.0),
            (&[(SECOND_WORKERS, "2")], 1700.0),
            (&[(SECOND_WORKERS, "8")], 1000.0),
            (&[(SECOND_WORKERS, "16")], 1000.0),
        ] {
            let total = total(turned).await?;
            assert!((total - expected).abs() < f64::EPSILON, "{turned:?}: {total} and not {expected}");
        }
        Ok(())
    }

    /// The stage before the slowest one finds no room, and the stage behind it finds no items.
    #[tokio::test(start_paused = true)]
    async fn the_others_wait() -> scenario::Result<()> {
        let outcome = run(Context::of(&SCENARIO, &[])).await?;
        assert!(outcome.value("stage 1 blocked") > Some(1200.0));
        assert_eq!(outcome.value("stage 2 starved"), Some(50.0), "for the first item only");
        assert!(outcome.value("stage 3 starved") > Some(2000.0));
        Ok(())
    }
}
