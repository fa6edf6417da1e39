"""Workers: more of them help CPU work, not waiting.

asyncio has one thread. Thousands of coroutines that wait share it well; coroutines that
compute take turns, and all others wait for the turn to end. A faster event loop
shortens the moments between two waits, but not computing.

A task that yields with `sleep(0)` runs again before a task whose timer is due is woken.
So a waiting task runs one round later than in Tokio, and the run takes longer.

Pitfall: threads do not make CPython compute faster, because they share one lock; use a
`ProcessPoolExecutor`. Tokio's multi-thread runtime computes on as many cores as it has
workers. `flavor=multi_thread` shows that: here it computes in threads, on the real clock,
and takes as long as before; tasks that wait are no longer late.
"""

import asyncio
import threading

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "tasks": Number(8, 1, 1_000),
    "cpu": Number(200, 0, 60_000),
    "wait": Number(200, 0, 60_000),
    "mix": Number(50, 0, 100),
    "flavor": Choice("as-set", "current_thread", "multi_thread"),
}

# How many rounds each task does.
ROUNDS = 5


def real(cx):
    """Virtual time would jump ahead of threads."""
    return cx.flavor == "multi_thread"


async def run(cx):
    started = now()
    computing = cx.tasks * cx.mix // 100

    async def compute():
        for _ in range(ROUNDS):
            cx.burn(cx.cpu)
            # Without this yield the task would keep the thread through all its rounds.
            await asyncio.sleep(0)
        return ROUNDS * cx.cpu

    async def compute_in_a_thread():
        for _ in range(ROUNDS):
            # The loop is free meanwhile, but the threads take turns: only one has CPython's lock.
            await asyncio.to_thread(cx.burn, cx.cpu)
        return ROUNDS * cx.cpu

    async def wait():
        for _ in range(ROUNDS):
            await asyncio.sleep(cx.wait / 1000)
        return 0

    # Start the tasks that wait, and then those that compute.
    computes = compute_in_a_thread if cx.real else compute
    kinds = [wait] * (cx.tasks - computing) + [computes] * computing
    busy = await asyncio.gather(*(kind() for kind in kinds))

    # Predict the total: all the computing, or the rounds of a waiting task if those take longer.
    total = now() - started
    waits = cx.wait if computing < cx.tasks else 0
    least = max(sum(busy), ROUNDS * waits)
    # Computing in threads does not hold up the tasks that wait.
    most = least if cx.real else max(sum(busy), waits_beside(sum(busy), waits))
    outcome = (
        Outcome()
        .figure("done", len(busy), "tasks")
        .figure("workers", 1, "workers")
        .figure("computed", sum(busy), "ms")
        .figure("predicted", most, "ms")
        .figure("total", total, "ms")
        .check("every task is done", len(busy) == cx.tasks)
        # On the real clock other programs may need the core too.
        .check("the total is as predicted, within 20 %", 0.8 * least <= total and (cx.real or total <= 1.2 * most))
    )
    if cx.flavor == "current_thread":
        outcome.check("everything runs on one thread", threading.active_count() == 1)
    return outcome


def waits_beside(computing, wait):
    """Returns how long a waiting task takes beside that much computing. It runs only when the others have finished a turn."""
    turn, at = max(computing // ROUNDS, 1), 0
    for _ in range(ROUNDS):
        due = at + wait
        # The timer is due within a turn. After the next turn the loop fires it, and after one more it wakes the task.
        turns = -(-due // turn) + 2
        at = max(due, min(turns * turn, computing))
    return at


if __name__ == "__main__":
    main("workers", PARAMS, run, real=real)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_computing_adds_up_and_waiting_does_not():
    """On one worker computing adds up; waiting does not."""
    for tasks, mix, total in [(8, 0, 1_000), (8, 100, 8_000), (16, 0, 1_000)]:
        outcome = await run(given(PARAMS, tasks=tasks, mix=mix))
        assert outcome.value("total") == total
        assert outcome.holds()
