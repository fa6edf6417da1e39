//! The room by itself, and its door.

use futures_util::future::try_join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

/// A message without its picture.
fn words(message: Option<Utf8Bytes>) -> Option<String> {
    message?.split('\t').next().map(str::to_owned)
}

/// Strangers connect before the clients: many that leave, one that stays silent, one that talks.
#[test]
fn only_clients_get_a_seat() {
    scenario::really(async || {
        let listener = socket()?.listen(64)?;
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
        let clients = sockets.into_iter().enumerate().map(|(i, socket)| client(cx.clone(), i, socket, address, present.clone()));
        let (strangers, heard) =
            tokio::try_join!(serve(cx.clone(), listener, guests, room.clone(), here), try_join_all(clients))?;
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
        assert_eq!(words(messages.try_recv().ok()), Some(format!("{i} number {i}")));
    }
    let cut_off = room.lock().cut_off;
    assert_eq!((unread.len(), cut_off), (QUEUE, 1));
    // Only the client that keeps up is still in the room.
    assert_eq!(room.lock().queues.keys().collect::<Vec<_>>(), [&1]);
}

/// Dropping a seat removes the client from the room.
#[tokio::test]
async fn who_left_is_sent_nothing_more() {
    let room = Shared::default();
    let (seat, mut messages) = room.register(0);
    room.broadcast("before");
    drop(seat);
    room.broadcast("after");
    assert_eq!(words(messages.recv().await), Some("0 before".to_owned()));
    assert_eq!(messages.recv().await, None);
}
