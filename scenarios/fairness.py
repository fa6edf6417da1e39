"""Fairness: always ready is not yielding.

`await queue.get()` takes an item that is there without giving the loop back, and so
does every coroutine that never waits. A task that lives on such awaits starves all the
others (`no-yield`). `await asyncio.sleep(0)` yields (`yield`).

asyncio has no budget: here `budget` and `unconstrained` are the same queue, and both
starve the others. And tasks that yielded come back in the order in which they did, so
nobody waits for more than one chunk of a hog; in Tokio it may be two.
"""

import asyncio
from collections import deque

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "hogs": Number(1, 1, 20),
    "others": Number(5, 1, 1_000),
    "chunk": Number(200, 1, 10_000),
    "variant": Choice("no-yield", "yield", "budget", "unconstrained"),
}

# How many pieces of work a hog has, and how many turns everybody else.
CHUNKS = 15

# Messages before each of them.
MESSAGES = 150


class Hogged:
    """How long hogs have worked, in milliseconds: what everybody else waits for."""

    def __init__(self):
        self.ms = 0


async def run(cx):
    started = now()
    hogged = Hogged()
    others = [asyncio.create_task(other(cx, hogged), name=f"other {i}") for i in range(cx.others)]
    async with asyncio.TaskGroup() as hogs:
        for i in range(cx.hogs):
            hogs.create_task(hog(cx, hogged), name=f"hog {i}")
    longest = max(await asyncio.gather(*others))

    return (
        Outcome()
        .figure("hogs at work", hogged.ms, "ms")
        .figure("longest wait for hogs", longest, "ms")
        .figure("total", now() - started, "ms")
        .check("nobody waits for more than two chunks of each hog", longest <= 2 * cx.chunk * cx.hogs)
    )


async def hog(cx, hogged):
    """Takes message after message, each one with an await, and works now and then."""
    inbox = full(cx.variant)
    for message in range(1, CHUNKS * MESSAGES + 1):
        await inbox.get()
        if message % MESSAGES > 0:
            continue
        cx.burn(cx.chunk)
        hogged.ms += cx.chunk
        if cx.variant == "yield":
            await asyncio.sleep(0)


class PlainQueue:
    """Messages, and an await that never waits."""

    def __init__(self):
        self.messages = deque()

    async def get(self):
        return self.messages.popleft()

    def put_nowait(self, message):
        self.messages.append(message)


def full(variant):
    """An inbox with all the messages."""
    inbox = PlainQueue() if variant in ("no-yield", "yield") else asyncio.Queue()
    for message in range(1, CHUNKS * MESSAGES + 1):
        inbox.put_nowait(message)
    return inbox


async def other(cx, hogged):
    """Does a little and yields; returns for how many milliseconds of hogs it has waited between two turns."""
    longest = 0
    for _ in range(CHUNKS):
        cx.burn(cx.chunk // 20)
        before = hogged.ms
        await asyncio.sleep(0)
        longest = max(longest, hogged.ms - before)
    return longest


if __name__ == "__main__":
    main("fairness", PARAMS, run)
