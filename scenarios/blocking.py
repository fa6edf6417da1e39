"""Blocking: never block the loop.

One thread runs the whole event loop. A coroutine that computes for a second, or calls
something that blocks, stops all others for a second (`variant=block`). `await
asyncio.to_thread(report)` moves the work to a thread of the default executor
(`spawn_blocking`, on the real clock). `await asyncio.sleep(0)` between pieces of work
lets the others run (`yield`).

When a timer is due, the loop first resolves a future and wakes its task only in the
next round. A task that yields runs in both rounds, so here a tick is up to two pieces
late. With Tokio's `yield_now`, due timers come first and no tick is late.

A timeout cuts the wait for a thread, not the thread (`timeout`): `wait_for` cancels a
future, and the function goes on to its end. `asyncio.run` waits for it before it returns.

Pitfall: CPython's threads share one lock. Computing in a thread takes as long as before
and slows the loop down; only calls that wait free the loop. For computing, use
`ProcessPoolExecutor`. In Tokio, blocking threads compute in parallel.
"""

import asyncio
import threading

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "tasks": Number(6, 1, 1_000),
    "tick": Number(100, 10, 10_000),
    "block": Number(1_000, 0, 60_000),
    "variant": Choice("block", "spawn_blocking", "yield", "timeout"),
    "blocking_threads": Number(4, 1, 64),
}

# How many times each task ticks.
TICKS = 30


def real(cx):
    """Virtual time would jump ahead of a thread outside the loop."""
    return cx.variant in ("spawn_blocking", "timeout")


async def run(cx):
    started = now()
    working = asyncio.gather(*(ticker(cx.tick) for _ in range(cx.tasks)))
    making = asyncio.create_task(report(cx), name="report")

    lateness = await working
    late = sum(late >= 2 * cx.tick for late in lateness)
    took, kept, ran_on = await making
    outcome = (
        Outcome()
        .figure("worst tick late by", max(lateness), "ms")
        .figure("tasks with a late tick", late, "tasks")
        .figure("report took", took, "ms")
        .figure("total", now() - started, "ms")
        .check("the report keeps no worker for two ticks", kept < 2 * cx.tick)
    )
    if ran_on is not None:
        outcome.figure("ran on after its timeout", ran_on, "ms")
        outcome.check("the report stops at its timeout", ran_on <= cx.block / 4)
    return outcome


async def ticker(tick):
    """Ticks a fixed number of times; returns how late the worst tick was."""
    worst = 0
    for _ in range(TICKS):
        # The task runs again only when the loop is free, which may be after `due`.
        due = now() + tick
        await asyncio.sleep(tick / 1000)
        worst = max(worst, now() - due)
    return worst


async def report(cx):
    """Makes the report, half a tick after the fifth tick.

    Returns how long it took, the longest that it kept the loop, and how long its thread went on after the timeout, if
    there was one.
    """
    await asyncio.sleep((cx.tick * 5 + cx.tick // 2) / 1000)
    begun, kept, ran_on = now(), 0, None
    match cx.variant:
        case "block":
            # All of the work without an await: nothing else runs until it ends.
            cx.burn(cx.block)
            kept = now() - begun
        case "yield":
            for piece in pieces(cx.block, cx.tick // 2):
                since = now()
                cx.burn(piece)
                kept = max(kept, now() - since)
                # Give the loop back, so that other tasks run.
                await asyncio.sleep(0)
        case "spawn_blocking":
            # The work leaves the loop altogether.
            limit = asyncio.Semaphore(cx.blocking_threads)
            await asyncio.gather(*(on_a_thread(cx, piece, limit) for piece in pieces(cx.block, cx.tick // 2)))
        case "timeout":
            ran_on = await until_it_times_out(cx)
    return now() - begun - (ran_on or 0), kept, ran_on


async def until_it_times_out(cx):
    """Waits half as long for the report as it takes on its thread. Returns how long the thread then goes on."""
    done = threading.Event()

    def work():
        cx.burn(cx.block)
        done.set()

    try:
        await asyncio.wait_for(asyncio.to_thread(work), cx.block / 2 / 1000)
        return 0
    except TimeoutError:
        gave_up = now()
        # A program would go on. Here we wait, to see how long the thread goes on.
        await asyncio.to_thread(done.wait)
        return now() - gave_up


async def on_a_thread(cx, piece, limit):
    async with limit:
        await asyncio.to_thread(cx.burn, piece)


def pieces(whole, longest):
    """Cuts a duration into pieces no longer than `longest`."""
    return [min(longest, whole - start) for start in range(0, whole, longest)]


if __name__ == "__main__":
    main("blocking", PARAMS, run, real=real)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_one_task_that_blocks_delays_all_the_others():
    """A long poll delays every other task until it ends."""
    for block, tasks, worst, late in [(1_000, 6, 950, 6), (1_000, 10, 950, 10), (2_000, 10, 1_950, 10)]:
        outcome = await run(given(PARAMS, variant="block", block=block, tasks=tasks))
        assert (outcome.value("worst tick late by"), outcome.value("tasks with a late tick")) == (worst, late)
        assert not outcome.holds()
    pieces = await run(given(PARAMS, variant="yield"))
    # Up to two pieces of work come between a timer and its task.
    assert pieces.value("worst tick late by") == 100
    assert pieces.holds()
