//! # Connection pool: queueing dominates near the limit
//!
//! Eight clients share two connections to a SQLite database. Each client thinks for a
//! while, takes a connection, holds it for 300 ms, gives it back, and starts over, five
//! times.
//!
//! **What you see.** Each lane repeats three steps: think, wait for a connection (red),
//! hold it. The red part is as long as the work. The connections are no slower than with
//! two clients, where there is hardly any red: only the queue is longer.
//!
//! **Why.** Eight clients that each use a connection for 300 of 800 ms need three
//! connections, and there are two: the figure `load` shows 150 %. Up to about 80 %, a
//! connection is nearly always free. Close to 100 %, every coincidence makes a queue,
//! which cannot drain before the next one. Above 100 %, there is always a queue, and a
//! larger pool helps more than a faster query. A connection that is never given back
//! makes the pool smaller for ever; when the last one leaks, everything stops. The run
//! uses the real clock, because SQLite has threads of its own, which do not run on
//! virtual time.
//!
//! **Try.** Set `clients` to 2: the load is 37 %, and nobody waits. Set `pool` to 4: the
//! load is 75 %, and waits are short, instead of as long as the work. Set `leak` to 10:
//! every tenth connection is not given back. After 20 requests none is left, and the
//! check fails: waiting clients get an error after 3000 ms, and half of the requests are
//! not served.
//!
//! **Pitfall.** If you hold a connection while you call another service, you hold it for
//! as long as that call takes. And without a limit on the wait, a program whose pool has
//! leaked hangs silently.
//!
//! **Words.** asyncio: a library (`asyncpg.create_pool`, `async with pool.acquire()`);
//! the twin has an `asyncio.Semaphore`, a list, and `sqlite3` on threads. Tokio:
//! `sqlx::SqlitePool` with `max_connections` and `acquire_timeout`, which uses a
//! `tokio::sync::Semaphore` inside. `Drop` spawns a task that gives the connection back.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{Sqlite, SqlitePool};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, error, info, info_span, warn};

use scenario::prelude::*;

const CLIENTS: Param = Param::count("clients", 8, (1, 200), "clients", "How many clients use the pool.");
const POOL: Param = Param::count("pool", 2, (1, 64), "connections", "How many connections the pool may open.");
const HOLD: Param = Param::millis("hold", 300, (0, 60_000), "How long a client holds a connection.");
const THINK: Param = Param::millis("think", 500, (0, 60_000), "How long a client thinks, on average.");
const LEAK: Param = Param::count("leak", 0, (0, 1_000), "connections", "Leak every nth connection; 0 leaks none.");

/// How many connections each client asks for, one after the other.
const REQUESTS: usize = 5;

/// How long a client waits for a connection before it gives up and ends.
const PATIENCE: Duration = Duration::from_secs(3);

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "connection-pool",
    title: "Connection pool",
    group: Group::Limits,
    lesson: "Queueing dominates near the limit.",
    clocks: &[Clock::Real],
    params: &[CLIENTS, POOL, HOLD, THINK, LEAK],
    patterns: &["connection pool", "queueing", "pool exhaustion", "connection leak", "acquire timeout"],
    differs: "In asyncio's libraries, `async with` gives a connection back in the same task; in sqlx, dropping the guard spawns \
              a task that gives it back.",
    builds_on: &["semaphore"],
    breaks: &[Breaks::checks(&[("leak", "10")], &["every request is served"])],
    real_because: "SQLite has threads of its own",
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "client"),
            "{count:client} clients share {param:pool} connections. Each thinks for {param:think} on average and then holds \
             one for {param:hold}: a load of {word:demand}.",
        )
        .line("max_connections"),
        Stop::at(
            When::Wait(Nth::First, "client", For::Permit),
            "{task} finds no free connection. It waits in the pool's queue, for {lasted}.",
        )
        .line("shared.pool.acquire()"),
        Stop::at(
            When::Resume(Nth::First, "client", For::Permit),
            "{by} gives its connection back, which wakes {task}, the head of the queue.",
        )
        .line("connection.return_to_pool()")
        .sometimes(),
        Stop::at(
            When::Log(Nth::First, "does not give its connection back"),
            "{task} does not give its connection back. For the rest of the run the pool has one connection less.",
        )
        .line("does not give its connection back")
        .sometimes(),
        Stop::at(
            When::Crowd(For::Permit),
            "{crowd} clients wait for a connection at the same time. The queue is fair: each waits until the clients before \
             it have got one.",
        ),
        Stop::at(
            When::Log(Nth::First, "gives up"),
            "{task} gives up: no connection came back in time. {counter:in_use} connections are in use or leaked.",
        )
        .line("sqlx::Error::PoolTimedOut")
        .sometimes(),
        Stop::at(
            When::Over,
            "{figure:served} requests were served, {figure:not served} were not. At a load of {figure:load} %, the 95th \
             percentile of waits was {figure:95th percentile of waits}.",
        ),
    ],
    questions: &[
        Question::new(
            "{param:clients} clients share {param:pool} connections. Each thinks {param:think} on average and then holds one for \
             {param:hold}. How long are the longest 5 % of waits?",
            Answer::Choice(&[
                Choice::new("Longer than a client holds a connection", If::More("figure:95th percentile of waits", "param:hold")),
                Choice::new(
                    "Shorter than that, but long enough to notice",
                    If::More("figure:95th percentile of waits", "param:hold / 4"),
                ),
                Choice::new("Hardly any: a connection is nearly always free", If::Otherwise),
            ]),
            When::Over,
            "The clients need {figure:load} % of the pool's time. One wait in 20 was longer than \
             {figure:95th percentile of waits}.",
        )
        .only("leak", "0"),
        Question::new(
            "One connection in {param:leak} is never given back, and the pool has {param:pool}. How many of {param:clients * 5} \
             requests are served?",
            Answer::Number {
                is: "figure:served",
                typical: &[
                    (
                        "param:clients * 5",
                        "Each leak makes the pool smaller. When the last connection has leaked, no client gets one.",
                    ),
                    ("param:leak", "The pool then goes on with one connection less, until the others have leaked, too."),
                ],
            },
            When::Over,
            "{figure:leaked} connections leaked, and {figure:served} requests were served. The others waited until they gave up.",
        )
        .unless("leak", "0"),
    ],
    source: include_str!("connection_pool.rs"),
    path: file!(),
    twin: include_str!("connection_pool.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// What the clients share.
struct Shared {
    cx: Context,
    pool: SqlitePool,
    handed_out: AtomicUsize,
    in_use: AtomicU64,
    most_open: AtomicU64,
    /// The leak: connections that are kept and never given back.
    forgotten: Mutex<Vec<PoolConnection<Sqlite>>>,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    // The file is removed when this is dropped, after everything else, even if the run is dropped at an await.
    let file = tempfile::Builder::new().prefix("async-playground-").suffix(".sqlite").tempfile()?.into_temp_path();
    // The file exists already, and its journal is in memory, so no other file has to be removed.
    let database = SqliteConnectOptions::new().filename(&file).create_if_missing(false).journal_mode(SqliteJournalMode::Memory);
    let options = SqlitePoolOptions::new().max_connections(cx.number(POOL) as u32).acquire_timeout(PATIENCE);
    // Never close a connection because of its age: the run is too short for that.
    let pool = options.idle_timeout(None).max_lifetime(None).connect_lazy_with(database);
    let shared = Arc::new(Shared::new(cx.clone(), pool.clone()));

    info!(state.demand = format!("{} %", load(&cx)), "clients start");
    let mut clients = JoinSet::new();
    for i in 0..cx.count(CLIENTS) {
        clients.build_task().name(&format!("client {i}")).spawn(client(i, shared.clone()))?;
    }
    let mut waits = Vec::new();
    while let Some(served) = clients.join_next().await {
        waits.extend(served??);
    }
    let total = started.elapsed();

    // Close the leaked connections too, or the pool could not be closed.
    let forgotten = shared.take_forgotten();
    let leaked = forgotten.len();
    for connection in forgotten {
        connection.close().await?;
    }
    pool.close().await;

    waits.sort_unstable();
    let p95 = waits.get((waits.len() * 95).div_ceil(100).saturating_sub(1)).copied().unwrap_or_default();
    let (wanted, served) = (cx.count(CLIENTS) * REQUESTS, waits.len());
    let most_open = shared.most_open.load(Ordering::Relaxed);
    Ok(Outcome::new()
        .figure("load", load(&cx), "%")
        .figure("served", served, "requests")
        .figure("not served", wanted - served, "requests")
        .figure("leaked", leaked, "connections")
        .figure("most connections", most_open, "connections")
        .figure("95th percentile of waits", p95, "ms")
        .figure("total", total, "ms")
        .check("the pool keeps to its maximum", most_open <= cx.number(POOL))
        .check("every request is served", served == wanted))
}

/// The demand in percent of the pool: the connections that the clients would keep busy if they never waited.
fn load(cx: &Context) -> u64 {
    let (hold, think) = (cx.number(HOLD), cx.number(THINK));
    (100 * cx.number(CLIENTS) * hold).checked_div((hold + think) * cx.number(POOL)).unwrap_or_default()
}

/// Thinks and uses a connection, again and again; returns how long it waited each time.
async fn client(client: usize, shared: Arc<Shared>) -> scenario::Result<Vec<Duration>> {
    let mut waits = Vec::new();
    for request in 0..REQUESTS {
        let think = shared.cx.draw("think", client * REQUESTS + request, 0..=2 * shared.cx.number(THINK));
        sleep(Duration::from_millis(think)).instrument(info_span!("thinks")).await;

        let asked = Instant::now();
        // This is the queue. `acquire` gives up after `PATIENCE`.
        let connection = match shared.pool.acquire().instrument(info_span!("waits for one")).await {
            Ok(connection) => connection,
            Err(error @ sqlx::Error::PoolTimedOut) => {
                error!(%error, mark = "gives up", "gives up");
                break;
            }
            Err(error) => return Err(error.into()),
        };
        let waited = asked.elapsed();
        info!(counter.wait_ms = waited.as_millis() as u64, "gets a connection");
        waits.push(waited);
        shared.work(connection).instrument(info_span!("holds one", request)).await?;
    }
    Ok(waits)
}

impl Shared {
    fn new(cx: Context, pool: SqlitePool) -> Self {
        let (handed_out, in_use, most_open) = Default::default();
        Self { cx, pool, handed_out, in_use, most_open, forgotten: Mutex::default() }
    }

    /// Uses a connection, and gives it back unless it leaks.
    async fn work(&self, mut connection: PoolConnection<Sqlite>) -> scenario::Result<()> {
        let number = self.handed_out.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_open.fetch_max(u64::from(self.pool.size()), Ordering::Relaxed);
        let in_use = self.in_use.fetch_add(1, Ordering::Relaxed) + 1;
        info!(counter.in_use = in_use, "takes connection {number}");

        sqlx::query("SELECT 1").execute(&mut *connection).await?;
        sleep(self.cx.duration(HOLD)).await;

        if number.checked_rem(self.cx.count(LEAK)) == Some(0) {
            warn!(mark = "leak", "does not give its connection back");
            self.forgotten.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            return Ok(());
        }
        info!(counter.in_use = self.in_use.fetch_sub(1, Ordering::Relaxed) - 1, "gives it back");
        // Dropping the connection would spawn a task for this, and the screen would show a hundred short lanes.
        connection.return_to_pool().await;
        Ok(())
    }

    fn take_forgotten(&self) -> Vec<PoolConnection<Sqlite>> {
        std::mem::take(&mut self.forgotten.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With equal work, only the wait grows with the load.
    #[test]
    fn waits_grow_with_the_load_and_nothing_else_does() {
        scenario::really(async || {
            let mut waits = Vec::new();
            for (clients, pool, load) in [("5", "5", 37.0), ("20", "8", 93.0), ("20", "5", 150.0)] {
                let turned = [(CLIENTS, clients), (POOL, pool), (HOLD, "90"), (THINK, "150")];
                let outcome = run(Context::real(&SCENARIO, &turned)).await?;
                assert_eq!(outcome.value("load"), Some(load));
                assert!(outcome.holds(), "{clients} clients, pool {pool}: {outcome:?}");
                waits.push(outcome.value("95th percentile of waits").unwrap_or_default());
            }
            assert!(waits[0] < waits[1] && waits[1] < waits[2], "{waits:?}");
            // Beyond the limit, waits are usually longer than the work.
            assert!(waits[2] > 90.0, "{waits:?}");
            Ok(())
        });
    }

    /// Every tenth connection leaks: the pool of five serves fifty requests, and then none.
    #[test]
    fn a_leak_empties_the_pool_and_then_it_stands_still() {
        scenario::really(async || {
            let turned = [(LEAK, "10"), (HOLD, "10"), (THINK, "10"), (CLIENTS, "20"), (POOL, "5")];
            let outcome = run(Context::real(&SCENARIO, &turned)).await?;
            let figures = ["served", "not served", "leaked"].map(|name| outcome.value(name));
            assert_eq!(figures, [Some(50.0), Some(50.0), Some(5.0)], "{outcome:?}");
            let broken: Vec<_> = outcome.checks.iter().filter(|check| !check.holds).map(|check| check.name.as_str()).collect();
            assert_eq!(broken, ["every request is served"], "{outcome:?}");
            Ok(())
        });
    }
}
