"""Scrape: many requests, bounded, each with a timeout and its own error.

The standard library has no asynchronous HTTP client. The twin speaks the little HTTP
that it needs by hand, over asyncio's streams. It keeps idle connections for the next
request, as a session of a library does (`session=shared`), or opens one for each request
(`each`). In production, use a library: one `aiohttp.ClientSession` or
`httpx.AsyncClient` for the whole program, never one for each request. The run needs the
real clock, because sockets do not work on virtual time.

Pitfall: put the semaphore around the timeout and not inside it, or a page fails because
it had to wait for others. And close a connection that you give up: call
`writer.close()` in `finally`, because a cancelled coroutine leaves it open.
"""

import asyncio

from twin import BadValue, Choice, Guests, Number, Outcome, main, now

PARAMS = {
    "urls": Number(8, 1, 500),
    "concurrency": Number(3, 1, 50),
    "timeout": Number(1_000, 1, 60_000),
    "slow": Number(2, 0, 500),
    "missing": Number(2, 0, 500),
    "hosts": Number(1, 1, 4),
    "session": Choice("shared", "each"),
}

# How long a slow page takes, and the range for the others, in milliseconds.
SLOWLY = 5_000
USUALLY = (600, 800)


def refuse(cx):
    """Refuses more slow and missing pages than there are pages."""
    if cx.slow + cx.missing > cx.urls:
        raise BadValue(f"missing: {cx.missing} missing and {cx.slow} slow pages are more than urls: together at most {cx.urls}")


class Host:
    """One server, with what its clients share."""

    def __init__(self, address, guests, permits):
        self.address = address
        self.guests = guests
        self.limit = asyncio.Semaphore(permits)
        # Connections that wait for their next request.
        self.idle = []
        self.in_flight = self.most_in_flight = 0


async def run(cx):
    started = now()
    answering, guests, connections = set(), Guests(), 0

    async def answer(reader, writer):
        nonlocal connections
        if guests.turns_away(writer):
            return
        connections += 1
        answering.add(asyncio.current_task())
        await serve(reader, writer)

    # Start the servers, each on a free port.
    servers = [await asyncio.start_server(answer, "127.0.0.1", 0) for _ in range(cx.hosts)]
    hosts = [Host(server.sockets[0].getsockname(), guests, cx.concurrency) for server in servers]
    try:
        fetches = [fetch(cx, hosts[i % len(hosts)], path) for i, path in enumerate(paths(cx))]
        fetched = await asyncio.gather(*fetches)
        total = now() - started
    finally:
        # Stop the servers, and wait until their connections are closed.
        for server in servers:
            server.close()
        for host in hosts:
            for _, writer in host.idle:
                writer.close()
        # Each connection ends when it notices that its client has gone.
        await asyncio.gather(*answering, return_exceptions=True)

    pages, took = zip(*fetched)
    good, missing, timed_out, broken = (pages.count(kind) for kind in (200, 404, "timed out", "broken"))
    most, longest = max(host.most_in_flight for host in hosts), max(took)
    outcome = (
        Outcome()
        .figure("fetched", good, "pages")
        .figure("missing", missing, "pages")
        .figure("timed out", timed_out, "pages")
        .figure("broken", broken, "pages")
        .figure("most in flight at a host", most, "requests")
        .figure("longest request", longest, "ms")
        .figure("total", total, "ms")
        .figure("strangers", guests.strangers, "connections")
        .figure("connections", connections, "connections")
        .check("every page has a status or an error", good + missing + timed_out + broken == cx.urls)
        .check("no host has more requests than its limit", most <= cx.concurrency)
    )
    # A request that times out takes its connection with it. Beyond that, one connection for each permit is enough.
    if cx.urls > cx.hosts * cx.concurrency + timed_out + broken:
        outcome.check("requests share connections", connections < cx.urls)
    return outcome


def paths(cx):
    """Returns the path of each page. Draws which pages are slow or missing, and how long the others take."""
    order = sorted(range(cx.urls), key=lambda i: cx.draw("kind", i, 0, 2**32 - 1))
    paths = {}
    for place, i in enumerate(order):
        if place < cx.slow:
            paths[i] = f"/delay/{SLOWLY}"
        elif place < cx.slow + cx.missing:
            paths[i] = "/status/404"
        else:
            paths[i] = f"/delay/{cx.draw('takes', i, *USUALLY)}"
    return [paths[i] for i in range(cx.urls)]


async def fetch(cx, host, path):
    """Waits for a permit of the host and fetches one page. Returns how that ended, and how long the request took."""
    # The permit comes first: the timeout begins only with the request.
    async with host.limit:
        host.in_flight += 1
        host.most_in_flight = max(host.most_in_flight, host.in_flight)
        begun = now()
        try:
            async with asyncio.timeout(cx.timeout / 1000):
                page = await request(cx, host, path)
        except TimeoutError:
            page = "timed out"
        except (OSError, EOFError, ValueError, IndexError):
            page = "broken"
        host.in_flight -= 1
        return page, now() - begun


async def request(cx, host, path):
    """Sends a request and reads the answer to its end: only then can the connection be reused. Returns the status."""
    reader, writer = host.idle.pop() if host.idle else await host.guests.connect(host.address)
    reusable = False
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host.address[0]}\r\n\r\n".encode())
        # The answers of this server have no body.
        answer = await reader.readuntil(b"\r\n\r\n")
        reusable = cx.session == "shared"
        return int(answer.split()[1])
    finally:
        # After a timeout the answer may still come, so nobody else can use this connection.
        if reusable:
            host.idle.append((reader, writer))
        else:
            writer.close()


async def serve(reader, writer):
    """Answers `/delay/MS` after that time, and `/status/CODE` with that status, until the client closes the connection."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            _, what, number = head.split()[1].split(b"/")
            status = int(number)
            if what == b"delay":
                # Stop early if the client closes: it no longer waits for the answer.
                gone = asyncio.ensure_future(reader.read(1))
                done, _ = await asyncio.wait([gone], timeout=int(number) / 1000)
                if done:
                    return
                gone.cancel()
                await asyncio.wait([gone])
                status = 200
            writer.write(f"HTTP/1.1 {status} \r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()
    except asyncio.IncompleteReadError:
        # The client has closed the connection.
        return
    finally:
        writer.close()


if __name__ == "__main__":
    main("scrape", PARAMS, run, refuse, real=lambda cx: True)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given

REAL = True


async def test_each_page_has_its_own_end_and_each_host_its_limit():
    """Every page ends in its own way, and each host reaches its limit and never exceeds it."""
    for setting, ends, most in [
        ({"timeout": 2_500}, [8, 2, 2, 0], 4),
        ({"timeout": 2_500, "slow": 0, "missing": 12, "concurrency": 1}, [0, 12, 0, 0], 1),
        ({"timeout": 500, "slow": 3}, [0, 2, 10, 0], 4),
    ]:
        outcome = await run(given(PARAMS, real=True, **{"urls": 12, "concurrency": 4, **setting}))
        assert [outcome.value(end) for end in ("fetched", "missing", "timed out", "broken")] == ends
        assert outcome.value("most in flight at a host") == most
        assert outcome.holds()
