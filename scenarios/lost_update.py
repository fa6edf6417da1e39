"""Lost update: read, await, write is a race, even on one thread.

asyncio has one thread, and still: at each `await` the others run. A number that
was read before it is old after it, and the write wipes out theirs. `async with
lock:` around read and write keeps them out (`lock`). Without an await between
read and write nobody can come in, and no lock is needed (`atomic`).

Pitfall: `self.number += await ask()` reads the number *before* it awaits.

`asyncio.sleep(0)` lets others run, so a gap of 0 loses updates here. In Tokio a
sleep of no time is over at once, and there it does not.
"""

import asyncio

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "tasks": Number(5, 1, 1_000),
    "increments": Number(10, 1, 10_000),
    "gap": Number(200, 0, 60_000),
    "variant": Choice("none", "lock", "atomic"),
}


class Shared:
    """What the workers share."""

    def __init__(self, gap):
        self.number = 0
        self.lock = asyncio.Lock()
        self.gap = gap

    async def ask(self):
        """The wait that an update takes."""
        await asyncio.sleep(self.gap / 1000)

    async def read_and_write(self):
        read = self.number
        await self.ask()
        self.number = read + 1

    async def read_and_write_locked(self):
        async with self.lock:
            await self.read_and_write()

    async def add(self):
        await self.ask()
        self.number += 1


async def run(cx):
    started = now()
    shared = Shared(cx.gap)
    match cx.variant:
        case "none":
            update = shared.read_and_write
        case "lock":
            update = shared.read_and_write_locked
        case "atomic":
            update = shared.add

    async with asyncio.TaskGroup() as workers:
        for i in range(cx.tasks):
            workers.create_task(worker(update, cx.increments), name=f"worker {i}")

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
    """Adds one, again and again."""
    for _ in range(increments):
        await update()


if __name__ == "__main__":
    main("lost-update", PARAMS, run)
