"""Orphan: a task that no one awaits loses its error.

A task goes on after the task that created it has ended (`variant=drop`). Nothing
receives its exception. When the task object is collected, asyncio logs "Task exception
was never retrieved": more than Tokio does, but late.

Pitfall: the loop keeps only a weak reference to a task. An orphan that waits for
something that only it refers to is collected before it ends: see `collected`. And when
`asyncio.run` returns, it cancels all tasks that are left: see `cut`. Both are examples
that `python3 -m doctest -v orphan.py` runs. Keep tasks in a set, or use a `TaskGroup`.
In Tokio the runtime owns the task, and it runs to its end or to the end of the runtime.
"""

import asyncio
import gc

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "work": Number(2_000, 0, 60_000),
    "variant": Choice("drop", "keep", "abort"),
}

# How long the parent does something else, in milliseconds.
ELSEWHERE = 500


class DiskFull(Exception):
    """The error of the child."""


async def run(cx):
    started = now()
    raised = 0
    child_ended = asyncio.Event()

    async def child():
        nonlocal raised
        try:
            await asyncio.sleep(cx.work / 1000)
            raised += 1
            raise DiskFull
        finally:
            child_ended.set()

    async def parent():
        task = asyncio.create_task(child(), name="child")
        await asyncio.sleep(ELSEWHERE / 1000)
        # With `drop` the parent just returns, and the child goes on.
        match cx.variant:
            case "keep":
                # Raises the child's exception here, in the parent.
                await task
            case "abort":
                task.cancel()
                try:
                    await task
                except asyncio.CancelledError:
                    pass

    # Wait for the parent only. Any error that it raises counts as handled.
    handled = 0
    try:
        await asyncio.create_task(parent(), name="parent")
    except DiskFull:
        handled += 1
    parent_ended = now() - started
    # Keep the run open until the child has ended, too.
    await child_ended.wait()

    total = now() - started
    return (
        Outcome()
        .figure("parent ended after", parent_ended, "ms")
        .figure("child outlived it by", total - parent_ended, "ms")
        .figure("errors raised", raised, "errors")
        .figure("errors handled", handled, "errors")
        .figure("total", total, "ms")
        .check("every error that is raised is handled", handled == raised)
    )


def collected():
    """An orphan that is collected in the middle of its work: nothing refers to it but the loop, weakly.

    >>> collected()
    ['begins', 'is thrown out: GeneratorExit', 'Task was destroyed but it is pending!']
    """
    events = []

    async def orphan():
        events.append("begins")
        try:
            # A future that only this task refers to. A timer or a socket would keep the task: the loop refers to those.
            await asyncio.get_running_loop().create_future()
        except BaseException as thrown:
            events.append(f"is thrown out: {type(thrown).__name__}")
            raise

    async def parent():
        asyncio.get_running_loop().set_exception_handler(lambda _, context: events.append(context["message"]))
        # Nobody keeps the task, so its future and the task refer only to each other.
        asyncio.create_task(orphan())
        await asyncio.sleep(0)
        # Python does this now and then by itself.
        gc.collect()

    asyncio.run(parent())
    return events


def cut():
    """An orphan that is cancelled when main returns. `asyncio.run` waits for its cleanup, and not for its work.

    >>> cut()
    ['begins', 'main returns', 'is thrown out: CancelledError', 'has cleaned up', 'run returns']
    """
    events, kept = [], set()

    async def orphan():
        events.append("begins")
        try:
            await asyncio.sleep(60)
            events.append("ends")
        except BaseException as thrown:
            events.append(f"is thrown out: {type(thrown).__name__}")
            # `run` waits for this.
            await asyncio.sleep(0.001)
            events.append("has cleaned up")
            raise

    async def parent():
        # A reference saves it from being collected, and not from this.
        kept.add(asyncio.create_task(orphan()))
        await asyncio.sleep(0)
        events.append("main returns")

    asyncio.run(parent())
    events.append("run returns")
    return events


if __name__ == "__main__":
    main("orphan", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_only_a_dropped_task_loses_the_error():
    """With `drop` the child goes on and its error is lost; with `keep` it is handled; with `abort` there is none."""
    for variant, work, parent_ended, raised, handled, total in [
        ("keep", 2_000, 2_000, 1, 1, 2_000),
        ("drop", 2_000, 500, 1, 0, 2_000),
        ("abort", 2_000, 500, 0, 0, 500),
        ("keep", 300, 500, 1, 1, 500),
    ]:
        outcome = await run(given(PARAMS, variant=variant, work=work))
        assert outcome.value("parent ended after") == parent_ended
        assert (outcome.value("errors raised"), outcome.value("errors handled")) == (raised, handled)
        assert outcome.value("total") == total
        assert outcome.holds() == (variant != "drop")
