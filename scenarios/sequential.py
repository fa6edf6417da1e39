"""Sequential or concurrent: waits overlap only if you start them together.

`await fetch(…)` in a loop starts the next one when the one before has ended, so
the waits add up. `create_task` starts a coroutine at the next chance the loop
gets, so tasks that were all made before the first `await` wait together.

Pitfall: a coroutine that was called and not yet awaited has not started. A list
of coroutines, awaited one by one, is sequential; a list of tasks is not. (A
Rust future is like the coroutine here.)
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
        pages = [await fetch(i, cx.latency) for i in range(cx.tasks)]
        promise, expected = "it takes the sum of the waits", cx.tasks * cx.latency
    else:
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
