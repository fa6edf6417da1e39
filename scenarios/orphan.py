"""Orphan: a task that nobody awaits loses its error.

A task goes on when whoever made it has left (`variant=drop`). Its exception has
nowhere to go: when the task object is collected, asyncio writes "Task exception
was never retrieved" to standard error, which is more than Tokio does, and late.

Pitfall: the loop has only a weak reference to a task. An orphan that waits for
something which only it knows may be collected before it ends. Keep tasks in a
set, or in a `TaskGroup`. In Tokio the runtime owns the task, and it runs to its end.
"""

import asyncio

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "work": Number(2_000, 0, 60_000),
    "variant": Choice("drop", "keep", "abort"),
}

# How long the parent is busy with something else.
ELSEWHERE = 500


class DiskFull(Exception):
    """What the child ends with."""


async def run(cx):
    started = now()
    raised = 0
    child_is_gone = asyncio.Event()

    async def child():
        nonlocal raised
        try:
            await asyncio.sleep(cx.work / 1000)
            raised += 1
            raise DiskFull
        finally:
            child_is_gone.set()

    async def parent():
        task = asyncio.create_task(child(), name="child")
        await asyncio.sleep(ELSEWHERE / 1000)
        match cx.variant:
            case "keep":
                await task
            case "abort":
                task.cancel()
                try:
                    await task
                except asyncio.CancelledError:
                    pass

    heard = 0
    try:
        await asyncio.create_task(parent(), name="parent")
    except DiskFull:
        heard += 1
    parent_left = now() - started
    await child_is_gone.wait()

    total = now() - started
    return (
        Outcome()
        .figure("the parent left", parent_left, "ms")
        .figure("the child outlived it by", total - parent_left, "ms")
        .figure("errors raised", raised, "errors")
        .figure("errors heard", heard, "errors")
        .figure("total", total, "ms")
        .check("every error that is raised is heard", heard == raised)
    )


if __name__ == "__main__":
    main("orphan", PARAMS, run)
