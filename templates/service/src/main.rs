//! The service on a socket: each line is a job, `health` asks for the health. SIGTERM or Ctrl-C shuts it down; a second one
//! ends it at once.
//!
//! `cargo run -- 127.0.0.1:7070`, then `nc 127.0.0.1 7070` and type.

use std::error::Error;
use std::process;
use std::time::Duration;

use service::{Client, Config, Health, Refused, Service};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:7070".to_owned());
    let (service, client) = Service::new(Config::default(), handle);
    let stop = CancellationToken::new();
    // Listen for signals before anything can be lost by one.
    listen_for_signals(stop.clone())?;
    let listener = TcpListener::bind(&address).await?;
    eprintln!("listening at {}", listener.local_addr()?);
    let connections = TaskTracker::new();
    let accepting = tokio::spawn(accept(listener, client, stop.clone(), connections.clone()));

    let report = service.run(stop.cancelled()).await;
    // The answers are on their way: let the connections write them.
    accepting.await?;
    connections.close();
    connections.wait().await;
    eprintln!("{report:?}");
    Ok(())
}

/// One job. This is where your work goes.
async fn handle(job: String) -> Result<(), String> {
    // Whatever is awaited here may be dropped: by the timeout, or at the end of a shutdown.
    sleep(Duration::from_millis(100)).await;
    if job.is_empty() { Err("an empty job".to_owned()) } else { Ok(()) }
}

/// Shuts down at the first SIGTERM or Ctrl-C, and ends the process at the second.
fn listen_for_signals(stop: CancellationToken) -> std::io::Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::spawn(async move {
        loop {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            if stop.is_cancelled() {
                process::exit(1);
            }
            eprintln!("shutting down; once more ends it at once");
            stop.cancel();
        }
    });
    Ok(())
}

/// Accepts connections until the shutdown.
async fn accept(listener: TcpListener, client: Client<String>, stop: CancellationToken, connections: TaskTracker) {
    while let Some(Ok((stream, _))) = stop.run_until_cancelled(listener.accept()).await {
        let (client, stop) = (client.clone(), stop.clone());
        connections.spawn(async move {
            // The peer may hang up at any time; then there is nobody to answer.
            let _ = serve(stream, client, stop).await;
        });
    }
}

/// Answers one line after another, until the peer hangs up or the service shuts down.
async fn serve(stream: TcpStream, client: Client<String>, stop: CancellationToken) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    // A line that was read is answered before the shutdown is looked at.
    while let Some(Ok(Some(line))) = stop.run_until_cancelled(lines.next_line()).await {
        let answer = if line == "health" {
            match client.health() {
                Health::Starting => "starting",
                Health::Ready => "ready",
                Health::Draining => "draining",
            }
        } else {
            match client.submit(line).await {
                Ok(()) => "done",
                Err(Refused::NotReady) => "not ready",
                Err(Refused::Busy) => "busy",
                Err(Refused::TimedOut) => "timed out",
                Err(Refused::Failed) => "failed",
                Err(Refused::Lost) => "lost",
            }
        };
        writer.write_all(format!("{answer}\n").as_bytes()).await?;
    }
    Ok(())
}
