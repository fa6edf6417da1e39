//! # Orphan: a dropped handle does not stop its task
//!
//! A parent starts a child, goes on with something else for half a second, and
//! returns. The child has work for two seconds, and at the end of it fails.
//!
//! **What you see.** The parent's lane ends after 500 ms and the child's goes on: it outlives
//! its parent, up to a ✗ that nobody notices. With `variant=keep` the parent waits for its
//! child, gets the error and fails with it. With `abort` the child is aborted when the parent
//! returns.
//!
//! **Why.** A `JoinHandle` is a way to a task's result and not its owner: the runtime
//! owns the task. Dropping the handle says "I do not want the result", and the
//! result here is an error. A task that nobody waits for is called detached.
//!
//! **Try.** The check fails: one error is raised and none is handled. Set `variant` to `keep`:
//! it is handled, and the parent returns at 2000 ms. Set it to `abort`: the run ends at 500
//! ms, and there was no error to handle. Back with `drop`, set `work` to 300: the child ends
//! before its parent leaves, and its error is lost all the same.
//!
//! **Pitfall.** `tokio::spawn(save(order));` on a line of its own is `drop`. If you mean
//! it, let the task itself log its error. When the runtime shuts down, orphans are
//! dropped wherever they wait.
//!
//! **Words.** asyncio: the loop keeps only a weak reference to a task, so an orphan may
//! be collected in the middle of its work, and it writes "Task exception was never
//! retrieved" when an error is lost. Tokio: an orphan runs to its end, and a lost
//! `Err` is lost without a word; `JoinSet` and `AbortOnDropHandle` abort when dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::{self, Sender};
use tokio::task::Builder;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, error, info, info_span};

use crate::prelude::*;

const WORK: Param = Param::millis("work", 2_000, (0, 60_000), "How long the child works before it fails.");
const VARIANT: Param = Param::choice(
    "variant",
    &["drop", "keep", "abort"],
    "What the parent does with the handle when it leaves: drop it, await it, or abort the child.",
);

/// How long the parent is busy with something else.
const ELSEWHERE: Duration = Duration::from_millis(500);

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "orphan",
    title: "Orphan",
    group: Group::Basics,
    lesson: "A dropped handle does not stop its task.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[WORK, VARIANT],
    patterns: &["fire and forget", "detached task", "lost exception", "abort on drop"],
    differs: "An orphan of asyncio may be collected in the middle of its work, and a lost error is logged; one of Tokio \
              runs to its end, and its error is lost without a word.",
    builds_on: &["spawn"],
    breaks: &[Breaks::checks(&[("variant", "drop")], &["every error that is raised is heard"])],
    source: include_str!("orphan.rs"),
    path: file!(),
    twin: include_str!("orphan.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// What a child ends with.
type Ended = Result<(), &'static str>;

/// Errors that a child has raised, whoever heard them.
type Raised = Arc<AtomicU64>;

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let raised = Raised::default();
    // Nothing is ever sent: the channel closes when the last of the family is gone.
    let (family, mut gone) = mpsc::channel::<()>(1);

    let parent = parent(cx.duration(WORK), cx.word(VARIANT), raised.clone(), family);
    let parent = Builder::new().name("parent").spawn(parent)?;
    let mut heard = 0_u64;
    if let Err(error) = parent.await?? {
        heard += 1;
        info!(counter.heard = heard, mark = "heard", "heard: {error}");
    }
    let parent_left = started.elapsed();
    let _ = gone.recv().instrument(info_span!("keeps the run open")).await;

    let (raised, total) = (raised.load(Ordering::Relaxed), started.elapsed());
    Ok(Outcome::new()
        .figure("the parent left", parent_left, "ms")
        .figure("the child outlived it by", total.saturating_sub(parent_left), "ms")
        .figure("errors raised", raised, "errors")
        .figure("errors heard", heard, "errors")
        .figure("total", total, "ms")
        .check("every error that is raised is heard", heard == raised))
}

/// Starts a child and leaves, in one of three ways.
async fn parent(work: Duration, variant: &str, raised: Raised, family: Sender<()>) -> scenario::Result<Ended> {
    let child = Builder::new().name("child").spawn(child(work, raised, family.clone()))?;
    sleep(ELSEWHERE).instrument(info_span!("other work")).await;
    match variant {
        "keep" => Ok(child.await?.inspect_err(|error| error!(error, "so the parent fails, too"))),
        "abort" => {
            child.abort();
            info!(moment = "parent aborts", "cuts the child");
            match child.await {
                Err(error) if error.is_cancelled() => Ok(Ok(())),
                ended => Ok(ended?),
            }
        }
        _ => {
            drop(child);
            info!(moment = "parent drops handle", "leaves the child alone");
            Ok(Ok(()))
        }
    }
}

/// Works, and fails at the end.
async fn child(work: Duration, raised: Raised, _family: Sender<()>) -> Ended {
    info!(moment = "child fails", moment_at_ms = work.as_millis() as u64, "it will fail then");
    sleep(work).instrument(info_span!("works")).await;
    raised.fetch_add(1, Ordering::Relaxed);
    let error = "the disk is full";
    error!(error, counter.errors = 1, counter.heard = 0, "fails");
    Err(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Dropped, the child goes on and its error is lost; kept, it is heard; aborted, there is none.
    #[tokio::test(start_paused = true)]
    async fn only_a_dropped_handle_loses_the_error() -> scenario::Result<()> {
        for (variant, work, parent_left, raised, heard, total) in [
            ("keep", "2000", 2000.0, 1.0, 1.0, 2000.0),
            ("drop", "2000", 500.0, 1.0, 0.0, 2000.0),
            ("abort", "2000", 500.0, 0.0, 0.0, 500.0),
            ("keep", "300", 500.0, 1.0, 1.0, 500.0),
            ("drop", "300", 500.0, 1.0, 0.0, 500.0),
        ] {
            let outcome = run(Context::of(&SCENARIO, &[(VARIANT, variant), (WORK, work)])).await?;
            for (name, expected) in
                [("the parent left", parent_left), ("errors raised", raised), ("errors heard", heard), ("total", total)]
            {
                assert_eq!(outcome.value(name), Some(expected), "{name}: {variant}, {work} ms of work");
            }
            assert_eq!(outcome.holds(), variant != "drop");
        }
        Ok(())
    }
}
