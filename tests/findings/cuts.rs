//! Futures dropped at an await while they hold a lock, and cases that only look like that.

use std::sync::Arc;
use std::time::Duration;

use recorder::Detail;
use tokio::sync::{Mutex, RwLock, Semaphore, mpsc, oneshot};
use tokio::time::{sleep, timeout};
use trace::FindingKind::DroppedWhileHolding;

use super::observed::{self, On, find, observe};
use super::programs::{ALL, found};

const MS: Duration = Duration::from_millis(1);

/// Changes two halves, with a pause in between.
async fn change(both: &Mutex<(u32, u32)>, pause: Duration) {
    let mut both = both.lock().await;
    both.0 += 1;
    sleep(pause).await; // Half.
    both.1 += 1;
}

/// Creates the future that it awaits before it takes the lock.
async fn change_late(both: &RwLock<(u32, u32)>, pause: Duration) {
    let pause = sleep(pause);
    let mut pause = std::pin::pin!(pause);
    let mut both = both.write().await;
    both.0 += 1;
    (&mut pause).await;
    both.1 += 1;
}

/// Takes the lock in another function, and waits for room in a channel.
async fn change_deep(both: &Mutex<(u32, u32)>, full: &mpsc::Sender<u32>) {
    async fn take(both: &Mutex<(u32, u32)>) -> tokio::sync::MutexGuard<'_, (u32, u32)> {
        both.lock().await
    }
    let mut both = take(both).await;
    both.0 += 1;
    full.send(both.0).await.unwrap();
    both.1 += 1;
}

/// Changes that lose a race, each in its own task.
async fn lost() {
    let branch = async {
        let both = Mutex::new((0, 0));
        for _ in 0..3 {
            tokio::select! {
                () = change(&both, 500 * MS) => {}
                () = sleep(10 * MS) => {}
            }
        }
        assert_eq!(both.into_inner(), (3, 0));
    };
    observed::spawn("branch", branch).await.unwrap();
    let limited = async {
        let both = RwLock::new((0, 0));
        assert!(timeout(10 * MS, change_late(&both, 500 * MS)).await.is_err());
        assert_eq!(both.into_inner(), (1, 0));
    };
    observed::spawn("limited", limited).await.unwrap();
    let deep = async {
        let (both, (full, _rest)) = (Mutex::new((0, 0)), mpsc::channel(1));
        full.send(0).await.unwrap();
        tokio::select! {
            () = change_deep(&both, &full) => {}
            () = sleep(10 * MS) => {}
        }
        assert_eq!(both.into_inner(), (1, 0));
    };
    observed::spawn("deep", deep).await.unwrap();
}

#[test]
fn a_branch_that_loses_with_a_lock_is_told_with_both_lines() {
    for on in ALL {
        let (trace, _) = observe(on, Detail::Waits, |_| lost());
        let found = found(&trace, DroppedWhileHolding);
        let mut names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["branch", "deep", "limited"], "{on:?}: {found:?}");
        let (_, branch) = found.iter().find(|(name, _)| name == "branch").unwrap();
        let line = branch.place.as_ref().map(|place| super::line_of(&place.file, place.line));
        assert_eq!(line.as_deref(), Some("sleep(pause).await; // Half."), "{on:?}");
        assert!(branch.text.contains("held the mutex, taken at cuts.rs:") && branch.text.ends_with(", 3 times"), "{branch:?}");
    }
}

/// The change completes, though something in it is dropped under the lock.
async fn goes_through(both: &Mutex<(u32, u32)>) {
    let mut both = both.lock().await;
    both.0 += 1;
    let (send, answer) = oneshot::channel();
    let answers = observed::spawn("answers", async move {
        sleep(5 * MS).await;
        send.send(()).unwrap();
    });
    // The timer and the loser are dropped, and the lock is released, all in one poll.
    timeout(500 * MS, answer).await.unwrap().unwrap();
    tokio::select! {
        () = sleep(500 * MS) => {}
        () = sleep(5 * MS) => {}
    }
    both.1 += 1;
    drop(both);
    answers.await.unwrap();
}

/// None of this leaves a half-finished change.
async fn whole() {
    let both = Mutex::new((0, 0));
    tokio::select! {
        () = goes_through(&both) => {}
        () = sleep(10_000 * MS) => {}
    }
    assert_eq!(*both.lock().await, (1, 1));

    // A reader, and a task with a permit.
    let (read, permits) = (RwLock::new(0), Semaphore::new(1));
    let reads = async {
        let (_value, _permit) = (read.read().await, permits.acquire().await.unwrap());
        sleep(500 * MS).await;
    };
    assert!(timeout(10 * MS, reads).await.is_err());

    // A task that waits for the next message under the lock, and one that waits for the second lock.
    let (_send, receive) = mpsc::channel::<()>(1);
    let receive = Mutex::new(receive);
    assert!(timeout(10 * MS, async { receive.lock().await.recv().await }).await.is_err());
    let other = Mutex::new(());
    let held = other.lock().await;
    let second = async {
        let _first = both.lock().await;
        let _second = other.lock().await;
    };
    assert!(timeout(10 * MS, second).await.is_err());
    drop(held);

    // The lock is released before the wait that is cut off.
    let after = async {
        both.lock().await.0 += 0;
        sleep(500 * MS).await;
    };
    assert!(timeout(10 * MS, after).await.is_err());
    // A separate task makes the change undisturbed, whatever happens to the task that waits for it.
    let both = Arc::new(both);
    let own = both.clone();
    let mut changes = observed::spawn("changes", async move { change(&own, 30 * MS).await });
    assert!(timeout(10 * MS, &mut changes).await.is_err());
    changes.await.unwrap();
    assert_eq!(*both.lock().await, (2, 2));
}

#[test]
fn what_goes_through_or_changes_nothing_is_no_cut() {
    for on in ALL {
        let (trace, _) = observe(on, Detail::Waits, |_| whole());
        assert_eq!(found(&trace, DroppedWhileHolding), [], "{on:?}");
    }
}

/// An abort drops everything that the task has.
#[test]
fn a_task_that_is_aborted_with_a_lock_is_no_branch_that_lost() {
    let (trace, _) = observe(On::Virtual, Detail::Waits, |_| async {
        let both = Arc::new(Mutex::new((0, 0)));
        let changes = observed::spawn("changes", async move {
            tokio::select! {
                () = change(&both, 500 * MS) => {}
                () = sleep(10_000 * MS) => {}
            }
        });
        sleep(10 * MS).await;
        changes.abort();
        assert!(changes.await.unwrap_err().is_cancelled());
    });
    assert!(trace.tasks[find(&trace, "changes") as usize].ended.is_some());
    assert_eq!(found(&trace, DroppedWhileHolding), []);
}
