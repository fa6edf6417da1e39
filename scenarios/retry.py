"""Retry: backoff needs jitter.

Clients that fail together and wait for the same time come back together. A delay that
doubles puts more time between the waves; only randomness makes them smaller.

A separate exception type marks what no retry can fix: `except Transient` retries, and
`Fatal` propagates to the caller, as the last `Transient` does.

Pitfall: `except Exception:` around the call retries bugs as well.
"""

import asyncio
from bisect import bisect_left

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "clients": Number(8, 1, 1_000),
    "attempts": Number(3, 1, 10),
    "delay": Number(1_000, 0, 60_000),
    "backoff": Number(200, 100, 1_000),
    "jitter": Choice("none", "full", "equal"),
    "fail_rate": Number(80, 0, 100),
    "fatal_rate": Number(0, 0, 100),
}

CALL = 100
LONGEST = 60_000


class Transient(Exception):
    """Overload, a lost packet: the next attempt may succeed."""


class Fatal(Exception):
    """A wrong password, a bad request: the next attempt fails in the same way."""


class Service:
    """The service. It logs the calls of each client, in order: when a call started, when it ended, and its error."""

    def __init__(self, cx):
        self.cx = cx
        self.log = [[] for _ in range(cx.clients)]

    async def call(self, client, attempt):
        """Handles one call, which fails at the rates of the parameters."""
        started = now()
        await asyncio.sleep(CALL / 1000)
        error = None
        if self.cx.draw(f"fatal of {client}", attempt, 0, 99) < self.cx.fatal_rate:
            error = Fatal()
        elif self.cx.draw(f"fail of {client}", attempt, 0, 99) < self.cx.fail_rate:
            error = Transient()
        self.log[client].append((started, now(), error))
        if error:
            raise error


async def client(cx, service, i):
    """Calls until a call succeeds. Raises the error that ends it: a fatal one, or the error of the last attempt."""
    for attempt in range(cx.attempts):
        try:
            return await service.call(i, attempt)
        except Transient:
            # After the last attempt this error goes to the caller. A fatal one always does.
            if attempt + 1 == cx.attempts:
                raise
        # With jitter, clients that failed together come back at different times.
        await asyncio.sleep(pause(cx, i, attempt) / 1000)


def pause(cx, client, attempt):
    """Returns how long the client waits after that attempt."""
    longest = delay(cx, attempt)
    match cx.jitter:
        case "none":
            return longest
        case "full":
            return cx.draw(f"pause of {client}", attempt, 0, longest)
        case "equal":
            return longest - longest // 2 + cx.draw(f"pause of {client}", attempt, 0, longest // 2)


def pauses_fit(cx, calls):
    """Returns True if each pause between the calls of a client is within the bounds of the formula."""
    for attempt, ((_, ended, _), (started, _, _)) in enumerate(zip(calls, calls[1:])):
        longest = delay(cx, attempt)
        shortest = {"none": longest, "full": 0, "equal": longest / 2}[cx.jitter]
        if not shortest <= started - ended <= longest:
            return False
    return True


def delay(cx, attempt):
    """Returns the delay after that attempt, which grows from attempt to attempt."""
    grown = min(cx.delay, LONGEST)
    for _ in range(attempt):
        grown = min(grown * cx.backoff // 100, LONGEST)
    return grown


async def run(cx):
    started = now()
    service = Service(cx)
    # All clients call at the same moment. Each ends on its own, so collect their errors.
    clients = [asyncio.create_task(client(cx, service, i), name=f"client {i}") for i in range(cx.clients)]
    ends = await asyncio.gather(*clients, return_exceptions=True)
    # Any other exception is a bug, which must not vanish among the results.
    for end in ends:
        if end is not None and not isinstance(end, (Transient, Fatal)):
            raise end

    # All calls of a client but its first are retries.
    retries = [started for calls in service.log for started, _, _ in calls[1:]]
    before_a_retry = [error for calls in service.log for _, _, error in calls[:-1]]
    return (
        Outcome()
        .figure("served", ends.count(None), "clients")
        .figure("gave up", sum(isinstance(end, Transient) for end in ends), "clients")
        .figure("failed for good", sum(isinstance(end, Fatal) for end in ends), "clients")
        .figure("attempts", sum(map(len, service.log)), "attempts")
        .figure("clients that tried again", sum(len(calls) > 1 for calls in service.log), "clients")
        .figure("most retries within 100 ms", most_within(CALL, retries), "attempts")
        .figure("total", now() - started, "ms")
        .check(f"no client tries more than {cx.attempts} times", all(len(calls) <= cx.attempts for calls in service.log))
        .check("each pause is as long as the formula says", all(pauses_fit(cx, calls) for calls in service.log))
        .check("no client retries a fatal error", all(isinstance(error, Transient) for error in before_a_retry))
    )


def most_within(span, moments):
    """Returns how many of these moments at most lie within one span of that length."""
    moments = sorted(moments)
    return max((bisect_left(moments, first + span) - i for i, first in enumerate(moments)), default=0)


if __name__ == "__main__":
    main("retry", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_jitter_dissolves_the_waves():
    """If no call succeeds, retries without jitter come all at once, however many clients there are."""
    for clients, jitter, most in [(8, "none", 8), (8, "full", 3), (8, "equal", 4), (16, "none", 16), (16, "full", 6)]:
        outcome = await run(given(PARAMS, clients=clients, jitter=jitter, fail_rate=100))
        assert outcome.value("most retries within 100 ms") == most
        assert outcome.holds()
