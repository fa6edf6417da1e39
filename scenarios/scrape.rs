//! # Scrape: many requests, bounded, each with a timeout and its own error
//!
//! Eight pages are fetched from one HTTP server, three at a time. Two of them do not exist, and
//! two take five seconds, which is longer than anybody wants to wait.
//!
//! **What you see.** Eight fetches start, and five of them wait for a permit of their host (red).
//! As one ends the next begins. Two end at once: 404 is an answer. Two time out after 1000 ms,
//! and their permits go to the next in the queue. Every page ends with a status or an error.
//!
//! **Why.** Each limit prevents one kind of failure. The semaphore bounds the load on the host;
//! the timeout bounds how long a permit can be held; and an error that is a *value*, one for
//! each page, keeps one failure from failing everything. The client is shared, and so are its
//! connections: a finished request leaves its connection to the next one. The run is on the
//! real clock, because sockets do not live on virtual time.
//!
//! **Try.** Set `concurrency` to 8: the longest wait is all that is left, and the run takes
//! the timeout and no more. Set it to 1: the sum of all. Set `hosts` to 3: the limit is for each host,
//! so up to eight are in flight, and no host has more than three. Set `timeout` to 6000: the
//! slow pages come in, and there is no error left.
//!
//! **Pitfall.** A timeout around one step (connecting, the headers) is not one around the request: a
//! body that trickles takes for ever. And the limit has to be taken *before* the clock of the timeout
//! starts, or a page fails because others were in its way. On the server's side, each connection costs
//! a task, even one from a stranger, so the server checks the first bytes before it accepts a client.
//!
//! **Words.** asyncio: `asyncio.Semaphore`, `asyncio.timeout`, `gather(return_exceptions=True)`; the
//! client is a library (`aiohttp.ClientSession`, `httpx.AsyncClient`), and the twin speaks
//! HTTP by hand, with a connection for each request. Tokio: `tokio::sync::Semaphore`,
//! `reqwest::Client` with its pool and its timeout, `JoinSet`, `axum` to serve.

use std::future::poll_fn;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{self, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use reqwest::Client;
use tokio::io::ReadBuf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, info, info_span, warn};

use crate::prelude::*;

const URLS: Param = Param::count("urls", 8, (1, 500), "pages", "How many pages are fetched.");
const CONCURRENCY: Param = Param::count("concurrency", 3, (1, 50), "permits", "How many requests a host gets at a time.");
const TIMEOUT: Param = Param::millis("timeout", 1_000, (1, 60_000), "How long a request may take.");
const SLOW: Param = Param::count("slow", 2, (0, 500), "pages", "How many of the pages take five seconds.");
const MISSING: Param = Param::count("missing", 2, (0, 500), "pages", "How many of the pages are not there.");
const HOSTS: Param = Param::count("hosts", 1, (1, 4), "servers", "How many servers the pages are spread over.");

/// How long a slow page takes.
const SLOWLY: Duration = Duration::from_secs(5);

/// How long the others take, in ms: drawn for each.
const USUALLY: std::ops::RangeInclusive<u64> = 600..=800;

/// A free port of this machine.
const LOCAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// How many connections that have said nothing yet a server keeps: more than its clients ever open at a time.
const SILENT: usize = 64;

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "scrape",
    title: "Scrape",
    group: Group::Real,
    lesson: "Many requests, bounded, each with a timeout and its own error.",
    clocks: &[Clock::Real],
    params: &[URLS, CONCURRENCY, TIMEOUT, SLOW, MISSING, HOSTS],
    patterns: &["web scraping", "HTTP client", "connection reuse", "limit for each host", "timeout for each request"],
    differs: "asyncio's standard library has no HTTP client: the twin opens a connection for each request, where `reqwest` hands \
              connections on.",
    builds_on: &["semaphore", "timeout", "gather-errors"],
    real_because: "sockets know no virtual time",
    source: include_str!("scrape.rs"),
    path: file!(),
    twin: include_str!("scrape.py"),
    refuse,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// Not more odd pages than pages.
fn refuse(values: &Values, _: Clock) -> Result<(), ValueError> {
    let (urls, slow, missing) = (values.number(&URLS), values.number(&SLOW), values.number(&MISSING));
    if slow + missing > urls {
        let reason = format!("{missing} missing and {slow} slow ones are more than {urls} pages");
        return Err(ValueError { param: MISSING.name, reason });
    }
    Ok(())
}

/// How the fetch of a page ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
    /// It was answered with that status, which need not be a good one.
    Status(StatusCode),
    TimedOut,
    /// There was no connection, or it broke.
    Broken,
}

/// One server, and what its clients have agreed on.
struct Host {
    address: SocketAddr,
    /// What the path of each request begins with.
    secret: Arc<str>,
    limit: Semaphore,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let stop = CancellationToken::new();
    // The servers are told to stop when this is dropped, also when the run is: a task of theirs waits for that.
    let open = stop.clone().drop_guard();
    let (mut servers, mut hosts) = (JoinSet::new(), Vec::new());
    let (secret, strangers) = (secret(), Arc::new(AtomicUsize::new(0)));
    for i in 0..cx.count(HOSTS) {
        let listener = TcpListener::bind(LOCAL).await?;
        hosts.push(Arc::new(Host::new(listener.local_addr()?, secret.clone(), cx.count(CONCURRENCY))));
        let server = serve(Door::new(listener, &secret, strangers.clone()), secret.clone(), stop.clone());
        servers.build_task().name(&format!("server {i}")).spawn(server)?;
    }

    // One client for all: cloning it shares its pool of connections. The run is over before an idle one is too old.
    // The tasks without a name are its own: reqwest spawns one for each connection.
    let client = Client::builder().no_proxy().pool_idle_timeout(None).timeout(cx.duration(TIMEOUT)).build()?;
    let mut fetches = JoinSet::new();
    for (i, path) in paths(&cx).into_iter().enumerate() {
        let fetch = fetch(client.clone(), hosts[i % hosts.len()].clone(), path);
        fetches.build_task().name(&format!("page {i}")).spawn(fetch)?;
    }
    drop(client);

    let (mut pages, mut longest) = (Vec::new(), Duration::ZERO);
    while let Some(fetched) = fetches.join_next().await {
        let (page, took) = fetched?;
        pages.push(page);
        longest = longest.max(took);
        info!(counter.done = pages.len(), "{} pages to go", fetches.len());
    }
    let total = started.elapsed();

    drop(open);
    while let Some(ended) = servers.join_next().await {
        ended??;
    }

    let count = |kind: Page| pages.iter().filter(|page| **page == kind).count();
    let (good, missing) = (count(Page::Status(StatusCode::OK)), count(Page::Status(StatusCode::NOT_FOUND)));
    let (timed_out, broken) = (count(Page::TimedOut), count(Page::Broken));
    let most = hosts.iter().map(|host| host.most_in_flight.load(Ordering::Relaxed)).max().unwrap_or_default();
    Ok(Outcome::new()
        .figure("fetched", good, "pages")
        .figure("missing", missing, "pages")
        .figure("timed out", timed_out, "pages")
        .figure("broken", broken, "pages")
        .figure("most in flight at a host", most, "requests")
        .figure("the longest request", longest, "ms")
        .figure("total", total, "ms")
        .figure("strangers", strangers.load(Ordering::Relaxed), "connections")
        .check("every page has a status or an error", good + missing + timed_out + broken == cx.count(URLS))
        .check("no host has more requests than its limit", most <= cx.count(CONCURRENCY)))
}

/// A word that no other program knows. It is not drawn from the seed, since others know that; no figure depends on it.
fn secret() -> Arc<str> {
    format!("{:016x}", RandomState::new().hash_one("scrape")).into()
}

/// What is asked for: which pages are odd, and how long the others take, is drawn.
fn paths(cx: &Context) -> Vec<String> {
    let mut order: Vec<_> = (0..cx.count(URLS)).collect();
    order.sort_by_key(|i| cx.draw("kind", *i, 0..=u64::from(u32::MAX)));
    let (slow, missing) = (cx.count(SLOW), cx.count(MISSING));
    let mut paths = vec![String::new(); order.len()];
    for (place, i) in order.into_iter().enumerate() {
        paths[i] = if place < slow {
            format!("/delay/{}", SLOWLY.as_millis())
        } else if place < slow + missing {
            "/status/404".to_owned()
        } else {
            format!("/delay/{}", cx.draw("takes", i, USUALLY))
        };
    }
    paths
}

impl Host {
    fn new(address: SocketAddr, secret: Arc<str>, permits: usize) -> Self {
        let (in_flight, most_in_flight) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { address, secret, limit: Semaphore::new(permits), in_flight, most_in_flight }
    }
}

/// Fetches one page, when its host has a permit left; returns how it ended, and how long the request took.
async fn fetch(client: Client, host: Arc<Host>, path: String) -> (Page, Duration) {
    let Ok(_permit) = host.limit.acquire().await else { return (Page::Broken, Duration::ZERO) };
    let now = host.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
    host.most_in_flight.fetch_max(now, Ordering::Relaxed);
    info!(counter.in_flight = now, "asks for {path}");

    let begun = Instant::now();
    let url = format!("http://{}/{}{path}", host.address, host.secret);
    let answer = request(&client, &url).instrument(info_span!("asks")).await;
    let took = begun.elapsed();

    let now = host.in_flight.fetch_sub(1, Ordering::Relaxed) - 1;
    info!(counter.in_flight = now, "{path} is over");
    let page = match answer {
        Ok(status) => {
            info!(mark = status.as_str(), "{path} is answered");
            Page::Status(status)
        }
        Err(error) => {
            let page = if error.is_timeout() { Page::TimedOut } else { Page::Broken };
            let mark = if page == Page::TimedOut { "timeout" } else { "broken" };
            error!(error = %error.without_url(), mark, "{path} fails");
            page
        }
    };
    (page, took)
}

/// Asks, and reads to the end: only then can the connection be used again.
async fn request(client: &Client, url: &str) -> reqwest::Result<StatusCode> {
    let response = client.get(url).send().await?;
    let status = response.status();
    response.bytes().await?;
    Ok(status)
}

/// Answers `/delay/MS` so much later, and `/status/CODE` with that status, until it has to stop.
///
/// `axum::serve` would do all of this, with a plain `tokio::spawn` for each connection: here each one has a name.
async fn serve(mut door: Door, secret: Arc<str>, stop: CancellationToken) -> std::io::Result<()> {
    let pages = Router::new().route("/delay/{ms}", get(delay)).route("/status/{code}", get(status));
    let router = Router::new().nest(&format!("/{secret}"), pages);
    let mut connections = JoinSet::new();
    for number in 0.. {
        let socket = tokio::select! {
            () = stop.cancelled() => break,
            socket = door.accept() => socket,
        };
        let connection = answer(socket, router.clone(), stop.clone());
        connections.build_task().name(&format!("conn {number}")).spawn(connection)?;
    }
    while let Some(ended) = connections.join_next().await {
        ended?;
    }
    Ok(())
}

/// The server's side of a connection: answers until the client closes it, or the server has to stop.
async fn answer(socket: TcpStream, router: Router, stop: CancellationToken) {
    let mut connection = pin!(http1::Builder::new().serve_connection(TokioIo::new(socket), TowerToHyperService::new(router)));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            // A request under way is answered to its end, and an idle connection is closed.
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // No failure of the server's: a client that has waited long enough closes its connection.
    if let Err(error) = ended {
        info!(mark = "hung up", "{error}");
    }
}

/// Lets the connections of this run in, and nobody else: any program on this machine can connect.
///
/// reqwest does not say from which port it connects, so a connection shows whose it is by the first request on it. It is
/// only looked at, so axum reads it again. Nobody is waited for: one that says nothing is in nobody's way.
struct Door {
    listener: TcpListener,
    /// What the first request of this run's connections begins with.
    password: String,
    /// Those that have said nothing yet, oldest first: strangers, and connections that the client has opened ahead.
    silent: Vec<(TcpStream, SocketAddr)>,
    strangers: Arc<AtomicUsize>,
}

/// What a connection says first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    ThePassword,
    SomethingElse,
    /// It has closed, without a word.
    Nothing,
}

impl Door {
    fn new(listener: TcpListener, secret: &str, strangers: Arc<AtomicUsize>) -> Self {
        Self { listener, password: format!("GET /{secret}/"), silent: Vec::new(), strangers }
    }

    /// The next connection of this run. Dropped while it waits, it has lost none.
    async fn accept(&mut self) -> TcpStream {
        loop {
            tokio::select! {
                // By axum's own accept, which tries again when the system has no more descriptors.
                arrived = Listener::accept(&mut self.listener) => {
                    if self.silent.len() == SILENT {
                        self.turn_away(0);
                    }
                    self.silent.push(arrived);
                }
                (i, says) = poll_fn(|task| first_word(&self.silent, &self.password, task)) => match says {
                    Says::ThePassword => return self.silent.remove(i).0,
                    Says::SomethingElse => self.turn_away(i),
                    Says::Nothing => drop(self.silent.remove(i)),
                },
            }
        }
    }

    fn turn_away(&mut self, i: usize) {
        let (_, peer) = self.silent.remove(i);
        let strangers = self.strangers.fetch_add(1, Ordering::Relaxed) + 1;
        warn!(counter.strangers = strangers, "turns {peer} away");
    }
}

/// The first of these connections that says something, and what.
fn first_word(silent: &[(TcpStream, SocketAddr)], password: &str, task: &mut task::Context<'_>) -> Poll<(usize, Says)> {
    for (i, (socket, _)) in silent.iter().enumerate() {
        let mut word = vec![0; password.len()];
        // A request is sent in one piece, so what is shorter than the password is none of ours.
        let says = match socket.poll_peek(task, &mut ReadBuf::new(&mut word)) {
            Poll::Pending => continue,
            Poll::Ready(Ok(0) | Err(_)) => Says::Nothing,
            Poll::Ready(Ok(_)) if word == password.as_bytes() => Says::ThePassword,
            Poll::Ready(Ok(_)) => Says::SomethingElse,
        };
        return Poll::Ready((i, says));
    }
    Poll::Pending
}

async fn delay(Path(ms): Path<u64>) -> String {
    sleep(Duration::from_millis(ms)).await;
    format!("after {ms} ms\n")
}

async fn status(Path(code): Path<u16>) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_REQUEST)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::runtime::Handle;

    use super::*;

    /// Every page ends in its own way, and the limit of a host is reached and kept.
    #[test]
    fn each_page_has_its_own_end_and_each_host_its_limit() {
        scenario::really(async || {
            for (turned, ends, most) in [
                (&[] as &[_], [8.0, 2.0, 2.0, 0.0], 4.0),
                (&[(HOSTS, "3")], [8.0, 2.0, 2.0, 0.0], 4.0),
                (&[(SLOW, "0"), (MISSING, "12"), (CONCURRENCY, "1")], [0.0, 12.0, 0.0, 0.0], 1.0),
                (&[(TIMEOUT, "500"), (SLOW, "3")], [0.0, 2.0, 10.0, 0.0], 4.0),
            ] {
                // Far from what the pages take, either way.
                let turned: Vec<_> =
                    [(TIMEOUT, "2500"), (URLS, "12"), (CONCURRENCY, "4")].iter().chain(turned).copied().collect();
                let cx = Context::real(&SCENARIO, &turned);
                let outcome = run(cx.clone()).await?;
                let figures = ["fetched", "missing", "timed out", "broken"].map(|name| outcome.value(name));
                assert_eq!(figures, ends.map(Some), "{turned:?}: {outcome:?}");
                assert_eq!(outcome.value("most in flight at a host"), Some(most), "{turned:?}: {outcome:?}");
                assert!(outcome.holds(), "{turned:?}: {outcome:?}");
            }
            Ok(())
        });
    }

    /// Others connect before the client: some leave, many say nothing, one talks, one says a part of the password.
    #[test]
    fn strangers_cost_no_task_and_keep_nobody_out() {
        scenario::really(async || {
            let (page, tasks, strangers) = fetched_among([0, 0], &[]).await?;
            assert_eq!((page, strangers), (Page::Status(StatusCode::OK), 0));
            let among = fetched_among([10, SILENT + 10], &["GET /delay/0 HTTP/1.1\r\n\r\n", "GET /"]).await?;
            // Strangers that send something are closed and counted, and so is the oldest of the silent ones.
            assert_eq!((among.0, among.1), (page, tasks));
            assert!((12..=22).contains(&among.2), "{among:?}");
            Ok(())
        });
    }

    /// Fetches a page among strangers who connected before: so many who leave and who say nothing, and those who say this.
    /// Returns how that ended, how many tasks it took, and how many strangers were turned away.
    async fn fetched_among(strangers: [usize; 2], say: &[&str]) -> scenario::Result<(Page, u64, usize)> {
        let listener = TcpListener::bind(LOCAL).await?;
        let (address, secret, turned_away) = (listener.local_addr()?, secret(), Arc::new(AtomicUsize::new(0)));
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
        let door = Door::new(listener, &secret, turned_away.clone());
        let server = tokio::spawn(serve(door, secret.clone(), stop.clone()));
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?;
        let (page, _) = fetch(client, Arc::new(Host::new(address, secret, 1)), "/delay/0".to_owned()).await;
        stop.cancel();
        server.await??;
        for mut other in others {
            assert_eq!(other.read(&mut [0; 16]).await.unwrap_or(0), 0, "it is closed, without a word");
        }
        let tasks = Handle::current().metrics().spawned_tasks_count() - before;
        Ok((page, tasks, turned_away.load(Ordering::Relaxed)))
    }

    /// With room for all of them the slowest decides; one by one it is the sum.
    #[test]
    fn the_limit_decides_how_long_it_takes() {
        scenario::really(async || {
            let total = async |concurrency| {
                let turned = [(CONCURRENCY, concurrency), (URLS, "4"), (SLOW, "0"), (MISSING, "0")];
                let outcome = run(Context::real(&SCENARIO, &turned)).await?;
                outcome.value("total").ok_or_else(|| scenario::Error::from("no total"))
            };
            // One page takes 600 ms at least, and the longest of four is at most 800.
            assert!(total("1").await? >= 2400.0);
            assert!(total("4").await? < 2400.0);
            Ok(())
        });
    }

    /// With room for all of them nothing is left but the longest wait.
    #[test]
    fn with_room_for_all_it_takes_the_timeout_and_no_more() {
        scenario::really(async || {
            let turned = [(URLS, "12"), (CONCURRENCY, "12"), (TIMEOUT, "2000")];
            let outcome = run(Context::real(&SCENARIO, &turned)).await?;
            assert_eq!(outcome.value("most in flight at a host"), Some(12.0), "{outcome:?}");
            let total = outcome.value("total").unwrap_or_default();
            assert!((2000.0..2600.0).contains(&total), "{outcome:?}");
            Ok(())
        });
    }

    /// A page that is slow comes in when there is time for it.
    #[test]
    fn more_patience_has_fewer_errors() {
        scenario::really(async || {
            let turned = [(TIMEOUT, "60000"), (URLS, "1"), (SLOW, "1"), (MISSING, "0")];
            let outcome = run(Context::real(&SCENARIO, &turned)).await?;
            assert_eq!((outcome.value("fetched"), outcome.holds()), (Some(1.0), true), "{outcome:?}");
            Ok(())
        });
    }
}
