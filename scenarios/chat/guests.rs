//! The guests: their sockets, and what each of them does.

use std::collections::HashSet;
use std::net::SocketAddr;

use scenario::Context;
use tokio::net::TcpSocket;

use super::{BUFFER, CLIENTS, LEAVING, LOCAL, MESSAGES, SLOW};

/// Creates a socket with small buffers, on a free port. Connections that it accepts have such buffers too.
pub(super) fn socket() -> std::io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_send_buffer_size(BUFFER)?;
    socket.set_recv_buffer_size(BUFFER)?;
    socket.bind(LOCAL)?;
    Ok(socket)
}

/// Creates a socket for each client. The server knows their addresses in advance and turns other connections away.
pub(super) fn guests(clients: usize) -> std::io::Result<(Vec<TcpSocket>, HashSet<SocketAddr>)> {
    let (mut sockets, mut guests) = (Vec::new(), HashSet::new());
    for _ in 0..clients {
        let socket = socket()?;
        guests.insert(socket.local_addr()?);
        sockets.push(socket);
    }
    Ok((sockets, guests))
}

/// Returns true for the first clients, which read slowly.
pub(super) fn is_slow(cx: &Context, client: usize) -> bool {
    client < cx.count(SLOW)
}

/// How many messages a client sends. The last client leaves after its first one, unless it is alone.
pub(super) fn says(cx: &Context, client: usize) -> usize {
    let leaves = client > 0 && client + 1 == cx.count(CLIENTS);
    if leaves { 1 } else { cx.count(MESSAGES) }
}

/// True for the client whose connection breaks after its first message.
pub(super) fn breaks_off(cx: &Context, client: usize) -> bool {
    cx.word(LEAVING) == "broken" && says(cx, client) < cx.count(MESSAGES)
}
