"""Broadcast: someone pays for a slow receiver.

asyncio has no broadcast channel, so each receiver has a queue, and the publisher puts
each message into every queue. `put_nowait` raises `QueueFull` if a receiver is too far
behind. Then someone has to pay: the receiver loses its oldest message (`lag`) or its
connection (`disconnect`), or the publisher waits in `put` (`wait`).

Tokio's `broadcast::channel` keeps one copy for all receivers, and a slow receiver
learns afterwards how many messages it missed. The channel rounds its capacity up to a
power of two, and so does this twin, so that you can compare the two.
"""

import asyncio

from twin import Choice, Number, Outcome, main, now

PARAMS = {
    "receivers": Number(4, 1, 1_000),
    "messages": Number(25, 1, 10_000),
    "capacity": Number(4, 1, 1_024),
    "slow": Number(300, 0, 60_000),
    "policy": Choice("lag", "disconnect", "wait"),
}

EVERY = 100
HANDLE = 10
END = None


class Receiver:
    """A receiver: its queue, and what happened to its messages."""

    def __init__(self, cx, handle):
        # The queue itself is unbounded, so the publisher can always put END. `offer` enforces the capacity.
        self.capacity = cx.capacity if cx.policy == "wait" else 1 << (cx.capacity - 1).bit_length()
        self.inbox = asyncio.Queue()
        self.room = asyncio.Semaphore(self.capacity)
        self.policy, self.messages, self.handle = cx.policy, cx.messages, handle
        self.delivered = self.lagged = self.cut_off = self.next = 0
        self.too_far_behind = False
        self.in_order = True

    async def offer(self, message):
        """Puts a message into the queue; if it is full, the policy decides."""
        if self.policy == "wait":
            await self.room.acquire()
        elif self.inbox.qsize() == self.capacity:
            if self.policy == "disconnect":
                self.too_far_behind = True
                return
            # Drop the oldest message to make room.
            self.inbox.get_nowait()
            self.lagged += 1
        self.inbox.put_nowait(message)

    async def receive(self):
        """Handles messages until none are left or it is cut off."""
        while (message := await self.inbox.get()) is not END:
            if self.too_far_behind:
                self.cut_off = self.messages - self.next
                return
            self.room.release()
            # Numbers may skip, but never go back.
            self.in_order &= message >= self.next
            self.next = message + 1
            self.delivered += 1
            await asyncio.sleep(self.handle / 1000)

    def accounts_for_all(self):
        """Returns True if every message was delivered, skipped or cut off, in order."""
        return self.delivered + self.lagged + self.cut_off == self.messages and self.in_order


async def run(cx):
    started = now()
    fast = [Receiver(cx, HANDLE) for _ in range(cx.receivers - 1)]
    slow = Receiver(cx, HANDLE + cx.slow)
    receivers = [*fast, slow]

    async with asyncio.TaskGroup() as tasks:
        publisher = tasks.create_task(publish(receivers, cx.messages), name="publisher")
        for i, receiver in enumerate(receivers):
            tasks.create_task(receiver.receive(), name="slow" if receiver is slow else f"receiver {i}")

    return (
        Outcome()
        .figure("sent", cx.messages, "messages")
        .figure("slow receiver got", slow.delivered, "messages")
        .figure("slow receiver skipped", slow.lagged, "messages")
        .figure("slow receiver was cut off from", slow.cut_off, "messages")
        .figure("publisher blocked", publisher.result(), "ms")
        .figure("total", now() - started, "ms")
        .check(
            "every message is delivered, skipped or cut off",
            all(receiver.accounts_for_all() for receiver in receivers),
        )
        .check("fast receivers get every message", all(receiver.delivered == cx.messages for receiver in fast))
    )


async def publish(receivers, messages):
    """Sends all messages; returns how long it waited for receivers."""
    blocked = 0
    for message in range(messages):
        await asyncio.sleep(EVERY / 1000)
        ready = now()
        for receiver in receivers:
            await receiver.offer(message)
        blocked += now() - ready
    for receiver in receivers:
        receiver.inbox.put_nowait(END)
    return blocked


if __name__ == "__main__":
    main("broadcast", PARAMS, run)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given


async def test_someone_pays():
    """The slow receiver loses messages, or every receiver waits, or memory pays."""
    for policy, capacity, slow, got, skipped, cut_off, total in [
        ("lag", 4, 300, 12, 13, 0, 3_820),
        ("disconnect", 4, 300, 2, 0, 23, 2_510),
        ("wait", 4, 300, 25, 0, 0, 7_850),
        ("lag", 64, 300, 25, 0, 0, 7_850),
        ("lag", 4, 90, 25, 0, 0, 2_600),
    ]:
        outcome = await run(given(PARAMS, policy=policy, capacity=capacity, slow=slow))
        assert outcome.value("slow receiver got") == got
        assert outcome.value("slow receiver skipped") == skipped
        assert outcome.value("slow receiver was cut off from") == cut_off
        assert outcome.value("total") == total
        assert outcome.holds()
