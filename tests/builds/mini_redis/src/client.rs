//! A client, and a client that many tasks share through a queue.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

use super::connection::Connection;
use super::spawn;

/// A connection to the server.
pub(super) struct Client(Connection);

impl Client {
    /// Connects.
    pub(super) async fn connect(address: SocketAddr) -> io::Result<Self> {
        Ok(Self(Connection::new(TcpStream::connect(address).await?))) // may wait: io
    }

    /// Connects, and sets a key now and then.
    pub(super) async fn connect_and_set(address: SocketAddr, key: usize) -> io::Result<()> {
        let mut client = Self::connect(address).await?;
        for _ in 0..3 {
            client.ask(&format!("set {key}")).await?;
            sleep(Duration::from_millis(5)).await; // waits: time
        }
        Ok(())
    }

    /// Asks for a key.
    pub(super) async fn get(&mut self, key: usize) -> io::Result<()> {
        self.ask(&format!("get {key}")).await
    }

    async fn ask(&mut self, request: &str) -> io::Result<()> {
        self.0.write(request).await?;
        self.0.read().await?.map(|_| ()).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

/// A request, and where its answer goes.
type Asked = (usize, oneshot::Sender<()>);

/// A client that many tasks share.
#[derive(Clone)]
pub(super) struct Buffered(mpsc::Sender<Asked>);

impl Buffered {
    /// Starts the task that owns the connection.
    pub(super) fn new(client: Client) -> io::Result<Self> {
        let (queue, asked) = mpsc::channel(1);
        spawn("buffer", forward(client, asked))?;
        Ok(Self(queue))
    }

    /// Asks for a key.
    pub(super) async fn get(&self, key: usize) -> io::Result<()> {
        let (answer, answered) = oneshot::channel();
        self.0.send((key, answer)).await.map_err(io::Error::other)?; // waits: mpsc send
        answered.await.map_err(io::Error::other) // waits: oneshot
    }
}

async fn forward(mut client: Client, mut asked: mpsc::Receiver<Asked>) -> io::Result<()> {
    while let Some((key, answer)) = asked.recv().await {
        // waits: mpsc recv
        client.get(key).await?;
        // The requester may be gone.
        let _ = answer.send(());
    }
    Ok(())
}
