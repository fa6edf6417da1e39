"""Read-write lock: readers share, a waiting writer stops new readers.

asyncio has no read-write lock. This one is a queue of futures, first come, first
served. Readers at the head get in together; a writer at the head waits until all others
have left, and every task that comes later queues behind it, reader or writer.

Without that rule new readers could always join those already reading. A writer would
starve as long as there is always a reader.

Pitfall: a task that reads and asks to read again waits behind a writer that has queued
in between, and the writer waits for that task.
"""

import asyncio
from collections import deque
from contextlib import asynccontextmanager

from twin import Number, Outcome, main, now

PARAMS = {
    "readers": Number(8, 1, 1_000),
    "writers": Number(2, 0, 100),
    "read": Number(200, 0, 60_000),
    "write": Number(300, 0, 60_000),
    "read_share": Number(80, 1, 100),
}

READS = 10
WRITES = 3
REST = (1, 800)


class RwLock:
    """Any number of readers or one writer, first come, first served."""

    def __init__(self):
        self.readers = 0
        self.writer = False
        self.queue = deque()

    @asynccontextmanager
    async def read(self):
        await self._enter(False)
        try:
            yield
        finally:
            self.readers -= 1
            self._let_in()

    @asynccontextmanager
    async def write(self):
        await self._enter(True)
        try:
            yield
        finally:
            self.writer = False
            self._let_in()

    async def _enter(self, writes):
        turn = asyncio.get_running_loop().create_future()
        self.queue.append((turn, writes))
        self._let_in()
        await turn

    def _let_in(self):
        """Lets tasks in from the head of the queue, as long as there is room."""
        while self.queue and not self.writer:
            turn, writes = self.queue[0]
            # A writer at the head waits for the readers that are in, and everything behind it waits too.
            if writes and self.readers:
                return
            self.queue.popleft()
            if writes:
                self.writer = True
            else:
                self.readers += 1
            turn.set_result(None)


class Library:
    """The data that all tasks share, and counts of the tasks that use it."""

    def __init__(self):
        self.lock = RwLock()
        self.writes = 0
        self.reading = 0
        self.writing = 0
        self.peak = 0
        self.disturbed = False

    async def read(self, time):
        self.reading += 1
        self.peak = max(self.peak, self.reading)
        self.look_around(0)
        await asyncio.sleep(time / 1000)
        self.look_around(0)
        self.reading -= 1

    async def write(self, time):
        self.writing += 1
        self.look_around(1)
        await asyncio.sleep(time / 1000)
        self.look_around(1)
        self.writing -= 1
        self.writes += 1

    def look_around(self, writers):
        """Sets `disturbed` unless exactly `writers` writers have access, and no readers together with a writer."""
        if self.writing != writers or (self.writing and self.reading):
            self.disturbed = True


async def run(cx):
    started = now()
    library = Library()
    rest = cx.read * (100 - cx.read_share) // cx.read_share

    async with asyncio.TaskGroup() as group:
        readers, writers = [], []
        for i in range(cx.readers):
            # They start at different times, so that at any time some reader reads.
            start = cx.jittered("start of reader", i, 0, cx.read + rest)
            readers.append(group.create_task(reader(library, start, cx.read, rest), name=f"reader {i}"))
        for i in range(cx.writers):
            rests = [cx.draw(f"rest of writer {i}", round, *REST) for round in range(WRITES)]
            writers.append(group.create_task(writer(library, rests, cx.write), name=f"writer {i}"))

    readers_waited = max(task.result() for task in readers)
    writers_waited = max((task.result() for task in writers), default=0)
    # A writer may wait for the reads under way, then for every other writer and one group of readers before each.
    bound = cx.read + (cx.read + cx.write) * max(cx.writers - 1, 0)
    return (
        Outcome()
        .figure("most readers at once", library.peak, "readers")
        .figure("writes", library.writes, "writes")
        .figure("longest wait of a reader", readers_waited, "ms")
        .figure("longest wait of a writer", writers_waited, "ms")
        .figure("total", now() - started, "ms")
        .check("a writer has exclusive access", not library.disturbed)
        .check(f"no writer waits longer than {bound} ms", writers_waited <= bound)
        .check("every write is counted", library.writes == cx.writers * WRITES)
    )


async def reader(library, start, read, rest):
    """Reads and rests `READS` times, and returns its longest wait."""
    waited = 0
    await asyncio.sleep(start / 1000)
    for _ in range(READS):
        asked = now()
        async with library.lock.read():
            waited = max(waited, now() - asked)
            await library.read(read)
        await asyncio.sleep(rest / 1000)
    return waited


async def writer(library, rests, write):
    """Rests and writes, once for each of `rests`, and returns its longest wait."""
    waited = 0
    for rest in rests:
        await asyncio.sleep(rest / 1000)
        asked = now()
        async with library.lock.write():
            waited = max(waited, now() - asked)
            await library.write(write)
    return waited


if __name__ == "__main__":
    main("rwlock", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_readers_do_not_starve_a_writer():
    """However busy the readers are, a writer waits only for the readers that came before it."""
    for read_share in [1, 80, 100]:
        outcome = await run(given(PARAMS, read_share=read_share))
        assert outcome.value("writes") == 6
        assert outcome.holds()
