"""Where the end of a transaction runs: it waits for the disk, so not in the event loop."""

import asyncio
import sqlite3
import threading
from types import SimpleNamespace

from database import Pool, write_orders

seen = []


class Watched(sqlite3.Connection):
    """Notes which thread ends a transaction."""

    def note(self, what):
        where = "the event loop" if threading.current_thread() is threading.main_thread() else "a thread"
        seen.append(f"{what} in {where}")

    def commit(self):
        self.note("commit")
        super().commit()

    def rollback(self):
        self.note("rollback")
        super().rollback()

    def __exit__(self, *error):
        self.note("rollback" if error[0] else "commit")
        return super().__exit__(*error)


async def main():
    connection = sqlite3.connect(":memory:", check_same_thread=False, factory=Watched)
    connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL CHECK (amount > 0))")
    pool = Pool("", 1)
    pool.idle.append(connection)
    for fail_write in (0, 2):
        cx = SimpleNamespace(orders=2, fail_write=fail_write, draw=lambda *_: 1)
        try:
            await write_orders(cx, pool)
        except sqlite3.IntegrityError:
            pass
    rows = connection.execute("SELECT count(*) FROM orders").fetchone()[0]
    print(f"{', '.join(seen)}, {rows} rows")


asyncio.run(main())
