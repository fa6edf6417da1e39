"""Lost update: read, await, write is a race, even on one thread.

asyncio has one thread, and still other tasks run at each `await`. A number that you
read before an await may be out of date after it, and your write overwrites theirs.
`async with lock:` around read and write keeps the others out (`lock`). A lock around
each of the two does not (`two-locks`). It loses nothing here all the same, because an
`acquire` that need not wait lets nobody else run. In Tokio it may. Without an await
between read and write no other task can run, so you need no lock (`atomic`).

Pitfall: `self.number += await ask()` reads the number *before* it awaits.

`asyncio.sleep(0)` lets other tasks run, so a gap of 0 loses updates here. Tokio's
`sleep` of zero returns at once, so there it loses none.
"""

import asyncio

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "tasks": Number(5, 1, 1_000),
    "increments": Number(10, 1, 10_000),
    "gap": Number(200, 0, 60_000),
    "variant": Choice("none", "two-locks", "lock", "atomic"),
}


class Shared:
    """The state that all workers share."""

    def __init__(self, gap):
        self.number = 0
        self.lock = asyncio.Lock()
        self.gap = gap

    async def ask(self):
        """The wait in each update: in a real program a lookup, a request or a file."""
        await asyncio.sleep(self.gap / 1000)

    async def read_and_write(self):
        read = self.number
        # All other workers run during this await. After it, `read` may be out of date.
        await self.ask()
        self.number = read + 1

    async def read_and_write_locked(self):
        async with self.lock:
            await self.read_and_write()

    async def read_then_write(self):
        await self.ask()
        async with self.lock:
            read = self.number
        # Nobody waits for the lock here, so nobody else runs. Only that makes this right.
        async with self.lock:
            self.number = read + 1

    async def add(self):
        await self.ask()
        # No await between read and write, so no other worker can write in between.
        self.number += 1


async def run(cx):
    started = now()
    shared = Shared(cx.gap)
    match cx.variant:
        case "none":
            update = shared.read_and_write
        case "two-locks":
            update = shared.read_then_write
        case "lock":
            update = shared.read_and_write_locked
        case "atomic":
            update = shared.add

    # Start all workers at once, and wait until each has made its updates.
    async with asyncio.TaskGroup() as workers:
        for i in range(cx.tasks):
            workers.create_task(worker(update, cx.increments), name=f"worker {i}")

    # Every update adds one, so any difference is lost updates.
    expected = cx.tasks * cx.increments
    return (
        Outcome()
        .figure("number", shared.number, "increments")
        .figure("expected", expected, "increments")
        .figure("lost", expected - shared.number, "increments")
        .figure("total", now() - started, "ms")
        .check("no update is lost", shared.number == expected)
    )


async def worker(update, increments):
    """Adds one `increments` times."""
    for _ in range(increments):
        await update()


if __name__ == "__main__":
    main("lost-update", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_an_await_between_read_and_write_loses_updates():
    """Without a guard one update of each round survives, however many workers make one."""
    for variant, tasks, number, total in [
        ("none", 5, 10, 2_000),
        ("none", 10, 10, 2_000),
        ("two-locks", 5, 50, 2_000),
        ("lock", 5, 50, 10_000),
        ("atomic", 5, 50, 2_000),
    ]:
        outcome = await run(given(PARAMS, variant=variant, tasks=tasks))
        assert (outcome.value("number"), outcome.value("total")) == (number, total)
        assert outcome.holds() == (outcome.value("lost") == 0)
