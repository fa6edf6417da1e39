//! # Workers: more of them help CPU work, not waiting
//!
//! Eight tasks do five rounds each. In each round half of them compute for 200 ms, and the other
//! half wait for 200 ms.
//!
//! **What you see.** With one worker the four tasks that compute take turns: their solid bars never
//! overlap, and the run takes 4000 ms. The four that wait need the worker for a moment in each
//! round, and get it late, after all four have had their turn.
//!
//! **Why.** A worker polls one task at a time, so computing takes the total CPU time divided by the
//! number of workers. A task that waits is not polled at all: eight or eighty thousand of them wait
//! at the same time, and need no worker. So workers help only the part of your work that computes,
//! and only up to the number of cores.
//!
//! **Try.** Set `mix` to 0: no task computes, and the run takes 1000 ms with one worker or four.
//! Set `mix` to 100: 8000 ms, all of it computing. Back with 50, set `tasks` to 16: twice the
//! computing takes twice the time, 8000 ms. Then use two workers: `--clock real --workers 2` takes
//! half of that, if two cores are free. Or set `flavor` to `multi_thread` on the real clock: one
//! worker per core.
//!
//! **Pitfall.** More workers than cores make nothing faster: they take turns on the cores, as the
//! tasks did on the worker. And if code that "waits" needs eight workers, it does not wait, it
//! blocks (see *Blocking*).
//!
//! **Words.** asyncio: one thread, always; a faster event loop shortens the moments between waits,
//! but not computing; use processes for work that computes. There a task that yields runs again
//! before tasks whose timers are due, so the twin takes 4600 ms. Tokio: you choose no loop but the
//! *flavor* of the runtime. `current_thread` polls all tasks on the thread that calls `block_on`:
//! enough for tasks that wait, but nothing else runs while one computes. `multi_thread`, the default
//! of `#[tokio::main]`, has one worker per core, or as many as `worker_threads` says; an idle worker
//! takes tasks from a busy one, so tasks must be `Send`.

use std::thread;
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, sleep};
use tracing::{info, info_span};

use scenario::prelude::*;
use scenario::work;

const TASKS: Param = Param::count("tasks", 8, (1, 1_000), "tasks", "How many tasks compute or wait.");
const CPU: Param = Param::millis("cpu", 200, (0, 60_000), "How long a computing task computes per round.");
const WAIT: Param = Param::millis("wait", 200, (0, 60_000), "How long a waiting task waits per round.");
const MIX: Param = Param::count("mix", 50, (0, 100), "%", "Share of tasks that compute; the rest wait.");
const FLAVOR: Param = Param::choice(
    "flavor",
    &["as-set", "current_thread", "multi_thread"],
    "The runtime: with the workers that are set, one thread, or a worker per core.",
);

/// How many rounds each task does.
const ROUNDS: u32 = 5;
/// The most workers that a run can have.
const MOST: usize = 64;
/// A task that runs this long after its timer was due had to wait for the worker.
const LATE: Duration = Duration::from_millis(20);

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "workers",
    title: "Workers",
    group: Group::Basics,
    lesson: "More workers help CPU work, not waiting.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[TASKS, CPU, WAIT, MIX, FLAVOR],
    patterns: &["worker threads", "CPU-bound against I/O-bound", "event loop choice"],
    differs: "asyncio always has one thread; Tokio has as many workers as you set, and tasks that compute run in parallel. \
              Beside tasks that compute, a waiting task is served one round later in asyncio.",
    builds_on: &["blocking"],
    real_because: "the virtual clock has only one worker",
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, ""),
            "{count:compute} tasks compute {param:cpu} in each round, and {count:wait} tasks wait {param:wait} in each. Workers: \
             {figure:workers}.",
        )
        .line("running.build_task()"),
        Stop::at(
            When::Crowd(For::Time),
            "{crowd} tasks wait for a timer at the same time. None of them needs a worker for that.",
        )
        .line("sleep(wait).await"),
        Stop::at(
            When::Wait(Nth::First, "compute", For::Turn),
            "{task} has computed {param:cpu} in one poll, and yields. Its worker polls one task at a time, so it ran no other \
             task.",
        )
        .line("info_span!(\"computes\")"),
        Stop::at(
            When::Log(Nth::First, "was due"),
            "{task} {text}. It needs the worker only for a moment, and gets it only between two polls of tasks that compute.",
        )
        .line("let late = due.elapsed()")
        .sometimes(),
        Stop::at(
            When::Over,
            "Computing took {figure:computed} of worker time, and the run took {figure:total}. More workers can share it; \
             waiting needs none.",
        ),
    ],
    questions: &[
        Question::new(
            "{param:tasks} tasks do 5 rounds each. {param:mix} % of them compute {param:cpu} in a round, the others wait \
             {param:wait}. How long does that take with this run's workers?",
            Answer::Time {
                is: "figure:total",
                typical: &[
                    ("param:cpu * 5", "That is one computing task alone. A worker polls one task at a time, so they take turns."),
                    ("param:cpu * 5 * param:tasks", "Only computing needs a worker. Waits add nothing to it."),
                ],
            },
            When::Over,
            "Computing took {figure:computed} of worker time (workers: {figure:workers}), and the waits went on meanwhile. The \
             run took {figure:total}.",
        )
        .unless("flavor", "multi_thread"),
        Question::new(
            "{param:mix} % of {param:tasks} tasks compute, and the others wait {param:wait} in each round. How many wait at the \
             same time at most?",
            Answer::Number {
                is: "crowd",
                typical: &[
                    (
                        "figure:workers",
                        "A task that waits is not polled. So it needs no worker, and any number can wait at once.",
                    ),
                    ("param:tasks", "A task that computes does not wait for a timer."),
                ],
            },
            When::Crowd(For::Time),
            "{crowd} tasks waited for their timers at the same time. Workers: {figure:workers}.",
        ),
    ],
    source: include_str!("workers.rs"),
    path: file!(),
    twin: include_str!("workers.py"),
    refuse,
    workers: workers_of_the_flavor,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// Refuses workers on the virtual clock, which has one thread.
fn refuse(values: &Values, clock: Clock) -> Result<(), ValueError> {
    if values.word(&FLAVOR) == "multi_thread" && clock == Clock::Virtual {
        let reason = "multi_thread needs the real clock: the virtual clock has one thread".to_owned();
        return Err(ValueError { param: FLAVOR.name, reason });
    }
    Ok(())
}

/// Returns how many workers the runtime gets: a multi-thread runtime has as many as there are cores unless a number is set.
fn workers_of_the_flavor(values: &Values, clock: Clock, set: usize) -> usize {
    match (values.word(&FLAVOR), clock, set) {
        ("current_thread", ..) => 0,
        ("multi_thread", Clock::Real, 0) => thread::available_parallelism().map_or(1, usize::from).min(MOST),
        _ => set,
    }
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let tasks = cx.count(TASKS);
    let computing = tasks * cx.count(MIX) / 100;

    // Start the tasks that wait, and then those that compute.
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

    // Predict the total: the computing divided among the workers, or the rounds of a waiting task if those take longer.
    let total = started.elapsed();
    let workers = Handle::current().metrics().num_workers();
    let wait = if computing < tasks { cx.duration(WAIT) } else { Duration::ZERO };
    let share = (computed / workers as u32).max(longest);
    let (least, most) = (share.max(wait * ROUNDS), share.max(waits_beside(share, wait)));
    let slack = if cx.clock() == Clock::Real { Duration::from_millis(50) } else { Duration::ZERO };
    let outcome = Outcome::new()
        .figure("done", done, "tasks")
        .figure("workers", workers, "workers")
        .figure("computed", computed, "ms")
        .figure("predicted", most, "ms")
        .figure("total", total, "ms")
        .check("every task is done", done == tasks)
        .check("the total is as predicted, within 20 %", least.mul_f64(0.8) <= total && total <= most.mul_f64(1.2) + slack);
    let flavor = Handle::current().runtime_flavor();
    Ok(match cx.word(FLAVOR) {
        "current_thread" => outcome.check("everything runs on one thread", flavor == RuntimeFlavor::CurrentThread),
        "multi_thread" => outcome.check("the workers share the tasks", flavor == RuntimeFlavor::MultiThread),
        _ => outcome,
    })
}

/// Computes in each round, and yields in between. Returns how long it was busy.
///
/// That is measured, because with more workers than cores each one is slower than the parameter says.
async fn compute(clock: Clock, cpu: Duration) -> Duration {
    let mut busy = Duration::ZERO;
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        info_span!("computes").in_scope(|| work::burn(clock, cpu));
        busy += begun.elapsed();
        // Without this yield the task would keep the worker through all its rounds.
        yield_now().await;
    }
    busy
}

/// Waits in each round. It is never busy.
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

/// Returns how long a waiting task takes beside that much computing. It runs only when the others have finished a turn.
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

    /// On one worker computing adds up; waiting does not.
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

    /// The prediction is exact at odd settings too, where a wait just misses a turn.
    #[tokio::test(start_paused = true)]
    async fn a_wait_that_misses_a_turn_is_served_in_the_next() -> scenario::Result<()> {
        for wait in ["1", "199", "799", "801", "900", "1601", "5000"] {
            let outcome = run(Context::of(&SCENARIO, &[(WAIT, wait)])).await?;
            assert_eq!(outcome.value("total"), outcome.value("predicted"), "waits of {wait} ms");
        }
        Ok(())
    }

    /// The flavor decides how many workers the runtime gets. A number that is set counts, except for one thread.
    #[test]
    fn the_flavor_decides_how_many_workers_there_are() {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        for (flavor, clock, set, workers) in [
            ("as-set", Clock::Real, 0, 0),
            ("as-set", Clock::Real, 3, 3),
            ("current_thread", Clock::Virtual, 0, 0),
            ("current_thread", Clock::Real, 3, 0),
            ("multi_thread", Clock::Real, 0, cores.min(MOST)),
            ("multi_thread", Clock::Real, 3, 3),
        ] {
            let mut values = Values::defaults(SCENARIO.params);
            values.set(&FLAVOR, FLAVOR.parse(flavor).expect("one of its words"));
            assert_eq!(refuse(&values, clock), Ok(()), "{flavor}");
            assert_eq!((SCENARIO.workers)(&values, clock, set), workers, "{flavor}, {set} are set");
            assert_eq!(refuse(&values, Clock::Virtual).is_err(), flavor == "multi_thread", "{flavor}");
        }
    }

    /// The check knows on which runtime the tasks run.
    #[test]
    fn a_run_on_another_runtime_than_the_flavor_says_breaks_its_check() -> scenario::Result<()> {
        for (flavor, mut builder, holds) in [
            ("current_thread", Builder::new_current_thread(), true),
            ("current_thread", Builder::new_multi_thread(), false),
            ("multi_thread", Builder::new_current_thread(), false),
            ("multi_thread", Builder::new_multi_thread(), true),
        ] {
            let cx = Context::real(&SCENARIO, &[(MIX, "0"), (WAIT, "1"), (FLAVOR, flavor)]);
            let outcome = builder.enable_time().build()?.block_on(async { tokio::spawn(run(cx)).await })??;
            assert_eq!(outcome.checks.last().map(|check| check.holds), Some(holds), "{flavor}: {outcome:?}");
        }
        Ok(())
    }

    /// By the prediction that the check uses, two workers take half of the time. By the clock they do so only if nothing
    /// else uses the cores, which no test can guarantee.
    #[test]
    fn two_workers_need_half_of_the_time() -> scenario::Result<()> {
        for workers in [1, 2] {
            let runtime = Builder::new_multi_thread().worker_threads(workers).enable_time().build()?;
            let cx = Context::real(&SCENARIO, &[(MIX, "100"), (CPU, "5")]);
            let outcome = runtime.block_on(async { tokio::spawn(run(cx)).await })??;
            let both = outcome.value("predicted").zip(outcome.value("computed"));
            let part = both.map_or(0.0, |(time, computed)| time * workers as f64 / computed);
            assert!((0.999..1.001).contains(&part), "{workers} workers: {outcome:?}");
        }
        Ok(())
    }
}
