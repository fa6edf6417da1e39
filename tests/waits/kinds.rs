//! Each kind of wait, at a known line.

use std::panic::Location;
use std::sync::{Arc, mpsc as std_mpsc};
use std::time::Duration;

use recorder::Detail;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Barrier, Mutex, Notify, RwLock, Semaphore, broadcast, mpsc, oneshot, watch};
use tokio::task::{self, JoinSet};
use tokio::time::{interval, sleep};
use trace::{Cause, ResourceKind, Trace, Waker};

use super::observe;
use super::observed::{Live, On, find, one, spawn, waits};

/// The lines where waits are expected: each is recorded right before the wait.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<std::sync::Mutex<Vec<Expected>>>);

/// The task, the cause and the line.
type Expected = (&'static str, Cause, &'static str, u32);

impl Lines {
    /// Expects the task of that name to wait for this, at that line of the caller's file.
    #[track_caller]
    pub(crate) fn expect(&self, name: &'static str, cause: Cause, line: u32) {
        self.0.lock().unwrap().push((name, cause, Location::caller().file(), line));
    }
}

const MS: Duration = Duration::from_millis(1);

async fn locks(lines: Lines, live: Live) {
    let (mutex, rwlock, semaphore) = (Arc::new(Mutex::new(())), Arc::new(RwLock::new(())), Arc::new(Semaphore::new(1)));
    let held = (mutex.lock().await, rwlock.write().await, semaphore.acquire().await.unwrap());
    let mut waiting = JoinSet::new();
    waiting.spawn(spawn("mutex", {
        let (mutex, lines) = (mutex.clone(), lines.clone());
        async move {
            lines.expect("mutex", Cause::Mutex, line!() + 1);
            drop(mutex.lock().await);
        }
    }));
    waiting.spawn(spawn("mutex owned", {
        let (mutex, lines) = (mutex.clone(), lines.clone());
        async move {
            lines.expect("mutex owned", Cause::Mutex, line!() + 1);
            drop(mutex.lock_owned().await);
        }
    }));
    waiting.spawn(spawn("rwlock read", {
        let (rwlock, lines) = (rwlock.clone(), lines.clone());
        async move {
            lines.expect("rwlock read", Cause::RwLock, line!() + 1);
            drop(rwlock.read().await);
        }
    }));
    waiting.spawn(spawn("rwlock write", {
        let (rwlock, lines) = (rwlock.clone(), lines.clone());
        async move {
            lines.expect("rwlock write", Cause::RwLock, line!() + 1);
            drop(rwlock.write().await);
        }
    }));
    waiting.spawn(spawn("semaphore", {
        let (semaphore, lines) = (semaphore.clone(), lines.clone());
        async move {
            lines.expect("semaphore", Cause::Semaphore, line!() + 1);
            drop(semaphore.acquire().await);
        }
    }));
    for name in ["mutex", "mutex owned", "rwlock read", "rwlock write", "semaphore"] {
        live.until_waiting(name).await;
    }
    drop(held);
    while waiting.join_next().await.is_some() {}
}

async fn channels(lines: Lines, live: Live) {
    let mut waiting = JoinSet::new();
    let (full, mut from_full) = mpsc::channel(1);
    full.send(0).await.unwrap();
    let (send, mut receive) = mpsc::channel::<u32>(1);
    let (send_unbounded, mut receive_unbounded) = mpsc::unbounded_channel::<u32>();
    let (send_once, receive_once) = oneshot::channel::<u32>();
    let (change, mut changes) = watch::channel(0);
    let (tell_all, mut told) = broadcast::channel::<u32>(1);
    let notify = Arc::new(Notify::new());
    let barrier = Arc::new(Barrier::new(2));

    let l = lines.clone();
    waiting.spawn(spawn("mpsc send", async move {
        l.expect("mpsc send", Cause::MpscSend, line!() + 1);
        full.send(1).await.unwrap();
    }));
    let l = lines.clone();
    waiting.spawn(spawn("mpsc recv", async move {
        l.expect("mpsc recv", Cause::MpscRecv, line!() + 1);
        receive.recv().await.unwrap();
    }));
    let l = lines.clone();
    waiting.spawn(spawn("mpsc unbounded", async move {
        l.expect("mpsc unbounded", Cause::MpscRecv, line!() + 1);
        receive_unbounded.recv().await.unwrap();
    }));
    let l = lines.clone();
    waiting.spawn(spawn("oneshot", async move {
        l.expect("oneshot", Cause::Oneshot, line!() + 1);
        receive_once.await.unwrap();
    }));
    let l = lines.clone();
    waiting.spawn(spawn("watch", async move {
        l.expect("watch", Cause::Watch, line!() + 1);
        changes.changed().await.unwrap();
    }));
    let l = lines.clone();
    waiting.spawn(spawn("broadcast", async move {
        l.expect("broadcast", Cause::Broadcast, line!() + 1);
        told.recv().await.unwrap();
    }));
    let (l, n) = (lines.clone(), notify.clone());
    waiting.spawn(spawn("notify", async move {
        l.expect("notify", Cause::Notify, line!() + 1);
        n.notified().await;
    }));
    let (l, b) = (lines.clone(), barrier.clone());
    waiting.spawn(spawn("barrier", async move {
        l.expect("barrier", Cause::Barrier, line!() + 1);
        b.wait().await;
    }));
    for name in ["mpsc send", "mpsc recv", "mpsc unbounded", "oneshot", "watch", "broadcast", "notify", "barrier"] {
        live.until_waiting(name).await;
    }
    from_full.recv().await.unwrap();
    send.send(1).await.unwrap();
    send_unbounded.send(1).unwrap();
    send_once.send(1).unwrap();
    change.send(1).unwrap();
    tell_all.send(1).unwrap();
    notify.notify_one();
    barrier.wait().await;
    while waiting.join_next().await.is_some() {}
}

async fn others(lines: Lines, live: Live) {
    let mut waiting = JoinSet::new();
    let (release, released) = oneshot::channel::<()>();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let client = TcpStream::connect(addr).await.unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    // The only blocking thread is busy until it is released.
    let (free, busy) = std_mpsc::channel::<()>();
    let blocking = task::spawn_blocking(move || busy.recv());

    let l = lines.clone();
    waiting.spawn(spawn("sleep", async move {
        l.expect("sleep", Cause::Time, line!() + 1);
        sleep(20 * MS).await;
    }));
    let l = lines.clone();
    waiting.spawn(spawn("interval", async move {
        // Long enough that the second tick is not yet due when it is awaited, whatever else the machine does.
        let mut ticks = interval(500 * MS);
        ticks.tick().await;
        l.expect("interval", Cause::Time, line!() + 1);
        ticks.tick().await;
    }));
    let l = lines.clone();
    waiting.spawn(spawn("join", async move {
        let child = spawn("child", async { released.await.unwrap() });
        l.expect("join", Cause::Join, line!() + 1);
        child.await.unwrap();
    }));
    let l = lines.clone();
    waiting.spawn(spawn("join set", async move {
        let mut set = JoinSet::new();
        set.spawn(sleep(20 * MS));
        l.expect("join set", Cause::Join, line!() + 1);
        set.join_next().await.unwrap().unwrap();
    }));
    let l = lines.clone();
    waiting.spawn(spawn("io", async move {
        let mut byte = [0];
        l.expect("io", Cause::Io, line!() + 1);
        assert_eq!(server.read(&mut byte).await.unwrap(), 0);
    }));
    let l = lines.clone();
    waiting.spawn(spawn("yield", async move {
        l.expect("yield", Cause::Yield, line!() + 1);
        task::yield_now().await;
    }));
    let l = lines.clone();
    waiting.spawn(spawn("blocking", async move {
        l.expect("blocking", Cause::Blocking, line!() + 1);
        tokio::fs::metadata("/").await.unwrap();
    }));
    for name in ["join", "io", "blocking"] {
        live.until_waiting(name).await;
    }
    release.send(()).unwrap();
    drop(client);
    free.send(()).unwrap();
    blocking.await.unwrap().unwrap();
    while waiting.join_next().await.is_some() {}
}

/// All expected waits happened, once each, and there are that many kinds.
pub(crate) fn check_lines(trace: &Trace, lines: &Lines, kinds: usize) {
    let expected = lines.0.lock().unwrap();
    assert_eq!(expected.len(), kinds);
    for (name, cause, file, line) in &*expected {
        let waits = waits(trace, name);
        // The first tick of an interval may wait too, for the timer's next millisecond.
        assert_eq!(waits.last(), Some(&one(*cause, *line)), "{name}");
        assert!(waits.len() == 1 || *name == "interval", "{name}: {waits:?}");
        let site = trace.site(trace.waits_of(find(trace, name)).next().unwrap().leaves[0].site);
        assert_eq!(site.place.as_ref().map(|place| &*place.file), Some(*file), "{name}");
    }
}

#[test]
fn locks_are_told_with_their_lines() {
    for on in [On::OneThread, On::TwoWorkers] {
        let lines = Lines::default();
        let (trace, _) = observe(on, Detail::Waits, |live| locks(lines.clone(), live));
        check_lines(&trace, &lines, 5);
    }
}

#[test]
fn channels_are_told_with_their_lines() {
    for on in [On::OneThread, On::TwoWorkers] {
        let lines = Lines::default();
        let (trace, _) = observe(on, Detail::Waits, |live| channels(lines.clone(), live));
        check_lines(&trace, &lines, 8);
    }
}

#[test]
fn a_channel_is_not_taken_for_the_semaphore_that_could_not_be_made_before_it() {
    let trace = super::on_virtual(async {
        let too_many = std::panic::catch_unwind(|| Semaphore::new(Semaphore::MAX_PERMITS + 1));
        assert!(too_many.is_err());
        let _channel = mpsc::channel::<u32>(1);
        let _semaphore = Semaphore::new(1);
    });
    let kinds: Vec<ResourceKind> = trace.resources.iter().map(|resource| resource.kind).collect();
    // The first could not be made, but Tokio had begun.
    assert_eq!(kinds, [ResourceKind::Semaphore, ResourceKind::Channel, ResourceKind::Semaphore]);
}

#[test]
fn time_tasks_sockets_and_blocking_work_are_told_with_their_lines() {
    for on in [On::OneThread, On::TwoWorkers] {
        let lines = Lines::default();
        let (trace, _) = observe(on, Detail::Waits, |live| others(lines.clone(), live));
        check_lines(&trace, &lines, 7);
        let wakers = |name: &str| trace.tasks[find(&trace, name) as usize].wakes.iter().map(|wake| wake.by).collect::<Vec<_>>();
        assert_eq!(wakers("sleep"), [Waker::Timer]);
        assert_eq!(wakers("io"), [Waker::Io]);
        assert_eq!(wakers("yield"), [Waker::Scheduler]);
        assert_eq!(wakers("blocking"), [Waker::Blocking]);
        assert_eq!(wakers("join"), [Waker::Task(find(&trace, "child"))]);
    }
}
