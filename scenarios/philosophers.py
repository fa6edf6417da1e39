"""Philosophers: break one of the four conditions of a deadlock.

Each philosopher needs two forks, and each fork lies between two of them. Left
fork first (`naive`) can end in a ring: everybody has one fork and waits for the next
one. Lower number first (`ordered`) cannot. One chair fewer than philosophers
(`waiter`) cannot either. `try` puts the first fork back when the second is taken.

asyncio does not see the ring: the program just stops. `asyncio.Lock` has no
`try_lock`; `asyncio.timeout(0)` lets `acquire` go through if it need not wait.

Where one philosopher puts a fork back and another one takes it in the same millisecond,
asyncio and Tokio may let the two go in either order, and later meals are other ones.
"""

import asyncio
from contextlib import nullcontext

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "n": Number(5, 2, 100),
    "eat": Number(200, 0, 60_000),
    "think": Number(200, 0, 60_000),
    "jitter": Number(50, 0, 60_000),
    "meals": Number(3, 1, 1_000),
    "strategy": Choice("naive", "ordered", "waiter", "try"),
}

REACH = 100
ATTEMPTS = 16
DOUBLINGS = 6


class Table:
    """What the philosophers share."""

    def __init__(self, n):
        self.forks = [asyncio.Lock() for _ in range(n)]
        self.chairs = asyncio.Semaphore(n - 1)
        self.eating = [False] * n
        self.shared_a_fork = False


class Philosopher:
    def __init__(self, cx, i, table):
        self.cx, self.i, self.table = cx, i, table
        left, right = i, (i + 1) % cx.n
        self.first, self.second = sorted((left, right)) if cx.strategy == "ordered" else (left, right)
        self.meals = 0
        self.longest_hunger = 0
        self.put_back = 0

    async def live(self):
        """Thinks and eats, until it has had all its meals."""
        for meal in range(self.cx.meals):
            think = self.cx.jittered(f"thoughts of {self.i}", meal, self.cx.think, self.cx.jitter)
            await asyncio.sleep(think / 1000)
            await self.dine()

    async def dine(self):
        """Takes both forks and eats; goes without if it cannot get them."""
        hungry = now()
        async with self.table.chairs if self.cx.strategy == "waiter" else nullcontext():
            for attempt in range(ATTEMPTS):
                if await self.try_to_eat(hungry):
                    return
                longest = (self.cx.eat + REACH) << min(attempt, DOUBLINGS)
                pause = self.cx.draw(f"pauses of {self.i}", self.put_back, 1, longest)
                self.put_back += 1
                await asyncio.sleep(pause / 1000)

    async def try_to_eat(self, hungry):
        """One fork, then the other, then the meal. False: the second fork was taken."""
        first, second = (self.table.forks[fork] for fork in (self.first, self.second))
        async with first:
            await asyncio.sleep(REACH / 1000)
            if not await (try_lock(second) if self.cx.strategy == "try" else second.acquire()):
                return False
            self.longest_hunger = max(self.longest_hunger, now() - hungry)
            await self.eat()
            second.release()
            return True

    async def eat(self):
        eating = self.table.eating
        eating[self.i] = True
        if eating[self.i - 1] or eating[(self.i + 1) % self.cx.n]:
            self.table.shared_a_fork = True
        await asyncio.sleep(self.cx.eat / 1000)
        eating[self.i] = False
        self.meals += 1


async def try_lock(lock):
    """Takes the lock if that needs no waiting; returns whether it has it."""
    try:
        async with asyncio.timeout(0):
            return await lock.acquire()
    except TimeoutError:
        return False


async def run(cx):
    started = now()
    table = Table(cx.n)
    philosophers = [Philosopher(cx, i, table) for i in range(cx.n)]

    async with asyncio.TaskGroup() as group:
        for philosopher in philosophers:
            group.create_task(philosopher.live(), name=f"philosopher {philosopher.i}")

    return (
        Outcome()
        .figure("meals", sum(philosopher.meals for philosopher in philosophers), "meals")
        .figure("longest hunger", max(philosopher.longest_hunger for philosopher in philosophers), "ms")
        .figure("forks put back", sum(philosopher.put_back for philosopher in philosophers), "times")
        .figure("total", now() - started, "ms")
        .check("everybody is fed", all(philosopher.meals == cx.meals for philosopher in philosophers))
        .check("no two neighbours eat at once", not table.shared_a_fork)
    )


if __name__ == "__main__":
    main("philosophers", PARAMS, run)
