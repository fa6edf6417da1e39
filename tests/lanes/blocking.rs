//! Closures for the blocking pool: queued, run, ended.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use recorder::Detail;
use tokio::sync::Mutex;
use tokio::task::{self, spawn_blocking};
use tokio::time::sleep;
use trace::{Cause, End, LaneOf, Waker};

use super::asked::{lanes, life, line_of};
use super::observe;
use super::observed::{On, find, spawn, waits};

const MS: Duration = Duration::from_millis(1);
const ALL: [On; 3] = [On::Virtual, On::OneThread, On::TwoWorkers];

#[test]
fn a_closure_is_queued_until_a_thread_takes_it_and_wakes_who_waits_for_it() {
    for on in ALL {
        // One thread for blocking work.
        let (trace, polls) = observe(on, Detail::Waits, |live| async move {
            let (go, gone) = mpsc::channel::<()>();
            let first = task::Builder::new().name("first").spawn_blocking(move || gone.recv().unwrap()).unwrap();
            let second = spawn_blocking(|| panic!("on purpose")); // Second.
            let third = spawn_blocking(|| ());
            third.abort();
            let joins = spawn("joins", async move { first.await.unwrap() });
            while !second.is_finished() {
                task::yield_now().await;
                let _ = go.send(());
            }
            joins.await.unwrap();
            assert!(second.await.unwrap_err().is_panic());
            assert!(third.await.unwrap_err().is_cancelled());
            live.until_ended("blocking 2").await;
        });
        let closures = lanes(&trace, LaneOf::Blocking);
        let [(first, one), (_, two), (_, three)] = closures[..] else { panic!("{on:?}: {closures:?}") };
        assert_eq!((&*one.name, &*two.name, &*three.name), ("first", "blocking 1", "blocking 2"), "{on:?}");
        assert_eq!([one, two, three].map(life), ["rp", "rp", "rp"], "{on:?}");
        let ends = [one, two, three].map(|closure| closure.ended.map(|end| (end.how, end.inferred)));
        assert_eq!(ends, [End::Completed, End::Panicked, End::Cancelled].map(|how| Some((how, false))), "{on:?}");
        assert_eq!(two.panic.as_deref(), Some("on purpose"), "{on:?}");
        assert_eq!(
            (two.parent, line_of(two)),
            (Some(find(&trace, "main")), "let second = spawn_blocking(|| panic!(\"on purpose\")); // Second.".to_owned())
        );
        // The second closure waited for the thread that the first one had.
        assert!(two.segments[1].start_ns >= one.ended.unwrap().at_ns, "{on:?}");
        let joins = &trace.tasks[find(&trace, "joins") as usize];
        assert_eq!(joins.wakes.iter().map(|wake| wake.by).collect::<Vec<_>>(), [Waker::Task(first)], "{on:?}");
        // A lane that is not a task of the runtime does not count as one.
        assert_eq!((trace.totals().spawned, trace.totals().panicked, trace.lanes_of(LaneOf::Blocking)), (2, 0, 3), "{on:?}");
        assert_eq!(trace.polls, polls, "{on:?}");
        assert_eq!(trace.census_at(trace.end_ns).alive(), trace.totals().alive, "{on:?}");
        let threads: Vec<_> = trace.polling_threads().map(|thread| trace.thread_name(thread)).collect();
        assert!(threads.contains(&"blocking thread 0".to_owned()), "{on:?}: {threads:?}");
        assert_eq!(threads.iter().filter(|name| name.starts_with("blocking")).count(), 1, "{on:?}: {threads:?}");
    }
}

/// What a closure does with Tokio's primitives belongs to the closure.
#[test]
fn a_closure_that_holds_a_lock_is_its_holder() {
    // On the virtual clock all of this happens at one moment, at the end of which nobody holds the lock.
    for on in [On::OneThread, On::TwoWorkers] {
        let (trace, _) = observe(on, Detail::Waits, |live| async move {
            let lock = std::sync::Arc::new(Mutex::new(0));
            let (own, (go, gone)) = (lock.clone(), mpsc::channel::<()>());
            let (taken, is_taken) = tokio::sync::oneshot::channel();
            let holds = spawn_blocking(move || {
                let held = own.blocking_lock();
                taken.send(()).unwrap();
                gone.recv().unwrap();
                drop(held);
            });
            is_taken.await.unwrap();
            let wants = spawn("wants", async move { *lock.lock().await += 1 });
            live.until_waiting("wants").await;
            go.send(()).unwrap();
            holds.await.unwrap();
            wants.await.unwrap();
        });
        let closures = lanes(&trace, LaneOf::Blocking);
        let [(holds, _)] = closures[..] else { panic!("{on:?}: {closures:?}") };
        let wants = find(&trace, "wants");
        let wait = trace.waits_of(wants).next().unwrap();
        assert_eq!(trace.site(wait.leaves[0].site).cause, Cause::Mutex, "{on:?}");
        let blockers: Vec<_> = trace.blockers(wants, wait.leaves[0], wait.start_ns).iter().map(|by| by.task).collect();
        assert_eq!(blockers, [holds], "{on:?}");
        assert_eq!(wait.wake.map(|wake| wake.by), Some(Waker::Task(holds)), "{on:?}");
    }
}

/// Tokio's own closures are not part of the program.
#[test]
fn what_tokio_does_on_blocking_threads_has_no_lane() {
    for on in ALL {
        let (trace, _) = observe(on, Detail::Waits, |_| async {
            spawn("reads", async { assert!(tokio::fs::metadata("/").await.is_ok()) }).await.unwrap();
            sleep(5 * MS).await;
        });
        assert_eq!(trace.tasks.len(), 2, "{on:?}: a worker or a file operation has a lane");
        let reads = &trace.tasks[find(&trace, "reads") as usize];
        assert_eq!(reads.wakes.iter().map(|wake| wake.by).collect::<Vec<_>>(), [Waker::Blocking], "{on:?}");
    }
}

/// Two runs are equal if their tasks did the same, whatever the speed of the closures.
#[test]
fn closures_are_no_part_of_the_hash() {
    let hash = |slow: u64| {
        observe(On::Virtual, Detail::Polls, move |_| async move {
            sleep(5 * MS).await;
            spawn_blocking(move || thread::sleep(slow as u32 * MS)).await.unwrap();
            spawn("later", sleep(5 * MS)).await.unwrap();
        })
        .0
        .hash()
    };
    assert_eq!(hash(0), hash(10));
}

/// A wait for a closure is a join, and names the closure.
#[test]
fn who_waits_for_a_closure_waits_for_its_lane() {
    let (trace, _) = observe(On::OneThread, Detail::Waits, |_| async {
        spawn_blocking(|| thread::sleep(20 * MS)).await.unwrap();
    });
    let closures = lanes(&trace, LaneOf::Blocking);
    let [(closure, _)] = closures[..] else { panic!("{closures:?}") };
    assert_eq!(waits(&trace, "main").len(), 1);
    let wait = trace.waits_of(0).next().unwrap();
    let blockers: Vec<_> = trace.blockers(0, wait.leaves[0], wait.start_ns).iter().map(|by| by.task).collect();
    assert_eq!(blockers, [closure]);
}
