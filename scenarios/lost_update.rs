//! # Lost update: read, await, write is a race, even on one thread
//!
//! Five workers add one to a shared number, ten times each. Each time a worker
//! reads the number, asks a service what to do with it, and writes the new one.
//!
//! **What you see.** All five read 0, all five wait, all five write 1. Fifty
//! updates were made, each one correct by itself, and the number is 10.
//!
//! **Why.** An `.await` is a place where others run. What was read before it is
//! old after it, and the write that follows wipes out whatever was written in
//! between. It takes no second thread: this run has one. Rust rules out *data
//! races*, two threads on one piece of memory without order between them. This is
//! a *race condition*: each step is in order, and what they add up to is wrong.
//!
//! **Try.** Set `variant` to `lock`: read, wait and write are now one step for
//! everybody else, and 50 is 50, but the run takes 10 s instead of 2, since nobody waits
//! beside another. Set it to `atomic`: wait first, then change the number in one
//! step, without an `.await` in it, and 50 takes 2 s again. Back with `none`, set
//! `tasks` to 10: twice the updates, and the number is still 10. Set `gap` to
//! 0: a `sleep` of no time does not wait, and nothing is lost.
//!
//! **Pitfall.** `load` and `store` of an atomic are each atomic, and both together
//! are not: that is just what `variant=none` does. Use `fetch_add`, `fetch_update`
//! or `compare_exchange`. The same race, with the same cures, sits in every
//! `SELECT`, think, `UPDATE` of a database.
//!
//! **Words.** asyncio: `async with lock:` around read and write; a change without an
//! `await` in it needs no lock. `await asyncio.sleep(0)` does let others run, so there
//! a gap of 0 loses updates too. Tokio: `tokio::sync::Mutex` around an await, `fetch_add` without one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info, info_span};

use crate::prelude::*;

const TASKS: Param = Param::count("tasks", 5, (1, 1_000), "tasks", "How many workers share the number.");
const INCREMENTS: Param = Param::count("increments", 10, (1, 10_000), "increments", "How often each worker adds one.");
const GAP: Param = Param::millis("gap", 200, (0, 60_000), "How long a worker waits between what it reads and what it writes.");
const VARIANT: Param = Param::choice(
    "variant",
    &["none", "lock", "atomic"],
    "What keeps read and write together: nothing, a lock around both, or one step after the wait.",
);

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "lost-update",
    title: "Lost update",
    group: Group::SharedState,
    lesson: "Read, await, write races even on one thread.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[TASKS, INCREMENTS, GAP, VARIANT],
    patterns: &["lost update", "race condition", "read-modify-write", "mutex", "atomic counter"],
    differs: "`asyncio.sleep(0)` lets others run, so a gap of 0 loses updates too; Tokio's `sleep` of no time is over at \
              once.",
    builds_on: &["lock-contention"],
    breaks: &[Breaks::checks(&[("variant", "none")], &["no update is lost"])],
    source: include_str!("lost_update.rs"),
    path: file!(),
    twin: include_str!("lost_update.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// What the workers share.
struct Shared {
    number: AtomicU64,
    /// Held from read to write, by those who take it.
    lock: Mutex<()>,
    /// Updates made so far: what the number should be.
    updates: AtomicU64,
    /// How long the service takes that a worker asks between read and write.
    gap: Duration,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let shared =
        Arc::new(Shared { number: AtomicU64::new(0), lock: Mutex::new(()), updates: AtomicU64::new(0), gap: cx.duration(GAP) });

    let mut workers = JoinSet::new();
    for i in 0..cx.count(TASKS) {
        let worker = worker(shared.clone(), cx.word(VARIANT), cx.number(INCREMENTS));
        workers.build_task().name(&format!("worker {i}")).spawn(worker)?;
    }
    while let Some(done) = workers.join_next().await {
        done?;
    }

    let number = shared.number.load(Ordering::Relaxed);
    let expected = cx.number(TASKS) * cx.number(INCREMENTS);
    Ok(Outcome::new()
        .figure("number", number, "increments")
        .figure("expected", expected, "increments")
        .figure("lost", expected.saturating_sub(number), "increments")
        .figure("total", started.elapsed(), "ms")
        .check("no update is lost", number == expected))
}

/// Adds one, again and again.
async fn worker(shared: Arc<Shared>, variant: &str, increments: u64) {
    for _ in 0..increments {
        match variant {
            "lock" => {
                let _held = shared.lock.lock().await;
                shared.read_and_write().await;
            }
            "atomic" => shared.add().await,
            _ => shared.read_and_write().await,
        }
    }
}

impl Shared {
    /// Read, await, write. What others wrote in the meantime is overwritten, unless a lock keeps them out.
    async fn read_and_write(&self) {
        let read = self.number.load(Ordering::Relaxed);
        info!(mark = format!("r{read}"), "reads {read}");
        self.ask().instrument(info_span!("asks", read)).await;
        self.number.store(read + 1, Ordering::Relaxed);
        self.updated(read + 1);
    }

    /// Await, then read and write in one step: nobody can come in between.
    async fn add(&self) {
        self.ask().instrument(info_span!("asks")).await;
        let number = self.number.fetch_add(1, Ordering::Relaxed) + 1;
        self.updated(number);
    }

    /// The wait that an update takes: a look-up, a request, a file.
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

    /// Unguarded, one update of each round survives, however many workers make one.
    #[tokio::test(start_paused = true)]
    async fn an_await_between_read_and_write_loses_updates() -> scenario::Result<()> {
        for (variant, workers, gap, number, total) in [
            ("none", "5", "200", 10.0, 2000.0),
            ("none", "10", "200", 10.0, 2000.0),
            ("none", "1", "200", 10.0, 2000.0),
            ("none", "5", "0", 50.0, 0.0),
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
}
