"""Unbounded: memory is the queue you forgot.

`asyncio.Queue()` without a `maxsize` takes everything that you put into it, and
`put_nowait` never fails. If more comes in than goes out, it stays in memory, and each
item waits longer than the one before. A bound makes the producer wait; a
`collections.deque(maxlen=…)` silently drops the oldest instead.

Pitfall: `create_task` for each thing that comes in is an unbounded queue, too. So is a
transport's buffer: `writer.write(…)` without `await writer.drain()`.

The twin counts the memory itself, because Python does not report what an object takes.
"""

import asyncio

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "rate": Number(200, 1, 1_000),
    "consume": Number(20, 1, 1_000),
    "seconds": Number(5, 1, 50),
    "variant": Choice("unbounded", "bounded", "drop-oldest"),
}

BOUND = 16
ITEM = 1024
NO_MORE = None


class Queue:
    """A queue of items. An item is the time at which it came in."""

    def __init__(self, variant):
        self.variant = variant
        self.items = asyncio.Queue()
        self.room = asyncio.Semaphore(BOUND)
        self.depth = self.dropped = 0

    async def put(self):
        """Puts an item in: at once, when there is room, or in place of the oldest one, as `variant` says."""
        # With a bound, wait for room. Otherwise make room, or take memory.
        if self.variant == "bounded":
            await self.room.acquire()
        if self.variant == "drop-oldest" and self.depth == BOUND:
            self.items.get_nowait()
            self.depth -= 1
            self.dropped += 1
        self.items.put_nowait(now())
        self.depth += 1

    def close(self):
        self.items.put_nowait(NO_MORE)

    async def take(self):
        """Takes an item; returns `NO_MORE` at the end."""
        came = await self.items.get()
        if came is not NO_MORE:
            self.depth -= 1
            self.room.release()
        return came


async def run(cx):
    started = now()
    end = started + cx.seconds * 1000
    queue = Queue(cx.variant)

    # Both run until the restart. What is left in the queue then is lost.
    producer = asyncio.create_task(produce(queue, cx.rate, cx.seconds, end), name="producer")
    consumer = asyncio.create_task(consume(queue, cx.consume, end), name="consumer")
    produced, peak = await producer
    consumed, age = await consumer

    return (
        Outcome()
        .figure("produced", produced, "items")
        .figure("consumed", consumed, "items")
        .figure("dropped", queue.dropped, "items")
        .figure("lost at the restart", queue.depth, "items")
        .figure("most held", peak * ITEM, "bytes")
        .figure("wait of the last item taken", age, "ms")
        .figure("total", now() - started, "ms")
        .check(
            "consumed, dropped and lost add up to produced",
            consumed + queue.dropped + queue.depth == produced,
        )
        .check(f"never more than {BOUND * ITEM} bytes held", peak <= BOUND)
    )


async def produce(queue, rate, seconds, end):
    """Puts in `rate` items per second, or fewer if it has to wait. Returns how many, and the most held at a time."""
    started = now()
    produced = peak = 0
    for tick in range(rate * seconds):
        # Rounded up, so that no tick comes before its time.
        due = started - (-tick * 1000 // rate)
        if due > now():
            await asyncio.sleep((due - now()) / 1000)
        try:
            async with asyncio.timeout((end - now()) / 1000):
                await queue.put()
        except TimeoutError:
            break
        produced += 1
        peak = max(peak, queue.depth)
    queue.close()
    return produced, peak


async def consume(queue, per_second, end):
    """Takes items and works on each. Returns how many, and how long the last one had waited."""
    consumed = age = 0
    while now() < end and (came := await queue.take()) is not NO_MORE:
        age = now() - came
        # Rounded up, as Tokio's timer does.
        await asyncio.sleep(-(-1000 // per_second) / 1000)
        consumed += 1
    return consumed, age


if __name__ == "__main__":
    main("unbounded", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_what_comes_in_and_does_not_go_out_is_held():
    """Without a bound, twice the time takes twice the memory; with a bound, memory stays at the bound."""
    for variant, seconds, produced, dropped, held in [
        ("unbounded", 5, 1_000, 0, 900),
        ("unbounded", 10, 2_000, 0, 1_800),
        ("bounded", 5, 116, 0, 16),
        ("bounded", 10, 216, 0, 16),
        ("drop-oldest", 5, 1_000, 884, 16),
    ]:
        outcome = await run(given(PARAMS, variant=variant, seconds=seconds))
        assert (outcome.value("produced"), outcome.value("dropped")) == (produced, dropped)
        assert outcome.value("most held") == held * ITEM
        assert outcome.holds() == (variant != "unbounded")
