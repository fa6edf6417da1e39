"""Cache: one miss should fetch once.

Between the miss and the new value there is an await, and until it ends every other
client misses too. `single-flight` has an `asyncio.Lock` for each key: the first client
fetches, and the others look again after it. `early-refresh` fetches in a separate task
while the old value is still valid.

Pitfalls: `functools.cache` on a coroutine function caches the *coroutine*, which you
can await only once. Keep a reference to the task that refreshes, or it may be collected
before it is done. And forget it in `finally`: if a refresh that failed stays in the
dict, no other refresh ever starts.
"""

import asyncio

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "clients": Number(8, 1, 1_000),
    "keys": Number(1, 1, 100),
    "ttl": Number(1_000, 1, 60_000),
    "fetch": Number(200, 1, 60_000),
    "seconds": Number(4, 1, 60),
    "cleanup_every": Number(500, 10, 60_000),
    "clear_at": Number(0, 0, 60_000),
    "variant": Choice("plain", "single-flight", "early-refresh"),
}

REST = 190
AHEAD = 2


class Cache:
    def __init__(self, cx):
        self.variant, self.ttl, self.fetch_time = cx.variant, cx.ttl, cx.fetch
        self.fetching = [asyncio.Lock() for _ in range(cx.keys)]
        self.stored = {}
        self.refreshing = {}
        self.under_way = [0] * cx.keys
        self.hits = self.misses = self.fetches = self.doubled = 0
        self.most_under_way = self.most_held = self.longest_expired = 0

    async def get(self, key):
        good_for = self.held(key)
        if good_for > 0:
            self.hits += 1
            # A hit never waits. If the value expires soon, a separate task fetches the next one.
            if self.variant == "early-refresh" and good_for < AHEAD * self.fetch_time and key not in self.refreshing:
                self.refreshing[key] = asyncio.create_task(self.refresh(key), name=f"refresh {key}")
            return
        self.misses += 1
        if self.variant == "plain":
            # Every client that misses during this await fetches too.
            await self.fetch(key)
            return
        async with self.fetching[key]:
            # Look again: another client may have fetched the value while we waited for the lock.
            if self.held(key) <= 0:
                await self.fetch(key)

    def held(self, key):
        """How long the key's value stays valid; 0 or less if it is missing or expired."""
        return self.stored[key] + self.ttl - now() if key in self.stored else 0

    async def fetch(self, key):
        self.under_way[key] += 1
        self.fetches += 1
        self.doubled += self.under_way[key] > 1
        self.most_under_way = max(self.most_under_way, self.under_way[key])
        try:
            await asyncio.sleep(self.fetch_time / 1000)
        finally:
            self.under_way[key] -= 1
        if key in self.stored:
            self.longest_expired = max(self.longest_expired, -self.held(key))
        self.stored[key] = now()
        self.most_held = max(self.most_held, len(self.stored))

    async def refresh(self, key):
        """Fetches the next value while the old one is still valid."""
        try:
            # Take the lock as a client does on a miss, so that only one of them asks the origin.
            async with self.fetching[key]:
                await self.fetch(key)
        finally:
            # However it ends: after a failure the next hit tries again.
            del self.refreshing[key]

    def clean_up(self, everything=False):
        """Removes expired values, or all values."""
        for key in list(self.stored):
            good_for = self.held(key)
            self.longest_expired = max(self.longest_expired, -good_for)
            if good_for <= 0 or everything:
                del self.stored[key]


async def run(cx):
    started = now()
    cache = Cache(cx)
    others = [asyncio.create_task(janitor(cache, cx.cleanup_every), name="janitor")]
    if cx.clear_at:
        others.append(asyncio.create_task(clear(cache, cx.clear_at), name="clearer"))

    async with asyncio.TaskGroup() as group:
        clients = []
        for i in range(cx.clients):
            start = REST * i // cx.clients
            asking = client(cache, i % cx.keys, start, started + cx.seconds * 1000)
            clients.append(group.create_task(asking, name=f"client {i}"))
    total = now() - started
    for task in others:
        task.cancel()

    waits = [task.result() for task in clients]
    return (
        Outcome()
        .figure("hits", cache.hits, "questions")
        .figure("misses", cache.misses, "questions")
        .figure("origin calls", cache.fetches, "calls")
        .figure("most at once for one key", cache.most_under_way, "calls")
        .figure("longest first wait", max((waited[0] for waited in waits if waited), default=0), "ms")
        .figure("longest wait after that", max((longest for waited in waits for longest in waited[1:]), default=0), "ms")
        .figure("most values held", cache.most_held, "values")
        .figure("total", total, "ms")
        .check("no key is fetched twice at once", cache.doubled == 0)
        .check(
            "no expired value outlasts the next cleanup",
            cache.longest_expired <= cx.cleanup_every,
        )
    )


async def client(cache, key, start, until):
    """Asks for one key until `until`; returns how long it waited for each answer."""
    waited = []
    await asyncio.sleep(start / 1000)
    while now() < until:
        asked = now()
        await cache.get(key)
        waited.append(now() - asked)
        await asyncio.sleep(REST / 1000)
    return waited


async def janitor(cache, every):
    """Removes expired values at regular intervals."""
    while True:
        await asyncio.sleep(every / 1000)
        cache.clean_up()


async def clear(cache, at):
    """Removes all values, once."""
    await asyncio.sleep(at / 1000)
    cache.clean_up(everything=True)


if __name__ == "__main__":
    main("cache", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_one_miss_fetches_once():
    """In `plain`, every client that misses asks the origin; in the other variants only one does."""
    for variant, setting, calls, at_once, later in [
        ("plain", {}, 24, 8, 200),
        ("plain", {"clients": 16}, 48, 16, 200),
        ("plain", {"keys": 8}, 24, 1, 200),
        ("single-flight", {}, 3, 1, 200),
        ("single-flight", {"clients": 16}, 3, 1, 200),
        ("early-refresh", {}, 5, 1, 0),
    ]:
        outcome = await run(given(PARAMS, variant=variant, **setting))
        assert outcome.value("origin calls") == calls
        assert outcome.value("most at once for one key") == at_once
        assert outcome.value("longest wait after that") == later
        assert outcome.holds() == (at_once < 2)
