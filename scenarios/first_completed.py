"""First completed: the first one wins, but the losers keep running.

`asyncio.wait(…, return_when=FIRST_COMPLETED)` returns two sets, done and pending. It
cancels nothing: pending tasks keep running. The code that started the race cancels the
losers, or waits for them.

Pitfall: `wait` raises nothing. A task that has failed is done too, and only `result()`
raises its error. More than one task can be done. And `cancel()` is only a request: a task
is gone only when it has been awaited. In Tokio, a future that loses in `select!` is
dropped and ends there; a task that loses keeps running, as it does here.
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
        raise BadValue(f"latency_min: {cx.latency_min} ms is more than latency_max: at most {cx.latency_max} ms")


async def run(cx):
    started = now()
    latencies = [cx.draw("route", i, cx.latency_min, cx.latency_max) for i in range(cx.tasks)]
    mirrors = [asyncio.create_task(ask(latency), name=f"mirror {i}") for i, latency in enumerate(latencies)]

    # The first task to end wins. The others run on, whether or not we wait for them.
    done, pending = await asyncio.wait(mirrors, return_when=asyncio.FIRST_COMPLETED)
    answered = now() - started

    if cx.losers == "abort":
        for mirror in pending:
            mirror.cancel()
    # Wait for the losers too: a cancelled task is gone only when it has been awaited.
    if pending:
        await asyncio.wait(pending)
    # `wait` does not raise. Ask each mirror for its answer: this raises the error of one that failed.
    cut = sum(mirror.cancelled() for mirror in pending)
    answers = [mirror.result() for mirror in mirrors if not mirror.cancelled()]
    finished = len(answers) - 1

    total = now() - started
    outcome = (
        Outcome()
        .figure("first answer", answered, "ms")
        .figure("losers finished", finished, "mirrors")
        .figure("losers aborted", cut, "mirrors")
        .figure("total", total, "ms")
        .check("the fastest mirror wins", answered == min(latencies))
    )
    if cx.losers == "abort":
        return outcome.check("the run ends with the first answer", total == min(latencies))
    return outcome.check("every loser runs to its end", cut == 0 and total == max(latencies))


async def ask(latency):
    """Asks one mirror."""
    await asyncio.sleep(latency / 1000)


if __name__ == "__main__":
    main("first-completed", PARAMS, run, refuse)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_losers_go_on_unless_they_are_cancelled():
    """The first answer arrives at the same time in both variants. Only with `abort` does the run end then."""
    keep = await run(given(PARAMS, losers="keep"))
    abort = await run(given(PARAMS, losers="abort"))
    assert keep.value("first answer") == abort.value("first answer") == abort.value("total")
    assert keep.value("total") > keep.value("first answer")
    assert (keep.value("losers finished"), keep.value("losers aborted")) == (2, 0)
    assert (abort.value("losers finished"), abort.value("losers aborted")) == (0, 2)
    assert keep.holds() and abort.holds()
