"""Worker pool: one shared queue balances itself.

Workers that share one `asyncio.Queue` take the next job as soon as they are free. If
jobs of different length are dealt out to one queue per worker, some workers are idle
while others are late. A `Future` for each job holds its result for everybody that has
its id. At the deadline `asyncio.wait({future}, timeout=…)` leaves the future alone,
while `asyncio.wait_for(future, …)` would cancel it.

`stop=drain` puts one sentinel for each worker, because a queue cannot be closed before
Python 3.13. `stop=flag` is the common loop over `get` with a timeout: workers notice
the flag late, and jobs that have not started stay pending.
"""

import asyncio
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
}

NO_MORE = None


def refuse(cx):
    if cx.work_min > cx.work_max:
        raise BadValue(f"work_min: {cx.work_min} is more than work_max: at most {cx.work_max}")


class Job:
    """A job and its state."""

    def __init__(self, id, work, fails):
        self.id, self.work, self.fails = id, work, fails
        self.state = "pending"
        self.ended = asyncio.get_running_loop().create_future()

    async def run(self):
        self.state = "running"
        await asyncio.sleep(self.work / 1000)
        if self.fails:
            self.state = "failed"
            # A plain value, because asyncio would log an exception that is never retrieved.
            self.ended.set_result(f"job {self.id} failed")
        else:
            self.state = "completed"
            self.ended.set_result(f"result {self.id}")


class Pool:
    """The workers, their queues, and all jobs."""

    def __init__(self, workers, shared, dequeue_timeout):
        self.queues = [asyncio.Queue() for _ in range(1 if shared else workers)]
        self.jobs = []
        self.running = True
        self.dequeue_timeout = dequeue_timeout
        self.workers = [
            asyncio.create_task(self.worker(queue), name=f"worker {i}")
            for i, queue in enumerate(islice(cycle(self.queues), workers))
        ]

    def submit(self, work, fails):
        """Puts a job into a queue and returns its id."""
        id = len(self.jobs)
        self.jobs.append(Job(id, work, fails))
        self.queues[id % len(self.queues)].put_nowait(self.jobs[id])
        return id

    async def result(self, id, deadline):
        """Waits until a job has ended, and returns its result; returns `None` at the deadline."""
        ended = self.jobs[id].ended
        if not ended.done():
            await asyncio.wait({ended}, timeout=max(deadline - now(), 0) / 1000)
        return ended.result() if ended.done() else None

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
            busy += now() - began
            jobs += 1
        return jobs, busy


async def run(cx):
    started = now()
    drain = cx.stop == "drain"
    # Start the workers, and submit all jobs at once.
    pool = Pool(cx.pool, cx.queue == "shared", cx.dequeue_timeout)
    for i in range(cx.jobs):
        fails = cx.fail_every > 0 and (i + 1) % cx.fail_every == 0
        pool.submit(cx.draw("work", i, cx.work_min, cx.work_max), fails)

    # Ask for each result by its id. The requests share one deadline.
    late, matching = 0, True
    for id in range(cx.jobs):
        result = await pool.result(id, started + cx.result_timeout)
        if result is None:
            late += 1
        else:
            matching &= result in (f"result {id}", f"job {id} failed")
    waited = now() - started
    workers = await pool.stop(drain)

    states = [job.state for job in pool.jobs]
    completed, failed, pending = (states.count(state) for state in ("completed", "failed", "pending"))
    ran = sum(jobs for jobs, _ in workers)
    return (
        Outcome()
        .figure("completed", completed, "jobs")
        .figure("failed", failed, "jobs")
        .figure("left pending", pending, "jobs")
        .figure("late", late, "results")
        .figure("busiest worker", max(busy for _, busy in workers), "ms")
        .figure("least busy worker", min(busy for _, busy in workers), "ms")
        .figure("total", now() - started, "ms")
        .check("each job ends in one state", ran == completed + failed and ran + pending == cx.jobs)
        .check("each result is read by its id", matching)
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
