"""Broadcast: someone pays for a slow receiver.

asyncio has no broadcast channel: each receiver has a queue, and the publisher puts
each message into all of them. `put_nowait` raises `QueueFull` when one is too
far behind, and then somebody has to pay: the receiver loses its oldest message
(`lag`) or its connection (`disconnect`), or the publisher waits in `put` (`wait`).

Tokio's `broadcast::channel` keeps one copy for all of them, and tells a receiver
afterwards how many it has missed. It rounds its capacity up to a power of two; so
does this twin, where the two are to be compared.
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
    """A receiver: its queue, and what has become of its messages."""

    def __init__(self, cx, handle):
        # The end has a place of its own: it is put by a publisher that never waits for it.
        self.capacity = cx.capacity if cx.policy == "wait" else 1 << (cx.capacity - 1).bit_length()
        self.inbox = asyncio.Queue()
        self.room = asyncio.Semaphore(self.capacity)
        self.policy, self.messages, self.handle = cx.policy, cx.messages, handle
        self.delivered = self.lagged = self.cut_off = self.next = 0
        self.too_far_behind = False
        self.in_order = True

    async def offer(self, message):
        """Puts a message into the queue, or does what the policy says when it is full."""
        if self.policy == "wait":
            await self.room.acquire()
        elif self.inbox.qsize() == self.capacity:
            if self.policy == "disconnect":
                self.too_far_behind = True
                return
            self.inbox.get_nowait()
            self.lagged += 1
        self.inbox.put_nowait(message)

    async def receive(self):
        """Takes messages until there are no more or it is cut off."""
        while (message := await self.inbox.get()) is not END:
            if self.too_far_behind:
                self.cut_off = self.messages - self.next
                return
            self.room.release()
            self.in_order &= message >= self.next
            self.next = message + 1
            self.delivered += 1
            await asyncio.sleep(self.handle / 1000)

    def accounts_for_all(self):
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
        .figure("slow one got", slow.delivered, "messages")
        .figure("slow one skipped", slow.lagged, "messages")
        .figure("slow one was cut off from", slow.cut_off, "messages")
        .figure("publisher blocked", publisher.result(), "ms")
        .figure("total", now() - started, "ms")
        .check(
            "delivered, skipped and cut off are all that was sent",
            all(receiver.accounts_for_all() for receiver in receivers),
        )
        .check("the fast ones get every message", all(receiver.delivered == cx.messages for receiver in fast))
    )


async def publish(receivers, messages):
    """Sends all messages, and returns how long it had to wait for receivers."""
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
