"""Thundering herd: wake one, not all.

`Condition.notify()` wakes the task that has waited longest, `notify_all()` wakes all.
If only one can go on, the others look, find nothing, and wait again: n² / 2 wakes for n
jobs. Nothing fails, so nobody notices.

A condition remembers no wake: if no task waits, `notify()` has no effect. That is safe,
because look and wait are under the lock of the condition, so no wake can come between
them.
"""

import asyncio

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "waiters": Number(10, 1, 500),
    "variant": Choice("notify_waiters", "notify_one"),
}

EVERY = 100
WORK = 200


class Hall:
    """The jobs, and the condition that wakes waiters for them."""

    def __init__(self):
        self.jobs = 0
        self.news = asyncio.Condition()
        self.wakes = 0
        self.grants = 0

    async def wait_for_job(self):
        async with self.news:
            # Look again after each wake: another waiter may have taken the job.
            while self.jobs == 0:
                await self.news.wait()
                self.wakes += 1
            self.jobs -= 1
            self.grants += 1

    async def bring_job(self, variant):
        async with self.news:
            self.jobs += 1
            if variant == "notify_one":
                self.news.notify()
            else:
                self.news.notify_all()


async def run(cx):
    started = now()
    hall = Hall()

    async with asyncio.TaskGroup() as waiters:
        for i in range(cx.waiters):
            waiters.create_task(waiter(hall), name=f"waiter {i}")
        # Bring one job at a time, and wake one waiter or all of them.
        for _ in range(cx.waiters):
            await asyncio.sleep(EVERY / 1000)
            await hall.bring_job(cx.variant)

    return (
        Outcome()
        .figure("jobs", hall.grants, "jobs")
        .figure("wakes", hall.wakes, "wakes")
        .figure("for nothing", hall.wakes - hall.grants, "wakes")
        .figure("total", now() - started, "ms")
        .check("every waiter gets a job", hall.grants == cx.waiters)
        .check("every wake gets a job", hall.wakes == hall.grants)
    )


async def waiter(hall):
    """Waits for a job and does it."""
    await hall.wait_for_job()
    await asyncio.sleep(WORK / 1000)


if __name__ == "__main__":
    main("thundering-herd", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_waking_all_is_for_nothing():
    """Waking one costs one wake per job. Waking all costs n² / 2: twice the waiters, four times the wakes."""
    for variant, waiters, wakes in [
        ("notify_one", 10, 10),
        ("notify_one", 20, 20),
        ("notify_waiters", 10, 55),
        ("notify_waiters", 20, 210),
    ]:
        outcome = await run(given(PARAMS, variant=variant, waiters=waiters))
        assert outcome.value("wakes") == wakes
        assert outcome.holds() == (wakes == outcome.value("jobs"))
