"""The caller of a probe gives up before the answer."""

import asyncio

from circuit_breaker import Breaker, Down, Refused
from twin import JumpingLoop


async def down():
    raise Down


async def slow():
    await asyncio.sleep(0.03)


async def call(breaker, work, patience=1):
    try:
        async with asyncio.timeout(patience):
            await breaker.call(work)
    except Down:
        return "down"
    except Refused:
        return "refused"
    except TimeoutError:
        return "cancelled"
    return "ok"


async def main():
    breaker = Breaker(threshold=1, recovery=100)
    seen = [await call(breaker, down), await call(breaker, slow)]
    await asyncio.sleep(0.1)
    seen += [await call(breaker, slow, patience=0.02), await call(breaker, slow)]
    await asyncio.sleep(0.1)
    seen += [await call(breaker, slow), breaker.history[-1][1]]
    print(*seen)


with asyncio.Runner(loop_factory=JumpingLoop) as runner:
    runner.run(main())
