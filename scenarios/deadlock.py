"""Deadlock: order your locks.

Nested `async with` takes two locks one after the other. When one task nests them
one way round and another task the other way round, each can end up with one lock
and wait for the other one for ever. asyncio says nothing: the program just stops.
Here the loop sees that no timer is left, and says so.

`asyncio.Lock` has no `try_lock`. `locked()` and then `acquire()` is not the same:
a lock that was given back is free until the waiter it was meant for runs, and
`acquire` queues behind that waiter. `asyncio.timeout(0)` lets `acquire` go
through if it need not wait, and gives up at once if it must.

Where one task gives a lock back and another one tries it in the same millisecond,
asyncio and Tokio may take the two in either order, and then draw other back-offs.
"""

import asyncio

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "tasks": Number(2, 2, 26),
    "gap": Number(200, 0, 60_000),
    "order": Choice("crossed", "same"),
    "acquire": Choice("lock", "try_lock+backoff"),
}

ROUNDS = 5
REST = (100, 900)
ATTEMPTS = 16


class Account:
    """How many transfers are booked in it, and the lock that keeps the book."""

    def __init__(self):
        self.booked = 0
        self.lock = asyncio.Lock()


async def run(cx):
    started = now()
    accounts = [Account() for _ in range(cx.tasks)]

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(task(cx, i, accounts), name=f"task {letter(i)}") for i in range(cx.tasks)]

    booked = sum(account.booked for account in accounts)
    return (
        Outcome()
        .figure("transfers", booked // 2, "transfers")
        .figure("backed off", sum(task.result() for task in tasks), "times")
        .figure("total", now() - started, "ms")
        .check("every task ends", all(task.done() for task in tasks))
        .check("every transfer is booked in both accounts", booked == 2 * cx.tasks * ROUNDS)
    )


def letter(i):
    return chr(ord("A") + i)


async def task(cx, i, accounts):
    """Rests and transfers, again and again; returns how often it has backed off."""
    ends = [i, (i + 1) % cx.tasks]
    if cx.order == "same":
        ends.sort()
    first, second = (accounts[end] for end in ends)

    backed_off = 0
    for round in range(ROUNDS):
        await asyncio.sleep(cx.draw(f"rest of {letter(i)}", round, *REST) / 1000)
        backed_off += await transfer(cx, i, first, second, backed_off)
    return backed_off


async def transfer(cx, i, first, second, backed_off):
    """Takes both locks, one after the other, and books a transfer; returns how often it has backed off."""
    for attempt in range(ATTEMPTS):
        async with first.lock:
            await asyncio.sleep(cx.gap / 1000)
            # `lock` waits for the second one with the first one in hand.
            acquire = second.lock.acquire() if cx.acquire == "lock" else try_lock(second.lock)
            if await acquire:
                first.booked += 1
                second.booked += 1
                second.lock.release()
                return attempt
        pause = cx.draw(f"backoff of {letter(i)}", backed_off + attempt, 1, max(cx.gap, 1) << attempt)
        await asyncio.sleep(pause / 1000)
    raise RuntimeError(f"task {letter(i)} gave up after {ATTEMPTS} attempts")


async def try_lock(lock):
    """Takes the lock if that needs no waiting; returns whether it has it."""
    try:
        async with asyncio.timeout(0):
            return await lock.acquire()
    except TimeoutError:
        return False


if __name__ == "__main__":
    main("deadlock", PARAMS, run)
