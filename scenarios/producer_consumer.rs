//! # Producer and consumer: a bounded queue pushes back
//!
//! Two producers make items, three consumers use them, and a queue connects them. Making an item
//! takes 100 ms, using one 200 ms.
//!
//! **What you see.** The depth of the queue is drawn as a graph. It climbs to three, and from then
//! on the producers are blocked in `send` most of the time.
//!
//! **Why.** Twenty items per second come in and fifteen go out, so the queue grows as long as the
//! producers go on. A bounded queue makes them wait: the slower side sets the pace of both. An
//! unbounded queue never makes them wait, and grows: the failure moves to memory, later and
//! elsewhere.
//!
//! Tokio's channel has many senders and one receiver. The consumers share the receiver behind a
//! lock: one waits in `recv`, and the other idle ones queue for the lock.
//!
//! **Try.** Set `capacity` to 0: no producer is blocked, the queue grows to 10, and the run ends at
//! 2900 ms as before. Set `items` to 40, too: it grows to 20. A longer queue does not make
//! consumers faster. A fourth consumer helps: with 20 items the run ends at 2200 ms, and the queue
//! stays short.
//!
//! **Pitfall.** How does a consumer learn that no more items will come? With `end=close` the
//! channel closes when the last sender is dropped. With `end=sentinel` the queue gets one end
//! message per producer, and each ends one consumer. If there are more consumers than producers, as
//! here, the rest wait for ever and the run stalls. With `sentinel-put-back` each consumer puts the
//! message back, so one ends them all. `join+cancel` waits until every item is acknowledged, and
//! then aborts the consumers, which wait in vain. With `sentinel-each` each producer sends an end
//! message as soon as it is done. Now set `producers` to 4 and `late` to 3000: three messages end
//! all three consumers while the last producer still makes items, and nobody takes those.
//!
//! **Words.** asyncio: `asyncio.Queue(maxsize=…)`, `put`, `get`, `task_done`, `join`; it has many
//! readers and, before 3.13, no way to close it; if no consumer is left, `put` and `join` wait for
//! ever. Tokio: `mpsc::channel`, `send`, `recv`; the `send` of an `unbounded_channel` never waits; if
//! no receiver is left, `send` returns an error. There is no `join`: count acknowledgements.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::{self, Receiver, Sender, UnboundedReceiver, UnboundedSender};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info, info_span, warn};

use scenario::prelude::*;

const PRODUCERS: Param = Param::count("producers", 2, (1, 1_000), "producers", "How many tasks make items.");
const CONSUMERS: Param = Param::count("consumers", 3, (1, 1_000), "consumers", "How many tasks use items.");
const ITEMS: Param = Param::count("items", 20, (0, 100_000), "items", "How many items each producer makes.");
const CAPACITY: Param = Param::count("capacity", 3, (0, 100_000), "items", "How many items fit; 0 is unbounded.");
const PRODUCE: Param = Param::millis("produce", 100, (0, 60_000), "How long it takes to make an item.");
const CONSUME: Param = Param::millis("consume", 200, (0, 60_000), "How long it takes to use an item.");
const END: Param = Param::choice(
    "end",
    &["close", "sentinel", "sentinel-put-back", "join+cancel", "sentinel-each"],
    "How consumers learn that the items end.",
);
const LATE: Param = Param::millis("late", 0, (0, 60_000), "How much later the last producer starts.");

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "producer-consumer",
    title: "Producer and consumer",
    group: Group::Channels,
    lesson: "A bounded queue pushes back.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[PRODUCERS, CONSUMERS, ITEMS, CAPACITY, PRODUCE, CONSUME, END, LATE],
    patterns: &["producer-consumer", "bounded queue", "backpressure", "sentinel", "queue join"],
    differs: "`asyncio.Queue` has many readers, a `put` that may overtake others, and, before 3.13, no way to close it, so \
              `put` and `join` wait for ever if no consumer is left; Tokio's `mpsc` has one receiver, which consumers share behind a lock, it closes with its last \
              sender, and `send` fails without a receiver.",
    builds_on: &["semaphore"],
    breaks: &[
        Breaks::stalls(&[("end", "sentinel")]),
        Breaks::checks(&[("end", "sentinel-each"), ("producers", "4"), ("late", "3000")], &["every item produced is consumed"]),
    ],
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "consumer"),
            "{count:producer} producers make {param:items} items each, and {count:consumer} consumers use them. The queue \
             holds at most {param:capacity} items.",
        )
        .line("mpsc::channel(bound)")
        .unless("capacity", "0"),
        Stop::at(
            When::Spawn(Nth::Last, "consumer"),
            "{count:producer} producers make {param:items} items each, and {count:consumer} consumers use them. The queue \
             between them has no bound.",
        )
        .line("Semaphore::MAX_PERMITS")
        .only("capacity", "0"),
        Stop::at(
            When::Wait(Nth::First, "consumer", For::Lock),
            "A channel has one receiver, so consumers share it behind a lock. {holders} has the lock while it waits for an \
             item; {task} waits for the lock.",
        ),
        Stop::at(
            When::Wait(Nth::First, "producer", For::Room),
            "The queue is full, so {task} waits in send. This is backpressure: consumers now set the pace of producers.",
        )
        .line("queue.send(Message::Item)"),
        Stop::at(
            When::Resume(Nth::First, "producer", For::Room),
            "{by} takes an item, and so makes room. {task} goes on after {lasted}.",
        )
        .line("queue.recv().await"),
        Stop::at(
            When::Highest("depth"),
            "{counter:depth} items are in the queue, the most of this run. No producer ever waits in send, because nothing \
             limits the queue.",
        )
        .line("queue.send(Message::Item)")
        .only("capacity", "0"),
        Stop::at(
            When::Log(Nth::First, "no consumer is left"),
            "{task} makes an item, but the end messages of other producers have ended every consumer. Nobody takes the item.",
        )
        .line("sent.is_err()")
        .sometimes(),
        Stop::at(
            When::Log(Nth::First, "the producers are done"),
            "The producers are done, and main drops the last sender. This closes the channel: consumers use what is left, and \
             then recv returns None.",
        )
        .line("\"close\" => drop(queue)")
        .only("end", "close"),
        Stop::at(
            When::Log(Nth::First, "the producers are done"),
            "The producers are done. main sends one end message per producer, {count:producer} in total, and a consumer that \
             gets one ends.",
        )
        .line("_ => send_sentinels")
        .only("end", "sentinel"),
        Stop::at(
            When::Log(Nth::First, "the producers are done"),
            "The producers are done, and main sends one end message. A consumer that takes it puts it back and ends, so the \
             next one gets it, too.",
        )
        .line("queue.send(Message::Done)")
        .only("end", "sentinel-put-back"),
        Stop::at(
            When::Log(Nth::First, "the producers are done"),
            "The producers are done. A producer that has put its last item sends an end message, which ends one consumer, \
             even if another producer still makes items.",
        )
        .line("if job.sentinel {")
        .only("end", "sentinel-each"),
        Stop::at(
            When::End(Nth::First, "consumer", How::Cancelled),
            "Every item has been acknowledged, so no consumer has one in hand. main aborts the consumers, and nothing is \
             lost.",
        )
        .line("consumers.abort_all()")
        .only("end", "join+cancel"),
        Stop::at(
            When::Stall,
            "{done:consumer} of {count:consumer} consumers got an end message. No more will come, and the channel never \
             closes: {stuck} wait for ever.",
        )
        .only("end", "sentinel"),
        Stop::at(
            When::Over,
            "{figure:consumed} of {figure:produced} items were used in {figure:total}. The queue never held more than \
             {figure:peak depth}; the most blocked producer waited {figure:most blocked producer} in send.",
        )
        .sometimes(),
    ],
    questions: &[
        Question::new(
            "{param:producers} producers make an item in {param:produce}, {param:consumers} consumers use one in \
             {param:consume}; a queue holds {param:capacity}. What happens when it is full?",
            Answer::Choice(&[
                Choice::new("send drops the oldest item", If::Less("figure:consumed + param:capacity", "figure:produced")),
                Choice::new("send waits until there is room", If::Occurs(When::Wait(Nth::First, "producer", For::Room))),
                Choice::new("send returns an error", If::Occurs(When::Log(Nth::First, "no consumer is left"))),
                Choice::new("Nothing: it is never full when an item comes", If::Otherwise),
            ]),
            When::Wait(Nth::First, "producer", For::Room),
            "The queue holds {param:capacity} items and no more. A producer with another item waits in send until a consumer \
             takes one.",
        )
        .unless("capacity", "0"),
        Question::new(
            "{param:producers} producers are done, and main sends an end message for each. Each message ends one of \
             {param:consumers} consumers. How does the run end?",
            Answer::Choice(&[
                Choice::new("It does not: some consumers wait for ever", If::Occurs(When::Stall)),
                Choice::new(
                    "With an error in the consumers that are left",
                    If::Occurs(When::End(Nth::First, "consumer", How::Failed)),
                ),
                Choice::new("Well: all consumers end", If::Otherwise),
            ]),
            When::Stall,
            "{done:consumer} of {count:consumer} consumers had ended when nothing could go on any more.",
        )
        .only("end", "sentinel"),
        Question::new(
            "Each of {param:producers} producers makes {param:items} items, {param:produce} each. {param:consumers} consumers \
             need {param:consume} per item. How long is the run?",
            Answer::Time {
                is: "figure:total",
                typical: &[
                    (
                        "param:items * param:produce",
                        "The producers alone could be done then. The consumers need longer for all items.",
                    ),
                    (
                        "param:items * param:producers * param:consume",
                        "One consumer alone would need that long. Several work at the same time.",
                    ),
                ],
            },
            When::Over,
            "{figure:consumed} items took {figure:total}. The slower side sets the pace of both.",
        )
        .only("end", "close"),
    ],
    source: include_str!("producer_consumer.rs"),
    path: file!(),
    twin: include_str!("producer_consumer.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// A message in the queue.
enum Message {
    /// An item to use.
    Item,
    /// The sentinel: no more items will come.
    Done,
}

/// What all tasks together have counted so far.
#[derive(Default)]
struct Tally {
    produced: AtomicU64,
    consumed: AtomicU64,
    /// The maximum depth of the queue.
    peak: AtomicU64,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let tally = Arc::new(Tally::default());
    let end = cx.word(END);
    // A bound that is never reached replaces `unbounded_channel`, which does the same with other types.
    let bound = if cx.number(CAPACITY) == 0 { Semaphore::MAX_PERMITS } else { cx.count(CAPACITY) };
    let (queue, receiver) = mpsc::channel(bound);
    let receiver = Arc::new(Mutex::new(receiver));
    // Consumers acknowledge each item on a second channel. Counting these is what `join` of an asyncio queue does by itself.
    let (acks, acknowledged) = mpsc::unbounded_channel();

    // Each producer has a sender, so that the channel knows when all of them have ended.
    let mut producers = JoinSet::new();
    for i in 0..cx.count(PRODUCERS) {
        let job = Job {
            late: if i + 1 == cx.count(PRODUCERS) { cx.duration(LATE) } else { Duration::ZERO },
            items: cx.number(ITEMS),
            produce: cx.duration(PRODUCE),
            sentinel: end == "sentinel-each",
        };
        let producer = producer(queue.clone(), tally.clone(), job);
        producers.build_task().name(&format!("producer {i}")).spawn(producer)?;
    }
    let mut consumers = JoinSet::new();
    for i in 0..cx.count(CONSUMERS) {
        // A consumer gets a sender only to put the sentinel back. Otherwise it would keep the channel open.
        let back = (end == "sentinel-put-back").then(|| queue.clone());
        let consumer = consumer(receiver.clone(), back, acks.clone(), tally.clone(), cx.duration(CONSUME));
        consumers.build_task().name(&format!("consumer {i}")).spawn(consumer)?;
    }
    // Only the consumers own the receiver now: when the last one has ended, `send` fails instead of waiting. The same goes
    // for their end of the acknowledgements.
    drop(receiver);
    drop(acks);

    // Wait until the producers have made all items.
    let mut blocked = Duration::ZERO;
    while let Some(ended) = producers.join_next().await {
        blocked = blocked.max(ended??);
    }
    info!(moment = "producers done", "the producers are done");
    // Then let the consumers know that no more items will come.
    match end {
        "close" => drop(queue),
        // With `sentinel-each` the producers have done so, and ended as many consumers. The others wait in vain.
        "join+cancel" | "sentinel-each" => {
            join(acknowledged, tally.produced.load(Ordering::Relaxed)).await;
            consumers.abort_all();
        }
        "sentinel-put-back" => send_sentinels(&queue, 1).await,
        _ => send_sentinels(&queue, cx.number(PRODUCERS)).await,
    }

    let mut ended = 0;
    while let Some(consumer) = consumers.join_next().await {
        match consumer {
            Ok(result) => result?,
            Err(error) if error.is_cancelled() => {}
            Err(error) => return Err(error.into()),
        }
        ended += 1;
    }
    Ok(outcome(&cx, &tally, blocked, started.elapsed()).check("every consumer ends", ended == cx.number(CONSUMERS)))
}

/// Builds the figures and the checks.
fn outcome(cx: &Context, tally: &Tally, blocked: Duration, total: Duration) -> Outcome {
    let [produced, consumed, peak] = [&tally.produced, &tally.consumed, &tally.peak].map(|count| count.load(Ordering::Relaxed));
    let outcome = Outcome::new()
        .figure("produced", produced, "items")
        .figure("consumed", consumed, "items")
        .figure("peak depth", peak, "items")
        .figure("most blocked producer", blocked, "ms")
        .figure("total", total, "ms")
        .check("every item produced is consumed", consumed == produced);
    match cx.number(CAPACITY) {
        0 => outcome,
        capacity => outcome.check(format!("never more than {capacity} in the queue"), peak <= capacity),
    }
}

/// What a producer has to do.
struct Job {
    /// How much later it starts.
    late: Duration,
    items: u64,
    /// How long it takes to make an item.
    produce: Duration,
    /// Whether it sends a sentinel at its end.
    sentinel: bool,
}

/// Makes items and puts them into the queue, waiting while it is full. Returns how long it was blocked.
async fn producer(queue: Sender<Message>, tally: Arc<Tally>, job: Job) -> scenario::Result<Duration> {
    if !job.late.is_zero() {
        sleep(job.late).instrument(info_span!("starts later")).await;
    }
    let mut blocked = Duration::ZERO;
    for _ in 0..job.items {
        sleep(job.produce).instrument(info_span!("produces")).await;
        // Backpressure: this waits while the queue is full.
        let ready = Instant::now();
        let sent = queue.send(Message::Item).await;
        blocked += ready.elapsed();
        let produced = tally.produced.fetch_add(1, Ordering::Relaxed) + 1;
        if sent.is_err() {
            // The receiver is gone with the last consumer. More items would be lost as well.
            warn!(counter.produced = produced, mark = "no taker", "no consumer is left to take the item");
            return Ok(blocked);
        }
        let depth = (queue.max_capacity() - queue.capacity()) as u64;
        let deepest = tally.peak.fetch_max(depth, Ordering::Relaxed);
        if depth == queue.max_capacity() as u64 && deepest < depth {
            info!(moment = "queue is full", "from now on producers may be blocked in send");
        }
        info!(counter.produced = produced, counter.depth = depth, "puts an item");
    }
    if job.sentinel {
        // This says "no more items of mine", but the consumer that gets it takes no items of others either.
        send_sentinels(&queue, 1).await;
    }
    Ok(blocked)
}

/// Waits for that many acknowledgements. Stops early if no consumer is left to acknowledge anything.
async fn join(mut acknowledged: UnboundedReceiver<()>, items: u64) {
    for _ in 0..items {
        if acknowledged.recv().await.is_none() {
            return;
        }
    }
}

/// Takes messages and uses the items, until the sentinel or the end of the channel.
async fn consumer(
    receiver: Arc<Mutex<Receiver<Message>>>,
    back: Option<Sender<Message>>,
    acks: UnboundedSender<()>,
    tally: Arc<Tally>,
    consume: Duration,
) -> scenario::Result<()> {
    loop {
        let mut queue = receiver.lock().await;
        let message = queue.recv().await;
        let depth = queue.len();
        // Release the receiver before the slow part, so that the next consumer in the queue can take an item.
        drop(queue);
        match message {
            Some(Message::Item) => {
                info!(counter.depth = depth, "takes an item");
                sleep(consume).instrument(info_span!("consumes")).await;
                let consumed = tally.consumed.fetch_add(1, Ordering::Relaxed) + 1;
                info!(counter.consumed = consumed, "has used the item");
                // Main reads these only if it waits for them. Otherwise it may have dropped its end.
                let _ = acks.send(());
            }
            Some(Message::Done) => {
                // Put the sentinel back for the next consumer, if that is how this run ends.
                if let Some(queue) = back {
                    queue.send(Message::Done).await?;
                }
                return Ok(());
            }
            // The last sender was dropped.
            None => return Ok(()),
        }
    }
}

/// Sends that many sentinels; stops early if all consumers have ended.
async fn send_sentinels(queue: &Sender<Message>, sentinels: u64) {
    for _ in 0..sentinels {
        if queue.send(Message::Done).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bound makes producers wait and keeps the queue short. Without one the queue grows, and the run gains little.
    #[tokio::test(start_paused = true)]
    async fn a_bounded_queue_pushes_back() -> scenario::Result<()> {
        let bounded = run(Context::of(&SCENARIO, &[(ITEMS, "40"), (CAPACITY, "3")])).await?;
        let unbounded = run(Context::of(&SCENARIO, &[(ITEMS, "40"), (CAPACITY, "0")])).await?;
        let both = |figure| (bounded.value(figure), unbounded.value(figure));
        assert_eq!(both("peak depth"), (Some(3.0), Some(20.0)));
        assert!(bounded.value("most blocked producer") > Some(0.0));
        assert_eq!(unbounded.value("most blocked producer"), Some(0.0));
        assert_eq!(both("total"), (Some(5900.0), Some(5500.0)));
        Ok(())
    }

    /// With the defaults the consumers set the pace, bounded or not.
    #[tokio::test(start_paused = true)]
    async fn the_slower_side_sets_the_pace() -> scenario::Result<()> {
        for (capacity, consumers, peak, total) in [("3", "3", 3.0, 2900.0), ("0", "3", 10.0, 2900.0), ("0", "4", 2.0, 2200.0)] {
            let outcome = run(Context::of(&SCENARIO, &[(CAPACITY, capacity), (CONSUMERS, consumers)])).await?;
            assert_eq!(
                (outcome.value("peak depth"), outcome.value("total")),
                (Some(peak), Some(total)),
                "{capacity}, {consumers}"
            );
        }
        Ok(())
    }

    /// A longer queue does not help; a fourth consumer does.
    #[tokio::test(start_paused = true)]
    async fn one_more_consumer_keeps_the_queue_short() -> scenario::Result<()> {
        let outcome = run(Context::of(&SCENARIO, &[(ITEMS, "40"), (CAPACITY, "0"), (CONSUMERS, "4")])).await?;
        assert_eq!((outcome.value("total"), outcome.value("peak depth")), (Some(4200.0), Some(2.0)));
        Ok(())
    }

    /// A sentinel from each producer is enough for as many consumers, and too early for the items of a late producer.
    #[tokio::test(start_paused = true)]
    async fn a_late_producer_finds_no_consumer() -> scenario::Result<()> {
        for (producers, late, lost) in [("2", "0", false), ("2", "3000", false), ("4", "0", false), ("4", "3000", true)] {
            let turned = [(END, "sentinel-each"), (PRODUCERS, producers), (LATE, late)];
            let outcome = run(Context::of(&SCENARIO, &turned)).await?;
            assert_eq!(outcome.value("consumed") < outcome.value("produced"), lost, "{turned:?}: {outcome:?}");
            assert_eq!(outcome.holds(), !lost, "{turned:?}: {outcome:?}");
        }
        Ok(())
    }
}
