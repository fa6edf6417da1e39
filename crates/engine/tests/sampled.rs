//! A program that serves tokio-console, looked at from outside: what its tasks are called, what they wait for, who holds what.
//!
//! One process has one subscriber, so the tests share one program.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::{Duration, Instant};

use async_playground_engine as engine;
use async_playground_engine::attach::{Feed, Over};
use async_playground_engine::sampled::{ConnectError, connect};
use facts::site::Cause;
use recording::Fact;
use tokio::runtime::Runtime;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::Builder;
use trace::{End, LaneOf, State, Task, Trace};

/// How long samples may take to show something.
const PATIENCE: Duration = Duration::from_secs(20);

struct Program {
    addr: SocketAddr,
    /// The line that spawned the tasks that wait, and the lines of the lock and the semaphore.
    lines: [u32; 3],
    runtime: Runtime,
}

static PROGRAM: LazyLock<Program> = LazyLock::new(program);

/// A program in which one task holds a lock for ever, three wait for it, one has taken two of five permits, one ticks and one
/// has ended.
fn program() -> Program {
    let addr = engine::serve_console(([127, 0, 0, 1], 0).into()).expect("a free port");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let _inside = runtime.enter();
    let (lock, lock_line) = (Arc::new(Mutex::new(())), line!());
    let (permits, permits_line) = (Arc::new(Semaphore::new(5)), line!());
    let (held, is_held) = std::sync::mpsc::channel();
    let of_holder = lock.clone();
    let holder = async move {
        let _guard = of_holder.lock().await;
        held.send(()).expect("the test waits");
        std::future::pending::<()>().await;
    };
    _ = Builder::new().name("holder").spawn(holder).expect("a runtime");
    is_held.recv().expect("the holder has the lock");
    let mut waiter_line = 0;
    for number in 0..3 {
        let lock = lock.clone();
        let waits = async move { drop(lock.lock().await) };
        let name = format!("waiter {number}");
        waiter_line = line!() + 1;
        _ = Builder::new().name(&name).spawn(waits).expect("a runtime");
    }
    let taker = async move {
        let _two = permits.acquire_many(2).await;
        std::future::pending::<()>().await;
    };
    _ = Builder::new().name("taker").spawn(taker).expect("a runtime");
    let ticker = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        loop {
            ticks.tick().await;
        }
    };
    _ = Builder::new().name("ticker").spawn(ticker).expect("a runtime");
    _ = Builder::new().name("short").spawn(async {}).expect("a runtime");
    _ = Builder::new().name("closure").spawn_blocking(|| ()).expect("a runtime");
    Program { addr, lines: [waiter_line, lock_line, permits_line], runtime }
}

/// Takes in facts until something is seen.
fn watch(feed: &Feed, trace: &mut Trace, what: &str, seen: impl Fn(&Trace) -> bool) {
    let begun = Instant::now();
    while !seen(trace) {
        assert!(begun.elapsed() < PATIENCE, "not seen: {what}; {:?}", feed.over());
        for fact in feed.wait(Duration::from_millis(50)).into_iter().flatten() {
            match fact {
                Fact::Event(thread, event) => trace.push(thread, event),
                Fact::Thread(index, name) => trace.name_thread(index, name),
                Fact::Lost(lost) => trace.add_lost(lost),
                Fact::Sample(_) | Fact::Keyframe(_) => panic!("samples have none"),
            }
        }
    }
}

fn named<'a>(trace: &'a Trace, name: &str) -> Option<&'a Task> {
    trace.tasks.iter().find(|task| task.name == name)
}

fn state(trace: &Trace, name: &str) -> Option<State> {
    named(trace, name)?.segments.last().map(|last| last.state)
}

#[test]
fn tasks_and_resources_are_those_of_the_program() {
    let program = &*PROGRAM;
    let feed = connect(&format!("http://{}", program.addr)).expect("it listens");
    assert!(feed.sampled);
    assert!(feed.program.lacks.iter().all(|line| !line.contains('\n') && line.ends_with('.')));
    let mut trace = Trace::default();
    let ticks = |trace: &Trace| named(trace, "ticker").is_some_and(|ticker| ticker.polls >= 15);
    watch(&feed, &mut trace, "fifteen ticks", ticks);

    // Another test may have spawned a task of its own.
    let mut names: Vec<&str> = trace.tasks.iter().map(|task| &*task.name).filter(|name| *name != "owner").collect();
    names.sort_unstable();
    assert_eq!(names, ["closure", "holder", "short", "taker", "ticker", "waiter 0", "waiter 1", "waiter 2"]);
    assert_eq!(named(&trace, "closure").map(|task| task.of), Some(LaneOf::Blocking));
    assert_eq!(named(&trace, "short").and_then(|task| task.ended).map(|end| end.how), Some(End::Unknown));
    let [waiter_line, lock_line, permits_line] = program.lines;
    for name in ["waiter 0", "waiter 1", "waiter 2"] {
        assert_eq!(state(&trace, name), Some(State::Waiting(Cause::Mutex)), "{name}");
        let waiter = named(&trace, name).expect("it has a lane");
        let spawned = waiter.spawned_at.as_ref().expect("a task has a line");
        assert_eq!((spawned.file(), spawned.line()), (file!(), waiter_line), "{name}");
        assert_eq!((waiter.polls, waiter.ended), (1, None), "{name} was polled once");
    }
    assert_eq!(state(&trace, "taker"), Some(State::Waiting(Cause::Unknown)));

    let resource =
        |line: u32| (0..trace.resources.len() as u32).find(|at| trace.resource_name(*at).ends_with(&format!(":{line}")));
    let lock = &trace.resources[resource(lock_line).expect("the lock is known") as usize];
    let waiting = lock.at(trace.end_ns);
    let mut waiters: Vec<&str> = waiting.waiters.iter().map(|waiter| &*trace.tasks[waiter.task as usize].name).collect();
    waiters.sort_unstable();
    assert_eq!(waiters, ["waiter 0", "waiter 1", "waiter 2"]);
    let permits = &trace.resources[resource(permits_line).expect("the semaphore is known") as usize];
    assert_eq!(permits.at(trace.end_ns).free, Some(3), "five, of which two are taken");
}

#[test]
fn a_lock_that_is_taken_while_somebody_looks_has_its_holder() {
    let program = &*PROGRAM;
    let feed = connect(&format!("http://{}", program.addr)).expect("it listens");
    let mut trace = Trace::default();
    watch(&feed, &mut trace, "the tasks", |trace| named(trace, "ticker").is_some());
    let (lock, line) = (Arc::new(Mutex::new(())), line!());
    let (release, released) = tokio::sync::oneshot::channel::<()>();
    let of_owner = lock.clone();
    let owner = async move {
        let _guard = of_owner.lock().await;
        released.await
    };
    let handle = program.runtime.handle();
    _ = Builder::new().name("owner").spawn_on(owner, handle).expect("a runtime");
    let of = |trace: &Trace| {
        let lock = (0..trace.resources.len() as u32).find(|at| trace.resource_name(*at).ends_with(&format!(":{line}")))?;
        let holders = trace.resources[lock as usize].at(trace.end_ns).holders;
        Some(holders.iter().map(|holder| trace.tasks[holder.task? as usize].name.clone().into()).collect::<Vec<Option<String>>>())
    };
    watch(&feed, &mut trace, "the holder", |trace| of(trace) == Some(vec![Some("owner".to_owned())]));
    assert_eq!(state(&trace, "owner"), Some(State::Waiting(Cause::Oneshot)));
    release.send(()).expect("the owner waits");
    watch(&feed, &mut trace, "the end", |trace| named(trace, "owner").is_some_and(|owner| owner.ended.is_some()));
    watch(&feed, &mut trace, "the release", |trace| of(trace) == Some(Vec::new()));
}

/// Copies what one side sends to the other.
fn copy(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        _ = std::io::copy(&mut from, &mut to);
        _ = to.shutdown(Shutdown::Both);
    });
}

#[test]
fn a_program_that_goes_away_ends_the_feed_with_one_line() {
    let between = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let addr = between.local_addr().expect("it is bound");
    let server = PROGRAM.addr;
    let (link, linked) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let (client, _) = between.accept().expect("the client connects");
        let program = TcpStream::connect(server).expect("the program listens");
        let clone = |stream: &TcpStream| stream.try_clone().expect("enough descriptors");
        copy(clone(&client), clone(&program));
        copy(program, clone(&client));
        link.send(client).expect("the test waits");
    });
    let feed = connect(&format!("http://{addr}")).expect("it listens");
    linked.recv().expect("the link is up").shutdown(Shutdown::Both).expect("it is open");
    let begun = Instant::now();
    while feed.over().is_none() {
        assert!(begun.elapsed() < PATIENCE, "the feed ends");
        _ = feed.wait(Duration::from_millis(20));
    }
    let Some(Over::Failed(reason)) = feed.over() else { panic!("{:?}", feed.over()) };
    assert!(reason.starts_with("the program closed the connection") && !reason.contains('\n'), "{reason}");
}

/// What connecting to a server says that answers with this, and then closes.
fn refusal(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let addr = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.expect("a client");
            _ = client.read(&mut [0; 64]);
            _ = client.write_all(answer);
        }
    });
    connect(&format!("http://{addr}")).map(|_| ()).expect_err("it is no console").to_string()
}

#[test]
fn what_is_no_console_is_refused_in_one_line() {
    let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a free port");
    let nobody = connect(&format!("http://{free}")).map(|_| ()).expect_err("nobody listens").to_string();
    assert!(nobody.starts_with(&format!("cannot attach to http://{free}: ")) && nobody.contains("refused"), "{nobody}");
    for answer in [&b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"[..], b"", b"SSH-2.0-OpenSSH_9.2\r\n"] {
        let said = refusal(answer);
        assert!(said.contains("it does not serve tokio-console") && !said.contains('\n'), "{said}");
    }
}

#[test]
fn an_address_that_is_none_says_what_is_right() {
    for (url, part) in [
        ("https://127.0.0.1:6669", "encrypted"),
        ("127.0.0.1:6669", "http://"),
        ("http://", "URL"),
        ("http://host/path", "path"),
        ("ftp://host", "begin with http://"),
    ] {
        let error = connect(url).map(|_| ()).expect_err("it is no address");
        assert!(matches!(error, ConnectError::Address(_)), "{url}: {error}");
        assert!(error.to_string().contains(part) && error.to_string().contains("http://HOST:PORT"), "{url}: {error}");
    }
}
