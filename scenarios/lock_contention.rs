//! # Lock contention: hold locks briefly
//!
//! Five workers add to one counter, three times each. Each increment also takes some work. The
//! parameter `lock` decides whether a worker holds the lock during that work.
//!
//! **What you see.** With `lock=across-await` one lane works while four wait, all the time: five
//! tasks, concurrency one. With `lock=short` all five work at once, and the run takes a fifth of
//! the time.
//!
//! **Why.** A lock lets one task in at a time. If that task waits for something else while it holds
//! the lock, every other task waits for it too. The run then takes tasks × increments × hold, and
//! more tasks only make the queue longer. Do the slow part first, and hold the lock only for the
//! change. A single number needs no lock at all: use an atomic.
//!
//! **Try.** Set `lock` to `short`: the run takes 600 ms instead of 3000. Set `tasks` to 10: with
//! `across-await` the run takes 6000 ms, with `short` and `atomic` still 600. Back with
//! `across-await` and 5 tasks, set `think` to 800: after the first round no worker waits, because
//! each of the five now needs the lock for only a fifth of the time.
//!
//! **Pitfall.** This scenario refuses `std::sync::Mutex` across an `.await`, because `spawn` would
//! not compile: the guard is not `Send`, and a task may move to another thread at each `.await`.
//! Where that rule does not apply (`spawn_local`), the same code can block the only thread for
//! ever. For a short change without an `.await`, the std mutex is the right choice, and the faster
//! one.
//!
//! **Words.** asyncio: `async with lock:`; code without an `await` needs no lock, because there is
//! only one thread. Tokio: `tokio::sync::Mutex` to hold a lock across awaits, `std::sync::Mutex` or
//! an atomic for everything else.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info, info_span};

use scenario::prelude::*;

const TASKS: Param = Param::count("tasks", 5, (1, 1_000), "tasks", "How many workers share the counter.");
const INCREMENTS: Param = Param::count("increments", 3, (1, 10_000), "increments", "How many times each worker adds one.");
const HOLD: Param = Param::millis("hold", 200, (0, 60_000), "How long the work of one increment takes.");
const THINK: Param = Param::millis("think", 0, (0, 60_000), "How long a worker rests between increments.");
const LOCK: Param =
    Param::choice("lock", &["across-await", "short", "atomic"], "Lock work and change, the change only, or nothing.");
const MUTEX: Param = Param::choice("mutex", &["tokio", "std"], "Tokio's mutex, which suspends, or std's, which blocks.");

/// How long the run may last.
const LASTS: Answer = Answer::Choice(&[
    Choice::new("As long as one worker alone", If::Equal("figure:total", "param:hold + param:think * param:increments")),
    Choice::new(
        "As long as all the work, one after the other",
        If::Equal("figure:total", "param:hold * param:increments * param:tasks + param:think"),
    ),
    Choice::new("Something else, because only part of it overlaps", If::Otherwise),
]);

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "lock-contention",
    title: "Lock contention",
    group: Group::SharedState,
    lesson: "Hold locks briefly.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[TASKS, INCREMENTS, HOLD, THINK, LOCK, MUTEX],
    patterns: &["mutex", "critical section", "atomic counter"],
    differs: "Holding a plain lock across an await blocks the loop in asyncio; in a task spawned on Tokio it does not \
              compile. Work that takes no time lets other tasks run in asyncio and goes on at once in Tokio.",
    builds_on: &["gather"],
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "worker"),
            "{count:worker} workers share a counter. Each adds one to it {param:increments} times, and does {param:hold} of \
             work each time.",
        )
        .line("worker(shared.clone()"),
        Stop::at(
            When::Crowd(For::Lock),
            "{crowd} workers wait for the lock that {holders} holds during its work. The lock lets in one worker at a time.",
        )
        .line("self.work().instrument")
        .only("lock", "across-await"),
        Stop::at(
            When::LongestWait("worker", For::Lock),
            "{task} waits {lasted} for the lock, the longest wait of this run. It needs the lock for one addition only.",
        )
        .line("*value += 1")
        .only("lock", "across-await"),
        Stop::at(
            When::Resume(Nth::First, "worker", For::Lock),
            "{by} has done its work and releases the lock, which wakes {task}, the head of the queue. It waited {lasted}.",
        )
        .only("lock", "across-await"),
        Stop::at(
            When::Crowd(For::Time),
            "{crowd} workers wait for their own timers at the same time. None holds a lock, so none is in the way of another.",
        )
        .line("sleep(self.hold)")
        .unless("lock", "across-await"),
        Stop::at(
            When::Log(Nth::First, "counter is"),
            "{task} has done its work. It takes the lock only now, adds one, and releases the lock at once: {text}.",
        )
        .line("Counter::Short(lock) =>")
        .only("lock", "short"),
        Stop::at(
            When::Log(Nth::First, "counter is"),
            "{task} has done its work, and adds one in a single atomic step, without a lock: {text}.",
        )
        .line("value.fetch_add(1")
        .only("lock", "atomic"),
        Stop::at(
            When::Over,
            "At most {figure:most at work at once} worked at the same time. The workers waited {figure:waited for the lock} \
             for the lock, added up, and the run took {figure:total}.",
        ),
    ],
    questions: &[
        Question::new(
            "{param:tasks} workers add to a counter {param:increments} times each. Each addition takes {param:hold} of work, \
             and a worker holds a lock meanwhile. How long does it take?",
            LASTS,
            When::Over,
            "At most {figure:most at work at once} worked at the same time, so the run took {figure:total}. What is done under \
             a lock is done by one task at a time.",
        )
        .only("lock", "across-await"),
        Question::new(
            "{param:tasks} workers add to a counter {param:increments} times each. Each does {param:hold} of work first, and \
             then holds a lock for the addition at most. How long does it take?",
            LASTS,
            When::Over,
            "At most {figure:most at work at once} worked at the same time, so the run took {figure:total}. A lock that is \
             held for a single addition is in nobody's way.",
        )
        .unless("lock", "across-await"),
        Question::new(
            "{param:tasks} workers start at once, and each holds the lock for {param:hold}. How long is the longest wait for \
             it?",
            Answer::Time {
                is: "lasted",
                typical: &[
                    ("param:hold", "That is how long one worker holds it. The others are in the queue, too."),
                    ("param:hold * param:tasks", "The worker that waits longest waits for the others, but not for itself."),
                ],
            },
            When::LongestWait("worker", For::Lock),
            "{task} waited {lasted}: each of the others held the lock once before it. The queue is first come, first served.",
        )
        .only("lock", "across-await"),
    ],
    source: include_str!("lock_contention.rs"),
    path: file!(),
    twin: include_str!("lock_contention.py"),
    refuse,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// Refuses `lock=across-await` with the std mutex: its guard is not `Send`, so the task could not be spawned.
fn refuse(values: &Values, _: Clock) -> Result<(), ValueError> {
    if (values.word(&LOCK), values.word(&MUTEX)) != ("across-await", "std") {
        return Ok(());
    }
    Err(ValueError {
        param: MUTEX.name,
        reason: "std does not work with lock=across-await: its guard is not Send, so a task that holds it \
                 across an await cannot be spawned; use mutex=tokio or lock=short"
            .to_owned(),
    })
}

/// The counter, and what protects it.
enum Counter {
    /// A lock held during the work and the change.
    AcrossAwait(tokio::sync::Mutex<u64>),
    /// A lock held for the change. Waiting for it suspends the task.
    Short(tokio::sync::Mutex<u64>),
    /// A lock held for the change. Waiting for it blocks the thread.
    ShortStd(std::sync::Mutex<u64>),
    /// No lock.
    Atomic(AtomicU64),
}

/// The state that all workers share.
struct Shared {
    counter: Counter,
    /// How long the work of one increment takes.
    hold: Duration,
    /// How many workers work now.
    at_work: AtomicU64,
    /// The maximum of `at_work`: the concurrency that the lock allows.
    peak: AtomicU64,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let shared = Arc::new(Shared::new(cx.word(LOCK), cx.word(MUTEX), cx.duration(HOLD)));

    // Start all workers at once.
    let mut workers = JoinSet::new();
    for i in 0..cx.count(TASKS) {
        let worker = worker(shared.clone(), cx.number(INCREMENTS), cx.duration(THINK));
        workers.build_task().name(&format!("worker {i}")).spawn(worker)?;
    }
    // Join them, and add up how long they waited for the lock.
    let mut waited = Duration::ZERO;
    while let Some(done) = workers.join_next().await {
        waited += done?;
    }

    let expected = cx.number(TASKS) * cx.number(INCREMENTS);
    let value = shared.read().await;
    let peak = shared.peak.load(Ordering::Relaxed);
    let outcome = Outcome::new()
        .figure("counter", value, "increments")
        .figure("most at work at once", peak, "workers")
        .figure("waited for the lock", waited, "ms")
        .figure("total", started.elapsed(), "ms")
        .check(format!("the counter is {expected}"), value == expected);
    Ok(match shared.counter {
        Counter::AcrossAwait(_) => outcome.check("never more than one at work under the lock", peak <= 1),
        _ => outcome,
    })
}

/// Adds one `increments` times, and returns how long it waited for the lock.
async fn worker(shared: Arc<Shared>, increments: u64, think: Duration) -> Duration {
    let mut waited = Duration::ZERO;
    for _ in 0..increments {
        waited += shared.increment().await;
        sleep(think).await;
    }
    waited
}

impl Shared {
    fn new(lock: &str, mutex: &str, hold: Duration) -> Self {
        let counter = match (lock, mutex) {
            ("across-await", _) => Counter::AcrossAwait(tokio::sync::Mutex::new(0)),
            ("short", "tokio") => Counter::Short(tokio::sync::Mutex::new(0)),
            ("short", _) => Counter::ShortStd(std::sync::Mutex::new(0)),
            _ => Counter::Atomic(AtomicU64::new(0)),
        };
        Self { counter, hold, at_work: AtomicU64::new(0), peak: AtomicU64::new(0) }
    }

    /// Does the work, adds one, and returns how long it waited for the lock.
    async fn increment(&self) -> Duration {
        let (value, waited) = match &self.counter {
            Counter::AcrossAwait(lock) => {
                let asked = Instant::now();
                let mut value = lock.lock().await;
                let waited = asked.elapsed();
                // The guard is alive during this await, so every other worker waits for this work.
                self.work().instrument(info_span!("holds the lock")).await;
                *value += 1;
                (*value, waited)
            }
            Counter::Short(lock) => {
                // Do the slow part first. The lock is then held for a single addition.
                self.work().await;
                let asked = Instant::now();
                let mut value = lock.lock().await;
                *value += 1;
                (*value, asked.elapsed())
            }
            Counter::ShortStd(lock) => {
                self.work().await;
                // No await follows while the guard is alive, so a lock that blocks is fine here.
                let mut value = lock.lock().unwrap_or_else(PoisonError::into_inner);
                *value += 1;
                (*value, Duration::ZERO)
            }
            Counter::Atomic(value) => {
                self.work().await;
                (value.fetch_add(1, Ordering::Relaxed) + 1, Duration::ZERO)
            }
        };
        info!(counter.increments = value, "counter is {value}");
        waited
    }

    /// The slow part of an increment: in a real program a lookup, a request or a file.
    async fn work(&self) {
        let at_work = self.at_work.fetch_add(1, Ordering::Relaxed) + 1;
        self.peak.fetch_max(at_work, Ordering::Relaxed);
        sleep(self.hold).instrument(info_span!("works")).await;
        self.at_work.fetch_sub(1, Ordering::Relaxed);
    }

    /// Returns the present value of the counter.
    async fn read(&self) -> u64 {
        match &self.counter {
            Counter::AcrossAwait(lock) | Counter::Short(lock) => *lock.lock().await,
            Counter::ShortStd(lock) => *lock.lock().unwrap_or_else(PoisonError::into_inner),
            Counter::Atomic(value) => value.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The run time grows with the number of workers if they work under the lock, and does not if they work outside it.
    #[tokio::test(start_paused = true)]
    async fn what_is_done_under_the_lock_is_done_one_at_a_time() -> scenario::Result<()> {
        for (lock, workers, total) in
            [("across-await", "5", 3000.0), ("across-await", "10", 6000.0), ("short", "10", 600.0), ("atomic", "10", 600.0)]
        {
            let outcome = run(Context::of(&SCENARIO, &[(LOCK, lock), (TASKS, workers)])).await?;
            assert_eq!(outcome.value("total"), Some(total), "{workers} workers, {lock}");
            assert!(outcome.holds());
        }
        Ok(())
    }
}
