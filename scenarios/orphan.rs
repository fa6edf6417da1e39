//! # Orphan: dropping a handle does not stop its task
//!
//! A parent starts a child, does something else for half a second, and returns. The child works for
//! two seconds and then fails.
//!
//! **What you see.** The parent's lane ends after 500 ms and the child's goes on: it outlives its
//! parent, and ends with a ✗ that nobody notices. With `variant=keep` the parent waits for its
//! child, gets the error and fails with it. With `abort` the parent aborts the child before it
//! returns.
//!
//! **Why.** A `JoinHandle` gives you a task's result; it does not own the task. The runtime does.
//! If you drop the handle, you say "I do not need the result", and here the result is an error. A
//! task without a handle is called detached.
//!
//! **Try.** The check fails: one error is raised and none is handled. Set `variant` to `keep`: the
//! parent handles the error and returns at 2000 ms. Set it to `abort`: the run ends at 500 ms, and
//! there is no error to handle. Back with `drop`, set `work` to 300: the child ends before its
//! parent does, and its error is still lost.
//!
//! **Pitfall.** `tokio::spawn(save(order));` on a line of its own is `drop`. If you want that, let
//! the task log its own error. When the runtime shuts down, it drops orphans at whatever await they
//! have reached.
//!
//! **Words.** asyncio: the loop keeps only a weak reference to a task, so an orphan may be
//! collected in the middle of its work, and `asyncio.run` cancels it at its end; the twin shows
//! both. If its error is lost, asyncio logs "Task exception was never retrieved". Tokio: an orphan
//! runs to its end, and a lost `Err` is silent; `JoinSet` and `AbortOnDropHandle` abort their tasks
//! when dropped.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::{self, Sender};
use tokio::task::Builder;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, error, info, info_span};

use scenario::prelude::*;

const WORK: Param = Param::millis("work", 2_000, (0, 60_000), "How long the child works before it fails.");
const VARIANT: Param = Param::choice("variant", &["drop", "keep", "abort"], "Drop the handle, await it, or abort the child.");

/// How long the parent does something else.
const ELSEWHERE: Duration = Duration::from_millis(500);

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "orphan",
    title: "Orphan",
    group: Group::Basics,
    lesson: "Dropping a handle does not stop its task.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[WORK, VARIANT],
    patterns: &["fire and forget", "detached task", "lost exception", "abort on drop"],
    differs: "In asyncio an orphan may be collected in the middle of its work, is cancelled when `asyncio.run` ends, and its \
              lost error is logged; in Tokio it runs to its end or is dropped with the runtime, and a lost error is silent.",
    builds_on: &["spawn"],
    breaks: &[Breaks::checks(&[("variant", "drop")], &["every error that is raised is handled"])],
    story: &[
        Stop::at(
            When::Spawn(Nth::First, "child"),
            "parent starts a task, {task}, which works for {param:work} and then fails. parent does something else meanwhile.",
        )
        .line("Builder::new().name(\"child\")"),
        Stop::at(
            When::Log(Nth::First, "leaves the child"),
            "At {time} {task} drops its handle and returns. A handle does not own its task; the runtime does. So this stops \
             nothing.",
        )
        .line("drop(child)")
        .only("variant", "drop"),
        Stop::at(
            When::End(Nth::First, "child", How::Failed),
            "{task} fails at {time}. Nothing awaits its handle, so the error reaches no task, and nothing reports it.",
        )
        .only("variant", "drop"),
        Stop::at(
            When::Wait(Nth::First, "parent", For::Join),
            "At {time} {task} awaits the handle of its child, for {lasted}. It cannot end before the child does.",
        )
        .only("variant", "keep"),
        Stop::at(
            When::End(Nth::First, "child", How::Failed),
            "{task} fails at {time}. The error goes to its handle, which parent keeps and awaits.",
        )
        .only("variant", "keep"),
        Stop::at(
            When::End(Nth::First, "parent", How::Failed),
            "{task} returns the error of its child at {time}. main awaits parent, so it can handle the error.",
        )
        .only("variant", "keep"),
        Stop::at(
            When::Log(Nth::First, "aborts the child"),
            "At {time} {task} aborts its child, and awaits it before it returns.",
        )
        .line("child.abort()")
        .only("variant", "abort"),
        Stop::at(
            When::End(Nth::First, "child", How::Cancelled),
            "{task} is dropped at its await after {lasted}. It will never fail, so there is no error to handle.",
        )
        .only("variant", "abort"),
        Stop::at(
            When::Over,
            "Errors raised: {figure:errors raised}. Errors handled: {figure:errors handled}. The child outlived its parent by \
             {figure:child outlived it by}.",
        ),
    ],
    questions: &[
        Question::new(
            "A parent starts a child that works for {param:work}. After 500 ms of other work it will {param:variant} the child's \
             handle. What becomes of the child?",
            Answer::Choice(&[
                Choice::new(
                    "It works on after its parent has returned",
                    If::More("figure:child outlived it by", "param:work * 0"),
                ),
                Choice::new(
                    "It ends early, together with its parent",
                    If::Occurs(When::End(Nth::First, "child", How::Cancelled)),
                ),
                Choice::new("It works to its end before its parent returns", If::Otherwise),
            ]),
            When::Over,
            "The parent returned after {figure:parent ended after}, and the child outlived it by {figure:child outlived it by}.",
        ),
        Question::new(
            "The child fails after {param:work} if it gets that far. After 500 ms its parent will {param:variant} its handle. \
             Where does the error go?",
            Answer::Choice(&[
                Choice::new("The parent gets it and passes it on to main", If::More("figure:errors handled", "0")),
                Choice::new("The runtime gets it and ends the program", If::Occurs(When::End(Nth::First, "main", How::Failed))),
                Choice::new("Nothing gets it, and nothing reports it", If::More("figure:errors raised", "0")),
                Choice::new("There is none: the child does not get that far", If::Otherwise),
            ]),
            When::Over,
            "Errors raised: {figure:errors raised}. Errors handled: {figure:errors handled}. An error goes to the task's handle, \
             and nowhere else.",
        ),
    ],
    source: include_str!("orphan.rs"),
    path: file!(),
    twin: include_str!("orphan.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// The error of the child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct DiskFull;

impl fmt::Display for DiskFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the disk is full")
    }
}

impl std::error::Error for DiskFull {}

/// The result of the child.
type Ended = Result<(), DiskFull>;

/// How many errors the child has raised, handled or not.
type Raised = Arc<AtomicU64>;

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let raised = Raised::default();
    // Nothing is ever sent. Parent and child each have a sender, so the channel closes when both have ended.
    let (family, mut gone) = mpsc::channel::<()>(1);

    // Wait for the parent only. Any error that it returns counts as handled.
    let parent = parent(cx.duration(WORK), cx.word(VARIANT), raised.clone(), family);
    let parent = Builder::new().name("parent").spawn(parent)?;
    let mut handled = 0_u64;
    if let Err(error) = parent.await?? {
        handled += 1;
        info!(counter.handled = handled, mark = "handled", "handles: {error}");
    }
    let parent_ended = started.elapsed();
    // Keep the run open until the child has ended, too.
    let _ = gone.recv().instrument(info_span!("keeps the run open")).await;

    let (raised, total) = (raised.load(Ordering::Relaxed), started.elapsed());
    Ok(Outcome::new()
        .figure("parent ended after", parent_ended, "ms")
        .figure("child outlived it by", total.saturating_sub(parent_ended), "ms")
        .figure("errors raised", raised, "errors")
        .figure("errors handled", handled, "errors")
        .figure("total", total, "ms")
        .check("every error that is raised is handled", handled == raised))
}

/// Starts a child and ends, in one of three ways.
async fn parent(work: Duration, variant: &str, raised: Raised, family: Sender<()>) -> scenario::Result<Ended> {
    let child = Builder::new().name("child").spawn(child(work, raised, family.clone()))?;
    sleep(ELSEWHERE).instrument(info_span!("other work")).await;
    match variant {
        "keep" => Ok(child.await?.inspect_err(|error| error!(%error, "the parent fails with the same error"))),
        "abort" => {
            // The child is dropped at its await. Its handle then returns a cancelled error.
            child.abort();
            info!(moment = "parent aborts", "aborts the child");
            match child.await {
                Err(error) if error.is_cancelled() => Ok(Ok(())),
                ended => Ok(ended?),
            }
        }
        _ => {
            // This gives up the result. The child itself goes on.
            drop(child);
            info!(moment = "parent drops handle", "leaves the child running");
            Ok(Ok(()))
        }
    }
}

/// Works, and fails at the end.
async fn child(work: Duration, raised: Raised, _family: Sender<()>) -> Ended {
    info!(moment = "child fails", moment_at_ms = work.as_millis() as u64, "the child will fail at {} ms", work.as_millis());
    sleep(work).instrument(info_span!("works")).await;
    raised.fetch_add(1, Ordering::Relaxed);
    error!(error = %DiskFull, counter.errors = 1, counter.handled = 0, "fails");
    Err(DiskFull)
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::error::TryRecvError;

    use super::*;

    /// With `drop` the child goes on and its error is lost; with `keep` it is handled; with `abort` there is no error.
    #[tokio::test(start_paused = true)]
    async fn only_a_dropped_handle_loses_the_error() -> scenario::Result<()> {
        for (variant, work, parent_ended, raised, handled, total) in [
            ("keep", "2000", 2000.0, 1.0, 1.0, 2000.0),
            ("drop", "2000", 500.0, 1.0, 0.0, 2000.0),
            ("abort", "2000", 500.0, 0.0, 0.0, 500.0),
            ("keep", "300", 500.0, 1.0, 1.0, 500.0),
            ("drop", "300", 500.0, 1.0, 0.0, 500.0),
        ] {
            let outcome = run(Context::of(&SCENARIO, &[(VARIANT, variant), (WORK, work)])).await?;
            for (name, expected) in
                [("parent ended after", parent_ended), ("errors raised", raised), ("errors handled", handled), ("total", total)]
            {
                assert_eq!(outcome.value(name), Some(expected), "{name}: {variant}, {work} ms of work");
            }
            assert_eq!(outcome.holds(), variant != "drop");
        }
        Ok(())
    }

    /// The error is a value with a type, so a caller can tell a full disk from anything else.
    #[tokio::test(start_paused = true)]
    async fn the_error_of_a_child_that_is_kept_reaches_the_caller_of_its_parent() -> scenario::Result<()> {
        let (family, _gone) = mpsc::channel(1);
        let ended = parent(Duration::from_millis(10), "keep", Raised::default(), family).await?;
        let error: Box<dyn std::error::Error> = ended.expect_err("the child fails").into();
        assert!(error.is::<DiskFull>(), "{error:?}");
        Ok(())
    }

    /// The pitfall: an orphan is dropped at its await when the runtime shuts down.
    #[test]
    fn an_orphan_ends_with_its_runtime() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let (family, mut gone) = mpsc::channel(1);
        let raised = Raised::default();
        runtime.block_on(async {
            drop(tokio::spawn(child(Duration::from_secs(60), raised.clone(), family)));
            tokio::task::yield_now().await;
            assert_eq!(gone.try_recv(), Err(TryRecvError::Empty), "it is at work");
        });
        drop(runtime);
        assert_eq!(gone.try_recv(), Err(TryRecvError::Disconnected), "it was dropped");
        assert_eq!(raised.load(Ordering::Relaxed), 0, "in the middle of its work");
    }
}
