//! # Unbounded: memory is the queue you forgot
//!
//! Two hundred items per second come in, and one consumer handles twenty. Each item is one KiB.
//! After five seconds the service is restarted, and you see what it held.
//!
//! **What you see.** The depth of the queue climbs in a straight line, and the bytes with it. No
//! task waits, none fails, and the logs are clean: the failure comes later and elsewhere, when
//! memory runs out. The check on memory fails, as it should with `variant=unbounded`; with the
//! other two variants it holds.
//!
//! **Why.** Items that come in and do not go out stay in memory: 180 more each second. Long before
//! memory runs out, the queue is useless: the last item taken has waited for 4455 ms, and this
//! grows with each item. A bound forces a decision that you had to make anyway: who waits, or which
//! items are lost? With `bounded` the producer waits, and so does everything before it. With
//! `drop-oldest` the oldest items are lost, and those that are taken are fresh: they have waited
//! for 80 ms.
//!
//! **Try.** Set `seconds` to 10: 1800 KiB are held instead of 900. Set `variant` to `bounded`: 16
//! KiB, after 5 s or 10, and with 5 s the producer places 116 items instead of 1000. With
//! `drop-oldest` 16 KiB are held too, and 884 items are dropped. Set `consume` to 200: nothing
//! piles up, and an unbounded queue is as good as any.
//!
//! **Pitfall.** A queue may have another name. Tasks spawned for each request, futures in a
//! `JoinSet`, a cache without a limit, an actor's mailbox, a log written over a slow connection:
//! each is an unbounded queue.
//!
//! **Words.** asyncio: `asyncio.Queue()` is unbounded, `asyncio.Queue(maxsize=16)` is not; a
//! `deque(maxlen=16)` drops the oldest. Tokio: `mpsc::unbounded_channel`, `mpsc::channel(16)`,
//! `broadcast::channel(16)`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::mpsc;
use tokio::task::Builder;
use tokio::time::{Instant, interval, sleep, timeout_at};
use tracing::{Instrument, info, info_span};

use scenario::prelude::*;

/// How many items a bounded queue holds.
const BOUND: usize = 16;

/// The size of an item, in bytes.
const ITEM: usize = 1024;

const RATE: Param = Param::count("rate", 200, (1, 1_000), "items", "How many items come in per second.");
const CONSUME: Param = Param::count("consume", 20, (1, 1_000), "items", "How many items the consumer handles per second.");
const SECONDS: Param = Param::count("seconds", 5, (1, 50), "s", "How long items come in.");
const VARIANT: Param =
    Param::choice("variant", &["unbounded", "bounded", "drop-oldest"], "When full: grow, wait, or drop the oldest.");

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "unbounded",
    title: "Unbounded",
    group: Group::Channels,
    lesson: "Memory is the queue you forgot.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[RATE, CONSUME, SECONDS, VARIANT],
    patterns: &["unbounded queue", "memory leak", "load shedding", "drop oldest"],
    differs: "`asyncio.Queue()` is unbounded by default; in Tokio the name says so, `unbounded_channel`.",
    builds_on: &["producer-consumer"],
    breaks: &[Breaks::checks(&[("variant", "unbounded")], &["never more than 16384 bytes held"])],
    story: &[
        Stop::at(
            When::Spawn(Nth::First, "consumer"),
            "{param:rate} items per second come in, and the consumer handles {param:consume} per second. After \
             {param:seconds} s the service is restarted.",
        )
        .line("consume(exit, each, end)"),
        Stop::at(
            When::Log(Nth::First, "has worked on an item"),
            "{task} has handled its first item at {time}. When the latest item came in, {counter:depth} were held.",
        )
        .line("sleep(each)"),
        Stop::at(
            When::Log(Nth::First, "17 items are held"),
            "{text}: a queue with a bound would be full. The producer does not notice, because send on this queue never \
             waits.",
        )
        .line("Entrance::Unbounded(queue) => queue.send")
        .only("variant", "unbounded"),
        Stop::at(
            When::Wait(Nth::First, "producer", For::Room),
            "The queue is full, so {task} waits for room: {lasted}. An item that is not made yet takes no memory.",
        )
        .line("queue.reserve()")
        .only("variant", "bounded"),
        Stop::at(
            When::Resume(Nth::First, "producer", For::Room),
            "{by} takes an item, which makes room and wakes {task}. While the queue is full, the producer is as slow as the \
             consumer.",
        )
        .only("variant", "bounded"),
        Stop::at(
            When::Highest("depth"),
            "{counter:depth} items are held, {counter:bytes} bytes: the most of this run. No task ever waits for room, so \
             nothing looks wrong.",
        )
        .line("counter.bytes = held")
        .only("variant", "unbounded"),
        Stop::at(
            When::Highest("depth"),
            "{counter:depth} items are held, the most of this run. Once the ring is full, each new item overwrites the \
             oldest, and the producer never waits.",
        )
        .line("Entrance::DropOldest(queue) => drop")
        .only("variant", "drop-oldest"),
        Stop::at(
            When::Over,
            "{figure:consumed} of {figure:produced} items were handled, {figure:dropped} dropped, {figure:lost at the \
             restart} lost at the restart. At most {figure:most held} bytes were held; the last item taken had waited \
             {figure:wait of the last item taken}.",
        ),
    ],
    questions: &[
        Question::new(
            "Each second {param:rate} items come in and {param:consume} can be handled, for {param:seconds} s. How many are in \
             memory at most? Bound: 16; kind: {param:variant}.",
            Answer::Choice(&[
                Choice::new("1 or 2, because each is handled soon", If::Less("figure:most held / 1024", "3")),
                Choice::new("Up to 16, and no more", If::Less("figure:most held / 1024", "17")),
                Choice::new("More than 16, and more with every second", If::More("figure:most held / 1024", "16")),
                Choice::new("{param:rate}, as many as come in within a second", If::Otherwise),
            ]),
            When::Over,
            "At most {figure:most held} bytes were held, at 1024 bytes an item. What comes in and does not go out stays in \
             memory, unless a bound stops it.",
        ),
        Question::new(
            "Each second {param:rate} items come in and {param:consume} are handled, for {param:seconds} s. How long was the \
             last one taken in the queue? Bound: 16; kind: {param:variant}.",
            Answer::Time {
                is: "figure:wait of the last item taken",
                typical: &[
                    (
                        "figure:total / param:seconds / param:consume",
                        "That is how long the consumer takes for one item. Others were in the queue before it.",
                    ),
                    ("figure:total", "The last item taken did not come in at the very beginning."),
                ],
            },
            When::Over,
            "It had waited for {figure:wait of the last item taken}: as long as the items before it took, as far as they were \
             not dropped.",
        ),
    ],
    source: include_str!("unbounded.rs"),
    path: file!(),
    twin: include_str!("unbounded.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// How many bytes all existing items take.
#[derive(Clone, Default)]
struct Memory(Arc<AtomicUsize>);

/// An item, which takes memory as long as it exists.
struct Item {
    came: Instant,
    payload: Box<[u8]>,
    memory: Memory,
}

impl Item {
    fn new(memory: &Memory) -> Self {
        memory.0.fetch_add(ITEM, Ordering::Relaxed);
        Self { came: Instant::now(), payload: Box::new([0; ITEM]), memory: memory.clone() }
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        self.memory.0.fetch_sub(self.payload.len(), Ordering::Relaxed);
    }
}

/// The end of the queue where the producer puts items.
enum Entrance {
    Unbounded(mpsc::UnboundedSender<Item>),
    Bounded(mpsc::Sender<Item>),
    DropOldest(broadcast::Sender<Arc<Item>>),
}

/// The end of the queue where the consumer takes items.
enum Exit {
    Unbounded(mpsc::UnboundedReceiver<Item>),
    Bounded(mpsc::Receiver<Item>),
    DropOldest(broadcast::Receiver<Arc<Item>>),
}

/// What the producer has counted.
#[derive(Default)]
struct Produced {
    items: u64,
    /// The most bytes held at a time.
    peak: usize,
}

/// What the consumer has counted.
#[derive(Default)]
struct Consumed {
    items: u64,
    dropped: u64,
    /// How long the last item taken had been in the queue.
    age: Duration,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let end = started + Duration::from_secs(cx.number(SECONDS));
    let (entrance, exit) = queue(cx.word(VARIANT));
    info!(
        moment = "restart",
        moment_at_ms = cx.number(SECONDS) * 1000,
        "the service is restarted after {} s",
        cx.number(SECONDS)
    );

    // Both run until the restart.
    let production = produce(entrance, cx.number(RATE), cx.number(SECONDS), end);
    let producer = Builder::new().name("producer").spawn(production)?;
    let each = Duration::from_secs(1) / cx.number(CONSUME) as u32;
    let consumer = Builder::new().name("consumer").spawn(consume(exit, each, end))?;
    let input = producer.await??;
    let (output, exit) = consumer.await?;
    // The restart: no more items come in, so count what is left in the queue.
    let (left, unheard) = exit.left();
    let dropped = output.dropped + unheard;

    let accounted = output.items + dropped + left;
    Ok(Outcome::new()
        .figure("produced", input.items, "items")
        .figure("consumed", output.items, "items")
        .figure("dropped", dropped, "items")
        .figure("lost at the restart", left, "items")
        .figure("most held", input.peak, "bytes")
        .figure("wait of the last item taken", output.age, "ms")
        .figure("total", started.elapsed(), "ms")
        .check("consumed, dropped and lost add up to produced", accounted == input.items)
        .check(format!("never more than {} bytes held", BOUND * ITEM), input.peak <= BOUND * ITEM))
}

/// Creates a queue and returns its two ends.
fn queue(variant: &str) -> (Entrance, Exit) {
    match variant {
        "bounded" => {
            let (entrance, exit) = mpsc::channel(BOUND);
            (Entrance::Bounded(entrance), Exit::Bounded(exit))
        }
        // With one receiver a broadcast channel is a ring buffer: a new item overwrites the oldest.
        "drop-oldest" => {
            let (entrance, exit) = broadcast::channel(BOUND);
            (Entrance::DropOldest(entrance), Exit::DropOldest(exit))
        }
        _ => {
            let (entrance, exit) = mpsc::unbounded_channel();
            (Entrance::Unbounded(entrance), Exit::Unbounded(exit))
        }
    }
}

/// Puts in `rate` items per second until the end, or fewer if it has to wait.
async fn produce(entrance: Entrance, rate: u64, seconds: u64, end: Instant) -> scenario::Result<Produced> {
    let memory = Memory::default();
    let mut ticks = interval(Duration::from_secs(1) / rate as u32);
    let mut produced = Produced::default();
    for _ in 0..rate * seconds {
        ticks.tick().await;
        match &entrance {
            Entrance::Unbounded(queue) => queue.send(Item::new(&memory))?,
            Entrance::Bounded(queue) => {
                // Reserve room before making the item: an item that waits outside would take memory, too.
                let Ok(room) = timeout_at(end, queue.reserve()).await else { break };
                room?.send(Item::new(&memory));
            }
            Entrance::DropOldest(queue) => drop(queue.send(Arc::new(Item::new(&memory)))),
        }
        let held = memory.0.load(Ordering::Relaxed);
        produced.items += 1;
        if held > BOUND * ITEM && produced.peak <= BOUND * ITEM {
            info!(moment = "over the bound", "{} items are held", held / ITEM);
        }
        produced.peak = produced.peak.max(held);
        info!(counter.depth = held / ITEM, counter.bytes = held, "an item comes in");
    }
    Ok(produced)
}

/// Takes items and works on each, until the end. Returns its end of the queue.
async fn consume(mut exit: Exit, each: Duration, end: Instant) -> (Consumed, Exit) {
    let mut consumed = Consumed::default();
    while Instant::now() < end {
        let Some(came) = exit.take(&mut consumed.dropped).await else { break };
        consumed.age = came.elapsed();
        sleep(each).instrument(info_span!("works")).await;
        consumed.items += 1;
        info!(counter.consumed = consumed.items, "has worked on an item");
    }
    (consumed, exit)
}

impl Exit {
    /// Takes an item and returns when it came in. Adds to `dropped` how many were dropped before it.
    async fn take(&mut self, dropped: &mut u64) -> Option<Instant> {
        let queue = match self {
            Exit::Unbounded(queue) => return queue.recv().await.map(|item| item.came),
            Exit::Bounded(queue) => return queue.recv().await.map(|item| item.came),
            Exit::DropOldest(queue) => queue,
        };
        loop {
            match queue.recv().await {
                Ok(item) => return Some(item.came),
                // The ring has overwritten items that the consumer had not taken.
                Err(RecvError::Lagged(missed)) => *dropped += missed,
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// Returns how many items are left, and how many were dropped that the consumer has not been notified of.
    fn left(&self) -> (u64, u64) {
        let (left, unheard) = match self {
            Exit::Unbounded(queue) => (queue.len(), 0),
            Exit::Bounded(queue) => (queue.len(), 0),
            Exit::DropOldest(queue) => (queue.len().min(BOUND), queue.len().saturating_sub(BOUND)),
        };
        (left as u64, unheard as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without a bound, twice the time takes twice the memory; with a bound, memory stays at the bound.
    #[tokio::test(start_paused = true)]
    async fn what_comes_in_and_does_not_go_out_is_held() -> scenario::Result<()> {
        for (variant, seconds, produced, dropped, held, age) in [
            ("unbounded", "5", 1000.0, 0.0, 900, 4455.0),
            ("unbounded", "10", 2000.0, 0.0, 1800, 8955.0),
            ("bounded", "5", 116.0, 0.0, 16, 800.0),
            ("bounded", "10", 216.0, 0.0, 16, 800.0),
            ("drop-oldest", "5", 1000.0, 884.0, 16, 80.0),
            ("drop-oldest", "10", 2000.0, 1784.0, 16, 80.0),
        ] {
            let outcome = run(Context::of(&SCENARIO, &[(VARIANT, variant), (SECONDS, seconds)])).await?;
            let figures = ["produced", "dropped", "most held", "wait of the last item taken"];
            let figures = figures.map(|figure| outcome.value(figure));
            let bytes = (held * ITEM) as f64;
            assert_eq!(figures, [Some(produced), Some(dropped), Some(bytes), Some(age)], "{variant}, {seconds} s");
            assert_eq!(outcome.holds(), variant != "unbounded", "{variant}, {seconds} s");
        }
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn an_unbounded_queue_is_fine_until_it_is_not() -> scenario::Result<()> {
        for variant in ["unbounded", "bounded", "drop-oldest"] {
            let outcome = run(Context::of(&SCENARIO, &[(VARIANT, variant), (CONSUME, "200")])).await?;
            assert_eq!((outcome.value("consumed"), outcome.value("dropped")), (Some(1000.0), Some(0.0)), "{variant}");
            assert!(outcome.holds(), "{variant}");
        }
        Ok(())
    }
}
