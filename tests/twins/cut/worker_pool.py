"""Jobs that raise, in a pool with a single worker."""

import asyncio

from twin import JumpingLoop, now
from worker_pool import Pool


async def main():
    pool = Pool(1, True, 1_000)
    pool.submit(10, "error")
    pool.submit(10, "result")
    pool.submit(10, "result")

    async def bug():
        return 1 // 0

    pool.jobs[1].work = bug
    seen = []
    for id in range(3):
        try:
            seen.append(await pool.result(id, now() + 1_000))
        except Exception as error:
            seen.append(type(error).__name__)
    await pool.stop(drain=True)
    print(*seen)


with asyncio.Runner(loop_factory=JumpingLoop) as runner:
    runner.run(main())
