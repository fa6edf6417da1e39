"""Stream: a stream is lazy.

An async generator works on an item when `async for` asks for one, and nobody asks
while the loop's body awaits. To let the two overlap, a task asks ahead and puts
what is ready into a queue.

Pitfall: a queue of one item still lets two be ahead, as the producer makes
another one and then waits in `put`. Here room is taken before an item is asked
for. Tokio's channel has that built in: `reserve`.

Leaving an `async for` early leaves the generator suspended, and its `finally` runs
when it is collected: use `contextlib.aclosing`. In Rust the stream is dropped.
"""

import asyncio

from twin import Number, Outcome, main, now

PARAMS = {
    "items": Number(4, 1, 10_000),
    "produce": Number(100, 0, 60_000),
    "process": Number(100, 0, 60_000),
    "prefetch": Number(0, 0, 1_000),
}

NO_MORE = None


async def run(cx):
    started = now()
    items = source(cx.items, cx.produce)
    if cx.prefetch:
        items = prefetched(items, cx.prefetch)
    consumer = asyncio.create_task(consume(items, cx.process), name="consumer")
    processed, waited = await consumer

    total = now() - started
    if cx.prefetch:
        expected = cx.produce + max(cx.produce, cx.process) * (cx.items - 1) + cx.process
        arithmetic = "the longer of produce and process decides"
    else:
        expected = (cx.produce + cx.process) * cx.items
        arithmetic = "produce and process add up"
    return (
        Outcome()
        .figure("processed", len(processed), "items")
        .figure("waited for items", waited, "ms")
        .figure("total", total, "ms")
        .check("every item comes, and in order", processed == list(range(cx.items)))
        .check(arithmetic, total == expected)
    )


async def source(items, produce):
    """One item after the other, each when it is asked for."""
    for item in range(items):
        await asyncio.sleep(produce / 1000)
        yield item


async def prefetched(items, ahead):
    """The same items, asked for ahead by a task of its own."""
    room = asyncio.Semaphore(ahead)
    ready = asyncio.Queue()

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
    """Processes items until there are no more; returns them, and how long it has waited for them."""
    processed, waited = [], 0
    asked = now()
    async for item in items:
        waited += now() - asked
        await asyncio.sleep(process / 1000)
        processed.append(item)
        asked = now()
    return processed, waited


if __name__ == "__main__":
    main("stream", PARAMS, run)
