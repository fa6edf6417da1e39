//! # Resource: open, use, close, also when cancelled or failed
//!
//! Six sessions start one after the other. Each opens a connection, uses it, and closes it. Closing
//! sends a message to the server, so it is an `await`.
//!
//! **What you see.** Each session is cancelled 250 ms after its start, while it uses its
//! connection. With `variant=drop` nothing after that `await` runs, and six connections stay open.
//! With `guard` a closer task takes each connection and closes it; with `scope` each session closes
//! its own.
//!
//! **Why.** In Rust a cancelled future is dropped, and a failed one returns early. Either way it
//! never reaches its last line. `Drop` always runs, but it cannot await. So with `guard` `Drop`
//! does the one thing that needs no await: it hands the connection to a *closer*, a task that is
//! never cancelled. With `scope` the session is not dropped at all: a token asks it to stop, and it
//! closes its connection on the way out.
//!
//! **Try.** Set `cancel_after` to 350: now the cancel comes in the middle of closing, and `drop`
//! still leaks six. Set it to 0: nothing is cancelled, and every session closes. With that, set
//! `fail` to 3: three sessions fail during use, and `drop` leaks three. Set `variant` to `guard` or
//! `scope`: every opened connection is closed. With `guard` the connections queue at the closer;
//! with `scope` each session closes its own.
//!
//! **Pitfall.** Code that "always closes at the end" closes only if it reaches the end. `?` leaves
//! early, and so does every `.await` if the task is aborted, times out or loses a `select!`. A scope
//! is such code, too: it closes when its work returns, also with an error, but not if the session is
//! aborted or panics. Against those only a guard helps. And wait for the closer before the program
//! ends, or you lose the connections that it still has.
//!
//! **Words.** asyncio: `async with`; `__aexit__` may await, because a cancel is an exception, but a
//! cancel *inside* it cuts it short unless the closing is shielded. Tokio: a guard with `Drop` and
//! a channel, or a scope that takes a closure and a `CancellationToken`.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::{Builder, JoinHandle};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info, info_span, warn};

use scenario::prelude::*;

const OPEN: Param = Param::millis("open", 100, (0, 60_000), "How long it takes to open a connection.");
const USE: Param = Param::millis("use", 200, (0, 60_000), "How long a session uses it.");
const CLOSE: Param = Param::millis("close", 100, (0, 60_000), "How long it takes to close it.");
const FAIL: Param = Param::count("fail", 0, (0, 6), "sessions", "How many sessions fail during use.");
const CANCEL_AFTER: Param = Param::millis("cancel_after", 250, (0, 60_000), "When to cancel a session; 0 is never.");
const VARIANT: Param = Param::choice("variant", &["drop", "guard", "scope"], "Close in the last line, a guard, or a scope.");

/// How many sessions there are.
const SESSIONS: usize = 6;
/// The time between the starts of two sessions.
const EVERY: Duration = Duration::from_millis(350);

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "resource",
    title: "Resource",
    group: Group::Resources,
    lesson: "Open, use, close, also when cancelled or failed.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[OPEN, USE, CLOSE, FAIL, CANCEL_AFTER, VARIANT],
    patterns: &["context manager", "resource guard", "asynchronous cleanup", "cancellation"],
    differs: "`__aexit__` may await, because a cancel is an exception; `Drop` cannot, so a guard hands its resource to a \
              task, or a token asks a scope to end. A scope that is cancelled while it opens or closes stops there in asyncio; in \
              Tokio it is only asked to end, so it opens and closes first.",
    builds_on: &["cancellation"],
    breaks: &[
        Breaks::checks(&[("variant", "drop"), ("cancel_after", "250")], &["everything that was opened is closed"]),
        Breaks::checks(&[("variant", "drop"), ("cancel_after", "350")], &["everything that was opened is closed"]),
        Breaks::checks(&[("variant", "drop"), ("cancel_after", "0"), ("fail", "3")], &["everything that was opened is closed"]),
    ],
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "session"),
            "main has spawned {count:session} sessions, which start one after the other. Each opens a connection, which has to \
             be closed, however the session ends.",
        ),
        Stop::at(
            When::Log(Nth::First, "a connection is opened"),
            "{task} has opened its connection. Closing it takes a message to the server and {param:close}, so that is an await.",
        ),
        Stop::at(
            When::End(Nth::First, "session", How::Cancelled),
            "At {time} {task} is dropped at the await where it waits. The line that closes the connection never runs.",
        )
        .line("connection.close().await")
        .only("variant", "drop"),
        Stop::at(
            When::End(Nth::First, "session", How::Cancelled),
            "At {time} {task} is dropped, and with it the guard of its connection, if it has one. `Drop` cannot await: it sends \
             the connection to the closer.",
        )
        .line("Guard { connection, closer }")
        .only("variant", "guard"),
        Stop::at(
            When::Log(Nth::First, "a connection is closed"),
            "{task} has closed a connection that a guard has sent to it. Nobody cancels this task, so it can await.",
        )
        .only("variant", "guard"),
        Stop::at(
            When::Log(Nth::First, "cancels session"),
            "At {time} main {text}: a token asks it to stop. The task is not dropped, so if it still runs, it can close its \
             connection.",
        )
        .line("stop.cancelled()")
        .only("variant", "scope"),
        Stop::at(
            When::Log(Nth::First, "a connection is closed"),
            "{task} has closed its connection on the way out, after its work had ended, whatever the reason.",
        )
        .line("work(&connection).await")
        .only("variant", "scope"),
        Stop::at(
            When::Log(Nth::First, "a session failed"),
            "main learns that {text}. An error skips the rest of a function, as a drop does. Only `Drop` or the caller can clean \
             up then.",
        )
        .only("fail", "3"),
        Stop::at(
            When::Over,
            "{figure:opened} connections were opened and {figure:closed} closed. {figure:left open} are still open at the end.",
        ),
    ],
    questions: &[
        Question::new(
            "6 sessions open ({param:open}), use ({param:use}) and close ({param:close}) a connection, but each is cancelled \
             after {param:cancel_after}. How many stay open (variant={param:variant})?",
            Answer::Number {
                is: "figure:left open",
                typical: &[
                    ("0", "A task that is aborted stops at its await. It never reaches the end of the line that closes."),
                    ("6", "That would be so if only the last line of a session closed its connection."),
                ],
            },
            When::Over,
            "{figure:opened} connections were opened and {figure:closed} closed. After a task is aborted at an await, none of \
             its lines runs any more, only `Drop`.",
        )
        .unless("cancel_after", "0"),
        Question::new(
            "Who closes the connection of a session that is cancelled after {param:cancel_after}, with \
             variant={param:variant}?",
            Answer::Choice(&[
                Choice::new("Nobody", If::More("figure:left open", "0")),
                Choice::new("Another task, which is not cancelled", If::Occurs(When::Spawn(Nth::First, "closer"))),
                Choice::new("`Drop`, which waits until it is closed", If::Less("figure:opened", "figure:closed")),
                Choice::new("The session itself, before it ends", If::Otherwise),
            ]),
            When::Over,
            "{figure:closed} of {figure:opened} connections were closed. `Drop` cannot await, so it can only ask another task \
             to close.",
        )
        .unless("cancel_after", "0"),
        Question::new(
            "{param:fail} of 6 sessions fail while they use their connection, and none is cancelled. How many connections stay \
             open (variant={param:variant})?",
            Answer::Number {
                is: "figure:left open",
                typical: &[
                    ("0", "`?` returns early, and the line that closes the connection never runs."),
                    ("param:fail", "That would be so if only the last line of a session closed its connection."),
                ],
            },
            When::Over,
            "{figure:opened} connections were opened and {figure:closed} closed. An error returns early, so a close in the \
             last line does not run.",
        )
        .only("cancel_after", "0"),
    ],
    source: include_str!("resource.rs"),
    path: file!(),
    twin: include_str!("resource.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// The server. It counts the connections to it.
struct Server {
    open: Duration,
    usage: Duration,
    close: Duration,
    opened: AtomicU64,
    closed: AtomicU64,
}

/// A handle to a connection, which stays open until `close` has run. Dropping the handle does not close it.
#[derive(Clone)]
struct Connection {
    server: Arc<Server>,
}

impl Server {
    async fn open(self: &Arc<Self>) -> Connection {
        sleep(self.open).instrument(info_span!("opens")).await;
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.count("opened");
        Connection { server: self.clone() }
    }

    /// Half of `usage`, in whole milliseconds.
    fn half_usage(&self) -> Duration {
        Duration::from_millis(self.usage.as_millis() as u64 / 2)
    }

    fn count(&self, what: &str) {
        let (opened, closed) = (self.opened.load(Ordering::Relaxed), self.closed.load(Ordering::Relaxed));
        let open = opened.saturating_sub(closed);
        info!(counter.opened = opened, counter.closed = closed, counter.still_open = open, "a connection is {what}");
    }
}

impl Connection {
    /// Works with the connection; if `fails` is set, fails half way.
    async fn work(&self, fails: bool) -> Result<(), SessionError> {
        let usage = if fails { self.server.half_usage() } else { self.server.usage };
        sleep(usage).instrument(info_span!("uses")).await;
        if fails { Err(SessionError::HungUp) } else { Ok(()) }
    }

    /// Sends the closing message. If this future is dropped before it is done, the connection stays open.
    async fn close(self) {
        sleep(self.server.close).instrument(info_span!("closes")).await;
        self.server.closed.fetch_add(1, Ordering::Relaxed);
        self.server.count("closed");
    }
}

/// Hands its connection to the closer, however its owner ends.
struct Guard {
    connection: Connection,
    closer: UnboundedSender<Connection>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        // `Drop` cannot await, but this send never waits.
        if self.closer.send(self.connection.clone()).is_err() {
            warn!("the closer has ended");
        }
    }
}

/// Why a session ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SessionError {
    /// The server closed the connection.
    HungUp,
    /// The session was asked to stop.
    Cancelled,
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SessionError::HungUp => "the server hung up",
            SessionError::Cancelled => "it was asked to stop",
        })
    }
}

impl std::error::Error for SessionError {}

/// A running session, and the token that asks it to stop.
struct Session {
    task: JoinHandle<Result<(), SessionError>>,
    token: CancellationToken,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let server = Arc::new(Server {
        open: cx.duration(OPEN),
        usage: cx.duration(USE),
        close: cx.duration(CLOSE),
        opened: AtomicU64::new(0),
        closed: AtomicU64::new(0),
    });
    // With `guard` a task closes the connections that sessions leave behind.
    let (to_closer, to_close) = mpsc::unbounded_channel();
    let guards = cx.word(VARIANT) == "guard";
    let closing = guards.then(|| Builder::new().name("closer").spawn(close_all(to_close))).transpose()?;

    let mut sessions = Vec::new();
    for i in 0..SESSIONS {
        let (start, fails) = (started + EVERY * i as u32, i < cx.count(FAIL));
        let token = CancellationToken::new();
        let (server, closer) = (server.clone(), to_closer.clone());
        let name = format!("session {i}");
        let session = Builder::new().name(&name);
        let task = match cx.word(VARIANT) {
            "guard" => session.spawn(guarded(server, start, fails, closer))?,
            "scope" => session.spawn(scoped(server, start, fails, token.clone()))?,
            _ => session.spawn(until_dropped(server, start, fails))?,
        };
        sessions.push(Session { task, token });
    }
    // Now only sessions have a sender, so the closer ends after the last of them.
    drop(to_closer);
    // Cancel each session at its time. `scope` is asked to stop; the others are aborted, which drops them.
    if !cx.duration(CANCEL_AFTER).is_zero() {
        for (i, session) in sessions.iter().enumerate() {
            sleep_until(started + EVERY * i as u32 + cx.duration(CANCEL_AFTER)).await;
            info!(mark = "cancel", "cancels session {i}");
            session.token.cancel();
            if cx.word(VARIANT) != "scope" {
                session.task.abort();
            }
        }
    }

    // Count how the sessions ended.
    let (mut failed, mut cancelled) = (0_u64, 0_u64);
    for session in sessions {
        match session.task.await {
            Ok(Ok(())) => {}
            Ok(Err(SessionError::Cancelled)) => cancelled += 1,
            Ok(Err(error @ SessionError::HungUp)) => {
                info!("a session failed: {error}");
                failed += 1;
            }
            Err(error) if error.is_cancelled() => cancelled += 1,
            Err(error) => return Err(error.into()),
        }
    }
    // Wait for the closer, too, or the connections that it still has are lost.
    if let Some(closing) = closing {
        closing.await?;
    }

    let (opened, closed) = (server.opened.load(Ordering::Relaxed), server.closed.load(Ordering::Relaxed));
    if opened > closed {
        warn!("{} connections are still open", opened - closed);
    }
    Ok(Outcome::new()
        .figure("opened", opened, "connections")
        .figure("closed", closed, "connections")
        .figure("left open", opened.saturating_sub(closed), "connections")
        .figure("failed", failed, "sessions")
        .figure("cancelled", cancelled, "sessions")
        .figure("total", started.elapsed(), "ms")
        .check("everything that was opened is closed", opened == closed))
}

/// `drop`: closes in its last line, if it reaches it.
async fn until_dropped(server: Arc<Server>, start: Instant, fails: bool) -> Result<(), SessionError> {
    sleep_until(start).instrument(info_span!("starts later")).await;
    let connection = server.open().await;
    connection.work(fails).await?;
    connection.close().await;
    Ok(())
}

/// `guard`: on every way out the guard is dropped, and the closer gets the connection.
async fn guarded(
    server: Arc<Server>,
    start: Instant,
    fails: bool,
    closer: UnboundedSender<Connection>,
) -> Result<(), SessionError> {
    sleep_until(start).instrument(info_span!("starts later")).await;
    let connection = server.open().await;
    let guard = Guard { connection, closer };
    guard.connection.work(fails).await
}

/// `scope`: a token asks it to stop. It is not dropped, so it can close its connection on the way out.
async fn scoped(server: Arc<Server>, start: Instant, fails: bool, stop: CancellationToken) -> Result<(), SessionError> {
    sleep_until(start).instrument(info_span!("starts later")).await;
    with_connection(&server, async |connection| {
        tokio::select! {
            biased;
            () = stop.cancelled() => Err(SessionError::Cancelled),
            result = connection.work(fails) => result,
        }
    })
    .await
}

/// Opens a connection, lets `work` use it, and closes it when `work` returns, also with an error.
///
/// If `work` panics, or if this future is dropped, the last lines do not run and the connection stays open.
async fn with_connection<T>(server: &Arc<Server>, work: impl AsyncFnOnce(&Connection) -> T) -> T {
    let connection = server.open().await;
    let result = work(&connection).await;
    connection.close().await;
    result
}

/// The closer: closes each connection that it receives, until all senders are gone.
async fn close_all(mut connections: UnboundedReceiver<Connection>) {
    while let Some(connection) = connections.recv().await {
        connection.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A session that is cancelled or fails does not reach its last line, so only `drop` leaks.
    #[tokio::test(start_paused = true)]
    async fn drop_cannot_await() -> scenario::Result<()> {
        for (fail, cancel_after, leaked_by_drop) in
            [("0", "0", 0.0), ("3", "0", 3.0), ("0", "50", 0.0), ("0", "250", 6.0), ("0", "350", 6.0), ("0", "500", 0.0)]
        {
            for variant in ["drop", "guard", "scope"] {
                let turned = [(VARIANT, variant), (FAIL, fail), (CANCEL_AFTER, cancel_after)];
                let outcome = run(Context::of(&SCENARIO, &turned)).await?;
                let leaked = if variant == "drop" { leaked_by_drop } else { 0.0 };
                assert_eq!(outcome.value("left open"), Some(leaked), "{turned:?}");
                assert_eq!(outcome.holds(), leaked < 1.0, "{turned:?}");
            }
        }
        Ok(())
    }

    /// A scope does not close if it is dropped or if its work panics; a guard does.
    #[tokio::test(start_paused = true)]
    async fn a_scope_that_is_dropped_or_panics_leaves_its_connection_open() -> scenario::Result<()> {
        let server = Arc::new(Server {
            open: Duration::ZERO,
            usage: Duration::from_millis(200),
            close: Duration::ZERO,
            opened: AtomicU64::new(0),
            closed: AtomicU64::new(0),
        });
        let counts = || (server.opened.load(Ordering::Relaxed), server.closed.load(Ordering::Relaxed));
        // In the middle of their work, one session is aborted and one panics.
        let aborted = tokio::spawn(scoped(server.clone(), Instant::now(), false, CancellationToken::new()));
        sleep(Duration::from_millis(100)).await;
        aborted.abort();
        assert!(aborted.await.is_err_and(|error| error.is_cancelled()));
        assert_eq!(counts(), (1, 0), "an aborted scope");
        let inner = server.clone();
        let panicked = tokio::spawn(async move { with_connection(&inner, async |_| panic!("a bug")).await });
        assert!(panicked.await.is_err_and(|error| error.is_panic()));
        assert_eq!(counts(), (2, 0), "a scope that panics");

        let (closer, to_close) = mpsc::unbounded_channel();
        let guarded = tokio::spawn(guarded(server.clone(), Instant::now(), false, closer));
        sleep(Duration::from_millis(100)).await;
        guarded.abort();
        close_all(to_close).await;
        assert_eq!(counts(), (3, 1), "an aborted guard");
        Ok(())
    }
}
