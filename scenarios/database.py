"""Database: independent queries in parallel, writes in a transaction.

`sqlite3` blocks, so each call runs in a thread with `asyncio.to_thread`. Each call may
use a different thread, so a connection must be opened with `check_same_thread=False`.
An asynchronous library (`asyncpg`, `aiosqlite`) hides that. The pool is a semaphore and
a list. The run uses the real clock, because threads do not run on virtual time.

`with connection:` is a transaction: it commits at the end and rolls back on an
exception. It does not close the connection. In Rust, these are `commit()` and `Drop`.

Pitfall: if you cancel a coroutine while its thread is working, the coroutine goes on at
once, but the thread does not stop. If you close the connection then, a query is still
using it.
"""

import asyncio
import contextlib
import os
import sqlite3
import tempfile

from twin import Number, Outcome, main, now

PARAMS = {
    "users": Number(8, 1, 200),
    "pool": Number(4, 1, 64),
    "orders": Number(50, 0, 10_000),
    "fail_write": Number(30, 0, 10_000),
    "round_trip": Number(200, 20, 60_000),
}

# How long an order takes, in ms.
ORDER = 10


class Pool:
    """At most `most` connections to a file, opened on demand."""

    def __init__(self, path, most):
        self.path, self.limit = path, asyncio.Semaphore(most)
        self.idle, self.size = [], 0

    @contextlib.asynccontextmanager
    async def acquire(self):
        async with self.limit:
            if self.idle:
                connection = self.idle.pop()
            else:
                self.size += 1
                connection = await asyncio.to_thread(sqlite3.connect, self.path, check_same_thread=False)
            try:
                yield connection
            finally:
                self.idle.append(connection)

    def close(self):
        for connection in self.idle:
            connection.close()


async def run(cx):
    started = now()
    with tempfile.TemporaryDirectory(prefix="async-playground-") as folder:
        pool = Pool(os.path.join(folder, "shop.sqlite"), cx.pool)
        try:
            await create(pool, cx.users)
            most = 0

            async def one(user):
                nonlocal most
                async with pool.acquire() as connection:
                    most = max(most, pool.size)
                    await load(cx, connection, user)

            begun = now()
            await asyncio.gather(*(one(user) for user in range(cx.users)))
            in_parallel = now() - begun

            try:
                await write_orders(cx, pool)
                refused = 0
            except sqlite3.IntegrityError:
                refused = 1
            async with pool.acquire() as connection:
                rows = await asyncio.to_thread(fetch, connection, "SELECT count(*) FROM orders")

            begun = now()
            async with pool.acquire() as connection:
                for user in range(cx.users):
                    await load(cx, connection, user)
            one_by_one = now() - begun
        finally:
            pool.close()

    return (
        Outcome()
        .figure("in parallel", in_parallel, "ms")
        .figure("one by one", one_by_one, "ms")
        .figure("most connections", most, "connections")
        .figure("orders refused", refused, "orders")
        .figure("orders in the database", rows, "orders")
        .figure("total", now() - started, "ms")
        .check(
            "in parallel is not slower than one by one",
            in_parallel <= one_by_one or cx.on_time(in_parallel, one_by_one),
        )
        .check("either all orders are in the database or none", rows == (0 if refused else cx.orders))
        .check("the pool keeps to its maximum", most <= cx.pool)
    )


async def create(pool, users):
    """Creates the tables and the users."""

    def make(connection):
        with connection:
            connection.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
            connection.execute(
                "CREATE TABLE orders (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL CHECK (amount > 0))"
            )
            connection.executemany("INSERT INTO users VALUES (?, ?)", ((id, f"user {id}") for id in range(users)))

    async with pool.acquire() as connection:
        await asyncio.to_thread(make, connection)


def fetch(connection, query, *values):
    """Runs a query that returns one value."""
    return connection.execute(query, values).fetchone()[0]


async def load(cx, connection, user):
    """Loads a user."""
    await asyncio.sleep(cx.round_trip / 1000)
    await asyncio.to_thread(fetch, connection, "SELECT name FROM users WHERE id = ?", user)


async def write_orders(cx, pool):
    """Writes all orders or none: an exception rolls the transaction back."""
    async with pool.acquire() as connection:
        with connection:
            for order in range(1, cx.orders + 1):
                await asyncio.sleep(ORDER / 1000)
                # An amount of 0 breaks the table's CHECK, so the database refuses the order.
                amount = 0 if order == cx.fail_write else cx.draw("amount", order, 1, 100)
                await asyncio.to_thread(connection.execute, "INSERT INTO orders VALUES (?, ?)", (order, amount))


if __name__ == "__main__":
    main("database", PARAMS, run, real=lambda cx: True)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given

REAL = True


async def test_queries_take_as_many_rounds_as_the_pool_needs():
    """The pool loads as many users at a time as it has connections."""
    for pool, rounds in [(8, 1), (4, 2)]:
        outcome = await run(given(PARAMS, real=True, pool=pool, round_trip=200, orders=0))
        # The margin is one round, which still proves the claim.
        assert rounds * 200 - 5 <= outcome.value("in parallel") < (rounds + 1) * 200
        assert outcome.value("one by one") >= 1_595
        assert outcome.holds()
