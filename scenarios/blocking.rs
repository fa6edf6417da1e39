//! # Blocking: never block a worker
//!
//! Six tasks tick every 100 ms. A seventh task makes a report: one second of work without
//! an `.await`. The tickers have nothing to do with it.
//!
//! **What you see.** The report begins at 550 ms. Its lane is one solid bar, and every
//! other lane stops: the six ticks due at 600 ms come at 1550 ms. With `variant=yield`,
//! the report pauses every 50 ms and lets the others run. With `spawn_blocking` (real
//! clock), blocking threads do the work, and no tick is late.
//!
//! **Why.** A worker polls one task at a time, and a task gives the worker back only at
//! an `.await`. A poll that takes a second keeps the worker from all its other tasks for
//! a second. They did nothing wrong; they only share the worker. Blocking threads are
//! separate from the workers: there can be many, and each may wait or compute for as long
//! as it needs.
//!
//! **Try.** Set `block` to 2000: the worst tick is 1950 ms late instead of 950. Set
//! `tasks` to 12: twice as many tasks are late, by just as much. Set `variant` to
//! `yield`: no tick is late by more than one piece of work, 50 ms. On the real clock, set
//! it to `spawn_blocking`, with `blocking_threads` 1 and then 4, and watch when the
//! report is done. Then set it to `timeout`: the task gives up on its report after half of
//! the time, and the thread goes on with it to the end.
//!
//! **Pitfall.** A timeout cuts the wait for a blocking call, not the call: nothing can stop
//! a thread from outside, so give the call a deadline of its own, or a flag to look at. A
//! second worker may not help either (`--clock real --workers 2`). If the worker that
//! blocks is the one that drives the timers, the other worker sleeps and nothing wakes it.
//! `yield_now` helps code that computes; you cannot cut a blocking call into pieces.
//!
//! **Words.** asyncio: `await asyncio.to_thread(report)`; `await asyncio.sleep(0)`
//! yields, but the task runs again before the loop wakes tasks whose timers are due, so a
//! tick is up to two pieces late. Tokio: `tokio::task::spawn_blocking(report)`; with
//! `yield_now`, due timers come first; `block_in_place` on the multi-thread runtime.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::{Builder, JoinSet, yield_now};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{info, info_span, warn};

use scenario::prelude::*;
use scenario::work;

const TASKS: Param = Param::count("tasks", 6, (1, 1_000), "tasks", "How many tasks tick at once.");
const TICK: Param = Param::millis("tick", 100, (10, 10_000), "Time between two ticks of a task.");
const BLOCK: Param = Param::millis("block", 1_000, (0, 60_000), "How long the report computes.");
const VARIANT: Param =
    Param::choice("variant", &["block", "spawn_blocking", "yield", "timeout"], "Compute in one poll, on threads, or yield.");
const BLOCKING_THREADS: Param =
    Param::count("blocking_threads", 4, (1, 64), "threads", "How many blocking threads may work at once.");

/// How many times each task ticks.
const TICKS: u32 = 30;

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "blocking",
    title: "Blocking",
    group: Group::Basics,
    lesson: "Never block a worker.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[TASKS, TICK, BLOCK, VARIANT, BLOCKING_THREADS],
    patterns: &["blocking call in async code", "run in executor", "to thread", "cooperative yield", "timeout of a blocking call"],
    differs: "A task that yields with `asyncio.sleep(0)` runs again before the tasks whose timers are due; with `yield_now` \
              it runs after them.",
    builds_on: &["spawn"],
    breaks: &[
        Breaks::checks(&[("variant", "block")], &["the report keeps no worker for two ticks"]),
        Breaks::checks(&[("variant", "timeout")], &["the report stops at its timeout"]),
    ],
    real_because: "spawn_blocking and timeout use threads, which run in wall time",
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "ticker"),
            "{count:ticker} tasks tick every {param:tick}. Between two ticks a task only waits for its timer.",
        )
        .line("sleep_until(due)"),
        Stop::at(
            When::Resume(Nth::First, "report", For::Time),
            "At {time} {task} begins its work: {param:block} of computing. The tickers have nothing to do with it.",
        )
        .line("match cx.word(VARIANT)"),
        Stop::at(
            When::LongestPoll("report"),
            "{task} computes in one poll, for {lasted}. It has no await in which to give the worker back, so the worker runs no other \
             task.",
        )
        .line("in_scope(|| work::burn")
        .only("variant", "block"),
        Stop::at(
            When::Wait(Nth::First, "report", For::Turn),
            "{task} has computed one piece, at most half a tick, and yields. The worker runs what is due before it polls {task} \
             again.",
        )
        .line("yield_now().await")
        .only("variant", "yield"),
        Stop::at(
            When::Spawn(Nth::First, "piece"),
            "{task} of the report goes to a blocking thread, not to a worker. At most {param:blocking_threads} pieces run at \
             once.",
        )
        .line("spawn_blocking(move")
        .only("variant", "spawn_blocking"),
        Stop::at(
            When::Log(Nth::First, "gives up on the report"),
            "At {time} {task} gives up: its timeout drops the wait. The thread computes on, because nothing can stop it from \
             outside.",
        )
        .line("timeout(block / 2")
        .only("variant", "timeout"),
        Stop::at(
            When::Log(Nth::First, "the report is done"),
            "At {time} the report is done: it computed for {param:block}.",
        )
        .line("the report is done"),
        Stop::at(
            When::Log(Nth::First, "a tick is late"),
            "{task} ticks {counter:late_ms} ms late. It did nothing wrong, but the worker that has to wake it was busy with the \
             report.",
        )
        .line("let late = due.elapsed()")
        .only("variant", "block"),
        Stop::at(
            When::Over,
            "The worst tick came {figure:worst tick late by} late. {figure:tasks with a late tick} of {param:tasks} tasks were late by \
             two ticks or more.",
        ),
    ],
    questions: &[
        Question::new(
            "{param:tasks} tasks tick every {param:tick}. A report computes for {param:block} (variant {param:variant}). How \
             late is the worst tick?",
            Answer::Choice(&[
                Choice::new(
                    "By most of the time that the report computes",
                    If::More("figure:worst tick late by", "param:block / 2"),
                ),
                Choice::new("By at most half of that time", If::More("figure:worst tick late by", "param:tick / 4")),
                Choice::new("Hardly at all", If::Otherwise),
            ]),
            When::Over,
            "The worst tick came {figure:worst tick late by} late. A worker goes on to another task only when a poll ends.",
        ),
        Question::new(
            "{param:tasks} tasks tick, and a report computes for {param:block} (variant {param:variant}). How many have a tick \
             that is late by {param:tick * 2} or more?",
            Answer::Number {
                is: "figure:tasks with a late tick",
                typical: &[
                    ("0", "Each ticker needs the worker for a moment at each tick, and the report has it."),
                    ("1", "All tickers share the worker with the report: either each of them is late, or none."),
                    ("param:tasks", "That would need one poll of the report to last for two ticks or more."),
                ],
            },
            When::Over,
            "{figure:tasks with a late tick} of {param:tasks} tasks had such a tick. The worst was {figure:worst tick late by} \
             late.",
        ),
        Question::new(
            "The report computes on a blocking thread for {param:block}, and a timeout gives up half way. What does the thread \
             do?",
            Answer::Choice(&[
                Choice::new("It stops, because its future is dropped", If::Holds("the report stops at its timeout")),
                Choice::new("It pauses until a task awaits it again", If::Occurs(When::Stall)),
                Choice::new("It computes on to the end", If::Otherwise),
            ]),
            When::Log(Nth::First, "gives up on the report"),
            "The thread went on for {figure:ran on after its timeout} after the timeout, because nothing can stop it from \
             outside.",
        )
        .only("variant", "timeout"),
    ],
    source: include_str!("blocking.rs"),
    path: file!(),
    twin: include_str!("blocking.py"),
    refuse,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// Virtual time would jump ahead of a thread outside the runtime.
fn refuse(values: &Values, clock: Clock) -> Result<(), ValueError> {
    let variant = values.word(&VARIANT);
    if clock == Clock::Real || !matches!(variant, "spawn_blocking" | "timeout") {
        return Ok(());
    }
    let reason =
        format!("{variant} needs the real clock: its threads run in wall time, and virtual time would jump ahead of them");
    Err(ValueError { param: VARIANT.name, reason })
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let tick = cx.duration(TICK);

    let mut tickers = JoinSet::new();
    for i in 0..cx.count(TASKS) {
        tickers.build_task().name(&format!("ticker {i}")).spawn(ticker(tick))?;
    }
    let report = Builder::new().name("report").spawn(report(cx.clone()))?;

    // Each ticker returns how late its worst tick was.
    let (mut late, mut worst) = (0, Duration::ZERO);
    while let Some(lateness) = tickers.join_next().await {
        let lateness = lateness?;
        late += u64::from(lateness >= 2 * tick);
        worst = worst.max(lateness);
    }
    let Report { took, kept, ran_on } = report.await??;

    let outcome = Outcome::new()
        .figure("worst tick late by", worst, "ms")
        .figure("tasks with a late tick", late, "tasks")
        .figure("report took", took, "ms")
        .figure("total", started.elapsed(), "ms")
        .check("the report keeps no worker for two ticks", kept < 2 * tick);
    Ok(match ran_on {
        None => outcome,
        Some(ran_on) => outcome
            .figure("ran on after its timeout", ran_on, "ms")
            .check("the report stops at its timeout", ran_on <= cx.duration(BLOCK) / 4),
    })
}

/// How the report went.
struct Report {
    /// How long its task took or waited for it.
    took: Duration,
    /// The longest that it kept its worker, from one await to the next.
    kept: Duration,
    /// How long its thread went on after the timeout, if there was one.
    ran_on: Option<Duration>,
}

/// Ticks a fixed number of times; returns how late the worst tick was.
async fn ticker(tick: Duration) -> Duration {
    let mut worst = Duration::ZERO;
    for _ in 0..TICKS {
        // The task runs again only when a worker is free, which may be after `due`.
        let due = Instant::now() + tick;
        sleep_until(due).await;
        let late = due.elapsed();
        worst = worst.max(late);
        if late >= 2 * tick {
            warn!(counter.late_ms = late.as_millis() as u64, mark = "late", "a tick is late");
        }
    }
    worst
}

/// Makes the report, half a tick after the fifth tick.
async fn report(cx: Context) -> scenario::Result<Report> {
    let (clock, block, tick) = (cx.clock(), cx.duration(BLOCK), cx.duration(TICK));
    // Half a tick in whole milliseconds, which is what a timer can wait for.
    let half = Duration::from_millis(cx.number(TICK) / 2);
    sleep(tick * 5 + half).await;
    info!(moment = "report", "the report begins");
    let begun = Instant::now();
    let (mut kept, mut ran_on) = (Duration::ZERO, None);
    match cx.word(VARIANT) {
        // All of the work in one poll: nothing else runs on this worker until it ends.
        "block" => {
            info_span!("computes").in_scope(|| work::burn(clock, block));
            kept = begun.elapsed();
        }
        "yield" => {
            for piece in pieces(block, half) {
                let since = Instant::now();
                work::burn(clock, piece);
                kept = kept.max(since.elapsed());
                // Give the worker back, so that due timers fire and other tasks run.
                yield_now().await;
            }
        }
        "timeout" => ran_on = Some(until_it_times_out(clock, block).await?),
        // The work leaves the workers altogether.
        _ => on_threads(clock, pieces(block, half), cx.count(BLOCKING_THREADS)).await?,
    }
    info!(moment = "report done", "the report is done");
    let took = begun.elapsed().saturating_sub(ran_on.unwrap_or_default());
    Ok(Report { took, kept, ran_on })
}

/// Waits half as long for the report as it takes on its thread. Returns how long the thread then goes on.
async fn until_it_times_out(clock: Clock, block: Duration) -> scenario::Result<Duration> {
    let mut working = Builder::new().name("report thread").spawn_blocking(move || work::burn(clock, block))?;
    // This drops nothing but the wait. To drop or to abort the handle would not stop the thread either.
    if let Ok(done) = timeout(block / 2, &mut working).await {
        done?;
        return Ok(Duration::ZERO);
    }
    info!(moment = "timeout", mark = "timeout", "gives up on the report");
    let gave_up = Instant::now();
    // A program would go on. Here we wait, to see how long the thread goes on.
    working.await?;
    Ok(gave_up.elapsed())
}

/// Does each piece on a blocking thread, at most `threads` at a time.
///
/// Tokio allows 512 blocking threads for the whole runtime. A semaphore leaves some for other work.
async fn on_threads(clock: Clock, pieces: impl Iterator<Item = Duration>, threads: usize) -> scenario::Result<()> {
    let limit = Arc::new(Semaphore::new(threads));
    let mut working = JoinSet::new();
    for (i, piece) in pieces.enumerate() {
        // Wait for a permit before spawning. The thread drops it when the piece is done.
        let permit = limit.clone().acquire_owned().await?;
        working.build_task().name(&format!("piece {i}")).spawn_blocking(move || {
            work::burn(clock, piece);
            drop(permit);
        })?;
    }
    while let Some(done) = working.join_next().await {
        done?;
    }
    Ok(())
}

/// Cuts a duration into pieces no longer than `longest`.
fn pieces(whole: Duration, longest: Duration) -> impl Iterator<Item = Duration> {
    let mut left = whole;
    std::iter::from_fn(move || {
        let piece = left.min(longest);
        left = left.saturating_sub(piece);
        (!piece.is_zero()).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A long poll delays every other task until it ends. The same work in pieces does not.
    #[tokio::test(start_paused = true)]
    async fn one_task_that_blocks_delays_all_the_others() -> scenario::Result<()> {
        for (variant, block, tasks, worst, late) in [
            ("block", "1000", "6", 950.0, 6.0),
            ("block", "1000", "10", 950.0, 10.0),
            ("block", "2000", "10", 1950.0, 10.0),
            ("block", "1000", "20", 950.0, 20.0),
            ("yield", "1000", "10", 0.0, 0.0),
            ("yield", "1030", "10", 0.0, 0.0),
        ] {
            let turned = [(VARIANT, variant), (BLOCK, block), (TASKS, tasks)];
            let outcome = run(Context::of(&SCENARIO, &turned)).await?;
            let what = format!("{variant}: {block} ms beside {tasks} tasks");
            assert_eq!(outcome.value("worst tick late by"), Some(worst), "{what}");
            assert_eq!(outcome.value("tasks with a late tick"), Some(late), "{what}");
            assert_eq!(outcome.holds(), variant == "yield", "{what}");
        }
        Ok(())
    }

    /// A timeout ends the wait, and not the thread.
    #[test]
    fn a_blocking_call_outlives_its_timeout() {
        scenario::really(async || {
            let outcome = run(Context::real(&SCENARIO, &[(VARIANT, "timeout"), (BLOCK, "400"), (TASKS, "1")])).await?;
            let [took, ran_on] = ["report took", "ran on after its timeout"].map(|name| outcome.value(name).unwrap_or_default());
            assert!((200.0..300.0).contains(&took), "{outcome:?}");
            assert!(ran_on > 100.0, "{outcome:?}");
            let broken: Vec<_> = outcome.checks.iter().filter(|check| !check.holds).map(|check| check.name.as_str()).collect();
            assert_eq!(broken, ["the report stops at its timeout"]);
            Ok(())
        });
    }

    #[test]
    fn pieces_are_the_whole_and_none_is_longer() {
        let ms = Duration::from_millis;
        assert_eq!(pieces(ms(120), ms(50)).collect::<Vec<_>>(), [ms(50), ms(50), ms(20)]);
        assert_eq!(pieces(ms(0), ms(50)).count(), 0);
    }
}
