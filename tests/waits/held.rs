//! The holders of a resource, where they took it, the tasks that wait for it, and the task that ends the wait.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, RwLock, Semaphore};
use tokio::time::sleep;
use trace::{Cause, ResourceKind, Trace, Waker};

use super::observed::{find, one, spawn, waits};
use super::on_virtual;

const MS: Duration = Duration::from_millis(1);

/// The line of this file that ends with a comment.
fn line_of(comment: &str) -> u32 {
    let ends = |line: &str| line.ends_with(&format!("// {comment}"));
    include_str!("held.rs").lines().position(ends).expect("the line exists") as u32 + 1
}

/// One task takes a lock, a read-write lock and two of three permits, for 20 ms. After 10 ms three other tasks want them.
fn contended() -> Trace {
    on_virtual(async {
        let (mutex, rwlock, permits) = (Arc::new(Mutex::new(())), Arc::new(RwLock::new(())), Arc::new(Semaphore::new(3)));
        let (m, r, p) = (mutex.clone(), rwlock.clone(), permits.clone());
        let first = spawn("first", async move {
            let _lock = m.lock().await; // takes the mutex
            let _write = r.write().await; // writes
            let _permits = p.acquire_many(2).await.unwrap(); // takes two permits
            sleep(20 * MS).await;
        });
        sleep(10 * MS).await;
        let locks = spawn("locks", async move {
            let _lock = mutex.lock().await; // waits for the mutex
            sleep(10 * MS).await;
        });
        let reads = spawn("reads", async move {
            let _read = rwlock.read().await; // waits to read
            sleep(10 * MS).await;
        });
        let acquires = spawn("acquires", async move {
            let _permits = permits.acquire_many(3).await.unwrap(); // waits for permits
            sleep(10 * MS).await;
        });
        for task in [first, locks, reads, acquires] {
            task.await.unwrap();
        }
    })
}

/// At that time: how many of it each task holds, by the line where it was taken, and which tasks wait.
fn at(trace: &Trace, kind: ResourceKind, at_ms: u64) -> (Vec<(String, u32, u32)>, Vec<String>) {
    let resource = trace.resources.iter().find(|resource| resource.kind == kind).expect("it was made");
    let holdings = resource.at(at_ms * 1_000_000);
    assert!(!holdings.inferred);
    let name = |task: u32| trace.tasks[task as usize].name.clone();
    let holders = holdings.holders.iter().map(|holder| {
        let taken = holder.site.and_then(|site| trace.site(site).place.as_ref()).map_or(0, |place| place.line);
        (holder.task.map_or_else(String::new, name), holder.permits, taken)
    });
    (holders.collect(), holdings.waiters.iter().map(|waiter| name(waiter.task)).collect())
}

#[test]
fn holders_and_waiters_are_told_at_every_moment() {
    let trace = contended();
    let held = |by: &str, permits, line| vec![(by.to_owned(), permits, line_of(line))];
    let cases = [
        (ResourceKind::Mutex, 1, "takes the mutex", "locks", "waits for the mutex", 1),
        (ResourceKind::RwLock, 1, "writes", "reads", "waits to read", 1),
        (ResourceKind::Semaphore, 2, "takes two permits", "acquires", "waits for permits", 3),
    ];
    for (kind, permits, line, next, next_line, next_permits) in cases {
        assert_eq!(at(&trace, kind, 5), (held("first", permits, line), vec![]));
        assert_eq!(at(&trace, kind, 15), (held("first", permits, line), vec![next.to_owned()]));
        assert_eq!(at(&trace, kind, 25), (held(next, next_permits, next_line), vec![]));
        assert_eq!(at(&trace, kind, 35), (vec![], vec![]));
    }
}

#[test]
fn a_wait_for_a_holder_has_its_line_and_its_waker() {
    let trace = contended();
    let first = Waker::Task(find(&trace, "first"));
    let cases = [
        ("locks", Cause::Mutex, "waits for the mutex"),
        ("reads", Cause::RwLock, "waits to read"),
        ("acquires", Cause::Semaphore, "waits for permits"),
    ];
    for (name, cause, line) in cases {
        assert_eq!(waits(&trace, name)[0], one(cause, line_of(line)));
        assert_eq!(trace.tasks[find(&trace, name) as usize].wakes[0].by, first, "{name}");
    }
}
