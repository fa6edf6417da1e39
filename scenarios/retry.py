"""Retry: backoff needs jitter.

Clients that fail together and wait for the same time come back together. A delay that
doubles puts more time between the waves; only randomness makes them smaller.

A separate exception type marks what no retry can fix: `except Transient` retries, and
`Fatal` propagates.

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


class Client:
    """Calls until a call succeeds, fails for good, or was the last attempt."""

    def __init__(self, cx, i):
        self.cx, self.i = cx, i
        self.attempts = []
        self.ended = None

    async def run(self):
        for attempt in range(self.cx.attempts):
            # With jitter, clients that failed together come back at different times.
            if attempt > 0:
                await asyncio.sleep(self.pause(attempt - 1) / 1000)
            started = now()
            try:
                await self.call(attempt)
                self.ended = "served"
            except Transient:
                self.ended = "gave up"
            except Fatal:
                self.ended = "failed for good"
            self.attempts.append((started, now(), self.ended))
            if self.ended != "gave up":
                return

    async def call(self, attempt):
        """Calls the service, which fails at the rates of the parameters."""
        await asyncio.sleep(CALL / 1000)
        if self.cx.draw(f"fatal of {self.i}", attempt, 0, 99) < self.cx.fatal_rate:
            raise Fatal
        if self.cx.draw(f"fail of {self.i}", attempt, 0, 99) < self.cx.fail_rate:
            raise Transient

    def pause(self, attempt):
        """Returns how long the client waits after that attempt."""
        longest = delay(self.cx, attempt)
        match self.cx.jitter:
            case "none":
                return longest
            case "full":
                return self.cx.draw(f"pause of {self.i}", attempt, 0, longest)
            case "equal":
                return longest - longest // 2 + self.cx.draw(f"pause of {self.i}", attempt, 0, longest // 2)

    def pauses_fit(self):
        """Returns True if each pause is within the bounds of the formula."""
        for attempt, ((_, ended, _), (started, _, _)) in enumerate(zip(self.attempts, self.attempts[1:])):
            longest = delay(self.cx, attempt)
            shortest = {"none": longest, "full": 0, "equal": longest / 2}[self.cx.jitter]
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
    clients = [Client(cx, i) for i in range(cx.clients)]
    # All clients call at the same moment.
    async with asyncio.TaskGroup() as group:
        for client in clients:
            group.create_task(client.run(), name=f"client {client.i}")

    # The last attempt decides how a client ended. All attempts but the first are retries.
    ended = [client.ended for client in clients]
    retries = [started for client in clients for started, _, _ in client.attempts[1:]]
    before_last = [how for client in clients for _, _, how in client.attempts[:-1]]
    return (
        Outcome()
        .figure("served", ended.count("served"), "clients")
        .figure("gave up", ended.count("gave up"), "clients")
        .figure("failed for good", ended.count("failed for good"), "clients")
        .figure("attempts", sum(len(client.attempts) for client in clients), "attempts")
        .figure("most retries within 100 ms", most_within(CALL, retries), "attempts")
        .figure("total", now() - started, "ms")
        .check(f"no client tries more than {cx.attempts} times", all(len(c.attempts) <= cx.attempts for c in clients))
        .check("each pause is as long as the formula says", all(client.pauses_fit() for client in clients))
        .check("no client retries a fatal error", "failed for good" not in before_last)
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
