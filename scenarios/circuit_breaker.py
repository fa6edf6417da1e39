"""Circuit breaker: fail fast, probe, recover.

After so many failures in a row the breaker opens and refuses every call at once. After
a while it is half open and lets one call through: answered, it closes, and failed,
it opens again. The service is left alone, and so are the clients.

Only the exception that means *down* counts. Others are raised by a service that is well.

Pitfall: an answer to a call that was sent in an earlier state says nothing about
this one. Between `await` and its return the state may have changed.
"""

import asyncio

from twin import Number, Outcome, main, now

PARAMS = {
    "threshold": Number(5, 1, 1_000),
    "recovery": Number(2_000, 1, 60_000),
    "calls": Number(140, 1, 10_000),
    "outage_from": Number(1_000, 0, 60_000),
    "outage_to": Number(4_000, 0, 60_000),
    "rate": Number(20, 1, 100),
    "other_errors": Number(0, 0, 100),
}

CLIENTS = 4
CALL = 30


class Refused(Exception):
    """The breaker has not let the call through."""


class Down(Exception):
    """The service is down. This is what the breaker counts."""


class BadRequest(Exception):
    """The service is well and does not like the request."""


class Breaker:
    def __init__(self, threshold, recovery):
        self.threshold, self.recovery = threshold, recovery
        self.failures = 0
        self.history = [(now(), "closed")]

    async def call(self, call):
        turn = self.admit()
        try:
            await call()
        except Down:
            self.answered(turn, down=True)
            raise
        except BadRequest:
            self.answered(turn, down=False)
            raise
        else:
            self.answered(turn, down=False)

    def admit(self):
        since, state = self.history[-1]
        if state == "open" and now() - since >= self.recovery:
            self.turn("half-open")
        elif state != "closed":
            raise Refused
        return len(self.history)

    def answered(self, turn, down):
        if len(self.history) != turn:
            return
        self.failures = self.failures + 1 if down else 0
        if self.history[-1][1] == "half-open":
            self.turn("open" if down else "closed")
        elif self.failures >= self.threshold:
            self.turn("open")

    def turn(self, state):
        self.failures = 0
        self.history.append((now(), state))


class Service:
    """The service, which is down for a while."""

    def __init__(self, cx):
        self.cx = cx
        self.started = now()
        self.reached = []

    async def call(self, number):
        at = now()
        self.reached.append(at)
        await asyncio.sleep(CALL / 1000)
        if self.cx.outage_from <= at - self.started < self.cx.outage_to:
            raise Down
        if self.cx.draw("other errors", number, 0, 99) < self.cx.other_errors:
            raise BadRequest


async def run(cx):
    started = now()
    breaker = Breaker(cx.threshold, cx.recovery)
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
        .figure("found well after the outage at", well[0] if well else 0, "ms")
        .figure("total", now() - started, "ms")
        .check("no call goes through while it is open", none_while_open(history, reached))
        .check("one probe at a time", one_probe_at_a_time(history, reached))
        .check("closed, open, half open, and on", in_order(history, cx.recovery))
    )


async def client(cx, i, breaker, service, tally):
    """Makes every fourth call, each one at its time."""
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
    """Each state with when it began and when it ended."""
    ends = [since for since, _ in history[1:]] + [float("inf")]
    return [(state, since, end) for (since, state), end in zip(history, ends)]


def none_while_open(history, reached):
    return not any(
        state == "open" and any(since < call < end for call in reached) for state, since, end in spans(history)
    )


def one_probe_at_a_time(history, reached):
    return all(
        sum(since <= call < end for call in reached) == 1 for state, since, end in spans(history) if state == "half-open"
    )


def in_order(history, recovery):
    after = {"closed": ["open"], "open": ["half-open"], "half-open": ["open", "closed"]}
    return all(
        state in after[before] and (before != "open" or at - since >= recovery)
        for (since, before), (at, state) in zip(history, history[1:])
    )


if __name__ == "__main__":
    main("circuit-breaker", PARAMS, run)
