"""Template: …

…
"""

import asyncio

from twin import Number, Outcome, main, now

PARAMS = {
    "tasks": Number(5, 1, 1_000),
    "wait": Number(2_000, 0, 60_000),
}


async def run(cx):
    started = now()
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(task(cx.wait), name=f"task {i}") for i in range(cx.tasks)]
    done = sum(task.done() for task in running)

    total = now() - started
    return (
        Outcome()
        .figure("done", done, "tasks")
        .figure("total", total, "ms")
        .check("every task is done", done == cx.tasks)
        .check("they wait at the same time", cx.on_time(total, cx.wait))
    )


async def task(wait):
    """Only waits."""
    await asyncio.sleep(wait / 1000)


if __name__ == "__main__":
    main("template", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_tasks_wait_at_the_same_time():
    """Twice as many tasks take no longer; twice the wait takes twice as long."""
    for tasks, wait, total in [(5, 2_000, 2_000), (10, 2_000, 2_000), (5, 4_000, 4_000)]:
        outcome = await run(given(PARAMS, tasks=tasks, wait=wait))
        assert outcome.value("total") == total
        assert outcome.holds()
