"""Gather: wait for all, keep the order.

`asyncio.gather` starts its coroutines together and returns their results in the order
in which they were passed, whichever ended first. Waits overlap, so it takes as long as
the slowest coroutine, not as long as the sum.

Pitfall: `asyncio.as_completed` yields results in the order in which they arrive, and
`for …: await fetch(…)` starts each fetch only after the previous one has ended.
"""

import asyncio

from twin import Number, Outcome, main, now

PARAMS = {
    "tasks": Number(5, 1, 1_000),
    "latency": Number(500, 0, 60_000),
    "jitter": Number(300, 0, 60_000),
    "straggler": Number(2_000, 0, 60_000),
}


async def run(cx):
    started = now()
    latencies = [latency(cx, i) for i in range(cx.tasks)]

    # `gather` starts all fetches before it waits for any of them, so their waits overlap.
    users = await asyncio.gather(*(fetch(i, latency) for i, latency in enumerate(latencies)))

    total = now() - started
    return (
        Outcome()
        .figure("results", len(users), "results")
        .figure("slowest", max(latencies), "ms")
        .figure("one after the other", sum(latencies), "ms")
        .figure("total", total, "ms")
        .check("results are in input order", users == [f"user {i}" for i in range(cx.tasks)])
        .check("the run takes as long as the slowest fetch", total == max(latencies))
    )


async def fetch(i, latency):
    """Fetches user `i`."""
    await asyncio.sleep(latency / 1000)
    return f"user {i}"


def latency(cx, i):
    """How long fetch `i` takes. The last but one is the straggler, unless it is turned off."""
    if cx.straggler and i == max(cx.tasks - 2, 0):
        return cx.straggler
    return cx.jittered("latency", i, cx.latency, cx.jitter)


if __name__ == "__main__":
    main("gather", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_the_slowest_decides():
    """More fetches take more time only if one of them is slower than all others."""
    for tasks, straggler, total in [(5, 2_000, 2_000), (24, 2_000, 2_000), (24, 4_000, 4_000), (24, 0, 500)]:
        outcome = await run(given(PARAMS, tasks=tasks, straggler=straggler, jitter=0))
        assert outcome.value("total") == total
        # The results are in order although the straggler came last.
        assert outcome.holds()
