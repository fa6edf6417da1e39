"""Spawn: a task runs on its own; a coroutine does not.

`asyncio.create_task` hands a coroutine to the loop, which starts it as soon as its
creator waits for anything. Awaiting the task later only collects its result. A
coroutine that you have called but not made a task begins only at its `await`.

Keep a reference to the task: the loop keeps only a weak one, and a task without any
other reference may be collected before it ends. In Tokio the runtime owns the task,
which goes on even if you drop the handle.
"""

import asyncio

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "tasks": Number(2, 1, 1_000),
    "latency": Number(1_000, 0, 60_000),
    "step": Number(0, 0, 60_000),
    "other_work": Number(500, 0, 60_000),
    "variant": Choice("spawn", "future"),
}


async def run(cx):
    started = now()
    # Calling `download` makes a coroutine, and runs none of its code.
    takes = [cx.latency + cx.step * i for i in range(cx.tasks)]
    downloads = [download(latency) for latency in takes]
    if cx.variant == "spawn":
        # As tasks, all downloads run during the other work.
        downloads = [asyncio.create_task(it, name=f"download {i}") for i, it in enumerate(downloads)]
        promise, expected = "it takes the longer of the two times", max(cx.other_work, *takes)
    else:
        promise, expected = "nothing begins before its await", cx.other_work + sum(takes)

    await other_work(cx.other_work)
    downloaded = sum([await it for it in downloads])

    total = now() - started
    return (
        Outcome()
        .figure("downloaded", downloaded, "files")
        .figure("other work", cx.other_work, "ms")
        .figure("total", total, "ms")
        .check("every file is downloaded", downloaded == cx.tasks)
        .check(promise, total == expected)
    )


async def download(latency):
    """One download."""
    await asyncio.sleep(latency / 1000)
    return 1


async def other_work(takes):
    """What main does meanwhile."""
    await asyncio.sleep(takes / 1000)


if __name__ == "__main__":
    main("spawn", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_a_task_runs_while_main_works_and_a_coroutine_does_not():
    """As tasks, the downloads overlap the other work; as coroutines they run after it, one by one."""
    for variant, tasks, latency, other_work, total in [
        ("spawn", 2, 1_000, 500, 1_000),
        ("spawn", 2, 1_000, 1_500, 1_500),
        ("spawn", 4, 1_000, 500, 1_000),
        ("future", 2, 1_000, 500, 2_500),
        ("future", 4, 1_000, 500, 4_500),
    ]:
        outcome = await run(given(PARAMS, variant=variant, tasks=tasks, latency=latency, other_work=other_work))
        assert outcome.value("total") == total
        assert outcome.holds()
