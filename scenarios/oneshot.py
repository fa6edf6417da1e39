"""Oneshot: a future is a promise that somebody else keeps.

`loop.create_future()` makes an empty place for one value. Whoever has it can
`set_result` or `set_exception` once; whoever awaits it is woken then.

A future that nobody resolves stays pending, and who awaits it waits for ever.
Python does not tell that its keeper is gone. So the worker here says it itself,
with an exception (`variant=dropped`); in Tokio dropping the sender says so.

Pitfall: a timeout cancels the future that it waits for. To set a result after
that is an `InvalidStateError`: ask `future.done()` first (`timed-out`).
"""

import asyncio

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "work": Number(1_000, 10, 60_000),
    "variant": Choice("kept", "dropped", "timed-out"),
}

# What the worker finds out.
ANSWER = 42


class PromiseDropped(Exception):
    """The one who had to keep the promise is gone."""


async def run(cx):
    started = now()
    half = cx.work // 2
    promise = asyncio.get_running_loop().create_future()

    expected, at = {
        "kept": (ANSWER, cx.work),
        "dropped": (PromiseDropped, half),
        "timed-out": (TimeoutError, half),
    }[cx.variant]
    work = leave(promise, half) if cx.variant == "dropped" else keep(promise, cx.work)
    worker = asyncio.create_task(work, name="worker")
    patience = half if cx.variant == "timed-out" else None
    waiter = asyncio.create_task(wait_and_use(promise, patience, cx.work), name="waiter")

    got, waited = await waiter
    sent = await worker

    return (
        Outcome()
        .figure("values", int(got == ANSWER), "answers")
        .figure("errors", int(got != ANSWER), "answers")
        .figure("values that came back", int(not sent), "answers")
        .figure("waited", waited, "ms")
        .figure("total", now() - started, "ms")
        .check("the waiter gets a value or an error, as is its due", got == expected)
        .check("it gets it at once", waited == at)
    )


async def wait_and_use(promise, patience, work):
    """Waits, and works on with the value if there is one; returns what it got, and how long it has waited."""
    asked = now()
    got = await wait(promise, patience)
    waited = now() - asked
    if got == ANSWER:
        await asyncio.sleep(work / 1000)
    return got, waited


async def wait(promise, patience):
    """Waits for the answer, for as long as its patience lasts."""
    try:
        async with asyncio.timeout(None if patience is None else patience / 1000):
            return await promise
    except (PromiseDropped, TimeoutError) as error:
        return type(error)


async def keep(promise, work):
    """Keeps the promise; returns whether somebody was there to take it."""
    await asyncio.sleep(work / 1000)
    if promise.done():
        return False
    promise.set_result(ANSWER)
    return True


async def leave(promise, after):
    """Leaves, and says so."""
    await asyncio.sleep(after / 1000)
    promise.set_exception(PromiseDropped())
    return True


if __name__ == "__main__":
    main("oneshot", PARAMS, run)
