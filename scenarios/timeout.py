"""Timeout: a deadline drops the work at its await.

When time is up, `async with asyncio.timeout(seconds)` cancels the block at the await
where it waits, and turns the cancellation into a `TimeoutError`.

Code that does not await cannot be cancelled: meanwhile the loop does not run, and no
timer fires (`variant=blocking`). If the block ends without an await, it had no chance
to be cancelled, and it counts as done. Tokio's `timeout` does the same: work that is
done counts as done, however late.
"""

import asyncio

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "work": Number(3_000, 0, 60_000),
    "deadline": Number(1_000, 0, 60_000),
    "variant": Choice("both", "async", "blocking"),
}


async def run(cx):
    started = now()
    ways = ["async", "blocking"] if cx.variant == "both" else [cx.variant]
    # One after the other, because blocking work would delay the other as well.
    ends = [await one_way(cx, way) for way in ways]

    timed_out, slowest = sum(cut for cut, _ in ends), max(took for _, took in ends)
    due = len(ways) if cx.work > cx.deadline else 0
    return (
        Outcome()
        .figure("timed out", timed_out, "calls")
        .figure("deadline", cx.deadline, "ms")
        .figure("past the deadline", max(slowest - cx.deadline, 0), "ms")
        .figure("total", now() - started, "ms")
        .check("it times out if the work needs longer", timed_out == due)
        .check("it ends by the deadline", cx.on_time(slowest, min(cx.work, cx.deadline)))
    )


async def one_way(cx, way):
    """Does the work in one way. Returns True if it timed out, and how long it took."""
    started = now()
    guard = asyncio.create_task(asyncio.sleep(cx.deadline / 1000), name=f"{way} guard")
    timed_out = await asyncio.create_task(in_time(cx, way), name=f"{way} work")
    took = now() - started
    # Work that is done early makes the guard pointless. Otherwise let it reach the deadline.
    if took < cx.deadline:
        guard.cancel()
    else:
        await guard
    return timed_out, took


async def in_time(cx, way):
    """Does the work within the deadline. Returns True if it timed out."""
    try:
        async with asyncio.timeout(cx.deadline / 1000):
            if way == "blocking":
                # The loop cannot run meanwhile, so it cannot cancel this.
                cx.burn(cx.work)
            else:
                await asyncio.sleep(cx.work / 1000)
    except TimeoutError:
        return True
    return False


if __name__ == "__main__":
    main("timeout", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_only_work_that_waits_can_be_timed_out():
    """Work that waits ends at the deadline; work that blocks ends when it is done."""
    for variant, work, deadline, timed_out, total, holds in [
        ("both", 3_000, 4_000, 0, 6_000, True),
        ("async", 5_000, 2_000, 1, 2_000, True),
        ("async", 10_000, 2_000, 1, 2_000, True),
        ("async", 5_000, 6_000, 0, 5_000, True),
        ("blocking", 5_000, 2_000, 0, 5_000, False),
        ("blocking", 10_000, 2_000, 0, 10_000, False),
    ]:
        outcome = await run(given(PARAMS, variant=variant, work=work, deadline=deadline))
        assert (outcome.value("timed out"), outcome.value("total")) == (timed_out, total)
        assert outcome.holds() == holds
