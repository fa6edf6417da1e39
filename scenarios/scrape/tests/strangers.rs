//! Other programs on this machine that connect to the servers of a run.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Handle;

use super::*;

/// Strangers connect before the client: some leave, many send nothing, one sends a request, one a part of the password.
#[test]
fn strangers_cost_no_task_and_keep_nobody_out() {
    scenario::really(async || {
        let (page, tasks, strangers) = fetched_among([0, 0], &[]).await?;
        assert_eq!((page, strangers), (Page::Status(StatusCode::OK), 0));
        let among = fetched_among([10, SILENT + 10], &["GET /delay/0 HTTP/1.1\r\n\r\n", "GET /"]).await?;
        // The server closes and counts strangers that send something, and the oldest that sends nothing.
        assert_eq!((among.0, among.1), (page, tasks));
        assert!((12..=22).contains(&among.2), "{among:?}");
        Ok(())
    });
}

/// Fetches a page after strangers have connected: `strangers` leave or send nothing, and one for each of `say` sends that.
/// Returns how that ended, how many tasks it took, and how many strangers were turned away.
async fn fetched_among(strangers: [usize; 2], say: &[&str]) -> scenario::Result<(Page, u64, usize)> {
    let listener = TcpListener::bind(LOCAL).await?;
    let (address, secret, visits) = (listener.local_addr()?, secret(), Arc::<Visits>::default());
    for _ in 0..strangers[0] {
        drop(TcpStream::connect(address).await?);
    }
    let mut others = Vec::new();
    for _ in 0..strangers[1] {
        others.push(TcpStream::connect(address).await?);
    }
    for text in say {
        let mut talking = TcpStream::connect(address).await?;
        talking.write_all(text.as_bytes()).await?;
        others.push(talking);
    }

    let before = Handle::current().metrics().spawned_tasks_count();
    let stop = CancellationToken::new();
    let door = Door::new(listener, &secret, visits.clone());
    let server = tokio::spawn(serve(door, secret.clone(), stop.clone()));
    let client = Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?;
    let (page, _) = fetch(client, Arc::new(Host::new(address, secret, 1)), "/delay/0".to_owned()).await;
    stop.cancel();
    server.await??;
    for mut other in others {
        assert_eq!(other.read(&mut [0; 16]).await.unwrap_or(0), 0, "the server closes it and sends nothing");
    }
    let tasks = Handle::current().metrics().spawned_tasks_count() - before;
    Ok((page, tasks, visits.strangers.load(Ordering::Relaxed)))
}
