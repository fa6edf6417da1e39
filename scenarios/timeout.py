"""Timeout: a deadline drops the work at its await.

When time is up, `async with asyncio.timeout(seconds)` cancels the block at the await
where it waits, and turns the cancellation into a `TimeoutError`. If nobody catches that
(`variant=uncaught`), it ends the task: what comes after the block never runs. The error
goes on to the code that awaits the task; if none does, it only shows up in the log, as
"Task exception was never retrieved".

Code that does not await cannot be cancelled: meanwhile the loop does not run, and no
timer fires (`variant=blocking`). If the block ends without an await, it had no chance
to be cancelled, and it counts as done. Tokio's `timeout` does the same: work that is
done counts as done, however late.

Work that is due in the same millisecond as its deadline times out, because its timer was
set after the one of the deadline. In Tokio it counts as done: `timeout` polls the work
before it looks at its timer.
"""

import asyncio

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "work": Number(3_000, 0, 60_000),
    "deadline": Number(1_000, 0, 60_000),
    "variant": Choice("both", "async", "blocking", "uncaught"),
}


async def run(cx):
    started = now()
    ways = ["async", "blocking"] if cx.variant == "both" else [cx.variant]
    # One after the other, because blocking work would delay the other as well.
    ends = [await one_way(cx, way) for way in ways]

    timed_out, slowest = sum(end != "done" for end, _ in ends), max(took for _, took in ends)
    due = sum(cx.work > cx.deadline or (way != "blocking" and cx.work == cx.deadline) for way in ways)
    outcome = (
        Outcome()
        .figure("timed out", timed_out, "calls")
        .figure("deadline", cx.deadline, "ms")
        .figure("past the deadline", max(slowest - cx.deadline, 0), "ms")
        .figure("total", now() - started, "ms")
        .check("it times out if the work needs longer", timed_out == due)
        .check("it ends by the deadline", cx.on_time(slowest, min(cx.work, cx.deadline)))
    )
    if cx.variant == "uncaught":
        outcome.check("the task goes on after the deadline", all(end != "uncaught" for end, _ in ends))
    return outcome


async def one_way(cx, way):
    """Does the work in one way. Returns how it ended, and how long it took."""
    started = now()
    guard = asyncio.create_task(asyncio.sleep(cx.deadline / 1000), name=f"{way} guard")
    work = asyncio.create_task(uncaught(cx) if way == "uncaught" else in_time(cx, way), name=f"{way} work")
    try:
        end = await work
    except TimeoutError:
        # The error of a task goes up to the code that awaits it.
        end = "uncaught"
    took = now() - started
    # Work that is done early makes the guard pointless. Otherwise let it reach the deadline.
    if took < cx.deadline:
        guard.cancel()
    else:
        await guard
    return end, took


async def in_time(cx, way):
    """Does the work within the deadline. Returns how it ended."""
    try:
        async with asyncio.timeout(cx.deadline / 1000):
            if way == "blocking":
                # The loop cannot run meanwhile, so it cannot cancel this.
                cx.burn(cx.work)
            else:
                await asyncio.sleep(cx.work / 1000)
    except TimeoutError:
        return "timed out"
    return "done"


async def uncaught(cx):
    """Does the work within the deadline, and leaves the error to others."""
    async with asyncio.timeout(cx.deadline / 1000):
        await asyncio.sleep(cx.work / 1000)
    # If the time is up, the error has ended this task: this line never runs.
    return "done"


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
