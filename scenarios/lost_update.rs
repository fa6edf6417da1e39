//! # Lost update: read, await, write is a race, even on one thread
//!
//! Five workers add one to a shared number, ten times each. For each update a worker reads the
//! number, calls a service, and writes the new number.
//!
//! **What you see.** All five read 0, all five wait, all five write 1. Fifty updates are made, each
//! correct by itself, and the number is 10.
//!
//! **Why.** Other tasks run at an `.await`. What you read before it may be out of date after it,
//! and your write then overwrites what others wrote in between. This takes no second thread: the
//! run has one. Rust rules out *data races*: two threads that use the same memory without
//! synchronisation. This is a *race condition*: each step is sound, but their order makes the
//! result wrong.
//!
//! **Try.** Set `variant` to `lock`: no other worker can come between a read and its write, so the
//! number is 50, but the updates now run one after the other and take 10 s instead of 2. Set it to
//! `atomic`: each worker waits first and then changes the number in one step, without an `.await`.
//! The number is 50 again, after 2 s. Back with `none`, set `tasks` to 10: twice as many updates,
//! and the number is still 10. Set `gap` to 0: a `sleep` of zero does not wait, so nothing is lost.
//!
//! Set `variant` to `two-locks`: each worker waits first, reads under the lock, and takes the lock
//! again to write. The number is 50 with every seed, because nobody has to wait between the two.
//! It is wrong all the same: `async-playground hunt lost-update -p variant=two-locks` finds one
//! preemption that loses four updates. The worker yields with the lock in its hand, the others
//! queue for it, and then each reads before the one before it has written. That is nothing exotic:
//! Tokio itself cuts a poll after 128 operations. Set `gap` to 0 and `increments` to 100, and updates
//! are lost with every seed. docs/schedules.md says what a hunt can find and what it cannot.
//!
//! **Pitfall.** `load` and `store` of an atomic are atomic each, but not together: that is what
//! `variant=none` does. Use `fetch_add`, `fetch_update` or `compare_exchange`. A database has the
//! same race, with the same cures, whenever you `SELECT` a value, compute, and `UPDATE` it.
//!
//! **Words.** asyncio: `async with lock:` around read and write; a change without an `await` needs
//! no lock. `await asyncio.sleep(0)` lets other tasks run, so there a gap of 0 loses updates too.
//! Tokio: `tokio::sync::Mutex` to hold a lock across an await, `fetch_add` for an update without
//! one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info, info_span};

use scenario::prelude::*;

const TASKS: Param = Param::count("tasks", 5, (1, 1_000), "tasks", "How many workers share the number.");
const INCREMENTS: Param = Param::count("increments", 10, (1, 10_000), "increments", "How many times each worker adds one.");
const GAP: Param = Param::millis("gap", 200, (0, 60_000), "Time between reading and writing the number.");
const VARIANT: Param =
    Param::choice("variant", &["none", "two-locks", "lock", "atomic"], "Guard with nothing, two locks, one, or an atomic.");

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "lost-update",
    title: "Lost update",
    group: Group::SharedState,
    lesson: "Read, await, write is a race, even on one thread.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[TASKS, INCREMENTS, GAP, VARIANT],
    patterns: &["lost update", "race condition", "read-modify-write", "mutex", "atomic counter"],
    differs: "`asyncio.sleep(0)` lets other tasks run, so a gap of 0 loses updates too; Tokio's `sleep` of zero returns \
              at once.",
    builds_on: &["lock-contention"],
    breaks: &[
        Breaks::checks(&[("variant", "none")], &["no update is lost"]),
        Breaks::checks(&[("variant", "two-locks")], &["no update is lost"]).with_schedule("7:1"),
        // Tokio cuts each poll after 128 operations, here between a read and its write.
        Breaks::checks(&[("variant", "two-locks"), ("gap", "0"), ("increments", "100")], &["no update is lost"]),
    ],
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "worker"),
            "{count:worker} workers share one number. Each adds one to it {param:increments} times.",
        ),
        Stop::at(When::Log(Nth::First, "reads"), "{task} {text}, and then waits {param:gap} for an answer before it writes.")
            .line("self.number.load")
            .sometimes(),
        Stop::at(When::Crowd(For::Time), "{crowd} workers wait at the same time. All of them have read the same number.")
            .only("variant", "none"),
        Stop::at(
            When::Log(Nth::First, "sees"),
            "{task} {text} and gives the lock back. It will take it again to write, and nothing keeps the others off until then.",
        )
        .line("self.read_locked().await")
        .only("variant", "two-locks"),
        Stop::at(
            When::Crowd(For::Lock),
            "{crowd} workers wait for the lock that {holders} holds from its read to its write. Nobody else can read in between.",
        )
        .only("variant", "lock"),
        Stop::at(
            When::Crowd(For::Time),
            "{crowd} workers wait at the same time, but none has read yet: each will read and write in one step, after its wait.",
        )
        .line("fetch_add")
        .only("variant", "atomic"),
        Stop::at(
            When::Over,
            "The number is {figure:number} and should be {figure:expected}: {figure:lost} updates were overwritten. The run took \
             {figure:total}.",
        ),
    ],
    questions: &[
        Question::new(
            "{param:tasks} workers add one to 0, {param:increments} times each: they read, wait {param:gap} and write. What is \
             the number then, guarded by {param:variant}?",
            Answer::Number {
                is: "figure:number",
                typical: &[
                    (
                        "param:tasks * param:increments",
                        "Other tasks run while a worker waits, and each overwrites what the others have written.",
                    ),
                    ("param:increments", "That would be so if the workers overwrote each other's updates."),
                ],
            },
            When::Over,
            "{figure:lost} of {figure:expected} updates were lost. An update is lost if another worker, which has read before \
             it, writes after it.",
        ),
        Question::new(
            "Each of {param:tasks} workers makes {param:increments} updates, and each takes {param:gap}. Guarded by \
             {param:variant}, how long do all of them take?",
            Answer::Choice(&[
                Choice::new("As long as one worker alone", If::Equal("figure:total", "param:gap * param:increments")),
                Choice::new(
                    "As long as all updates, one after the other",
                    If::Equal("figure:total", "param:gap * param:increments * param:tasks"),
                ),
                Choice::new("Something between", If::Otherwise),
            ]),
            When::Over,
            "The run took {figure:total}. Workers wait side by side, unless a lock is held from read to write: then they wait \
             for each other.",
        ),
    ],
    source: include_str!("lost_update.rs"),
    path: file!(),
    twin: include_str!("lost_update.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// The state that all workers share.
struct Shared {
    number: AtomicU64,
    /// Held from read to write with `variant=lock`, and for each of the two with `two-locks`.
    lock: Mutex<()>,
    /// Updates made so far, which the number should equal.
    updates: AtomicU64,
    /// How long the service takes to answer, between read and write.
    gap: Duration,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let shared =
        Arc::new(Shared { number: AtomicU64::new(0), lock: Mutex::new(()), updates: AtomicU64::new(0), gap: cx.duration(GAP) });

    // Start all workers at once, and wait until each has made its updates.
    let mut workers = JoinSet::new();
    for i in 0..cx.count(TASKS) {
        let worker = worker(shared.clone(), cx.word(VARIANT), cx.number(INCREMENTS));
        workers.build_task().name(&format!("worker {i}")).spawn(worker)?;
    }
    while let Some(done) = workers.join_next().await {
        done?;
    }

    // Every update adds one, so any difference is lost updates.
    let number = shared.number.load(Ordering::Relaxed);
    let expected = cx.number(TASKS) * cx.number(INCREMENTS);
    Ok(Outcome::new()
        .figure("number", number, "increments")
        .figure("expected", expected, "increments")
        .figure("lost", expected.saturating_sub(number), "increments")
        .figure("total", started.elapsed(), "ms")
        .check("no update is lost", number == expected))
}

/// Adds one `increments` times.
async fn worker(shared: Arc<Shared>, variant: &str, increments: u64) {
    for _ in 0..increments {
        match variant {
            "lock" => {
                // The guard lives across the await in `read_and_write`, so no other worker can read in between.
                let _held = shared.lock.lock().await;
                shared.read_and_write().await;
            }
            "two-locks" => shared.read_then_write().await,
            "atomic" => shared.add().await,
            _ => shared.read_and_write().await,
        }
    }
}

impl Shared {
    /// Reads, awaits, writes. This overwrites what others wrote during the await, unless a lock keeps them out.
    async fn read_and_write(&self) {
        let read = self.number.load(Ordering::Relaxed);
        info!(mark = format!("r{read}"), "reads {read}");
        // All other workers run during this await. After it, `read` may be out of date.
        self.ask().instrument(info_span!("asks", read)).await;
        self.number.store(read + 1, Ordering::Relaxed);
        self.updated(read + 1);
    }

    /// Awaits, then reads and writes, each under the lock. Each of the two is safe; the two together are not.
    async fn read_then_write(&self) {
        self.ask().instrument(info_span!("asks")).await;
        let read = self.read_locked().await;
        // The lock is free here. Taking it again rarely waits, so it looks as if nobody could come between. But at each
        // await, Tokio may let others run.
        let _held = self.lock.lock().await;
        self.number.store(read + 1, Ordering::Relaxed);
        self.updated(read + 1);
    }

    /// Reads under the lock, which is given back at the end.
    async fn read_locked(&self) -> u64 {
        let _held = self.lock.lock().await;
        let read = self.number.load(Ordering::Relaxed);
        info!(mark = format!("r{read}"), "sees {read}");
        read
    }

    /// Awaits, then reads and writes in one step, so that no other worker can write in between.
    async fn add(&self) {
        self.ask().instrument(info_span!("asks")).await;
        let number = self.number.fetch_add(1, Ordering::Relaxed) + 1;
        self.updated(number);
    }

    /// The wait in each update: in a real program a lookup, a request or a file.
    async fn ask(&self) {
        sleep(self.gap).await;
    }

    fn updated(&self, number: u64) {
        let expected = self.updates.fetch_add(1, Ordering::Relaxed) + 1;
        info!(counter.number = number, counter.expected = expected, mark = format!("w{number}"), "writes {number}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without a guard one update of each round survives, however many workers make one.
    #[tokio::test(start_paused = true)]
    async fn an_await_between_read_and_write_loses_updates() -> scenario::Result<()> {
        for (variant, workers, gap, number, total) in [
            ("none", "5", "200", 10.0, 2000.0),
            ("none", "10", "200", 10.0, 2000.0),
            ("none", "1", "200", 10.0, 2000.0),
            ("none", "5", "0", 50.0, 0.0),
            ("two-locks", "5", "200", 50.0, 2000.0),
            ("two-locks", "5", "0", 50.0, 0.0),
            ("lock", "5", "200", 50.0, 10_000.0),
            ("atomic", "5", "200", 50.0, 2000.0),
        ] {
            let turned = [(VARIANT, variant), (TASKS, workers), (GAP, gap)];
            let outcome = run(Context::of(&SCENARIO, &turned)).await?;
            let figures = (outcome.value("number"), outcome.value("total"));
            assert_eq!(figures, (Some(number), Some(total)), "{variant}, {workers} workers, gap {gap}");
            assert_eq!(outcome.holds(), outcome.value("lost") == Some(0.0), "{variant}, {workers} workers, gap {gap}");
        }
        Ok(())
    }

    /// A worker makes three operations for an update, so Tokio's budget of 128 ends between a read and its write.
    #[tokio::test(start_paused = true)]
    async fn two_locks_lose_updates_when_tokio_cuts_a_poll() -> scenario::Result<()> {
        for (increments, loses) in [("42", false), ("43", true), ("100", true)] {
            let turned = [(VARIANT, "two-locks"), (GAP, "0"), (INCREMENTS, increments)];
            let outcome = run(Context::of(&SCENARIO, &turned)).await?;
            assert_eq!(outcome.holds(), !loses, "{increments} increments: {outcome:?}");
        }
        Ok(())
    }
}
