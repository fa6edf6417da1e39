"""Lock contention: hold locks briefly.

If a task awaits inside `async with lock:`, every other task waits for that too: five
tasks, concurrency one. Do the slow part first, and hold the lock only for the change.

On asyncio's single thread nothing else runs between two awaits, so a change without an
await needs no lock at all (`lock=atomic`). `mutex=std` is `threading.Lock` here. It
does no harm around such a change, but around an await it deadlocks: the next task that
acquires it blocks the thread, so the holder can never release it. Python does not
detect this, so `refuse` does; in Rust the compiler does.

With `hold=0` all workers are at work at once, because `asyncio.sleep(0)` lets the others
run. In Tokio a `sleep` of zero returns at once, so one is at work at a time.
"""

import asyncio
import threading

from twin import BadValue, Choice, Number, Outcome, main, now

PARAMS = {
    "tasks": Number(5, 1, 1_000),
    "increments": Number(3, 1, 10_000),
    "hold": Number(200, 0, 60_000),
    "think": Number(0, 0, 60_000),
    "lock": Choice("across-await", "short", "atomic"),
    "mutex": Choice("tokio", "std"),
}


def refuse(cx):
    if (cx.lock, cx.mutex) == ("across-await", "std"):
        raise BadValue("mutex: std does not work with lock=across-await: it would block the event loop for ever")


class Shared:
    """The state that all workers share."""

    def __init__(self, hold):
        self.counter = 0
        self.lock = asyncio.Lock()
        self.thread_lock = threading.Lock()
        self.hold = hold
        self.at_work = 0
        self.peak = 0
        self.waited = 0

    async def work(self):
        """The slow part of an increment: in a real program a lookup, a request or a file."""
        self.at_work += 1
        self.peak = max(self.peak, self.at_work)
        await asyncio.sleep(self.hold / 1000)
        self.at_work -= 1

    async def increment_across_await(self):
        asked = now()
        async with self.lock:
            self.waited += now() - asked
            # The lock is held during this await, so every other worker waits for this work.
            await self.work()
            self.counter += 1

    async def increment_short(self):
        # Do the slow part first. The lock is then held for a single addition.
        await self.work()
        asked = now()
        async with self.lock:
            self.waited += now() - asked
            self.counter += 1

    async def increment_short_std(self):
        await self.work()
        # No await follows inside the block, so a lock that blocks is fine here.
        with self.thread_lock:
            self.counter += 1

    async def increment_atomic(self):
        await self.work()
        self.counter += 1


async def run(cx):
    started = now()
    shared = Shared(cx.hold)
    match cx.lock, cx.mutex:
        case "across-await", _:
            increment = shared.increment_across_await
        case "short", "tokio":
            increment = shared.increment_short
        case "short", _:
            increment = shared.increment_short_std
        case _:
            increment = shared.increment_atomic

    # Start all workers at once, and wait until they have ended.
    async with asyncio.TaskGroup() as workers:
        for i in range(cx.tasks):
            workers.create_task(worker(increment, cx.increments, cx.think), name=f"worker {i}")

    expected = cx.tasks * cx.increments
    outcome = (
        Outcome()
        .figure("counter", shared.counter, "increments")
        .figure("most at work at once", shared.peak, "workers")
        .figure("waited for the lock", shared.waited, "ms")
        .figure("total", now() - started, "ms")
        .check(f"the counter is {expected}", shared.counter == expected)
    )
    if cx.lock == "across-await":
        outcome.check("never more than one at work under the lock", shared.peak <= 1)
    return outcome


async def worker(increment, increments, think):
    """Adds one `increments` times."""
    for _ in range(increments):
        await increment()
        await asyncio.sleep(think / 1000)


if __name__ == "__main__":
    main("lock-contention", PARAMS, run, refuse)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_what_is_done_under_the_lock_is_done_one_at_a_time():
    """The run time grows with the number of workers only if they work under the lock."""
    for lock, tasks, total in [
        ("across-await", 5, 3_000),
        ("across-await", 10, 6_000),
        ("short", 10, 600),
        ("atomic", 10, 600),
    ]:
        outcome = await run(given(PARAMS, lock=lock, tasks=tasks))
        assert outcome.value("total") == total
        assert outcome.holds()
