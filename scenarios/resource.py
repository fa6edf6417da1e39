"""Resource: open, use, close, also when cancelled or failed.

`drop` closes in its last line, which a failed or cancelled session does not reach.
`guard` hands the connection to a closer, a task that is never cancelled: `finally` runs
on every way out, and `put_nowait` needs no await, which another cancel could cut.
`scope` is `async with`: a cancel is an exception, so `__aexit__` runs, and it may await.
In Rust `Drop` cannot.

But a cancel inside `__aexit__` cuts the closing short. `asyncio.shield` protects the
closing, and the session still has to wait until it is done.

This differs from the Rust scenario: there a scope is asked to stop, here its task is
cancelled. If it is cancelled while it opens, it has nothing to close here; if it is
cancelled while it closes, it ends as cancelled.
"""

import asyncio
from contextlib import asynccontextmanager

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "open": Number(100, 0, 60_000),
    "use": Number(200, 0, 60_000),
    "close": Number(100, 0, 60_000),
    "fail": Number(0, 0, 6),
    "cancel_after": Number(250, 0, 60_000),
    "variant": Choice("drop", "guard", "scope"),
}

SESSIONS = 6
EVERY = 350


class HungUp(Exception):
    """The server closed the connection."""


class Server:
    """The server. It counts the connections to it."""

    def __init__(self, cx):
        self.cx = cx
        self.opened = 0
        self.closed = 0

    async def open(self):
        await asyncio.sleep(self.cx.open / 1000)
        self.opened += 1
        return Connection(self)

    @asynccontextmanager
    async def connection(self):
        connection = await self.open()
        try:
            yield connection
        finally:
            # A task of its own, so that a cancel of the session does not cancel the closing.
            closing = asyncio.create_task(connection.close())
            try:
                await asyncio.shield(closing)
            except asyncio.CancelledError:
                await closing
                raise


class Connection:
    """A connection, which stays open until `close` has run to its end."""

    def __init__(self, server):
        self.server = server

    async def work(self, fails):
        """Works with the connection; if `fails` is set, fails half way."""
        await asyncio.sleep((self.server.cx.use // 2 if fails else self.server.cx.use) / 1000)
        if fails:
            raise HungUp

    async def close(self):
        await asyncio.sleep(self.server.cx.close / 1000)
        self.server.closed += 1


async def run(cx):
    started = now()
    server = Server(cx)
    to_close = asyncio.Queue()
    closing = asyncio.create_task(close_all(to_close), name="closer")

    sessions = []
    for i in range(SESSIONS):
        start, fails = i * EVERY, i < cx.fail
        match cx.variant:
            case "drop":
                session = until_cancelled(server, start, fails)
            case "guard":
                session = guarded(server, start, fails, to_close)
            case "scope":
                session = scoped(server, start, fails)
        sessions.append(asyncio.create_task(session, name=f"session {i}"))
    # Cancel each session at its time.
    if cx.cancel_after:
        for i, session in enumerate(sessions):
            await asyncio.sleep((started + i * EVERY + cx.cancel_after - now()) / 1000)
            session.cancel()

    # The sentinel comes after the last connection, and ends the closer.
    ended = await asyncio.gather(*sessions, return_exceptions=True)
    await to_close.put(None)
    await closing

    return (
        Outcome()
        .figure("opened", server.opened, "connections")
        .figure("closed", server.closed, "connections")
        .figure("left open", server.opened - server.closed, "connections")
        .figure("failed", sum(isinstance(end, HungUp) for end in ended), "sessions")
        .figure("cancelled", sum(isinstance(end, asyncio.CancelledError) for end in ended), "sessions")
        .figure("total", now() - started, "ms")
        .check("everything that was opened is closed", server.opened == server.closed)
    )


async def until_cancelled(server, start, fails):
    """drop: closes in its last line, if it reaches it."""
    await asyncio.sleep(start / 1000)
    connection = await server.open()
    await connection.work(fails)
    await connection.close()


async def guarded(server, start, fails, to_close):
    """guard: the closer gets the connection on every way out."""
    await asyncio.sleep(start / 1000)
    connection = await server.open()
    try:
        await connection.work(fails)
    finally:
        # The queue is not bounded, so this never waits.
        to_close.put_nowait(connection)


async def scoped(server, start, fails):
    """scope: the session itself closes on every way out."""
    await asyncio.sleep(start / 1000)
    async with server.connection() as connection:
        await connection.work(fails)


async def close_all(to_close):
    """The closer: closes each connection that it receives, until the sentinel."""
    while (connection := await to_close.get()) is not None:
        await connection.close()


if __name__ == "__main__":
    main("resource", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_only_code_that_awaits_can_close():
    """A session that is cancelled or fails does not reach its last line, so only `drop` leaks."""
    for fail, cancel_after, leaked_by_drop in [(0, 0, 0), (3, 0, 3), (0, 250, 6), (0, 500, 0)]:
        for variant in ["drop", "guard", "scope"]:
            outcome = await run(given(PARAMS, variant=variant, fail=fail, cancel_after=cancel_after))
            leaked = leaked_by_drop if variant == "drop" else 0
            assert outcome.value("left open") == leaked
            assert outcome.holds() == (leaked == 0)
