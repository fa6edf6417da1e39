"""Paginator: each page needs the one before.

An async generator requests a page with the cursor of the page before, so no two
requests overlap. It runs only when `async for` asks it for a page, so the rows of one
page are processed before the next page is requested, unless a task requests pages
ahead.

A page that is not full is the last (`stop=short`). If the rows fill their last page
exactly, that takes one more request, which returns an empty page. `while rows:` goes on
until a page is empty (`empty`), so a short last page costs a request as well. A service
that marks its last page saves both (`marked`).

A generator ends with `return`; a class with `__anext__` raises `StopAsyncIteration`; in
Rust `next` returns `None`.
"""

import asyncio

from twin import BadValue, Choice, Number, Outcome, main, now

PARAMS = {
    "pages": Number(3, 0, 1_000),
    "page_size": Number(100, 1, 10_000),
    "page_time": Number(100, 0, 60_000),
    "process": Number(100, 0, 60_000),
    "prefetch": Number(0, 0, 1_000),
    "rest": Number(0, 0, 9_999),
    "stop": Choice("short", "empty", "marked"),
}

NO_MORE = None


def refuse(cx):
    """Refuses a rest that fills a page."""
    if cx.rest >= cx.page_size:
        raise BadValue(f"rest: {cx.rest} rows fill a page of {cx.page_size}: at most {cx.page_size - 1}")


class Service:
    """The service, and how many requests it got."""

    def __init__(self, rows, page_size, page_time):
        self.rows, self.page_size, self.page_time = rows, page_size, page_time
        self.requests = 0

    async def page(self, cursor):
        """Handles one request: returns the rows from the cursor, the cursor of the next page, and whether none follows."""
        self.requests += 1
        await asyncio.sleep(self.page_time / 1000)
        end = min(cursor + self.page_size, self.rows)
        return list(range(cursor, end)), end, end == self.rows


async def run(cx):
    started = now()
    rows = cx.pages * cx.page_size + cx.rest
    service = Service(rows, cx.page_size, cx.page_time)
    # With prefetch a separate task requests pages, and a queue holds those that are ready.
    pages = paginate(service, cx.stop)
    if cx.prefetch:
        pages = prefetched(pages, cx.prefetch)
    read = await asyncio.create_task(read_all(pages, cx.process), name="reader")

    # Every page with rows takes a request, and so does an empty one at the end if the client needs it to know the end.
    with_rows = cx.pages + (cx.rest > 0)
    expected, ends_with = {
        "short": (cx.pages + 1, "it stops at the page that is not full"),
        "empty": (with_rows + 1, "it stops at the page that is empty"),
        "marked": (max(with_rows, 1), "it stops at the page that is marked as the last"),
    }[cx.stop]
    return (
        Outcome()
        .figure("rows", len(read), "rows")
        .figure("requests", service.requests, "requests")
        .figure("total", now() - started, "ms")
        .check(f"{rows} rows, each once and in order", read == list(range(rows)))
        .check(ends_with, service.requests == expected)
    )


async def paginate(service, stop):
    """Yields one page after the other, and requests each when the reader needs it."""
    cursor = 0
    while True:
        page = asyncio.create_task(service.page(cursor), name=f"page from {cursor}")
        rows, cursor, last = await page
        if rows:
            yield rows
        # Unless the service says so, the client can only guess from the rows whether another page follows.
        if stop == "short":
            last = len(rows) < service.page_size
        elif stop == "empty":
            last = not rows
        if last:
            return


async def prefetched(pages, ahead):
    """Yields the same pages, which a separate task requests ahead."""
    room = asyncio.Semaphore(ahead)
    ready = asyncio.Queue()

    # Reserve room before each request, so that there are never more than `ahead` pages.
    async def ask():
        await room.acquire()
        async for rows in pages:
            ready.put_nowait(rows)
            await room.acquire()
        ready.put_nowait(NO_MORE)

    asking = asyncio.create_task(ask(), name="prefetch")
    while (rows := await ready.get()) is not NO_MORE:
        room.release()
        yield rows
    await asking


async def read_all(pages, process):
    """Processes each page, and returns all rows."""
    read = []
    async for rows in pages:
        await asyncio.sleep(process / 1000)
        read += rows
    return read


if __name__ == "__main__":
    main("paginator", PARAMS, run, refuse)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_prefetch_hides_the_time_for_a_page():
    """A request is hidden behind the processing of the page before, or the other way round."""
    for pages, page_time, prefetch, total in [
        (3, 100, 0, 700),
        (3, 100, 1, 400),
        (3, 100, 3, 400),
        (20, 100, 1, 2_100),
        (3, 300, 0, 1_500),
        (3, 300, 1, 1_200),
    ]:
        outcome = await run(given(PARAMS, pages=pages, page_time=page_time, prefetch=prefetch))
        assert outcome.value("total") == total
        assert outcome.holds()
