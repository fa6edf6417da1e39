"""Rate limit: starts per second are not calls in flight.

asyncio has no rate limit of its own. A token bucket is a semaphore that only a ticking
task releases: each call takes a token and keeps it, and each tick adds one if the
bucket is not full.

`asyncio.Semaphore` does not publish its number of free permits, so the bucket counts
its tokens itself; Tokio's semaphore has `available_permits`.

Pitfall: `async with semaphore:` around the call limits the calls in flight, not the
calls that start per second. With a slow service these differ widely.
"""

import asyncio
from bisect import bisect_left, bisect_right

from twin import Number, Outcome, main, now

PARAMS = {
    "requests": Number(12, 1, 10_000),
    "per_second": Number(5, 1, 1_000),
    "burst": Number(3, 1, 1_000),
    "latency": Number(1_000, 0, 60_000),
}


class Bucket:
    """A token bucket, full at the start."""

    def __init__(self, burst):
        self.tokens = asyncio.Semaphore(burst)
        self.balance = burst  # negative: how many requests wait
        self.burst = burst

    async def take(self):
        self.balance -= 1
        await self.tokens.acquire()

    async def refill(self, per_second):
        """Adds a token at each tick, unless the bucket is full."""
        started = now()
        tick = 0
        while True:
            tick += 1
            # Rounded up, so that no tick comes before its time.
            due = started + -(-tick * 1000 // per_second)
            await asyncio.sleep((due - now()) / 1000)
            if self.balance < self.burst:
                self.balance += 1
                self.tokens.release()


async def run(cx):
    started = now()
    bucket = Bucket(cx.burst)
    # One task adds tokens, at even intervals, for as long as the run lasts.
    refill = asyncio.create_task(bucket.refill(cx.per_second), name="refill")

    # All requests arrive at once.
    calls = await asyncio.gather(*(request(bucket, cx.latency) for _ in range(cx.requests)))
    refill.cancel()

    starts = most_starts_in_a_second(calls)
    most = cx.per_second + cx.burst
    return (
        Outcome()
        .figure("completed", len(calls), "requests")
        .figure("most starts in a second", starts, "requests")
        .figure("peak in flight", most_at_once(calls), "requests")
        .figure("total", now() - started, "ms")
        .check(f"never more than {most} starts in a second", starts <= most)
        .check("every request was served", len(calls) == cx.requests)
    )


async def request(bucket, latency):
    """One request: waits for a token, uses it, calls; returns when the call started and ended."""
    # The token is used: it does not go back to the bucket when the call ends.
    await bucket.take()
    start = now()
    await asyncio.sleep(latency / 1000)
    return start, now()


def most_starts_in_a_second(calls):
    """Returns the most calls that started within any one second."""
    starts = sorted(start for start, _ in calls)
    return max(bisect_left(starts, start + 1000) - i for i, start in enumerate(starts))


def most_at_once(calls):
    """Returns the most calls in flight at a time. A call that ends just as another starts does not overlap it."""
    starts = sorted(start for start, _ in calls)
    ends = sorted(end for _, end in calls)
    return max(i + 1 - bisect_right(ends, start) for i, start in enumerate(starts))


if __name__ == "__main__":
    main("rate-limit", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_the_limit_is_on_starts_and_not_on_calls_in_flight():
    """Twice the latency or twice the rate puts about twice as many calls in flight; a large bucket limits nothing."""
    for per_second, burst, latency, starts, in_flight, total in [
        (5, 3, 1_000, 7, 7, 2_800),
        (5, 3, 2_000, 7, 12, 3_800),
        (10, 3, 1_000, 12, 12, 1_900),
        (5, 30, 1_000, 12, 12, 1_000),
    ]:
        outcome = await run(given(PARAMS, per_second=per_second, burst=burst, latency=latency))
        assert (outcome.value("most starts in a second"), outcome.value("peak in flight")) == (starts, in_flight)
        assert outcome.value("total") == total
        assert outcome.holds()
