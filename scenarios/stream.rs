//! # Stream: a stream is lazy
//!
//! Four items come from a source that takes 100 ms for each: a cursor, a file, a remote log. The
//! task that consumes them processes each for 100 ms.
//!
//! **What you see.** One lane that produces and processes in turn, four times each. With `prefetch`
//! at 1 there are two lanes, and both are always busy.
//!
//! **Why.** A stream is lazy: it works on an item only when the consumer asks for one, and the
//! consumer does not ask while it processes. So the two times add up. To overlap them, ask ahead:
//! let a separate task produce, and put items that are ready into a channel. Then the longer of the
//! two times sets the pace.
//!
//! **Try.** Set `prefetch` to 1: the run takes 500 ms instead of 800. Set it to 100 instead: again
//! 500. One item ahead is enough as long as neither side varies; more only holds more items. Set
//! `process` to 400, too: 1700 ms, and 2000 without prefetch. You gain most if the two times are
//! equal: half of the time, in a long run. Set `prefetch` to 0 and `consumers` to 2: two tasks share
//! the one stream, and each gets only a part of the items.
//!
//! **Pitfall.** A stream has one consumer. Two that share it do not both see every item: what one
//! takes is gone for the other. If each needs all of them, use a `broadcast` channel. And futures
//! combined in one task are polled only when that task polls them: `buffered(8)` on a stream drives
//! eight futures while you wait in `next().await`, and none while you process an item. Only a
//! separate task goes on.
//!
//! **Words.** asyncio: an async generator, `async for item in items():`; to prefetch, a task and an
//! `asyncio.Queue`. Tokio: `Stream` and `StreamExt` of the tokio-stream crate, `while let
//! Some(item) = items.next().await`, or an `async fn next` as here; to prefetch, a task and an
//! `mpsc::channel`.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::{Builder, JoinSet};
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info, info_span};

use scenario::prelude::*;

const ITEMS: Param = Param::count("items", 4, (1, 10_000), "items", "How many items the source has.");
const PRODUCE: Param = Param::millis("produce", 100, (0, 60_000), "How long the source takes for an item.");
const PROCESS: Param = Param::millis("process", 100, (0, 60_000), "How long it takes to process an item.");
const PREFETCH: Param = Param::count("prefetch", 0, (0, 1_000), "items", "How many items to produce ahead; 0 is none.");
const CONSUMERS: Param = Param::count("consumers", 1, (1, 100), "consumers", "How many tasks share the stream.");

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "stream",
    title: "Stream",
    group: Group::Channels,
    lesson: "A stream is lazy.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[ITEMS, PRODUCE, PROCESS, PREFETCH, CONSUMERS],
    patterns: &["async iterator", "async generator", "stream", "prefetch"],
    differs: "Async generators are part of Python; in Rust `Stream` comes from a crate, or you write an `async fn next`. Two \
              tasks that ask one generator at the same time get a `RuntimeError`; in Rust they do not compile without a lock.",
    builds_on: &["producer-consumer"],
    breaks: &[Breaks::checks(&[("consumers", "2")], &["each consumer gets every item"])],
    story: &[
        Stop::at(
            When::Spawn(Nth::First, ""),
            "A source has {param:items} items and takes {param:produce} to produce each. The consumer takes {param:process} \
             to process one.",
        )
        .line("Source { next: 0"),
        Stop::at(
            When::Spawn(Nth::First, "producer"),
            "A separate task, producer, asks the source. It puts items into a channel that holds {param:prefetch}.",
        )
        .line("prefetch(source, ready)")
        .unless("prefetch", "0"),
        Stop::at(
            When::Log(Nth::First, "item 0 is produced"),
            "At {time} {text}. The source began to work on it only when {task} asked for it: a stream is lazy.",
        )
        .line("items.next().await")
        .only("prefetch", "0"),
        Stop::at(
            When::Resume(Nth::First, "consumer", For::Message),
            "{by} puts the first item into the channel, which wakes {task} after {lasted}.",
        )
        .line("room.send(item)")
        .unless("prefetch", "0"),
        Stop::at(
            When::Log(Nth::First, "item 0 is processed"),
            "At {time} {text}. Meanwhile nobody asked the source for the next item, so it did nothing.",
        )
        .line("sleep(process)")
        .only("prefetch", "0"),
        Stop::at(
            When::Log(Nth::First, "item 1 is produced"),
            "At {time} {text}, after another {param:produce}: the two times add up.",
        )
        .line("sleep(self.produce)")
        .only("prefetch", "0"),
        Stop::at(
            When::Log(Nth::First, "item 1 is produced"),
            "At {time} {text}. {task} did not wait until item 0 was processed: the two tasks work at the same time.",
        )
        .line("sleep(self.produce)")
        .unless("prefetch", "0"),
        Stop::at(
            When::Over,
            "{figure:processed} items took {figure:total}. For {figure:waited for items} of it the consumer waited, because \
             it asks for an item only when it is done with the one before.",
        )
        .only("prefetch", "0"),
        Stop::at(
            When::Over,
            "{figure:processed} items took {figure:total}. Producing and processing overlap, so the longer of the two sets \
             the pace.",
        )
        .unless("prefetch", "0"),
    ],
    questions: &[
        Question::new(
            "A source needs {param:produce} per item, its consumer {param:process}; {param:prefetch} items are made ahead. How \
             long do {param:items} items take?",
            Answer::Time {
                is: "figure:total",
                typical: &[
                    (
                        "param:produce * param:items + param:process",
                        "That would be so if the source set the pace and never had to wait until it is asked.",
                    ),
                    (
                        "param:produce + param:process * param:items",
                        "With prefetch a task of its own produces while the consumer processes.",
                    ),
                ],
            },
            When::Over,
            "{figure:processed} items took {figure:total}. The consumer waited {figure:waited for items} of that for items.",
        )
        .only("consumers", "1"),
        Question::new(
            "A source needs {param:produce} per item, and a consumer {param:process} ({param:prefetch} items are made ahead). \
             When does the source begin the second?",
            Answer::Choice(&[
                Choice::new("Together with the first one", If::Less("time", "param:produce * 2")),
                Choice::new("When it is asked again, some time after the first", If::More("time", "param:produce * 2")),
                Choice::new("As soon as the first one is produced", If::Otherwise),
            ]),
            When::Log(Nth::First, "item 1 is produced"),
            "The second item was produced at {time}, and each takes {param:produce}. A source works only when a task asks for an \
             item.",
        ),
        Question::new(
            "{param:consumers} consumers share one stream of {param:items} items. How many items does one of them get at most?",
            Answer::Number {
                is: "figure:most by one consumer",
                typical: &[("param:items", "An item that one consumer takes is gone for the others.")],
            },
            When::Over,
            "One consumer got {figure:most by one consumer} items, all together {figure:processed}: each item goes to one of \
             them.",
        )
        .unless("consumers", "1"),
    ],
    source: include_str!("stream.rs"),
    path: file!(),
    twin: include_str!("stream.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// An item is its number, counted from 0.
type Item = u64;

/// A lazy source: it produces one item at a time, and only on request.
struct Source {
    next: Item,
    items: u64,
    produce: Duration,
}

/// Where the consumer gets its items from.
enum Items {
    /// Produced when the consumer needs them.
    Pulled(Source),
    /// Produced ahead by another task.
    Prefetched(Receiver<Item>),
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let source = Source { next: 0, items: cx.number(ITEMS), produce: cx.duration(PRODUCE) };
    // With prefetch a task of its own produces items, and a channel holds those that are ready.
    let items = match cx.count(PREFETCH) {
        0 => Items::Pulled(source),
        ahead => {
            let (ready, items) = mpsc::channel(ahead);
            Builder::new().name("producer").spawn(prefetch(source, ready))?;
            Items::Prefetched(items)
        }
    };
    let (produce, process) = (cx.duration(PRODUCE), cx.duration(PROCESS));
    let ahead = produce + produce.max(process) * (cx.number(ITEMS) as u32 - 1) + process;
    let shared = cx.count(CONSUMERS) > 1;
    if cx.count(PREFETCH) == 0 && !shared {
        info!(
            moment = "if prefetched: done",
            moment_at_ms = ahead.as_millis() as u64,
            "with prefetch the run would end at {} ms",
            ahead.as_millis()
        );
    }
    if shared {
        return share(&cx, items, started).await;
    }
    let consumer = Builder::new().name("consumer").spawn(consume(items, process))?;
    let (processed, waited) = consumer.await?;

    let total = started.elapsed();
    let items = cx.number(ITEMS);
    let (expected, arithmetic) = if cx.count(PREFETCH) == 0 {
        ((produce + process) * items as u32, "produce and process add up")
    } else {
        (ahead, "the longer of produce and process sets the pace")
    };
    Ok(Outcome::new()
        .figure("processed", processed.len(), "items")
        .figure("waited for items", waited, "ms")
        .figure("total", total, "ms")
        .check("every item comes, in order", processed.iter().copied().eq(0..items))
        .check(arithmetic, cx.on_time(total, expected)))
}

/// Several consumers take items from the one stream.
async fn share(cx: &Context, items: Items, started: Instant) -> scenario::Result {
    // `next` needs the stream for itself, so the compiler demands a lock. The consumer that waits in `next` holds it.
    let items = Arc::new(Mutex::new(items));
    let mut consumers = JoinSet::new();
    for i in 0..cx.count(CONSUMERS) {
        let consumer = consume(items.clone(), cx.duration(PROCESS));
        consumers.build_task().name(&format!("consumer {i}")).spawn(consumer)?;
    }
    let ends = consumers.join_all().await;

    let mut processed: Vec<Item> = ends.iter().flat_map(|(processed, _)| processed.iter().copied()).collect();
    processed.sort_unstable();
    let most = ends.iter().map(|(processed, _)| processed.len()).max().unwrap_or_default();
    let waited = ends.iter().map(|(_, waited)| *waited).sum::<Duration>();
    Ok(Outcome::new()
        .figure("processed", processed.len(), "items")
        .figure("waited for items", waited, "ms")
        .figure("total", started.elapsed(), "ms")
        .figure("most by one consumer", most, "items")
        .check("every item comes once", processed.iter().copied().eq(0..cx.number(ITEMS)))
        .check("each consumer gets every item", ends.iter().all(|(processed, _)| processed.len() == cx.count(ITEMS))))
}

impl Source {
    /// Returns the next item, or `None` at the end.
    async fn next(&mut self) -> Option<Item> {
        let item = self.next;
        if item == self.items {
            return None;
        }
        sleep(self.produce).instrument(info_span!("get")).await;
        self.next += 1;
        info!(counter.produced = self.next, "item {item} is produced");
        Some(item)
    }
}

/// A consumer's way to the items: alone, or together with others.
trait Pull {
    /// Returns the next item, or `None` at the end.
    fn next(&mut self) -> impl Future<Output = Option<Item>> + Send;
}

impl Pull for Arc<Mutex<Items>> {
    async fn next(&mut self) -> Option<Item> {
        self.lock().await.next().await
    }
}

impl Pull for Items {
    async fn next(&mut self) -> Option<Item> {
        match self {
            Items::Pulled(source) => source.next().await,
            Items::Prefetched(items) => items.recv().await,
        }
    }
}

/// Produces items ahead. It reserves room before each item, so it never has more items than the channel holds.
async fn prefetch(mut source: Source, ready: Sender<Item>) {
    while let Ok(room) = ready.reserve().await {
        let Some(item) = source.next().await else { return };
        room.send(item);
    }
}

/// Processes items until the source ends. Returns them, and how long it waited for them.
async fn consume(mut items: impl Pull, process: Duration) -> (Vec<Item>, Duration) {
    let (mut processed, mut waited) = (Vec::new(), Duration::ZERO);
    let mut asked = Instant::now();
    while let Some(item) = items.next().await {
        waited += asked.elapsed();
        // Without prefetch the source does nothing during this await.
        sleep(process).instrument(info_span!("use")).await;
        processed.push(item);
        info!(counter.processed = processed.len(), "item {item} is processed");
        asked = Instant::now();
    }
    (processed, waited)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One item ahead overlaps the two times. That halves the run if they are equal, and gains less if they are not.
    #[tokio::test(start_paused = true)]
    async fn one_ahead_is_enough_to_overlap() -> scenario::Result<()> {
        for (prefetch, process, items, total) in [
            ("0", "100", "4", 800.0),
            ("1", "100", "4", 500.0),
            ("100", "100", "4", 500.0),
            ("0", "400", "4", 2000.0),
            ("1", "400", "4", 1700.0),
            ("100", "400", "4", 1700.0),
            ("0", "100", "1000", 200_000.0),
            ("1", "100", "1000", 100_100.0),
        ] {
            let turned = [(PREFETCH, prefetch), (PROCESS, process), (ITEMS, items)];
            let outcome = run(Context::of(&SCENARIO, &turned)).await?;
            assert_eq!(outcome.value("total"), Some(total), "{turned:?}");
            assert!(outcome.holds());
        }
        Ok(())
    }

    /// Two consumers of one stream get every item once, and neither gets all of them.
    #[tokio::test(start_paused = true)]
    async fn consumers_of_one_stream_share_its_items() -> scenario::Result<()> {
        for (consumers, prefetch, process, most, total) in
            [("2", "0", "100", 2.0, 500.0), ("2", "1", "100", 2.0, 500.0), ("4", "0", "400", 1.0, 800.0)]
        {
            let turned = [(CONSUMERS, consumers), (PREFETCH, prefetch), (PROCESS, process)];
            let outcome = run(Context::of(&SCENARIO, &turned)).await?;
            let figures = ["processed", "most by one consumer", "total"].map(|name| outcome.value(name));
            assert_eq!(figures, [Some(4.0), Some(most), Some(total)], "{turned:?}");
            assert!(!outcome.holds(), "{turned:?}");
        }
        Ok(())
    }
}
