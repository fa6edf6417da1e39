"""Shutdown: stop, drain, then kill.

The service reports that it is not ready, the next health probe sees that, and the
intake closes. The workers go on until the queue ends. After the grace period the rest
is cancelled, and all jobs that workers hold or that are still queued are reported as
lost.

`loop.add_signal_handler(signal.SIGTERM, stop.set)` lets a signal set the event that the
program waits for. `trigger=sigterm` and `trigger=ctrl-c` run on the real clock: the
process sends the signal to itself.

Pitfall: a cancelled worker loses the job that it holds. Its `finally` has to report
that. And `gather(…, return_exceptions=True)` returns the errors of the workers instead of
raising them: look at each of them, or a bug goes unnoticed.

A job that is done in the millisecond in which the grace period ends can be lost here: the
timer of the grace period may fire first. In Tokio it is finished.
"""

import asyncio
import itertools
import os
import signal
from functools import partial

from twin import BadValue, Choice, Number, Outcome, main, now

PARAMS = {
    "pool": Number(5, 1, 100),
    "grace": Number(1_500, 0, 60_000),
    "job_min": Number(200, 1, 60_000),
    "job_max": Number(2_000, 1, 60_000),
    "health_every": Number(500, 2, 60_000),
    "signal_at": Number(600, 1, 60_000),
    "trigger": Choice("token", "sigterm", "ctrl-c"),
}

EVERY = 130
# What sends these signals in production: `kill` or a container's host, and a key of the terminal.
SIGNALS = {"sigterm": signal.SIGTERM, "ctrl-c": signal.SIGINT}


def real(cx):
    """Signals come on wall time."""
    return cx.trigger in SIGNALS


def refuse(cx):
    if cx.job_min > cx.job_max:
        raise BadValue(f"job_max: {cx.job_max} is less than job_min: at least {cx.job_min}")


class Service:
    def __init__(self, cx):
        self.cx = cx
        self.queue = asyncio.Queue()
        self.ready = True
        self.closed = asyncio.Event()
        self.accepted = self.finished = self.lost = 0

    async def health(self):
        """Probes the service at each tick, and closes the intake the first time that it is not ready."""
        # Half a tick off, so that no probe coincides with another event.
        due = now() + (self.cx.health_every + 1) // 2
        await sleep_until(due)
        while self.ready:
            # Count from the last due time, not from now: a late probe does not delay the next ones.
            due += self.cx.health_every
            await sleep_until(due)
        self.closed.set()

    async def intake(self):
        """Accepts jobs until it is closed, and then puts one sentinel for each worker."""
        started = now()
        for job in itertools.count():
            # Wait for the next job or for the end, whichever comes first.
            due = started + (job + 1) * EVERY
            try:
                async with asyncio.timeout_at(due / 1000):
                    await self.closed.wait()
                break
            except TimeoutError:
                self.queue.put_nowait(job)
                self.accepted += 1
        for _ in range(self.cx.pool):
            self.queue.put_nowait(None)

    async def worker(self):
        """Does one job after another until the queue ends."""
        while (job := await self.queue.get()) is not None:
            finished = False
            try:
                await asyncio.sleep(self.cx.draw("job", job, self.cx.job_min, self.cx.job_max) / 1000)
                finished = True
                self.finished += 1
            finally:
                # Also runs if the worker is cancelled during the sleep.
                self.lost += not finished

    def report_waiting(self):
        """Counts the jobs that are still queued as lost."""
        while not self.queue.empty():
            self.lost += self.queue.get_nowait() is not None


async def run(cx):
    started = now()
    service = Service(cx)
    health = asyncio.create_task(service.health(), name="health")
    intake = asyncio.create_task(service.intake(), name="intake")
    workers = [asyncio.create_task(service.worker(), name=f"worker {i}") for i in range(cx.pool)]

    await told_to_stop(cx)
    # Stop: report that the service is not ready. The next probe then closes the intake.
    told, before = now(), service.accepted
    service.ready = False

    # Drain: the workers end when the intake is closed and the queue is empty.
    _, at_work = await asyncio.wait(workers, timeout=cx.grace / 1000)
    # Close the intake, even if no probe has, so that it accepts nothing after the lost jobs are counted.
    service.closed.set()
    await intake
    # Kill: cancel the workers that are left, and wait until they have ended.
    for task in [*at_work, health]:
        task.cancel()
    for ended in await asyncio.gather(health, *workers, return_exceptions=True):
        # A cancellation is what we asked for. Anything else is a bug, and must not go unnoticed.
        if isinstance(ended, Exception):
            raise ended
    took = now() - told
    service.report_waiting()

    return (
        Outcome()
        .figure("accepted", service.accepted, "jobs")
        .figure("accepted after the signal", service.accepted - before, "jobs")
        .figure("finished", service.finished, "jobs")
        .figure("reported lost", service.lost, "jobs")
        .figure("from the signal to the end", took, "ms")
        .figure("total", now() - started, "ms")
        .check(
            "every accepted job is finished or reported lost",
            service.accepted == service.finished + service.lost,
        )
        .check("it ends within the grace period", took <= cx.grace or cx.on_time(took, cx.grace))
    )


async def told_to_stop(cx):
    """Waits for the token or for a signal, which the operator sends at `signal_at`."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    if cx.trigger == "token":
        operator = asyncio.create_task(operate(cx.signal_at, stop.set), name="operator")
        await stop.wait()
        await operator
        return
    # Handle both, whichever comes: from here on they no longer end the process.
    for number in SIGNALS.values():
        loop.add_signal_handler(number, stop.set)
    send = partial(os.kill, os.getpid(), SIGNALS[cx.trigger])
    operator = asyncio.create_task(operate(cx.signal_at, send), name="operator")
    await stop.wait()
    await operator
    # From here on a second signal ends the process at once, if the drain takes too long.
    for number in SIGNALS.values():
        loop.remove_signal_handler(number)


async def operate(at, stop):
    """Stops the service at this time, as its operator would."""
    await asyncio.sleep(at / 1000)
    stop()


async def sleep_until(due):
    """Sleeps until the loop's clock shows this time."""
    await asyncio.sleep(max(due - now(), 0) / 1000)


if __name__ == "__main__":
    main("shutdown", PARAMS, run, refuse, real=real)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_what_was_accepted_is_finished_or_reported():
    """The grace period decides how many jobs are lost, and each lost job is reported."""
    for setting, late, finished, lost, total in [
        ({}, 1, 4, 1, 2_100),
        ({"grace": 6_000}, 1, 5, 0, 2_159),
        ({"grace": 0}, 0, 0, 4, 600),
        ({"health_every": 2_000}, 3, 4, 3, 2_100),
    ]:
        outcome = await run(given(PARAMS, **setting))
        assert outcome.value("accepted after the signal") == late
        assert (outcome.value("finished"), outcome.value("reported lost")) == (finished, lost)
        assert outcome.value("total") == total
        assert outcome.holds()
