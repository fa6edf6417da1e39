"""A task is cancelled while its thread loads a user."""

import asyncio
import threading
from types import SimpleNamespace

from database import Pool, load


class Connection:
    """A connection whose query takes until `go_on` is set."""

    def __init__(self):
        self.busy = False
        self.started, self.go_on = threading.Event(), threading.Event()

    def execute(self, *_):
        self.busy = True
        self.started.set()
        self.go_on.wait()
        self.busy = False
        return self

    def fetchone(self):
        return ["user"]


async def main():
    connection, pool = Connection(), Pool("", 1)
    pool.idle.append(connection)

    async def one():
        async with pool.acquire() as taken:
            await load(SimpleNamespace(round_trip=0), taken, 0)

    loading = asyncio.create_task(one())
    await asyncio.to_thread(connection.started.wait)
    loading.cancel()
    # A task that does not wait for its thread ends here, and gives back a connection in use.
    await asyncio.wait({loading}, timeout=0.1)
    found = None if not loading.done() else f"{len(pool.idle)} idle, busy {connection.busy}"
    connection.go_on.set()
    await asyncio.wait({loading})
    how = "cancelled" if loading.cancelled() else "done"
    print(f"{how}: {found or f'{len(pool.idle)} idle, busy {connection.busy}'}")


asyncio.run(main())
