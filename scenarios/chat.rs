//! # Chat: register, broadcast, unregister
//!
//! Five clients talk in one room over WebSocket. Each sends three messages, and each message
//! goes to everybody in the room. One of them reads slowly, and one leaves early.
//!
//! **What you see.** For each client two lanes: the client, and its seat, the server's side of
//! the connection. A client speaks, its seat wakes, and from there every other seat. The fast
//! clients are done when the last message has been sent; the slow one reads on at its own pace,
//! and nobody waits for it. The lane of the client that left ends early.
//!
//! **Why.** The room is a list of queues. Joining adds a queue, leaving removes it, and a
//! broadcast puts the message into each one: all under a short lock without an await. Each
//! seat sends from its own queue, at the speed of its own client. So a slow client costs
//! memory (the buffer of its socket, then its queue up to its bound) and never time. When
//! its queue is full it is removed from the room, since a client that cannot follow must not
//! stop the others. The run is on the real clock, because sockets do not live on virtual
//! time.
//!
//! **Try.** Set `slow` to 0: the run ends as soon as the last message has been sent. Set it to 5: all
//! end late, each 250 ms later for each of the 13 messages, though these are sent as early as before.
//! Set `messages` to 6: there are 25 messages, and the slow client takes twice as long for them.
//!
//! **Pitfall.** There are two. If you await the send to each client in turn, with the list locked, the
//! slowest client sets the pace of the room. And do not forget clients that left: a connection that just
//! breaks must remove its queue too, so do that where the seat ends, not where it is asked to leave. And
//! a connection is not yet a client: this server knows the addresses of its own, and turns others away.
//!
//! **Words.** asyncio: a set of writers or an `asyncio.Queue` for each client, `asyncio.start_server`; the
//! twin speaks lines over TCP, because the standard library has no WebSocket (`websockets`, `aiohttp`).
//! Tokio: `mpsc::channel` and `try_send`, `tokio_tungstenite::accept_async`,
//! `select!` between the socket and the queue.

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

use crate::prelude::*;

const CLIENTS: Param = Param::count("clients", 5, (1, 100), "clients", "How many clients come into the room.");
const MESSAGES: Param = Param::count(
    "messages",
    3,
    (1, 100),
    "messages",
    "How many things each of them says, but for the one that leaves after its first.",
);
const SLOW: Param = Param::count("slow", 1, (0, 100), "clients", "How many of them read slowly.");

/// How long a client takes between two things that it says, and after how long the next client speaks.
const PAUSE: Duration = Duration::from_millis(600);
const NEXT: Duration = Duration::from_millis(50);

/// How long a slow client takes to read a message.
const SLOWLY: Duration = Duration::from_millis(250);

/// How much the server keeps for a client.
const QUEUE: usize = 1_000;

/// A free port of this machine.
const LOCAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// What a client says when it wants to leave.
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
    differs: "asyncio's standard library has no WebSocket: the twin speaks lines over TCP.",
    builds_on: &["broadcast"],
    real_because: "sockets know no virtual time",
    source: include_str!("chat.rs"),
    path: file!(),
    twin: include_str!("chat.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// Who is in the room, each with the queue of what it still has to be sent.
#[derive(Default)]
struct Room {
    seats: BTreeMap<usize, Sender<String>>,
    /// How much has been said.
    said: usize,
    /// How often something was put into a queue: what has to arrive.
    owed: usize,
    /// Taken out because they could not follow.
    cut_off: usize,
    /// Of those who left, how much had been said by then.
    left_at: BTreeMap<usize, usize>,
}

/// The room, as its seats share it. Nothing is awaited while it is locked.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Room>>);

/// What a client has to tell.
struct Heard {
    client: usize,
    /// The numbers of what it heard, in the order in which that came.
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
            info!(moment = "only slow left", "the others have heard everything");
        }
    }
    let strangers = server.join_next().await.ok_or("there is a server")???;

    let room = room.lock();
    let slow = |one: &&Heard| is_slow(&cx, one.client);
    let latest = |those: Vec<&Heard>| those.into_iter().map(|one| one.done).max().unwrap_or_default();
    let (slow, fast): (Vec<_>, Vec<_>) = heard.iter().partition(slow);
    let arrived: usize = heard.iter().map(|one| one.messages.len()).sum();
    // Of someone who left, every message is older than that; nobody hears twice, or in another order.
    let in_time = |one: &Heard| one.messages.iter().all(|number| room.left_at.get(&one.client).is_none_or(|left| number < left));
    let in_order = |one: &Heard| one.messages.is_sorted_by(|one, next| one < next);
    Ok(Outcome::new()
        .figure("said", room.said, "messages")
        .figure("heard by each who stays", heard.iter().map(|one| one.messages.len()).max().unwrap_or_default(), "messages")
        .figure("cut off", room.cut_off, "clients")
        .figure("the fast ones have heard all after", latest(fast), "ms")
        .figure("the slow ones after", latest(slow), "ms")
        .figure("total", started.elapsed(), "ms")
        .figure("strangers", strangers, "connections")
        .check("each message reaches all who are in the room", arrived == room.owed && room.cut_off == 0)
        .check("nothing reaches anyone after leaving", heard.iter().all(in_time))
        .check("everyone hears them in the same order", heard.iter().all(in_order)))
}

/// A socket for each client, and their addresses: known before they connect, so the server can tell them from strangers.
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

/// Whether a client reads slowly: the first ones do.
fn is_slow(cx: &Context, client: usize) -> bool {
    client < cx.count(SLOW)
}

/// How much a client says: the last one leaves after the first thing, unless it is alone.
fn says(cx: &Context, client: usize) -> usize {
    let leaves = client > 0 && client + 1 == cx.count(CLIENTS);
    if leaves { 1 } else { cx.count(MESSAGES) }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Room> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a seat.
    fn register(&self, id: usize) -> (Seat, Receiver<String>) {
        let (queue, messages) = mpsc::channel(QUEUE);
        let mut room = self.lock();
        room.seats.insert(id, queue);
        info!(counter.in_the_room = room.seats.len(), mark = "in", "{id} comes in");
        (Seat { id, room: self.clone() }, messages)
    }

    /// Puts a message into every queue; a client whose queue is full is taken out of the room.
    fn broadcast(&self, text: &str) {
        let mut room = self.lock();
        let number = room.said;
        let before = room.seats.len();
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

/// A place in the room. Dropped, it is free: also when the connection broke, or the task was cut.
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
        info!(counter.in_the_room = room.seats.len(), mark = "out", "{} leaves", self.id);
    }
}

/// Lets its guests in, and is there until the last one has left; returns how many others it turned away.
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
            // Any program on this machine can connect. Dropping its socket closes it, and it never has a seat.
            strangers += 1;
            warn!(counter.strangers = strangers, "turns {peer} away");
            continue;
        }
        let name = format!("seat {}", seats.len());
        let seat = seat(socket, room.clone(), here.clone());
        seats.build_task().name(&name).spawn(seat)?;
    }
    // Nobody else is to come.
    drop(listener);
    while let Some(ended) = seats.join_next().await {
        ended??;
    }
    Ok(strangers)
}

/// The server's side of a connection: passes on what this client says, and sends what is in its queue.
async fn seat(socket: TcpStream, room: Shared, here: watch::Sender<usize>) -> scenario::Result<()> {
    let mut socket = accept_async(socket).await?;
    // The client says first which one it is: connections may be accepted in another order.
    let id = socket.next().await.ok_or("it left without a word")??.to_text()?.parse()?;
    let (seat, mut messages) = room.register(id);
    here.send_modify(|here| *here += 1);
    loop {
        tokio::select! {
            message = messages.recv() => match message {
                Some(text) => socket.send(Message::text(text)).await?,
                // Taken out of the room.
                None => break,
            },
            said = socket.next() => match said.transpose()? {
                Some(Message::Text(text)) if text.as_str() == LEAVE => break,
                Some(Message::Text(text)) => room.broadcast(&text),
                Some(_) => {}
                None => return Ok(()),
            },
        }
    }
    // First out of the room, then send what was said before: nothing more comes in, and nothing is lost.
    drop(seat);
    while let Some(text) = messages.recv().await {
        socket.send(Message::text(text)).await?;
    }
    close(socket).await
}

/// Says that this was all, and waits until the other side has said so too.
async fn close(mut socket: WebSocketStream<TcpStream>) -> scenario::Result<()> {
    socket.close(None).await?;
    while let Some(rest) = socket.next().await {
        rest?;
    }
    Ok(())
}

/// Comes in, waits for the others, speaks at its times, listens in between, leaves when it has heard everything.
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
                info!(mark = "says", "says thing {said}");
                socket.send(Message::text(format!("{client} says {said}"))).await?;
                said += 1;
            }
            // A slow one reads; it can still speak meanwhile.
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
                // The server has closed: everything has come.
                None => break,
            },
        }
        let heard = leaves_early || (messages.len() == everything && reading.is_none());
        if said == says(&cx, client) && heard && !leaving {
            if leaves_early {
                info!(moment = format!("client {client} leaves"), "has heard enough");
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

    /// Everybody hears everything, and only the slow ones are late.
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
                let figures = ["said", "heard by each who stays", "cut off"].map(|name| outcome.value(name));
                assert_eq!(figures, [Some(said), Some(said), Some(0.0)], "{turned:?}: {outcome:?}");
                assert!(outcome.holds(), "{turned:?}: {outcome:?}");
                let [fast, slow] = ["the fast ones have heard all after", "the slow ones after"].map(|name| outcome.value(name));
                // A slow one takes at least so long to read what was said.
                let reading = said * SLOWLY.as_millis() as f64;
                assert_eq!(slow >= Some(reading), turned.iter().all(|(_, value)| *value != "0"), "{turned:?}: {outcome:?}");
                assert_eq!(fast == Some(0.0), everybody_is_late, "{turned:?}: {outcome:?}");
                assert!(slow == Some(0.0) || fast < slow, "{turned:?}: {outcome:?}");
            }
            Ok(())
        });
    }

    /// Others connect before the clients: many who leave, one who stays and says nothing, one who talks.
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

    /// Who cannot follow is taken out, and the others are served.
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
        // Only the one that follows is still in the room.
        assert_eq!(room.lock().seats.keys().collect::<Vec<_>>(), [&1]);
    }

    /// A seat that is dropped, however that came, is out of the room.
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
