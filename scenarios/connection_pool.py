"""Connection pool: queueing dominates near the limit.

A pool is a semaphore and a list of connections. `sqlite3` blocks, so each call runs in
a thread. The run uses the real clock, because threads do not run on virtual time.

Pitfall: `await pool.acquire()` without a timeout waits for ever once the pool has
leaked. Put `asyncio.timeout` around it, and around nothing else: the work that follows
has its own limit. In asyncio a leak is a missing `async with` or `finally`: an error or
a cancellation while you hold the connection loses it. A connection that cannot be
opened must give its permit back. In Rust a connection is given back when it is dropped,
so it leaks only if you *keep* it.
"""

import asyncio
import os
import sqlite3
import tempfile

from twin import Number, Outcome, in_thread, main, now

PARAMS = {
    "clients": Number(8, 1, 200),
    "pool": Number(2, 1, 64),
    "hold": Number(300, 0, 60_000),
    "think": Number(500, 0, 60_000),
    "leak": Number(0, 0, 1_000),
}

# How many connections each client asks for, and how long it waits for one before it gives up, in ms.
REQUESTS = 5
PATIENCE = 3_000


class Pool:
    """At most `most` connections to a file, opened on demand."""

    def __init__(self, path, most):
        self.path, self.limit = path, asyncio.Semaphore(most)
        self.idle, self.all, self.handed_out = [], [], 0

    async def acquire(self):
        """Waits for a connection; returns it and how many have been handed out so far."""
        async with asyncio.timeout(PATIENCE / 1000):
            await self.limit.acquire()
        # From here on we hold a permit, and every way out without a connection gives it back.
        try:
            # In a loop, since another client may take the new connection first.
            while not self.idle:
                await in_thread(self.open)
        except BaseException:
            self.limit.release()
            raise
        self.handed_out += 1
        return self.idle.pop(), self.handed_out

    def open(self):
        """Opens a connection; blocks. Even if the caller was cancelled meanwhile, the next one finds it."""
        connection = sqlite3.connect(self.path, check_same_thread=False)
        self.all.append(connection)
        self.idle.append(connection)

    def release(self, connection):
        self.idle.append(connection)
        self.limit.release()

    def close(self):
        for connection in self.all:
            connection.close()


async def run(cx):
    started = now()
    with tempfile.TemporaryDirectory(prefix="async-playground-") as folder:
        pool = Pool(os.path.join(folder, "shop.sqlite"), cx.pool)
        forgotten = []
        try:
            # No client outlives the group, so the pool closes when nobody uses it any more.
            async with asyncio.TaskGroup() as group:
                clients = [group.create_task(client(cx, i, pool, forgotten)) for i in range(cx.clients)]
            total = now() - started
        finally:
            pool.close()

    waits = sorted(sum((task.result() for task in clients), []))
    p95 = waits[max(-(-len(waits) * 95 // 100) - 1, 0)] if waits else 0
    wanted = cx.clients * REQUESTS
    return (
        Outcome()
        .figure("load", load(cx), "%")
        .figure("served", len(waits), "requests")
        .figure("not served", wanted - len(waits), "requests")
        .figure("leaked", len(forgotten), "connections")
        .figure("most connections", len(pool.all), "connections")
        .figure("95th percentile of waits", p95, "ms")
        .figure("total", total, "ms")
        .check("the pool keeps to its maximum", len(pool.all) <= cx.pool)
        .check("every request is served", len(waits) == wanted)
    )


def load(cx):
    """The demand in percent of the pool: the connections that the clients would keep busy if they never waited."""
    most = (cx.hold + cx.think) * cx.pool
    return 100 * cx.clients * cx.hold // most if most else 0


async def client(cx, who, pool, forgotten):
    """Thinks and uses a connection, again and again; returns how long it waited each time."""
    waits = []
    for request in range(REQUESTS):
        await asyncio.sleep(cx.draw("think", who * REQUESTS + request, 0, 2 * cx.think) / 1000)
        wanted = now()
        try:
            connection, number = await pool.acquire()
        except TimeoutError:
            break
        waits.append(now() - wanted)
        try:
            await in_thread(connection.execute, "SELECT 1")
            await asyncio.sleep(cx.hold / 1000)
        finally:
            # Give it back however the work ends: done, failed or cancelled.
            if cx.leak and number % cx.leak == 0:
                # The leak: this connection is kept and never given back.
                forgotten.append(connection)
            else:
                pool.release(connection)
    return waits


if __name__ == "__main__":
    main("connection-pool", PARAMS, run, real=lambda cx: True)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given

REAL = True


async def test_waits_grow_with_the_load_and_nothing_else_does():
    """With equal work, only the wait grows with the load."""
    waits = []
    for clients, pool, load in [(5, 5, 37), (20, 5, 150)]:
        outcome = await run(given(PARAMS, real=True, clients=clients, pool=pool, hold=90, think=150))
        assert outcome.value("load") == load
        assert outcome.holds()
        waits.append(outcome.value("95th percentile of waits"))
    assert waits[0] < waits[1]
    # Beyond the limit, waits are usually longer than the work.
    assert waits[1] > 90
