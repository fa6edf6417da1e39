"""Bridge: keep one door between sync and async.

`asyncio.run` inside a running loop raises a `RuntimeError`: the thread that would drive
the inner loop is busy in the outer one (`variant=block_on-inside`). In Tokio, that task
panics. On a thread of its own, the old code may block: `asyncio.to_thread` is the way
out, `run_coroutine_threadsafe(…).result()` the way back in (`spawn_blocking`). Or it
stays on one thread, the only one of an executor, which does one order after the other
(`channel`).

Pitfall: `.result()` on the loop's own thread waits for ever, without an error: it waits
for the loop that it stops. And shut an executor down in `finally`: a thread that still
waits for orders keeps the program from ending.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "calls": Number(3, 1, 100),
    "latency": Number(500, 1, 60_000),
    "variant": Choice("block_on-inside", "spawn_blocking", "channel"),
}


def real(cx):
    """Virtual time would jump ahead of a thread outside the loop."""
    return cx.variant != "block_on-inside"


async def run(cx):
    started = now()
    loop = asyncio.get_running_loop()

    def ask_inside(item):
        prices = price(item, cx.latency)
        try:
            return asyncio.run(prices)
        finally:
            prices.close()

    def ask_from_a_thread(item):
        return asyncio.run_coroutine_threadsafe(price(item, cx.latency), loop).result()

    # One thread, and a queue of orders in front of it. The thread starts with the first order.
    office = ThreadPoolExecutor(max_workers=1, thread_name_prefix="old code")

    async def call(item):
        # Each task is ready a little later than the one before.
        await asyncio.sleep(cx.latency * (item + 1) / cx.calls / 1000)
        match cx.variant:
            case "block_on-inside":
                return old_report(item, ask_inside)
            case "spawn_blocking":
                return await asyncio.to_thread(old_report, item, ask_from_a_thread)
            case "channel":
                return await loop.run_in_executor(office, old_report, item, ask_from_a_thread)

    try:
        ends = await asyncio.gather(*(call(item) for item in range(cx.calls)), return_exceptions=True)
    finally:
        # However the calls end, so does the thread. Do not wait for it here: it may be waiting for this loop.
        office.shutdown(wait=False, cancel_futures=True)

    reports = [end for end in ends if not isinstance(end, RuntimeError)]
    expected = sum(map(price_of, range(cx.calls)))
    return (
        Outcome()
        .figure("reports", len(reports), "reports")
        .figure("panics", len(ends) - len(reports), "tasks")
        .figure("sum", sum(reports), "credits")
        .figure("total", now() - started, "ms")
        .check("the sum of the prices is correct", sum(reports) == expected)
    )


def old_report(item, ask):
    """The old code. `ask` blocks until it has a price."""
    return ask(item)


async def price(item, latency):
    """The new code."""
    await asyncio.sleep(latency / 1000)
    return price_of(item)


def price_of(item):
    """The price of an item."""
    return 10 + item


if __name__ == "__main__":
    main("bridge", PARAMS, run, real=real)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_run_inside_a_running_loop_raises():
    """`asyncio.run` in a task always raises."""
    outcome = await run(given(PARAMS, variant="block_on-inside"))
    assert (outcome.value("reports"), outcome.value("panics")) == (0, 3)
    assert not outcome.holds()
