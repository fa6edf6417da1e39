"""Chat: register, broadcast, unregister.

The standard library has no WebSocket, so the twin sends lines over TCP; the room works
the same way. With a library (`websockets`, `aiohttp`), a seat reads and sends messages
instead of lines. The run uses the real clock, because sockets do not work on virtual
time.

Here a seat is two coroutines, one that reads and one that sends, because asyncio has no
`select!`: a read that is cancelled half way may lose what it has read.

Pitfall: with `for writer in writers: writer.write(...); await writer.drain()`, the
slowest client sets the pace of the room. Without `drain`, the messages that a slow
client does not read fill the memory. So give each client a bounded queue, use
`put_nowait`, and let `QueueFull` end its seat.
"""

import asyncio

from twin import Guests, Number, Outcome, main, now

PARAMS = {
    "clients": Number(5, 1, 100),
    "messages": Number(3, 1, 100),
    "slow": Number(1, 0, 100),
}

# In ms: the time between two messages of a client, how much later each client starts to speak
# than the one before, and how long a slow client takes to read a message.
PAUSE = 600
NEXT = 50
SLOWLY = 250

# How many unsent messages the server keeps for a client.
QUEUE = 1_000

# A client sends LEAVE to leave; END in a queue closes it.
LEAVE = "/leave"
END = None


class Room:
    """The clients in the room, each with a queue of messages to send."""

    def __init__(self):
        self.seats = {}
        self.said = self.owed = self.cut_off = 0
        self.left_at = {}

    def register(self, client):
        self.seats[client] = asyncio.Queue(QUEUE + 1)
        return self.seats[client]

    def unregister(self, client):
        if client in self.seats:
            self.seats.pop(client).put_nowait(END)
            self.left_at[client] = self.said

    def broadcast(self, text):
        """Puts a message into every queue; removes clients whose queue is full."""
        for client, queue in list(self.seats.items()):
            # The last place is for END.
            if queue.qsize() == QUEUE:
                self.cut_off += 1
                self.unregister(client)
            else:
                queue.put_nowait(f"{self.said} {text}")
                self.owed += 1
        self.said += 1


def is_slow(cx, client):
    """Returns True for the first clients, which read slowly."""
    return client < cx.slow


def says(cx, client):
    """How many messages a client sends. The last client leaves after its first one, unless it is alone."""
    return 1 if client > 0 and client + 1 == cx.clients else cx.messages


async def run(cx):
    started = now()
    room, present, seats, guests = Room(), asyncio.Event(), set(), Guests()

    async def accept(reader, writer):
        if guests.turns_away(writer):
            return
        seats.add(asyncio.current_task())
        await seat(cx, reader, writer, room, present)

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        address = server.sockets[0].getsockname()
        heard = await asyncio.gather(*(client(cx, i, guests, address, present) for i in range(cx.clients)))
        await asyncio.gather(*seats)

    def latest(kind):
        return max((done for i, (_, done) in enumerate(heard) if is_slow(cx, i) == kind), default=0)

    arrived = sum(len(messages) for messages, _ in heard)
    in_time = all(number < room.left_at[i] for i, (messages, _) in enumerate(heard) for number in messages)
    in_order = all(messages == sorted(set(messages)) for messages, _ in heard)
    return (
        Outcome()
        .figure("said", room.said, "messages")
        .figure("heard by each that stays", max(len(messages) for messages, _ in heard), "messages")
        .figure("cut off", room.cut_off, "clients")
        .figure("fast clients done after", latest(False), "ms")
        .figure("slow clients done after", latest(True), "ms")
        .figure("total", now() - started, "ms")
        .figure("strangers", guests.strangers, "connections")
        .check("each message reaches every client in the room", arrived == room.owed and room.cut_off == 0)
        .check("no client hears anything after it left", in_time)
        .check("all clients hear messages in the same order", in_order)
    )


async def seat(cx, reader, writer, room, present):
    """The server's side of a connection: broadcasts what the client says, and sends what is in its queue."""
    # The client sends its number first, because connections may be accepted in any order.
    who = int(await reader.readline())
    queue = room.register(who)
    if len(room.seats) == cx.clients:
        present.set()

    async def send():
        while (text := await queue.get()) is not END:
            writer.write(f"{text}\n".encode())
            await writer.drain()

    sending = asyncio.create_task(send(), name=f"sends to {who}")
    try:
        while (line := await reader.readline()) and (text := line.decode().strip()) != LEAVE:
            room.broadcast(text)
    finally:
        # Leave the room first, so that nothing more arrives. Then send what is still queued, so that nothing is lost.
        room.unregister(who)
        await sending
        writer.close()


async def client(cx, who, guests, address, present):
    """Joins, waits for the others, speaks at fixed times, listens, and leaves when it has heard everything."""
    reader, writer = await guests.connect(address)
    writer.write(f"{who}\n".encode())
    # Speak only when all clients are in the room, so that no one misses a message.
    await present.wait()
    started, messages = now(), []
    everything = sum(says(cx, i) for i in range(cx.clients))
    heard_everything = asyncio.Event()

    async def speak():
        for said in range(says(cx, who)):
            await asyncio.sleep((NEXT * who + PAUSE * said - (now() - started)) / 1000)
            writer.write(f"{who} says {said}\n".encode())
            await writer.drain()
        if says(cx, who) == cx.messages:
            await heard_everything.wait()
        writer.write(f"{LEAVE}\n".encode())
        await writer.drain()

    speaking = asyncio.create_task(speak(), name=f"client {who} speaks")
    try:
        # Read until the server closes the connection: then everything has arrived.
        while line := await reader.readline():
            messages.append(int(line.split()[0]))
            if is_slow(cx, who):
                await asyncio.sleep(SLOWLY / 1000)
            if len(messages) == everything:
                heard_everything.set()
        await speaking
    finally:
        speaking.cancel()
        writer.close()
    return messages, now() - started


if __name__ == "__main__":
    main("chat", PARAMS, run, real=lambda cx: True)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given

REAL = True


async def test_the_slow_one_is_late_and_the_others_are_not():
    """Every client hears everything, and only the slow ones are late."""
    for setting, said in [({}, 13), ({"clients": 2, "slow": 0}, 4), ({"clients": 1, "messages": 1, "slow": 0}, 1)]:
        outcome = await run(given(PARAMS, real=True, **setting))
        assert outcome.value("said") == outcome.value("heard by each that stays") == said
        assert outcome.value("cut off") == 0
        assert outcome.holds()
        slow = outcome.value("slow clients done after")
        assert slow == 0 or outcome.value("fast clients done after") < slow
