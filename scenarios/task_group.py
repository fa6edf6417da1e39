"""Task group: a scope does not end before its children.

`async with asyncio.TaskGroup() as group:` ends when every task of the group has ended.
When one fails, the block cancels the others, waits until they have ended, and raises an
`ExceptionGroup`. A group within a group is a task that fails like any other, so scopes
close from the inside to the outside.

Pitfall: a task made with `asyncio.create_task` inside the block does not belong to the
group. In Tokio you build the scope by hand from a `JoinSet`, an abort that you wait
for, and a token for inner groups.
"""

import asyncio
from collections import Counter

from twin import Number, Outcome, main, now

PARAMS = {
    "children": Number(4, 1, 1_000),
    "fail_at": Number(1_200, 0, 60_000),
    "depth": Number(2, 1, 20),
}

# The range from which the work of each child is drawn, in milliseconds.
WORK = (500, 3_000)
# How long main goes on after the scope, in milliseconds.
AFTER = 1_200


class ChildFailed(Exception):
    """The error of the child that fails."""


async def run(cx):
    started = now()
    ends = Counter()
    # When the outermost group ends, all tasks below it have ended.
    try:
        async with asyncio.TaskGroup() as outermost:
            outermost.create_task(group(cx, 1, ends), name="group 1")
    except* ChildFailed:
        pass

    # A child that is alive here has outlived its scope.
    alive, took = ends["alive"], now() - started
    await asyncio.sleep(AFTER / 1000)
    children = cx.children * cx.depth
    outcome = (
        Outcome()
        .figure("completed", ends["completed"], "children")
        .figure("failed", ends["failed"], "children")
        .figure("cancelled", ends["cancelled"], "children")
        .figure("alive after the scope", alive, "children")
        .figure("scope took", took, "ms")
        .figure("total", now() - started, "ms")
        .check("no child is alive after the scope", alive == 0)
        .check("every child is accounted for", ends["completed"] + ends["failed"] + ends["cancelled"] == children)
    )
    if ends["failed"]:
        outcome.check("one failure ends all groups", took == cx.fail_at)
    return outcome


async def group(cx, level, ends):
    """A scope: starts its children and the group inside it, and ends when all of them have ended."""
    innermost = level == cx.depth
    async with asyncio.TaskGroup() as scope:
        for i in range(cx.children):
            work = cx.draw(f"work in group {level}", i, *WORK)
            fail_at = cx.fail_at if innermost and i == 0 else 0
            scope.create_task(child(work, fail_at, ends), name=f"child {level}.{i}")
        if not innermost:
            scope.create_task(group(cx, level + 1, ends), name=f"group {level + 1}")


async def child(work, fail_at, ends):
    """One task of a group. `ends["alive"]` counts it until its `try` block ends, in whatever way."""
    ends["alive"] += 1
    try:
        await asyncio.sleep((fail_at or work) / 1000)
        if fail_at:
            ends["failed"] += 1
            raise ChildFailed
        ends["completed"] += 1
    except asyncio.CancelledError:
        ends["cancelled"] += 1
        raise
    finally:
        ends["alive"] -= 1


if __name__ == "__main__":
    main("task-group", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_a_scope_ends_with_the_failure_or_with_its_longest_child():
    """One failure ends all groups at that moment, however deep it is; without a failure all children complete."""
    for fail_at, depth in [(1_200, 2), (1_200, 3), (600, 2)]:
        outcome = await run(given(PARAMS, fail_at=fail_at, depth=depth))
        assert (outcome.value("scope took"), outcome.value("failed")) == (fail_at, 1)
        assert outcome.holds()
    whole = await run(given(PARAMS, fail_at=0))
    assert (whole.value("completed"), whole.value("failed")) == (8, 0)
    assert whole.value("scope took") > 1_200
    assert whole.holds()
