"""Futurelock: a future that nobody polls keeps its place in the queue.

In Rust a future can be polled by reference in a `select!` and then left alone. If
it stands in the queue of a lock, the lock comes to it, it does not run, and
everybody behind it waits for ever.

asyncio has no such thing. `asyncio.wait` takes tasks, and a task is run by the
event loop, whether somebody waits for it or not. So both variants are the same
here, and both end: `variant=select-ref` differs from the scenario in Rust.

Pitfall: `asyncio.wait_for(first, patience)` *cancels* what it waited for. To ask a
second time and keep the first request, use `asyncio.wait` with a timeout, or `shield`.
"""

import asyncio

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "hold": Number(2_000, 0, 60_000),
    "patience": Number(500, 1, 60_000),
    "query": Number(500, 0, 60_000),
    "variant": Choice("select-ref", "spawned"),
}


class Database:
    """Answers so far, and the lock that serves one at a time."""

    def __init__(self):
        self.lock = asyncio.Lock()
        self.answers = 0


async def run(cx):
    started = now()
    database = Database()

    async with asyncio.TaskGroup() as group:
        group.create_task(backup(database, cx.hold), name="backup")
        client = group.create_task(impatient(database, cx.query, cx.patience), name="client")

    asked = client.result()
    return (
        Outcome()
        .figure("asked", asked, "requests")
        .figure("answers", database.answers, "requests")
        .figure("total", now() - started, "ms")
        .check("every request is answered", database.answers == asked)
    )


async def backup(database, hold):
    """Takes the database for itself."""
    async with database.lock:
        await asyncio.sleep(hold / 1000)


async def request(database, query):
    """One request: wait for the database, use it, let it go."""
    async with database.lock:
        await asyncio.sleep(query / 1000)
        database.answers += 1


async def impatient(database, query, patience):
    """Asks a second time while the first request still stands in the queue."""
    first = asyncio.create_task(request(database, query), name="first request")
    done, _ = await asyncio.wait({first}, timeout=patience / 1000)
    if done:
        return 1
    await request(database, query)
    await first
    return 2


if __name__ == "__main__":
    main("futurelock", PARAMS, run)
