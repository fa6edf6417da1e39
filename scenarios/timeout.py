"""Timeout: a deadline drops the work at its await.

`async with asyncio.timeout(seconds)` cancels the block at the await where it
waits when time is up, and turns the cancellation into a `TimeoutError`.

Code that does not await cannot be cancelled: the loop does not run meanwhile, and
with it no timer (`variant=blocking`). When the block ends without having waited,
there was no chance to cancel it, and it counts as done. Tokio's `timeout` is
the same in this: what is done is done, however late.
"""

import asyncio

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "work": Number(5_000, 0, 60_000),
    "limit": Number(2_000, 0, 60_000),
    "variant": Choice("async", "blocking"),
}


async def run(cx):
    started = now()
    deadline = asyncio.create_task(asyncio.sleep(cx.limit / 1000), name="deadline")
    timed_out = await asyncio.create_task(in_time(cx), name="work")
    took = now() - started
    if took < cx.limit:
        deadline.cancel()
    else:
        await deadline

    return (
        Outcome()
        .figure("timed out", int(timed_out), "calls")
        .figure("limit", cx.limit, "ms")
        .figure("past the limit", max(took - cx.limit, 0), "ms")
        .figure("total", took, "ms")
        .check("it times out if the work needs longer", timed_out == (cx.work > cx.limit))
        .check("it is over at the limit at the latest", cx.on_time(took, min(cx.work, cx.limit)))
    )


async def in_time(cx):
    """Does the work within the limit; returns whether there was too little time."""
    try:
        async with asyncio.timeout(cx.limit / 1000):
            if cx.variant == "blocking":
                cx.burn(cx.work)
            else:
                await asyncio.sleep(cx.work / 1000)
    except TimeoutError:
        return True
    return False


if __name__ == "__main__":
    main("timeout", PARAMS, run)
