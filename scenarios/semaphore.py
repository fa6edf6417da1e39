"""Semaphore: cap what is in flight.

Every request starts at once and waits for a permit before it calls. `async with
semaphore:` takes one permit, first come, first served, and gives it back at the end of
the block, even if the block raises.

asyncio's semaphore gives one permit at a time. A task that needs several
(`permits_each`) takes them one after the other, and only one task at a time may do
that: two tasks that each hold half of what they need would wait for each other for
ever. An `AsyncExitStack` gives back what the task holds, even if it is cancelled
between two permits.

Pitfall: create one semaphore for all requests. A semaphore for each request limits
nothing.
"""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager

from twin import BadValue, Number, Outcome, main, now

PARAMS = {
    "requests": Number(20, 1, 1_000_000),
    "permits": Number(3, 1, 1_000),
    "latency": Number(500, 0, 60_000),
    "jitter": Number(0, 0, 60_000),
    "permits_each": Number(1, 1, 1_000),
}


def refuse(cx):
    if cx.permits_each > cx.permits:
        each, permits = cx.permits_each, cx.permits
        raise BadValue(f"permits_each: {each} is more than the {permits} permits of the semaphore: at most {permits}")


class Service:
    """A service that takes a limited number of calls at a time, and counts them."""

    def __init__(self, permits):
        self.limit = asyncio.Semaphore(permits)
        self.head_of_line = asyncio.Lock()
        self.in_flight = 0
        self.peak = 0
        self.completed = 0

    @asynccontextmanager
    async def permits(self, each):
        """Takes several permits; gives them all back at the end of the block."""
        # The stack notes each permit as soon as it is taken. If the task is cancelled while it
        # waits for the next one, the stack gives back those that it has.
        async with AsyncExitStack() as taken:
            # Only one task at a time takes its permits, so no two tasks hold half of what they need.
            async with self.head_of_line:
                for _ in range(each):
                    await taken.enter_async_context(self.limit)
            yield

    async def call(self, latency):
        """The call itself."""
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            await asyncio.sleep(latency / 1000)
        finally:
            self.in_flight -= 1


async def run(cx):
    started = now()
    service = Service(cx.permits)

    # Start all requests at once. The semaphore decides when each one calls.
    async with asyncio.TaskGroup() as requests:
        for i in range(cx.requests):
            latency = cx.jittered("latency", i, cx.latency, cx.jitter)
            requests.create_task(request(service, cx.permits_each, latency), name=f"request {i}")

    most = cx.permits // cx.permits_each
    return (
        Outcome()
        .figure("completed", service.completed, "requests")
        .figure("peak in flight", service.peak, "requests")
        .figure("total", now() - started, "ms")
        .check(f"never more than {most} in flight", service.peak <= most)
        .check("every request was served", service.completed == cx.requests)
    )


async def request(service, each, latency):
    """One request: waits for its permits, calls the service, and gives the permits back."""
    if each == 1:
        # Wait for a permit, and hold it for the whole call. The end of the block gives it back.
        async with service.limit:
            await service.call(latency)
    else:
        async with service.permits(each):
            await service.call(latency)
    service.completed += 1


if __name__ == "__main__":
    main("semaphore", PARAMS, run, refuse)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_permits_make_waves():
    """Twenty calls make seven waves with three permits, and four with five."""
    for permits, waves in [(1, 20), (3, 7), (5, 4), (20, 1), (1_000, 1)]:
        outcome = await run(given(PARAMS, permits=permits))
        assert outcome.value("total") == waves * 500
        assert outcome.holds()
