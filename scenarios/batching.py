"""Batching: batches waste slots.

`gather` over a slice of the list waits for the slowest item of that slice before the
next slice starts. A semaphore around each item lets the next item in as soon as one
ends: a sliding window of the same width, and never slower. The run does both, one after
the other, with the same latencies.

Pitfall: a semaphore alone still creates a task for every item at once, and a million
tasks need memory. Acquire the semaphore *before* you create the task, or use a few
workers and a queue.
"""

import asyncio

from twin import BadValue, Choice, Number, Outcome, main, now

PARAMS = {
    "items": Number(12, 1, 10_000),
    "batch": Number(4, 1, 1_000),
    "latency_min": Number(100, 0, 60_000),
    "latency_max": Number(500, 0, 60_000),
    "variant": Choice("batches", "sliding"),
}


def refuse(cx):
    if cx.latency_min > cx.latency_max:
        raise BadValue(f"latency_min: {cx.latency_min} ms is more than latency_max: at most {cx.latency_max} ms")


async def run(cx):
    started = now()
    latencies = [cx.draw("latency", i, cx.latency_min, cx.latency_max) for i in range(cx.items)]

    if cx.variant == "batches":
        batched, batches_took = await in_batches(latencies, cx.batch)
        slid, sliding_took = await in_a_window(latencies, cx.batch)
    else:
        slid, sliding_took = await in_a_window(latencies, cx.batch)
        batched, batches_took = await in_batches(latencies, cx.batch)

    work = sum(latencies)
    return (
        Outcome()
        .figure("in batches", batches_took, "ms")
        .figure("in a sliding window", sliding_took, "ms")
        .figure("slots idle in batches", batches_took * cx.batch - work, "ms")
        .figure("slots idle in the window", sliding_took * cx.batch - work, "ms")
        .figure("total", now() - started, "ms")
        .check("every item is processed both times", batched == slid == cx.items)
        .check("the window takes no longer", sliding_took <= batches_took)
    )


async def in_batches(latencies, slots):
    """Starts a batch of items, waits for all of them, and starts the next batch."""
    started = now()
    processed = 0
    for first in range(0, len(latencies), slots):
        batch = latencies[first : first + slots]
        # Wait for the whole batch: `gather` returns when the slowest item ends.
        processed += len(await asyncio.gather(*(process(latency) for latency in batch)))
    return processed, now() - started


async def in_a_window(latencies, slots):
    """Starts the next item as soon as one ends, with at most `slots` at a time."""
    started = now()
    window = asyncio.Semaphore(slots)

    async def in_the_window(latency):
        # If the window is full, wait here for a free slot.
        async with window:
            await process(latency)

    processed = len(await asyncio.gather(*(in_the_window(latency) for latency in latencies)))
    return processed, now() - started


async def process(latency):
    """Processes one item."""
    await asyncio.sleep(latency / 1000)


if __name__ == "__main__":
    main("batching", PARAMS, run, refuse)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_each_batch_pays_for_its_straggler_and_the_window_does_not():
    """The window is faster if latencies differ, and never slower."""
    for setting, batches, sliding in [
        ({"latency_max": 5_000}, 12_764, 8_249),
        ({"latency_min": 500}, 1_500, 1_500),
    ]:
        outcome = await run(given(PARAMS, **setting))
        assert (outcome.value("in batches"), outcome.value("in a sliding window")) == (batches, sliding)
        assert outcome.holds()
    one_at_a_time = await run(given(PARAMS, batch=1))
    assert one_at_a_time.value("in a sliding window") == one_at_a_time.value("in batches")
