//! Which task waits for which, on real Tokio code: chains, cycles, and reasons of stalls.

use super::observed;

use std::sync::Arc;
use std::time::Duration;

use observed::{On, find, observe, spawn};
use recorder::Detail;
use tokio::sync::{Mutex, RwLock, Semaphore, mpsc};
use tokio::time::{sleep, timeout};
use trace::{Cause, StallKind, Trace};

const MS: Duration = Duration::from_millis(1);
/// A time at which nothing happens any more, and nothing has ended.
const QUIET_NS: u64 = 500_000_000;

/// Runs it for a virtual second: long enough for a standstill.
fn for_a_second(program: impl Future<Output = ()> + Send + 'static) -> Trace {
    observe(On::Virtual, Detail::Waits, |_| async { _ = timeout(1_000 * MS, program).await }).0
}

async fn takes_both(first: Arc<Mutex<()>>, second: Arc<Mutex<()>>) {
    let _one = first.lock().await; // the first lock
    sleep(10 * MS).await;
    let _other = second.lock().await; // the second lock
}

/// The line of this file that ends with a comment.
fn line_of(comment: &str) -> u32 {
    let ends = |line: &str| line.ends_with(&format!("// {comment}"));
    include_str!("mod.rs").lines().position(ends).expect("the line exists") as u32 + 1
}

#[test]
fn two_tasks_that_wait_for_each_others_lock_are_a_circle() {
    let trace = for_a_second(async {
        let (x, y) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(()))); // both are made
        let ticks = spawn("ticks", async {
            loop {
                sleep(MS).await;
            }
        });
        let a = spawn("a", takes_both(x.clone(), y.clone()));
        let b = spawn("b", takes_both(y, x));
        _ = tokio::join!(a, b);
        ticks.abort();
    });
    let (a, b) = (find(&trace, "a"), find(&trace, "b"));
    assert_eq!(trace.deadlocks, [(10_000_000, vec![b, a])], "found when the cycle closes, although the clock ticks on");

    let why = trace.why(a, QUIET_NS);
    assert_eq!(why.links.iter().map(|link| link.task).collect::<Vec<_>>(), [a, b]);
    assert_eq!(why.cycle, Some(0));
    assert!(why.links.iter().all(|link| !link.blockers[0].inferred));

    let stall = trace.stall_at(QUIET_NS);
    assert_eq!(stall.kind, StallKind::Cycle);
    for stalled in &stall.tasks {
        let waits = stalled.waits.as_ref().unwrap();
        assert_eq!(waits.cause, Cause::Mutex);
        assert_eq!(waits.place.as_ref().map(|place| place.line), Some(line_of("the second lock")));
        assert_eq!(stalled.holds.len(), 1);
        assert_eq!(stalled.holds[0].place.as_ref().map(|place| place.line), Some(line_of("the first lock")));
        assert_ne!(Some(stalled.holds[0].resource), waits.resource);
    }
    let (made, taken) = (line_of("both are made"), line_of("the first lock"));
    let words =
        format!("a holds mutex 1 of tests/why/mod.rs:{made}, taken at tests/why/mod.rs:{taken}, and waits for mutex 2 of");
    assert!(stall.text.contains(&words), "{}", stall.text);
}

#[test]
fn locks_taken_in_one_order_are_no_circle() {
    let trace = for_a_second(async {
        let (x, y) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
        let a = spawn("a", takes_both(x.clone(), y.clone()));
        let b = spawn("b", takes_both(x, y));
        _ = tokio::join!(a, b);
    });
    assert!(trace.deadlocks.is_empty());
    assert_eq!(trace.tasks[find(&trace, "b") as usize].ended.map(|end| end.at_ns), Some(20_000_000));
}

#[test]
fn a_task_that_waits_for_its_own_lock_is_a_circle_of_one() {
    let trace = for_a_second(async {
        let lock = Arc::new(RwLock::new(()));
        let task = spawn("itself", async move {
            let _read = lock.read().await;
            let _write = lock.write().await;
        });
        _ = task.await;
    });
    let itself = find(&trace, "itself");
    assert_eq!(trace.deadlocks, [(0, vec![itself])]);
}

#[test]
fn a_semaphore_is_stuck_only_when_all_its_holders_are() {
    let program = |naps: bool| async move {
        let (permits, lock) = (Arc::new(Semaphore::new(2)), Arc::new(Mutex::new(())));
        let (p, l) = (permits.clone(), lock.clone());
        let other = spawn("other", async move {
            let _permit = p.acquire().await.unwrap();
            sleep(20 * MS).await;
            if !naps {
                let _lock = l.lock().await;
            }
        });
        let (p, l) = (permits.clone(), lock.clone());
        let wants_lock = spawn("wants lock", async move {
            let _permit = p.acquire().await.unwrap();
            sleep(10 * MS).await;
            let _lock = l.lock().await;
        });
        let wants_permit = spawn("wants permit", async move {
            let _lock = lock.lock().await;
            sleep(10 * MS).await;
            let _permit = permits.acquire().await.unwrap();
        });
        _ = tokio::join!(other, wants_lock, wants_permit);
    };
    assert!(for_a_second(program(true)).deadlocks.is_empty(), "the other one gives its permit back");
    let stuck = for_a_second(program(false));
    assert_eq!(stuck.deadlocks.len(), 1);
    assert_eq!(stuck.deadlocks[0].0, 20_000_000);
}

#[test]
fn a_wait_that_can_end_otherwise_is_no_circle() {
    let trace = for_a_second(async {
        let lock = Arc::new(Mutex::new(()));
        let _held = lock.lock().await;
        assert!(timeout(100 * MS, lock.lock()).await.is_err());
    });
    assert!(trace.deadlocks.is_empty());
}

#[test]
fn a_receiver_that_nobody_serves_is_told_with_who_served_it_before() {
    let trace = for_a_second(async {
        let (send, mut receive) = mpsc::channel::<u32>(1);
        let (_keep, mut never) = mpsc::channel::<u32>(1);
        let sends = spawn("sends", async move {
            send.send(1).await.unwrap();
            never.recv().await;
            drop(send);
        });
        let receives = spawn("receives", async move { while receive.recv().await.is_some() {} });
        _ = tokio::join!(sends, receives);
    });
    let stall = trace.stall_at(QUIET_NS);
    assert_eq!(stall.kind, StallKind::Channel);
    assert_eq!(stall.tasks[0].task, find(&trace, "main"), "{stall:?}");
    assert_eq!(stall.tasks[1].waits.as_ref().map(|waits| waits.cause), Some(Cause::MpscRecv), "{stall:?}");
    assert!(stall.text.contains("waits for mpsc recv at tests/why/mod.rs:"), "{}", stall.text);
    let receives = find(&trace, "receives");
    let why = trace.why(receives, QUIET_NS);
    let [sender] = &why.links[0].blockers[..] else { panic!("{why:?}") };
    assert!(!sender.inferred, "dropping the channel showed which task had the sender");
}

#[test]
fn the_longest_blocker_is_who_holds_what_others_have_waited_for_the_longest() {
    let trace = for_a_second(async {
        let (x, y) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
        let hold = |name: &'static str, lock: &Arc<Mutex<()>>| {
            let lock = lock.clone();
            spawn(name, async move {
                let _held = lock.lock().await;
                sleep(800 * MS).await;
            })
        };
        let holders = [hold("holds x", &x), hold("holds y", &y)];
        sleep(10 * MS).await;
        let later = hold("waits for y", &y);
        sleep(10 * MS).await;
        let last = hold("waits for x", &x);
        _ = tokio::join!(later, last);
        drop(holders);
    });
    let (blocker, resource, since_ns) = trace.longest_blocker_at(QUIET_NS).unwrap();
    assert_eq!((blocker, since_ns), (find(&trace, "holds y"), 10_000_000));
    let resource = &trace.resources[resource as usize];
    assert_eq!(resource.at(QUIET_NS).waiters.len(), 1);
    assert_eq!(resource.contention_ns(QUIET_NS), 490_000_000);
    let places: Vec<(Cause, u32)> = trace.places_at(QUIET_NS).map(|place| (place.cause, place.waiting)).collect();
    assert!(places.contains(&(Cause::Mutex, 2)) && places.contains(&(Cause::Time, 2)), "{places:?}");
}
