"""Oneshot: a future is a promise that another task keeps.

`loop.create_future()` makes a place for one value. Any task that has the future can
call `set_result` or `set_exception` on it once; that wakes the task that awaits it.

A future that no task resolves stays pending, and the task that awaits it waits for
ever. Python does not notice that the worker is gone. So here the worker sets an
exception itself (`variant=dropped`); in Tokio, dropping the sender does this.

Pitfall: a timeout cancels the future that it waits for. Setting a result after that
raises `InvalidStateError`: check `future.done()` first (`timed-out`).
"""

import asyncio

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "work": Number(1_000, 10, 60_000),
    "variant": Choice("kept", "dropped", "timed-out"),
}

# The value that the worker produces.
ANSWER = 42


class PromiseDropped(Exception):
    """The worker left without keeping its promise."""


async def run(cx):
    started = now()
    half = cx.work // 2
    # The worker and the waiter share the future.
    promise = asyncio.get_running_loop().create_future()

    expected, at = {
        "kept": (ANSWER, cx.work),
        "dropped": (PromiseDropped, half),
        "timed-out": (TimeoutError, half),
    }[cx.variant]
    work = leave(promise, half) if cx.variant == "dropped" else keep(promise, cx.work)
    worker = asyncio.create_task(work, name="worker")
    # With `timed-out` the waiter gives up before the worker is done.
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
        .check("the waiter gets the expected value or error", got == expected)
        .check("it gets it without delay", waited == at)
    )


async def wait_and_use(promise, patience, work):
    """Waits for the answer, works on if it is a value, and returns how the wait ended and how long it took."""
    asked = now()
    got = await wait(promise, patience)
    waited = now() - asked
    if got == ANSWER:
        await asyncio.sleep(work / 1000)
    return got, waited


async def wait(promise, patience):
    """Waits for the answer, for at most `patience`."""
    try:
        async with asyncio.timeout(None if patience is None else patience / 1000):
            return await promise
    except (PromiseDropped, TimeoutError) as error:
        return type(error)


async def keep(promise, work):
    """Keeps the promise; returns False if the waiter is gone."""
    await asyncio.sleep(work / 1000)
    # The waiter's timeout has cancelled the future, so setting a result would raise.
    if promise.done():
        return False
    promise.set_result(ANSWER)
    return True


async def leave(promise, after):
    """Leaves, and sets an exception, which wakes the waiter."""
    await asyncio.sleep(after / 1000)
    promise.set_exception(PromiseDropped())
    return True


if __name__ == "__main__":
    main("oneshot", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_the_waiter_always_gets_an_answer():
    """When the future is set, when the sender gives up, or when the patience ends."""
    for variant, work, values, errors, back, waited, total in [
        ("kept", 1_000, 1, 0, 0, 1_000, 2_000),
        ("dropped", 1_000, 0, 1, 0, 500, 500),
        ("timed-out", 1_000, 0, 1, 1, 500, 1_000),
        ("kept", 4_000, 1, 0, 0, 4_000, 8_000),
    ]:
        outcome = await run(given(PARAMS, variant=variant, work=work))
        assert (outcome.value("values"), outcome.value("errors")) == (values, errors)
        assert outcome.value("values that came back") == back
        assert (outcome.value("waited"), outcome.value("total")) == (waited, total)
        assert outcome.holds()
