//! Every kind of wait, in plain Tokio code: its cause and its line are told, in
//! debug and in release, on one thread and on several.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails with the test")]

mod observed;

use std::future::poll_fn;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc as std_mpsc};
use std::time::Duration;

use async_playground::record::Detail;
use async_playground::trace::{Cause, Trace, Waker};
use observed::{Live, On, find, observe, one, spawn, waits};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Barrier, Mutex, Notify, RwLock, Semaphore, broadcast, mpsc, oneshot, watch};
use tokio::task::{self, JoinSet};
use tokio::time::{interval, sleep, timeout};

/// The lines where waits are to happen: each is written down right before.
#[derive(Clone, Default)]
struct Lines(Arc<std::sync::Mutex<Vec<Expected>>>);

/// In which task, for what, and where.
type Expected = (&'static str, Cause, u32);

impl Lines {
    fn expect(&self, name: &'static str, cause: Cause, line: u32) {
        self.0.lock().unwrap().push((name, cause, line));
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
    // The only blocking thread is busy until it is told.
    let (free, busy) = std_mpsc::channel::<()>();
    let blocking = task::spawn_blocking(move || busy.recv());

    let l = lines.clone();
    waiting.spawn(spawn("sleep", async move {
        l.expect("sleep", Cause::Time, line!() + 1);
        sleep(20 * MS).await;
    }));
    let l = lines.clone();
    waiting.spawn(spawn("interval", async move {
        let mut ticks = interval(20 * MS);
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

fn check_lines(trace: &Trace, lines: &Lines, kinds: usize) {
    let expected = lines.0.lock().unwrap();
    assert_eq!(expected.len(), kinds);
    for (name, cause, line) in &*expected {
        let waits = waits(trace, name);
        // The first tick of an interval may wait too, for the timer's next millisecond.
        assert_eq!(waits.last(), Some(&one(*cause, *line)), "{name}");
        assert!(waits.len() == 1 || *name == "interval", "{name}: {waits:?}");
        let site = trace.site(trace.waits_of(find(trace, name)).next().unwrap().leaves[0].site);
        assert_eq!(site.place.as_ref().map(|place| &*place.file), Some("tests/waits.rs"), "{name}");
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

/// A task that is to be woken once, by nothing that it waits for.
async fn with_a_stray_wake<T>(mut stray: oneshot::Receiver<()>, future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut stray_woke = false;
    poll_fn(|cx| {
        if !stray_woke {
            stray_woke = std::pin::Pin::new(&mut stray).poll(cx).is_ready();
        }
        future.as_mut().poll(cx)
    })
    .await
}

/// The virtual clock: what waits, and until when, is known to the millisecond.
fn on_virtual(program: impl Future<Output = ()> + Send + 'static) -> Trace {
    observe(On::Virtual, Detail::Waits, |_| program).0
}

#[test]
fn of_a_join_both_branches_are_told_and_then_the_one_that_is_left() {
    let lines = Arc::new(AtomicU32::new(0));
    let told = lines.clone();
    let trace = on_virtual(async move {
        let (send, mut receive) = mpsc::channel(1);
        let sends = spawn("sends", async move {
            sleep(20 * MS).await;
            send.send(()).await.unwrap();
        });
        told.store(line!(), Ordering::Relaxed);
        tokio::join!(sleep(10 * MS), receive.recv(),);
        sends.await.unwrap();
    });
    let line = lines.load(Ordering::Relaxed);
    // Of what a macro polls the line is the macro's.
    let (time, receive) = (format!("time {}", line + 1), format!("mpsc recv {}", line + 1));
    assert_eq!(waits(&trace, "main"), [vec![time, receive.clone()], vec![receive]]);
}

#[test]
fn of_a_join_of_two_operations_nothing_is_inferred() {
    let lines = Arc::new(AtomicU32::new(0));
    let told = lines.clone();
    let trace = on_virtual(async move {
        let permits = Arc::new(Semaphore::new(1));
        let held = permits.clone().acquire_owned().await.unwrap();
        let holds = spawn("holds", async move {
            sleep(20 * MS).await;
            drop(held);
        });
        told.store(line!(), Ordering::Relaxed);
        let (_, ()) = tokio::join!(permits.acquire(), sleep(10 * MS),);
        holds.await.unwrap();
    });
    let line = lines.load(Ordering::Relaxed);
    let (permit, time) = (format!("semaphore {}", line + 1), format!("time {}", line + 1));
    assert_eq!(waits(&trace, "main"), [vec![permit.clone(), time], vec![permit]]);
}

#[test]
fn a_notification_that_was_all_that_can_have_woken_is_over() {
    let trace = on_virtual(async {
        let notify = Arc::new(Notify::new());
        let n = notify.clone();
        let notifies = spawn("notifies", async move {
            sleep(10 * MS).await;
            n.notify_one();
        });
        tokio::join!(notify.notified(), sleep(20 * MS));
        notifies.await.unwrap();
    });
    let waits = waits(&trace, "main");
    assert_eq!(waits.len(), 2);
    assert!(waits[0].iter().any(|leaf| leaf.starts_with("notify")), "{waits:?}");
    assert!(waits[1].len() == 1 && waits[1][0].starts_with("time") && !waits[1][0].ends_with('?'), "{waits:?}");
}

#[test]
fn of_a_select_both_branches_are_told_and_the_loser_is_forgotten() {
    let lines = Arc::new(AtomicU32::new(0));
    let told = lines.clone();
    let trace = on_virtual(async move {
        let (send, mut receive) = mpsc::channel::<()>(1);
        told.store(line!(), Ordering::Relaxed);
        tokio::select! {
            () = sleep(10 * MS) => {}
            _ = receive.recv() => {}
        }
        sleep(5 * MS).await;
        drop(send);
    });
    let line = lines.load(Ordering::Relaxed);
    let mut waits = waits(&trace, "main");
    // Which branch is polled first is a matter of chance.
    waits[0].sort();
    assert_eq!(waits, [vec![format!("mpsc recv {}", line + 1), format!("time {}", line + 1)], one(Cause::Time, line + 5)]);
}

#[test]
fn a_sleep_that_has_ended_is_no_wait() {
    let trace = on_virtual(async {
        let mut nap = Box::pin(sleep(10 * MS));
        let (send, receive) = oneshot::channel::<()>();
        let sends = spawn("sends", async move {
            sleep(20 * MS).await;
            send.send(()).unwrap();
        });
        (&mut nap).await;
        receive.await.unwrap();
        sends.await.unwrap();
    });
    let causes: Vec<String> =
        waits(&trace, "main").concat().iter().map(|leaf| leaf.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(causes, ["time", "oneshot"], "the last task had ended by then");
}

#[test]
fn a_poll_for_nothing_keeps_what_is_waited_for() {
    let trace = on_virtual(async {
        let (stray, stray_wakes) = oneshot::channel();
        let notify = Arc::new(Notify::new());
        let n = notify.clone();
        let waits = spawn("waits", with_a_stray_wake(stray_wakes, async move { n.notified().await }));
        sleep(10 * MS).await;
        stray.send(()).unwrap();
        sleep(10 * MS).await;
        notify.notify_one();
        waits.await.unwrap();
    });
    let waits = waits(&trace, "waits");
    assert_eq!(waits.len(), 2, "{waits:?}");
    assert_eq!(waits[0].len(), 2, "{waits:?}");
    // It is registered already, and does not clone the waker again.
    assert!(waits[1].len() == 1 && waits[1][0].starts_with("notify") && waits[1][0].ends_with('?'), "{waits:?}");
}

#[test]
fn waits_within_sets_of_futures_are_told() {
    use futures::StreamExt;
    let lines = Arc::new(AtomicU32::new(0));
    let told = lines.clone();
    let trace = on_virtual(async move {
        told.store(line!() + 1, Ordering::Relaxed);
        let nap = |ms: u32| async move { sleep(ms * MS).await };
        let mut naps: futures::stream::FuturesUnordered<_> = [10, 20].map(nap).into_iter().collect();
        while naps.next().await.is_some() {}
    });
    let line = lines.load(Ordering::Relaxed);
    // Both sleep at one line; when one has ended, the other goes on there.
    assert_eq!(waits(&trace, "main"), [one(Cause::Time, line), one(Cause::Time, line)]);
}

#[test]
fn what_runs_inside_a_poll_is_not_the_tasks_own_wait() {
    let lines = Lines::default();
    let l = lines.clone();
    let (trace, _) = observe(On::TwoWorkers, Detail::Waits, |_| async move {
        task::block_in_place(|| {
            let local = task::LocalSet::new();
            let inside = local.run_until(async {
                let nap = task::spawn_local(async { sleep(5 * MS).await });
                nap.await.unwrap();
                sleep(MS).await;
            });
            tokio::runtime::Handle::current().block_on(inside);
        });
        l.expect("main", Cause::Time, line!() + 1);
        sleep(5 * MS).await;
    });
    check_lines(&trace, &lines, 1);
}

#[test]
fn futures_of_other_libraries_are_told_with_their_place_and_marked() {
    let lines = Arc::new(AtomicU32::new(0));
    let told = lines.clone();
    let trace = on_virtual(async move {
        let (send, receive) = futures::channel::oneshot::channel::<()>();
        let sends = spawn("sends", async move {
            sleep(10 * MS).await;
            send.send(()).unwrap();
        });
        told.store(line!() + 1, Ordering::Relaxed);
        receive.await.unwrap();
        sends.await.unwrap();
    });
    assert_eq!(waits(&trace, "main")[0], [format!("other {}?", lines.load(Ordering::Relaxed))]);
}

#[test]
fn a_task_that_is_nothing_but_tokios_future_waits_where_it_was_spawned() {
    let trace = on_virtual(async {
        task::Builder::new().name("nap").spawn(sleep(10 * MS)).unwrap().await.unwrap();
    });
    let waits = waits(&trace, "nap");
    assert!(waits.len() == 1 && waits[0][0].starts_with("time ") && waits[0][0].ends_with('?'), "{waits:?}");
}

#[test]
fn a_timeout_and_what_it_limits_are_both_told() {
    let trace = on_virtual(async {
        let (_send, mut receive) = mpsc::channel::<()>(1);
        assert!(timeout(10 * MS, receive.recv()).await.is_err());
    });
    let mut waits = waits(&trace, "main").concat();
    waits.sort();
    assert!(waits[0].starts_with("mpsc recv") && waits[1].starts_with("time"), "{waits:?}");
}

#[test]
fn the_chain_of_calls_leads_to_the_wait() {
    async fn outer() {
        inner().await;
    }
    async fn inner() {
        sleep(10 * MS).await;
    }
    let trace = on_virtual(outer());
    let leaf = trace.waits_of(0).next().unwrap().leaves[0];
    let chain: Vec<u32> = trace.site(leaf.site).chain().map(|frame| frame.place.line).collect();
    assert_eq!(chain.len(), 2, "{:?}", trace.site(leaf.site));
    assert_eq!(chain[1] - chain[0], 3);
}

#[test]
fn totals_are_the_sums_of_the_waits() {
    let trace = on_virtual(async {
        let permits = Arc::new(Semaphore::new(3));
        let mut calls = JoinSet::new();
        for _ in 0..20 {
            let permits = permits.clone();
            calls.spawn(async move {
                let _permit = permits.acquire().await.unwrap();
                sleep(500 * MS).await;
            });
        }
        while calls.join_next().await.is_some() {}
    });
    let totals = trace.wait_totals();
    let ms = |cause| {
        totals
            .iter()
            .find(|total| total.cause == cause)
            .map(|total| (total.count, total.total_ns / 1_000_000, total.max_ns / 1_000_000))
    };
    assert_eq!(ms(Cause::Semaphore), Some((17, 28_500, 3_000)));
    assert_eq!(ms(Cause::Time), Some((20, 10_000, 500)));
    assert!(totals.is_sorted_by(|a, b| a.total_ns >= b.total_ns));
}

#[test]
fn the_detail_does_not_change_what_is_hashed() {
    let program = || async {
        let (send, mut receive) = mpsc::channel(1);
        let sends = spawn("sends", async move {
            for i in 0..5 {
                sleep(10 * MS).await;
                send.send(i).await.unwrap();
                task::yield_now().await;
            }
        });
        while receive.recv().await.is_some() {}
        sends.await.unwrap();
    };
    let of = |detail| observe(On::Virtual, detail, |_| program()).0;
    let (polls, waits) = (of(Detail::Polls), of(Detail::Waits));
    assert_eq!(polls.hash(), waits.hash());
    assert!(polls.recorded < waits.recorded);
    assert!(polls.wait_totals().iter().all(|total| total.place.is_none()));
}
