"""Cache key: equal keys must mean equal results.

A decorator makes the key of a call from its function and its arguments. With `text` it
is the function's name and the arguments as JSON, with `str` for what JSON does not
know. So `price("1984")` and `price("1984", discount=0)` are two keys for one call. The
title "1984" and the code 1984 have one key, and so have two functions with the name
`price`. `qualified` takes `__module__` and `__qualname__`, which mends the last fault.
`typed` mends all: it binds the arguments to the signature, fills in defaults, and
compares function, types and values.

Pitfalls: 1, 1.0 and True are equal and have one hash, so put the type into the key.
`functools.lru_cache` does so with `typed=True`, but it does not fill in defaults. An
argument must be hashable. And the key of a method has `self`, so the cache keeps the
object alive.
"""

import asyncio
import functools
import inspect
import json
from collections import Counter
from dataclasses import dataclass

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "key": Choice("text", "qualified", "typed"),
    "calls": Number(6, 1, 200),
    "articles": Number(3, 1, 100),
    "fetch": Number(300, 1, 60_000),
    "every": Number(500, 1, 60_000),
}

# How much later than the client before it a client begins, in ms; the code of the first article, and its title too.
STEP = 50
FIRST = 1984


@dataclass(frozen=True)
class Code:
    """The code of an article. Its text may be the title of another one."""

    number: int

    def __str__(self):
        return str(self.number)


class Cache:
    """A cache that fetches each entry once, whatever its key is."""

    def __init__(self, key):
        self.make_key = {"text": self.text, "qualified": self.qualified, "typed": self.typed}[key]
        self.entries, self.fetching = {}, {}

    @staticmethod
    def text(func, args, kwargs):
        return func.__name__ + json.dumps([args, kwargs], sort_keys=True, default=str)

    @staticmethod
    def qualified(func, args, kwargs):
        return f"{func.__module__}.{func.__qualname__}" + json.dumps([args, kwargs], sort_keys=True, default=str)

    @staticmethod
    def typed(func, args, kwargs):
        call = inspect.signature(func).bind(*args, **kwargs)
        # Now `price("1984")` and `price("1984", discount=0)` are the same.
        call.apply_defaults()
        return func, tuple((name, type(value), value) for name, value in call.arguments.items())

    def cached(self, func):
        """Decorates a coroutine function."""

        @functools.wraps(func)
        async def wrapper(*args, **kwargs):
            key = self.make_key(func, args, kwargs)
            # The first client fetches; the others wait for it, and then find the entry.
            async with self.fetching.setdefault(key, asyncio.Lock()):
                if key not in self.entries:
                    self.entries[key] = await func(*args, **kwargs)
            return self.entries[key]

        return wrapper


class Shops:
    """A bookshop and a cinema. Each has a function with the name `price`."""

    def __init__(self, cx):
        self.fetched = Counter()

        async def fetch(function, article, discount, hundreds):
            # What the price is of: two calls have the same result exactly if these are equal.
            of = function, type(article), str(article), discount
            self.fetched[of] += 1
            await asyncio.sleep(cx.fetch / 1000)
            return of, 100 * hundreds + cx.draw("price", int(str(article)), 0, 99) - discount

        class Books:
            @staticmethod
            async def price(article, discount=0):
                return await fetch("books", article, discount, 2 if isinstance(article, Code) else 1)

        class Films:
            @staticmethod
            async def price(article, discount=0):
                return await fetch("films", article, discount, 3)

        self.books, self.films = Books.price, Films.price


async def run(cx):
    started = now()
    cache, shops, tally = Cache(cx.key), Shops(cx), Counter()
    books, films = cache.cached(shops.books), cache.cached(shops.films)

    # How each client asks for an article, and what it wants to know.
    ways = {
        "title": (lambda n: books(str(n)), lambda n: ("books", str, str(n), 0)),
        # The same call, since 0 is the default.
        "title, discount=0": (lambda n: books(str(n), discount=0), lambda n: ("books", str, str(n), 0)),
        # Another article, with a code that is written like the title.
        "code": (lambda n: books(Code(n)), lambda n: ("books", Code, str(n), 0)),
        # Another function, with the same name.
        "film": (lambda n: films(str(n)), lambda n: ("films", str, str(n), 0)),
    }
    async with asyncio.TaskGroup() as clients:
        for i, (name, (ask, wanted)) in enumerate(ways.items()):
            clients.create_task(client(cx, started + STEP * i, ask, wanted, tally), name=name)

    fetches = shops.fetched.total()
    twice = fetches - len(shops.fetched)
    return (
        Outcome()
        .figure("answers", tally["answers"], "answers")
        .figure("fetches", fetches, "fetches")
        .figure("fetched twice", twice, "fetches")
        .figure("price of another article", tally["other value"], "answers")
        .figure("price of another function", tally["other function"], "answers")
        .figure("entries", len(cache.entries), "entries")
        .figure("total", now() - started, "ms")
        .check("no value is fetched twice", twice == 0)
        .check("values with equal text have their own entries", tally["other value"] == 0)
        .check("functions of one name have their own entries", tally["other function"] == 0)
    )


async def client(cx, begin, ask, wanted, tally):
    """Asks for one article after the other, always in the same way."""
    for n in range(cx.calls):
        await asyncio.sleep(max(begin + cx.every * n - now(), 0) / 1000)
        number = FIRST + n % cx.articles
        of, _ = await ask(number)
        tally["answers"] += 1
        # An answer is wrong if it is the price of something else.
        if of[0] != wanted(number)[0]:
            tally["other function"] += 1
        elif of != wanted(number):
            tally["other value"] += 1


if __name__ == "__main__":
    main("cache-key", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_equal_keys_have_to_mean_equal_results():
    """Only the key with the function and its arguments as values tells all calls apart, and takes equal ones for one."""
    for key, holds in [("text", False), ("qualified", False), ("typed", True)]:
        outcome = await run(given(PARAMS, key=key))
        assert outcome.holds() == holds, key
