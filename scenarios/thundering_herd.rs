//! # Thundering herd: wake one, not all
//!
//! Ten waiters want one job each. A dispatcher brings a job every 100 ms and notifies them.
//!
//! **What you see.** Each job wakes every task that still waits. At first that is ten polls: one
//! takes the job, and nine find nothing. With `variant=notify_one` each job wakes one waiter, which
//! takes it: a staircase.
//!
//! **Why.** A wake costs a poll, and a task that finds nothing to do waits again. If n tasks wait
//! and one can go on, waking all of them costs n polls per job and n² / 2 for n jobs: 55 instead of
//! 10. Nothing *fails*, so nobody notices: all jobs are done, at the same time as before. It only
//! costs CPU time.
//!
//! **Try.** Set `variant` to `notify_one`: 10 wakes instead of 55. Back with `notify_waiters`, set
//! `waiters` to 20: twice as many jobs take 210 wakes, about four times as many. With `notify_one`
//! it would be 20.
//!
//! **Pitfall.** If no task waits, `notify_one` keeps one permit for the next waiter;
//! `notify_waiters` keeps none. So create the `notified()` future *first* and look for a job
//! *after* that, as `wait_for_job` does. Otherwise a `notify_waiters` between the look and the wait
//! wakes no task, and the waiter waits on. Waking all is right if all can go on: at a shutdown, or
//! when a barrier opens.
//!
//! **Words.** asyncio: `Condition.notify()` and `notify_all()`; a condition keeps no permit, but
//! look and wait are under one lock, so no wake can come between them. Tokio: `Notify::notify_one`
//! and `notify_waiters`. A semaphore or a channel wakes one task at a time by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info, info_span};

use scenario::prelude::*;

const WAITERS: Param = Param::count("waiters", 10, (1, 500), "waiters", "How many tasks wait; each gets one job.");
const VARIANT: Param = Param::choice("variant", &["notify_waiters", "notify_one"], "Wake all waiters for each job, or one.");

/// The time between two jobs.
const EVERY: Duration = Duration::from_millis(100);
/// How long the work on a job takes.
const WORK: Duration = Duration::from_millis(200);

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "thundering-herd",
    title: "Thundering herd",
    group: Group::SharedState,
    lesson: "Wake one, not all.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[WAITERS, VARIANT],
    patterns: &["thundering herd", "condition variable", "notify one and notify all"],
    differs: "A `Condition` keeps no wake for later, but look and wait are under one lock; Tokio's `notify_one` keeps one \
              permit for the next waiter.",
    builds_on: &["lock-contention"],
    breaks: &[Breaks::checks(&[("variant", "notify_waiters")], &["every wake gets a job"])],
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "waiter"),
            "{count:waiter} waiters want one job each. main brings one job after another, and notifies them.",
        )
        .line("sleep(EVERY)"),
        Stop::at(When::Crowd(For::Signal), "{crowd} tasks wait for a notification. There is no job yet.").line("news.await"),
        Stop::at(
            When::Resume(Nth::First, "waiter", For::Signal),
            "{by} brings one job and wakes every task that waits, {task} first. Only one of them can have the job.",
        )
        .line("notify_waiters()")
        .only("variant", "notify_waiters"),
        Stop::at(
            When::Resume(Nth::First, "waiter", For::Signal),
            "{by} brings one job and wakes one task, {task}, which has waited longest. No other waiter runs.",
        )
        .line("notify_one()")
        .only("variant", "notify_one"),
        Stop::at(
            When::Log(Nth::Last, "takes the job"),
            "{task} takes the last job. By now, waiters have woken {counter:wakes} times and have got {counter:grants} jobs.",
        )
        .only("variant", "notify_one"),
        Stop::at(
            When::Log(Nth::First, "finds no job"),
            "{task} {text}: another waiter was faster. Its wake was for nothing, and it waits again.",
        )
        .only("variant", "notify_waiters"),
        Stop::at(
            When::Log(Nth::Last, "finds no job"),
            "{task} is the last that wakes for nothing. Waiters have woken {counter:wakes} times by now, for {counter:grants} \
             jobs.",
        )
        .only("variant", "notify_waiters"),
        Stop::at(
            When::Over,
            "{figure:jobs} jobs took {figure:wakes} wakes, and {figure:for nothing} of these were for nothing. Every waiter got \
             a job all the same, after {figure:total}.",
        ),
    ],
    questions: &[
        Question::new(
            "{param:waiters} tasks wait for one job each, and one job comes after the other. With {param:variant}, how many \
             wakes does that take?",
            Answer::Number {
                is: "figure:wakes",
                typical: &[
                    ("param:waiters", "Each job wakes every task that still waits, and only one of them gets it."),
                    (
                        "param:waiters * param:waiters",
                        "Even if each job woke all that wait, they would be fewer each time: one has got its job.",
                    ),
                    ("param:waiters + 1 * param:waiters / 2", "That would be so if each job woke all tasks that still wait."),
                ],
            },
            When::Over,
            "{figure:jobs} jobs took {figure:wakes} wakes, and {figure:for nothing} of them found no job.",
        ),
        Question::new(
            "{param:waiters} tasks wait, waiter 0 longest of all. A job comes, and main calls {param:variant}. Who takes the \
             job?",
            Answer::Choice(&[
                Choice::new("Every task that is woken", If::More("counter:grants", "1")),
                Choice::new("The one that has waited longest", If::Equal("task", "'waiter 0'")),
                Choice::new("Any of them: the scheduler decides", If::Otherwise),
            ]),
            When::Resume(Nth::First, "waiter", For::Signal),
            "{task} runs first and takes the job. Tasks are woken in the order in which they began to wait.",
        ),
    ],
    source: include_str!("thundering_herd.rs"),
    path: file!(),
    twin: include_str!("thundering_herd.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// The jobs, and the `Notify` that wakes waiters for them.
#[derive(Default)]
struct Hall {
    /// How many jobs no waiter has taken yet.
    jobs: AtomicU64,
    news: Notify,
    /// How many times a waiter was woken.
    wakes: AtomicU64,
    /// How many times a waiter got a job.
    grants: AtomicU64,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let hall = Arc::new(Hall::default());

    let mut waiters = JoinSet::new();
    for i in 0..cx.count(WAITERS) {
        waiters.build_task().name(&format!("waiter {i}")).spawn(waiter(hall.clone()))?;
    }
    // Bring one job at a time, and wake one waiter or all of them.
    for _ in 0..cx.count(WAITERS) {
        sleep(EVERY).await;
        hall.jobs.fetch_add(1, Ordering::Relaxed);
        match cx.word(VARIANT) {
            "notify_one" => hall.news.notify_one(),
            _ => hall.news.notify_waiters(),
        }
    }
    while let Some(done) = waiters.join_next().await {
        done?;
    }

    let (wakes, grants) = (hall.wakes.load(Ordering::Relaxed), hall.grants.load(Ordering::Relaxed));
    Ok(Outcome::new()
        .figure("jobs", grants, "jobs")
        .figure("wakes", wakes, "wakes")
        .figure("for nothing", wakes.saturating_sub(grants), "wakes")
        .figure("total", started.elapsed(), "ms")
        .check("every waiter gets a job", grants == cx.number(WAITERS))
        .check("every wake gets a job", wakes == grants))
}

/// Waits for a job and does it.
async fn waiter(hall: Arc<Hall>) {
    hall.wait_for_job().await;
    sleep(WORK).instrument(info_span!("works")).await;
}

impl Hall {
    /// Waits until it has taken a job. It may wake several times for nothing.
    async fn wait_for_job(&self) {
        let mut woken = false;
        loop {
            // Created before the look: from here on no `notify_waiters` is missed.
            let news = self.news.notified();
            if self.take() {
                return;
            }
            if woken {
                info!(mark = "miss", "finds no job");
            }
            news.await;
            woken = true;
            let wakes = self.wakes.fetch_add(1, Ordering::Relaxed) + 1;
            info!(counter.wakes = wakes, "wakes");
        }
    }

    /// Takes a job, and returns false if no job is left.
    fn take(&self) -> bool {
        let taken = self.jobs.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |jobs| jobs.checked_sub(1)).is_ok();
        if taken {
            let grants = self.grants.fetch_add(1, Ordering::Relaxed) + 1;
            info!(counter.grants = grants, mark = "job", "takes the job");
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Waking one costs one wake per job. Waking all costs n² / 2: twice the waiters, four times the wakes.
    #[tokio::test(start_paused = true)]
    async fn waking_all_is_for_nothing() -> scenario::Result<()> {
        for (variant, waiters, wakes) in [
            ("notify_one", "10", 10.0),
            ("notify_one", "20", 20.0),
            ("notify_waiters", "10", 55.0),
            ("notify_waiters", "20", 210.0),
            ("notify_waiters", "1", 1.0),
        ] {
            let started = Instant::now();
            let outcome = run(Context::of(&SCENARIO, &[(VARIANT, variant), (WAITERS, waiters)])).await?;
            assert_eq!(outcome.value("wakes"), Some(wakes), "{variant}, {waiters} waiters");
            assert_eq!(outcome.holds(), Some(wakes) == outcome.value("jobs"), "{variant}, {waiters} waiters");
            let jobs = outcome.value("jobs").unwrap_or_default() as u32;
            assert_eq!(started.elapsed(), EVERY * jobs + WORK, "the run takes as long either way");
        }
        Ok(())
    }
}
