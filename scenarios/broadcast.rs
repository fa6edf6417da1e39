//! # Broadcast: someone pays for a slow receiver
//!
//! A publisher sends 25 messages, one every 100 ms, to four receivers. Each receiver
//! takes 10 ms for a message; the last one, `slow`, takes 300 ms longer. You cannot have
//! it all: every message, on time, with bounded memory, from a publisher that never
//! waits.
//!
//! **What you see.** Three receivers keep up with the publisher; the slow one is always
//! busy. With `policy=lag`, its backlog grows to four messages. Then it skips: it learns
//! how many messages it missed and goes on with the oldest one kept.
//!
//! **Why.** Three messages arrive in the time that the slow receiver needs for one, so
//! something has to give. With `lag`, it loses messages. With `disconnect`, it loses its
//! connection as soon as it is more than `capacity` messages behind. With `wait`, the
//! publisher waits for it, and every other receiver waits too.
//!
//! **Try.** Set `policy` to `wait`: nothing is lost, but the run takes 7850 ms instead of
//! 3820, and the fast receivers get their messages at the pace of the slow one. Set
//! `capacity` to 64: nothing is skipped, but the channel keeps up to 64 messages because
//! of one receiver. Set `slow` to 90: it keeps up, and the three policies give the same
//! result.
//!
//! **Pitfall.** A publisher that awaits `send` for each receiver in turn, as with
//! sockets, waits for the slowest receiver without having chosen to. Give each receiver a
//! bounded queue, and decide what happens when it is full. Note that `broadcast::channel`
//! rounds its capacity up to a power of two.
//!
//! **Words.** asyncio: an `asyncio.Queue(maxsize=…)` for each client, `put_nowait` and
//! `QueueFull`. Tokio: `broadcast::channel` and `RecvError::Lagged(n)`; for `wait`, an
//! `mpsc::channel` for each receiver. If you need only the latest value, use `watch`.

use std::time::Duration;

use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::mpsc;
use tokio::task::{Builder, JoinSet};
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info, info_span, warn};

use scenario::prelude::*;

/// The time between two messages.
const EVERY: Duration = Duration::from_millis(100);

/// How long a receiver takes for a message.
const HANDLE: Duration = Duration::from_millis(10);

const RECEIVERS: Param = Param::count("receivers", 4, (1, 1_000), "receivers", "How many receivers; the last is slow.");
const MESSAGES: Param = Param::count("messages", 25, (1, 10_000), "messages", "How many messages the publisher sends.");
const CAPACITY: Param = Param::count("capacity", 4, (1, 1_024), "messages", "How many unread messages are kept.");
const SLOW: Param = Param::millis("slow", 300, (0, 60_000), "Extra time of the slow receiver per message.");
const POLICY: Param = Param::choice("policy", &["lag", "disconnect", "wait"], "Skip messages, cut the receiver off, or wait.");

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "broadcast",
    title: "Broadcast",
    group: Group::Channels,
    lesson: "Someone pays for a slow receiver.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[RECEIVERS, MESSAGES, CAPACITY, SLOW, POLICY],
    patterns: &["broadcast", "publish and subscribe", "slow consumer", "lagging receiver"],
    differs: "asyncio has no broadcast channel, so each receiver has a queue; Tokio's keeps one ring for all, and a slow \
              receiver learns how many messages it missed.",
    builds_on: &["producer-consumer"],
    story: &[
        Stop::at(
            When::Spawn(Nth::First, "slow"),
            "publisher sends {param:messages} messages to {param:receivers} receivers. The last one, slow, takes {param:slow} \
             longer for each. The capacity is {param:capacity} messages.",
        )
        .line("cx.duration(SLOW)"),
        Stop::at(
            When::Wait(Nth::Number(2), "slow", For::Time),
            "{task} begins with its second message, and needs {lasted} for it. {counter:sent} messages have been sent by now.",
        )
        .line("sleep(handle)"),
        Stop::at(
            When::Log(Nth::First, "skips"),
            "{task} is too far behind: the channel has overwritten messages that it had not read, so it {text}. publisher \
             never waits.",
        )
        .line("RecvError::Lagged(missed)) => Received::Missed")
        .only("policy", "lag"),
        Stop::at(
            When::Log(Nth::First, "too far behind: cut off"),
            "{task} is too far behind: the channel has overwritten messages that it had not read. It is cut off, and misses \
             {counter:cut_off} messages.",
        )
        .line("RecvError::Lagged(_)) if matches!")
        .only("policy", "disconnect"),
        Stop::at(
            When::Wait(Nth::First, "publisher", For::Room),
            "A receiver's queue is full, so publisher waits {lasted} for room. Until then no receiver gets the next message.",
        )
        .line("one.send(message).await?")
        .only("policy", "wait"),
        Stop::at(When::Resume(Nth::First, "publisher", For::Room), "{by} takes a message, which makes room and wakes publisher.")
            .line("inbox.recv().await.map_or")
            .only("policy", "wait"),
        Stop::at(
            When::End(Nth::First, "receiver", How::Well),
            "{task} has got every message, and ends at {time}. The slow receiver did not hold it up.",
        )
        .unless("policy", "wait"),
        Stop::at(
            When::End(Nth::First, "receiver", How::Well),
            "{task} has got every message, but only as fast as publisher could send: it ends at {time}.",
        )
        .only("policy", "wait"),
        Stop::at(
            When::Over,
            "slow got {figure:slow receiver got} of {figure:sent} messages: it skipped {figure:slow receiver skipped} and was \
             cut off from {figure:slow receiver was cut off from}. publisher was blocked for {figure:publisher blocked}; the \
             run took {figure:total}.",
        ),
    ],
    questions: &[
        Question::new(
            "A message is sent every 100 ms, but one receiver needs {param:slow} more for each. With policy={param:policy}, \
             what happens when over {param:capacity} are unread?",
            Answer::Choice(&[
                Choice::new("It skips messages", If::More("figure:slow receiver skipped", "0")),
                Choice::new("It is cut off", If::More("figure:slow receiver was cut off from", "0")),
                Choice::new("The publisher has to wait", If::More("figure:publisher blocked", "param:slow * 0")),
                Choice::new("That does not happen: it keeps up well enough", If::Otherwise),
            ]),
            When::Over,
            "slow got {figure:slow receiver got} of {figure:sent} messages, and publisher was blocked for {figure:publisher \
             blocked}. A receiver that is too slow costs messages, memory or time.",
        ),
        Question::new(
            "{param:receivers} receivers listen to one publisher, and the last of them is slow. With policy={param:policy}, \
             what do the fast ones notice?",
            Answer::Choice(&[
                Choice::new("They get every message, but late", If::More("figure:publisher blocked", "param:slow * 0")),
                Choice::new("Nothing: they get every message on time", If::Holds("fast receivers get every message")),
                Choice::new("They miss messages, as the slow one does", If::Otherwise),
            ]),
            When::End(Nth::First, "receiver", How::Well),
            "{task} had its last message at {time}. A slow receiver delays the others only if publisher waits for it, here for \
             {figure:publisher blocked}.",
        )
        .unless("receivers", "1"),
    ],
    source: include_str!("broadcast.rs"),
    path: file!(),
    twin: include_str!("broadcast.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// Messages are numbered from 0, in the order sent.
type Message = u64;

/// The publisher's end: one channel for all receivers, or one for each.
enum Publisher {
    Shared(broadcast::Sender<Message>),
    Each(Vec<mpsc::Sender<Message>>),
}

/// A receiver's end.
enum Inbox {
    /// `lag`: if it lags behind, it skips messages.
    Skips(broadcast::Receiver<Message>),
    /// `disconnect`: if it lags behind, it is cut off.
    IsCutOff(broadcast::Receiver<Message>),
    /// `wait`: the publisher waits for it.
    IsWaitedFor(mpsc::Receiver<Message>),
}

/// What an inbox returns.
enum Received {
    Message(Message),
    /// This many messages were skipped.
    Missed(u64),
    CutOff,
    /// The publisher is done, and the inbox is empty.
    End,
}

/// What happened to the messages for one receiver.
#[derive(Default)]
struct Fate {
    delivered: u64,
    lagged: u64,
    cut_off: u64,
    /// True if they arrived in the order sent, and none of them twice.
    in_order: bool,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let (receivers, messages) = (cx.count(RECEIVERS), cx.number(MESSAGES));
    let (publisher, inboxes) = connect(cx.word(POLICY), receivers, cx.count(CAPACITY));

    let publisher = Builder::new().name("publisher").spawn(publish(publisher, messages))?;
    let mut tasks = JoinSet::new();
    for (i, inbox) in inboxes.into_iter().enumerate() {
        let slow = i + 1 == receivers;
        let name = if slow { "slow".to_owned() } else { format!("receiver {i}") };
        let handle = HANDLE + if slow { cx.duration(SLOW) } else { Duration::ZERO };
        let receiver = async move { (slow, receive(inbox, messages, handle, slow).await) };
        tasks.build_task().name(&name).spawn(receiver)?;
    }

    let blocked = publisher.await??;
    let (mut fast, mut slow) = (Vec::new(), Fate::default());
    while let Some(ended) = tasks.join_next().await {
        match ended? {
            (true, fate) => slow = fate,
            (false, fate) => fast.push(fate),
        }
    }

    let accounted = |fate: &Fate| fate.delivered + fate.lagged + fate.cut_off == messages && fate.in_order;
    Ok(Outcome::new()
        .figure("sent", messages, "messages")
        .figure("slow receiver got", slow.delivered, "messages")
        .figure("slow receiver skipped", slow.lagged, "messages")
        .figure("slow receiver was cut off from", slow.cut_off, "messages")
        .figure("publisher blocked", blocked, "ms")
        .figure("total", started.elapsed(), "ms")
        .check("every message is delivered, skipped or cut off", accounted(&slow) && fast.iter().all(accounted))
        .check("fast receivers get every message", fast.iter().all(|fate| fate.delivered == messages)))
}

/// Connects the publisher and its receivers.
fn connect(policy: &str, receivers: usize, capacity: usize) -> (Publisher, Vec<Inbox>) {
    if policy == "wait" {
        let (each, inboxes): (Vec<_>, Vec<_>) = (0..receivers).map(|_| mpsc::channel(capacity)).unzip();
        return (Publisher::Each(each), inboxes.into_iter().map(Inbox::IsWaitedFor).collect());
    }
    let (shared, _) = broadcast::channel(capacity);
    let inbox = if policy == "lag" { Inbox::Skips } else { Inbox::IsCutOff };
    let inboxes = (0..receivers).map(|_| inbox(shared.subscribe())).collect();
    (Publisher::Shared(shared), inboxes)
}

/// Sends all messages; returns how long it waited for receivers.
async fn publish(publisher: Publisher, messages: u64) -> scenario::Result<Duration> {
    let mut blocked = Duration::ZERO;
    for message in 0..messages {
        sleep(EVERY).await;
        let ready = Instant::now();
        match &publisher {
            // `send` never waits. It fails if no receiver is left, which is not the publisher's failure.
            Publisher::Shared(all) => drop(all.send(message)),
            // Each `send` waits for room in that receiver's queue, so the slowest receiver sets the pace.
            Publisher::Each(all) => {
                for one in all {
                    one.send(message).await?;
                }
            }
        }
        blocked += ready.elapsed();
        info!(counter.sent = message + 1, "sends message {message}");
    }
    Ok(blocked)
}

/// Handles messages until none are left or it is cut off.
async fn receive(mut inbox: Inbox, messages: u64, handle: Duration, slow: bool) -> Fate {
    let mut fate = Fate { in_order: true, ..Fate::default() };
    let mut next = 0;
    loop {
        match inbox.recv().await {
            Received::Message(message) => {
                // Numbers may skip, but never go back.
                fate.in_order &= message >= next;
                next = message + 1;
                fate.delivered += 1;
                if slow {
                    info!(counter.slow_at = next, "message {message}");
                } else {
                    info!(counter.fast_at = next, "message {message}");
                }
                sleep(handle).instrument(info_span!("handles", message)).await;
            }
            Received::Missed(missed) => {
                if fate.lagged == 0 {
                    info!(moment = "slow receiver skips", "more messages arrived than the channel keeps");
                }
                fate.lagged += missed;
                warn!(counter.skipped = fate.lagged, mark = format!("skip {missed}"), "skips {missed}");
            }
            Received::CutOff => {
                fate.cut_off = messages - next;
                warn!(counter.cut_off = fate.cut_off, moment = "slow receiver cut off", "too far behind: cut off");
                return fate;
            }
            Received::End => return fate,
        }
    }
}

impl Inbox {
    /// Waits for the next message, or for the end.
    async fn recv(&mut self) -> Received {
        let received = match self {
            Inbox::IsWaitedFor(inbox) => return inbox.recv().await.map_or(Received::End, Received::Message),
            Inbox::Skips(inbox) | Inbox::IsCutOff(inbox) => inbox.recv().await,
        };
        match received {
            Ok(message) => Received::Message(message),
            Err(RecvError::Closed) => Received::End,
            // The channel has overwritten messages that this receiver had not read.
            Err(RecvError::Lagged(_)) if matches!(self, Inbox::IsCutOff(_)) => Received::CutOff,
            Err(RecvError::Lagged(missed)) => Received::Missed(missed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The slow receiver loses messages, or every receiver waits, or memory pays. Without a slow receiver, no one pays.
    #[tokio::test(start_paused = true)]
    async fn someone_pays() -> scenario::Result<()> {
        for (policy, capacity, slow, got, skipped, cut_off, total) in [
            ("lag", "4", "300", 12.0, 13.0, 0.0, 3820.0),
            ("disconnect", "4", "300", 2.0, 0.0, 23.0, 2510.0),
            ("wait", "4", "300", 25.0, 0.0, 0.0, 7850.0),
            ("lag", "64", "300", 25.0, 0.0, 0.0, 7850.0),
            ("lag", "4", "90", 25.0, 0.0, 0.0, 2600.0),
            ("disconnect", "4", "90", 25.0, 0.0, 0.0, 2600.0),
            ("wait", "4", "90", 25.0, 0.0, 0.0, 2600.0),
        ] {
            let turned = [(POLICY, policy), (CAPACITY, capacity), (SLOW, slow)];
            let outcome = run(Context::of(&SCENARIO, &turned)).await?;
            let figures = ["slow receiver got", "slow receiver skipped", "slow receiver was cut off from", "total"];
            let figures = figures.map(|figure| outcome.value(figure));
            assert_eq!(figures, [Some(got), Some(skipped), Some(cut_off), Some(total)], "{turned:?}");
            assert!(outcome.holds());
        }
        Ok(())
    }
}
