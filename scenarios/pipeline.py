"""Pipeline: the slowest stage sets the pace.

A bounded `asyncio.Queue` before each stage makes faster stages wait for the slowest
one: the stages before it are blocked in `put`, the stages behind it wait in `get`. If
you speed up one of these, it only waits longer.

With several workers a stage may serve them in another order than in Tokio. A worker that
`put` has woken finds the queue empty if another one has asked meanwhile, and waits again
behind all others. So the idle times of a stage can differ; the total does not.

Before Python 3.13 a queue cannot be closed: when all workers of a stage have ended, the
code that started them puts one sentinel for each worker of the next stage. In Tokio the
channel closes by itself when the last sender is dropped.
"""

import asyncio

from twin import Number, Outcome, main, now

PARAMS = {
    "items": Number(15, 1, 10_000),
    "first_workers": Number(1, 1, 100),
    "first_time": Number(50, 0, 60_000),
    "second_workers": Number(1, 1, 100),
    "second_time": Number(200, 0, 60_000),
    "third_workers": Number(1, 1, 100),
    "third_time": Number(50, 0, 60_000),
    "buffer": Number(4, 1, 10_000),
}

NO_MORE = None


class Stage:
    """The workers of a stage, the buffers on both sides, and how long the workers were idle."""

    def __init__(self, number, workers, time, input, output):
        self.number, self.time = number, time
        self.input, self.output = input, output
        self.latest = self.overtaken = self.starved = self.blocked = 0
        self.workers = [asyncio.create_task(self.worker(), name=f"stage {number} worker {i}") for i in range(workers)]

    async def worker(self):
        """Takes items, works on each, and passes it on."""
        idle = now()
        while (item := await self.input.get()) is not NO_MORE:
            self.overtaken += self.latest > item
            self.latest = max(self.latest, item)
            self.starved += now() - idle
            await asyncio.sleep(self.time / 1000)
            # Backpressure: this waits while the next buffer is full.
            done = now()
            await self.output.put(item)
            self.blocked += now() - done
            idle = now()


async def run(cx):
    started = now()
    buffers = [asyncio.Queue(maxsize=cx.buffer) for _ in range(4)]
    settings = [(cx.first_workers, cx.first_time), (cx.second_workers, cx.second_time), (cx.third_workers, cx.third_time)]
    # Each stage takes from one buffer and fills the next. The source fills the first.
    feeding = asyncio.create_task(feed(buffers[0], cx.items), name="source")
    stages = [
        Stage(i + 1, workers, time, buffers[i], buffers[i + 1]) for i, (workers, time) in enumerate(settings)
    ]
    closing = asyncio.create_task(close(feeding, stages))

    # The last buffer gets its sentinel when every stage has ended, one after the other.
    finished = []
    while (item := await buffers[-1].get()) is not NO_MORE:
        finished.append(item)
    await closing

    outcome = Outcome().figure("finished", len(finished), "items")
    for stage in stages:
        outcome.figure(f"stage {stage.number} starved", stage.starved, "ms")
        outcome.figure(f"stage {stage.number} blocked", stage.blocked, "ms")
    outcome.figure("total", now() - started, "ms")
    outcome.check("no item is lost, none comes twice", sorted(finished) == list(range(1, cx.items + 1)))
    if all(workers == 1 for workers, _ in settings):
        outcome.check("each stage takes the items in order", not any(stage.overtaken for stage in stages))
    return outcome


async def feed(output, items):
    """Puts items into the first buffer as fast as there is room."""
    for item in range(1, items + 1):
        await output.put(item)


async def close(feeding, stages):
    """Ends the stages one after the other: when all that put into a buffer have ended, puts the sentinels."""
    await feeding
    for stage in stages:
        for _ in stage.workers:
            await stage.input.put(NO_MORE)
        await asyncio.gather(*stage.workers)
    await stages[-1].output.put(NO_MORE)


if __name__ == "__main__":
    main("pipeline", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_only_the_narrowest_stage_matters():
    """Faster stages beside the slowest one gain nothing, and neither does a longer buffer."""
    for setting, total in [
        ({}, 3_100),
        ({"first_time": 25}, 3_075),
        ({"first_workers": 2}, 3_100),
        ({"buffer": 100}, 3_100),
        ({"second_time": 100}, 1_600),
        ({"second_workers": 2}, 1_700),
        ({"second_workers": 8}, 1_000),
    ]:
        outcome = await run(given(PARAMS, **setting))
        assert outcome.value("total") == total
        assert outcome.holds()
