"""Producer and consumer: a bounded queue pushes back.

`asyncio.Queue(maxsize=3)` makes `put` wait while three items are in it, so the
slower side sets the pace of both. `maxsize=0` never makes it wait, and the
queue grows in memory for as long as producers are faster.

How does a consumer learn that nothing more will come? Before Python 3.13 a queue
cannot be closed, so `end=close` puts one sentinel for each consumer. One for
each producer is too few when there are more consumers: the rest wait for ever. A
sentinel that each consumer puts back ends them all. Or `task_done` and
`await queue.join()`: when every item is done, cancel consumers that wait in vain.

`put` is not quite fair: a producer that comes just as there is room goes before
those that were woken for it. Tokio's `send` keeps the order. With a crowd of
blocked producers the two may share out the blocking differently.
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
    "end": Choice("close", "sentinel", "sentinel-put-back", "join+cancel"),
}

ITEM = "an item"
DONE = None


class Tally:
    """What has been counted so far, by all tasks together."""

    produced = 0
    consumed = 0
    peak = 0


async def run(cx):
    started = now()
    tally = Tally()
    queue = asyncio.Queue(maxsize=cx.capacity)

    producers = [
        asyncio.create_task(producer(queue, tally, cx.items, cx.produce), name=f"producer {i}")
        for i in range(cx.producers)
    ]
    put_back = cx.end == "sentinel-put-back"
    consumers = [
        asyncio.create_task(consumer(queue, tally, cx.consume, put_back), name=f"consumer {i}")
        for i in range(cx.consumers)
    ]

    blocked = await asyncio.gather(*producers)
    match cx.end:
        case "close":
            await send_sentinels(queue, consumers, cx.consumers)
        case "sentinel":
            await send_sentinels(queue, consumers, cx.producers)
        case "sentinel-put-back":
            await send_sentinels(queue, consumers, 1)
        case "join+cancel":
            await queue.join()
            for waiting in consumers:
                waiting.cancel()
    # With return_exceptions a cancelled consumer counts as one that has ended.
    ended = await asyncio.gather(*consumers, return_exceptions=True)

    outcome = (
        Outcome()
        .figure("produced", tally.produced, "items")
        .figure("consumed", tally.consumed, "items")
        .figure("peak depth", tally.peak, "items")
        .figure("most blocked producer", max(blocked), "ms")
        .figure("total", now() - started, "ms")
        .check("everything produced was consumed", tally.consumed == tally.produced)
    )
    if cx.capacity:
        outcome.check(f"never more than {cx.capacity} in the queue", tally.peak <= cx.capacity)
    return outcome.check("every consumer ends", len(ended) == cx.consumers)


async def producer(queue, tally, items, produce):
    """Makes items and puts them into the queue, waiting for room if there is none; returns how long."""
    blocked = 0
    for _ in range(items):
        await asyncio.sleep(produce / 1000)
        ready = now()
        await queue.put(ITEM)
        blocked += now() - ready
        tally.produced += 1
        tally.peak = max(tally.peak, queue.qsize())
    return blocked


async def consumer(queue, tally, consume, put_back):
    """Takes items and uses them up, until it is told that nothing more will come."""
    while (item := await queue.get()) is not DONE:
        await asyncio.sleep(consume / 1000)
        tally.consumed += 1
        queue.task_done()
    if put_back:
        await queue.put(DONE)


async def send_sentinels(queue, consumers, sentinels):
    """Ends that many consumers, or all of them if there are fewer."""
    for _ in range(sentinels):
        if all(consumer.done() for consumer in consumers):
            return
        await queue.put(DONE)


if __name__ == "__main__":
    main("producer-consumer", PARAMS, run)
