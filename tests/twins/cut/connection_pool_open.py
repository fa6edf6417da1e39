"""The pool's file cannot be opened: each client gets the error, and none waits for a permit that is lost."""

import asyncio

from connection_pool import Pool


async def main():
    pool = Pool("/no/such/folder/shop.sqlite", 1)
    seen = []
    for _ in range(3):
        try:
            await pool.acquire()
        except Exception as error:
            seen.append(type(error).__name__)
    print(*seen)


asyncio.run(main())
