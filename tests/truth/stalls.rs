//! Stalls: the reason begins with main, and reported cycles are real.

use std::sync::Arc;

use tokio::sync::{Mutex, Notify, RwLock, Semaphore, mpsc};
use tokio::time::sleep;
use trace::{StallKind, Trace};

use super::observed::{find, spawn};
use super::{MS, QUIET_MS, for_a_second, kept_by, line_of, on_virtual};

fn names(trace: &Trace, stall: &trace::Stall) -> Vec<String> {
    stall.tasks.iter().map(|stalled| trace.tasks[stalled.task as usize].name.clone()).collect()
}

#[test]
fn a_daemon_that_waits_is_no_part_of_the_reason() {
    let trace = for_a_second(async {
        let _daemon = spawn("daemon", async { Notify::new().notified().await });
        let quick = spawn("quick", sleep(30 * MS));
        quick.await.unwrap();
        let stuck = spawn("stuck", std::future::pending::<()>());
        stuck.await.unwrap();
    });
    assert_eq!(kept_by(&trace, "root", 10), ["quick"], "it has ended, and woken its parent");
    assert_eq!(kept_by(&trace, "root", QUIET_MS)[0], "stuck?");
    let stall = trace.stall_at(QUIET_MS * 1_000_000);
    assert_eq!(names(&trace, &stall)[1..], ["root", "stuck"], "{}", stall.text);
    assert!(stall.text.ends_with("; also waiting: daemon"), "{}", stall.text);
}

#[test]
fn a_read_behind_a_write_behind_a_read_is_a_circle_through_the_line() {
    let trace = for_a_second(async {
        let table = Arc::new(RwLock::new(0));
        let other = table.clone();
        let writer = spawn("writer", async move {
            sleep(10 * MS).await;
            *other.write().await += 1; // the write
        });
        let reader = spawn("reader", async move {
            let once = table.read().await;
            sleep(20 * MS).await;
            let again = table.read().await; // the second read
            assert_eq!(*once, *again);
        });
        _ = tokio::join!(reader, writer);
    });
    let (reader, writer) = (find(&trace, "reader"), find(&trace, "writer"));
    assert_eq!(trace.deadlocks, [(20_000_000, vec![reader, writer])]);
    assert_eq!(kept_by(&trace, "reader", QUIET_MS), ["behind writer"]);
    let stall = trace.stall_at(QUIET_MS * 1_000_000);
    let source = include_str!("stalls.rs");
    let (write, read) = (line_of(source, "the write"), line_of(source, "the second read"));
    assert!(stall.text.contains(&format!(", behind the write of writer at tests/truth/stalls.rs:{write}")), "{}", stall.text);
    assert!(
        stall.text.contains(&format!("stalls.rs:{read}")) && stall.text.contains("writer waits to write rwlock"),
        "{}",
        stall.text
    );
}

#[test]
fn a_second_read_without_a_writer_in_line_is_no_circle() {
    let trace = on_virtual(async {
        let table = RwLock::new(0);
        let once = table.read().await;
        let again = table.read().await;
        assert_eq!(*once, *again);
    });
    assert!(trace.deadlocks.is_empty());
}

async fn sends_before_it_receives(to: mpsc::Sender<u32>, mut from: mpsc::Receiver<u32>) {
    loop {
        for n in 0..3 {
            to.send(n).await.unwrap(); // both stand here
        }
        from.recv().await.unwrap();
    }
}

#[test]
fn two_tasks_that_each_fill_the_others_channel_are_a_possible_circle() {
    let trace = for_a_second(async {
        let (to_left, left) = mpsc::channel(2);
        let (to_right, right) = mpsc::channel(2);
        let l = spawn("left", sends_before_it_receives(to_right, left));
        let r = spawn("right", sends_before_it_receives(to_left, right));
        _ = tokio::join!(l, r);
    });
    let stall = trace.stall_at(QUIET_MS * 1_000_000);
    assert_eq!((stall.kind, stall.inferred), (StallKind::Cycle, true), "{}", stall.text);
    let mut names = names(&trace, &stall);
    names.sort_unstable();
    assert_eq!(names, ["left", "right"]);
    let line = line_of(include_str!("stalls.rs"), "both stand here");
    assert_eq!(stall.text.matches(&format!("stalls.rs:{line}")).count(), 2, "{}", stall.text);
}

#[test]
fn a_circle_that_has_come_undone_is_none_at_the_end() {
    let trace = on_virtual(async {
        let (x, y) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
        let both = |first: &Arc<Mutex<()>>, second: &Arc<Mutex<()>>| {
            let (first, second) = (first.clone(), second.clone());
            async move {
                let _first = first.lock().await;
                sleep(10 * MS).await;
                let _second = second.lock().await;
            }
        };
        let (a, b) = (spawn("a", both(&x, &y)), spawn("b", both(&y, &x)));
        sleep(50 * MS).await;
        a.abort();
        assert!(a.await.unwrap_err().is_cancelled());
        b.await.unwrap();
    });
    assert_eq!(trace.deadlocks.len(), 1);
    assert!(trace.deadlock_at(20_000_000).is_some());
    assert!(trace.deadlock_at(trace.end_ns).is_none(), "one of the two was aborted");
}

#[test]
fn a_semaphore_of_which_too_few_permits_can_come_back_is_stuck() {
    let trace = for_a_second(async {
        let permits = Arc::new(Semaphore::new(3));
        let take = |name: &'static str| {
            let permits = permits.clone();
            spawn(name, async move {
                let _one = permits.acquire().await.unwrap();
                sleep(10 * MS).await;
                let _two = permits.acquire_many(2).await.unwrap();
            })
        };
        let (a, b) = (take("a"), take("b"));
        let _stays_free = permits.clone();
        _ = tokio::join!(a, b);
    });
    let stall = trace.stall_at(QUIET_MS * 1_000_000);
    assert_eq!(stall.kind, StallKind::Cycle, "{}", stall.text);
}
