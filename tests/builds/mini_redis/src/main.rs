//! A small server under load, and what the recorder reports about it: each cause and line, and what the build lacks.
//!
//! The recorder is compiled into this program, so that both are built the same way. Each line that waits ends in a comment with
//! the causes.

mod client;
mod connection;
mod db;
mod server;

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use recorder::{OnFull, Recorder};
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::{Mutex, oneshot};
use tokio::task::{self, JoinSet};
use tokio::time::sleep;
use trace::Trace;

use client::{Buffered, Client};

fn main() -> Result<(), Box<dyn Error>> {
    recorder::install()?;
    let (recorder, mut reader) = Recorder::new(OnFull::Drop);
    let mut builder = Builder::new_current_thread();
    recorder.observe(&mut builder, ());
    let runtime = builder.enable_all().build()?;
    runtime.block_on(async {
        let _attached = recorder.attach("main thread");
        recorder.begin_real();
        let load = task::Builder::new().name("main").spawn(load())?.await;
        recorder.close();
        load?
    })?;
    let mut trace = Trace::default();
    reader.drain(true, |thread, event| trace.push(thread, event));
    trace.add_lost(reader.lost());
    trace.close(trace.end_ns);
    tell(&trace);
    Ok(())
}

/// Prints the report line by line, for the test that started this program.
fn tell(trace: &Trace) {
    for total in trace.wait_totals() {
        let place = total.place.map_or_else(|| "-".to_owned(), |place| place.to_string());
        println!("wait\t{}\t{place}", total.cause);
    }
    for part in trace.missing.parts() {
        println!("missing\t{}", part.what);
    }
    println!("deadlocks\t{}", trace.deadlocks.len());
    println!("lost\t{}", trace.lost);
    println!("ends\t{} of {} completed", trace.totals().completed, trace.totals().spawned);
}

/// Serves several kinds of clients, more than may connect at once.
async fn load() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (stop, stopped) = oneshot::channel();
    let server = spawn("server", server::run(listener, stopped))?;

    let mut clients = JoinSet::new();
    let shared = Arc::new(Mutex::new(Client::connect(address).await?));
    for i in 0..6 {
        clients.build_task().name(&format!("client {i}")).spawn(Client::connect_and_set(address, i))?;
        let shared = shared.clone();
        clients.build_task().name(&format!("sharer {i}")).spawn(async move {
            let mut client = shared.lock().await; // waits: mutex
            client.get(i).await
        })?;
    }
    let buffered = Buffered::new(Client::connect(address).await?)?;
    for i in 0..8 {
        let buffered = buffered.clone();
        clients.build_task().name(&format!("sender {i}")).spawn(async move { buffered.get(i).await })?;
    }
    drop((shared, buffered));
    while let Some(client) = clients.join_next().await {
        // waits: join
        client??;
    }
    sleep(Duration::from_millis(30)).await; // waits: time
    let _ = stop.send(());
    server.await? // waits: join
}

/// Spawns a task with a name.
fn spawn<T: Send + 'static>(name: &str, future: impl Future<Output = T> + Send + 'static) -> io::Result<task::JoinHandle<T>> {
    task::Builder::new().name(name).spawn(future)
}
