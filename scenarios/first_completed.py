"""First completed: the first wins, the rest are still yours.

`asyncio.wait(…, return_when=FIRST_COMPLETED)` returns two sets, done and
pending. It cancels nothing: who is pending goes on, and whoever started the race
cancels those that lost, or waits for them.

Pitfall: more than one can be done. And `cancel()` only asks: the task is gone
when it has been awaited. In Tokio a future that loses in `select!` is dropped,
which is the end of it; a task that loses goes on, as here.
"""

import asyncio

from twin import BadValue, Choice, Number, Outcome, main, now

PARAMS = {
    "tasks": Number(3, 1, 1_000),
    "latency_min": Number(500, 0, 60_000),
    "latency_max": Number(2_000, 0, 60_000),
    "losers": Choice("keep", "abort"),
}


def refuse(cx):
    if cx.latency_min > cx.latency_max:
        raise BadValue(f"latency_min: {cx.latency_min} ms at least is more than {cx.latency_max} ms at most")


async def run(cx):
    started = now()
    latencies = [cx.draw("route", i, cx.latency_min, cx.latency_max) for i in range(cx.tasks)]
    mirrors = [asyncio.create_task(ask(latency), name=f"mirror {i}") for i, latency in enumerate(latencies)]

    done, pending = await asyncio.wait(mirrors, return_when=asyncio.FIRST_COMPLETED)
    answered = now() - started

    if cx.losers == "abort":
        for mirror in pending:
            mirror.cancel()
    if pending:
        await asyncio.wait(pending)
    cut = sum(mirror.cancelled() for mirror in pending)
    finished = len(mirrors) - 1 - cut

    total = now() - started
    outcome = (
        Outcome()
        .figure("first answer", answered, "ms")
        .figure("losers that finished", finished, "mirrors")
        .figure("losers that were cut", cut, "mirrors")
        .figure("total", total, "ms")
        .check("the fastest one wins", answered == min(latencies))
    )
    if cx.losers == "abort":
        return outcome.check("it is over with the first answer", total == min(latencies))
    return outcome.check("every loser that is kept comes to its own end", cut == 0 and total == max(latencies))


async def ask(latency):
    """Asks one mirror."""
    await asyncio.sleep(latency / 1000)


if __name__ == "__main__":
    main("first-completed", PARAMS, run, refuse)
