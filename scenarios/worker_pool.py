"""Worker pool: one shared queue balances itself.

Workers that share one `asyncio.Queue` take the next job as soon as they are free. If
jobs of different length are dealt out to one queue per worker, some workers are idle
while others are late. A `Future` for each job holds its result for everybody that has
its id, or the exception that the job raised. At the deadline `asyncio.wait({future},
timeout=…)` leaves the future alone, while `asyncio.wait_for(future, …)` would cancel it.

A job may raise anything. The worker catches `Exception`, or the first bug in a job would
end the worker and the pool would lose a part of its workers without a word.
`result=poll` looks in a dict of results again and again. Errors are not in it, so it
looks for the result of a failed job until the deadline, or for ever.

`stop=drain` puts one sentinel for each worker, because a queue cannot be closed before
Python 3.13. `stop=flag` is the common loop over `get` with a timeout: workers notice
the flag late, and jobs that have not started stay pending.
"""

import asyncio
import contextlib
from functools import partial
from itertools import cycle, islice

from twin import BadValue, Choice, Number, Outcome, main, now

PARAMS = {
    "pool": Number(4, 1, 1_000),
    "jobs": Number(16, 1, 10_000),
    "work_min": Number(100, 0, 60_000),
    "work_max": Number(1_000, 0, 60_000),
    "fail_every": Number(0, 0, 10_000),
    "result_timeout": Number(5_000, 1, 60_000),
    "dequeue_timeout": Number(1_000, 1, 60_000),
    "stop": Choice("drain", "flag"),
    "queue": Choice("static", "shared"),
    "result": Choice("watch", "poll", "poll-forever"),
    "failure": Choice("error", "panic"),
}

# How often main looks for a result, in ms, and after how many times `result_timeout` the run ends a wait without one.
POLL = 100
FOR_EVER = 4

NO_MORE = None


def refuse(cx):
    if cx.work_min > cx.work_max:
        raise BadValue(f"work_min: {cx.work_min} is more than work_max: at most {cx.work_max}")


class JobFailed(Exception):
    """A job that could not do its work. Every other exception is a bug in the job."""


async def work(id, time, end):
    """The work of a job."""
    await asyncio.sleep(time / 1000)
    if end == "error":
        raise JobFailed(f"job {id} failed")
    if end == "panic":
        raise RuntimeError(f"job {id} has a bug")
    return f"result {id}"


class Job:
    """A job and its state."""

    def __init__(self, id, work):
        self.id, self.work = id, work
        self.state = "pending"
        self.ended = asyncio.get_running_loop().create_future()

    async def run(self):
        self.state = "running"
        try:
            result = await self.work()
        except Exception as error:
            # Any error, also a bug: it ends the job and not the worker. A cancellation is no `Exception`: it ends both.
            self.state = "failed"
            self.ended.set_exception(error)
            # Mark it as retrieved, since asyncio logs an exception that nobody asks for.
            self.ended.exception()
        else:
            self.state = "completed"
            self.ended.set_result(result)


class Pool:
    """The workers, their queues, and all jobs."""

    def __init__(self, workers, shared, dequeue_timeout):
        self.queues = [asyncio.Queue() for _ in range(1 if shared else workers)]
        self.jobs = []
        # The results of completed jobs, for main if it polls. Errors are missing, to show why they should not be.
        self.results = {}
        self.running = True
        self.dequeue_timeout = dequeue_timeout
        self.workers = [
            asyncio.create_task(self.worker(queue), name=f"worker {i}")
            for i, queue in enumerate(islice(cycle(self.queues), workers))
        ]

    def submit(self, time, end):
        """Puts a job into a queue and returns its id."""
        id = len(self.jobs)
        self.jobs.append(Job(id, partial(work, id, time, end)))
        self.queues[id % len(self.queues)].put_nowait(self.jobs[id])
        return id

    async def result(self, id, deadline):
        """Waits until a job has ended; returns its result or raises its error. Raises `TimeoutError` at the deadline."""
        ended = self.jobs[id].ended
        if not ended.done():
            await asyncio.wait({ended}, timeout=max(deadline - now(), 0) / 1000)
        if not ended.done():
            raise TimeoutError
        return ended.result()

    async def poll_result(self, id, deadline=float("inf")):
        """Looks for a result again and again, until the deadline. It never finds a job that has failed."""
        while id not in self.results:
            if deadline <= now():
                raise TimeoutError
            await asyncio.sleep(min(POLL, deadline - now()) / 1000)
        return self.results[id]

    async def stop(self, drain):
        """Stops the workers and waits for them to end. Returns how much each one has done."""
        if drain:
            # One sentinel for each worker, after the last job of its queue.
            for queue in islice(cycle(self.queues), len(self.workers)):
                queue.put_nowait(NO_MORE)
        else:
            self.running = False
        return await asyncio.gather(*self.workers)

    async def worker(self, queue):
        """Does one job after another. Returns how many, and how long it was busy."""
        jobs = busy = 0
        while self.running:
            try:
                async with asyncio.timeout(self.dequeue_timeout / 1000):
                    job = await queue.get()
            except TimeoutError:
                # Check the flag again.
                continue
            if job is NO_MORE:
                break
            began = now()
            await job.run()
            if job.state == "completed":
                self.results[job.id] = job.ended.result()
            busy += now() - began
            jobs += 1
        return jobs, busy


class Asked:
    """What main has learnt."""

    def __init__(self):
        # The job to ask for next, and how many were answered.
        self.next = self.answered = 0
        # Whether each answer was for the job that was asked for; whether a wait ended although the job had ended.
        self.matching, self.overlooked = True, False


async def ask_all(pool, asked, ask):
    """Asks for every job, one after the other."""
    for id, job in enumerate(pool.jobs):
        asked.next = id
        try:
            asked.matching &= await ask(id) == f"result {id}"
        except TimeoutError:
            asked.overlooked |= job.ended.done()
            continue
        except (JobFailed, RuntimeError) as error:
            asked.matching &= str(error).startswith(f"job {id} ")
        asked.answered += 1
    asked.next = len(pool.jobs)


async def run(cx):
    started = now()
    drain = cx.stop == "drain"
    # Start the workers, and submit all jobs at once.
    pool = Pool(cx.pool, cx.queue == "shared", cx.dequeue_timeout)
    for i in range(cx.jobs):
        fails = cx.fail_every > 0 and (i + 1) % cx.fail_every == 0
        pool.submit(cx.draw("work", i, cx.work_min, cx.work_max), cx.failure if fails else "result")

    # Ask for each result by its id. The requests share one deadline.
    deadline = started + cx.result_timeout
    asked = Asked()
    if cx.result == "watch":
        await ask_all(pool, asked, lambda id: pool.result(id, deadline))
    elif cx.result == "poll":
        await ask_all(pool, asked, lambda id: pool.poll_result(id, deadline))
    else:
        # It may have no end of its own.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at((started + FOR_EVER * cx.result_timeout) / 1000):
                await ask_all(pool, asked, pool.poll_result)
    waited = now() - started
    # Main still waits for this job, if the run had to end the wait.
    overlooked = asked.overlooked or (asked.next < cx.jobs and pool.jobs[asked.next].ended.done())
    workers = await pool.stop(drain)

    states = [job.state for job in pool.jobs]
    completed, failed, pending = (states.count(state) for state in ("completed", "failed", "pending"))
    ran = sum(jobs for jobs, _ in workers)
    return (
        Outcome()
        .figure("completed", completed, "jobs")
        .figure("failed", failed, "jobs")
        .figure("left pending", pending, "jobs")
        .figure("late", cx.jobs - asked.answered, "results")
        .figure("busiest worker", max(busy for _, busy in workers), "ms")
        .figure("least busy worker", min(busy for _, busy in workers), "ms")
        .figure("total", now() - started, "ms")
        .check("each job ends in one state", ran == completed + failed and ran + pending == cx.jobs)
        .check("each result is read by its id", asked.matching)
        .check("every job that has ended is answered", not overlooked)
        .check("no wait exceeds the timeout", waited <= cx.result_timeout)
        .check("only a flag leaves jobs pending", pending == 0 or not drain)
    )


if __name__ == "__main__":
    main("worker-pool", PARAMS, run, refuse)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_a_static_split_ends_late():
    """Workers that share a queue end at about the same time; with fixed parts the slowest part decides."""
    for queue, total in [("shared", 2_467), ("static", 2_728)]:
        outcome = await run(given(PARAMS, queue=queue))
        assert outcome.value("total") == total
        assert outcome.holds()
