"""Circuit breaker: fail fast, probe, recover.

After several failures in a row the breaker opens and refuses every call at once. After
a while it is half open and lets one call through, the probe. If the probe succeeds, the
breaker closes; if it fails, the breaker opens again. Meanwhile the service is left
alone, and no client waits for it.

Only the exception `Down` counts. A service that is up raises the others.

Pitfalls: the answer to a call that an earlier state admitted says nothing about the
current state. The state may change between the call's `await` and its return. And a
caller may be cancelled at that `await`. `except Exception` does not see that, because
`CancelledError` is a `BaseException`; `finally` does.
"""

import asyncio

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "threshold": Number(5, 1, 1_000),
    "recovery": Number(2_000, 1, 60_000),
    "calls": Number(140, 1, 10_000),
    "outage_from": Number(1_000, 0, 60_000),
    "outage_to": Number(4_000, 0, 60_000),
    "rate": Number(20, 1, 100),
    "other_errors": Number(0, 0, 100),
    "flaky": Number(0, 0, 100),
    "latency": Number(30, 1, 60_000),
    "probe": Choice("one", "all"),
    "on_success": Choice("reset", "keep"),
}

CLIENTS = 4


class Refused(Exception):
    """The breaker refused the call."""


class Down(Exception):
    """The service is down. The breaker counts only these."""


class BadRequest(Exception):
    """The service is up and rejects the request."""


class Breaker:
    """A circuit breaker between the clients and the service."""

    def __init__(self, threshold, recovery, probe="one", on_success="reset"):
        self.threshold, self.recovery = threshold, recovery
        # These two are wrong if they are set to the other word, to show why.
        self.probe_all = probe == "all"
        self.keep_failures = on_success == "keep"
        # The failures that count; failures since the last success; openings before as many failed in a row.
        self.failures = self.in_a_row = self.opened_early = 0
        self.history = [(now(), "closed")]

    async def call(self, call):
        """Makes the call, or refuses it at once."""
        turn = self.admit()
        down = None  # no answer yet
        try:
            await call()
            down = False
        except Down:
            down = True
            raise
        except BadRequest:
            down = False
            raise
        finally:
            # Also if the caller is cancelled at the await above: the probe must end.
            self.ended(turn, down)

    def admit(self):
        """Admits a call, or refuses it; returns the number of the state that admitted it."""
        since, state = self.history[-1]
        if state == "open" and now() - since >= self.recovery:
            # Time for a probe. This call is the probe; from now on the state refuses all others.
            self.turn("half-open")
        elif state == "open" or (state == "half-open" and not self.probe_all):
            raise Refused
        return len(self.history)

    def ended(self, turn, down):
        """Records the end of a call that state number `turn` admitted; `down` is None if there was no answer."""
        if len(self.history) != turn:
            # An earlier state admitted this call, so its end says nothing about the current one.
            return
        if down:
            self.failures += 1
            self.in_a_row += 1
        elif down is not None:
            # Only failures in a row count: any other answer resets the counter.
            self.failures = self.failures if self.keep_failures else 0
            self.in_a_row = 0
        if self.history[-1][1] == "half-open":
            # Without an answer the service is not known to be well. Wait, then probe again.
            self.turn("closed" if down is False else "open")
        elif self.failures >= self.threshold:
            self.opened_early += self.in_a_row < self.threshold
            self.turn("open")

    def turn(self, state):
        self.failures = self.in_a_row = 0
        self.history.append((now(), state))


class Service:
    """A service with an outage."""

    def __init__(self, cx):
        self.cx = cx
        self.started = now()
        self.reached = []

    async def call(self, number):
        at = now()
        self.reached.append(at)
        await asyncio.sleep(self.cx.latency / 1000)
        flaky = self.cx.draw("flaky", number, 0, 99) < self.cx.flaky
        if flaky or self.cx.outage_from <= at - self.started < self.cx.outage_to:
            raise Down
        if self.cx.draw("other errors", number, 0, 99) < self.cx.other_errors:
            raise BadRequest


async def run(cx):
    started = now()
    breaker = Breaker(cx.threshold, cx.recovery, cx.probe, cx.on_success)
    service = Service(cx)
    tally = {"answered": 0, Refused: 0, Down: 0, BadRequest: 0}

    async with asyncio.TaskGroup() as clients:
        for i in range(min(CLIENTS, cx.calls)):
            clients.create_task(client(cx, i, breaker, service, tally), name=f"client {i}")

    history, reached = breaker.history, service.reached
    states = [state for _, state in history]
    well = [since - started for since, state in history if state == "closed" and since - started >= cx.outage_to]
    return (
        Outcome()
        .figure("went through", len(reached), "calls")
        .figure("answered", tally["answered"], "calls")
        .figure("failed", tally[Down], "calls")
        .figure("other errors", tally[BadRequest], "calls")
        .figure("refused", tally[Refused], "calls")
        .figure("opened", states.count("open"), "times")
        .figure("probes", states.count("half-open"), "probes")
        .figure("recovery noticed at", well[0] if well else 0, "ms")
        .figure("total", now() - started, "ms")
        .check("no call goes through an open breaker", none_while_open(history, reached))
        .check("one probe at a time", one_probe_at_a_time(history, reached))
        .check("only failures in a row open the breaker", breaker.opened_early == 0)
        .check("states follow in the right order", in_order(history, cx.recovery))
    )


async def client(cx, i, breaker, service, tally):
    """Makes every fourth call, each at its scheduled time."""
    for number in range(i, cx.calls, CLIENTS):
        due = service.started + number * 1000 // cx.rate
        await asyncio.sleep(max(due - now(), 0) / 1000)
        try:
            await breaker.call(lambda: service.call(number))
        except (Refused, Down, BadRequest) as error:
            tally[type(error)] += 1
        else:
            tally["answered"] += 1


def spans(history):
    """Each state, with the time when it began and the time when it ended."""
    ends = [since for since, _ in history[1:]] + [float("inf")]
    return [(state, since, end) for (since, state), end in zip(history, ends)]


def none_while_open(history, reached):
    """Returns True if no call reached the service while the breaker was open."""
    return not any(
        state == "open" and any(since < call < end for call in reached) for state, since, end in spans(history)
    )


def one_probe_at_a_time(history, reached):
    """Returns True if exactly one call reached the service in each half-open state."""
    return all(
        sum(since <= call < end for call in reached) == 1 for state, since, end in spans(history) if state == "half-open"
    )


def in_order(history, recovery):
    """Returns True if each state follows an allowed one, and the breaker stayed open long enough each time."""
    after = {"closed": ["open"], "open": ["half-open"], "half-open": ["open", "closed"]}
    return all(
        state in after[before] and (before != "open" or at - since >= recovery)
        for (since, before), (at, state) in zip(history, history[1:])
    )


if __name__ == "__main__":
    main("circuit-breaker", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_it_fails_fast_probes_and_recovers():
    """Few calls fail. The recovery time decides how soon the breaker notices the end of the outage."""
    for setting, failed, opened, probes, well in [
        ({}, 6, 2, 2, 5_330),
        ({"recovery": 500}, 10, 6, 6, 4_530),
        ({"threshold": 20}, 20, 1, 1, 4_030),
        ({"other_errors": 50}, 6, 2, 2, 5_330),
        ({"threshold": 1_000}, 60, 0, 0, 0),
    ]:
        outcome = await run(given(PARAMS, **setting))
        assert (outcome.value("failed"), outcome.value("opened")) == (failed, opened)
        assert (outcome.value("probes"), outcome.value("recovery noticed at")) == (probes, well)
        assert outcome.holds()
