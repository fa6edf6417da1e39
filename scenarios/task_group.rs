//! # Task group: a scope does not end before its children
//!
//! A group starts four children and one inner group with four children of its own. At 1200 ms a
//! child of the inner group fails. Then main goes on by itself.
//!
//! **What you see.** Brackets that close from the inside: the lane of each group is longer than the
//! lanes of its children. At the ✗ the siblings are aborted and the inner group ends; then the
//! children of the outer group are aborted and the outer group ends, all within the same
//! millisecond. Main goes on, and no other task is left.
//!
//! **Why.** A group owns its tasks. It returns only when each of them has ended: completed, failed,
//! or cancelled and *joined*. So an error cannot leave work behind, and you may treat a group as
//! one call: when it returns, everything that it started has ended, and if a child failed, the
//! group returns its error.
//!
//! **Try.** Set `fail_at` to 0: nothing fails, and the groups end with the longest child. Set it
//! back to 1200 and `depth` to 3: one more bracket, and all still end at 1200 ms. Set `fail_at` to
//! 600: the groups end at 600 ms, and more children are aborted.
//!
//! **Pitfall.** `abort` only requests the end of a task. Dropping a `JoinSet` aborts its tasks
//! without waiting for them, so they may still run `Drop`, or a last poll on another worker, a
//! moment later. And an aborted *group* cannot close what it has opened. So a token asks an inner
//! group to stop; it is not aborted.
//!
//! **Words.** asyncio: `async with asyncio.TaskGroup() as group:`, which does all of this. Tokio: a
//! `JoinSet`, `abort_all`, and `join_next` until it is empty (`JoinSet::shutdown` does both); a
//! `CancellationToken` for groups within groups.

use std::fmt;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::{Builder, JoinError, JoinSet};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, info, info_span};

use scenario::prelude::*;

const CHILDREN: Param = Param::count("children", 4, (1, 1_000), "tasks", "How many children each group has.");
const FAIL_AT: Param = Param::millis("fail_at", 1_200, (0, 60_000), "When an innermost child fails; 0 is never.");
const DEPTH: Param = Param::count("depth", 2, (1, 20), "groups", "How many groups, each inside the one before.");

/// The range from which the work of each child is drawn, in milliseconds.
const WORK: RangeInclusive<u64> = 500..=3_000;
/// How long main goes on after the scope. A leaked child would show beside it.
const AFTER: Duration = Duration::from_millis(1_200);

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "task-group",
    title: "Task group",
    group: Group::Basics,
    lesson: "A scope does not end before its children.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[CHILDREN, FAIL_AT, DEPTH],
    patterns: &["task group", "structured concurrency", "cancel siblings", "nursery"],
    differs: "`TaskGroup` cancels and waits by itself; dropping a `JoinSet` aborts its tasks without waiting for them.",
    builds_on: &["gather-errors", "cancellation"],
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "child"),
            "{count:child} children work in {count:group} nested groups. A group returns only when each task inside it has \
             ended.",
        )
        .line("children.build_task()"),
        Stop::at(When::End(Nth::First, "child", How::Failed), "{task} fails at {time}. Its group joins it and so gets the error."),
        Stop::at(
            When::End(Nth::Last, "child", How::Cancelled),
            "The failure ends its group and any group around it: {cancelled} other children are aborted, and dropped at their \
             awaits.",
        )
        .line("children.abort_all()"),
        Stop::at(
            When::Log(Nth::First, "group"),
            "{task} returns at {time}, because it has joined everything inside it. A group around it can return only later.",
        )
        .line("has ended\""),
        Stop::at(
            When::Log(Nth::Last, "group"),
            "{task} is the outermost group and returns last, at {time}. {done:child} of {count:child} children have ended, so none is \
             left behind.",
        )
        .line(".await?"),
        Stop::at(
            When::Over,
            "Of {count:child} children, {figure:completed} completed, {figure:failed} failed and {figure:cancelled} were cancelled. \
             {figure:alive after the scope} were alive when main went on.",
        ),
    ],
    questions: &[
        Question::new(
            "{param:depth} groups, one inside the other, have {param:children} children each. One in the innermost fails at \
             {param:fail_at}. When do the groups end?",
            Answer::Choice(&[
                Choice::new("The innermost one at that moment, the others later", If::Less("time", "figure:scope took")),
                Choice::new("All of them at that moment", If::Equal("figure:scope took", "param:fail_at")),
                Choice::new("All of them when the longest child is done", If::Otherwise),
            ]),
            When::Log(Nth::First, "group"),
            "The innermost group ended at {time}, and the outermost at {figure:scope took}. A group passes its error to the \
             group around it.",
        )
        .unless("fail_at", "0"),
        Question::new(
            "The outermost group returns the error to main. How many of the {param:children * param:depth} children in all \
             groups are alive at that moment?",
            Answer::Number {
                is: "figure:alive after the scope",
                typical: &[
                    (
                        "param:children * param:depth - 1",
                        "One fails, and the groups abort the others. They return only when they have joined all of them.",
                    ),
                    ("param:children", "The error ends the outer groups as well, and each of them first joins its children."),
                ],
            },
            When::Over,
            "{figure:completed} had completed, {figure:failed} had failed and {figure:cancelled} were cancelled, so \
             {figure:alive after the scope} were alive.",
        )
        .unless("fail_at", "0"),
    ],
    source: include_str!("task_group.rs"),
    path: file!(),
    twin: include_str!("task_group.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// The state that all groups share.
struct Shared {
    cx: Context,
    /// How many children still exist.
    alive: AtomicU64,
    /// How many children ended in each way.
    completed: AtomicU64,
    failed: AtomicU64,
    cancelled: AtomicU64,
}

/// Counts one child as alive until it is dropped, however the child ends.
struct Alive(Arc<Shared>);

impl Alive {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.alive.fetch_add(1, Ordering::Relaxed);
        Self(shared.clone())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let shared = Arc::new(Shared::new(cx.clone()));

    // When the outermost group returns, all tasks below it have ended. If a child failed, so has the group.
    let ended = Builder::new().name("group 1").spawn(group(1, shared.clone(), CancellationToken::new()))?.await?;
    let has_failed = ended.is_err();
    match ended {
        Ok(()) => {}
        Err(error @ GroupError::Child(_)) => info!("handles: {error}"),
        Err(bug) => return Err(bug.into()),
    }

    // No await lies between the end of the scope and this line, so a child that is alive here has outlived its scope.
    let [alive, completed, failed, cancelled] =
        [&shared.alive, &shared.completed, &shared.failed, &shared.cancelled].map(|count| count.load(Ordering::Relaxed));
    let took = started.elapsed();
    sleep(AFTER).instrument(info_span!("after the scope")).await;
    let children = cx.number(CHILDREN) * cx.number(DEPTH);
    let outcome = Outcome::new()
        .figure("completed", completed, "children")
        .figure("failed", failed, "children")
        .figure("cancelled", cancelled, "children")
        .figure("alive after the scope", alive, "children")
        .figure("scope took", took, "ms")
        .figure("total", started.elapsed(), "ms")
        .check("no child is alive after the scope", alive == 0)
        .check("every child is accounted for", completed + failed + cancelled == children);
    Ok(if has_failed { outcome.check("one failure ends all groups", cx.on_time(took, cx.duration(FAIL_AT))) } else { outcome })
}

/// Why a group failed.
#[derive(Debug)]
enum GroupError {
    /// One of its children, or a child of a group inside it, returned this error.
    Child(ChildFailed),
    /// The group around it asked it to stop.
    Stopped,
    /// A task inside it panicked or could not be started.
    Broken(scenario::Error),
}

impl fmt::Display for GroupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GroupError::Child(error) => error.fmt(f),
            GroupError::Stopped => f.write_str("the group was asked to stop"),
            GroupError::Broken(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for GroupError {}

/// The future of a group. It is boxed because a group contains a group.
type Scope = Pin<Box<dyn Future<Output = Result<(), GroupError>> + Send>>;

/// A scope: starts its children and the group inside it, and returns when all of them have ended.
///
/// If one of them fails, it ends the others and returns the first error.
fn group(level: usize, shared: Arc<Shared>, stop: CancellationToken) -> Scope {
    Box::pin(async move {
        let innermost = level == shared.cx.count(DEPTH);
        let children = start_children(level, innermost, &shared)?;
        let mut inner = JoinSet::new();
        let stop_inner = CancellationToken::new();
        if !innermost {
            let group = group(level + 1, shared.clone(), stop_inner.clone());
            inner.build_task().name(&format!("group {}", level + 1)).spawn(group)?;
        }
        let result = join(level, children, inner, &shared, (&stop, &stop_inner)).await;
        info!(mark = "closed", "group {level} has ended");
        result
    })
}

/// Joins the children of a group and the group inside it. Returns the first failure, when nothing is left.
async fn join(
    level: usize,
    mut children: JoinSet<Result<(), ChildFailed>>,
    mut inner: JoinSet<Result<(), GroupError>>,
    shared: &Shared,
    (stop, stop_inner): (&CancellationToken, &CancellationToken),
) -> Result<(), GroupError> {
    let mut result = Ok(());
    while !(children.is_empty() && inner.is_empty()) {
        let ended = tokio::select! {
            biased;
            Some(child) = children.join_next() => shared.count(child),
            Some(within) = inner.join_next() => within.unwrap_or_else(|panic| Err(panic.into())),
            () = stop.cancelled(), if result.is_ok() => Err(GroupError::Stopped),
        };
        info!(counter.children = shared.alive.load(Ordering::Relaxed), "children left in group {level}: {}", children.len());
        if result.is_ok() && ended.is_err() {
            // The first failure aborts the children and asks the inner group to stop.
            result = ended;
            // Do not return yet: an aborted child has ended only when it is joined.
            children.abort_all();
            stop_inner.cancel();
        }
    }
    result
}

/// Starts the children of a group. The first child of the innermost group fails.
fn start_children(level: usize, innermost: bool, shared: &Arc<Shared>) -> std::io::Result<JoinSet<Result<(), ChildFailed>>> {
    let (cx, mut children) = (&shared.cx, JoinSet::new());
    for i in 0..cx.count(CHILDREN) {
        let child = Child {
            work: Duration::from_millis(cx.draw(&format!("work in group {level}"), i, WORK)),
            fail_at: (innermost && i == 0).then(|| cx.duration(FAIL_AT)).filter(|at| !at.is_zero()),
            _alive: Alive::new(shared),
        };
        children.build_task().name(&format!("child {level}.{i}")).spawn(child.run())?;
    }
    Ok(children)
}

/// One task of a group.
struct Child {
    work: Duration,
    /// When it fails; `None` if it does not.
    fail_at: Option<Duration>,
    _alive: Alive,
}

/// The error of the child that fails.
#[derive(Debug)]
struct ChildFailed;

impl fmt::Display for ChildFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a child failed")
    }
}

impl std::error::Error for ChildFailed {}

impl Child {
    async fn run(self) -> Result<(), ChildFailed> {
        let Some(fail_at) = self.fail_at else {
            sleep(self.work).instrument(info_span!("works")).await;
            return Ok(());
        };
        sleep(fail_at).instrument(info_span!("works")).await;
        error!(error = %ChildFailed, moment = "a child fails", "fails");
        Err(ChildFailed)
    }
}

impl Shared {
    fn new(cx: Context) -> Self {
        let none = || AtomicU64::new(0);
        Self { cx, alive: none(), completed: none(), failed: none(), cancelled: none() }
    }

    /// Counts a child that has ended. Returns its error, if it failed; a child that its group aborted did not.
    fn count(&self, child: Result<Result<(), ChildFailed>, JoinError>) -> Result<(), GroupError> {
        let (count, result) = match child {
            Ok(Ok(())) => (&self.completed, Ok(())),
            Ok(Err(error)) => (&self.failed, Err(GroupError::Child(error))),
            Err(cut) if cut.is_cancelled() => (&self.cancelled, Ok(())),
            Err(panic) => return Err(panic.into()),
        };
        count.fetch_add(1, Ordering::Relaxed);
        result
    }
}

impl From<JoinError> for GroupError {
    fn from(panic: JoinError) -> Self {
        GroupError::Broken(panic.into())
    }
}

impl From<std::io::Error> for GroupError {
    fn from(error: std::io::Error) -> Self {
        GroupError::Broken(error.into())
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::yield_now;

    use super::*;

    /// One failure ends all groups at that moment, however deep it is; without a failure all children complete.
    #[tokio::test(start_paused = true)]
    async fn a_scope_ends_with_the_failure_or_with_its_longest_child() -> scenario::Result<()> {
        let at = async |fail_at, depth| run(Context::of(&SCENARIO, &[(FAIL_AT, fail_at), (DEPTH, depth)])).await;
        let (default, deeper, earlier) = (at("1200", "2").await?, at("1200", "3").await?, at("600", "2").await?);
        assert_eq!((default.value("scope took"), default.value("failed")), (Some(1200.0), Some(1.0)));
        assert_eq!((deeper.value("scope took"), deeper.value("failed")), (Some(1200.0), Some(1.0)));
        assert_eq!(earlier.value("scope took"), Some(600.0));
        assert!(earlier.value("cancelled") > default.value("cancelled"));

        let whole = at("0", "2").await?;
        assert_eq!(whole.value("completed"), Some(8.0));
        assert!(whole.value("scope took") > Some(1200.0));
        assert!([default, deeper, earlier, whole].iter().all(Outcome::holds));
        Ok(())
    }

    /// The pitfall: dropping a `JoinSet` aborts its tasks, but they still exist a moment later.
    #[tokio::test(start_paused = true)]
    async fn a_dropped_set_leaves_its_tasks_for_a_moment() {
        let owned = Arc::new(());
        let mut set = JoinSet::new();
        let held = owned.clone();
        set.spawn(async move {
            sleep(Duration::from_secs(1)).await;
            drop(held);
        });
        yield_now().await;
        drop(set);
        assert_eq!(Arc::strong_count(&owned), 2, "the aborted task still exists");
        yield_now().await;
        assert_eq!(Arc::strong_count(&owned), 1);
    }

    /// A group in which a child failed has failed itself, whatever its other children did.
    #[tokio::test(start_paused = true)]
    async fn the_error_of_a_child_leaves_its_group_and_all_around_it() {
        for (fail_at, fails) in [("1200", true), ("0", false)] {
            let shared = Arc::new(Shared::new(Context::of(&SCENARIO, &[(FAIL_AT, fail_at), (DEPTH, "3")])));
            let result = group(1, shared, CancellationToken::new()).await;
            assert_eq!(matches!(result, Err(GroupError::Child(ChildFailed))), fails, "{result:?}");
            assert_eq!(result.is_ok(), !fails, "{result:?}");
        }
    }

    /// A group that is asked to stop says so when its children have ended.
    #[tokio::test(start_paused = true)]
    async fn a_group_that_is_stopped_joins_its_children_first() {
        let shared = Arc::new(Shared::new(Context::of(&SCENARIO, &[(FAIL_AT, "0")])));
        let stop = CancellationToken::new();
        let running = tokio::spawn(group(1, shared.clone(), stop.clone()));
        sleep(Duration::from_millis(100)).await;
        stop.cancel();
        let result = running.await.expect("it does not panic");
        assert!(matches!(result, Err(GroupError::Stopped)), "{result:?}");
        assert_eq!(shared.alive.load(Ordering::Relaxed), 0);
        assert_eq!(shared.cancelled.load(Ordering::Relaxed), 8);
    }

    /// A panic is a failure like any other: the group ends its other children before it returns.
    #[tokio::test(start_paused = true)]
    async fn a_panic_ends_the_other_children_first() {
        let shared = Shared::new(Context::of(&SCENARIO, &[]));
        let (owned, stop) = (Arc::new(()), CancellationToken::new());
        let mut children = JoinSet::new();
        children.spawn(async { panic!("a bug") });
        let held = owned.clone();
        children.spawn(async move {
            sleep(Duration::from_secs(60)).await;
            drop(held);
            Ok(())
        });
        let result = join(1, children, JoinSet::new(), &shared, (&stop, &stop)).await;
        assert!(matches!(result, Err(GroupError::Broken(_))), "{result:?}");
        assert_eq!(Arc::strong_count(&owned), 1, "the other child has ended");
        assert_eq!(shared.cancelled.load(Ordering::Relaxed), 1);
    }
}
