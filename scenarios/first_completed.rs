//! # First completed: the first one wins, but the losers keep running
//!
//! Three mirrors are asked for the same file at once. The first answer is good enough,
//! but the other two are still on their way.
//!
//! **What you see.** Three bars start together. When the shortest ends, you have the
//! answer, but the other two bars go on to their ends. They use CPU, memory and
//! connections for results that nobody needs. With `losers=abort`, they are aborted at
//! the first answer.
//!
//! **Why.** A task runs until it ends or is aborted, even if nobody waits for it. So if
//! you race *tasks*, you decide what happens to the losers. In `tokio::select!` the
//! racers are futures, not tasks: when the first one wins, the losers are dropped and end
//! there.
//!
//! **Try.** Set `losers` to `abort`: the run ends with the first answer. Set `tasks` to
//! 10: the first answer never comes later, because the ten draws contain the first three,
//! and with `keep` the last loser never ends earlier. Set `latency_min` to 2000, like
//! `latency_max`: all answers arrive at 2000 ms, and the race gains nothing.
//!
//! **Pitfall.** A future that loses in `select!` is dropped at its await, with everything
//! that it holds. Race only what may be cancelled (see *Cancellation*), or spawn it and
//! keep it.
//!
//! **Words.** asyncio: `done, pending = await asyncio.wait(tasks,
//! return_when=FIRST_COMPLETED)`, then `task.cancel()` for each pending task. Tokio:
//! `JoinSet::join_next`, then `abort_all` or keep joining; or `tokio::select!`.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info, info_span};

use scenario::prelude::*;

const TASKS: Param = Param::count("tasks", 3, (1, 1_000), "tasks", "How many mirrors are asked at once.");
const LATENCY_MIN: Param = Param::millis("latency_min", 500, (0, 60_000), "Shortest time that an answer takes.");
const LATENCY_MAX: Param = Param::millis("latency_max", 2_000, (0, 60_000), "Longest time that an answer takes.");
const LOSERS: Param = Param::choice("losers", &["keep", "abort"], "What happens to the losers.");

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "first-completed",
    title: "First completed",
    group: Group::Basics,
    lesson: "The first one wins, but the losers keep running.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[TASKS, LATENCY_MIN, LATENCY_MAX, LOSERS],
    patterns: &["wait for the first completed", "race", "hedged request"],
    differs: "`asyncio.wait` takes tasks, so the losers keep running; `select!` takes futures, and drops the losers at their \
              await.",
    builds_on: &["spawn"],
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "mirror"),
            "main asks {count:mirror} mirrors for the same file, each in a task. The first answer is good enough.",
        )
        .line("mirrors.build_task()"),
        Stop::at(When::Log(Nth::First, "mirror"), "{task} answers first, at {time}. Its task ends and wakes main.")
            .line("mirrors.join_next().await.ok_or"),
        Stop::at(
            When::Resume(Nth::First, "main", For::Join),
            "main has its answer from {by}. It does not stop the losers: {alive} tasks run on, for answers that nobody needs.",
        )
        .line("if abort {")
        .only("losers", "keep"),
        Stop::at(
            When::End(Nth::Number(2), "mirror", How::Well),
            "{task} loses. It ends only at {time}, when its own answer has arrived, and main throws that answer away.",
        )
        .line("finished += 1")
        .only("losers", "keep"),
        Stop::at(
            When::End(Nth::Last, "mirror", How::Cancelled),
            "main aborts the losers: {cancelled} tasks are dropped at the await where they waited. They end at {time}.",
        )
        .line("mirrors.abort_all()")
        .only("losers", "abort"),
        Stop::at(
            When::Over,
            "The answer came after {figure:first answer}, and the run took {figure:total}. Of the losers, {figure:losers finished} ran to \
             their ends and {figure:losers aborted} were aborted.",
        ),
    ],
    questions: &[
        Question::new(
            "main asks {param:tasks} mirrors, each in a task, and takes the first answer (losers: {param:losers}). How many \
             losers run to their ends?",
            Answer::Number {
                is: "figure:losers finished",
                typical: &[
                    ("0", "A task runs until it ends or is aborted, even if nothing needs its answer."),
                    ("param:tasks - 1", "main aborts the losers, and they are dropped at the await where they wait."),
                ],
            },
            When::Over,
            "{figure:losers finished} losers ran to their ends, and {figure:losers aborted} were aborted.",
        ),
        Question::new(
            "main takes the first of {param:tasks} answers and then joins the other tasks (losers: {param:losers}). When is the \
             run over?",
            Answer::Choice(&[
                Choice::new("When the slowest mirror has answered", If::More("figure:total", "figure:first answer")),
                Choice::new("As soon as the first answer is there", If::Equal("figure:total", "figure:first answer")),
                Choice::new("Never: main waits for answers that do not come", If::Otherwise),
            ]),
            When::Over,
            "The first answer came after {figure:first answer}, and the last task ended after {figure:total}.",
        ),
    ],
    source: include_str!("first_completed.rs"),
    path: file!(),
    twin: include_str!("first_completed.py"),
    refuse,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// The range must not end before it begins.
fn refuse(values: &Values, _: Clock) -> Result<(), ValueError> {
    let (min, max) = (values.number(&LATENCY_MIN), values.number(&LATENCY_MAX));
    if min <= max {
        return Ok(());
    }
    Err(ValueError { param: LATENCY_MIN.name, reason: format!("{min} ms is more than latency_max: at most {max} ms") })
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let tasks = cx.count(TASKS);
    let range = cx.number(LATENCY_MIN)..=cx.number(LATENCY_MAX);
    let latencies: Vec<_> = (0..tasks).map(|i| Duration::from_millis(cx.draw("route", i, range.clone()))).collect();
    let shortest = latencies.iter().copied().min().unwrap_or_default();
    let longest = latencies.iter().copied().max().unwrap_or_default();

    let mut mirrors = JoinSet::new();
    for (i, latency) in latencies.iter().enumerate() {
        mirrors.build_task().name(&format!("mirror {i}")).spawn(ask(i, *latency))?;
    }
    // The first task to end wins. The others run on, whether or not we wait for them.
    let winner = mirrors.join_next().await.ok_or("no mirror was asked")??;
    let answered = started.elapsed();
    let abort = cx.word(LOSERS) == "abort";
    let word = if abort { "answer, losers aborted" } else { "answer, losers run on" };
    info!(moment = word, counter.unused = 0, counter.cut = 0, "mirror {winner} is first; {} still run", mirrors.len());
    if abort {
        mirrors.abort_all();
    }
    // Join the losers too: an aborted task is gone only when it has been joined.
    let (mut finished, mut cut) = (0_usize, 0_usize);
    while let Some(loser) = mirrors.join_next().await {
        match loser {
            Ok(_) => finished += 1,
            Err(error) if error.is_cancelled() => cut += 1,
            Err(error) => return Err(error.into()),
        }
        info!(counter.unused = finished, counter.cut = cut, mark = "unused", "a loser has ended");
    }

    let total = started.elapsed();
    let outcome = Outcome::new()
        .figure("first answer", answered, "ms")
        .figure("losers finished", finished, "mirrors")
        .figure("losers aborted", cut, "mirrors")
        .figure("total", total, "ms")
        .check("the fastest mirror wins", cx.on_time(answered, shortest));
    Ok(if abort {
        outcome.check("the run ends with the first answer", cx.on_time(total, shortest))
    } else {
        let all = finished + 1 == tasks && cx.on_time(total, longest);
        outcome.check("every loser runs to its end", all)
    })
}

/// Asks mirror `i`; returns `i` when the answer arrives.
async fn ask(i: usize, latency: Duration) -> usize {
    sleep(latency).instrument(info_span!("fetches")).await;
    info!("mirror {i} answers");
    i
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// The first answer arrives at the same time in both variants. Only with `abort` does the run end then.
    #[tokio::test(start_paused = true)]
    async fn losers_go_on_unless_they_are_aborted() -> scenario::Result<()> {
        let keep = run(Context::of(&SCENARIO, &[])).await?;
        let abort = run(Context::of(&SCENARIO, &[(LOSERS, "abort")])).await?;
        assert_eq!(keep.value("first answer"), abort.value("first answer"));
        assert_eq!(abort.value("total"), abort.value("first answer"));
        assert!(keep.value("total") > keep.value("first answer"));
        assert_eq!((keep.value("losers finished"), keep.value("losers aborted")), (Some(2.0), Some(0.0)));
        assert_eq!((abort.value("losers finished"), abort.value("losers aborted")), (Some(0.0), Some(2.0)));

        let ten = run(Context::of(&SCENARIO, &[(TASKS, "10")])).await?;
        assert!(ten.value("first answer") <= keep.value("first answer"), "ten draws contain the three");
        assert!(ten.value("total") >= keep.value("total"));

        let equal = run(Context::of(&SCENARIO, &[(LATENCY_MIN, "2000")])).await?;
        assert_eq!((equal.value("first answer"), equal.value("total")), (Some(2000.0), Some(2000.0)));
        assert!([keep, abort, ten, equal].iter().all(Outcome::holds));
        Ok(())
    }

    /// `select!` drops the loser, and everything that it owns with it.
    #[tokio::test(start_paused = true)]
    async fn a_future_that_loses_in_select_is_dropped() {
        let owned = Arc::new(());
        let held = owned.clone();
        let slow = async move {
            sleep(Duration::from_millis(200)).await;
            drop(held);
        };
        tokio::select! {
            () = slow => panic!("100 ms come before 200"),
            () = sleep(Duration::from_millis(100)) => {}
        }
        assert_eq!(Arc::strong_count(&owned), 1);
    }
}
