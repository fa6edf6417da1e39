//! # Fairness: an await that is ready does not yield
//!
//! A hog has 2250 messages in its inbox. It takes them one by one, with an `.await` for
//! each, and works for 200 ms after every 150 messages. Five other tasks do a little
//! work, yield, and wait for their next turn.
//!
//! **What you see.** The hog is full of awaits, yet its lane is one bar of three seconds.
//! No other task runs for that long. With `variant=yield`, the hog pauses after each
//! chunk of work and the others run in between. All are done at the same 3750 ms as
//! before: the work is the same, but no task waits for all of it.
//!
//! **Why.** An `.await` gives the thread back only if the future is *not ready*. A
//! message that is already there is taken without a pause. To avoid this trap, Tokio
//! counts the operations of a task on Tokio's own channels, sockets, locks and timers.
//! After 128 of them in one poll, the next one returns "not ready" although it is ready,
//! and the task runs again later (`variant=budget`). This budget does not cover other
//! futures, such as the plain queue of `no-yield`, and `unconstrained` turns it off.
//!
//! **Try.** Set `variant` to `budget`: with a Tokio channel instead of a plain queue, and
//! no yield in the code, no task waits for more than two chunks. Set it to
//! `unconstrained`: 3000 ms again. Set it back to `no-yield` and `chunk` to 400: the wait
//! doubles to 6000 ms. Set `hogs` to 2: also 6000 ms. Set `others` to 10: they wait for
//! the same 3000 ms.
//!
//! **Pitfall.** The budget counts operations, not time: it allows 127 long pieces of work
//! in one poll. All of this is about one worker. A second worker hides a hog, until there
//! are two hogs. So this scenario uses only the virtual clock, where one thread runs
//! everything.
//!
//! **Words.** asyncio: `await queue.get()` does not yield either if the queue is not
//! empty, and there is no budget, so `budget` is as bad as `unconstrained` there; `await
//! asyncio.sleep(0)` yields, and tasks run in the same order in every round. Tokio:
//! `tokio::task::yield_now`, `coop::consume_budget` for futures of your own,
//! `task::unconstrained`. Tasks that yielded run again in reverse order, so a hog may
//! have two turns in a row.

use std::collections::VecDeque;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{JoinSet, unconstrained, yield_now};
use tokio::time::Instant;
use tracing::{info, info_span, warn};

use scenario::prelude::*;
use scenario::work;

const HOGS: Param = Param::count("hogs", 1, (1, 20), "hogs", "How many tasks always have messages to take.");
const OTHERS: Param = Param::count("others", 5, (1, 1_000), "tasks", "How many tasks work briefly and yield.");
const CHUNK: Param = Param::millis("chunk", 200, (1, 10_000), "How long a hog works per 150 messages.");
const VARIANT: Param = Param::choice(
    "variant",
    &["no-yield", "yield", "budget", "unconstrained"],
    "A hog's inbox: plain, with yields, a Tokio channel, or unbudgeted.",
);

/// How many chunks of work a hog has, and how many turns each other task has.
const CHUNKS: u64 = 15;

/// How many messages come before each chunk. This is more than Tokio's budget, so one poll cannot reach two chunks.
const MESSAGES: u64 = 150;

/// The name of the check.
const FAIR: &str = "no task waits for more than two chunks of each hog";

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "fairness",
    title: "Fairness",
    group: Group::SharedState,
    lesson: "An await that is ready does not yield.",
    clocks: &[Clock::Virtual],
    params: &[HOGS, OTHERS, CHUNK, VARIANT],
    patterns: &["cooperative yield", "starvation", "task budget", "sleep(0)"],
    differs: "asyncio has no budget, so a task that never really waits starves all others; tasks that yield run again in the \
              same order, in Tokio in reverse.",
    builds_on: &["blocking"],
    breaks: &[Breaks::checks(&[("variant", "no-yield")], &[FAIR]), Breaks::checks(&[("variant", "unconstrained")], &[FAIR])],
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "hog"),
            "{count:other} tasks work briefly and yield, turn after turn. On the same thread, a hog takes messages that are \
             there already, with an await for each.",
        ),
        Stop::at(When::Wait(Nth::First, "other", For::Turn), "{task} yields, and its next turn comes {lasted} later.")
            .line("let before ="),
        Stop::at(
            When::LongestPoll("hog"),
            "One poll of {task} takes {lasted}. It is full of awaits, but every message is ready, and an await that is ready \
             does not yield.",
        )
        .line("inbox.next().await")
        .only("variant", "no-yield"),
        Stop::at(
            When::LongestPoll("hog"),
            "No poll of {task} takes longer than {lasted}: after each chunk it yields, and other tasks run.",
        )
        .line("yield_now().await")
        .only("variant", "yield"),
        Stop::at(
            When::LongestPoll("hog"),
            "No poll of {task} takes longer than {lasted}. Tokio counts its receives, and when the budget is used up, the next \
             one is not ready, so other tasks run.",
        )
        .line("messages.recv().await")
        .only("variant", "budget"),
        Stop::at(
            When::LongestPoll("hog"),
            "One poll of {task} takes {lasted}. Tokio's channel would yield from time to time, but `unconstrained` has switched \
             its budget off.",
        )
        .line("unconstrained(hog)")
        .only("variant", "unconstrained"),
        Stop::at(
            When::Log(Nth::First, "waited too long"),
            "At {time} {task} runs again. Tokio never takes a task off its thread: it waits until the task yields.",
        )
        .sometimes(),
        Stop::at(
            When::Over,
            "All the work took {figure:total}. Between two turns of a task, hogs worked for {figure:longest wait for hogs} at \
             most.",
        ),
    ],
    questions: &[
        Question::new(
            "A hog takes 2250 messages with an await for each, and works {param:chunk} after every 150. How long do others \
             wait for it, with variant={param:variant}?",
            Answer::Choice(&[
                Choice::new("Not at all: they run at each await", If::Equal("figure:longest wait for hogs", "param:chunk * 0")),
                Choice::new("For one or two chunks of its work at a time", If::Holds("no task waits for more than two chunks")),
                Choice::new("Until all its work is done", If::Equal("figure:longest wait for hogs", "figure:hogs worked")),
                Choice::new("For more than two chunks, but not for all its work", If::Otherwise),
            ]),
            When::LongestPoll("hog"),
            "One poll of {task} took {lasted}. An await that is ready does not yield, so others wait until the hog yields or \
             has used up its budget, if it has one.",
        ),
        Question::new(
            "All tasks share one thread, and the others work a little, too. With variant={param:variant}, how long does all of \
             it take?",
            Answer::Choice(&[
                Choice::new("As long as the hogs: the rest fits into gaps", If::Equal("figure:total", "figure:hogs worked")),
                Choice::new(
                    "Longer than all the work, because turns cost time",
                    If::More("figure:total", "param:chunk / 20 * 15 * param:others + figure:hogs worked"),
                ),
                Choice::new("As long as all the work together", If::Otherwise),
            ]),
            When::Over,
            "The run took {figure:total}, and the hogs worked for {figure:hogs worked} of it. A yield decides who waits, not \
             how much work there is.",
        ),
    ],
    source: include_str!("fairness.rs"),
    path: file!(),
    twin: include_str!("fairness.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// How long the hogs have worked, in milliseconds. The other tasks wait for this time.
type Hogged = Arc<AtomicU64>;

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let hogged = Hogged::default();

    let mut others = JoinSet::new();
    for i in 0..cx.count(OTHERS) {
        others.build_task().name(&format!("other {i}")).spawn(other(cx.clone(), hogged.clone()))?;
    }
    let mut hogs = JoinSet::new();
    for i in 0..cx.count(HOGS) {
        let (name, hog) = (format!("hog {i}"), hog(cx.clone(), hogged.clone()));
        let named = hogs.build_task().name(&name);
        match cx.word(VARIANT) {
            "unconstrained" => named.spawn(unconstrained(hog))?,
            _ => named.spawn(hog)?,
        };
    }

    while let Some(done) = hogs.join_next().await {
        done?;
    }
    let mut longest = 0;
    while let Some(waited) = others.join_next().await {
        longest = longest.max(waited?);
    }

    Ok(Outcome::new()
        .figure("hogs worked", hogged.load(Ordering::Relaxed), "ms")
        .figure("longest wait for hogs", longest, "ms")
        .figure("total", started.elapsed(), "ms")
        .check(FAIR, longest <= allowed(&cx)))
}

/// The longest fair wait, in milliseconds of hog work. Tasks that yield run again in reverse order, so a hog can be the
/// last task of one round and the first of the next.
fn allowed(cx: &Context) -> u64 {
    2 * cx.number(CHUNK) * cx.number(HOGS)
}

/// Takes messages, with an await for each, and works after every `MESSAGES` of them.
async fn hog(cx: Context, hogged: Hogged) {
    let mut inbox = Inbox::full(cx.word(VARIANT));
    if cx.word(VARIANT) != "budget" {
        // In `budget`, Tokio makes the task yield, so it cannot count its yields.
        info!(counter.yields = 0, "begins");
    }
    // Every message is there already, so this await is always ready and does not yield by itself.
    while let Some(message) = inbox.next().await {
        if message % MESSAGES > 0 {
            continue;
        }
        info_span!("chunk").in_scope(|| work::burn(cx.clock(), cx.duration(CHUNK)));
        hogged.fetch_add(cx.number(CHUNK), Ordering::Relaxed);
        info!(counter.awaits = message, "finishes a chunk");
        if cx.word(VARIANT) == "yield" {
            yield_now().await;
            info!(counter.yields = message / MESSAGES, "has let other tasks run");
        }
    }
}

/// A hog's messages. All of them are there from the start.
enum Inbox {
    /// A plain queue, which has no budget.
    Queue(VecDeque<u64>),
    /// A Tokio channel. Each receive counts against the task's budget.
    Channel(mpsc::UnboundedReceiver<u64>),
}

impl Inbox {
    fn full(variant: &str) -> Self {
        let messages = 1..=CHUNKS * MESSAGES;
        if matches!(variant, "no-yield" | "yield") {
            return Inbox::Queue(messages.collect());
        }
        let (sender, receiver) = mpsc::unbounded_channel();
        // The receiver exists, so no send fails.
        let _ = messages.into_iter().try_for_each(|message| sender.send(message));
        Inbox::Channel(receiver)
    }

    async fn next(&mut self) -> Option<u64> {
        match self {
            Inbox::Queue(messages) => ready(messages.pop_front()).await,
            Inbox::Channel(messages) => messages.recv().await,
        }
    }
}

/// Works briefly and yields, turn after turn; returns its longest wait between two turns, in milliseconds of hog work.
async fn other(cx: Context, hogged: Hogged) -> u64 {
    let little = Duration::from_millis(cx.number(CHUNK) / 20);
    let mut longest = 0;
    for _ in 0..CHUNKS {
        work::burn(cx.clock(), little);
        let before = hogged.load(Ordering::Relaxed);
        yield_now().await;
        let waited = hogged.load(Ordering::Relaxed) - before;
        if waited > allowed(&cx) {
            warn!(counter.waited_ms = waited, mark = "starved", "waited too long for a turn");
        }
        longest = longest.max(waited);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The others wait for all of a hog's work, unless it yields or runs out of budget.
    #[tokio::test(start_paused = true)]
    async fn only_a_hog_that_yields_or_has_a_budget_lets_others_in() -> scenario::Result<()> {
        for (variant, chunk, hogs, others, waited, total) in [
            ("no-yield", "200", "1", "5", 3000.0, 3750.0),
            ("no-yield", "400", "1", "5", 6000.0, 7500.0),
            ("no-yield", "200", "2", "5", 6000.0, 6750.0),
            ("no-yield", "200", "1", "10", 3000.0, 4500.0),
            ("unconstrained", "200", "1", "5", 3000.0, 3750.0),
            ("yield", "200", "1", "5", 400.0, 3750.0),
            ("yield", "200", "2", "5", 800.0, 6750.0),
            ("budget", "200", "1", "5", 400.0, 3750.0),
        ] {
            let turned = [(VARIANT, variant), (CHUNK, chunk), (HOGS, hogs), (OTHERS, others)];
            let outcome = run(Context::of(&SCENARIO, &turned)).await?;
            let figures = (outcome.value("longest wait for hogs"), outcome.value("total"));
            assert_eq!(figures, (Some(waited), Some(total)), "{variant}, chunk {chunk}, {hogs} hogs, {others} others");
            assert_eq!(outcome.holds(), matches!(variant, "yield" | "budget"), "{variant}: the check");
        }
        Ok(())
    }
}
