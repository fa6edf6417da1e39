//! # Deadlock: order your locks
//!
//! Two tasks move money between two accounts, five times each. A transfer is booked in
//! both accounts, so it takes both locks, one after the other. Task A pays from account 0
//! to account 1, task B the other way round.
//!
//! **What you see.** Each task first locks the account that it pays from. Some transfers
//! succeed. At 978 ms both tasks wait for ever: A holds account 0 and waits for account
//! 1, B holds account 1 and waits for account 0. Nothing can ever run again. With
//! `order=same`, both tasks lock account 0 first. At times one waits for the other, never
//! for more than 200 ms, and both end.
//!
//! **Why.** A cycle needs a task that holds a lower lock and waits for a higher one *and*
//! a task that holds a higher one and waits for a lower one. If all tasks take their
//! locks in one order, no task of the second kind exists: the task that holds the highest
//! lock can always go on.
//!
//! **Try.** Set the seed to 17: the run ends. Of the seeds 0 to 199, 6 end. Set `gap` to
//! 10, and 164 of them end: faster code hides the bug until it meets the wrong seed. Set
//! `gap` to 400, and none ends. Set `tasks` to 5: a cycle now needs all five tasks, so
//! 100 seeds end, and the bug is harder to find. With `acquire=try_lock+backoff`, every
//! seed ends, even in crossed order.
//!
//! Set `gap` and `rest` to 0: nothing sleeps now, each task makes all its transfers in one
//! poll, and every seed ends. The bug is still there. `async-playground hunt deadlock -p
//! gap=0 -p rest=0` finds it within seconds: one task is preempted when it has only its
//! first lock. docs/schedules.md says what such schedules cover.
//!
//! **Pitfall.** With `try_lock`, give the first lock back *before* you wait, and wait for
//! a random time. Two tasks that retry after equal times collide again each time: a
//! livelock, busy and stuck. Here the time is random, from a range that doubles with each
//! attempt, and after 16 attempts a task gives up with an error. With one order for all
//! locks, no task ever has to give up.
//!
//! **Words.** asyncio: `async with first, second:`, in the same order everywhere. Tokio:
//! `let a = first.lock().await; let b = second.lock().await`; `try_lock` returns an `Err`
//! where `lock` would wait. Neither detects a deadlock.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info, info_span};

use scenario::prelude::*;

const TASKS: Param = Param::count("tasks", 2, (2, 26), "tasks", "How many tasks and accounts, in a ring.");
const GAP: Param = Param::millis("gap", 200, (0, 60_000), "Time between the first and second lock.");
const REST: Param = Param::millis("rest", 900, (0, 60_000), "Longest rest before a transfer; 0 is none.");
const ORDER: Param = Param::choice("order", &["crossed", "same"], "Lock the payer's or the lower account first.");
const ACQUIRE: Param = Param::choice("acquire", &["lock", "try_lock+backoff"], "Wait for the second lock, or back off.");

/// How many transfers each task makes.
const ROUNDS: usize = 5;
/// The shortest rest is this part of the longest. The seed decides which tasks meet.
const SHORTEST: u64 = 9;
/// How many attempts a transfer has before its task gives up.
const ATTEMPTS: u32 = 16;

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "deadlock",
    title: "Deadlock",
    group: Group::SharedState,
    lesson: "Order your locks.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[TASKS, GAP, REST, ORDER, ACQUIRE],
    patterns: &["deadlock", "lock ordering", "try lock", "backoff with jitter"],
    builds_on: &["lock-contention"],
    breaks: &[
        Breaks::stalls(&[("order", "crossed"), ("acquire", "lock")]).with_seed(0),
        Breaks::stalls(&[("gap", "0"), ("rest", "0")]).with_schedule("2:0"),
    ],
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "task"),
            "{count:task} tasks make transfers between accounts that are in a ring. For each transfer a task needs two locks.",
        ),
        Stop::at(
            When::Log(Nth::First, "holds account"),
            "{task} holds its first lock, and will ask for the second {param:gap} later.",
        )
        .line("holds account"),
        Stop::at(
            When::Wait(Nth::First, "task", For::Lock),
            "{task} has to wait for a lock: {holders} has it. That alone is no deadlock, only a queue.",
        )
        .sometimes(),
        Stop::at(
            When::OverOrStall,
            "{task} asks for the lock that closes the circle: {stuck} each hold the lock that the other needs. None of them can ever \
             go on, and the program reports nothing.",
        )
        .sometimes(),
        Stop::at(
            When::OverOrStall,
            "Every task ended: {figure:transfers} transfers in {figure:total}, and {figure:backed off} times a task gave its lock back.",
        )
        .sometimes(),
    ],
    questions: &[
        Question::new(
            "{param:tasks} tasks pay each other. For a payment a task takes two locks, {param:gap} apart, in {param:order} \
             order (acquire={param:acquire}). How does it end?",
            Answer::Choice(&[
                Choice::new("Tasks wait for each other for ever", If::Occurs(When::Stall)),
                Choice::new("All tasks end; at times one gives its first lock back", If::More("figure:backed off", "0")),
                Choice::new("All tasks end, and none gives its first lock back to try again", If::Holds("every task ends")),
                Choice::new("A task gives up with an error", If::Otherwise),
            ]),
            When::OverOrStall,
            "In crossed order, each task can hold the lock that the other needs. One order for all locks, or a lock that is \
             given back, breaks the circle.",
        ),
    ],
    source: include_str!("deadlock.rs"),
    path: file!(),
    twin: include_str!("deadlock.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// What the tasks share.
struct Bank {
    /// For each account, the number of transfers booked in it.
    accounts: Vec<Mutex<u64>>,
    /// Transfers made so far by all tasks.
    transfers: AtomicU64,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let accounts = (0..cx.count(TASKS)).map(|_| Mutex::new(0)).collect();
    let bank = Arc::new(Bank { accounts, transfers: AtomicU64::new(0) });

    let mut tasks = JoinSet::new();
    for (i, letter) in (0..cx.count(TASKS)).zip('A'..) {
        let task = Task::new(&cx, i, letter);
        tasks.build_task().name(&format!("task {letter}")).spawn(task.run(bank.clone()))?;
    }
    let (mut ended, mut backed_off) = (0, 0);
    while let Some(task) = tasks.join_next().await {
        backed_off += task??;
        ended += 1;
    }

    let transfers = bank.transfers.load(Ordering::Relaxed);
    let mut booked = 0;
    for account in &bank.accounts {
        booked += *account.lock().await;
    }
    Ok(Outcome::new()
        .figure("transfers", transfers, "transfers")
        .figure("backed off", backed_off, "times")
        .figure("total", started.elapsed(), "ms")
        .check("every task ends", ended == cx.count(TASKS))
        .check("every transfer is booked in both accounts", booked == 2 * transfers))
}

/// A task that makes transfers.
struct Task {
    cx: Context,
    letter: char,
    /// The account that it locks first.
    first: usize,
    /// The account that it locks while it holds the first one.
    second: usize,
    /// How many times it has given the first lock back.
    backed_off: usize,
}

impl Task {
    /// Task `i` pays from account `i` to the next one. The last task pays to account 0.
    fn new(cx: &Context, i: usize, letter: char) -> Self {
        let (from, to) = (i, (i + 1) % cx.count(TASKS));
        let (first, second) = match cx.word(ORDER) {
            "same" => (from.min(to), from.max(to)),
            _ => (from, to),
        };
        Self { cx: cx.clone(), letter, first, second, backed_off: 0 }
    }

    /// Rests and transfers, round after round; returns how many times it backed off.
    async fn run(mut self, bank: Arc<Bank>) -> scenario::Result<usize> {
        for round in 0..ROUNDS {
            let longest = self.cx.number(REST);
            let rest = self.drawn("rest", round, longest / SHORTEST..=longest);
            if !rest.is_zero() {
                sleep(rest).instrument(info_span!("rests")).await;
            }
            self.transfer(&bank).await?;
        }
        Ok(self.backed_off)
    }

    /// Takes both locks, first one, then the other, and books a transfer.
    async fn transfer(&mut self, bank: &Bank) -> scenario::Result<()> {
        for attempt in 0..ATTEMPTS {
            let mut first = bank.accounts[self.first].lock().await;
            info!("holds account {}", self.first);
            let gap = self.cx.duration(GAP);
            if !gap.is_zero() {
                sleep(gap).instrument(info_span!("holds", lock = self.first)).await;
            }

            // Now take the second lock while holding the first. Two tasks in crossed order can deadlock here.
            let mut second = if self.cx.word(ACQUIRE) == "lock" {
                let wants = info_span!("holds", lock = self.first, wants = self.second);
                bank.accounts[self.second].lock().instrument(wants).await
            } else if let Ok(second) = bank.accounts[self.second].try_lock() {
                second
            } else {
                // Give the first lock back before waiting, so that the other task can go on.
                drop(first);
                self.back_off(attempt).await;
                continue;
            };
            // Both locks are held: book the transfer. The guards give the locks back at the end of this scope.
            *first += 1;
            *second += 1;
            let transfers = bank.transfers.fetch_add(1, Ordering::Relaxed) + 1;
            info!(counter.transfers = transfers, mark = "paid", "holds account {} too and books the transfer", self.second);
            return Ok(());
        }
        Err(format!("task {} gave up after {ATTEMPTS} attempts", self.letter).into())
    }

    /// Waits for a random time without holding a lock, so that no two tasks retry in step.
    async fn back_off(&mut self, attempt: u32) {
        info!("account {} is taken: gives account {} back", self.second, self.first);
        let longest = self.cx.number(GAP).max(1) << attempt;
        let pause = self.drawn("backoff", self.backed_off, 1..=longest);
        sleep(pause).instrument(info_span!("backs off")).await;
        self.backed_off += 1;
    }

    /// Draws a time in milliseconds from this task's own stream.
    fn drawn(&self, what: &str, index: usize, range: RangeInclusive<u64>) -> Duration {
        Duration::from_millis(self.cx.draw(&format!("{what} of {}", self.letter), index, range))
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;
    use scenario::Value;

    /// Far longer than any of these runs. Virtual time gets this far only if nothing else can run.
    const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 3600);

    /// In crossed order, the seed decides if the run ends. In one order, or with backoff, every run ends.
    #[tokio::test(start_paused = true)]
    async fn one_order_cannot_deadlock_and_crossed_orders_can() -> scenario::Result<()> {
        for (order, acquire, ends_with) in
            [("same", "lock", [true, true]), ("crossed", "lock", [false, true]), ("crossed", "try_lock+backoff", [true, true])]
        {
            for (seed, ends) in [0, 17].into_iter().zip(ends_with) {
                let mut values = Values::defaults(SCENARIO.params);
                values.set(&ORDER, Value::Choice(order));
                values.set(&ACQUIRE, Value::Choice(acquire));
                let ended = timeout(FOR_EVER, run(Context::new(values, seed, Clock::Virtual))).await;
                assert_eq!(ended.is_ok(), ends, "{order}, {acquire}, seed {seed}");
                if let Ok(outcome) = ended {
                    assert!(outcome?.holds());
                }
            }
        }
        Ok(())
    }

    /// Without a sleep, each task makes all its transfers before the next one runs.
    #[tokio::test(start_paused = true)]
    async fn crossed_locks_without_a_sleep_never_meet_in_tokios_order() -> scenario::Result<()> {
        for tasks in ["2", "5", "26"] {
            let cx = Context::of(&SCENARIO, &[(GAP, "0"), (REST, "0"), (TASKS, tasks)]);
            let outcome = timeout(FOR_EVER, run(cx)).await??;
            assert!(outcome.holds(), "{tasks} tasks: {outcome:?}");
            assert_eq!(outcome.value("total"), Some(0.0), "{tasks} tasks");
        }
        Ok(())
    }

    /// The number of attempts is bounded: a lock that is never given back leads to an error, not to a livelock.
    #[tokio::test(start_paused = true)]
    async fn a_task_gives_up_when_the_second_lock_is_never_free() {
        let cx = Context::of(&SCENARIO, &[(ACQUIRE, "try_lock+backoff")]);
        let bank = Bank { accounts: vec![Mutex::new(0), Mutex::new(0)], transfers: AtomicU64::new(0) };
        let _kept = bank.accounts[1].lock().await;
        let mut task = Task::new(&cx, 0, 'A');
        let error = task.transfer(&bank).await.expect_err("the second lock is never free");
        assert_eq!(error.to_string(), "task A gave up after 16 attempts");
        assert!(bank.accounts[0].try_lock().is_ok(), "the first lock is given back");
    }

    /// The range doubles with each attempt: the longest of many pauses is close to its end, and none is longer.
    #[tokio::test(start_paused = true)]
    async fn the_range_of_the_pause_doubles_with_each_attempt() {
        let mut task = Task::new(&Context::of(&SCENARIO, &[]), 0, 'A');
        for attempt in 0..6 {
            let mut longest = Duration::ZERO;
            for _ in 0..200 {
                let before = Instant::now();
                task.back_off(attempt).await;
                longest = longest.max(before.elapsed());
            }
            let end = Duration::from_millis(200 << attempt);
            assert!(end.mul_f64(0.9) < longest && longest <= end, "attempt {attempt}: {longest:?}");
        }
    }
}
