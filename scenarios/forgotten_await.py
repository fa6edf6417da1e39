"""Forgotten await: a coroutine does nothing until it is awaited.

`save(order)` on a line of its own makes a coroutine object and throws it away
(`variant=forgotten`): not even its first line runs, and everything else goes on
as if it had. Python writes "coroutine … was never awaited" when the object is
collected. Rust says it when the program is compiled, and nothing when it runs.

Pitfall: `create_task` repairs the symptom, and leaves it to you to await the task
before you rely on what it does (`spawned`).
"""

import asyncio

from twin import Choice, Outcome, main, now

PARAMS = {
    "variant": Choice("forgotten", "await", "spawned"),
}

ORDERS = 3
ACCEPT, SAVE, CONFIRM = 500, 1_000, 500


async def run(cx):
    started = now()
    begun = saved = confirmed = 0

    async def save():
        nonlocal begun, saved
        begun += 1
        await asyncio.sleep(SAVE / 1000)
        saved += 1

    async def order(i):
        nonlocal confirmed
        await asyncio.sleep(ACCEPT / 1000)
        saving = None
        match cx.variant:
            case "await":
                await save()
            case "spawned":
                saving = asyncio.create_task(save(), name=f"save {i}")
            case "forgotten":
                save()
        await asyncio.sleep(CONFIRM / 1000)
        if saving is not None:
            await saving
        confirmed += 1

    async with asyncio.TaskGroup() as orders:
        for i in range(ORDERS):
            orders.create_task(order(i), name=f"order {i}")

    return (
        Outcome()
        .figure("confirmed", confirmed, "orders")
        .figure("saves begun", begun, "orders")
        .figure("saved", saved, "orders")
        .figure("total", now() - started, "ms")
        .check("every order that is confirmed is saved", saved == confirmed)
    )


if __name__ == "__main__":
    main("forgotten-await", PARAMS, run)
