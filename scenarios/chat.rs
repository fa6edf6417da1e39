//! # Chat: register, broadcast, unregister
//!
//! Five clients talk in one room over WebSocket. Each sends three messages, and each
//! message goes to every client in the room. One client reads slowly, and one leaves
//! early.
//!
//! **What you see.** Each client has two lanes: the client itself, and its seat, which is
//! the server's side of the connection. When a client speaks, its seat wakes, and then
//! every other seat. The fast clients are done when the last message has been sent. The
//! slow one keeps reading at its own pace, and nobody waits for it. The lane of the
//! client that leaves ends early.
//!
//! **Why.** The room is a list of queues. To join is to add a queue, to leave is to
//! remove it, and to broadcast is to put the message into each one, under a short lock
//! and without an await. Each seat sends from its own queue, at the speed of its own
//! client. So a slow client costs memory, up to the limit of its queue, but never time.
//! If its queue is full, the room removes it. The run uses the real clock, because
//! sockets do not work on virtual time.
//!
//! **Try.** Set `variant` to `gather`: a seat sends to all sockets at once and awaits all
//! of them. The slow client now sets the pace, and the fast ones end almost two seconds
//! later. Set `leaving` to `broken` too: the last client's connection breaks. Each client
//! that speaks after that loses its seat, because its broadcast returns the error of the
//! other's socket, and the broken client stays in the room. With `queue`, a broken
//! connection ends its own seat only. Set `slow` to 5, with `queue`: all clients end
//! late, 250 ms for each of the 13 messages, although all are sent as early as before.
//!
//! **Pitfall.** There are three. Awaiting the sends all at once looks concurrent, but it
//! is as slow as the slowest client. A registry that is cleaned up only after a polite
//! goodbye keeps every client that breaks, so clean up where the seat is dropped. And a
//! connection is not yet a client: this server knows the addresses of its clients and
//! turns others away.
//!
//! **Words.** asyncio: a set of writers and `asyncio.gather`, or an `asyncio.Queue` for
//! each client; the twin sends lines over TCP, because the standard library has no
//! WebSocket (`websockets`, `aiohttp`). Tokio: `join_all`, or `mpsc::channel` and
//! `try_send`; `tokio_tungstenite::accept_async`, whose socket is `split` into two halves.

use std::collections::{BTreeMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::{Mutex as AsyncMutex, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, accept_async, client_async};
use tracing::{error, info, warn};

use guests::{breaks_off, guests, is_slow, says, socket};
use scenario::prelude::*;

mod guests;
mod story;

const CLIENTS: Param = Param::count("clients", 5, (1, 100), "clients", "How many clients join the room.");
const MESSAGES: Param = Param::count("messages", 3, (1, 100), "messages", "Messages per client; the last sends one.");
const SLOW: Param = Param::count("slow", 1, (0, 100), "clients", "How many clients read slowly.");
const VARIANT: Param = Param::choice("variant", &["queue", "gather"], "A queue for each client, or send to all and wait.");
const LEAVING: Param = Param::choice("leaving", &["goodbye", "broken"], "How the client that leaves early goes.");

/// The time between two messages of a client.
const PAUSE: Duration = Duration::from_millis(600);

/// How much later each client starts to speak than the one before.
const NEXT: Duration = Duration::from_millis(50);

/// How long a slow client takes to read a message.
const SLOWLY: Duration = Duration::from_millis(250);

/// How many unsent messages the server keeps for a client.
const QUEUE: usize = 1_000;

/// How long a client that has said everything waits for the next message before it leaves.
const PATIENCE: Duration = Duration::from_secs(2);

/// The size of the picture that the server adds to each message, in bytes.
const PICTURE: usize = 24 * 1_024;

/// The size of the buffers between server and client, in bytes: less than a message, so that a slow client is felt at once.
const BUFFER: u32 = 4_096;

/// A free port of this machine.
const LOCAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A client sends this to leave.
const LEAVE: &str = "/leave";

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "chat",
    title: "Chat",
    group: Group::Real,
    lesson: "Register, broadcast, unregister.",
    clocks: &[Clock::Real],
    params: &[CLIENTS, MESSAGES, SLOW, VARIANT, LEAVING],
    patterns: &["WebSocket server", "broadcast to clients", "connection registry", "slow consumer"],
    differs: "asyncio's standard library has no WebSocket, so the twin sends lines over TCP. `asyncio.gather` raises the first \
              error at once, and the other sends go on; `join_all` waits for all of them.",
    builds_on: &["broadcast"],
    breaks: &[
        Breaks::checks(
            &[("variant", "gather"), ("leaving", "broken"), ("slow", "0")],
            &["each message reaches every client in the room", "a broken connection ends no other seat"],
        ),
        Breaks::checks(
            &[("variant", "gather"), ("leaving", "broken")],
            &["no broadcast waits for a slow client", "a broken connection ends no other seat"],
        ),
        Breaks::checks(&[("variant", "gather")], &["no broadcast waits for a slow client"]),
    ],
    real_because: "sockets do not work on virtual time",
    story: story::STORY,
    questions: story::QUESTIONS,
    source: include_str!("chat.rs"),
    path: file!(),
    twin: include_str!("chat.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// The half of a connection that sends. With `gather`, all seats send through it.
type Outgoing = SplitSink<WebSocketStream<TcpStream>, Message>;

/// The half of a connection that receives.
type Incoming = SplitStream<WebSocketStream<TcpStream>>;

/// The clients in the room.
#[derive(Default)]
struct Room {
    /// With `queue`: for each client a queue of messages to send.
    queues: BTreeMap<usize, Sender<Utf8Bytes>>,
    /// With `gather`: the socket of each client.
    sockets: BTreeMap<usize, Arc<AsyncMutex<Outgoing>>>,
    /// How many messages have been broadcast. The next message gets this number.
    said: usize,
    /// How many clients were removed because their queue was full.
    cut_off: usize,
    /// How many seats ended because the connection of another client was broken.
    lost: usize,
    /// The duration of the longest broadcast.
    longest: Duration,
    /// For each client that left, the value of `said` at that time.
    left_at: BTreeMap<usize, usize>,
}

/// A handle to the room. It is never locked across an await.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Room>>);

/// What a client heard.
struct Heard {
    client: usize,
    /// The numbers of the messages, in order of arrival.
    messages: Vec<usize>,
    done: Duration,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let clients = cx.count(CLIENTS);
    let listener = socket()?.listen(1_024)?;
    let address = listener.local_addr()?;
    let (sockets, guests) = guests(clients)?;
    let room = Shared::default();
    // Counts the clients in the room. Each client waits for all the others before it speaks.
    let (here, present) = watch::channel(0);

    let mut server = JoinSet::new();
    server.build_task().name("server").spawn(serve(cx.clone(), listener, guests, room.clone(), here))?;
    let mut talking = JoinSet::new();
    for (i, socket) in sockets.into_iter().enumerate() {
        let client = client(cx.clone(), i, socket, address, present.clone());
        let name = if is_slow(&cx, i) { format!("slow client {i}") } else { format!("client {i}") };
        talking.build_task().name(&name).spawn(client)?;
    }

    let mut heard = Vec::new();
    while let Some(client) = talking.join_next().await {
        heard.push(client??);
        if heard.iter().filter(|heard| !is_slow(&cx, heard.client)).count() + cx.count(SLOW) == clients {
            info!(moment = "only slow left", "all fast clients are done");
        }
    }
    let strangers = server.join_next().await.ok_or("there is a server")???;

    let room = room.lock();
    let latest = |slow| heard.iter().filter(|one| is_slow(&cx, one.client) == slow).map(|one| one.done).max().unwrap_or_default();
    // A client hears all messages sent before it left and no other, each one once, and all in the same order.
    let left_at = |one: &Heard| room.left_at.get(&one.client).copied().unwrap_or(room.said);
    let arrived = |one: &Heard| breaks_off(&cx, one.client) || one.messages.len() == left_at(one);
    let in_time = |one: &Heard| one.messages.iter().all(|number| *number < left_at(one));
    let in_order = |one: &Heard| one.messages.is_sorted_by(|one, next| one < next);
    Ok(Outcome::new()
        .figure("said", room.said, "messages")
        .figure("heard by each that stays", heard.iter().map(|one| one.messages.len()).max().unwrap_or_default(), "messages")
        .figure("cut off", room.cut_off, "clients")
        .figure("seats lost", room.lost, "clients")
        .figure("longest broadcast", room.longest, "ms")
        .figure("fast clients done after", latest(false), "ms")
        .figure("slow clients done after", latest(true), "ms")
        .figure("total", started.elapsed(), "ms")
        .figure("strangers", strangers, "connections")
        .check("each message reaches every client in the room", heard.iter().all(arrived) && room.cut_off == 0)
        .check("no client hears anything after it left", heard.iter().all(in_time))
        .check("all clients hear messages in the same order", heard.iter().all(in_order))
        .check("no broadcast waits for a slow client", cx.count(SLOW) == 0 || room.longest < SLOWLY)
        .check("a broken connection ends no other seat", room.lost == 0))
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Room> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a client to the room; returns its seat and the receiving end of its queue.
    fn register(&self, id: usize) -> (Seat, Receiver<Utf8Bytes>) {
        let (queue, messages) = mpsc::channel(QUEUE);
        self.lock().queues.insert(id, queue);
        (Seat { id, room: self.clone() }, messages)
    }

    /// Tells everyone that a client is in the room.
    fn welcome(&self, id: usize, here: &watch::Sender<usize>) {
        info!(counter.in_the_room = self.lock().clients(), mark = "in", "client {id} joins");
        here.send_modify(|here| *here += 1);
    }

    /// Removes a client: no later message goes to it.
    fn unregister(&self, id: usize) {
        let mut room = self.lock();
        room.queues.remove(&id);
        room.sockets.remove(&id);
        let said = room.said;
        room.left_at.insert(id, said);
        info!(counter.in_the_room = room.clients(), mark = "out", "client {id} leaves");
    }

    /// Puts a message into every queue; removes clients whose queue is full.
    fn broadcast(&self, text: &str) {
        let (mut room, begun) = (self.lock(), Instant::now());
        let (message, before) = (room.next(text), room.queues.len());
        // `try_send` never waits. If a queue is full, its client is removed and cannot stop the others.
        room.queues.retain(|_, queue| queue.try_send(message.clone()).is_ok());
        room.cut_off += before - room.queues.len();
        room.longest = room.longest.max(begun.elapsed());
    }

    /// Sends a message to every client at the same time, and waits until all have it. Returns the first error.
    async fn gather(&self, text: &str) -> Result<(), tungstenite::Error> {
        let begun = Instant::now();
        let (message, sockets) = {
            let mut room = self.lock();
            (room.next(text), room.sockets.values().cloned().collect::<Vec<_>>())
        };
        let sends = sockets.iter().map(async |socket| socket.lock().await.send(Message::text(message.clone())).await);
        // The sends run at the same time, but this is done only when the slowest client has the message.
        let sent = join_all(sends).await;
        let took = begun.elapsed();
        if took >= SLOWLY / 2 {
            info!(mark = "late", "waited {} ms until the slowest client had the message", took.as_millis());
        }
        let mut room = self.lock();
        room.longest = room.longest.max(took);
        sent.into_iter().collect()
    }
}

impl Room {
    fn clients(&self) -> usize {
        self.queues.len() + self.sockets.len()
    }

    /// Makes the next message: its number, the text, and the picture.
    fn next(&mut self, text: &str) -> Utf8Bytes {
        let (number, all) = (self.said, self.clients());
        self.said += 1;
        info!(counter.said = self.said, mark = format!("to all {all}"), "'{text}' goes to {all}");
        format!("{number} {text}\t{}", "x".repeat(PICTURE)).into()
    }
}

/// A client's place in the room. Dropping it removes the client, even if the connection broke or the task was aborted.
struct Seat {
    id: usize,
    room: Shared,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.room.unregister(self.id);
    }
}

/// Accepts all guests and waits until they have left; returns how many strangers it turned away.
async fn serve(
    cx: Context,
    listener: TcpListener,
    mut guests: HashSet<SocketAddr>,
    room: Shared,
    here: watch::Sender<usize>,
) -> scenario::Result<usize> {
    let (mut seats, mut strangers) = (JoinSet::new(), 0);
    while !guests.is_empty() {
        let (socket, peer) = listener.accept().await?;
        if !guests.remove(&peer) {
            // Any program on this machine can connect. Dropping its socket closes it; it never gets a seat.
            strangers += 1;
            warn!(counter.strangers = strangers, "turns {peer} away");
            continue;
        }
        let name = format!("seat {}", seats.len());
        let seat = seat(cx.clone(), socket, room.clone(), here.clone());
        seats.build_task().name(&name).spawn(seat)?;
    }
    // All guests are here: accept no more connections.
    drop(listener);
    while let Some(ended) = seats.join_next().await {
        // A seat has failed if its connection broke. That is no reason for the server to fail.
        ended?.unwrap_or_else(|error| warn!("a seat ended early: {error}"));
    }
    Ok(strangers)
}

/// The server's side of a connection.
async fn seat(cx: Context, socket: TcpStream, room: Shared, here: watch::Sender<usize>) -> scenario::Result<()> {
    let mut socket = accept_async(socket).await?;
    // The client sends its number first, because connections may be accepted in any order.
    let id = socket.next().await.ok_or("the client left before it sent its number")??.to_text()?.parse()?;
    let (outgoing, mut incoming) = socket.split();
    if cx.word(VARIANT) == "gather" {
        let socket = Arc::new(AsyncMutex::new(outgoing));
        room.lock().sockets.insert(id, socket.clone());
        room.welcome(id, &here);
        let talked = gather_what_is_said(id, &mut incoming, &room).await;
        // The connection ends with its seat, however that ends.
        socket.lock().await.close().await?;
        talked?;
    } else {
        let (seat, messages) = room.register(id);
        room.welcome(id, &here);
        queue_what_is_said(seat, messages, outgoing, &mut incoming).await?;
    }
    // Wait until the client has closed the connection too.
    while let Some(rest) = incoming.next().await {
        rest?;
    }
    Ok(())
}

/// Puts what the client says into all queues, and sends what is in its own. Neither half waits for the other.
async fn queue_what_is_said(
    seat: Seat,
    mut messages: Receiver<Utf8Bytes>,
    mut outgoing: Outgoing,
    incoming: &mut Incoming,
) -> Result<(), tungstenite::Error> {
    let hears = async {
        while let Some(text) = next_text(incoming).await? {
            seat.room.broadcast(&text);
        }
        // Leave the room first, so that nothing more arrives. That closes the queue, so the other half ends when it is empty.
        // If the connection breaks, `try_join!` drops both halves, and the seat with them.
        drop(seat);
        Ok(())
    };
    let sends = async {
        while let Some(message) = messages.recv().await {
            outgoing.send(Message::text(message)).await?;
        }
        outgoing.close().await
    };
    tokio::try_join!(hears, sends).map(|_| ())
}

/// Sends what the client says to all sockets, and hears nothing meanwhile.
async fn gather_what_is_said(id: usize, incoming: &mut Incoming, room: &Shared) -> Result<(), tungstenite::Error> {
    while let Some(text) = next_text(incoming).await? {
        if let Err(error) = room.gather(&text).await {
            room.lock().lost += 1;
            error!(%error, "fails to broadcast");
            return Err(error);
        }
    }
    // Any error skips this, and the client stays in the room.
    room.unregister(id);
    Ok(())
}

/// The next text that a client says; `None` if it leaves.
async fn next_text(incoming: &mut Incoming) -> Result<Option<Utf8Bytes>, tungstenite::Error> {
    while let Some(message) = incoming.next().await {
        match message? {
            Message::Text(text) if text.as_str() == LEAVE => break,
            Message::Text(text) => return Ok(Some(text)),
            _ => {}
        }
    }
    Ok(None)
}

/// Joins, waits for the others, speaks at fixed times, listens in between, and leaves when it has heard everything.
async fn client(
    cx: Context,
    client: usize,
    socket: TcpSocket,
    address: SocketAddr,
    mut present: watch::Receiver<usize>,
) -> scenario::Result<Heard> {
    let socket = socket.connect(address).await?;
    let (mut socket, _) = client_async(format!("ws://{address}/"), socket).await?;
    socket.send(Message::text(client.to_string())).await?;
    // Speak only when all clients are in the room, so that no one misses a message.
    present.wait_for(|here| *here == cx.count(CLIENTS)).await?;
    let started = Instant::now();

    let everything: usize = (0..cx.count(CLIENTS)).map(|client| says(&cx, client)).sum();
    let leaves_early = says(&cx, client) < cx.count(MESSAGES) && !breaks_off(&cx, client);
    let (mut said, mut leaving, mut messages, mut reading, mut heard_at) = (0, false, Vec::new(), None, started);
    loop {
        let next = started + NEXT * client as u32 + PAUSE * said as u32;
        tokio::select! {
            biased;
            () = sleep_until(next), if said < says(&cx, client) && !leaving => {
                info!(mark = "says", "sends message {said}");
                socket.send(Message::text(format!("{client} says {said}"))).await?;
                said += 1;
            }
            // A slow client is reading. It can still speak, but takes no message until it is done.
            () = sleep_until(reading.unwrap_or(started)), if reading.is_some() => reading = None,
            message = socket.next(), if reading.is_none() => match message.transpose()? {
                Some(Message::Text(text)) => {
                    let text = text.split('\t').next().unwrap_or_default();
                    messages.push(text.split(' ').next().unwrap_or_default().parse()?);
                    heard_at = Instant::now();
                    if breaks_off(&cx, client) && text.contains(&format!(" {client} says")) {
                        info!(moment = format!("client {client} breaks"), "breaks off");
                        // It has heard itself. Dropping the socket resets the connection, as a crash would.
                        break socket.get_ref().set_zero_linger()?;
                    }
                    if is_slow(&cx, client) {
                        info!(counter.slow_heard = messages.len(), mark = "hears", "hears '{text}'");
                        reading = Some(heard_at + SLOWLY);
                    }
                }
                // The server closes the connection, so everything has arrived. Flushing sends the answer to that.
                Some(Message::Close(_)) => break socket.flush().await?,
                Some(_) => {}
                None => break,
            },
            () = sleep_until(heard_at + PATIENCE), if said == says(&cx, client) && !leaving => {}
        }
        let heard = leaves_early || (messages.len() == everything && reading.is_none()) || heard_at.elapsed() >= PATIENCE;
        if said == says(&cx, client) && heard && !leaving {
            if leaves_early {
                info!(moment = format!("client {client} leaves"), "leaves early");
            }
            socket.send(Message::text(LEAVE)).await?;
            leaving = true;
        }
    }
    Ok(Heard { client, messages, done: started.elapsed() })
}

#[cfg(test)]
mod tests {
    mod room;
    mod ways;

    use super::*;

    /// The slow client is late, and the fast ones are not, unless each broadcast waits for it.
    #[test]
    fn only_gathered_sends_make_the_fast_clients_late() {
        scenario::really(async || {
            for (variant, late) in [("queue", false), ("gather", true)] {
                let outcome = run(Context::real(&SCENARIO, &[(VARIANT, variant)])).await?;
                // The last message is sent after 1350 ms. The slow client needs 3250 ms for all of them.
                assert_eq!(outcome.value("fast clients done after") > Some(2_300.0), late, "{variant}: {outcome:?}");
                assert_eq!(outcome.value("longest broadcast") >= Some(250.0), late, "{variant}: {outcome:?}");
                assert_eq!(outcome.holds(), !late, "{variant}: {outcome:?}");
            }
            Ok(())
        });
    }
}
