//! # Workers: more of them help CPU work, not waiting
//!
//! Eight tasks do five rounds each. Half of them compute for 200 ms in a round, the
//! other half wait for 200 ms.
//!
//! **What you see.** With one worker the four that compute take turns: their solid bars never
//! overlap, and the run takes 4000 ms. The four that wait need a moment in each round, and get
//! it late, after all four have had their turn.
//!
//! **Why.** A worker can poll one task at a time, so computing takes what there is to
//! compute, divided by the workers. A task that waits is not polled at all; eight or
//! eighty thousand of them wait at the same time, on no worker. So workers are for
//! the share of your work that computes, and beyond the cores there is nothing to win.
//!
//! **Try.** Set `mix` to 0: nobody computes, and it takes 1000 ms with one worker as with
//! four. Set `mix` to 100: 8000 ms, all of it computed. Set `tasks` to 16: twice the
//! computing is twice the time, 8000 ms. Then take two: `--clock real --workers 2`
//! takes half of it, if two cores are at hand.
//!
//! **Pitfall.** More workers than cores make nothing faster: they take turns on the
//! cores, as the tasks did on the worker. And if eight workers are needed for code
//! that waits, it does not wait, it blocks (see *Blocking*).
//!
//! **Words.** asyncio: one thread, always; a faster event loop makes the moments between
//! waits cheaper and computing not a bit; processes for work that computes. There a task
//! that yields comes back before those whose timer is due, so the twin takes 4600 ms.
//! Tokio: `worker_threads` of the multi-thread runtime; the current-thread runtime has one.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, sleep};
use tracing::{info, info_span};

use crate::prelude::*;
use crate::work;

const TASKS: Param = Param::count("tasks", 8, (1, 1_000), "tasks", "How many tasks there are.");
const CPU: Param = Param::millis("cpu", 200, (0, 60_000), "How long one that computes does so in a round.");
const WAIT: Param = Param::millis("wait", 200, (0, 60_000), "How long one that waits does so in a round.");
const MIX: Param = Param::count("mix", 50, (0, 100), "%", "How many of the tasks compute; the others wait.");

/// How many rounds each task does.
const ROUNDS: u32 = 5;
/// What is served so long after it is due has had to wait for the worker.
const LATE: Duration = Duration::from_millis(20);

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "workers",
    title: "Workers",
    group: Group::Basics,
    lesson: "More workers help CPU work, not waiting.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[TASKS, CPU, WAIT, MIX],
    patterns: &["worker threads", "CPU-bound against I/O-bound", "event loop choice"],
    differs: "asyncio has one thread, always; Tokio has as many workers as it is given, and tasks that compute run side by \
              side.",
    builds_on: &["blocking"],
    real_because: "only there are workers more than one",
    source: include_str!("workers.rs"),
    path: file!(),
    twin: include_str!("workers.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let tasks = cx.count(TASKS);
    let computing = tasks * cx.count(MIX) / 100;

    let mut running = JoinSet::new();
    for i in 0..tasks - computing {
        running.build_task().name(&format!("wait {i}")).spawn(wait(cx.duration(WAIT)))?;
    }
    for i in 0..computing {
        running.build_task().name(&format!("compute {i}")).spawn(compute(cx.clock(), cx.duration(CPU)))?;
    }
    let (mut done, mut computed, mut longest) = (0, Duration::ZERO, Duration::ZERO);
    while let Some(task) = running.join_next().await {
        let busy = task?;
        computed += busy;
        longest = longest.max(busy);
        done += 1;
        info!(counter.done = done, "done");
    }

    let total = started.elapsed();
    let workers = Handle::current().metrics().num_workers();
    let wait = if computing < tasks { cx.duration(WAIT) } else { Duration::ZERO };
    let share = (computed / workers as u32).max(longest);
    let (least, most) = (share.max(wait * ROUNDS), share.max(waits_beside(share, wait)));
    let slack = if cx.clock() == Clock::Real { Duration::from_millis(50) } else { Duration::ZERO };
    Ok(Outcome::new()
        .figure("done", done, "tasks")
        .figure("workers", workers, "workers")
        .figure("computed", computed, "ms")
        .figure("by arithmetic", most, "ms")
        .figure("total", total, "ms")
        .check("every task is done", done == tasks)
        .check(
            "it takes what the arithmetic says, within 20 %",
            least.mul_f64(0.8) <= total && total <= most.mul_f64(1.2) + slack,
        ))
}

/// Computes, round by round, and yields in between; returns how long it was busy.
///
/// More workers than cores are slower each, so this is measured and not taken from the parameter.
async fn compute(clock: Clock, cpu: Duration) -> Duration {
    let mut busy = Duration::ZERO;
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        info_span!("computes").in_scope(|| work::burn(clock, cpu));
        busy += begun.elapsed();
        yield_now().await;
    }
    busy
}

/// Waits, round by round. It is never busy.
async fn wait(wait: Duration) -> Duration {
    for _ in 0..ROUNDS {
        let due = Instant::now() + wait;
        sleep(wait).await;
        let late = due.elapsed();
        if late >= LATE {
            info!(mark = "late", "was due {} ms ago, and the worker was busy", late.as_millis());
        }
    }
    Duration::ZERO
}

/// How long the rounds of one that waits take beside so much computing: it is served when a turn of the others is over.
fn waits_beside(computing: Duration, wait: Duration) -> Duration {
    let turn = (computing / ROUNDS).max(Duration::from_nanos(1));
    (0..ROUNDS).fold(Duration::ZERO, |at, _| {
        let due = at + wait;
        let turns = due.as_nanos().div_ceil(turn.as_nanos());
        if due < computing { turn * turns as u32 } else { due }
    })
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Builder;

    use super::*;

    /// On one worker computing adds up, and waiting does not.
    #[tokio::test(start_paused = true)]
    async fn computing_adds_up_and_waiting_does_not() -> scenario::Result<()> {
        for (tasks, mix, total) in
            [("8", "50", 4000.0), ("8", "0", 1000.0), ("8", "100", 8000.0), ("16", "50", 8000.0), ("16", "0", 1000.0)]
        {
            let outcome = run(Context::of(&SCENARIO, &[(TASKS, tasks), (MIX, mix)])).await?;
            assert_eq!(outcome.value("total"), Some(total), "{tasks} tasks, {mix} % of them compute");
            assert!(outcome.holds(), "{outcome:?}");
        }
        Ok(())
    }

    /// The arithmetic is the real thing at odd settings too, where a wait just misses a turn.
    #[tokio::test(start_paused = true)]
    async fn a_wait_that_misses_a_turn_is_served_in_the_next() -> scenario::Result<()> {
        for wait in ["1", "199", "799", "801", "900", "1601", "5000"] {
            let outcome = run(Context::of(&SCENARIO, &[(WAIT, wait)])).await?;
            assert_eq!(outcome.value("total"), outcome.value("by arithmetic"), "waits of {wait} ms");
        }
        Ok(())
    }

    /// By the arithmetic that the check goes by, two workers take half of the time. By the clock they do if nothing else
    /// wants the cores, which no test can be sure of.
    #[test]
    fn two_workers_need_half_of_the_time() -> scenario::Result<()> {
        for workers in [1, 2] {
            let runtime = Builder::new_multi_thread().worker_threads(workers).enable_time().build()?;
            let cx = Context::real(&SCENARIO, &[(MIX, "100"), (CPU, "5")]);
            let outcome = runtime.block_on(async { tokio::spawn(run(cx)).await })??;
            let both = outcome.value("by arithmetic").zip(outcome.value("computed"));
            let part = both.map_or(0.0, |(time, computed)| time * workers as f64 / computed);
            assert!((0.999..1.001).contains(&part), "{workers} workers: {outcome:?}");
        }
        Ok(())
    }
}
