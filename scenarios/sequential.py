"""Sequential or concurrent: waits overlap only if you start them together.

`await fetch(…)` in a loop starts the next fetch when the one before has ended, so the
waits add up. `create_task` schedules a coroutine to start as soon as the loop runs, so
tasks created before the first `await` wait together.

Pitfall: calling a coroutine function does not start the coroutine; awaiting it does. A
list of coroutines, awaited one by one, is sequential; a list of tasks is not. (A Rust
future behaves like the coroutine here.)
"""

import asyncio

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "tasks": Number(5, 1, 1_000),
    "latency": Number(500, 0, 60_000),
    "variant": Choice("sequential", "concurrent"),
}


async def run(cx):
    started = now()
    if cx.variant == "sequential":
        # This await is inside the loop: the next fetch starts only after it.
        pages = [await fetch(i, cx.latency) for i in range(cx.tasks)]
        promise, expected = "it takes the sum of the waits", cx.tasks * cx.latency
    else:
        # All tasks exist before the first await.
        fetches = [asyncio.create_task(fetch(i, cx.latency), name=f"fetch {i}") for i in range(cx.tasks)]
        pages = [await task for task in fetches]
        promise, expected = "it takes the longest of the waits", cx.latency

    total = now() - started
    return (
        Outcome()
        .figure("fetched", len(pages), "pages")
        .figure("one after the other", cx.tasks * cx.latency, "ms")
        .figure("together", cx.latency, "ms")
        .figure("total", total, "ms")
        .check("every page is fetched", pages == list(range(cx.tasks)))
        .check(promise, total == expected)
    )


async def fetch(i, latency):
    """Fetches page `i`."""
    await asyncio.sleep(latency / 1000)
    return i


if __name__ == "__main__":
    main("sequential", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_the_total_is_the_sum_or_the_longest():
    """Twice the tasks take twice as long one after the other, and just as long together."""
    for variant, tasks, latency, total in [
        ("sequential", 5, 500, 2_500),
        ("sequential", 10, 500, 5_000),
        ("sequential", 5, 1_000, 5_000),
        ("concurrent", 5, 500, 500),
        ("concurrent", 10, 500, 500),
        ("concurrent", 5, 1_000, 1_000),
    ]:
        outcome = await run(given(PARAMS, variant=variant, tasks=tasks, latency=latency))
        assert outcome.value("total") == total
        assert outcome.holds()
