"""Philosophers: break one of the four conditions of a deadlock.

Each philosopher needs two forks, and shares each with a neighbour. Left fork first
(`naive`) can deadlock: everybody holds one fork and waits for the next, in a cycle.
Lower number first (`ordered`) cannot. One chair fewer than philosophers (`waiter`)
cannot either. `try` puts the first fork back when the second is taken.

asyncio does not detect the cycle: the program just hangs. `asyncio.Lock` has no
`try_lock`; inside `asyncio.timeout(0)`, `acquire` succeeds only if it need not wait.

If one philosopher puts a fork back in the same millisecond in which another takes it,
asyncio and Tokio may run the two in a different order, and later meals differ.
"""

import asyncio
from contextlib import nullcontext

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "n": Number(5, 2, 100),
    "eat": Number(200, 0, 60_000),
    "think": Number(200, 0, 60_000),
    "jitter": Number(50, 0, 60_000),
    "reach": Number(100, 0, 60_000),
    "meals": Number(3, 1, 1_000),
    "strategy": Choice("naive", "ordered", "waiter", "try"),
}

ATTEMPTS = 16
DOUBLINGS = 6


class Table:
    """The state that all philosophers share."""

    def __init__(self, n):
        self.forks = [asyncio.Lock() for _ in range(n)]
        self.chairs = asyncio.Semaphore(n - 1)
        self.eating = [False] * n
        self.most_eating = 0
        self.shared_a_fork = False


class Philosopher:
    def __init__(self, cx, i, table):
        self.cx, self.i, self.table = cx, i, table
        left, right = i, (i + 1) % cx.n
        # With `ordered` the last philosopher takes the right fork first, and no cycle can form.
        self.first, self.second = sorted((left, right)) if cx.strategy == "ordered" else (left, right)
        self.meals = 0
        self.longest_hunger = 0
        self.put_back = 0

    async def live(self):
        """Thinks and dines, once for each meal."""
        for meal in range(self.cx.meals):
            think = self.cx.jittered(f"thoughts of {self.i}", meal, self.cx.think, self.cx.jitter)
            await asyncio.sleep(think / 1000)
            await self.dine()

    async def dine(self):
        """Takes both forks and eats; skips the meal if it cannot get them."""
        hungry = now()
        async with self.table.chairs if self.cx.strategy == "waiter" else nullcontext():
            for attempt in range(ATTEMPTS):
                if await self.try_to_eat(hungry):
                    return
                # Wait for a random time, holding nothing, so that no two try again in step.
                longest = max(self.cx.eat + self.cx.reach, 1) << min(attempt, DOUBLINGS)
                pause = self.cx.draw(f"pauses of {self.i}", self.put_back, 1, longest)
                self.put_back += 1
                await asyncio.sleep(pause / 1000)

    async def try_to_eat(self, hungry):
        """Takes one fork, then the other, and eats. Returns False if the second fork was taken."""
        first, second = (self.table.forks[fork] for fork in (self.first, self.second))
        async with first:
            # Hold one fork while reaching for the other: if all do so at once, none gets a second one.
            if self.cx.reach:
                await asyncio.sleep(self.cx.reach / 1000)
            if not await (try_lock(second) if self.cx.strategy == "try" else second.acquire()):
                return False
            self.longest_hunger = max(self.longest_hunger, now() - hungry)
            await self.eat()
            second.release()
            return True

    async def eat(self):
        eating = self.table.eating
        eating[self.i] = True
        self.table.most_eating = max(self.table.most_eating, sum(eating))
        if eating[self.i - 1] or eating[(self.i + 1) % self.cx.n]:
            self.table.shared_a_fork = True
        await asyncio.sleep(self.cx.eat / 1000)
        eating[self.i] = False
        self.meals += 1


async def try_lock(lock):
    """Takes the lock if that needs no wait, and returns True if it did."""
    try:
        async with asyncio.timeout(0):
            return await lock.acquire()
    except TimeoutError:
        return False


async def run(cx):
    started = now()
    table = Table(cx.n)
    philosophers = [Philosopher(cx, i, table) for i in range(cx.n)]

    # Start all philosophers at once. In a deadlock, with `naive`, this waits for ever.
    async with asyncio.TaskGroup() as group:
        for philosopher in philosophers:
            group.create_task(philosopher.live(), name=f"philosopher {philosopher.i}")

    return (
        Outcome()
        .figure("meals", sum(philosopher.meals for philosopher in philosophers), "meals")
        .figure("longest hunger", max(philosopher.longest_hunger for philosopher in philosophers), "ms")
        .figure("forks put back", sum(philosopher.put_back for philosopher in philosophers), "times")
        .figure("most eating at once", table.most_eating, "philosophers")
        .figure("total", now() - started, "ms")
        .check("everybody is fed", all(philosopher.meals == cx.meals for philosopher in philosophers))
        .check("no two neighbours eat at once", not table.shared_a_fork)
    )


if __name__ == "__main__":
    main("philosophers", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_each_broken_condition_is_enough():
    """Left fork first deadlocks unless chance prevents it; each of the other strategies feeds everybody."""
    for strategy, jitter in [("naive", 100), ("naive", 400), ("ordered", 100), ("waiter", 100), ("try", 100)]:
        ends = (strategy, jitter) != ("naive", 100)
        try:
            # Far longer than any run: virtual time gets this far only if nothing else can run.
            async with asyncio.timeout(24 * 3600):
                outcome = await run(given(PARAMS, strategy=strategy, jitter=jitter))
        except TimeoutError:
            assert not ends
        else:
            assert ends and outcome.holds()
