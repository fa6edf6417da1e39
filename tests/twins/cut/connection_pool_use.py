"""A client's query fails, and a client is cancelled while its thread is at work."""

import asyncio
import threading
from types import SimpleNamespace

from connection_pool import Pool, client

CX = SimpleNamespace(draw=lambda *_: 0, think=0, hold=0, leak=0)


class Connection:
    """A connection whose query takes until `go_on` is set."""

    def __init__(self, fails):
        self.fails, self.busy = fails, False
        self.started, self.go_on = threading.Event(), threading.Event()

    def execute(self, *_):
        self.busy = True
        self.started.set()
        self.go_on.wait()
        self.busy = False
        if self.fails:
            raise ValueError


async def use(cancelled):
    connection = Connection(fails=not cancelled)
    pool = Pool("", 1)
    pool.idle.append(connection)
    using = asyncio.create_task(client(CX, 0, pool, []))
    await asyncio.to_thread(connection.started.wait)
    if cancelled:
        using.cancel()
        # A client that does not wait for its thread ends here.
        await asyncio.wait({using}, timeout=0.1)
    else:
        connection.go_on.set()
        await asyncio.wait({using})
    # Read both before the thread ends.
    found = None if not using.done() else f"{len(pool.idle)} idle, busy {connection.busy}"
    connection.go_on.set()
    await asyncio.wait({using})
    using.cancelled() or using.exception()
    return found or f"{len(pool.idle)} idle, busy {connection.busy}"


async def main():
    print(f"failed: {await use(cancelled=False)}; cancelled: {await use(cancelled=True)}")


asyncio.run(main())
