//! A wait for several things at once is ended by exactly one of them, and the recording never guesses which.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use recorder::Detail;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, Notify, Semaphore, mpsc, oneshot};
use tokio::task::{self, yield_now};
use tokio::time::{Instant, interval, sleep, timeout};
use trace::{LaneOf, Trace, Waker};

use super::observe;
use super::observed::{Live, On, find, spawn};

const MS: Duration = Duration::from_millis(1);
const ALL: [On; 3] = [On::Virtual, On::OneThread, On::TwoWorkers];

fn wakers(trace: &Trace, name: &str) -> Vec<Waker> {
    trace.tasks[find(trace, name) as usize].wakes.iter().map(|wake| wake.by).collect()
}

/// Programs in which a timer ends a wait for it and for something else: each in its own task.
async fn timers_win() {
    let nothing = Arc::new(Notify::new());
    let (locked, permits) = (Arc::new(Mutex::new(())), Arc::new(Semaphore::new(0)));
    let held = locked.clone().lock_owned().await;
    let n = nothing.clone();
    let select = spawn("select", async move {
        tokio::select! {
            () = n.notified() => unreachable!("nobody notifies"),
            () = sleep(5 * MS) => {}
        }
    });
    let lock = spawn("lock", async move { assert!(timeout(5 * MS, locked.lock()).await.is_err()) });
    let permit = spawn("permit", async move { assert!(timeout(5 * MS, permits.acquire()).await.is_err()) });
    let messages = spawn("messages", async {
        let (_send, mut receive) = mpsc::channel::<()>(1);
        assert!(timeout(5 * MS, timeout(50 * MS, receive.recv())).await.is_err());
    });
    let stream = spawn("stream", async {
        let (_near, mut far) = duplex(8);
        assert!(timeout(5 * MS, far.read_u8()).await.is_err());
    });
    let n = nothing.clone();
    let set = spawn("set", async move {
        let mut set: FuturesUnordered<_> = (1..=3).map(|i| sleep(i * 5 * MS)).collect();
        tokio::select! {
            () = n.notified() => unreachable!("nobody notifies"),
            () = async { while set.next().await.is_some() {} } => {}
        }
    });
    let n = nothing.clone();
    let later = spawn("set anew", async move {
        let mut nap = std::pin::pin!(sleep(1_000 * MS));
        let mut first = true;
        poll_fn(|cx| {
            let polled = nap.as_mut().poll(cx);
            if std::mem::take(&mut first) {
                nap.as_mut().reset(Instant::now() + 5 * MS);
                return nap.as_mut().poll(cx);
            }
            polled
        })
        .await;
        drop(n);
    });
    let ticks = spawn("ticks", async move {
        let mut ticks = interval(5 * MS);
        ticks.tick().await;
        tokio::select! {
            () = nothing.notified() => unreachable!("nobody notifies"),
            _ = ticks.tick() => {}
        }
    });
    for task in [select, lock, permit, messages, stream, set, later, ticks] {
        task.await.unwrap();
    }
    drop(held);
}

#[test]
fn a_timer_that_is_due_is_what_woke_also_a_task_that_waits_for_more() {
    for on in ALL {
        let (trace, _) = observe(on, Detail::Waits, |_| timers_win());
        for name in ["select", "lock", "permit", "messages", "stream", "set anew"] {
            // What is dropped after that may wake the task itself.
            assert_eq!(wakers(&trace, name)[0], Waker::Timer, "{name}, {on:?}");
        }
        // The first tick may have to wait for the timer's next millisecond.
        assert!(wakers(&trace, "ticks").iter().all(|by| *by == Waker::Timer), "{:?}, {on:?}", wakers(&trace, "ticks"));
        // A set that has been polled for long enough yields.
        let own = Waker::Task(find(&trace, "set"));
        let others: Vec<_> = wakers(&trace, "set").into_iter().filter(|by| *by != own).collect();
        assert!(!others.is_empty() && others.iter().all(|by| *by == Waker::Timer), "{others:?}, {on:?}");
    }
}

/// Each in its own task: what ends the wait comes long before the timer.
async fn others_win(live: Live) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (mut far, _) = listener.accept().await.unwrap();
    let socket = spawn("socket", async move { timeout(60_000 * MS, far.read_u8()).await.unwrap().unwrap() });
    let (wait, waits) = oneshot::channel();
    let thread = spawn("thread", async move {
        let mut answered = std::pin::pin!(waits);
        timeout(60_000 * MS, &mut answered).await.unwrap().unwrap();
    });
    let turn = spawn("turn", async {
        tokio::select! {
            () = yield_now() => {}
            () = sleep(60_000 * MS) => unreachable!("its turn comes first"),
        }
    });
    turn.await.unwrap();
    live.until_waiting("socket").await;
    live.until_waiting("thread").await;
    // This poll lasts until the thread has ended, so only the thread can act.
    std::thread::spawn(move || wait.send(()).unwrap()).join().unwrap();
    thread.await.unwrap();
    near.write_u8(1).await.unwrap();
    socket.await.unwrap();
}

#[test]
fn what_comes_before_the_timer_is_not_taken_for_it() {
    for on in [On::OneThread, On::TwoWorkers] {
        let (trace, _) = observe(on, Detail::Waits, others_win);
        assert_eq!(wakers(&trace, "socket"), [Waker::Io], "{on:?}");
        assert_eq!(wakers(&trace, "thread"), [Waker::Outside], "{on:?}");
        assert_eq!(wakers(&trace, "turn"), [Waker::Scheduler], "{on:?}");
    }
}

/// Time stops on the virtual clock while a blocking thread is busy: everything happens at one moment.
#[test]
fn a_blocking_thread_is_not_taken_for_the_timer() {
    for on in ALL {
        let (trace, _) = observe(on, Detail::Waits, |_| async {
            let join = spawn("join", timeout(60_000 * MS, task::spawn_blocking(|| std::thread::sleep(20 * MS))));
            join.await.unwrap().unwrap().unwrap();
            let (send, waits) = oneshot::channel();
            let answer = spawn("answer", timeout(60_000 * MS, waits));
            let blocking = task::spawn_blocking(move || {
                std::thread::sleep(20 * MS);
                send.send(()).unwrap();
            });
            answer.await.unwrap().unwrap().unwrap();
            blocking.await.unwrap();
        });
        let closures = (0..).zip(&trace.tasks).filter(|(_, task)| task.of == LaneOf::Blocking).map(|(closure, _)| closure);
        let closures: Vec<_> = closures.map(Waker::Task).collect();
        assert_eq!([wakers(&trace, "join"), wakers(&trace, "answer")].concat(), closures, "{on:?}");
    }
}

/// On the virtual clock nothing waits for a thread, so its wake has to come while a task runs.
#[test]
fn a_thread_of_the_programs_own_is_not_taken_for_the_timer_on_the_virtual_clock() {
    let (trace, _) = observe(On::Virtual, Detail::Waits, |_| async {
        let (send, waits) = oneshot::channel();
        let task = spawn("waits", async move { timeout(60_000 * MS, waits).await.unwrap().unwrap() });
        yield_now().await;
        std::thread::spawn(move || send.send(()).unwrap()).join().unwrap();
        task.await.unwrap();
    });
    assert_eq!(wakers(&trace, "waits"), [Waker::Outside]);
}
