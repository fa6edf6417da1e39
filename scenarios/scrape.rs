//! # Scrape: many requests, bounded, each with a timeout and its own error
//!
//! Eight pages are fetched from one HTTP server, three at a time. Two of them do not exist, and two
//! take five seconds, which is longer than the timeout.
//!
//! **What you see.** Eight fetches start, and five of them wait for a permit of their host. When
//! one ends, the next begins. Two end early: 404 is an answer. Two time out after 1000 ms, and
//! their permits go to the next in the queue. Every page ends with a status or an error.
//!
//! **Why.** Each limit prevents one kind of failure. The semaphore bounds the load on the host. The
//! timeout bounds how long a request can hold a permit. And each page has its own error as a
//! *value*, so one failure does not fail the others. All fetches share one client and its
//! connections: a finished request leaves its connection to the next one. The run needs the real
//! clock, because sockets do not work on virtual time.
//!
//! **Try.** Set `concurrency` to 8: the run takes only as long as the longest request, which is the
//! timeout. Set it to 1: it takes the sum of all requests. Set `hosts` to 3: the limit is per host,
//! so up to eight requests are in flight, and at most three at each host. Set `timeout` to 6000:
//! the slow pages arrive, and no page times out. Set `session` to `each`: a client for each request
//! has a pool for one request, so every page opens a connection of its own.
//!
//! **Pitfall.** A timeout around one step (connecting, the headers) does not limit the whole
//! request: a body that trickles takes for ever. Also, acquire the permit *before* you start the
//! timeout, or a page fails because it had to wait for others. On the server's side each connection
//! costs a task, even a connection from another program, so this server checks the first bytes
//! before it accepts a client.
//!
//! **Words.** asyncio: `asyncio.Semaphore`, `asyncio.timeout`, `gather(return_exceptions=True)`;
//! the client is a library (`aiohttp.ClientSession`, `httpx.AsyncClient`), and the twin speaks HTTP
//! by hand, with one connection per request. Tokio: `tokio::sync::Semaphore`, `reqwest::Client`
//! with its pool and its timeout, `JoinSet`, `axum` to serve.

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

use scenario::prelude::*;

mod questions;

const URLS: Param = Param::count("urls", 8, (1, 500), "pages", "How many pages to fetch.");
const CONCURRENCY: Param = Param::count("concurrency", 3, (1, 50), "permits", "How many requests a host gets at once.");
const TIMEOUT: Param = Param::millis("timeout", 1_000, (1, 60_000), "How long a request may take.");
const SLOW: Param = Param::count("slow", 2, (0, 500), "pages", "How many of the pages take five seconds.");
const MISSING: Param = Param::count("missing", 2, (0, 500), "pages", "How many of the pages do not exist.");
const SESSION: Param = Param::choice("session", &["shared", "each"], "One client for all requests, or one for each.");
const HOSTS: Param = Param::count("hosts", 1, (1, 4), "servers", "How many servers the pages come from.");

/// How long a slow page takes.
const SLOWLY: Duration = Duration::from_secs(5);

/// The range from which the time of each other page is drawn, in milliseconds.
const USUALLY: std::ops::RangeInclusive<u64> = 600..=800;

/// Any free port of this machine.
const LOCAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// How many connections that have sent nothing yet a server keeps: more than its clients ever open at once.
const SILENT: usize = 64;

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "scrape",
    title: "Scrape",
    group: Group::Real,
    lesson: "Many requests, bounded, each with a timeout and its own error.",
    clocks: &[Clock::Real],
    params: &[URLS, CONCURRENCY, TIMEOUT, SLOW, MISSING, HOSTS, SESSION],
    patterns: &["web scraping", "HTTP client", "connection reuse", "limit for each host", "timeout for each request"],
    differs: "Python's standard library has no asynchronous HTTP client: the twin keeps idle connections by hand, where \
              `reqwest` has a pool.",
    builds_on: &["semaphore", "timeout", "gather-errors"],
    breaks: &[Breaks::checks(&[("session", "each")], &["requests share connections"])],
    real_because: "sockets do not work on virtual time",
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "page"),
            "{count:page} fetches start at once. A semaphore for each server lets only {param:concurrency} of them send a \
             request at the same time.",
        )
        .line("host.limit.acquire()"),
        Stop::at(
            When::Wait(Nth::First, "page", For::Permit),
            "{task} waits for a permit. Those of its server are held by {holders}. Its timeout does not run yet: it begins with \
             the request.",
        ),
        Stop::at(
            When::Resume(Nth::First, "page", For::Permit),
            "{by} ends and its permit goes to {task}, which waited {lasted}. Only now it sends its request.",
        )
        .line("request(&client, &url)"),
        Stop::at(
            When::Log(Nth::First, "/delay/5000 fails"),
            "{task} fails: a request may take {param:timeout}. Without a timeout, a slow page would hold its permit for longer.",
        )
        .line("error.is_timeout()"),
        Stop::at(
            When::Log(Nth::First, "/status/404 has an answer"),
            "{task} has an answer: its page does not exist. That is a result like any other, and no other fetch fails.",
        )
        .line("Page::Status(status)"),
        Stop::at(
            When::Over,
            "{figure:fetched} pages were fetched, {figure:missing} were missing, and {figure:timed out} timed out. A server had \
             at most {figure:most in flight at a host} requests at once, over {figure:connections} connections in all.",
        ),
    ],
    questions: questions::QUESTIONS,
    source: include_str!("scrape.rs"),
    path: file!(),
    twin: include_str!("scrape.py"),
    refuse,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// Refuses more slow and missing pages than there are pages.
fn refuse(values: &Values, _: Clock) -> Result<(), ValueError> {
    let (urls, slow, missing) = (values.number(&URLS), values.number(&SLOW), values.number(&MISSING));
    if slow + missing > urls {
        let reason = format!("{missing} missing and {slow} slow pages are more than urls: together at most {urls}");
        return Err(ValueError { param: MISSING.name, reason });
    }
    Ok(())
}

/// How a fetch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
    /// With this status, good or bad.
    Status(StatusCode),
    TimedOut,
    /// The connection failed or broke.
    Broken,
}

/// One server, with what its clients share.
struct Host {
    address: SocketAddr,
    /// The first part of the path of each request.
    secret: Arc<str>,
    /// One permit for each request that the host gets at once.
    limit: Semaphore,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let stop = CancellationToken::new();
    // Dropping this guard stops the servers, also if the run itself is dropped.
    let open = stop.clone().drop_guard();
    // Start the servers, each on a free port.
    let (mut servers, mut hosts) = (JoinSet::new(), Vec::new());
    let (secret, visits) = (secret(), Arc::<Visits>::default());
    for i in 0..cx.count(HOSTS) {
        let listener = TcpListener::bind(LOCAL).await?;
        hosts.push(Arc::new(Host::new(listener.local_addr()?, secret.clone(), cx.count(CONCURRENCY))));
        let server = serve(Door::new(listener, &secret, visits.clone()), secret.clone(), stop.clone());
        servers.build_task().name(&format!("server {i}")).spawn(server)?;
    }

    // All fetches share one client: clones share its pool of connections. With `each` a fetch has a client and a pool of its
    // own, and its connection closes with it. The tasks without a name belong to reqwest, which spawns one per connection.
    let shared = (cx.word(SESSION) == "shared").then(|| client(&cx)).transpose()?;
    let mut fetches = JoinSet::new();
    for (i, path) in paths(&cx).into_iter().enumerate() {
        let client = shared.clone().map_or_else(|| client(&cx), Ok)?;
        let fetch = fetch(client, hosts[i % hosts.len()].clone(), path);
        fetches.build_task().name(&format!("page {i}")).spawn(fetch)?;
    }
    drop(shared);

    // Collect the pages as they end. An error is a value like any other.
    let (mut pages, mut longest) = (Vec::new(), Duration::ZERO);
    while let Some(fetched) = fetches.join_next().await {
        let (page, took) = fetched?;
        pages.push(page);
        longest = longest.max(took);
        info!(counter.done = pages.len(), "{} pages to go", fetches.len());
    }
    let total = started.elapsed();

    // Stop the servers, and wait until their connections are closed.
    drop(open);
    while let Some(ended) = servers.join_next().await {
        ended??;
    }

    let count = |kind: Page| pages.iter().filter(|page| **page == kind).count();
    let (good, missing) = (count(Page::Status(StatusCode::OK)), count(Page::Status(StatusCode::NOT_FOUND)));
    let (timed_out, broken) = (count(Page::TimedOut), count(Page::Broken));
    let most = hosts.iter().map(|host| host.most_in_flight.load(Ordering::Relaxed)).max().unwrap_or_default();
    let [connections, strangers] = [&visits.guests, &visits.strangers].map(|count| count.load(Ordering::Relaxed));
    let outcome = Outcome::new()
        .figure("fetched", good, "pages")
        .figure("missing", missing, "pages")
        .figure("timed out", timed_out, "pages")
        .figure("broken", broken, "pages")
        .figure("most in flight at a host", most, "requests")
        .figure("longest request", longest, "ms")
        .figure("total", total, "ms")
        .figure("strangers", strangers, "connections")
        .figure("connections", connections, "connections")
        .check("every page has a status or an error", good + missing + timed_out + broken == cx.count(URLS))
        .check("no host has more requests than its limit", most <= cx.count(CONCURRENCY));
    // A request that times out takes its connection with it. Beyond that, one connection for each permit is enough.
    let enough = cx.count(HOSTS) * cx.count(CONCURRENCY) + timed_out + broken;
    let urls = cx.count(URLS);
    Ok(if urls > enough { outcome.check("requests share connections", connections < urls) } else { outcome })
}

/// Creates a client with a pool of connections. In so short a run no idle connection needs a timeout.
fn client(cx: &Context) -> reqwest::Result<Client> {
    Client::builder().no_proxy().pool_idle_timeout(None).timeout(cx.duration(TIMEOUT)).build()
}

/// Returns a word that no other program knows. It does not come from the seed, which others may know. No figure depends on it.
fn secret() -> Arc<str> {
    format!("{:016x}", RandomState::new().hash_one("scrape")).into()
}

/// Returns the path of each page. Draws which pages are slow or missing, and how long the others take.
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

/// Waits for a permit of the host and fetches one page. Returns how that ended, and how long the request took.
async fn fetch(client: Client, host: Arc<Host>, path: String) -> (Page, Duration) {
    // The permit comes first: the timeout of the client begins only with the request.
    let Ok(_permit) = host.limit.acquire().await else { return (Page::Broken, Duration::ZERO) };
    let now = host.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
    host.most_in_flight.fetch_max(now, Ordering::Relaxed);
    info!(counter.in_flight = now, "requests {path}");

    let begun = Instant::now();
    let url = format!("http://{}/{}{path}", host.address, host.secret);
    let answer = request(&client, &url).instrument(info_span!("asks")).await;
    let took = begun.elapsed();

    let now = host.in_flight.fetch_sub(1, Ordering::Relaxed) - 1;
    info!(counter.in_flight = now, "{path} has ended");
    let page = match answer {
        Ok(status) => {
            info!(mark = status.as_str(), "{path} has an answer");
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

/// Sends a request and reads the answer to its end: only then can the connection be reused.
async fn request(client: &Client, url: &str) -> reqwest::Result<StatusCode> {
    let response = client.get(url).send().await?;
    let status = response.status();
    response.bytes().await?;
    Ok(status)
}

/// Answers `/delay/MS` after that time, and `/status/CODE` with that status, until it is stopped.
///
/// `axum::serve` would do the same, but spawns its connections without a name. Here each has one.
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

/// The server's side of a connection: answers until the client closes it, or the server stops.
async fn answer(socket: TcpStream, router: Router, stop: CancellationToken) {
    let mut connection = pin!(http1::Builder::new().serve_connection(TokioIo::new(socket), TowerToHyperService::new(router)));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            // This completes a request in progress, and closes an idle connection.
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // Not an error of the server: a client whose request times out closes its connection.
    if let Err(error) = ended {
        info!(mark = "hung up", "{error}");
    }
}

/// Accepts only connections of this run. Any program on this machine can connect to the port.
///
/// reqwest does not report the ports that it connects from, so the first request identifies a connection. The door only
/// peeks at it, so axum reads it again. A connection that sends nothing does not hold up the others.
struct Door {
    listener: TcpListener,
    /// The beginning of the first request on each connection of this run.
    password: String,
    /// Connections that have sent nothing yet, oldest first: strangers, and connections that the client has opened ahead.
    silent: Vec<(TcpStream, SocketAddr)>,
    visits: Arc<Visits>,
}

/// The connections that the servers of a run got.
#[derive(Default)]
struct Visits {
    /// From clients of this run, with at least one request.
    guests: AtomicUsize,
    strangers: AtomicUsize,
}

/// What a connection sends first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    ThePassword,
    SomethingElse,
    /// Nothing: it was closed.
    Nothing,
}

impl Door {
    fn new(listener: TcpListener, secret: &str, visits: Arc<Visits>) -> Self {
        Self { listener, password: format!("GET /{secret}/"), silent: Vec::new(), visits }
    }

    /// Returns the next connection of this run. Cancel safe: if it is dropped while it waits, no connection is lost.
    async fn accept(&mut self) -> TcpStream {
        loop {
            tokio::select! {
                // axum's own accept tries again if the system is out of descriptors.
                arrived = Listener::accept(&mut self.listener) => {
                    if self.silent.len() == SILENT {
                        self.turn_away(0);
                    }
                    self.silent.push(arrived);
                }
                (i, says) = poll_fn(|task| first_word(&self.silent, &self.password, task)) => match says {
                    Says::ThePassword => {
                        let guests = self.visits.guests.fetch_add(1, Ordering::Relaxed) + 1;
                        info!(counter.connections = guests, "accepts a connection");
                        return self.silent.remove(i).0;
                    }
                    Says::SomethingElse => self.turn_away(i),
                    Says::Nothing => drop(self.silent.remove(i)),
                },
            }
        }
    }

    fn turn_away(&mut self, i: usize) {
        let (_, peer) = self.silent.remove(i);
        let strangers = self.visits.strangers.fetch_add(1, Ordering::Relaxed) + 1;
        warn!(counter.strangers = strangers, "turns {peer} away");
    }
}

/// Returns the first of these connections that has sent something, and what it sent.
fn first_word(silent: &[(TcpStream, SocketAddr)], password: &str, task: &mut task::Context<'_>) -> Poll<(usize, Says)> {
    for (i, (socket, _)) in silent.iter().enumerate() {
        let mut word = vec![0; password.len()];
        // reqwest sends a request in one piece, so anything shorter than the password comes from a stranger.
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
    mod strangers;
    mod times;

    use super::*;

    /// Every page ends in its own way, and each host reaches its limit and never exceeds it.
    #[test]
    fn each_page_has_its_own_end_and_each_host_its_limit() {
        scenario::really(async || {
            for (turned, ends, most) in [
                (&[] as &[_], [8.0, 2.0, 2.0, 0.0], 4.0),
                (&[(HOSTS, "3")], [8.0, 2.0, 2.0, 0.0], 4.0),
                (&[(SLOW, "0"), (MISSING, "12"), (CONCURRENCY, "1")], [0.0, 12.0, 0.0, 0.0], 1.0),
                (&[(TIMEOUT, "500"), (SLOW, "3")], [0.0, 2.0, 10.0, 0.0], 4.0),
            ] {
                // Timeouts far from the time that any page takes.
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
}
