"""What the asyncio twins share: virtual time, seeded draws, parameters, the report.

Each twin is the asyncio version of the scenario with the same name. Its event loop
jumps to the next timer when nothing else can run. So seconds of waiting take
milliseconds, and two runs with the same parameters and seed are identical. The draws
are the same as in `draw.rs`, so you can compare a twin with the Rust run figure by
figure. One difference remains: `asyncio.sleep(0)` lets other tasks run, while Tokio's
`sleep` of zero returns at once.

Standard library only, Python 3.11 or later:

    python3 scenarios/semaphore.py permits=5 seed=7

`--debug` turns on asyncio's debug mode, which warns about callbacks that run for 100 ms
or more, on virtual time too, and about coroutines that were never awaited:

    python3 scenarios/blocking.py --debug
"""

import asyncio
import functools
import json
import logging
import selectors
import socket
import sys
import time
import warnings

# Virtual time ------------------------------------------------------------------


class Stalled(Exception):
    """No task can run and no timer is set: nothing will ever run again."""


class JumpingSelector(selectors.DefaultSelector):
    """A selector that advances its clock instead of sleeping."""

    def __init__(self):
        super().__init__()
        # An integer, so that the sum of many small sleeps stays exact.
        self.now_ms = 0

    def jump(self, ms):
        """Simulates CPU work: the clock advances and no other task runs."""
        self.now_ms += ms

    def select(self, timeout=None):
        events = super().select(0)
        if not events and timeout is None:
            raise Stalled("nothing can ever run again: every task waits for another one")
        if not events:
            self.now_ms += round(timeout * 1000)
        return events


class JumpingLoop(asyncio.SelectorEventLoop):
    """The standard event loop, on its selector's clock."""

    def __init__(self):
        self._jumping = JumpingSelector()
        super().__init__(self._jumping)
        self.jump = self._jumping.jump

    def time(self):
        return self._jumping.now_ms / 1000

    def call_at(self, when, callback, *args, context=None):
        # 0.1 + 0.2 is slightly more than 0.3. Rounding makes timers due in the same millisecond equal.
        return super().call_at(round(when, 3), callback, *args, context=context)


def now():
    """The time on the running loop's clock, in whole milliseconds."""
    return round(asyncio.get_running_loop().time() * 1000)


# Seeded draws ------------------------------------------------------------------

_64_BITS = (1 << 64) - 1
_GOLDEN = 0x9E37_79B9_7F4A_7C15


def bits(seed, stream, index):
    """64 well-mixed bits for an index of a stream.

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
    """A whole number from low to high, with equal probability.

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
    """An invalid command line, with the reason in one line."""


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
    """One word from a list; the first one is the default."""

    def __init__(self, *words):
        self.default, self.words = words[0], words

    def parse(self, text):
        if text not in self.words:
            raise BadValue(f"'{text}' is not one of {', '.join(self.words)}")
        return text


SEED = Number(0, 0, _64_BITS)


class Context:
    """The parameters of a run, as attributes, and its random draws."""

    def __init__(self, params, args):
        known = {**params, "seed": SEED}
        given = {}
        for arg in args:
            name, equals, text = arg.partition("=")
            if not equals or name not in known:
                raise BadValue(f"'{arg}' is not one of {', '.join(f'{name}=…' for name in known)}")
            if name in given:
                raise BadValue(f"{name} is given twice: give it once")
            try:
                given[name] = known[name].parse(text)
            except BadValue as error:
                raise BadValue(f"{name}: {error}") from None
        self.seed = given.pop("seed", SEED.default)
        self.values = {name: given.get(name, param.default) for name, param in params.items()}
        vars(self).update(self.values)
        # True on the real clock, which threads need.
        self.real = False

    def draw(self, stream, index, low, high):
        """Draws a number from low to high."""
        return within(self.seed, stream, index, low, high)

    def jittered(self, stream, index, base, jitter):
        """Draws a duration between base and base + jitter, in milliseconds."""
        return base + self.draw(stream, index, 0, jitter)

    def burn(self, ms):
        """CPU work: keeps this thread busy for this long, and the loop too if it runs on this thread."""
        if not self.real:
            asyncio.get_running_loop().jump(ms)
            return
        # Only the time counts in which this thread computes. Meanwhile other threads wait for CPython's lock.
        end = time.thread_time() + ms / 1000
        while time.thread_time() < end:
            pass

    def on_time(self, took, expected):
        """Compares a duration with the expected one: exactly on virtual time, within a margin on the real clock."""
        return took == expected or (self.real and abs(took - expected) <= 0.15 * expected + 50)


def given(params, real=False, **settings):
    """A context for a test: the defaults, with some settings changed."""
    cx = Context(params, [f"{name}={value}" for name, value in settings.items()])
    cx.real = real
    return cx


# Servers -----------------------------------------------------------------------


async def in_thread(function, *args):
    """Runs a blocking call in a thread; ends only after the thread, even if the caller is cancelled.

    `asyncio.to_thread` ends at once when it is cancelled, while its thread goes on and still uses what it was given.
    """
    call = asyncio.get_running_loop().run_in_executor(None, functools.partial(function, *args))
    cancelled = None
    while not call.done():
        try:
            # Unlike `await call`, this leaves the call alone when it is cancelled.
            await asyncio.wait({call})
        except asyncio.CancelledError as error:
            # A thread cannot be stopped: wait for it first.
            cancelled = error
    if cancelled is None:
        return call.result()
    # Nobody reads the result. Retrieve an error, or asyncio would log that nobody did.
    call.exception()
    raise cancelled


class Guests:
    """The clients that a server accepts. Any program on this machine can connect to its port."""

    def __init__(self):
        self.expected = set()
        self.strangers = 0

    async def connect(self, address, buffer=None, **options):
        """Connects from an address that the server knows in advance; returns a reader and a writer.

        `buffer` is the size of the system's buffer for what arrives, in bytes.
        """
        guest = socket.socket()
        try:
            guest.setblocking(False)
            if buffer is not None:
                guest.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            guest.bind(("127.0.0.1", 0))
            self.expected.add(guest.getsockname())
            await asyncio.get_running_loop().sock_connect(guest, address)
            return await asyncio.open_connection(sock=guest, **options)
        except BaseException:
            guest.close()
            raise

    def turns_away(self, writer):
        """Closes the connection of a stranger and returns True; returns False for a guest."""
        peer = writer.get_extra_info("peername")
        if peer in self.expected:
            self.expected.remove(peer)
            return False
        self.strangers += 1
        writer.close()
        return True


# The report --------------------------------------------------------------------


class Outcome:
    """The result of a run: figures to compare, and checks that passed or failed."""

    def __init__(self):
        self.figures, self.checks = [], []

    def figure(self, name, value, unit):
        self.figures.append({"name": name, "value": value, "unit": unit})
        return self

    def check(self, name, holds):
        self.checks.append({"name": name, "holds": holds})
        return self

    def value(self, name):
        """The value of a figure, for tests."""
        return next(figure["value"] for figure in self.figures if figure["name"] == name)

    def holds(self):
        """True if every check passed."""
        return all(check["holds"] for check in self.checks)


def main(scenario, params, run, refuse=None, real=None):
    """Reads NAME=VALUE arguments and `--debug`, runs the twin and prints its outcome as one JSON object.

    `real` takes a context and returns True if the run uses threads or sockets, which need the real clock.

    The exit code is 1 if a check failed or the run stalled, and 2 for bad usage.
    """
    if sys.version_info < (3, 11):
        sys.exit(_complain(scenario, "needs Python 3.11 or later", 2))
    debug = "--debug" in sys.argv[1:]
    if debug:
        _show_warnings(scenario)
    try:
        cx = Context(params, [arg for arg in sys.argv[1:] if arg != "--debug"])
        if refuse is not None:
            refuse(cx)
        cx.real = real is not None and real(cx)
    except BadValue as error:
        sys.exit(_complain(scenario, error, 2))

    async def timed():
        started = now()
        return await run(cx), now() - started

    try:
        # None: the environment variable PYTHONASYNCIODEBUG decides.
        with asyncio.Runner(debug=debug or None, loop_factory=None if cx.real else JumpingLoop) as runner:
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
    sys.exit(0 if outcome.holds() else 1)


def _show_warnings(scenario):
    """Prints every warning on standard error, from asyncio and from Python alike."""
    logging.basicConfig(format=f"{scenario}: %(message)s")
    logging.captureWarnings(True)
    # By default, Python prints a warning once for each line, and hides unclosed sockets and files.
    warnings.simplefilter("always")


def _complain(scenario, message, code):
    print(f"{scenario}: {message}", file=sys.stderr)
    return code
