"""Stream: a stream is lazy.

An async generator works on an item only when `async for` asks for one, and the loop
does not ask while its body awaits. To overlap the two, a separate task produces items
ahead and puts them into a queue.

Pitfall: with a queue of one item the producer is still two items ahead, because it
makes another one before it waits in `put`. Here the producer reserves room before it
makes an item. In Tokio, `reserve` of a channel does that.

A generator has one consumer. Two tasks that ask it at the same time get an error, as
`two_at_once` shows (`python3 -m doctest -v stream.py`). With a lock (`consumers=2`) they
share it: what one takes is gone for the other.

If you leave an `async for` early, the generator stays suspended, and its `finally` runs
only when it is collected: use `contextlib.aclosing`. In Rust the stream is dropped.
"""

import asyncio

from twin import Number, Outcome, main, now

PARAMS = {
    "items": Number(4, 1, 10_000),
    "produce": Number(100, 0, 60_000),
    "process": Number(100, 0, 60_000),
    "prefetch": Number(0, 0, 1_000),
    "consumers": Number(1, 1, 100),
}

NO_MORE = None


async def run(cx):
    started = now()
    # With prefetch a separate task produces items, and a queue holds those that are ready.
    items = source(cx.items, cx.produce)
    if cx.prefetch:
        items = prefetched(items, cx.prefetch)
    if cx.consumers > 1:
        return await share(cx, items, started)
    consumer = asyncio.create_task(consume(items, cx.process), name="consumer")
    processed, waited = await consumer

    total = now() - started
    if cx.prefetch:
        expected = cx.produce + max(cx.produce, cx.process) * (cx.items - 1) + cx.process
        arithmetic = "the longer of produce and process sets the pace"
    else:
        expected = (cx.produce + cx.process) * cx.items
        arithmetic = "produce and process add up"
    return (
        Outcome()
        .figure("processed", len(processed), "items")
        .figure("waited for items", waited, "ms")
        .figure("total", total, "ms")
        .check("every item comes, in order", processed == list(range(cx.items)))
        .check(arithmetic, total == expected)
    )


async def share(cx, items, started):
    """Several consumers take items from the one generator, one at a time."""
    lock = asyncio.Lock()
    consumers = [
        asyncio.create_task(consume(locked(items, lock), cx.process), name=f"consumer {i}") for i in range(cx.consumers)
    ]
    ends = await asyncio.gather(*consumers)

    processed = sorted(item for part, _ in ends for item in part)
    return (
        Outcome()
        .figure("processed", len(processed), "items")
        .figure("waited for items", sum(waited for _, waited in ends), "ms")
        .figure("total", now() - started, "ms")
        .figure("most by one consumer", max(len(part) for part, _ in ends), "items")
        .check("every item comes once", processed == list(range(cx.items)))
        .check("each consumer gets every item", all(len(part) == cx.items for part, _ in ends))
    )


async def locked(items, lock):
    """Yields items of a generator that others ask as well."""
    while True:
        async with lock:
            item = await anext(items, NO_MORE)
        if item is NO_MORE:
            return
        yield item


def two_at_once():
    """Two tasks ask one generator at the same time, without a lock.

    >>> two_at_once()
    [0, 'RuntimeError: anext(): asynchronous generator is already running']
    """

    async def ask():
        items = source(2, 1)
        return await asyncio.gather(anext(items), anext(items), return_exceptions=True)

    ends = asyncio.run(ask())
    return [f"{type(end).__name__}: {end}" if isinstance(end, Exception) else end for end in ends]


async def source(items, produce):
    """Yields one item after the other, and produces each on request."""
    for item in range(items):
        await asyncio.sleep(produce / 1000)
        yield item


async def prefetched(items, ahead):
    """Yields the same items, which a separate task produces ahead."""
    room = asyncio.Semaphore(ahead)
    ready = asyncio.Queue()

    # Reserve room before each item, so that there are never more than `ahead` items.
    async def ask():
        await room.acquire()
        async for item in items:
            ready.put_nowait(item)
            await room.acquire()
        ready.put_nowait(NO_MORE)

    producer = asyncio.create_task(ask(), name="producer")
    while (item := await ready.get()) is not NO_MORE:
        room.release()
        yield item
    await producer


async def consume(items, process):
    """Processes items until the source ends. Returns them, and how long it waited for them."""
    processed, waited = [], 0
    asked = now()
    async for item in items:
        waited += now() - asked
        # Without prefetch the source does nothing during this await.
        await asyncio.sleep(process / 1000)
        processed.append(item)
        asked = now()
    return processed, waited


if __name__ == "__main__":
    main("stream", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_one_ahead_is_enough_to_overlap():
    """One item ahead halves the run if the two times are equal, and gains less if they are not."""
    for prefetch, process, items, total in [
        (0, 100, 4, 800),
        (1, 100, 4, 500),
        (100, 100, 4, 500),
        (0, 400, 4, 2_000),
        (1, 400, 4, 1_700),
        (1, 100, 1_000, 100_100),
    ]:
        outcome = await run(given(PARAMS, prefetch=prefetch, process=process, items=items))
        assert outcome.value("total") == total
        assert outcome.holds()
