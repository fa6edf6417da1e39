//! # Gather with errors: one failure, abort the others or collect?
//!
//! Six calls start at once. Each takes a step longer than the one before, and every third
//! one fails. What happens to the others?
//!
//! **What you see.** With `variant=collect`, two lanes end with a ✗ and the other four
//! run to their ends. With `fail-fast`, all calls that still run at the first ✗ are
//! aborted at that moment. With `safe-wrapper` there is no ✗ at all: each call handles
//! its own error and returns a default instead.
//!
//! **Why.** A failing task reports only to its handle, and the others run on. The caller
//! decides what the failure means. The results may be independent (collect). They may be
//! useless without each other (fail fast, and do not pay for the rest). Or there may be a
//! sensible substitute (handle the error where it happens).
//!
//! **Try.** Set `variant` to `fail-fast`: the run ends at 300 ms instead of 600, with two
//! results, one failure and three aborted calls. Set `fail_every` to 1: the run ends at
//! 100 ms, and five calls are aborted. Set `fail_every` to 0: nothing fails, and the
//! variants are the same. Set `variant` to `first-error`: at 300 ms main has one error and
//! no result, three calls run on, and nobody hears that call 5 fails, too. Set it to
//! `first-exception`: main stops waiting at 300 ms as well, but keeps the calls, and joins
//! the three that are left. Set `latency` to 0 and `base` to 500: all calls take equally
//! long and two fail at the same moment. Collected, you get both errors; with
//! `first-error`, one.
//!
//! **Pitfall.** `for handle in handles { handle.await?? }` looks like fail-fast but is
//! not. It returns at the first error *in the order of the list*. The handles behind it
//! are dropped, and their tasks run on unseen. `try_join_all(handles)` returns at the first
//! error in time, and drops the handles just so. A `JoinSet` aborts its tasks when it is
//! dropped; to be sure that they are gone, join them.
//!
//! **Words.** asyncio: `gather(…, return_exceptions=True)` collects; `TaskGroup` fails
//! fast; plain `gather` does neither: it raises the first error and lets the others run;
//! `wait(…, return_when=FIRST_EXCEPTION)` gives you what is done and what is pending.
//! Tokio: a `JoinSet` whose results you keep, or `abort_all` at the first `Err`;
//! `try_join_all` of handles is plain `gather`; `tokio::try_join!` for a few futures drops
//! the others at the first `Err`.

use std::fmt;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::sync::mpsc;
use tokio::task::{Builder, JoinError, JoinSet};
use tokio::time::{Instant, sleep};
use tracing::{Instrument, error, info, info_span, warn};

use scenario::prelude::*;

const TASKS: Param = Param::count("tasks", 6, (1, 1_000), "tasks", "How many calls start at once.");
const FAIL_EVERY: Param = Param::count("fail_every", 3, (0, 1_000), "calls", "Fail every nth call; 0 fails none.");
const LATENCY: Param = Param::millis("latency", 100, (0, 60_000), "Extra time of each call over the last.");
const BASE: Param = Param::millis("base", 0, (0, 60_000), "Time that every call takes in any case.");
const VARIANT: Param = Param::choice(
    "variant",
    &["collect", "fail-fast", "safe-wrapper", "first-error", "first-exception"],
    "What the first failure means for the others.",
);

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "gather-errors",
    title: "Gather with errors",
    group: Group::Basics,
    lesson: "One failure: abort the others or collect?",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[TASKS, FAIL_EVERY, LATENCY, BASE, VARIANT],
    patterns: &["gather with return_exceptions", "collect errors", "fail fast", "safe wrapper", "wait for the first exception"],
    differs: "`gather` raises the first error and lets the others run, `TaskGroup` cancels them; a `JoinSet` lets them run \
              until `abort_all`, `try_join!` drops them.",
    builds_on: &["gather"],
    breaks: &[Breaks::checks(&[("variant", "first-error")], &["every call ended as ok, failed or cancelled"])],
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "call"),
            "main starts {count:call} calls at once. Each call is a task, and its result or its error goes to its handle.",
        )
        .line("calls.build_task()"),
        Stop::at(
            When::End(Nth::First, "call", How::Failed),
            "{task} fails at {time}. Only its handle gets the error, so no other call notices. What follows is main's choice.",
        )
        .sometimes(),
        Stop::at(
            When::Log(Nth::First, "call"),
            "main joins the failed call, counts its error and goes on joining. {alive} calls still run.",
        )
        .line("calls.join_next()")
        .only("variant", "collect"),
        Stop::at(
            When::End(Nth::Last, "call", How::Somehow),
            "{task} ends last, at {time}. main has waited for every call, whether it failed or not.",
        )
        .only("variant", "collect"),
        Stop::at(
            When::End(Nth::Last, "call", How::Cancelled),
            "main aborts the calls that still run: {cancelled} are dropped at their awaits. It joins them too, to know that they have \
             ended.",
        )
        .line("calls.abort_all()")
        .only("variant", "fail-fast"),
        Stop::at(
            When::Log(Nth::First, "call"),
            "{task} handles its own error at {time} and returns a default. The task does not fail, and main sees no error.",
        )
        .line("call.await.or_else")
        .only("variant", "safe-wrapper"),
        Stop::at(
            When::Log(Nth::First, "call"),
            "main awaits its calls together, gets the first error and drops every handle. {alive} calls run on, and no task gets their \
             results.",
        )
        .line("try_join_all(calls)")
        .only("variant", "first-error"),
        Stop::at(
            When::Log(Nth::First, "call"),
            "main stops waiting for results, but keeps its set of calls: {alive} still run. It can abort them or, as here, join \
             them.",
        )
        .line("calls.try_join_next()")
        .only("variant", "first-exception"),
        Stop::at(
            When::Over,
            "For main, {figure:ok} of {count:call} calls gave a result, {figure:failed} failed and {figure:cancelled} were aborted. It waited \
             {figure:total}.",
        ),
    ],
    questions: &[
        Question::new(
            "main starts {param:tasks} calls at once, and one in {param:fail_every} fails (variant {param:variant}). What \
             becomes of the calls that still run then?",
            Answer::Choice(&[
                Choice::new("They are aborted at that moment", If::More("figure:cancelled", "0")),
                Choice::new("They run on, and main learns how each ends", If::Equal("figure:ok + figure:failed", "param:tasks")),
                Choice::new("They run on, and main learns nothing of them", If::Otherwise),
            ]),
            When::Over,
            "Of {param:tasks} calls, main knows of {figure:ok} with a result, {figure:failed} that failed and {figure:cancelled} \
             that it aborted.",
        )
        .unless("fail_every", "0"),
        Question::new(
            "The first call takes {param:base + param:latency}, each next one {param:latency} more, and number \
             {param:fail_every} is the first to fail. When is main done ({param:variant})?",
            Answer::Time {
                is: "figure:total",
                typical: &[
                    (
                        "param:latency * param:fail_every + param:base",
                        "The first call fails then, but main goes on until it has joined the others, too.",
                    ),
                    (
                        "param:latency * param:tasks + param:base",
                        "The longest call would end then, but main does not wait for it.",
                    ),
                ],
            },
            When::Over,
            "main waited {figure:total}. It got {figure:ok} results, and {figure:cancelled} of {param:tasks} calls were aborted.",
        )
        .unless("fail_every", "0"),
    ],
    source: include_str!("gather_errors.rs"),
    path: file!(),
    twin: include_str!("gather_errors.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// A call that got no answer.
#[derive(Debug)]
struct NoAnswer {
    call: usize,
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call {} got no answer", self.call)
    }
}

impl std::error::Error for NoAnswer {}

/// What a call returns.
enum Reply {
    /// The service's answer.
    Given,
    /// A default, because the call failed.
    Default,
}

/// How long a call takes: each one a step longer than the one before.
fn takes(cx: &Context, i: usize) -> Duration {
    cx.duration(BASE) + cx.duration(LATENCY) * (i + 1) as u32
}

/// Whether a call fails. Counts from 1, so that every third call is the third, the sixth …
fn fails(cx: &Context, i: usize) -> bool {
    (i + 1).checked_rem(cx.count(FAIL_EVERY)) == Some(0)
}

/// How the calls ended that have been joined.
#[derive(Default, Clone, Copy)]
struct Ends {
    ok: usize,
    failed: usize,
    cancelled: usize,
}

impl Ends {
    /// Counts a call that has ended. Returns the error of the first one that failed, at that time.
    fn count(&mut self, end: Result<Result<Reply, NoAnswer>, JoinError>) -> Result<Option<NoAnswer>, JoinError> {
        match end {
            Ok(Ok(Reply::Given)) => self.ok += 1,
            Ok(Ok(Reply::Default)) => self.failed += 1,
            Ok(Err(no_answer)) => {
                self.failed += 1;
                return Ok((self.failed == 1).then_some(no_answer));
            }
            Err(cut) if cut.is_cancelled() => self.cancelled += 1,
            Err(panic) => return Err(panic),
        }
        Ok(None)
    }
}

async fn run(cx: Context) -> scenario::Result {
    if cx.word(VARIANT) == "first-error" { first_error(cx).await } else { every_end(cx).await }
}

/// All variants but `first-error`: main hears how every call ended.
async fn every_end(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let tasks = cx.count(TASKS);

    let mut calls = JoinSet::new();
    for i in 0..tasks {
        let call = call(i, takes(&cx, i), fails(&cx, i));
        let name = format!("call {i}");
        let task = calls.build_task().name(&name);
        if cx.word(VARIANT) == "safe-wrapper" {
            task.spawn(or_default(call))?;
        } else {
            task.spawn(reported(call))?;
        }
    }

    let (fail_fast, first_exception) = (cx.word(VARIANT) == "fail-fast", cx.word(VARIANT) == "first-exception");
    // Join every task, so that each call is counted: as a result, a failure or an abort.
    let (mut ends, mut pending) = (Ends::default(), 0);
    while let Some(end) = calls.join_next().await {
        if let Some(NoAnswer { call }) = ends.count(end)? {
            info!(
                moment = if fail_fast { "error, others aborted" } else { "error, others run on" },
                "call {call} failed: the others {}",
                if fail_fast { "are aborted" } else { "run on" }
            );
            // The loop still joins the aborted tasks, to know that they are gone.
            if fail_fast {
                calls.abort_all();
            }
            // Take what has ended by now. The rest is pending and still in the set: abort it, or go on joining, as here.
            if first_exception {
                while let Some(end) = calls.try_join_next() {
                    ends.count(end)?;
                }
                pending = calls.len();
            }
        }
        let Ends { ok, failed, cancelled } = ends;
        info!(counter.ok = ok, counter.failed = failed, counter.cancelled = cancelled, "{} to go", calls.len());
    }

    let Ends { ok, failed, cancelled } = ends;
    let total = started.elapsed();
    let decides = (0..tasks).find(|i| fail_fast && fails(&cx, *i)).unwrap_or(tasks - 1);
    let outcome = Outcome::new()
        .figure("ok", ok, "calls")
        .figure("failed", failed, "calls")
        .figure("cancelled", cancelled, "calls")
        .figure("total", total, "ms")
        .check("every call ended as ok, failed or cancelled", ok + failed + cancelled == tasks)
        .check(format!("the run ends with call {decides}"), cx.on_time(total, takes(&cx, decides)));
    Ok(if first_exception { outcome.figure("pending at the first error", pending, "calls") } else { outcome })
}

/// `first-error`, as plain `gather` does: main gets the first error or all results, and the other calls run on.
async fn first_error(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let tasks = cx.count(TASKS);
    // Nothing is ever sent: each call has a sender, which shows that it still runs.
    let (here, mut gone) = mpsc::channel::<()>(1);

    let mut calls = Vec::new();
    for i in 0..tasks {
        let (call, here) = (reported(call(i, takes(&cx, i), fails(&cx, i))), here.clone());
        let call = async move {
            let _here = here;
            call.await
        };
        let call = Builder::new().name(&format!("call {i}")).spawn(call)?;
        // A panic or an error of the call: either way the first one decides.
        calls.push(async { call.await?.map_err(scenario::Error::from) });
    }

    // At the first error this drops the handles, and with them all results. Their tasks do not notice.
    let joined = try_join_all(calls).await;
    let (total, run_on) = (started.elapsed(), here.strong_count() - 1);
    let (ok, failed) = match joined {
        Ok(replies) => (replies.len(), 0),
        Err(error) if error.is::<NoAnswer>() => {
            info!(moment = "error, others run on", counter.failed = 1, "{error}: {run_on} calls run on");
            (0, 1)
        }
        Err(bug) => return Err(bug),
    };
    // Keep the run open until they have ended. Nobody hears how.
    drop(here);
    let _ = gone.recv().instrument(info_span!("keeps the run open")).await;

    let decides = (0..tasks).find(|i| fails(&cx, *i)).unwrap_or(tasks - 1);
    Ok(Outcome::new()
        .figure("ok", ok, "calls")
        .figure("failed", failed, "calls")
        .figure("cancelled", 0_u64, "calls")
        .figure("total", total, "ms")
        .figure("run on", run_on, "calls")
        .check("every call ended as ok, failed or cancelled", ok + failed == tasks)
        .check(format!("the run ends with call {decides}"), cx.on_time(total, takes(&cx, decides))))
}

/// Makes one call, which may fail.
async fn call(call: usize, takes: Duration, fails: bool) -> Result<Reply, NoAnswer> {
    sleep(takes).instrument(info_span!("calls")).await;
    if fails { Err(NoAnswer { call }) } else { Ok(Reply::Given) }
}

/// All variants but `safe-wrapper`: the task logs its error and fails.
async fn reported(call: impl Future<Output = Result<Reply, NoAnswer>>) -> Result<Reply, NoAnswer> {
    call.await.inspect_err(|error| error!(%error, "fails"))
}

/// `safe-wrapper`: handles the error where it happens, so the task does not fail.
async fn or_default(call: impl Future<Output = Result<Reply, NoAnswer>>) -> Result<Reply, NoAnswer> {
    call.await.or_else(|no_answer| {
        warn!(mark = "default", "{no_answer}: returns a default");
        Ok(Reply::Default)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With equal failures, the variant decides what happens to the others and when the run ends.
    #[tokio::test(start_paused = true)]
    async fn the_fate_of_the_others_is_the_callers_choice() -> scenario::Result<()> {
        for (variant, fail_every, ok, failed, cancelled, total) in [
            ("collect", "3", 4.0, 2.0, 0.0, 600.0),
            ("fail-fast", "3", 2.0, 1.0, 3.0, 300.0),
            ("safe-wrapper", "3", 4.0, 2.0, 0.0, 600.0),
            ("fail-fast", "1", 0.0, 1.0, 5.0, 100.0),
            ("collect", "0", 6.0, 0.0, 0.0, 600.0),
            ("fail-fast", "0", 6.0, 0.0, 0.0, 600.0),
            ("safe-wrapper", "0", 6.0, 0.0, 0.0, 600.0),
            ("first-exception", "3", 4.0, 2.0, 0.0, 600.0),
            ("first-exception", "0", 6.0, 0.0, 0.0, 600.0),
            ("first-error", "0", 6.0, 0.0, 0.0, 600.0),
        ] {
            let outcome = run(Context::of(&SCENARIO, &[(VARIANT, variant), (FAIL_EVERY, fail_every)])).await?;
            for (name, expected) in [("ok", ok), ("failed", failed), ("cancelled", cancelled), ("total", total)] {
                assert_eq!(outcome.value(name), Some(expected), "{name}: {variant}, every {fail_every}");
            }
            assert!(outcome.holds());
        }
        Ok(())
    }

    /// The pitfall: returning at the first error in a list of handles does not stop the other tasks.
    #[tokio::test(start_paused = true)]
    async fn tasks_behind_an_early_return_go_on() -> scenario::Result<()> {
        let still_there = std::sync::Arc::new(());
        let behind = tokio::spawn({
            let held = still_there.clone();
            async move {
                sleep(Duration::from_millis(200)).await;
                drop(held);
            }
        });
        drop(behind);
        sleep(Duration::from_millis(199)).await;
        assert_eq!(std::sync::Arc::strong_count(&still_there), 2, "its handle is dropped, but it runs on");
        sleep(Duration::from_millis(2)).await;
        assert_eq!(std::sync::Arc::strong_count(&still_there), 1, "it ran to its end");
        Ok(())
    }

    /// The first error is all that main gets: three calls run on, and the second error is lost.
    #[tokio::test(start_paused = true)]
    async fn the_first_error_costs_main_all_else_unless_it_keeps_the_calls() -> scenario::Result<()> {
        let started = Instant::now();
        let outcome = run(Context::of(&SCENARIO, &[(VARIANT, "first-error")])).await?;
        let figures = ["ok", "failed", "run on", "total"].map(|name| outcome.value(name));
        assert_eq!(figures, [Some(0.0), Some(1.0), Some(3.0), Some(300.0)]);
        assert!(!outcome.holds(), "five calls are not accounted for");
        assert_eq!(started.elapsed(), Duration::from_millis(600), "the others ran to their ends");

        let kept = run(Context::of(&SCENARIO, &[(VARIANT, "first-exception")])).await?;
        let figures = ["ok", "failed", "pending at the first error"].map(|name| kept.value(name));
        assert_eq!(figures, [Some(4.0), Some(2.0), Some(3.0)]);
        assert!(kept.holds());
        Ok(())
    }

    /// With equal times, several calls fail at the same moment. Only some variants return more than one error.
    #[tokio::test(start_paused = true)]
    async fn several_errors_at_once() -> scenario::Result<()> {
        for (variant, ok, failed) in
            [("collect", 4.0, 2.0), ("fail-fast", 4.0, 2.0), ("first-exception", 4.0, 2.0), ("first-error", 0.0, 1.0)]
        {
            // Nothing runs on, and nothing is pending.
            let outcome = run(Context::of(&SCENARIO, &[(VARIANT, variant), (LATENCY, "0"), (BASE, "500")])).await?;
            let left = outcome.value("run on").or(outcome.value("pending at the first error"));
            assert!(left.is_none_or(|left| left < 1.0), "{variant}: {left:?}");
            let figures = ["ok", "failed", "total"].map(|name| outcome.value(name));
            assert_eq!(figures, [Some(ok), Some(failed), Some(500.0)], "{variant}");
        }
        Ok(())
    }
}
