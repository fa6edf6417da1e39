//! # Chunk stream: process while it arrives
//!
//! A file of 64 KiB arrives over TCP, one chunk every 120 ms. Each chunk takes 60 ms to
//! process. If you process each chunk when it arrives, you hold one chunk. If you wait
//! for the last one, you hold the whole file.
//!
//! **What you see.** The receiver waits for the socket until the last chunk has arrived.
//! The counter `in_memory` climbs to 65536 bytes, and only then does the work begin. With
//! `variant=stream`, the receiver waits, works for a moment, and waits again: `in_memory`
//! never exceeds 4096, and the work ends 60 ms after the last chunk arrives.
//!
//! **Why.** Both variants receive the same bytes from the same socket. `stream` works in
//! the gaps between arrivals, where `buffer-all` only waits, so its work costs no time.
//! It also drops each chunk once it is processed. It holds no more than its buffer,
//! whatever the size of the file: the same code handles a file that is larger than the
//! memory. The run uses the real clock, because sockets do not work on virtual time.
//!
//! **Try.** The check fails, because 16 chunks are held. Set `variant` to `stream`: only
//! one is held, and the run ends 900 ms earlier, the time of 15 chunks. Set `chunk` to
//! 8192: half as many chunks arrive, twice as much is held, and the run takes half the
//! time. Set `per_chunk` to 300: now the work decides, 16 × 300 ms. What arrives
//! meanwhile waits in the socket, not in our memory; when the socket is full, the sender
//! waits too.
//!
//! **Pitfall.** TCP carries bytes, not chunks. One `read` returns what has arrived:
//! perhaps part of a chunk, or the end of one and the beginning of the next. Code that
//! treats each `read` as a message works on loopback and fails in production. And the
//! first peer to connect may not be the one that you expect: anyone can connect, so the
//! sender checks who it is.
//!
//! **Words.** asyncio: `asyncio.open_connection`, `reader.read(n)`,
//! `reader.readexactly(n)`; `await writer.drain()` waits if too much is unsent. Tokio:
//! `TcpStream`, `AsyncReadExt::read`, `read_exact`; `write_all` waits if the socket is
//! full, which asyncio's `write` does not.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info, info_span, warn};

use scenario::prelude::*;

const BYTES: Param = Param::count("bytes", 65_536, (1, 16_777_216), "bytes", "How large the file is.");
const CHUNK: Param = Param::count("chunk", 4_096, (1, 1_048_576), "bytes", "How much to send and process at once.");
const ARRIVE: Param = Param::millis("arrive", 120, (0, 60_000), "How long the sender takes per chunk.");
const PER_CHUNK: Param = Param::millis("per_chunk", 60, (0, 60_000), "How long the work takes per chunk.");
const VARIANT: Param = Param::choice("variant", &["buffer-all", "stream"], "Process after the last chunk, or each one.");

/// A free port of this machine.
const LOCAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "chunk-stream",
    title: "Chunk stream",
    group: Group::Channels,
    lesson: "Process while it arrives.",
    clocks: &[Clock::Real],
    params: &[BYTES, CHUNK, ARRIVE, PER_CHUNK, VARIANT],
    patterns: &["streaming", "chunked reading", "bounded memory", "TCP stream"],
    differs: "asyncio's `write` keeps what the socket does not take, and only `drain` waits; Tokio's `write_all` waits by itself.",
    builds_on: &["stream"],
    breaks: &[Breaks::checks(&[("variant", "buffer-all")], &["at most one chunk is held"])],
    real_because: "sockets do not work on virtual time",
    story: &[
        Stop::at(
            When::Spawn(Nth::First, "receiver"),
            "A file of {param:bytes} bytes arrives in chunks of {param:chunk} bytes. The sender takes {param:arrive} per \
             chunk, and the work on it takes {param:per_chunk}.",
        )
        .line("receive(cx.clone(), socket)"),
        Stop::at(
            When::Log(Nth::First, "holds"),
            "The first chunk is here. {task} only keeps it: it {text}, and goes back to the socket.",
        )
        .line("kept.extend_from_slice(chunk)")
        .only("variant", "buffer-all"),
        Stop::at(
            When::Log(Nth::First, "holds"),
            "The first chunk is here. {task} {text} and works on them at once. What arrives meanwhile waits in the socket.",
        )
        .line("work_through(&cx).await")
        .only("variant", "stream"),
        Stop::at(
            When::Log(Nth::Number(2), "holds"),
            "{task} {text}: the second chunk. The first one is processed, and its memory is used again.",
        )
        .line("received.works_through(length)")
        .only("variant", "stream"),
        Stop::at(
            When::Highest("in_memory"),
            "The last chunk is here. {counter:in_memory} bytes are in memory, the whole file, and {counter:used} are \
             processed.",
        )
        .line("received.holds(kept.len())")
        .only("variant", "buffer-all"),
        Stop::at(
            When::Log(Nth::First, "everything has arrived"),
            "Everything has arrived at {time}, and only now does the work begin. Until now {task} has only waited and kept \
             bytes.",
        )
        .line("kept.chunks(")
        .only("variant", "buffer-all"),
        Stop::at(
            When::Log(Nth::First, "everything has arrived"),
            "Everything has arrived at {time}, and {counter:used} bytes are already processed. No work is left.",
        )
        .line("everything has arrived")
        .only("variant", "stream"),
        Stop::at(
            When::Over,
            "The first chunk was processed after {figure:first chunk done after}. The run took {figure:total}, and held at \
             most {figure:most held} bytes.",
        ),
    ],
    questions: &[
        Question::new(
            "A file of {param:bytes} bytes arrives in chunks of {param:chunk} bytes. How many bytes are in memory at most, \
             with variant={param:variant}?",
            Answer::Choice(&[
                Choice::new("The whole file", If::Equal("figure:most held", "figure:received")),
                Choice::new("One chunk", If::Equal("figure:most held", "param:chunk")),
                Choice::new("Two chunks: one in work, and the next one", If::Equal("figure:most held", "param:chunk * 2")),
                Choice::new("Several chunks, but not the whole file", If::Otherwise),
            ]),
            When::Over,
            "The receiver held {figure:most held} of {figure:received} bytes at most. Memory grows with the file only if \
             chunks are kept until the last one is here.",
        ),
        Question::new(
            "A chunk comes every {param:arrive}, and the work on it takes {param:per_chunk}. When is all the work done, with \
             variant={param:variant}?",
            Answer::Choice(&[
                Choice::new(
                    "After the last chunk has come, and the work on that one",
                    If::Equal("figure:total", "param:arrive * figure:in chunks + param:per_chunk"),
                ),
                Choice::new(
                    "After the last chunk has come, and the work on all of them",
                    If::Equal("figure:total", "param:arrive + param:per_chunk * figure:in chunks"),
                ),
                Choice::new(
                    "In the moment when the last chunk comes",
                    If::Less("figure:total", "param:arrive * figure:in chunks + param:per_chunk"),
                ),
                Choice::new("Later, because the work is slower than the sender", If::Otherwise),
            ]),
            When::Log(Nth::First, "everything has arrived"),
            "All was done after {figure:total}. Work in the gaps between chunks costs no extra time; work after the last chunk \
             does.",
        ),
    ],
    source: include_str!("chunk_stream.rs"),
    path: file!(),
    twin: include_str!("chunk_stream.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// What the receiver has done.
#[derive(Default)]
struct Received {
    bytes: usize,
    chunks: usize,
    /// The most bytes in memory at a time.
    most_held: usize,
    /// How many bytes have been processed.
    used: usize,
    /// The checksum of all bytes in order, to compare with the sender's.
    checksum: u64,
    /// When the first chunk was processed.
    first: Duration,
}

/// What the sender has done.
#[derive(Default)]
struct Sent {
    /// The checksum of all bytes in order.
    checksum: u64,
    /// How many strangers connected before the receiver.
    strangers: usize,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let listener = TcpListener::bind(LOCAL).await?;
    let address = listener.local_addr()?;
    // Bind the receiver's socket before it connects, so that the sender knows its address and can refuse strangers.
    let socket = TcpSocket::new_v4()?;
    socket.bind(LOCAL)?;
    let expected = socket.local_addr()?;

    // A `JoinSet` aborts its tasks when it is dropped. So if this run is dropped, both tasks end and close their sockets.
    let mut sending = JoinSet::new();
    sending.build_task().name("sender").spawn(send(cx.clone(), listener, expected))?;
    let mut receiving = JoinSet::new();
    let socket = socket.connect(address).await?;
    receiving.build_task().name("receiver").spawn(receive(cx.clone(), socket))?;

    let received = receiving.join_next().await.ok_or("there is a receiver")???;
    let sent = sending.join_next().await.ok_or("there is a sender")???;

    let (bytes, chunk) = (cx.count(BYTES), cx.count(CHUNK));
    Ok(Outcome::new()
        .figure("received", received.bytes, "bytes")
        .figure("in chunks", received.chunks, "chunks")
        .figure("most held", received.most_held, "bytes")
        .figure("first chunk done after", received.first, "ms")
        .figure("total", started.elapsed(), "ms")
        .figure("strangers", sent.strangers, "connections")
        .check("the bytes received are the bytes sent", (received.bytes, received.checksum) == (bytes, sent.checksum))
        .check("at most one chunk is held", received.most_held <= chunk))
}

/// Sends the file to the receiver, chunk by chunk.
async fn send(cx: Context, listener: TcpListener, expected: SocketAddr) -> scenario::Result<Sent> {
    let mut sent = Sent::default();
    let mut socket = loop {
        let (socket, peer) = listener.accept().await?;
        if peer == expected {
            break socket;
        }
        // Any program on this machine can connect. Dropping its socket closes it.
        sent.strangers += 1;
        warn!(counter.strangers = sent.strangers, "turns {peer} away");
    };
    // The receiver is here: accept no more connections.
    drop(listener);
    let mut left = cx.count(BYTES);
    let mut chunk = vec![0; cx.count(CHUNK).min(left)];
    for i in 0.. {
        chunk.truncate(left);
        if chunk.is_empty() {
            break;
        }
        sleep(cx.duration(ARRIVE)).instrument(info_span!("prepares a chunk")).await;
        chunk.fill(cx.draw("content", i, 0..=255) as u8);
        // Wait until the other side has made room.
        socket.write_all(&chunk).await?;
        sent.checksum = add(sent.checksum, &chunk);
        left -= chunk.len();
    }
    socket.shutdown().await?;
    Ok(sent)
}

/// Receives until the other side has closed the connection.
async fn receive(cx: Context, mut socket: TcpStream) -> scenario::Result<Received> {
    let started = Instant::now();
    let stream = cx.word(VARIANT) == "stream";
    if !stream {
        let pieces = cx.count(BYTES).div_ceil(cx.count(CHUNK));
        // The slower side decides the pace; one chunk of the other side comes before or after it.
        let (arrive, work) = (cx.number(ARRIVE), cx.number(PER_CHUNK));
        let at = arrive.max(work) * pieces as u64 + arrive.min(work);
        info!(moment = "if streamed: done", moment_at_ms = at, "streaming would be done here");
    }
    let (mut received, mut kept) = (Received::default(), Vec::new());
    let mut buffer = vec![0; cx.count(CHUNK)];
    loop {
        let length = fill(&mut socket, &mut buffer).await?;
        let chunk = &buffer[..length];
        if chunk.is_empty() {
            break;
        }
        received.bytes += length;
        received.chunks += 1;
        received.checksum = add(received.checksum, chunk);
        if stream {
            // Work now. The next chunk arrives in the socket meanwhile.
            received.holds(length);
            work_through(&cx).await;
            received.works_through(length);
        } else {
            // Only keep the chunk: the memory in use grows with the file.
            kept.extend_from_slice(chunk);
            received.holds(kept.len());
        }
        if stream && received.chunks == 1 {
            received.first = started.elapsed();
        }
    }
    info!(moment = "last byte", "everything has arrived");
    // `buffer-all` begins its work here; `stream` has kept nothing.
    for (i, chunk) in kept.chunks(cx.count(CHUNK)).enumerate() {
        work_through(&cx).await;
        received.works_through(chunk.len());
        if i == 0 {
            received.first = started.elapsed();
        }
    }
    info!(counter.in_memory = 0, "{} bytes are processed", received.bytes);
    Ok(received)
}

/// The work on a chunk.
async fn work_through(cx: &Context) {
    sleep(cx.duration(PER_CHUNK)).instrument(info_span!("works")).await;
}

impl Received {
    fn holds(&mut self, bytes: usize) {
        info!(counter.in_memory = bytes, counter.received = self.bytes, counter.used = self.used, "holds {bytes} bytes");
        self.most_held = self.most_held.max(bytes);
    }

    fn works_through(&mut self, bytes: usize) {
        self.used += bytes;
        info!(counter.used = self.used);
    }
}

/// Reads until the buffer is full or the stream ends; returns how many bytes it read.
async fn fill(socket: &mut TcpStream, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut length = 0;
    // One `read` may return only part of a chunk, so read until the chunk is complete.
    while length < buffer.len() {
        match socket.read(&mut buffer[length..]).await? {
            0 => break,
            more => length += more,
        }
    }
    Ok(length)
}

/// Adds bytes to a checksum that depends on their order. It resembles FNV-1a.
fn add(checksum: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(checksum, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3).wrapping_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both variants receive the same bytes. `stream` holds one chunk and works while it waits.
    #[test]
    fn streaming_holds_one_chunk_and_works_in_the_gaps() {
        scenario::really(async || {
            let mut totals = Vec::new();
            for (variant, chunk, chunks, held, total) in [
                ("stream", "1024", 16.0, 1024.0, 16 * 20 + 10),
                ("stream", "2048", 8.0, 2048.0, 8 * 20 + 10),
                ("buffer-all", "1024", 16.0, 16384.0, 16 * 20 + 16 * 10),
                // The last chunk is shorter.
                ("stream", "5000", 4.0, 5000.0, 4 * 20 + 10),
            ] {
                let turned = [(VARIANT, variant), (CHUNK, chunk), (BYTES, "16384"), (ARRIVE, "20"), (PER_CHUNK, "10")];
                let outcome = run(Context::real(&SCENARIO, &turned)).await?;
                let what = format!("{variant}, {chunk} bytes: {outcome:?}");
                let figures = ["received", "in chunks", "most held"].map(|name| outcome.value(name));
                assert_eq!(figures, [Some(16384.0), Some(chunks), Some(held)], "{what}");
                assert_eq!(outcome.holds(), variant == "stream", "{what}");
                // A timer may be late, but never early.
                assert!(outcome.value("total") >= Some(f64::from(total)), "{what}");
                totals.extend(outcome.value("total"));
            }
            // Chunks of twice the size take half the time. Work that begins late ends late.
            assert!(totals[1] < totals[0] && totals[0] < totals[2], "{totals:?}");
            Ok(())
        });
    }

    /// Unread bytes wait in the socket, not in the receiver.
    #[test]
    fn slow_work_decides_and_still_holds_one_chunk() {
        scenario::really(async || {
            let turned = [(VARIANT, "stream"), (CHUNK, "1024"), (BYTES, "20480"), (ARRIVE, "0"), (PER_CHUNK, "20")];
            let outcome = run(Context::real(&SCENARIO, &turned)).await?;
            assert!(outcome.holds(), "{outcome:?}");
            assert!(outcome.value("total") >= Some(400.0), "{outcome:?}");
            Ok(())
        });
    }

    /// Strangers connect before the receiver: many that leave, one that stays silent, one that talks.
    #[test]
    fn only_the_receiver_gets_the_file() {
        scenario::really(async || {
            let listener = TcpListener::bind(LOCAL).await?;
            let address = listener.local_addr()?;
            for _ in 0..20 {
                drop(TcpStream::connect(address).await?);
            }
            let mut silent = TcpStream::connect(address).await?;
            let mut talking = TcpStream::connect(address).await?;
            talking.write_all(b"GET / HTTP/1.1\r\n\r\n").await?;

            let socket = TcpSocket::new_v4()?;
            socket.bind(LOCAL)?;
            let (cx, expected) = (Context::real(&SCENARIO, &[(BYTES, "5000"), (ARRIVE, "1")]), socket.local_addr()?);
            let receiving = async { receive(cx.clone(), socket.connect(address).await?).await };
            let (sent, received) = tokio::try_join!(send(cx.clone(), listener, expected), receiving)?;
            assert_eq!((sent.strangers, received.bytes), (22, 5000));
            assert_eq!(sent.checksum, received.checksum);
            // Their connections are closed, and they received nothing.
            assert_eq!(silent.read(&mut [0; 16]).await?, 0);
            assert_eq!(talking.read(&mut [0; 16]).await.unwrap_or(0), 0);
            Ok(())
        });
    }

    /// The checksum depends on the order of the bytes.
    #[test]
    fn a_checksum_is_of_the_bytes_in_their_order() {
        assert_ne!(add(0, b"ab"), add(0, b"ba"));
        assert_ne!(add(0, b"a"), add(0, b"a\0"));
        assert_eq!(add(add(0, b"a"), b"b"), add(0, b"ab"));
    }
}
