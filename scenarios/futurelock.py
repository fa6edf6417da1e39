"""Futurelock: a future that nobody polls keeps its place in the queue.

In Rust, a task can poll a future by reference in a `select!` and then leave it alone.
If the future is in the queue of a lock, the lock goes to it, but it does not run, and
all those behind it wait for ever.

asyncio has no such problem. `asyncio.wait` takes tasks, and the event loop runs a task
even if nobody waits for it. So here both variants are the same, and both end:
`variant=select-ref` differs from the Rust scenario.

Pitfall: `asyncio.wait_for(first, patience)` *cancels* `first` at its timeout. To ask a
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
    """Counts the answers so far; its lock serves one request at a time."""

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
    """Holds the database, and then releases it to the first request in the queue."""
    async with database.lock:
        await asyncio.sleep(hold / 1000)


async def request(database, query):
    """One request: wait for the database, use it, release it."""
    async with database.lock:
        await asyncio.sleep(query / 1000)
        database.answers += 1


async def impatient(database, query, patience):
    """Asks a second time while the first request is still in the queue."""
    first = asyncio.create_task(request(database, query), name="first request")
    done, _ = await asyncio.wait({first}, timeout=patience / 1000)
    if done:
        return 1
    # The loop keeps running `first`, so it gets the database, and then this request does.
    await request(database, query)
    await first
    return 2


if __name__ == "__main__":
    main("futurelock", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_a_request_that_runs_does_not_block_the_next_one():
    """In asyncio, a task runs whether or not anything waits for it."""
    for variant, hold, patience, total in [
        ("select-ref", 2_000, 500, 3_000),
        ("select-ref", 2_000, 3_000, 2_500),
        ("select-ref", 400, 1_000, 900),
        ("spawned", 2_000, 500, 3_000),
        ("spawned", 2_000, 3_000, 2_500),
    ]:
        outcome = await run(given(PARAMS, variant=variant, hold=hold, patience=patience))
        assert outcome.value("total") == total
        assert outcome.holds()
