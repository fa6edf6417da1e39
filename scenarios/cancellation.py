"""Cancellation: it lands at an await, so clean up there.

`task.cancel()` raises `CancelledError` at the await where the task waits. Nothing after
that await runs: an item that was taken and not yet stored is lost (`variant=drop`).
`finally` does run, and it may await, so the worker can clean up after itself. In Rust
the future is dropped instead, and `Drop` cannot await.

`asyncio.shield` protects the work on an item (`shielded`); keep the inner task and
await it, or nobody learns how it ended. An `asyncio.Event` is a request, not an order:
the worker checks it where it holds no item (`token`).

Pitfall: `except CancelledError:` without `raise` turns a cancelled task into a finished
one, and the code that cancelled it never finds out. In a loop (`swallowed`) it turns it
into a task that never ends: a cancel is raised once, and the next await waits as before.
"""

import asyncio
import itertools

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "cancel_after": Number(3_001, 1, 60_000),
    "step": Number(1_000, 10, 60_000),
    "cleanup": Number(3_000, 0, 60_000),
    "variant": Choice("drop", "token", "shielded", "swallowed"),
}


async def run(cx):
    started = now()
    source = asyncio.Queue()
    stop = asyncio.Event()
    stored = []

    async def finish(item):
        """Works on an item and stores it."""
        await asyncio.sleep(cx.step // 2 / 1000)
        stored.append(item)

    async def clean_up():
        await asyncio.sleep(cx.cleanup / 1000)

    match cx.variant:
        case "drop":
            work = until_cancelled(source, finish, clean_up)
        case "token":
            work = until_asked(source, finish, clean_up, stop)
        case "shielded":
            work = until_cancelled_but_shielded(source, finish, clean_up)
        case "swallowed":
            work = in_spite_of_being_cancelled(source, finish, clean_up)
    worker = asyncio.create_task(work, name="worker")

    taken = await hand_out(source, cx.step, cx.cancel_after)
    if cx.variant == "token":
        # A request: the worker sees it when it next looks.
        stop.set()
    else:
        # An order: `CancelledError` is raised at the await where the worker waits.
        worker.cancel()
    # Cancelled or not, the worker ends only when its cleanup is done.
    await asyncio.wait({worker})

    lost = taken - len(stored)
    return (
        Outcome()
        .figure("taken", taken, "items")
        .figure("stored", len(stored), "items")
        .figure("lost", lost, "items")
        .figure("total", now() - started, "ms")
        .check("no item is lost", lost == 0)
    )


async def hand_out(source, step, cancel_after):
    """Hands out one item at each step until it is time to cancel; returns how many."""
    for item in itertools.count():
        left = cancel_after - item * step
        if left <= 0:
            return item
        await source.put(item)
        await asyncio.sleep(min(step, left) / 1000)


async def until_cancelled(source, finish, clean_up):
    """drop: a plain loop. If it is cancelled in `finish`, it loses the item."""
    try:
        while True:
            item = await source.get()
            await finish(item)
    finally:
        await clean_up()


async def until_asked(source, finish, clean_up, stop):
    """token: checks the event only where it holds no item."""
    asked = asyncio.create_task(stop.wait())
    while True:
        item = asyncio.create_task(source.get())
        await asyncio.wait({item, asked}, return_when=asyncio.FIRST_COMPLETED)
        # Take an item that is ready before a request to stop.
        if not item.done():
            item.cancel()
            break
        await finish(item.result())
    await clean_up()


async def until_cancelled_but_shielded(source, finish, clean_up):
    """shielded: the work on each item is a separate task, which a cancel of the worker does not reach."""
    work = None
    try:
        while True:
            item = await source.get()
            work = asyncio.create_task(finish(item), name=f"item {item}")
            await asyncio.shield(work)
    finally:
        # The shielded work goes on; wait for it before cleaning up.
        if work is not None:
            await work
        await clean_up()


async def in_spite_of_being_cancelled(source, finish, clean_up):
    """swallowed: a cancel during the work ends the work on that item, and not the loop."""
    try:
        while True:
            item = await source.get()
            try:
                await finish(item)
            except asyncio.CancelledError:
                # `raise` is missing here. `except Exception` would let the cancel pass; a bare `except` swallows it, too.
                pass
    finally:
        await clean_up()


if __name__ == "__main__":
    main("cancellation", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_only_a_dropped_worker_loses_the_item_in_its_hand():
    """One millisecond decides if `drop` loses an item. The other two never lose one."""
    for variant, cancel_after, lost, total in [
        ("drop", 3_000, 0, 6_000),
        ("drop", 3_001, 1, 6_001),
        ("token", 3_000, 0, 6_000),
        ("token", 3_001, 0, 6_500),
        ("shielded", 3_001, 0, 6_500),
    ]:
        outcome = await run(given(PARAMS, variant=variant, cancel_after=cancel_after))
        assert (outcome.value("lost"), outcome.value("total")) == (lost, total)
