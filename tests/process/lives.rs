//! What the trace makes of a process: waits with their cause, line and waker.

use std::sync::Arc;

use tokio::sync::{Mutex, Semaphore, oneshot};
use tokio::task;
use tokio::time::sleep;
use trace::{Cause, End, State, Waker};

use super::Part;
use super::kinds::MS;
use super::observed::{On, find, one, spawn, waits};

fn line_of(comment: &str) -> u32 {
    let text = include_str!("lives.rs");
    let place = text.lines().position(|line| line.ends_with(&format!("// {comment}")));
    place.expect("a line with that comment") as u32 + 1
}

#[test]
fn every_wait_has_its_cause_its_line_and_its_waker() {
    for on in [On::OneThread, On::TwoWorkers] {
        let (seen, _) = Part::begin().run(on, on.builder(), |runtime| {
            runtime.block_on(async {
                let lock = Arc::new(Mutex::new(()));
                let held = lock.clone().lock_owned().await;
                let (send, receive) = oneshot::channel();
                let locks = spawn("locks", async move { drop(lock.lock().await) }); // lock
                let receives = spawn("receives", async { receive.await.expect("sent") }); // receive
                let sleeps = spawn("sleeps", async move {
                    sleep(20 * MS).await; // sleep
                    send.send(()).expect("received");
                    drop(held);
                });
                let works = spawn("works", async {
                    task::spawn_blocking(|| std::thread::sleep(5 * MS)).await.expect("does not panic"); // join
                });
                for task in [locks, receives, sleeps, works] {
                    task.await.expect("does not panic");
                }
            });
        });
        let trace = seen.trace();
        let wait = |name: &str, cause, comment: &str| {
            assert_eq!(waits(&trace, name), [one(cause, line_of(comment))], "{on:?} {name}");
        };
        wait("sleeps", Cause::Time, "sleep");
        wait("locks", Cause::Mutex, "lock");
        wait("receives", Cause::Oneshot, "receive");
        wait("works", Cause::Join, "join");
        let task = |name: &str| &trace.tasks[find(&trace, name) as usize];
        let waker = |name: &str| task(name).wakes.first().map(|wake| wake.by);
        let sleeps = Some(Waker::Task(find(&trace, "sleeps")));
        assert_eq!((waker("sleeps"), waker("locks"), waker("receives")), (Some(Waker::Timer), sleeps, sleeps), "{on:?}");
        let closure = trace.tasks.iter().position(|task| task.of == trace::LaneOf::Blocking).map(|ix| ix as u32);
        assert_eq!(waker("works"), closure.map(Waker::Task), "{on:?}");
        for name in ["sleeps", "locks", "receives", "works"] {
            let end = task(name).ended.map(|end| (end.how, end.inferred));
            assert_eq!(end, Some((End::Completed, false)), "{on:?} {name}");
            assert_eq!(task(name).segments.first().map(|first| first.state), Some(State::Ready), "{on:?} {name}");
        }
    }
}

/// A root has no task's call around it: the stack ends at its `block_on`.
#[test]
fn the_waits_of_a_root_have_their_lines() {
    for on in [On::OneThread, On::TwoWorkers] {
        let (seen, _) = Part::begin().run(on, on.builder(), |runtime| {
            runtime.block_on(async {
                let permits = Arc::new(Semaphore::new(0));
                sleep(MS).await; // root sleeps
                let more = permits.clone();
                spawn("child", async move {
                    sleep(20 * MS).await;
                    more.add_permits(1);
                });
                drop(permits.acquire().await.expect("not closed")); // root acquires
            });
        });
        let trace = seen.trace();
        let root = trace.tasks.iter().find(|task| task.of == trace::LaneOf::Root).expect("a root").name.clone();
        let expected = [one(Cause::Time, line_of("root sleeps")), one(Cause::Semaphore, line_of("root acquires"))];
        // After its last poll a root is dropped, which looks like a wait for nothing.
        let mut told = waits(&trace, &root);
        told.retain(|wait| !wait.is_empty());
        assert_eq!((told, trace.missing.any()), (expected.to_vec(), false), "{on:?}");
    }
}
