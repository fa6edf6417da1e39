"""Chat: register, broadcast, unregister.

The standard library has no WebSocket, so the twin speaks lines over TCP: what makes the
room is the same. With a library (`websockets`, `aiohttp`) a seat reads and sends messages
instead of lines. The run is on the real clock, because sockets do not live on virtual time.

A seat is two coroutines here, one that reads and one that sends, because asyncio has no
`select!`: a read that is cancelled half way may lose what it has read.

Pitfall: `for writer in writers: writer.write(...); await writer.drain()` is the room at the
pace of its slowest client; and without `drain` what a slow one does not read fills the memory.
Hence a queue with a bound for each client, `put_nowait`, and `QueueFull` ends its seat.
"""

import asyncio

from twin import Guests, Number, Outcome, main, now

PARAMS = {
    "clients": Number(5, 1, 100),
    "messages": Number(3, 1, 100),
    "slow": Number(1, 0, 100),
}

# How long a client takes between two things that it says, after how long the next client
# speaks, and how long a slow one takes to read a message, in ms.
PAUSE = 600
NEXT = 50
SLOWLY = 250

# How much the server keeps for a client.
QUEUE = 1_000

# What a client says when it wants to leave, and what stands in a queue for "no more".
LEAVE = "/leave"
END = None


class Room:
    """Who is in the room, each with the queue of what it still has to be sent."""

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
        """Puts a message into every queue; a client whose queue is full is taken out of the room."""
        for client, queue in list(self.seats.items()):
            # One place is for the end.
            if queue.qsize() == QUEUE:
                self.cut_off += 1
                self.unregister(client)
            else:
                queue.put_nowait(f"{self.said} {text}")
                self.owed += 1
        self.said += 1


def is_slow(cx, client):
    """Whether a client reads slowly: the first ones do."""
    return client < cx.slow


def says(cx, client):
    """How much a client says: the last one leaves after the first thing, unless it is alone."""
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
        .figure("heard by each who stays", max(len(messages) for messages, _ in heard), "messages")
        .figure("cut off", room.cut_off, "clients")
        .figure("the fast ones have heard all after", latest(False), "ms")
        .figure("the slow ones after", latest(True), "ms")
        .figure("total", now() - started, "ms")
        .figure("strangers", guests.strangers, "connections")
        .check("each message reaches all who are in the room", arrived == room.owed and room.cut_off == 0)
        .check("nothing reaches anyone after leaving", in_time)
        .check("everyone hears them in the same order", in_order)
    )


async def seat(cx, reader, writer, room, present):
    """The server's side of a connection: passes on what this client says, and sends what is in its queue."""
    # The client says first which one it is: connections may be accepted in another order.
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
        # First out of the room, then send what was said before: nothing more comes in, and nothing is lost.
        room.unregister(who)
        await sending
        writer.close()


async def client(cx, who, guests, address, present):
    """Comes in, waits for the others, speaks at its times, listens, leaves when it has heard everything."""
    reader, writer = await guests.connect(address)
    writer.write(f"{who}\n".encode())
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
        # Until the server has closed: then everything has come.
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
