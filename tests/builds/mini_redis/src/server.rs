//! Accepts a limited number of connections at a time, each with its own task.

use std::io;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, mpsc, oneshot};

use super::connection::Connection;
use super::db::Db;
use super::spawn;

/// The maximum number of connections at a time.
const CONNECTIONS: usize = 4;

/// Serves until it is asked to stop, and returns when the last connection is closed.
pub(super) async fn run(listener: TcpListener, mut stop: oneshot::Receiver<()>) -> io::Result<()> {
    let (notify_shutdown, _) = broadcast::channel(1);
    let (shutdown_complete, mut complete) = mpsc::channel(1);
    let limit = Arc::new(Semaphore::new(CONNECTIONS));
    let db = Db::new()?;
    tokio::select! { // waits: oneshot
        _ = &mut stop => {}
        failed = accept(&listener, &limit, &db, &notify_shutdown, &shutdown_complete) => return failed,
    }
    drop((notify_shutdown, shutdown_complete));
    complete.recv().await.map_or(Ok(()), |()| Err(io::Error::other("nobody sends that"))) // may wait: mpsc recv
}

async fn accept(
    listener: &TcpListener,
    limit: &Arc<Semaphore>,
    db: &Db,
    notify_shutdown: &broadcast::Sender<()>,
    shutdown_complete: &mpsc::Sender<()>,
) -> io::Result<()> {
    for i in 0.. {
        let permit = limit.clone().acquire_owned().await.map_err(io::Error::other)?; // waits: semaphore
        let (socket, _) = listener.accept().await?; // waits: io
        let handler = Handler {
            db: db.clone(),
            connection: Connection::new(socket),
            shutdown: notify_shutdown.subscribe(),
            _complete: shutdown_complete.clone(),
            _permit: permit,
        };
        spawn(&format!("handler {i}"), handler.run())?;
    }
    Ok(())
}

/// One connection.
struct Handler {
    db: Db,
    connection: Connection,
    shutdown: broadcast::Receiver<()>,
    _complete: mpsc::Sender<()>,
    _permit: OwnedSemaphorePermit,
}

impl Handler {
    async fn run(mut self) -> io::Result<()> {
        loop {
            let request = tokio::select! { // waits: broadcast
                request = self.connection.read() => request?,
                _ = self.shutdown.recv() => return Ok(()),
            };
            let Some(request) = request else { return Ok(()) };
            let answer = self.db.apply(&request);
            self.connection.write(&answer).await?;
        }
    }
}
