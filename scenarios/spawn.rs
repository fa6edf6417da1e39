//! # Spawn: a task runs on its own; a future does not
//!
//! Main starts two downloads, does something else for half a second, and then awaits the results.
//!
//! **What you see.** Both downloads begin at once, while main does its other work. When main
//! reaches the `.await`, half of their time has already passed, and main waits only for the rest.
//!
//! **Why.** `spawn` hands a future to the runtime, which polls it from then on, whether or not
//! another task awaits it. The handle only gives you the result. A future that you do not spawn is
//! a value like any other: nothing polls it before its `.await`, so it begins only there.
//!
//! **Try.** Set `other_work` to 1500: the run takes 1500 ms, and the downloads add nothing. Set
//! `latency` to 2000: it takes 2000 ms. Back with the defaults, set `variant` to `future`: the
//! downloads have no lanes, because they are not tasks, and the run takes 500 + 2 × 1000 ms, one
//! after the other. Set `tasks` to 4: `spawn` takes as long as before, `future` 2000 ms longer. Set
//! `step` to 300: each download takes longer than the one before, and `spawn` takes as long as the
//! longest, 1900 ms; `future` takes 6300 ms.
//!
//! **Pitfall.** A task does not stop because you do not await it. And if you await its handle too
//! early, before the other work, a plain call would do the same.
//!
//! **Words.** asyncio: `asyncio.create_task(download())` and later `await task`; the task starts at
//! the next `await` of its creator. Tokio: `tokio::spawn(download())` and later `handle.await?`;
//! the task may start at once, on another worker. The scenarios spawn with
//! `tokio::task::Builder` instead, only to give the task a name, which labels its lane; that builder
//! needs the compiler flag `--cfg tokio_unstable`.

use std::time::Duration;

use tokio::task::Builder;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info, info_span};

use scenario::prelude::*;

const TASKS: Param = Param::count("tasks", 2, (1, 1_000), "tasks", "How many downloads main starts.");
const LATENCY: Param = Param::millis("latency", 1_000, (0, 60_000), "How long a download takes.");
const STEP: Param = Param::millis("step", 0, (0, 60_000), "Extra time of each download over the last.");
const OTHER_WORK: Param = Param::millis("other_work", 500, (0, 60_000), "How long main does something else.");
const VARIANT: Param = Param::choice("variant", &["spawn", "future"], "Spawn each download, or keep it a future.");

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "spawn",
    title: "Spawn",
    group: Group::Basics,
    lesson: "A task runs on its own; a future does not.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[TASKS, LATENCY, STEP, OTHER_WORK, VARIANT],
    patterns: &["background task", "create task", "join handle", "lazy future"],
    differs: "An asyncio task starts at the next `await` of its creator; a Tokio task may start at once, on another worker.",
    builds_on: &["sequential"],
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "download"),
            "main spawns {count:download} downloads and goes on. From now on the runtime polls them, although main awaits none \
             of them.",
        )
        .line("Builder::new().name")
        .only("variant", "spawn"),
        Stop::at(
            When::Log(Nth::First, "download"),
            "{task} begins at {time}, without an await. main has other work of {param:other_work} to do.",
        )
        .line("sleep(latency)")
        .only("variant", "spawn"),
        Stop::at(
            When::Log(Nth::First, "main waits"),
            "At {time} main has done its other work and awaits the first handle. The downloads did not need this await to begin.",
        )
        .line("download.await?")
        .only("variant", "spawn"),
        Stop::at(
            When::Resume(Nth::First, "main", For::Join),
            "{by} ends and wakes main, which waited {lasted} for it. The time before that await was not lost: the download ran \
             in it.",
        )
        .only("variant", "spawn"),
        Stop::at(
            When::Over,
            "{figure:downloaded} downloads and {figure:other work} of other work took {figure:total}: as long as the longest of \
             them.",
        )
        .only("variant", "spawn"),
        Stop::at(
            When::Spawn(Nth::First, "main"),
            "main makes {param:tasks} futures and spawns none of them. A future is a value: none of its code runs before its \
             first poll.",
        )
        .line("let futures")
        .only("variant", "future"),
        Stop::at(
            When::Log(Nth::First, "the first download begins"),
            "At {time} main has done its other work. No download has begun, because nothing has polled it.",
        )
        .line("the first download begins")
        .only("variant", "future"),
        Stop::at(
            When::Log(Nth::First, "download"),
            "The first download begins here, at its await. It has no lane: {task} itself polls it, and can do nothing else \
             meanwhile.",
        )
        .line("future.await")
        .only("variant", "future"),
        Stop::at(
            When::Log(Nth::Number(2), "download"),
            "The next download begins at {time}, when the first has ended and main awaits the next future.",
        )
        .line("future.await")
        .only("variant", "future"),
        Stop::at(
            When::Over,
            "The run took {figure:total}: the other work, and then {figure:downloaded} downloads, one after the other.",
        )
        .only("variant", "future"),
    ],
    questions: &[
        Question::new(
            "main makes {param:tasks} downloads (variant {param:variant}), does other work for {param:other_work} and then \
             awaits them. When does the first begin?",
            Answer::Choice(&[
                Choice::new("Before the other work has ended", If::Less("time", "param:other_work")),
                Choice::new("When a thread is free, after main awaits it", If::More("time", "param:other_work")),
                Choice::new("After the other work, when main awaits it", If::Otherwise),
            ]),
            When::Log(Nth::First, "download"),
            "The first download began at {time}. main did other work for {param:other_work} before its first await of a \
             download.",
        ),
        Question::new(
            "main does other work for {param:other_work} and then awaits its {param:tasks} downloads (variant {param:variant}). \
             How long does the run take?",
            Answer::Choice(&[
                Choice::new(
                    "As long as the other work and the longest download",
                    If::Equal("figure:total", "param:tasks - 1 * param:step + param:latency + param:other_work"),
                ),
                Choice::new(
                    "As long as the other work and all downloads",
                    If::Equal(
                        "figure:total",
                        "param:tasks - 1 / 2 * param:step + param:latency * param:tasks + param:other_work",
                    ),
                ),
                Choice::new("As long as the longest of them all", If::Otherwise),
            ]),
            When::Over,
            "The run took {figure:total}. A spawned download runs beside the other work; a future runs only in its own await.",
        ),
    ],
    source: include_str!("spawn.rs"),
    path: file!(),
    twin: include_str!("spawn.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let (tasks, other) = (cx.count(TASKS), cx.duration(OTHER_WORK));
    let takes = |i: usize| cx.duration(LATENCY) + cx.duration(STEP) * i as u32;

    let spawned = cx.word(VARIANT) == "spawn";
    let downloaded = if spawned {
        // Spawned, all downloads run during the other work. Without a name: `tokio::spawn(download(i, takes(i)))`.
        let handles = (0..tasks).map(|i| Builder::new().name(&format!("download {i}")).spawn(download(i, takes(i))));
        let handles = handles.collect::<Result<Vec<_>, _>>()?;
        other_work(other).await;
        info!(moment = "main awaits", "main waits for the rest of the downloads");
        let mut downloaded = 0;
        for download in handles {
            downloaded += download.await?;
        }
        downloaded
    } else {
        // Calling `download` makes a future, and runs none of its code.
        let futures: Vec<_> = (0..tasks).map(|i| download(i, takes(i))).collect();
        other_work(other).await;
        info!(moment = "main awaits", "the first download begins");
        let mut downloaded = 0;
        for future in futures {
            downloaded += future.await;
        }
        downloaded
    };

    let total = started.elapsed();
    let outcome = Outcome::new()
        .figure("downloaded", downloaded, "files")
        .figure("other work", other, "ms")
        .figure("total", total, "ms")
        .check("every file is downloaded", downloaded == tasks);
    Ok(if spawned {
        outcome.check("it takes the longer of the two times", cx.on_time(total, other.max(takes(tasks - 1))))
    } else {
        outcome.check("nothing begins before its await", cx.on_time(total, other + (0..tasks).map(takes).sum::<Duration>()))
    })
}

/// One download. None of it runs before the first poll.
async fn download(i: usize, latency: Duration) -> usize {
    info!("download {i} begins");
    sleep(latency).instrument(info_span!("downloads")).await;
    1
}

/// What main does meanwhile.
async fn other_work(takes: Duration) {
    sleep(takes).instrument(info_span!("other work")).await;
    info!("other work is done");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With unequal times, spawned downloads take as long as the longest, and futures as long as all of them.
    #[tokio::test(start_paused = true)]
    async fn the_longest_download_decides_if_all_run_at_once() -> scenario::Result<()> {
        for (variant, step, total) in [("spawn", "300", 1900.0), ("future", "300", 6300.0), ("spawn", "0", 1000.0)] {
            let outcome = run(Context::of(&SCENARIO, &[(VARIANT, variant), (TASKS, "4"), (STEP, step)])).await?;
            assert_eq!(outcome.value("total"), Some(total), "{variant}, {step}");
            assert!(outcome.holds());
        }
        Ok(())
    }

    /// Spawned, the downloads overlap the other work; as futures they run after it, one by one.
    #[tokio::test(start_paused = true)]
    async fn a_task_runs_while_main_works_and_a_future_does_not() -> scenario::Result<()> {
        for (variant, tasks, latency, other, total) in [
            ("spawn", "2", "1000", "500", 1000.0),
            ("spawn", "2", "1000", "1500", 1500.0),
            ("spawn", "2", "2000", "500", 2000.0),
            ("spawn", "4", "1000", "500", 1000.0),
            ("future", "2", "1000", "500", 2500.0),
            ("future", "4", "1000", "500", 4500.0),
        ] {
            let turned = [(VARIANT, variant), (TASKS, tasks), (LATENCY, latency), (OTHER_WORK, other)];
            let outcome = run(Context::of(&SCENARIO, &turned)).await?;
            assert_eq!(outcome.value("total"), Some(total), "{variant}: {tasks} of {latency} ms beside {other} ms");
            assert!(outcome.holds());
        }
        Ok(())
    }
}
