"""Fairness: an await that is ready does not yield.

If an item is there, `await queue.get()` takes it without giving the loop back, and so
does every coroutine that never waits. A task that uses only such awaits starves all
others (`no-yield`). `await asyncio.sleep(0)` yields (`yield`).

asyncio has no budget: here `budget` and `unconstrained` are the same queue, and both
starve the others. Tasks that yielded run again in the same order, so no task waits for
more than one chunk of a hog. In Tokio it may be two.
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

# How many chunks of work a hog has, and how many turns each other task has.
CHUNKS = 15

# How many messages come before each chunk.
MESSAGES = 150


class Hogged:
    """How long the hogs have worked, in milliseconds. The other tasks wait for this time."""

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
        .figure("hogs worked", hogged.ms, "ms")
        .figure("longest wait for hogs", longest, "ms")
        .figure("total", now() - started, "ms")
        .check("no task waits for more than two chunks of each hog", longest <= 2 * cx.chunk * cx.hogs)
    )


async def hog(cx, hogged):
    """Takes messages, with an await for each, and works after every `MESSAGES` of them."""
    inbox = full(cx.variant)
    for message in range(1, CHUNKS * MESSAGES + 1):
        # Every message is there already, so this await does not yield.
        await inbox.get()
        if message % MESSAGES > 0:
            continue
        cx.burn(cx.chunk)
        hogged.ms += cx.chunk
        if cx.variant == "yield":
            await asyncio.sleep(0)


class PlainQueue:
    """A queue whose `get` never waits."""

    def __init__(self):
        self.messages = deque()

    async def get(self):
        return self.messages.popleft()

    def put_nowait(self, message):
        self.messages.append(message)


def full(variant):
    """Creates an inbox with all messages."""
    inbox = PlainQueue() if variant in ("no-yield", "yield") else asyncio.Queue()
    for message in range(1, CHUNKS * MESSAGES + 1):
        inbox.put_nowait(message)
    return inbox


async def other(cx, hogged):
    """Works briefly and yields; returns its longest wait between two turns, in milliseconds of hog work."""
    longest = 0
    for _ in range(CHUNKS):
        cx.burn(cx.chunk // 20)
        before = hogged.ms
        await asyncio.sleep(0)
        longest = max(longest, hogged.ms - before)
    return longest


if __name__ == "__main__":
    main("fairness", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_only_a_hog_that_yields_lets_others_in():
    """The others wait for all of a hog's work, unless it yields. asyncio has no budget."""
    for variant, chunk, hogs, waited, total in [
        ("no-yield", 200, 1, 3_000, 3_750),
        ("no-yield", 400, 1, 6_000, 7_500),
        ("no-yield", 200, 2, 6_000, 6_750),
        ("yield", 200, 1, 200, 3_750),
        ("budget", 200, 1, 3_000, 3_750),
    ]:
        outcome = await run(given(PARAMS, variant=variant, chunk=chunk, hogs=hogs))
        assert (outcome.value("longest wait for hogs"), outcome.value("total")) == (waited, total)
        assert outcome.holds() == (variant == "yield")
