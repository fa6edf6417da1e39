"""Gather with errors: one failure, abort the others or collect?

`gather(…, return_exceptions=True)` waits for all calls and returns exceptions beside
results (`collect`). A `TaskGroup` cancels the others at the first failure and raises
when they are gone (`fail-fast`): an `ExceptionGroup`, because several may have failed by
then, so catch it with `except*`. With a wrapper that catches the exception and returns a
default, nothing fails at all (`safe-wrapper`).

Pitfall: plain `gather` raises the first exception and lets the other tasks run on,
unseen (`first-error`). It drops all results, and the other exceptions without a word:
not even "Task exception was never retrieved" is logged. In Tokio `try_join_all` of
handles does the same. `wait(…, return_when=FIRST_EXCEPTION)` also returns at the first
exception, but gives you the tasks that are pending (`first-exception`).
"""

import asyncio

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "tasks": Number(6, 1, 1_000),
    "fail_every": Number(3, 0, 1_000),
    "latency": Number(100, 0, 60_000),
    "base": Number(0, 0, 60_000),
    "variant": Choice("collect", "fail-fast", "safe-wrapper", "first-error", "first-exception"),
}

DEFAULT = "default"


class NoAnswer(Exception):
    """A call that got no answer."""


async def run(cx):
    started = now()

    def takes(i):
        return cx.base + (i + 1) * cx.latency

    def fails(i):
        return cx.fail_every > 0 and (i + 1) % cx.fail_every == 0

    calls = [call(takes(i), fails(i)) for i in range(cx.tasks)]
    decides, first_failure = cx.tasks - 1, next((i for i in range(cx.tasks) if fails(i)), cx.tasks - 1)
    total, more = None, {}
    match cx.variant:
        case "collect":
            ends = await asyncio.gather(*calls, return_exceptions=True)
        case "safe-wrapper":
            ends = await asyncio.gather(*(or_default(call) for call in calls))
        case "fail-fast":
            ends = await fail_fast(calls)
            decides = first_failure
        case "first-error":
            ends, tasks = await first_error(calls)
            decides = first_failure
            total = now() - started
            more = {"run on": sum(not task.done() for task in tasks)}
            # Keep the run open until they have ended. Nobody hears how.
            await asyncio.wait(tasks)
        case "first-exception":
            ends, pending = await first_exception(calls)
            more = {"pending at the first error": pending}

    failed = sum(end == DEFAULT or isinstance(end, NoAnswer) for end in ends)
    cancelled = sum(isinstance(end, asyncio.CancelledError) for end in ends)
    ok = sum(end == "given" for end in ends)
    total = now() - started if total is None else total
    outcome = (
        Outcome()
        .figure("ok", ok, "calls")
        .figure("failed", failed, "calls")
        .figure("cancelled", cancelled, "calls")
        .figure("total", total, "ms")
        .check("every call ended as ok, failed or cancelled", ok + failed + cancelled == cx.tasks)
        .check(f"the run ends with call {decides}", total == takes(decides))
    )
    for name, calls in more.items():
        outcome.figure(name, calls, "calls")
    return outcome


async def call(takes, fails):
    """Makes one call, which may fail."""
    await asyncio.sleep(takes / 1000)
    if fails:
        raise NoAnswer
    return "given"


async def or_default(call):
    """Handles the error where it happens, so the task does not fail."""
    try:
        return await call
    except NoAnswer:
        return DEFAULT


async def fail_fast(calls):
    """Cancels the others at the first failure; returns how each one ended."""
    tasks = []
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(call, name=f"call {i}") for i, call in enumerate(calls)]
    except* NoAnswer:
        pass
    return await asyncio.gather(*tasks, return_exceptions=True)


async def first_error(calls):
    """Raises the first exception inside, and lets the others run on; returns what the caller has, and the tasks."""
    tasks = [asyncio.create_task(call, name=f"call {i}") for i, call in enumerate(calls)]
    try:
        return await asyncio.gather(*tasks), tasks
    except NoAnswer as error:
        # One exception is all that is left of the calls.
        return [error], tasks


async def first_exception(calls):
    """Returns how each call ended, and how many were pending at the first failure."""
    tasks = [asyncio.create_task(call, name=f"call {i}") for i, call in enumerate(calls)]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    # Unlike `gather`, `wait` raises nothing: look at the tasks. What is pending is yours, to cancel or to await.
    return await asyncio.gather(*done, *pending, return_exceptions=True), len(pending)


if __name__ == "__main__":
    main("gather-errors", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_the_fate_of_the_others_is_the_callers_choice():
    """With equal failures, the variant decides what happens to the others and when the run ends."""
    for variant, fail_every, ok, failed, cancelled, total in [
        ("collect", 3, 4, 2, 0, 600),
        ("fail-fast", 3, 2, 1, 3, 300),
        ("safe-wrapper", 3, 4, 2, 0, 600),
        ("fail-fast", 1, 0, 1, 5, 100),
        ("fail-fast", 0, 6, 0, 0, 600),
    ]:
        outcome = await run(given(PARAMS, variant=variant, fail_every=fail_every))
        assert [outcome.value(name) for name in ("ok", "failed", "cancelled")] == [ok, failed, cancelled]
        assert outcome.value("total") == total
        assert outcome.holds()
