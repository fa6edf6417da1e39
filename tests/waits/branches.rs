//! Waits for several things at once: which ones are still waited for after a poll.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, mpsc, oneshot};
use tokio::time::{sleep, timeout};
use trace::Cause;

use super::observed::{one, spawn, waits};
use super::on_virtual;

const MS: Duration = Duration::from_millis(1);

/// A task to be woken once, by something that it does not wait for.
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
    // What a macro polls has the line of the macro.
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
    // Chance decides which branch is polled first.
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
fn a_timeout_and_what_it_limits_are_both_told() {
    let trace = on_virtual(async {
        let (_send, mut receive) = mpsc::channel::<()>(1);
        assert!(timeout(10 * MS, receive.recv()).await.is_err());
    });
    let mut waits = waits(&trace, "main").concat();
    waits.sort();
    assert!(waits[0].starts_with("mpsc recv") && waits[1].starts_with("time"), "{waits:?}");
}
