//! # Futurelock: a future that nobody polls keeps its place in the queue
//!
//! A backup holds the database for two seconds. A client asks for it too. After half a
//! second it gets impatient and asks a second time, while its first request is still in
//! the queue.
//!
//! **What you see.** With `variant=select-ref`, the client waits for the database for
//! ever, although the backup has ended and nobody uses the database. With
//! `variant=spawned`, the first request has a lane of its own, and everything ends.
//!
//! **Why.** The lock is fair. When the backup releases it, it goes to the request that
//! has waited longest: the first one. That request is woken but never polled. It is a
//! future *inside* the client. The client polled it through `&mut` in a `select!`, took
//! the other branch, and now awaits only the second request. The second is queued behind
//! the first, and only the client can poll the first. There is no cycle between tasks: a
//! single task waits for itself. A spawned task is polled by the runtime, whatever its
//! parent waits for.
//!
//! **Try.** Set `variant` to `spawned`: the run ends at 3000 ms. Set it back and
//! `patience` to 3000: the first request is served before the client gets impatient, and
//! the run ends at 2500 ms. This works until the day when the backup takes longer. Set
//! `hold` to 400: now the first request *has* the database when the client stops polling
//! it, in the middle of its query, and keeps it for ever.
//!
//! **Pitfall.** This needs a `select!` on `&mut future` (or on a stream of futures, or a
//! `FuturesUnordered`) *and* an await in a branch while that future still exists. Drop
//! the future first, and its place in the queue goes with it; or spawn it; or do not
//! await in the branch. The same happens with a permit of a semaphore, a place in a
//! bounded channel, or a connection of a pool.
//!
//! **Words.** asyncio: it cannot happen, because `asyncio.wait` takes only tasks, and a
//! task runs even if nobody waits for it; there `select-ref` is the same as `spawned`.
//! Tokio: `select!` on `&mut future` polls the future in place, `tokio::spawn` gives it
//! to the runtime.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::{Builder, yield_now};
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info, info_span};

use scenario::prelude::*;

const HOLD: Param = Param::millis("hold", 2_000, (0, 60_000), "How long the backup holds the database.");
const PATIENCE: Param = Param::millis("patience", 500, (1, 60_000), "When the client asks a second time.");
const QUERY: Param = Param::millis("query", 500, (0, 60_000), "How long a request holds the database.");
const VARIANT: Param = Param::choice("variant", &["select-ref", "spawned"], "Poll the first request in place or spawned.");

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "futurelock",
    title: "Futurelock",
    group: Group::SharedState,
    lesson: "A future nobody polls keeps its place in the queue.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[HOLD, PATIENCE, QUERY, VARIANT],
    patterns: &["futurelock", "select by reference", "deadlock"],
    differs: "It cannot happen in asyncio, where `asyncio.wait` takes tasks, and a task runs even if nobody waits for it.",
    builds_on: &["deadlock", "first-completed"],
    breaks: &[Breaks::stalls(&[("variant", "select-ref")])],
    story: &[
        Stop::at(
            When::Wait(Nth::First, "backup", For::Time),
            "{task} holds the database for {lasted}. Every request has to wait in the queue of the lock.",
        ),
        Stop::at(
            When::Wait(Nth::First, "client", For::Lock),
            "{task} asks for the database. Its request is a future inside the task: it runs only while the task polls it.",
        )
        .line("tokio::select!")
        .only("variant", "select-ref"),
        Stop::at(
            When::Wait(Nth::First, "first request", For::Lock),
            "The client has spawned {task}, which waits for the database. It is a task, so the runtime polls it.",
        )
        .only("variant", "spawned"),
        Stop::at(
            When::Log(Nth::First, "asks a second time"),
            "After {param:patience} {task} {text}, and awaits only this second request. The first one still exists, but nobody \
             polls it any more.",
        )
        .line("second request")
        .only("variant", "select-ref"),
        Stop::at(
            When::Log(Nth::First, "asks a second time"),
            "After {param:patience} {task} {text}. The runtime polls the first request, whatever the client waits for.",
        )
        .only("variant", "spawned"),
        Stop::at(
            When::End(Nth::First, "backup", How::Well),
            "{task} ends and releases the database. A fair lock goes to the request that has waited longest, the first one.",
        ),
        Stop::at(
            When::OverOrStall,
            "The database belongs to the first request, and only the client can poll that. But the client awaits the second one. \
             It waits for itself, for ever.",
        )
        .line("first.await;")
        .only("variant", "select-ref"),
        Stop::at(
            When::Resume(Nth::First, "client", For::Lock),
            "The first request has released the database, so the second request of {task} gets it. It has waited {lasted}.",
        )
        .only("variant", "spawned"),
        Stop::at(When::OverOrStall, "{figure:answers} of {figure:asked} requests were answered. The run took {figure:total}.")
            .sometimes(),
    ],
    questions: &[
        Question::new(
            "A backup has the lock for {param:hold}. A client polls a request for it; after {param:patience} it asks again and \
             polls only that request. When does it end?",
            Answer::Choice(&[
                Choice::new("After the backup and one query of {param:query}", If::Equal("figure:asked", "1")),
                Choice::new("After the backup and two queries of {param:query}", If::Equal("figure:asked", "2")),
                Choice::new("Never", If::Otherwise),
            ]),
            When::OverOrStall,
            "The lock goes to the first request. That is a future in the client: it runs only while the client polls it, but \
             keeps its place in the queue.",
        )
        .only("variant", "select-ref"),
        Question::new(
            "A backup has the lock for {param:hold}. A client spawns a request for it as a task, and asks again after \
             {param:patience}. When does the client end?",
            Answer::Choice(&[
                Choice::new("After the backup and one query of {param:query}", If::Equal("figure:asked", "1")),
                Choice::new("After the backup and two queries of {param:query}", If::Equal("figure:asked", "2")),
                Choice::new("Never", If::Otherwise),
            ]),
            When::OverOrStall,
            "The lock goes to the first request. That is a task, so the runtime polls it, whatever the client waits for.",
        )
        .only("variant", "spawned"),
    ],
    source: include_str!("futurelock.rs"),
    path: file!(),
    twin: include_str!("futurelock.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// The database, which serves one request at a time. It counts the answers so far.
type Database = Arc<Mutex<u64>>;

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let database = Database::default();
    let (query, patience) = (cx.duration(QUERY), cx.duration(PATIENCE));

    let backup = Builder::new().name("backup").spawn(backup(database.clone(), cx.duration(HOLD)))?;
    let client = Builder::new().name("client");
    let client = match cx.word(VARIANT) {
        "select-ref" => client.spawn(impatient(database.clone(), query, patience))?,
        _ => client.spawn(impatient_with_a_task(database.clone(), query, patience))?,
    };
    backup.await?;
    let asked = client.await??;

    let answers = *database.lock().await;
    Ok(Outcome::new()
        .figure("asked", asked, "requests")
        .figure("answers", answers, "requests")
        .figure("total", started.elapsed(), "ms")
        .check("every request is answered", answers == asked))
}

/// Holds the database, and then releases it to the first request in the queue.
async fn backup(database: Database, hold: Duration) {
    let _held = database.lock().await;
    sleep(hold).instrument(info_span!("holds the database")).await;
    info!(moment = "to first request", "the database goes to the first request in the queue");
}

/// One request: wait for the database, use it, release it.
async fn request(database: Database, query: Duration) {
    let mut answers = database.lock().await;
    sleep(query).instrument(info_span!("queries")).await;
    *answers += 1;
    info!(counter.answers = *answers, mark = "answered", "the request is answered");
}

/// `select-ref`: polls the first request through a reference, and stops polling it while it awaits the second.
async fn impatient(database: Database, query: Duration, patience: Duration) -> scenario::Result<u64> {
    // Let the backup take the database first.
    yield_now().await;
    let mut first = pin!(request(database.clone(), query).instrument(info_span!("first request")));
    // `select!` polls `first` by reference, so losing does not drop it. It stays in the lock's queue.
    tokio::select! {
        () = &mut first => return Ok(1),
        () = sleep(patience) => info!(moment = "asks again", "asks a second time"),
    }
    // This request queues behind `first`, which is not polled while we wait here. So both wait for ever.
    request(database, query).instrument(info_span!("second request")).await;
    first.await;
    Ok(2)
}

/// `spawned`: the first request is a task, which the runtime polls.
async fn impatient_with_a_task(database: Database, query: Duration, patience: Duration) -> scenario::Result<u64> {
    // Let the backup take the database first.
    yield_now().await;
    let mut first = Builder::new().name("first request").spawn(request(database.clone(), query))?;
    tokio::select! {
        ended = &mut first => {
            ended?;
            return Ok(1);
        }
        () = sleep(patience) => info!(moment = "asks again", "asks a second time"),
    }
    // The runtime keeps polling `first`, so it gets the database, and then this request does.
    request(database, query).instrument(info_span!("second request")).await;
    first.await?;
    Ok(2)
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    /// Far longer than any of these runs. Virtual time gets this far only if nothing else can run.
    const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 3600);

    /// A request that is not polled blocks the request behind it, if there is one.
    #[tokio::test(start_paused = true)]
    async fn only_a_request_that_is_not_polled_blocks_the_next_one() -> scenario::Result<()> {
        for (variant, hold, patience, total) in [
            ("select-ref", "2000", "500", None),
            ("select-ref", "2000", "3000", Some(2500.0)),
            ("select-ref", "400", "500", None),
            ("select-ref", "400", "1000", Some(900.0)),
            ("spawned", "2000", "500", Some(3000.0)),
            ("spawned", "2000", "3000", Some(2500.0)),
        ] {
            let turned = [(VARIANT, variant), (HOLD, hold), (PATIENCE, patience)];
            let ended = timeout(FOR_EVER, run(Context::of(&SCENARIO, &turned))).await.ok().transpose()?;
            assert_eq!(ended.as_ref().and_then(|outcome| outcome.value("total")), total, "{turned:?}");
            assert!(ended.is_none_or(|outcome| outcome.holds()), "{turned:?}");
        }
        Ok(())
    }
}
