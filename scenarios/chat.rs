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
//! remove it, and to broadcast is to put the message into each one. All of this happens
//! under a short lock, without an await. Each seat sends from its own queue, at the speed
//! of its own client. So a slow client costs memory (its socket's buffer, then its queue
//! up to the limit) but never time. If its queue is full, the room removes it: a client
//! that cannot keep up must not stop the others. The run uses the real clock, because
//! sockets do not work on virtual time.
//!
//! **Try.** Set `slow` to 0: the run ends as soon as the last message has been sent. Set
//! it to 5: all clients end late, 250 ms for each of the 13 messages, although the
//! messages are sent as early as before. Set `messages` to 6: there are 25 messages, and
//! the slow client takes twice as long.
//!
//! **Pitfall.** There are three. If you await the send to each client in turn, with the
//! list locked, the slowest client sets the pace of the room. If a connection breaks, its
//! queue must leave the room too, so remove it where the seat ends, not where the client
//! asks to leave. And a connection is not yet a client: this server knows the addresses
//! of its clients and turns others away.
//!
//! **Words.** asyncio: a set of writers or an `asyncio.Queue` for each client,
//! `asyncio.start_server`; the twin sends lines over TCP, because the standard library
//! has no WebSocket (`websockets`, `aiohttp`). Tokio: `mpsc::channel` and `try_send`,
//! `tokio_tungstenite::accept_async`, `select!` between the socket and the queue.

mod questions;

use std::collections::{BTreeMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async, client_async};
use tracing::{info, warn};

use scenario::prelude::*;

const CLIENTS: Param = Param::count("clients", 5, (1, 100), "clients", "How many clients join the room.");
const MESSAGES: Param = Param::count("messages", 3, (1, 100), "messages", "Messages per client; the last sends one.");
const SLOW: Param = Param::count("slow", 1, (0, 100), "clients", "How many clients read slowly.");

/// The time between two messages of a client.
const PAUSE: Duration = Duration::from_millis(600);

/// How much later each client starts to speak than the one before.
const NEXT: Duration = Duration::from_millis(50);

/// How long a slow client takes to read a message.
const SLOWLY: Duration = Duration::from_millis(250);

/// How many unsent messages the server keeps for a client.
const QUEUE: usize = 1_000;

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
    params: &[CLIENTS, MESSAGES, SLOW],
    patterns: &["WebSocket server", "broadcast to clients", "connection registry", "slow consumer"],
    differs: "asyncio's standard library has no WebSocket, so the twin sends lines over TCP.",
    builds_on: &["broadcast"],
    real_because: "sockets do not work on virtual time",
    story: &[
        Stop::at(
            When::Highest("in_the_room"),
            "{counter:in_the_room} clients are in the room. Each has a seat, a task of the server, with a queue of its own.",
        )
        .line("room.seats.insert"),
        Stop::at(
            When::Log(Nth::First, "'"),
            "{task} has received a message and puts it into each queue: {text}. `try_send` never waits, not even for a slow \
             client.",
        )
        .line("queue.try_send"),
        Stop::at(
            When::Log(Nth::First, "hears '"),
            "{task} has a message and takes its time to read it. Meanwhile, more messages gather in its own queue, and nobody \
             waits for it.",
        ),
        Stop::at(
            When::Log(Nth::First, "leaves early"),
            "{task} {text}. Its seat is dropped at the server, and takes its queue out of the room: no later message goes there.",
        )
        .line("room.seats.remove"),
        Stop::at(
            When::Log(Nth::First, "all fast clients"),
            "Every fast client has heard everything by {time}. A slow client costs memory, but never the time of another one.",
        ),
        Stop::at(
            When::Over,
            "{figure:said} messages were sent, and {figure:cut off} clients were cut off because their queue was full. The run \
             took {figure:total}.",
        ),
    ],
    questions: questions::QUESTIONS,
    source: include_str!("chat.rs"),
    path: file!(),
    twin: include_str!("chat.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// The clients in the room, each with a queue of messages to send.
#[derive(Default)]
struct Room {
    seats: BTreeMap<usize, Sender<String>>,
    /// How many messages have been broadcast. The next message gets this number.
    said: usize,
    /// How many messages were put into queues. As many must arrive.
    owed: usize,
    /// How many clients were removed because their queue was full.
    cut_off: usize,
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
    let listener = TcpListener::bind(LOCAL).await?;
    let address = listener.local_addr()?;
    let (sockets, guests) = guests(clients)?;
    let room = Shared::default();
    // Counts the clients in the room. Each client waits for all the others before it speaks.
    let (here, present) = watch::channel(0);

    let mut server = JoinSet::new();
    server.build_task().name("server").spawn(serve(listener, guests, room.clone(), here))?;
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
            info!(moment = "only slow left", "all fast clients have heard everything");
        }
    }
    let strangers = server.join_next().await.ok_or("there is a server")???;

    let room = room.lock();
    let slow = |one: &&Heard| is_slow(&cx, one.client);
    let latest = |those: Vec<&Heard>| those.into_iter().map(|one| one.done).max().unwrap_or_default();
    let (slow, fast): (Vec<_>, Vec<_>) = heard.iter().partition(slow);
    let arrived: usize = heard.iter().map(|one| one.messages.len()).sum();
    // A client hears only messages sent before it left, each one once, and all in the same order.
    let in_time = |one: &Heard| one.messages.iter().all(|number| room.left_at.get(&one.client).is_none_or(|left| number < left));
    let in_order = |one: &Heard| one.messages.is_sorted_by(|one, next| one < next);
    Ok(Outcome::new()
        .figure("said", room.said, "messages")
        .figure("heard by each that stays", heard.iter().map(|one| one.messages.len()).max().unwrap_or_default(), "messages")
        .figure("cut off", room.cut_off, "clients")
        .figure("fast clients done after", latest(fast), "ms")
        .figure("slow clients done after", latest(slow), "ms")
        .figure("total", started.elapsed(), "ms")
        .figure("strangers", strangers, "connections")
        .check("each message reaches every client in the room", arrived == room.owed && room.cut_off == 0)
        .check("no client hears anything after it left", heard.iter().all(in_time))
        .check("all clients hear messages in the same order", heard.iter().all(in_order)))
}

/// Creates a socket for each client. The server knows their addresses in advance and turns other connections away.
fn guests(clients: usize) -> std::io::Result<(Vec<TcpSocket>, HashSet<SocketAddr>)> {
    let (mut sockets, mut guests) = (Vec::new(), HashSet::new());
    for _ in 0..clients {
        let socket = TcpSocket::new_v4()?;
        socket.bind(LOCAL)?;
        guests.insert(socket.local_addr()?);
        sockets.push(socket);
    }
    Ok((sockets, guests))
}

/// Returns true for the first clients, which read slowly.
fn is_slow(cx: &Context, client: usize) -> bool {
    client < cx.count(SLOW)
}

/// How many messages a client sends. The last client leaves after its first one, unless it is alone.
fn says(cx: &Context, client: usize) -> usize {
    let leaves = client > 0 && client + 1 == cx.count(CLIENTS);
    if leaves { 1 } else { cx.count(MESSAGES) }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Room> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a client to the room; returns its seat and the receiving end of its queue.
    fn register(&self, id: usize) -> (Seat, Receiver<String>) {
        let (queue, messages) = mpsc::channel(QUEUE);
        let mut room = self.lock();
        room.seats.insert(id, queue);
        info!(counter.in_the_room = room.seats.len(), mark = "in", "client {id} joins");
        (Seat { id, room: self.clone() }, messages)
    }

    /// Puts a message into every queue; removes clients whose queue is full.
    fn broadcast(&self, text: &str) {
        let mut room = self.lock();
        let number = room.said;
        let before = room.seats.len();
        // `try_send` never waits. If a queue is full, its client is removed and cannot stop the others.
        room.seats.retain(|_, queue| queue.try_send(format!("{number} {text}")).is_ok());
        let reached = room.seats.len();
        room.said += 1;
        room.owed += reached;
        room.cut_off += before - reached;
        info!(
            counter.said = room.said,
            counter.in_the_room = reached,
            mark = format!("to all {reached}"),
            "'{text}' goes to {reached}"
        );
    }
}

/// A client's place in the room. Dropping it removes the client, even if the connection broke or the task was aborted.
struct Seat {
    id: usize,
    room: Shared,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut room = self.room.lock();
        room.seats.remove(&self.id);
        let said = room.said;
        room.left_at.insert(self.id, said);
        info!(counter.in_the_room = room.seats.len(), mark = "out", "client {} leaves", self.id);
    }
}

/// Accepts all guests and waits until they have left; returns how many strangers it turned away.
async fn serve(
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
        let seat = seat(socket, room.clone(), here.clone());
        seats.build_task().name(&name).spawn(seat)?;
    }
    // All guests are here: accept no more connections.
    drop(listener);
    while let Some(ended) = seats.join_next().await {
        ended??;
    }
    Ok(strangers)
}

/// The server's side of a connection: broadcasts what the client says, and sends what is in its queue.
async fn seat(socket: TcpStream, room: Shared, here: watch::Sender<usize>) -> scenario::Result<()> {
    let mut socket = accept_async(socket).await?;
    // The client sends its number first, because connections may be accepted in any order.
    let id = socket.next().await.ok_or("the client left before it sent its number")??.to_text()?.parse()?;
    let (seat, mut messages) = room.register(id);
    here.send_modify(|here| *here += 1);
    loop {
        tokio::select! {
            message = messages.recv() => match message {
                Some(text) => socket.send(Message::text(text)).await?,
                // The room has removed this client.
                None => break,
            },
            said = socket.next() => match said.transpose()? {
                Some(Message::Text(text)) if text.as_str() == LEAVE => break,
                Some(Message::Text(text)) => room.broadcast(&text),
                Some(_) => {}
                // The connection is gone. Returning drops the seat, so the client leaves the room.
                None => return Ok(()),
            },
        }
    }
    // Leave the room first, so that nothing more arrives. Then send what is still queued, so that nothing is lost.
    drop(seat);
    while let Some(text) = messages.recv().await {
        socket.send(Message::text(text)).await?;
    }
    close(socket).await
}

/// Closes the connection and waits until the other side has closed it too.
async fn close(mut socket: WebSocketStream<TcpStream>) -> scenario::Result<()> {
    socket.close(None).await?;
    while let Some(rest) = socket.next().await {
        rest?;
    }
    Ok(())
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
    let leaves_early = says(&cx, client) < cx.count(MESSAGES);
    let (mut said, mut leaving, mut messages, mut reading) = (0, false, Vec::new(), None);
    loop {
        let next = started + NEXT * client as u32 + PAUSE * said as u32;
        tokio::select! {
            biased;
            () = sleep_until(next), if said < says(&cx, client) => {
                info!(mark = "says", "sends message {said}");
                socket.send(Message::text(format!("{client} says {said}"))).await?;
                said += 1;
            }
            // A slow client is reading. It can still speak, but takes no message until it is done.
            () = sleep_until(reading.unwrap_or(started)), if reading.is_some() => reading = None,
            message = socket.next(), if reading.is_none() => match message.transpose()? {
                Some(Message::Text(text)) => {
                    messages.push(text.split(' ').next().unwrap_or_default().parse()?);
                    if is_slow(&cx, client) {
                        info!(counter.slow_heard = messages.len(), mark = "hears", "hears '{text}'");
                        reading = Some(Instant::now() + SLOWLY);
                    }
                }
                Some(_) => {}
                // The server has closed the connection: everything has arrived.
                None => break,
            },
        }
        let heard = leaves_early || (messages.len() == everything && reading.is_none());
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
    use futures_util::future::try_join_all;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// Every client hears everything, and only the slow ones are late.
    #[test]
    fn the_slow_one_is_late_and_the_others_are_not() {
        scenario::really(async || {
            for (turned, said, everybody_is_late) in [
                (&[] as &[_], 13.0, false),
                (&[(SLOW, "5")], 13.0, true),
                (&[(CLIENTS, "2"), (SLOW, "0")], 4.0, false),
                (&[(CLIENTS, "10"), (MESSAGES, "2")], 19.0, false),
                (&[(CLIENTS, "1"), (MESSAGES, "1"), (SLOW, "0")], 1.0, false),
            ] {
                let cx = Context::real(&SCENARIO, turned);
                let outcome = run(cx).await?;
                let figures = ["said", "heard by each that stays", "cut off"].map(|name| outcome.value(name));
                assert_eq!(figures, [Some(said), Some(said), Some(0.0)], "{turned:?}: {outcome:?}");
                assert!(outcome.holds(), "{turned:?}: {outcome:?}");
                let [fast, slow] = ["fast clients done after", "slow clients done after"].map(|name| outcome.value(name));
                // A slow client takes at least this long to read everything.
                let reading = said * SLOWLY.as_millis() as f64;
                assert_eq!(slow >= Some(reading), turned.iter().all(|(_, value)| *value != "0"), "{turned:?}: {outcome:?}");
                assert_eq!(fast == Some(0.0), everybody_is_late, "{turned:?}: {outcome:?}");
                assert!(slow == Some(0.0) || fast < slow, "{turned:?}: {outcome:?}");
            }
            Ok(())
        });
    }

    /// Strangers connect before the clients: many that leave, one that stays silent, one that talks.
    #[test]
    fn only_clients_get_a_seat() {
        scenario::really(async || {
            let listener = TcpListener::bind(LOCAL).await?;
            let address = listener.local_addr()?;
            for _ in 0..20 {
                drop(TcpStream::connect(address).await?);
            }
            let mut silent = TcpStream::connect(address).await?;
            let mut talking = TcpStream::connect(address).await?;
            talking.write_all(b"GET / HTTP/1.1\r\n\r\n").await?;

            let cx = Context::real(&SCENARIO, &[(CLIENTS, "2"), (MESSAGES, "1"), (SLOW, "0")]);
            let (sockets, guests) = guests(2)?;
            let (room, (here, present)) = (Shared::default(), watch::channel(0));
            let clients =
                sockets.into_iter().enumerate().map(|(i, socket)| client(cx.clone(), i, socket, address, present.clone()));
            let (strangers, heard) = tokio::try_join!(serve(listener, guests, room.clone(), here), try_join_all(clients))?;
            assert_eq!(strangers, 22);
            assert_eq!(heard.iter().map(|one| one.messages.len()).collect::<Vec<_>>(), [2, 2]);
            assert_eq!(silent.read(&mut [0; 16]).await?, 0);
            assert_eq!(talking.read(&mut [0; 16]).await.unwrap_or(0), 0);
            Ok(())
        });
    }

    /// A client that cannot keep up is removed, and the others are served.
    #[test]
    fn a_full_queue_costs_the_seat_and_nobody_else_anything() {
        let room = Shared::default();
        let (_stuck, unread) = room.register(0);
        let (_seat, mut messages) = room.register(1);
        for i in 0..=QUEUE {
            room.broadcast(&format!("number {i}"));
            assert_eq!(messages.try_recv().ok(), Some(format!("{i} number {i}")));
        }
        let cut_off = room.lock().cut_off;
        assert_eq!((unread.len(), cut_off), (QUEUE, 1));
        // Only the client that keeps up is still in the room.
        assert_eq!(room.lock().seats.keys().collect::<Vec<_>>(), [&1]);
    }

    /// Dropping a seat removes the client from the room.
    #[tokio::test]
    async fn who_left_is_sent_nothing_more() {
        let room = Shared::default();
        let (seat, mut messages) = room.register(0);
        room.broadcast("before");
        drop(seat);
        room.broadcast("after");
        assert_eq!((messages.recv().await, messages.recv().await), (Some("0 before".to_owned()), None));
    }
}
