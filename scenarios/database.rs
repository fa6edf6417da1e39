//! # Database: independent queries in parallel, writes in a transaction
//!
//! The run loads eight users from a SQLite database, all at once, over a pool of four
//! connections. Then it writes fifty orders in one transaction. Finally it loads the
//! users again, one by one.
//!
//! **What you see.** Eight lanes start at once: four of them have a connection, four wait
//! for one (red) and then take over. Eight queries take the time of two. Then come the
//! orders, on one lane, because a transaction uses a single connection. The database
//! refuses the thirtieth order, and the earlier ones are rolled back. *One by one* at the
//! end is a long row of waits.
//!
//! **Why.** A connection does one thing at a time. Queries that do not need each other's
//! results can use several connections, and take `users / pool` rounds. More connections
//! than users are of no use, and a pool that opens one for each query only moves the
//! queue into the database. Writes that belong together must stay on one connection:
//! between `BEGIN` and `COMMIT` no other task may use it. If the transaction is dropped
//! before `COMMIT`, by an error or an abort, it is rolled back. The run uses the real
//! clock, because SQLite has threads of its own, which do not run on virtual time. SQLite
//! answers at once, so each query first waits for the round trip to an imaginary server,
//! and holds its connection meanwhile.
//!
//! **Try.** Set `pool` to 8: all users load at once, in the time of one. Set it to 1: the
//! pool takes as long as one by one. Set `fail_write` to 0: no order is refused, and all
//! fifty are in the database. Set `connect` to 300: three users wait until their
//! connection is open, and all of them take that much longer. Then set `min_size` to 4:
//! the pool opens four connections before the first user comes, and nobody waits for one
//! to open. Set `connect` to 400 and `round_trip` to 20: without a minimum, loading in
//! parallel takes longer than one by one, and a check fails.
//!
//! **Pitfall.** Do not start a transaction and then run a query on the *pool*. That query
//! takes another connection and does not see what the transaction wrote. If the pool is
//! empty, it waits for ever for the transaction that waits for it.
//!
//! **Words.** asyncio: a library (`asyncpg.create_pool(min_size, max_size)`, `async with
//! connection.transaction()`); the twin has `sqlite3` on threads, `asyncio.to_thread`.
//! Tokio: `sqlx::SqlitePool` with `min_connections` and `max_connections`,
//! `pool.begin()`, `commit()`; `Drop` rolls back, where Python uses a context manager.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{ConnectOptions, Connection, SqliteConnection, SqlitePool};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, error, info, info_span};

use scenario::prelude::*;

const USERS: Param = Param::count("users", 8, (1, 200), "users", "How many users to load.");
const POOL: Param = Param::count("pool", 4, (1, 64), "connections", "How many connections the pool may open.");
const ORDERS: Param = Param::count("orders", 50, (0, 10_000), "orders", "How many orders the transaction writes.");
const FAIL_WRITE: Param = Param::count("fail_write", 30, (0, 10_000), "orders", "Which order the database refuses; 0 is none.");
const ROUND_TRIP: Param = Param::millis("round_trip", 200, (20, 60_000), "Time to the database and back.");
const MIN_SIZE: Param = Param::count("min_size", 0, (0, 64), "connections", "How many connections to open beforehand.");
const CONNECT: Param = Param::millis("connect", 0, (0, 400), "How long it takes to open a connection.");

/// How long an order takes. The round trips of a transaction overlap, so an order takes less than one.
const ORDER: Duration = Duration::from_millis(10);

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "database",
    title: "Database",
    group: Group::Real,
    lesson: "Independent queries in parallel, writes in a transaction.",
    clocks: &[Clock::Real],
    params: &[USERS, POOL, ORDERS, FAIL_WRITE, ROUND_TRIP, MIN_SIZE, CONNECT],
    patterns: &["database pool", "minimum pool size", "parallel queries", "transaction", "rollback"],
    differs: "In Python, an exception that leaves the context rolls back; in Rust, dropping the transaction does. A cancelled \
              `to_thread` leaves its thread at work on the connection; sqlx has one thread for each connection.",
    builds_on: &["gather", "connection-pool"],
    breaks: &[Breaks::checks(&[("connect", "400"), ("round_trip", "20")], &["in parallel is not slower than one by one"])],
    real_because: "SQLite has threads of its own",
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "user"),
            "{count:user} users are loaded at once, each by a task. The pool opens at most {param:pool} connections for them.",
        )
        .line("pool.acquire().instrument"),
        Stop::at(
            When::Wait(Nth::First, "user", For::Permit),
            "{task} finds no free connection, and waits in the queue of the pool.",
        ),
        Stop::at(
            When::Resume(Nth::First, "user", For::Permit),
            "{by} is loaded and gives its connection back. {task} takes it over: it has waited {lasted}.",
        ),
        Stop::at(
            When::Log(Nth::First, "writes the orders"),
            "Loading in parallel took {figure:in parallel}. Now one task writes {param:orders} orders, in one transaction and so \
             on one connection.",
        )
        .line("connection.begin()"),
        Stop::at(
            When::Log(Nth::First, "the orders are rolled back"),
            "The database refuses order {param:fail_write}. The task returns early, which drops the transaction, and the orders \
             before it are rolled back.",
        )
        .line("query.execute(&mut *transaction).await?"),
        Stop::at(
            When::Log(Nth::First, "loads the users again"),
            "The same users are loaded again, one after the other on one connection. This takes {figure:one by one}, because \
             each round trip begins after the one before.",
        ),
        Stop::at(
            When::Over,
            "In parallel: {figure:in parallel}. One by one: {figure:one by one}. The database has {figure:orders in the \
             database} orders.",
        ),
    ],
    questions: &[
        Question::new(
            "One transaction writes {param:orders} orders, and the database refuses order {param:fail_write}. How many of the \
             orders are in the database at the end?",
            Answer::Number {
                is: "figure:orders in the database",
                typical: &[
                    ("param:fail_write - 1", "They are part of the transaction, and an error takes all of it back."),
                    ("param:orders - 1", "The error ends the transaction, and takes all of it back."),
                    ("param:orders", "An order that is refused is an error, and that takes the whole transaction back."),
                ],
            },
            When::Over,
            "{figure:orders in the database} orders are in the database. A transaction is all or nothing: if it is dropped \
             before its commit, nothing of it stays.",
        )
        .unless("fail_write", "0"),
        Question::new(
            "{param:users} users are loaded at once over {param:pool} connections, and loading one takes {param:round_trip}. \
             How long does it take to load them all?",
            Answer::Time {
                is: "figure:in parallel",
                typical: &[
                    ("param:round_trip", "A connection serves one user at a time, so the others have to wait for one."),
                    (
                        "param:round_trip * param:users",
                        "That would be so with one connection: several users are loaded at a time.",
                    ),
                ],
            },
            When::Log(Nth::First, "writes the orders"),
            "A connection serves one user at a time, so {param:users} users over {param:pool} connections took {figure:in \
             parallel}.",
        )
        .only("connect", "0"),
    ],
    source: include_str!("database.rs"),
    path: file!(),
    twin: include_str!("database.py"),
    refuse,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// Refuses a minimum above the maximum.
fn refuse(values: &Values, _: Clock) -> Result<(), ValueError> {
    let (least, most) = (values.number(&MIN_SIZE), values.number(&POOL));
    if least <= most {
        return Ok(());
    }
    let reason = format!("{least} is more than the pool may open: at most {most}");
    Err(ValueError { param: MIN_SIZE.name, reason })
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    // The file is removed when this is dropped, after everything else, even if the run is dropped at an await.
    let file = tempfile::Builder::new().prefix("async-playground-").suffix(".sqlite").tempfile()?.into_temp_path();
    create(&file, cx.number(USERS)).await?;
    let pool = connect(&cx, &file).await?;
    let at_start = pool.size();
    let most = Arc::new(AtomicU32::new(0));

    let mut tasks = JoinSet::new();
    let begun = Instant::now();
    info!(moment = "all at once", "loads the users over the pool");
    for user in 0..cx.number(USERS) {
        tasks.build_task().name(&format!("user {user}")).spawn(one(cx.clone(), pool.clone(), user, most.clone()))?;
    }
    all(&mut tasks).await?;
    let in_parallel = begun.elapsed();

    // One task on one connection. If an order is refused, the task fails, and the transaction is rolled back.
    info!(moment = "transaction", "writes the orders, all or none");
    tasks.build_task().name("orders").spawn(reported(orders(cx.clone(), pool.clone())))?;
    let refused = all(&mut tasks).await.is_err();

    let begun = Instant::now();
    info!(moment = "one by one", "loads the users again");
    tasks.build_task().name("one by one").spawn(one_by_one(cx.clone(), pool.clone()))?;
    all(&mut tasks).await?;
    let one_by_one = begun.elapsed();
    let rows = count_orders(&pool).await?;
    pool.close().await;

    let (orders, most) = (cx.number(ORDERS), most.load(Ordering::Relaxed));
    let should_be = if refused { 0 } else { orders };
    info!(counter.rows = rows, "{rows} orders are in the database");
    Ok(Outcome::new()
        .figure("in parallel", in_parallel, "ms")
        .figure("one by one", one_by_one, "ms")
        .figure("connections at the start", u64::from(at_start), "connections")
        .figure("most connections", u64::from(most), "connections")
        .figure("orders refused", u64::from(refused), "orders")
        .figure("orders in the database", rows.unsigned_abs(), "orders")
        .figure("total", started.elapsed(), "ms")
        .check("in parallel is not slower than one by one", in_parallel <= one_by_one || cx.on_time(in_parallel, one_by_one))
        .check("either all orders are in the database or none", rows.unsigned_abs() == should_be)
        .check("the pool keeps to its maximum", u64::from(most) <= cx.number(POOL))
        .check("the pool opens its minimum first", u64::from(at_start) >= cx.number(MIN_SIZE)))
}

/// Opens the pool with its first connections: `min_size` of them, and at least one, to see that the database answers.
async fn connect(cx: &Context, file: &Path) -> sqlx::Result<SqlitePool> {
    let connect = cx.duration(CONNECT);
    // Never close a connection because of its age: the run is too short for that. With a minimum, the pool spawns a task
    // each time a connection is given back, to see whether it has to open another one.
    let pool = SqlitePoolOptions::new().max_connections(cx.number(POOL) as u32).min_connections(cx.number(MIN_SIZE) as u32);
    let pool = pool.idle_timeout(None).max_lifetime(None);
    // SQLite opens at once. A server has to accept the connection, agree on encryption, and check the password.
    let pool = pool.after_connect(move |_, _| {
        Box::pin(async move {
            sleep(connect).instrument(info_span!("connects")).await;
            Ok(())
        })
    });
    pool.connect_with(options(file)).await
}

/// Options to open the database. The file exists already, and its journal is in memory: so there is only one file to
/// remove, and no connection creates it again.
fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(file).create_if_missing(false).journal_mode(SqliteJournalMode::Memory)
}

/// Creates the tables and the users.
async fn create(file: &Path, users: u64) -> sqlx::Result<()> {
    let mut database = options(file).connect().await?;
    sqlx::query("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL)").execute(&mut database).await?;
    sqlx::query("CREATE TABLE orders (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL CHECK (amount > 0))")
        .execute(&mut database)
        .await?;
    sqlx::query(
        "WITH RECURSIVE ids (id) AS (SELECT 0 UNION ALL SELECT id + 1 FROM ids LIMIT ?)
         INSERT INTO users SELECT id, 'user ' || id FROM ids",
    )
    .bind(users as i64)
    .execute(&mut database)
    .await?;
    database.close().await
}

/// Waits for all tasks; fails if one of them fails.
async fn all(tasks: &mut JoinSet<scenario::Result<()>>) -> scenario::Result<()> {
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(())
}

/// Loads every user in turn, on one connection.
async fn one_by_one(cx: Context, pool: SqlitePool) -> scenario::Result<()> {
    let mut connection = pool.acquire().await?;
    for user in 0..cx.number(USERS) {
        load(&cx, &mut connection, user).await?;
    }
    connection.return_to_pool().await;
    Ok(())
}

/// Loads one user, as soon as a connection is free.
async fn one(cx: Context, pool: SqlitePool, user: u64, most: Arc<AtomicU32>) -> scenario::Result<()> {
    let mut connection = pool.acquire().instrument(info_span!("waits for one")).await?;
    most.fetch_max(pool.size(), Ordering::Relaxed);
    info!(counter.connections = pool.size(), counter.idle = pool.num_idle(), "gets a connection");
    load(&cx, &mut connection, user).await?;
    // Dropping the connection would spawn a task for this, and the screen would show a short lane for each user.
    connection.return_to_pool().await;
    Ok(())
}

/// Loads a user.
async fn load(cx: &Context, connection: &mut SqliteConnection, user: u64) -> scenario::Result<()> {
    sleep(cx.duration(ROUND_TRIP)).instrument(info_span!("loads", user)).await;
    let query = sqlx::query_scalar("SELECT name FROM users WHERE id = ?").bind(user as i64);
    let name: String = query.fetch_one(connection).await?;
    info!(mark = "loaded", "{name} is loaded");
    Ok(())
}

/// Writes all orders or none, on one connection.
async fn orders(cx: Context, pool: SqlitePool) -> scenario::Result<()> {
    let mut connection = pool.acquire().await?;
    let written = write_orders(&cx, &mut connection).await;
    connection.return_to_pool().await;
    written
}

/// Writes the orders in one transaction. If `?` returns early, the transaction is dropped and so rolled back.
async fn write_orders(cx: &Context, connection: &mut SqliteConnection) -> scenario::Result<()> {
    let mut transaction = connection.begin().await?;
    for order in 1..=cx.number(ORDERS) {
        sleep(ORDER).instrument(info_span!("writes")).await;
        // An amount of 0 breaks the table's CHECK, so the database refuses the order.
        let amount = if order == cx.number(FAIL_WRITE) { 0 } else { cx.draw("amount", order as usize, 1..=100) };
        let query = sqlx::query("INSERT INTO orders (id, amount) VALUES (?, ?)").bind(order as i64).bind(amount as i64);
        query.execute(&mut *transaction).await?;
        info!(counter.written = order, "order {order} is written, visible only to this transaction");
    }
    // Only now can other connections see the orders.
    Ok(transaction.commit().await?)
}

/// Counts the orders in the database.
async fn count_orders(pool: &SqlitePool) -> scenario::Result<i64> {
    let mut connection = pool.acquire().await?;
    let rows = sqlx::query_scalar("SELECT count(*) FROM orders").fetch_one(&mut *connection).await?;
    connection.return_to_pool().await;
    Ok(rows)
}

/// Logs the error of a task that fails.
async fn reported(work: impl Future<Output = scenario::Result<()>>) -> scenario::Result<()> {
    work.await.inspect_err(|error| error!(%error, moment = "rolled back", counter.written = 0, "the orders are rolled back"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pool loads as many users at a time as it has connections.
    #[test]
    fn queries_take_as_many_rounds_as_the_pool_needs() {
        scenario::really(async || {
            for (pool, rounds) in [("8", 1.0), ("4", 2.0), ("1", 8.0)] {
                let turned = [(POOL, pool), (ROUND_TRIP, "200"), (ORDERS, "0")];
                let outcome = run(Context::real(&SCENARIO, &turned)).await?;
                let figure = |name| outcome.value(name).unwrap_or_default();
                // A timer is never early. The margin is one round, which still proves the claim.
                let in_parallel = figure("in parallel") / 200.0;
                assert!((rounds..rounds + 1.0).contains(&in_parallel) || pool == "1", "pool {pool}: {outcome:?}");
                assert!(figure("one by one") >= 1600.0, "pool {pool}: {outcome:?}");
                assert!(outcome.holds(), "pool {pool}: {outcome:?}");
            }
            Ok(())
        });
    }

    /// Connections that are open before the first user comes cost the users nothing.
    #[test]
    fn a_minimum_opens_connections_before_they_are_needed() {
        scenario::really(async || {
            for (least, at_start, waits) in [("0", 1.0, 300.0), ("4", 4.0, 0.0)] {
                let turned = [(MIN_SIZE, least), (CONNECT, "300"), (ORDERS, "0"), (USERS, "4"), (ROUND_TRIP, "50")];
                let outcome = run(Context::real(&SCENARIO, &turned)).await?;
                assert_eq!(outcome.value("connections at the start"), Some(at_start), "{least}");
                let in_parallel = outcome.value("in parallel").unwrap_or_default();
                assert!((waits + 50.0..waits + 200.0).contains(&in_parallel), "{least}: {outcome:?}");
                // With a short round trip, opening a connection costs more than it gains.
                assert_eq!(outcome.holds(), at_start > 1.0, "{least}: {outcome:?}");
            }
            Ok(())
        });
    }

    /// If one order is refused, the earlier ones are rolled back.
    #[test]
    fn a_transaction_that_fails_leaves_no_row() {
        scenario::really(async || {
            for (fail_write, refused, rows) in
                [("0", 0.0, 20.0), ("1", 1.0, 0.0), ("13", 1.0, 0.0), ("20", 1.0, 0.0), ("21", 0.0, 20.0)]
            {
                let turned = [(FAIL_WRITE, fail_write), (ORDERS, "20"), (ROUND_TRIP, "20"), (USERS, "1")];
                let outcome = run(Context::real(&SCENARIO, &turned)).await?;
                let figures = ["orders refused", "orders in the database"].map(|name| outcome.value(name));
                assert_eq!(figures, [Some(refused), Some(rows)], "{fail_write}: {outcome:?}");
                let broken: Vec<_> = outcome.checks.iter().filter(|check| !check.holds).collect();
                assert!(broken.is_empty(), "{fail_write}: {broken:?}");
            }
            Ok(())
        });
    }
}
