//! Lines over a socket.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One side of a connection.
pub(super) struct Connection {
    socket: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Wraps a socket.
    pub(super) fn new(socket: TcpStream) -> Self {
        Self { socket, buffer: Vec::new() }
    }

    /// The next line; `None` at the end.
    pub(super) async fn read(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line = self.buffer.drain(..=end).collect();
                return String::from_utf8(line).map(|line| Some(line.trim_end().to_owned())).map_err(io::Error::other);
            }
            let mut more = [0; 64];
            match self.socket.read(&mut more).await? {
                // waits: io
                0 => return Ok(None),
                length => self.buffer.extend_from_slice(&more[..length]),
            }
        }
    }

    /// Writes a line.
    pub(super) async fn write(&mut self, line: &str) -> io::Result<()> {
        self.socket.write_all(format!("{line}\n").as_bytes()).await
    }
}
