//! Permits that are added, forgotten or taken unseen.

use std::sync::Arc;

use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio::time::sleep;
use trace::{ResourceKind, Trace};

use super::observed::spawn;
use super::{MS, holders, kept_by, on_virtual};

/// The free permits, and all permits, of the only contended semaphore at a time.
fn numbers(trace: &Trace, at_ms: u64) -> (Option<u32>, Option<u32>) {
    let all = trace.contended();
    let semaphore = all.into_iter().find(|ix| trace.resources[*ix as usize].kind == ResourceKind::Semaphore).unwrap();
    let holdings = trace.resources[semaphore as usize].at(at_ms * 1_000_000);
    (holdings.free, holdings.permits)
}

#[test]
fn permits_that_were_never_there_before_are_new_and_nobodys() {
    let trace = on_virtual(async {
        let permits = Arc::new(Semaphore::new(0));
        let take = |name: &'static str, many: u32, ms: u32| {
            let permits = permits.clone();
            spawn(name, async move {
                let taken = permits.acquire_many(many).await;
                sleep(ms * MS).await;
                taken.is_ok()
            })
        };
        let (one, two) = (take("one", 1, 20), take("two", 2, 30));
        sleep(10 * MS).await;
        permits.add_permits(2);
        sleep(30 * MS).await;
        let late = take("late", 1, 0);
        sleep(10 * MS).await;
        permits.close();
        assert_eq!((one.await.unwrap(), two.await.unwrap(), late.await.unwrap()), (true, true, false));
    });
    assert_eq!(numbers(&trace, 5), (Some(0), Some(0)));
    assert_eq!(numbers(&trace, 15), (Some(0), Some(2)), "one is held, and one set aside");
    assert_eq!(holders(&trace, ResourceKind::Semaphore, 15), ["one"]);
    assert_eq!(numbers(&trace, 35), (Some(0), Some(2)));
    assert_eq!(holders(&trace, ResourceKind::Semaphore, 35), ["two"]);
    assert_eq!(trace.tasks[super::observed::find(&trace, "late") as usize].ended.map(|end| end.at_ns), Some(50_000_000));
}

#[test]
fn permits_that_are_forgotten_are_gone_from_the_world() {
    let trace = super::for_a_second(async {
        let permits = Arc::new(Semaphore::new(3));
        let own = permits.clone();
        spawn("forgets", async move { own.acquire_many(2).await.unwrap().forget() }).await.unwrap();
        spawn("last", async move { drop(permits.acquire_many(3).await.unwrap()) }).await.unwrap();
    });
    assert_eq!(numbers(&trace, super::QUIET_MS), (Some(0), Some(1)));
    assert_eq!(holders(&trace, ResourceKind::Semaphore, super::QUIET_MS), [] as [&str; 0]);
    assert_eq!(kept_by(&trace, "last", super::QUIET_MS), [] as [&str; 0]);
}

#[test]
fn what_was_taken_by_try_is_its_takers_as_far_as_it_can_be_known() {
    let trace = on_virtual(async {
        let (lock, permits) = (Arc::new(Mutex::new(())), Arc::new(Semaphore::new(2)));
        let (l, p) = (lock.clone(), permits.clone());
        let owner = spawn("owner", async move {
            let (held, taken) = (l.try_lock().unwrap(), p.try_acquire_many(2).unwrap());
            sleep(30 * MS).await;
            drop(held);
            sleep(30 * MS).await;
            drop(taken);
        });
        let waits = spawn("waits", async move {
            drop(lock.lock().await);
            drop(permits.acquire().await.unwrap());
        });
        owner.await.unwrap();
        waits.await.unwrap();
    });
    assert_eq!(kept_by(&trace, "waits", 10), ["owner"], "it gave the lock back itself");
    assert_eq!(kept_by(&trace, "waits", 45), ["owner?"]);
    assert_eq!(numbers(&trace, 45), (Some(0), None), "how many there are cannot be known");
    assert_eq!(numbers(&trace, 10).0, None, "permits that seemed free were taken");
}

#[test]
fn room_that_is_reserved_is_kept_by_who_has_it() {
    let trace = on_virtual(async {
        let (send, mut receive) = mpsc::channel::<u32>(1);
        let other = send.clone();
        let reserves = spawn("reserves", async move {
            let room = send.reserve().await.unwrap();
            sleep(30 * MS).await;
            room.send(1);
        });
        let sends = spawn("sends", async move { other.send(2).await.unwrap() });
        let reads = spawn("reads", async move { while receive.recv().await.is_some() {} });
        for task in [reserves, sends, reads] {
            task.await.unwrap();
        }
    });
    assert_eq!(kept_by(&trace, "sends", 10), ["reserves?"]);
    assert_eq!(kept_by(&trace, "reads", 10), ["reserves"], "it has sent the message in the end");
}

#[test]
fn room_that_is_filled_at_once_is_kept_by_who_should_empty_it() {
    let trace = on_virtual(async {
        let (send, mut receive) = mpsc::channel::<u32>(1);
        let sends = spawn("sends", async move {
            for n in 0..4 {
                send.send(n).await.unwrap();
            }
        });
        let reads = spawn("reads", async move {
            while receive.recv().await.is_some() {
                sleep(10 * MS).await;
            }
        });
        sends.await.unwrap();
        reads.await.unwrap();
    });
    assert_eq!(holders(&trace, ResourceKind::Channel, 5), [] as [&str; 0]);
    assert_eq!(kept_by(&trace, "sends", 5), ["reads"]);
}
