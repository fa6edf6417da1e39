"""Chat: register, broadcast, unregister.

The standard library has no WebSocket, so the twin sends lines over TCP; the room works
the same way. With a library (`websockets`, `aiohttp`), a seat reads and sends messages
instead of lines. The run uses the real clock, because sockets do not work on virtual
time.

Here a seat is two coroutines, one that reads and one that sends, because asyncio has no
`select!`: a read that is cancelled half way may lose what it has read.

Pitfall: with `await asyncio.gather(*(send(writer) for writer in writers))`, the slowest
client sets the pace of the room, as if you sent to one after the other. If one of the
connections is broken, its error is raised at once in the seat of the client that speaks,
and the other sends go on. Without `drain`, the messages that a slow client does not read
fill the memory. So give each client a bounded queue, use `put_nowait`, and let
`QueueFull` end its seat.
"""

import asyncio
import socket
import struct

from twin import Choice, Guests, Number, Outcome, main, now

PARAMS = {
    "clients": Number(5, 1, 100),
    "messages": Number(3, 1, 100),
    "slow": Number(1, 0, 100),
    "variant": Choice("queue", "gather"),
    "leaving": Choice("goodbye", "broken"),
}

# In ms: the time between two messages of a client, how much later each client starts to speak
# than the one before, and how long a slow client takes to read a message.
PAUSE = 600
NEXT = 50
SLOWLY = 250

# How long a client waits for the next message before it leaves, in ms.
PATIENCE = 2_000

# The size of a message with the picture that the server adds, and of the buffers between server and
# client, in bytes: less than a message, so that a slow client is felt at once.
PICTURE = 24 * 1_024
BUFFER = 4_096

# How many unsent messages the server keeps for a client.
QUEUE = 1_000

# A client sends LEAVE to leave; END in a queue closes it.
LEAVE = "/leave"
END = None


class Room:
    """The clients in the room."""

    def __init__(self):
        # With `queue`, for each client a queue of messages to send; with `gather`, its socket.
        self.queues, self.writers = {}, {}
        self.said = self.cut_off = self.lost = self.longest = 0
        self.left_at = {}

    def register(self, client):
        self.queues[client] = asyncio.Queue(QUEUE + 1)
        return self.queues[client]

    def unregister(self, client):
        if client in self.queues:
            self.queues.pop(client).put_nowait(END)
        self.writers.pop(client, None)
        self.left_at[client] = self.said

    def next(self, text):
        """Makes the next message: its number, the text, and the picture, in PICTURE bytes."""
        number, self.said = self.said, self.said + 1
        return f"{number} {text}\t".encode().ljust(PICTURE, b"x")

    def broadcast(self, text):
        """Puts a message into every queue; removes clients whose queue is full."""
        begun, message = now(), self.next(text)
        for client, queue in list(self.queues.items()):
            # The last place is for END.
            if queue.qsize() == QUEUE:
                self.cut_off += 1
                self.unregister(client)
            else:
                queue.put_nowait(message)
        self.longest = max(self.longest, now() - begun)

    async def gather(self, text):
        """Sends a message to every client at the same time, and waits until all have it. Raises the first error."""
        begun, message, writers = now(), self.next(text), dict(self.writers)
        # Write to all before the first await, so that a client that leaves meanwhile still gets this message.
        for writer in writers.values():
            if not writer.is_closing():
                writer.write(message)
        try:
            await asyncio.gather(*(self.drain(*each) for each in writers.items()))
        finally:
            self.longest = max(self.longest, now() - begun)

    async def drain(self, client, writer):
        """Waits until the system has all that was written for a client. Raises an error if its connection is broken."""
        try:
            if writer.is_closing():
                raise ConnectionResetError("the connection is closed")
            await writer.drain()
        except ConnectionError:
            # A client that has left since then is no error.
            if client in self.writers:
                raise


async def send(writer, message):
    """Sends a message, and waits until the system has all of it."""
    writer.write(message)
    await writer.drain()


def is_slow(cx, client):
    """Returns True for the first clients, which read slowly."""
    return client < cx.slow


def says(cx, client):
    """How many messages a client sends. The last client leaves after its first one, unless it is alone."""
    return 1 if client > 0 and client + 1 == cx.clients else cx.messages


def breaks_off(cx, client):
    """Returns True for the client whose connection breaks after its first message."""
    return cx.leaving == "broken" and says(cx, client) < cx.messages


def listening():
    """A socket on a free port. The connections that it accepts have small buffers."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
    listener.bind(("127.0.0.1", 0))
    return listener


async def run(cx):
    started = now()
    room, present, seats, guests = Room(), asyncio.Event(), set(), Guests()

    async def accept(reader, writer):
        if guests.turns_away(writer):
            return
        seats.add(asyncio.current_task())
        # Wait for room in the system's buffers, and not only until few bytes are left in this process.
        writer.transport.set_write_buffer_limits(high=0)
        try:
            await seat(cx, reader, writer, room, present)
        except ConnectionError:
            # A seat fails if its connection is broken. That is no reason for the server to fail.
            pass

    async with await asyncio.start_server(accept, sock=listening()) as server:
        address = server.sockets[0].getsockname()
        heard = await asyncio.gather(*(client(cx, i, guests, address, present) for i in range(cx.clients)))
        await asyncio.gather(*seats)

    def latest(kind):
        return max((done for i, (_, done) in enumerate(heard) if is_slow(cx, i) == kind), default=0)

    # A client hears all messages sent before it left and no other, each one once, and all in the same order.
    left_at = [room.left_at.get(i, room.said) for i in range(cx.clients)]
    arrived = all(breaks_off(cx, i) or len(messages) == left_at[i] for i, (messages, _) in enumerate(heard))
    in_time = all(number < left_at[i] for i, (messages, _) in enumerate(heard) for number in messages)
    in_order = all(messages == sorted(set(messages)) for messages, _ in heard)
    return (
        Outcome()
        .figure("said", room.said, "messages")
        .figure("heard by each that stays", max(len(messages) for messages, _ in heard), "messages")
        .figure("cut off", room.cut_off, "clients")
        .figure("seats lost", room.lost, "clients")
        .figure("longest broadcast", room.longest, "ms")
        .figure("fast clients done after", latest(False), "ms")
        .figure("slow clients done after", latest(True), "ms")
        .figure("total", now() - started, "ms")
        .figure("strangers", guests.strangers, "connections")
        .check("each message reaches every client in the room", arrived and room.cut_off == 0)
        .check("no client hears anything after it left", in_time)
        .check("all clients hear messages in the same order", in_order)
        .check("no broadcast waits for a slow client", cx.slow == 0 or room.longest < SLOWLY)
        .check("a broken connection ends no other seat", room.lost == 0)
    )


async def seat(cx, reader, writer, room, present):
    """The server's side of a connection."""
    # The client sends its number first, because connections may be accepted in any order.
    who = int(await reader.readline())
    if cx.variant == "gather":
        room.writers[who] = writer
        talking = gather_what_is_said(who, reader, room)
    else:
        talking = queue_what_is_said(who, reader, writer, room, room.register(who))
    if len(room.queues) + len(room.writers) == cx.clients:
        present.set()
    try:
        await talking
    finally:
        writer.close()


async def queue_what_is_said(who, reader, writer, room, queue):
    """Puts what the client says into all queues, and sends what is in its own."""

    async def send_all():
        while (message := await queue.get()) is not END:
            await send(writer, message)

    sending = asyncio.create_task(send_all(), name=f"sends to {who}")
    try:
        while text := await next_text(reader):
            room.broadcast(text)
    finally:
        # Leave the room first, so that nothing more arrives. Then send what is still queued, so that nothing is lost.
        room.unregister(who)
        await sending


async def gather_what_is_said(who, reader, room):
    """Sends what the client says to all sockets, and hears nothing meanwhile."""
    while text := await next_text(reader):
        try:
            await room.gather(text)
        except ConnectionError:
            room.lost += 1
            raise
    # Any error skips this, and the client stays in the room.
    room.unregister(who)


async def next_text(reader):
    """The next text that a client says; None if it leaves."""
    line = await reader.readline()
    text = line.decode().strip()
    return text if line and text != LEAVE else None


async def client(cx, who, guests, address, present):
    """Joins, waits for the others, speaks at fixed times, listens, and leaves when it has heard everything."""
    # Read little ahead: what is in a reader's buffer has not been heard yet.
    reader, writer = await guests.connect(address, buffer=BUFFER, limit=1_024)
    writer.write(f"{who}\n".encode())
    # Speak only when all clients are in the room, so that no one misses a message.
    await present.wait()
    started, messages = now(), []
    everything = sum(says(cx, i) for i in range(cx.clients))
    heard_everything = asyncio.Event()

    async def speak():
        for said in range(says(cx, who)):
            await asyncio.sleep((NEXT * who + PAUSE * said - (now() - started)) / 1000)
            await send(writer, f"{who} says {said}\n".encode())
        if says(cx, who) == cx.messages or breaks_off(cx, who):
            await heard_everything.wait()
        await send(writer, f"{LEAVE}\n".encode())

    async def next_message():
        try:
            async with asyncio.timeout(PATIENCE / 1000):
                return await reader.readexactly(PICTURE)
        except TimeoutError:
            # Nobody speaks any more: leave.
            heard_everything.set()
            return await reader.readexactly(PICTURE)

    speaking = asyncio.create_task(speak(), name=f"client {who} speaks")
    try:
        # Read until the server closes the connection: then everything has arrived.
        while True:
            message = await next_message()
            text, _, _ = message.decode().partition("\t")
            messages.append(int(text.split()[0]))
            if breaks_off(cx, who) and f" {who} says" in text:
                # It has heard itself. Without lingering, closing resets the connection, as a crash would.
                connection = writer.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
                break
            if is_slow(cx, who):
                await asyncio.sleep(SLOWLY / 1000)
            if len(messages) == everything:
                heard_everything.set()
    except (asyncio.IncompleteReadError, ConnectionError):
        # The server has closed the connection.
        pass
    finally:
        speaking.cancel()
        await asyncio.wait([speaking])
        writer.close()
    return messages, now() - started


if __name__ == "__main__":
    main("chat", PARAMS, run, real=lambda cx: True)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given

REAL = True


async def test_the_slow_one_is_late_and_the_others_are_not():
    """Every client hears everything, and only the slow ones are late."""
    for setting, said in [({}, 13), ({"leaving": "broken"}, 13), ({"clients": 2, "slow": 0}, 4), ({"clients": 1, "messages": 1, "slow": 0}, 1)]:
        outcome = await run(given(PARAMS, real=True, **setting))
        assert outcome.value("said") == outcome.value("heard by each that stays") == said
        assert outcome.value("cut off") == 0
        assert outcome.holds()
        slow = outcome.value("slow clients done after")
        assert slow == 0 or outcome.value("fast clients done after") < slow


async def test_gathered_sends_are_as_slow_as_the_slowest_client_and_fail_with_any():
    """Each broadcast waits for the slow client, and ends its sender's seat if any connection is broken."""
    outcome = await run(given(PARAMS, real=True, variant="gather"))
    assert outcome.value("longest broadcast") >= 250
    assert not outcome.holds()
    outcome = await run(given(PARAMS, real=True, variant="gather", leaving="broken", slow=0))
    assert (outcome.value("said"), outcome.value("seats lost")) == (9, 4)
    assert not outcome.holds()
