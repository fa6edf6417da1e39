"""Bridge: keep one door between sync and async.

`asyncio.run` inside a running loop raises a `RuntimeError`: the thread that would drive
the inner loop is busy in the outer one (`variant=block_on-inside`). In Tokio, that task
panics. On a thread of its own, the old code may block: `asyncio.to_thread` is the way
out, `run_coroutine_threadsafe(…).result()` the way back in (`spawn_blocking`). Or it
stays on one thread and uses queues (`channel`).

Pitfall: `.result()` on the loop's own thread waits for ever, without an error: it waits
for the loop that it stops.
"""

import asyncio
import queue
import threading

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

    orders = queue.SimpleQueue()

    async def call(item):
        # Each task is ready a little later than the one before.
        await asyncio.sleep(cx.latency * (item + 1) / cx.calls / 1000)
        match cx.variant:
            case "block_on-inside":
                return old_report(item, ask_inside)
            case "spawn_blocking":
                return await asyncio.to_thread(old_report, item, ask_from_a_thread)
            case "channel":
                report = loop.create_future()
                orders.put((item, report))
                return await report

    def office():
        while (order := orders.get()) is not None:
            item, report = order
            loop.call_soon_threadsafe(report.set_result, old_report(item, ask_from_a_thread))

    if cx.variant == "channel":
        threading.Thread(target=office, name="old code").start()
    ends = await asyncio.gather(*(call(item) for item in range(cx.calls)), return_exceptions=True)
    orders.put(None)

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
