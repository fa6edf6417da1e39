"""Chunk stream: process while it arrives.

`reader.read(n)` returns as soon as there is anything, at most n bytes. `readexactly(n)`
waits for all n bytes; if the stream ends first, it raises `IncompleteReadError`, which
holds the bytes so far. The run uses the real clock, because sockets do not work on
virtual time.

asyncio reads ahead: a `StreamReader` takes up to 128 KiB (twice its limit) out of the
socket before it stops. So a receiver that holds one chunk may have that much more in
the same process. Tokio's `TcpStream` has no buffer: unread bytes stay in the socket.

Pitfall: `writer.write` never waits. Without `await writer.drain()` after it, a sender
that is faster than the network keeps the whole file in memory.
"""

import asyncio

from twin import Choice, Guests, Number, Outcome, main, now

PARAMS = {
    "bytes": Number(65_536, 1, 16_777_216),
    "chunk": Number(4_096, 1, 1_048_576),
    "arrive": Number(120, 0, 60_000),
    "per_chunk": Number(60, 0, 60_000),
    "variant": Choice("buffer-all", "stream"),
}


async def run(cx):
    started = now()
    sent, guests = asyncio.get_running_loop().create_future(), Guests()

    async def sender(_, writer):
        if guests.turns_away(writer):
            return
        try:
            sent.set_result(await send(cx, writer))
        except Exception as error:
            sent.set_exception(error)

    async with await asyncio.start_server(sender, "127.0.0.1", 0) as server:
        reader, writer = await guests.connect(server.sockets[0].getsockname())
        try:
            received = await receive(cx, reader)
        finally:
            writer.close()
        checksum = await sent

    return (
        Outcome()
        .figure("received", received.bytes, "bytes")
        .figure("in chunks", received.chunks, "chunks")
        .figure("most held", received.most_held, "bytes")
        .figure("first chunk done after", received.first, "ms")
        .figure("total", now() - started, "ms")
        .figure("strangers", guests.strangers, "connections")
        .check("the bytes received are the bytes sent", (received.bytes, received.checksum) == (cx.bytes, checksum))
        .check("at most one chunk is held", received.most_held <= cx.chunk)
    )


async def send(cx, writer):
    """Sends the file, chunk by chunk; returns its checksum."""
    left, checksum, i = cx.bytes, 0, 0
    while left > 0:
        await asyncio.sleep(cx.arrive / 1000)
        chunk = bytes([cx.draw("content", i, 0, 255)]) * min(cx.chunk, left)
        writer.write(chunk)
        # Wait while too much is unsent.
        await writer.drain()
        checksum, left, i = add(checksum, chunk), left - len(chunk), i + 1
    writer.close()
    return checksum


class Received:
    """What the receiver has done."""

    def __init__(self):
        self.bytes = self.chunks = self.most_held = self.checksum = self.first = 0


async def receive(cx, reader):
    """Receives until the other side has closed the connection."""
    started, received, kept = now(), Received(), bytearray()
    while chunk := await fill(reader, cx.chunk):
        received.bytes += len(chunk)
        received.chunks += 1
        received.checksum = add(received.checksum, chunk)
        if cx.variant == "stream":
            # Work now. The next chunk arrives meanwhile.
            received.most_held = max(received.most_held, len(chunk))
            await asyncio.sleep(cx.per_chunk / 1000)
            received.first = received.first or now() - started
        else:
            # Only keep the chunk: the memory in use grows with the file.
            kept += chunk
            received.most_held = len(kept)
    # `buffer-all` begins its work here; `stream` has kept nothing.
    for _ in range(0, len(kept), cx.chunk):
        await asyncio.sleep(cx.per_chunk / 1000)
        received.first = received.first or now() - started
    return received


async def fill(reader, length):
    """Reads `length` bytes, or fewer if the stream ends."""
    try:
        return await reader.readexactly(length)
    except asyncio.IncompleteReadError as error:
        return error.partial


def add(checksum, chunk):
    """Adds bytes to a checksum that depends on their order."""
    for byte in chunk:
        checksum = ((checksum ^ byte) * 0x0100_0000_01B3 + 1) % 2**64
    return checksum


if __name__ == "__main__":
    main("chunk-stream", PARAMS, run, real=lambda cx: True)


# The test, for pytest with pytest-asyncio ---------------------------------------

from twin import given

REAL = True


async def test_streaming_holds_one_chunk_and_works_in_the_gaps():
    """Both variants receive the same bytes. `stream` holds one chunk and works while it waits."""
    for variant, chunk, chunks, held, total in [
        ("stream", 1_024, 16, 1_024, 16 * 20 + 10),
        ("stream", 2_048, 8, 2_048, 8 * 20 + 10),
        ("buffer-all", 1_024, 16, 16_384, 16 * 20 + 16 * 10),
        # The last chunk is shorter.
        ("stream", 5_000, 4, 5_000, 4 * 20 + 10),
    ]:
        settings = {"variant": variant, "chunk": chunk, "bytes": 16_384, "arrive": 20, "per_chunk": 10}
        outcome = await run(given(PARAMS, real=True, **settings))
        assert (outcome.value("received"), outcome.value("in chunks")) == (16_384, chunks)
        assert outcome.value("most held") == held
        assert outcome.holds() == (variant == "stream")
        # A timer may be late, but is at most a tick of the clock early.
        assert outcome.value("total") >= total - 5
