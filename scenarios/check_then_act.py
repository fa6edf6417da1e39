"""Check then act: a check is out of date after the next await.

Between the check and the act are two awaits. In asyncio an await that need not wait
lets nobody else run, so with room in the queue no show is overbooked. If `put` has to
wait, all the others check meanwhile and see the same free seat.

Two cures: one lock held over check and act (`one-lock`), or no await between the two
(`permit`). A counter is then enough; asyncio has one thread.

Tokio may let others run at any await, even at one that need not wait. There the code
with two locks is wrong at any size of the queue.

A full `asyncio.Queue` is not first come, first served: who comes just when there is
room may overtake the others. So in a crowd other customers may buy than in Tokio.
"""

import asyncio

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "customers": Number(8, 1, 1_000),
    "seats": Number(3, 1, 1_000),
    "room": Number(100, 1, 10_000),
    "charge": Number(100, 0, 60_000),
    "variant": Choice("two-locks", "one-lock", "permit"),
}

SHOWS = 3
EVERY = 1_000


class Show:
    """One show: when its sale opens, and its seats."""

    def __init__(self, opens, seats):
        self.opens = opens
        self.seats = seats
        self.sold = 0
        self.lock = asyncio.Lock()
        # How many seats are free, with `permit`.
        self.free = seats


async def run(cx):
    started = now()
    payments = asyncio.Queue(cx.room)
    charged = asyncio.create_task(cashier(payments, cx.charge), name="cashier")
    shows = [Show(started + EVERY * nth, cx.seats) for nth in range(1, SHOWS + 1)]
    buy = {"two-locks": buy_with_two_locks, "one-lock": buy_with_one_lock, "permit": buy_with_a_permit}[cx.variant]

    # Start all customers. Each comes to every sale.
    async with asyncio.TaskGroup() as group:
        customers = [
            group.create_task(customer(shows, buy, payments), name=f"customer {i}") for i in range(cx.customers)
        ]
    bought = sum(customer.result() for customer in customers)
    # None ends the cashier.
    await payments.put(None)
    paid = await charged

    sold = sum(show.sold for show in shows)
    overbooked = sum(max(show.sold - cx.seats, 0) for show in shows)
    wanted = min(cx.seats, cx.customers)
    return (
        Outcome()
        .figure("sold", sold, "seats")
        .figure("overbooked", overbooked, "seats")
        .figure("turned away", cx.customers * SHOWS - bought, "customers")
        .figure("total", now() - started, "ms")
        .check("no show is overbooked", overbooked == 0)
        .check("no seat stays free while a customer wants it", all(show.sold >= wanted for show in shows))
        .check("every seat is paid for", paid == sold and bought == sold)
    )


async def customer(shows, buy, payments):
    """Comes to every sale; returns how many seats it bought."""
    bought = 0
    for show in shows:
        if (early := show.opens - now()) > 0:
            await asyncio.sleep(early / 1000)
        if receipt := await buy(show, payments):
            await receipt
            bought += 1
    return bought


async def buy_with_two_locks(show, payments):
    # The check. The lock is free again after it.
    async with show.lock:
        if show.sold >= show.seats:
            return None
    # If `put` has to wait, others run here and see the same free seat.
    receipt = await pay(payments)
    async with show.lock:
        # The act. The check was true then; nobody looks if it still is.
        show.sold += 1
    return receipt


async def buy_with_one_lock(show, payments):
    # Check, pay and act under one lock: nobody else can check in between.
    async with show.lock:
        if show.sold >= show.seats:
            return None
        receipt = await pay(payments)
        show.sold += 1
    return receipt


async def buy_with_a_permit(show, payments):
    # No await between check and act, so nobody else can run in between.
    if show.free == 0:
        return None
    show.free -= 1
    try:
        receipt = await pay(payments)
    except BaseException:
        # Nobody has paid for it: the seat is free again.
        show.free += 1
        raise
    show.sold += 1
    return receipt


async def pay(payments):
    """Sends a payment to the cashier; waits only if too many others queue there. Returns the receipt to come."""
    receipt = asyncio.get_running_loop().create_future()
    await payments.put(receipt)
    return receipt


async def cashier(payments, charge):
    """Takes the payments one after the other, and sends a receipt for each. Returns how many there were."""
    paid = 0
    while receipt := await payments.get():
        await asyncio.sleep(charge / 1000)
        paid += 1
        receipt.set_result(None)
    return paid


if __name__ == "__main__":
    main("check-then-act", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_a_check_is_out_of_date_after_a_wait():
    """Two locks are as good as one, until a payment has to wait between them."""
    for variant, customers, room, sold, overbooked in [
        ("two-locks", 8, 100, 9, 0),
        ("two-locks", 2, 100, 6, 0),
        ("two-locks", 8, 1, 24, 15),
        ("one-lock", 8, 100, 9, 0),
        ("one-lock", 8, 1, 9, 0),
        ("permit", 8, 100, 9, 0),
        ("permit", 8, 1, 9, 0),
    ]:
        outcome = await run(given(PARAMS, variant=variant, customers=customers, room=room))
        assert (outcome.value("sold"), outcome.value("overbooked")) == (sold, overbooked)
        assert outcome.holds() == (overbooked == 0)
