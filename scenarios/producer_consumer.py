"""Producer and consumer: a bounded queue pushes back.

`asyncio.Queue(maxsize=3)` makes `put` wait while the queue holds three items, so the
slower side sets the pace of both. With `maxsize=0` `put` never waits, and the queue
grows in memory as long as the producers are faster.

How does a consumer learn that no more items will come? Before Python 3.13 a queue
cannot be closed, so `end=close` puts one sentinel for each consumer. One for each
producer is too few if there are more consumers: the rest wait for ever. A sentinel that
each consumer puts back ends them all. Or use `task_done` and `await queue.join()`: when
every item is done, cancel the consumers, which wait in vain.

With `end=sentinel-each` each producer puts a sentinel as soon as it is done. With more
producers than consumers, some sentinels are never taken, nor are the items of a producer
that is late: `join` waits for ever, and on a full queue `put` does. In Tokio `send` fails
as soon as no consumer is left.

`put` is not quite fair: a producer that arrives just as there is room goes before
producers that were woken for it. Tokio's `send` keeps the order. With many blocked
producers, the two may spread the blocked time differently.
"""

import asyncio

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "producers": Number(2, 1, 1_000),
    "consumers": Number(3, 1, 1_000),
    "items": Number(20, 0, 100_000),
    "capacity": Number(3, 0, 100_000),
    "produce": Number(100, 0, 60_000),
    "consume": Number(200, 0, 60_000),
    "end": Choice("close", "sentinel", "sentinel-put-back", "join+cancel", "sentinel-each"),
    "late": Number(0, 0, 60_000),
}

ITEM = "an item"
DONE = None


class Tally:
    """What all tasks together have counted so far."""

    produced = 0
    consumed = 0
    peak = 0


async def run(cx):
    started = now()
    tally = Tally()
    queue = asyncio.Queue(maxsize=cx.capacity)

    producers = [
        asyncio.create_task(producer(cx, queue, tally, late=cx.late if i == cx.producers - 1 else 0), name=f"producer {i}")
        for i in range(cx.producers)
    ]
    put_back = cx.end == "sentinel-put-back"
    consumers = [
        asyncio.create_task(consumer(queue, tally, cx.consume, put_back), name=f"consumer {i}")
        for i in range(cx.consumers)
    ]

    # Wait until the producers have made all items, then let the consumers know that no more will come.
    blocked = await asyncio.gather(*producers)
    match cx.end:
        case "close":
            await send_sentinels(queue, consumers, cx.consumers)
        case "sentinel":
            await send_sentinels(queue, consumers, cx.producers)
        case "sentinel-put-back":
            await send_sentinels(queue, consumers, 1)
        case "join+cancel" | "sentinel-each":
            # With `sentinel-each` the producers have done so. The consumers that got no sentinel wait in vain.
            await queue.join()
            for waiting in consumers:
                waiting.cancel()
    # With return_exceptions a cancelled consumer counts as ended.
    ended = await asyncio.gather(*consumers, return_exceptions=True)

    outcome = (
        Outcome()
        .figure("produced", tally.produced, "items")
        .figure("consumed", tally.consumed, "items")
        .figure("peak depth", tally.peak, "items")
        .figure("most blocked producer", max(blocked), "ms")
        .figure("total", now() - started, "ms")
        .check("every item produced is consumed", tally.consumed == tally.produced)
    )
    if cx.capacity:
        outcome.check(f"never more than {cx.capacity} in the queue", tally.peak <= cx.capacity)
    return outcome.check("every consumer ends", len(ended) == cx.consumers)


async def producer(cx, queue, tally, late):
    """Makes items and puts them into the queue, waiting while it is full. Returns how long it was blocked."""
    await takes(late)
    blocked = 0
    for _ in range(cx.items):
        await takes(cx.produce)
        # Backpressure: this waits while the queue is full.
        ready = now()
        await queue.put(ITEM)
        blocked += now() - ready
        tally.produced += 1
        tally.peak = max(tally.peak, queue.qsize())
    if cx.end == "sentinel-each":
        # This says "no more items of mine", but the consumer that gets it takes no items of others either.
        await queue.put(DONE)
    return blocked


async def consumer(queue, tally, consume, put_back):
    """Takes items and uses them, until the sentinel."""
    while (item := await queue.get()) is not DONE:
        await takes(consume)
        tally.consumed += 1
        queue.task_done()
    # A sentinel counts for `join`, too.
    queue.task_done()
    # Put the sentinel back for the next consumer, if that is how this run ends.
    if put_back:
        await queue.put(DONE)


async def takes(ms):
    """Waits, and does not yield if there is nothing to wait for: `asyncio.sleep(0)` would."""
    if ms:
        await asyncio.sleep(ms / 1000)


async def send_sentinels(queue, consumers, sentinels):
    """Puts that many sentinels; stops early if all consumers have ended."""
    for _ in range(sentinels):
        if all(consumer.done() for consumer in consumers):
            return
        await queue.put(DONE)


if __name__ == "__main__":
    main("producer-consumer", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_a_bounded_queue_pushes_back():
    """A bound makes producers wait and keeps the queue short. Without one the queue grows, and little is gained."""
    bounded = await run(given(PARAMS, items=40, capacity=3))
    unbounded = await run(given(PARAMS, items=40, capacity=0))
    assert (bounded.value("peak depth"), unbounded.value("peak depth")) == (3, 20)
    assert bounded.value("most blocked producer") > 0
    assert unbounded.value("most blocked producer") == 0
    assert (bounded.value("total"), unbounded.value("total")) == (5_900, 5_500)
