//! Owned guards that move to another task, or to a thread without a task.

use std::sync::{Arc, Condvar, Mutex as StdMutex};

use recorder::Detail;
use tokio::sync::{Mutex, Notify, RwLock, Semaphore, mpsc};
use tokio::task::{self, JoinSet};
use tokio::time::sleep;
use trace::{FindingKind, ResourceKind, StallKind};

use super::observed::{On, observe, spawn};
use super::{MS, holders, kept_by, on_virtual};

#[test]
fn a_permit_that_a_server_gives_to_a_connection_is_the_connections() {
    let trace = on_virtual(async {
        let limit = Arc::new(Semaphore::new(3));
        let server = spawn("server", async move {
            let mut connections = JoinSet::new();
            for n in 0..8 {
                let permit = limit.clone().acquire_owned().await.unwrap();
                connections.build_task().name(&format!("connection {n}")).spawn(async move {
                    sleep(20 * MS).await;
                    drop(permit);
                })?;
            }
            while connections.join_next().await.is_some() {}
            std::io::Result::Ok(())
        });
        server.await.unwrap().unwrap();
    });
    assert_eq!(holders(&trace, ResourceKind::Semaphore, 5), ["connection 0?", "connection 1?", "connection 2?"]);
    assert_eq!(kept_by(&trace, "server", 5), ["connection 0?", "connection 1?", "connection 2?"]);
    assert_eq!(holders(&trace, ResourceKind::Semaphore, 25), ["connection 3?", "connection 4?", "connection 5?"]);
    assert!(trace.deadlocks.is_empty(), "{:?}", trace.deadlocks);
    assert!(trace.deadlock_at(trace.end_ns).is_none());
    assert_eq!(super::kinds(&trace), []);
}

#[test]
fn a_guard_that_a_helper_has_is_not_its_takers() {
    let trace = on_virtual(async {
        let (state, news) = (Arc::new(Mutex::new(0)), Arc::new(Notify::new()));
        let told = news.clone();
        spawn("owner", async move {
            let guard = state.clone().lock_owned().await;
            spawn("helper", async move {
                sleep(20 * MS).await;
                drop(guard);
            });
            *state.lock().await += 1;
            told.notified().await;
        });
        sleep(50 * MS).await;
    });
    assert_eq!(kept_by(&trace, "owner", 10), ["helper?"]);
    assert!(trace.deadlocks.is_empty(), "{:?}", trace.deadlocks);
    assert_eq!(super::kinds(&trace), [FindingKind::LockAcrossWait], "the helper sleeps with the lock, and that is all");
}

#[test]
fn a_guard_that_is_sent_to_another_task_is_that_ones() {
    let trace = on_virtual(async {
        let table = Arc::new(RwLock::new(0));
        let (give, mut get) = mpsc::channel(1);
        let keeper = spawn("keeper", async move {
            let guard: tokio::sync::OwnedRwLockWriteGuard<u32> = get.recv().await.unwrap();
            sleep(30 * MS).await;
            drop(guard);
        });
        let other = table.clone();
        let giver = spawn("giver", async move {
            sleep(5 * MS).await;
            give.send(table.clone().write_owned().await).await.unwrap();
            sleep(100 * MS).await;
        });
        sleep(10 * MS).await;
        let wants = spawn("wants", async move {
            drop(other.read().await);
        });
        for task in [keeper, giver, wants] {
            task.await.unwrap();
        }
    });
    assert_eq!(kept_by(&trace, "wants", 20), ["keeper?"]);
}

#[test]
fn an_owned_guard_that_its_taker_gives_back_was_its_takers_all_along() {
    let trace = on_virtual(async {
        let limit = Arc::new(Semaphore::new(1));
        let other = limit.clone();
        let holds = spawn("holds", async move {
            let _permit = limit.acquire_owned().await.unwrap();
            spawn("nothing to do with it", async {});
            sleep(30 * MS).await;
        });
        let wants = spawn("wants", async move {
            sleep(5 * MS).await;
            drop(other.acquire().await.unwrap());
        });
        holds.await.unwrap();
        wants.await.unwrap();
    });
    assert_eq!(kept_by(&trace, "wants", 10), ["holds"]);
}

#[test]
fn a_task_that_takes_its_own_lock_twice_is_stuck_for_sure_only_if_the_guard_cannot_leave_it() {
    let plain = super::for_a_second(async {
        let lock = Mutex::new(());
        let _first = lock.lock().await;
        let _second = lock.lock().await;
    });
    assert_eq!(plain.deadlocks.len(), 1);
    let owned = super::for_a_second(async {
        let lock = Arc::new(Mutex::new(()));
        let _first = lock.clone().lock_owned().await;
        let _second = lock.lock_owned().await;
    });
    assert!(owned.deadlocks.is_empty(), "the guard may be elsewhere: {:?}", owned.deadlocks);
    let stall = owned.stall_at(super::QUIET_MS * 1_000_000);
    assert!(stall.inferred, "{stall:?}");
}

#[test]
fn two_tasks_with_owned_guards_are_a_possible_deadlock() {
    let trace = super::for_a_second(async {
        let (x, y) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
        let both = |first: &Arc<Mutex<()>>, second: &Arc<Mutex<()>>| {
            let (first, second) = (first.clone(), second.clone());
            async move {
                let _first = first.lock_owned().await;
                sleep(10 * MS).await;
                let _second = second.lock_owned().await;
            }
        };
        let (a, b) = (spawn("a", both(&x, &y)), spawn("b", both(&y, &x)));
        _ = tokio::join!(a, b);
    });
    assert!(trace.deadlocks.is_empty(), "{:?}", trace.deadlocks);
    let circles: Vec<_> = trace.findings().list.into_iter().filter(|found| found.kind.name() == "possible-deadlock").collect();
    assert_eq!((circles.len(), circles[0].tasks, circles[0].inferred), (1, 2, true));
    let stall = trace.stall_at(super::QUIET_MS * 1_000_000);
    assert!(stall.kind != StallKind::Cycle || stall.inferred, "{stall:?}");
}

#[test]
fn a_guard_that_a_blocking_closure_has_is_not_mains() {
    let trace = observe(On::TwoWorkers, Detail::Waits, |live| async move {
        let lock = Arc::new(Mutex::new(0));
        let other = lock.clone();
        let guard = lock.lock_owned().await;
        let gate = Arc::new((StdMutex::new(false), Condvar::new()));
        let opened = gate.clone();
        let work = task::spawn_blocking(move || {
            let open = opened.1.wait_while(opened.0.lock().unwrap(), |open| !*open);
            drop(guard);
            drop(open);
        });
        let waits = spawn("waits", async move {
            drop(other.lock().await);
        });
        live.until_waiting("waits").await;
        *gate.0.lock().unwrap() = true;
        gate.1.notify_all();
        work.await.unwrap();
        waits.await.unwrap();
    })
    .0;
    let waits = super::observed::find(&trace, "waits");
    let wait = trace.waits_of(waits).next().unwrap();
    let blockers = trace.blockers(waits, wait.leaves[0], wait.start_ns);
    assert!(blockers.iter().all(|blocker| trace.tasks[blocker.task as usize].name != "main"), "{blockers:?}");
    assert!(trace.deadlocks.is_empty());
}

#[test]
fn a_borrowed_guard_is_observed() {
    let trace = on_virtual(async {
        let lock = Arc::new(Mutex::new(()));
        let other = lock.clone();
        let holds = spawn("holds", async move {
            let _held = lock.lock().await;
            spawn("nothing to do with it", async {});
            sleep(30 * MS).await;
        });
        let wants = spawn("wants", async move {
            sleep(5 * MS).await;
            drop(other.lock().await);
        });
        holds.await.unwrap();
        wants.await.unwrap();
    });
    assert_eq!(holders(&trace, ResourceKind::Mutex, 10), ["holds"]);
}
