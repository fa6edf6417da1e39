"""What the asyncio twins share: virtual time, seeded draws, parameters, the report.

Each twin is the scenario of the same name in asyncio. It runs on an event loop
whose time jumps to the next timer when there is nothing else to do, so seconds
of waiting take milliseconds, and two runs with the same parameters and the same
seed are the same. The draws are those of `draw.rs`, so a twin can be compared
with the Rust run figure by figure. (One difference is left: `asyncio.sleep(0)` lets
others run, while Tokio's `sleep` of no time is over at once.)

Standard library only, Python 3.11 or later:

    python3 scenarios/semaphore.py permits=5 seed=7
"""

import asyncio
import json
import selectors
import socket
import sys
import time

# Virtual time ------------------------------------------------------------------


class Stalled(Exception):
    """No task can run, no timer is set: nothing will ever happen again."""


class JumpingSelector(selectors.DefaultSelector):
    """A selector that moves a clock forward where another one would sleep."""

    def __init__(self):
        super().__init__()
        # An integer, so that time stays exact however many small sleeps are added up.
        self.now_ms = 0

    def jump(self, ms):
        """CPU work on virtual time: the clock moves, and nobody else has run."""
        self.now_ms += ms

    def select(self, timeout=None):
        events = super().select(0)
        if not events and timeout is None:
            raise Stalled("nothing can ever run again: every task waits for another one")
        if not events:
            self.now_ms += round(timeout * 1000)
        return events


class JumpingLoop(asyncio.SelectorEventLoop):
    """The usual event loop, on the clock of its selector."""

    def __init__(self):
        self._jumping = JumpingSelector()
        super().__init__(self._jumping)
        self.jump = self._jumping.jump

    def time(self):
        return self._jumping.now_ms / 1000

    def call_at(self, when, callback, *args, context=None):
        # 0.1 + 0.2 is a little more than 0.3: timers that are due in the same millisecond shall say so.
        return super().call_at(round(when, 3), callback, *args, context=context)


def now():
    """The time on the running loop's clock, in whole milliseconds."""
    return round(asyncio.get_running_loop().time() * 1000)


# Seeded draws ------------------------------------------------------------------

_64_BITS = (1 << 64) - 1
_GOLDEN = 0x9E37_79B9_7F4A_7C15


def bits(seed, stream, index):
    """64 well-mixed bits for one place in one stream.

    >>> hex(bits(0, "", 0))
    '0x86044e7231d085c7'
    >>> hex(bits(0, "latency", 0))
    '0x311c67b4d8b768b2'
    >>> hex(bits(0, "latency", 1))
    '0x2faa4d4a82ddec5a'
    >>> hex(bits(7, "latency", 0))
    '0x466f71d7c2bb46d3'
    >>> hex(bits(2**64 - 1, "é", 10**12))
    '0x3dd4a0b3b440b042'
    """
    name = 0xCBF2_9CE4_8422_2325
    for byte in stream.encode():
        name = ((name ^ byte) * 0x0100_0000_01B3) & _64_BITS
    return _mix(_mix(((seed + _GOLDEN) & _64_BITS) ^ name) + index * _GOLDEN)


def within(seed, stream, index, low, high):
    """A whole number from low to high, each one equally likely.

    >>> [within(7, "die", i, 1, 6) for i in range(12)]
    [3, 4, 1, 6, 3, 6, 3, 5, 5, 3, 5, 6]
    >>> within(7, "one", 0, 5, 5)
    5
    """
    return low + (bits(seed, stream, index) * (high - low + 1) >> 64)


def _mix(x):
    x &= _64_BITS
    x = ((x ^ (x >> 30)) * 0xBF58_476D_1CE4_E5B9) & _64_BITS
    x = ((x ^ (x >> 27)) * 0x94D0_49BB_1331_11EB) & _64_BITS
    return x ^ (x >> 31)


# Parameters --------------------------------------------------------------------


class BadValue(Exception):
    """A command line that cannot be taken, with the reason in one line."""


class Number:
    """A whole number within a closed range; times are in milliseconds."""

    def __init__(self, default, low, high):
        self.default, self.low, self.high = default, low, high

    def parse(self, text):
        try:
            value = int(text)
        except ValueError:
            raise BadValue(f"'{text}' is not a whole number: {self.low} to {self.high}") from None
        if not self.low <= value <= self.high:
            raise BadValue(f"{text} is out of range: {self.low} to {self.high}")
        return value


class Choice:
    """One word out of a list; the first one is the default."""

    def __init__(self, *words):
        self.default, self.words = words[0], words

    def parse(self, text):
        if text not in self.words:
            raise BadValue(f"'{text}' is none of {', '.join(self.words)}")
        return text


SEED = Number(0, 0, _64_BITS)


class Context:
    """The parameters of a run as attributes, and its randomness."""

    def __init__(self, params, args):
        known = {**params, "seed": SEED}
        given = {}
        for arg in args:
            name, equals, text = arg.partition("=")
            if not equals or name not in known:
                raise BadValue(f"'{arg}' is none of {', '.join(f'{name}=…' for name in known)}")
            if name in given:
                raise BadValue(f"{name} is given twice")
            try:
                given[name] = known[name].parse(text)
            except BadValue as error:
                raise BadValue(f"{name}: {error}") from None
        self.seed = given.pop("seed", SEED.default)
        self.values = {name: given.get(name, param.default) for name, param in params.items()}
        vars(self).update(self.values)
        # Whether the run is on the real clock, as it must be where threads take part.
        self.real = False

    def draw(self, stream, index, low, high):
        """A number from low to high, drawn from the seed."""
        return within(self.seed, stream, index, low, high)

    def jittered(self, stream, index, base, jitter):
        """base plus a drawn part of jitter, in milliseconds."""
        return base + self.draw(stream, index, 0, jitter)

    def burn(self, ms):
        """CPU work: takes so long, and gives nothing back to the loop before it is done."""
        if not self.real:
            asyncio.get_running_loop().jump(ms)
            return
        end = time.monotonic() + ms / 1000
        while time.monotonic() < end:
            pass

    def on_time(self, took, expected):
        """Whether something took as long as it should: exactly on virtual time, about so long on the real clock."""
        return took == expected or (self.real and abs(took - expected) <= 0.15 * expected + 50)


# Servers -----------------------------------------------------------------------


class Guests:
    """The clients of a server that serves nobody else: any program on this machine can connect to its port."""

    def __init__(self):
        self.expected = set()
        self.strangers = 0

    async def connect(self, address):
        """Connects from an address that the server knows before; returns a reader and a writer."""
        guest = socket.socket()
        try:
            guest.setblocking(False)
            guest.bind(("127.0.0.1", 0))
            self.expected.add(guest.getsockname())
            await asyncio.get_running_loop().sock_connect(guest, address)
            return await asyncio.open_connection(sock=guest)
        except BaseException:
            guest.close()
            raise

    def turns_away(self, writer):
        """Whether the other side is a stranger, whose connection is then closed."""
        peer = writer.get_extra_info("peername")
        if peer in self.expected:
            self.expected.remove(peer)
            return False
        self.strangers += 1
        writer.close()
        return True


# The report --------------------------------------------------------------------


class Outcome:
    """What came out of a run: figures to compare, and checks that hold or do not."""

    def __init__(self):
        self.figures, self.checks = [], []

    def figure(self, name, value, unit):
        self.figures.append({"name": name, "value": value, "unit": unit})
        return self

    def check(self, name, holds):
        self.checks.append({"name": name, "holds": holds})
        return self


def main(scenario, params, run, refuse=None, real=None):
    """Reads NAME=VALUE arguments, runs the twin, prints its outcome as one JSON object.

    `real` says of a context whether that run has threads, which do not live on virtual time.

    Exit code 1 when a check does not hold or the run stalled, 2 for bad usage.
    """
    if sys.version_info < (3, 11):
        sys.exit(_complain(scenario, "needs Python 3.11 or later", 2))
    try:
        cx = Context(params, sys.argv[1:])
        if refuse is not None:
            refuse(cx)
        cx.real = real is not None and real(cx)
    except BadValue as error:
        sys.exit(_complain(scenario, error, 2))

    async def timed():
        started = now()
        return await run(cx), now() - started

    try:
        with asyncio.Runner(loop_factory=None if cx.real else JumpingLoop) as runner:
            outcome, elapsed = runner.run(timed())
    except Stalled as error:
        sys.exit(_complain(scenario, error, 1))
    report = {
        "scenario": scenario,
        "params": cx.values,
        "seed": cx.seed,
        "elapsed_ms": elapsed,
        "outcome": outcome.figures,
        "checks": outcome.checks,
    }
    print(json.dumps(report))
    sys.exit(0 if all(check["holds"] for check in outcome.checks) else 1)


def _complain(scenario, message, code):
    print(f"{scenario}: {message}", file=sys.stderr)
    return code
