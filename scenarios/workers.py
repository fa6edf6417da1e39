"""Workers: more of them help CPU work, not waiting.

asyncio has one thread. Coroutines that wait share it well, by the thousand; those
that compute take turns, and all others wait for the turn to end. A faster event loop
makes the moments between two waits cheaper, and computing not a bit.

`sleep(0)` comes back before a task whose timer is due has been woken, so one that waits
beside those that compute is served a round later than in Tokio, and the run takes longer.

Pitfall: threads do not help CPython to compute, as they share one lock; use a
`ProcessPoolExecutor`. Tokio's multi-thread runtime computes on as many cores
as it has workers.
"""

import asyncio

from twin import Number, Outcome, main, now

PARAMS = {
    "tasks": Number(8, 1, 1_000),
    "cpu": Number(200, 0, 60_000),
    "wait": Number(200, 0, 60_000),
    "mix": Number(50, 0, 100),
}

# How many rounds each task does.
ROUNDS = 5


async def run(cx):
    started = now()
    computing = cx.tasks * cx.mix // 100

    async def compute():
        for _ in range(ROUNDS):
            cx.burn(cx.cpu)
            await asyncio.sleep(0)
        return ROUNDS * cx.cpu

    async def wait():
        for _ in range(ROUNDS):
            await asyncio.sleep(cx.wait / 1000)
        return 0

    kinds = [wait] * (cx.tasks - computing) + [compute] * computing
    busy = await asyncio.gather(*(kind() for kind in kinds))

    total = now() - started
    waits = cx.wait if computing < cx.tasks else 0
    least = max(sum(busy), ROUNDS * waits)
    most = max(sum(busy), waits_beside(sum(busy), waits))
    return (
        Outcome()
        .figure("done", len(busy), "tasks")
        .figure("workers", 1, "workers")
        .figure("computed", sum(busy), "ms")
        .figure("by arithmetic", most, "ms")
        .figure("total", total, "ms")
        .check("every task is done", len(busy) == cx.tasks)
        .check("it takes what the arithmetic says, within 20 %", 0.8 * least <= total <= 1.2 * most)
    )


def waits_beside(computing, wait):
    """How long the rounds of one that waits take beside so much computing: it is served when a turn is over."""
    turn, at = max(computing / ROUNDS, 1), 0
    for _ in range(ROUNDS):
        due = at + wait
        at = -(-due // turn) * turn if due < computing else due
    return at


if __name__ == "__main__":
    main("workers", PARAMS, run)
