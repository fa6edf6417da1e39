"""Blocking: never block the loop.

One thread runs the whole event loop. A coroutine that computes for a second, or
calls something that blocks, stops every other one for a second (`variant=block`).
`await asyncio.to_thread(report)` does it on a thread of the default executor
(`spawn_blocking`, on the real clock). `await asyncio.sleep(0)` between pieces
lets the others run (`yield`).

A timer that is due first resolves a future, and only then is its task woken, in the
next round of the loop. A task that yields is in both rounds, so a tick is late by
up to two pieces here. Tokio's `yield_now` comes back after the timers: none is late.

Pitfall: threads of CPython share one lock. To compute in a thread takes as long as
before, and slows the loop down; it frees the loop for calls that wait. For work
that computes there is `ProcessPoolExecutor`. In Tokio blocking threads compute in parallel.
"""

import asyncio

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "tasks": Number(6, 1, 1_000),
    "tick": Number(100, 10, 10_000),
    "block": Number(1_000, 0, 60_000),
    "variant": Choice("block", "spawn_blocking", "yield"),
    "blocking_threads": Number(4, 1, 64),
}

# How often each task ticks.
TICKS = 30


def real(cx):
    """A thread beside the loop does not see virtual time."""
    return cx.variant == "spawn_blocking"


async def run(cx):
    started = now()
    working = asyncio.gather(*(ticker(cx.tick) for _ in range(cx.tasks)))
    took = asyncio.create_task(report(cx), name="report")

    lateness = await working
    worst = max(lateness)
    return (
        Outcome()
        .figure("the worst tick was late by", worst, "ms")
        .figure("tasks with such a tick", sum(late >= 2 * cx.tick for late in lateness), "tasks")
        .figure("the report took", await took, "ms")
        .figure("total", now() - started, "ms")
        .check("no tick is late by two ticks", worst < 2 * cx.tick)
    )


async def ticker(tick):
    """Ticks for a while; returns by how much the worst tick was late."""
    worst = 0
    for _ in range(TICKS):
        due = now() + tick
        await asyncio.sleep(tick / 1000)
        worst = max(worst, now() - due)
    return worst


async def report(cx):
    """Makes the report, half a tick after the fifth; returns how long it took."""
    await asyncio.sleep(cx.tick * 11 / 2 / 1000)
    begun = now()
    match cx.variant:
        case "block":
            cx.burn(cx.block)
        case "yield":
            for piece in pieces(cx.block, cx.tick // 2):
                cx.burn(piece)
                await asyncio.sleep(0)
        case "spawn_blocking":
            limit = asyncio.Semaphore(cx.blocking_threads)
            await asyncio.gather(*(on_a_thread(cx, piece, limit) for piece in pieces(cx.block, cx.tick // 2)))
    return now() - begun


async def on_a_thread(cx, piece, limit):
    async with limit:
        await asyncio.to_thread(cx.burn, piece)


def pieces(whole, longest):
    """Cuts a duration into pieces of at most that length."""
    return [min(longest, whole - start) for start in range(0, whole, longest)]


if __name__ == "__main__":
    main("blocking", PARAMS, run, real=real)
