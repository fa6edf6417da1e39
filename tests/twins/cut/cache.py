"""A refresh that fails, and a client that gives up during its fetch."""

import asyncio
import logging
from types import SimpleNamespace

from cache import Cache
from twin import JumpingLoop, now


class Failing(Cache):
    """A cache whose origin fails."""

    fetched = 0

    async def fetch(self, key):
        self.fetched += 1
        raise ConnectionError


async def main():
    cx = SimpleNamespace(variant="early-refresh", ttl=300, fetch=200, keys=1)
    cache = Failing(cx)
    cache.stored[0] = now()
    for _ in range(2):
        await cache.get(0)
        await asyncio.sleep(0.01)

    given_up = Cache(cx)
    try:
        async with asyncio.timeout(0.1):
            await given_up.get(0)
    except TimeoutError:
        pass
    print(f"{cache.fetched} refreshes, {given_up.under_way[0]} in flight")


# asyncio logs the error of each refresh.
logging.disable()
with asyncio.Runner(loop_factory=JumpingLoop) as runner:
    runner.run(main())
