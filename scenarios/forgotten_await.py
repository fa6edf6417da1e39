"""Forgotten await: a coroutine does nothing until it is awaited.

`save(order)` on a line of its own creates a coroutine object and discards it
(`variant=forgotten`). Not even its first line runs, and everything else goes on as if
it had. Python prints "coroutine … was never awaited" when the object is collected. Rust
warns at compile time, and reports nothing at run time.

Pitfall: `create_task` fixes the symptom (`spawned`), but you must still await the task
before you rely on its effect.
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
                # This only creates a coroutine and discards it. Nothing of it runs.
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
        .check("every confirmed order is saved", saved == confirmed)
    )


if __name__ == "__main__":
    main("forgotten-await", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

import warnings

from twin import given


async def test_a_forgotten_coroutine_has_no_effect():
    """A coroutine that is never awaited takes no time and runs nothing, not even its first line."""
    for variant, begun, saved, total in [("await", 3, 3, 2_000), ("spawned", 3, 3, 1_500)]:
        outcome = await run(given(PARAMS, variant=variant))
        assert (outcome.value("saves begun"), outcome.value("saved")) == (begun, saved)
        assert outcome.value("total") == total
        assert outcome.holds()
    # pytest would report the warning that this test expects.
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        forgotten = await run(given(PARAMS, variant="forgotten"))
    assert sum("was never awaited" in str(warning.message) for warning in seen) == ORDERS
    assert (forgotten.value("confirmed"), forgotten.value("saved"), forgotten.value("total")) == (3, 0, 1_000)
    assert not forgotten.holds()
