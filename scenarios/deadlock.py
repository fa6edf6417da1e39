"""Deadlock: order your locks.

Nested `async with` takes two locks, one after the other. If one task nests them one way
round and another task the other way round, each can hold one lock and wait for the
other one for ever. asyncio reports nothing: the program just stops. Here the loop
detects that no timer is left, and raises an error.

`asyncio.Lock` has no `try_lock`. Checking `locked()` before `acquire()` is not the
same: a lock that was given back looks free until the next waiter runs, and `acquire`
queues behind that waiter. With `asyncio.timeout(0)`, `acquire` succeeds if it need not
wait, and gives up at once if it must.

If one task gives a lock back and another one tries to take it in the same millisecond,
asyncio and Tokio may run the two in a different order, and then they draw different
backoffs.

With `gap` and `rest` at 0 nothing here waits, so nothing can go wrong: in asyncio an
await that need not wait never lets another task run. Tokio may cut a task there.
"""

import asyncio

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "tasks": Number(2, 2, 26),
    "gap": Number(200, 0, 60_000),
    "rest": Number(900, 0, 60_000),
    "order": Choice("crossed", "same"),
    "acquire": Choice("lock", "try_lock+backoff"),
}

ROUNDS = 5
SHORTEST = 9
ATTEMPTS = 16


class Account:
    """The number of transfers booked in an account, and its lock."""

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
    """Rests and transfers, round after round; returns how many times it backed off."""
    ends = [i, (i + 1) % cx.tasks]
    if cx.order == "same":
        ends.sort()
    first, second = (accounts[end] for end in ends)

    backed_off = 0
    for round in range(ROUNDS):
        await wait(cx.draw(f"rest of {letter(i)}", round, cx.rest // SHORTEST, cx.rest))
        backed_off += await transfer(cx, i, first, second, backed_off)
    return backed_off


async def transfer(cx, i, first, second, backed_off):
    """Takes both locks, first one, then the other, and books a transfer; returns how many times it backed off."""
    for attempt in range(ATTEMPTS):
        async with first.lock:
            await wait(cx.gap)
            # Now take the second lock while holding the first. Two tasks in crossed order can deadlock here.
            acquire = second.lock.acquire() if cx.acquire == "lock" else try_lock(second.lock)
            if await acquire:
                first.booked += 1
                second.booked += 1
                second.lock.release()
                return attempt
        # The first lock is given back. Wait for a random time, so that no two tasks retry in step.
        pause = cx.draw(f"backoff of {letter(i)}", backed_off + attempt, 1, max(cx.gap, 1) << attempt)
        await asyncio.sleep(pause / 1000)
    raise RuntimeError(f"task {letter(i)} gave up after {ATTEMPTS} attempts")


async def wait(ms):
    """Sleeps, if there is any time to sleep: `asyncio.sleep(0)` would let the other tasks run."""
    if ms:
        await asyncio.sleep(ms / 1000)


async def try_lock(lock):
    """Takes the lock if it need not wait; returns True if it has the lock."""
    try:
        async with asyncio.timeout(0):
            return await lock.acquire()
    except TimeoutError:
        return False


if __name__ == "__main__":
    main("deadlock", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_one_order_cannot_deadlock_and_crossed_orders_can():
    """In crossed order, the seed decides if the run ends. In one order, or with backoff, every run ends."""
    for order, acquire, seed, ends in [
        ("same", "lock", 0, True),
        ("same", "lock", 17, True),
        ("crossed", "lock", 0, False),
        ("crossed", "lock", 17, True),
        ("crossed", "try_lock+backoff", 0, True),
    ]:
        try:
            # Far longer than any run: virtual time gets this far only if nothing else can run.
            async with asyncio.timeout(24 * 3600):
                outcome = await run(given(PARAMS, order=order, acquire=acquire, seed=seed))
        except TimeoutError:
            assert not ends
        else:
            assert ends and outcome.holds()
