//! The service on a socket: each line is a job, `health` asks for the health. SIGTERM or Ctrl-C
//! shuts it down; a second one ends it at once.
//!
//! `cargo run -- 127.0.0.1:7070`, then `nc 127.0.0.1 7070` and type.

use std::error::Error;
use std::io;
use std::process;
use std::sync::Arc;
use std::time::Duration;

use service::{Client, Config, Health, Refused, Service};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

/// How many connections there may be. The next one waits to be accepted.
const CONNECTIONS: usize = 1_000;
/// The longest line, in bytes.
const LONGEST: u64 = 64 * 1024;
/// How long connections may take for their last answers.
const LAST_WORDS: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:7070".to_owned());
    let (service, client) = Service::new(Config::default(), handle);
    // The first stops the service, the second the connections: between the two, those that ask for
    // the health are told that the service drains.
    let (stop, hang_up) = (CancellationToken::new(), CancellationToken::new());
    // Listen for signals before anything can be lost by one.
    listen_for_signals(stop.clone())?;
    let listener = TcpListener::bind(&address).await?;
    info!("listening at {}", listener.local_addr()?);
    let connections = TaskTracker::new();
    let accepting = tokio::spawn(accept(
        listener,
        client,
        hang_up.clone(),
        connections.clone(),
    ));

    let report = service.run(stop.cancelled()).await;
    hang_up.cancel();
    accepting.await?;
    connections.close();
    // A peer that reads nothing must not keep the process alive.
    if timeout(LAST_WORDS, connections.wait()).await.is_err() {
        warn!("{} connections were cut off", connections.len());
    }
    info!("{report:?}");
    Ok(())
}

/// One job. This is where your work goes.
async fn handle(job: String) -> Result<(), String> {
    // Whatever is awaited here may be dropped: by the timeout, or at the end of a shutdown.
    sleep(Duration::from_millis(100)).await;
    if job.is_empty() {
        Err("an empty job".to_owned())
    } else {
        Ok(())
    }
}

/// Shuts down at the first SIGTERM or Ctrl-C, and ends the process at the second.
fn listen_for_signals(stop: CancellationToken) -> io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        loop {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            if stop.is_cancelled() {
                process::exit(1);
            }
            info!("shutting down; once more ends it at once");
            stop.cancel();
        }
    });
    Ok(())
}

/// Accepts connections until it is time to hang up.
async fn accept(
    listener: TcpListener,
    client: Client<String>,
    hang_up: CancellationToken,
    connections: TaskTracker,
) {
    let limit = Arc::new(Semaphore::new(CONNECTIONS));
    // Take a permit first: what is not accepted waits in the system's queue, which is bounded too.
    while let Some(Ok(permit)) = hang_up
        .run_until_cancelled(limit.clone().acquire_owned())
        .await
    {
        let stream = match hang_up.run_until_cancelled(listener.accept()).await {
            Some(Ok((stream, _))) => stream,
            Some(Err(error)) => {
                // Most likely too many files are open. That passes, and a loop would not help.
                warn!("cannot accept a connection: {error}");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
            None => return,
        };
        let (client, hang_up) = (client.clone(), hang_up.clone());
        connections.spawn(async move {
            // The peer may hang up at any time; then there is nobody to answer.
            let _ = serve(stream, client, hang_up).await;
            drop(permit);
        });
    }
}

/// Answers one line after another, until one side hangs up.
async fn serve(
    stream: TcpStream,
    client: Client<String>,
    hang_up: CancellationToken,
) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    loop {
        // A line has a limit, or one peer could fill the memory.
        let mut line = Vec::new();
        let mut limited = (&mut reader).take(LONGEST);
        let read = hang_up
            .run_until_cancelled(limited.read_until(b'\n', &mut line))
            .await;
        let Some(read) = read else { return Ok(()) };
        if read? == 0 || line.last() != Some(&b'\n') {
            return Ok(());
        }
        let line = String::from_utf8_lossy(&line).trim().to_owned();
        // A line that was read is answered before it is time to hang up.
        let answer = answer(line, &client).await;
        writer.write_all(format!("{answer}\n").as_bytes()).await?;
    }
}

/// The answer to one line.
async fn answer(line: String, client: &Client<String>) -> &'static str {
    if line == "health" {
        return match client.health() {
            Health::Starting => "starting",
            Health::Ready => "ready",
            Health::Draining => "draining",
        };
    }
    match client.submit(line).await {
        Ok(()) => "done",
        Err(Refused::NotReady) => "not ready",
        Err(Refused::Busy) => "busy",
        Err(Refused::TimedOut) => "timed out",
        Err(Refused::Failed) => "failed",
        Err(Refused::Lost) => "lost",
    }
}
