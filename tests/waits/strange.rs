//! Waits unlike a plain `.await`: futures of other libraries, tasks within a poll, a task that is a single Tokio future.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::task::AtomicWaker;
use recorder::Detail;
use tokio::task;
use tokio::time::sleep;
use trace::Cause;

use super::kinds::{Lines, check_lines};
use super::observed::{On, one, spawn, waits};
use super::{observe, on_virtual};

const MS: Duration = Duration::from_millis(1);

#[test]
fn waits_within_sets_of_futures_are_told() {
    use futures::StreamExt;
    let lines = Arc::new(AtomicU32::new(0));
    let told = lines.clone();
    let trace = on_virtual(async move {
        told.store(line!() + 1, Ordering::Relaxed);
        let nap = |ms: u32| async move { sleep(ms * MS).await };
        let mut naps: futures::stream::FuturesUnordered<_> = [10, 20].map(nap).into_iter().collect();
        while naps.next().await.is_some() {}
    });
    let line = lines.load(Ordering::Relaxed);
    // Both sleep at one line; when one of the two has ended, the other one goes on there.
    assert_eq!(waits(&trace, "main"), [one(Cause::Time, line), one(Cause::Time, line)]);
}

#[test]
fn what_runs_inside_a_poll_is_not_the_tasks_own_wait() {
    let lines = Lines::default();
    let l = lines.clone();
    let (trace, _) = observe(On::TwoWorkers, Detail::Waits, |_| async move {
        task::block_in_place(|| {
            let local = task::LocalSet::new();
            let inside = local.run_until(async {
                let nap = task::spawn_local(async { sleep(5 * MS).await });
                nap.await.unwrap();
                sleep(MS).await;
            });
            tokio::runtime::Handle::current().block_on(inside);
        });
        l.expect("main", Cause::Time, line!() + 1);
        sleep(5 * MS).await;
    });
    check_lines(&trace, &lines, 1);
}

/// Waits by itself, until the other end wakes it.
struct Mine(Arc<Mutex<Option<Waker>>>);

impl Future for Mine {
    type Output = ();

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<()> {
        match self.0.lock().unwrap().replace(task.waker().clone()) {
            Some(_) => Poll::Ready(()),
            None => Poll::Pending,
        }
    }
}

#[test]
fn a_future_that_is_not_tokios_is_told_with_its_place_and_marked() {
    let lines = Arc::new(AtomicU32::new(0));
    let told = lines.clone();
    let trace = on_virtual(async move {
        let waker = Arc::new(Mutex::new(None::<Waker>));
        let other = waker.clone();
        let task = spawn("wakes", async move {
            sleep(10 * MS).await;
            other.lock().unwrap().as_ref().unwrap().wake_by_ref();
        });
        let mine = async {
            told.store(line!() + 1, Ordering::Relaxed);
            Mine(waker).await;
        };
        mine.await;
        task.await.unwrap();
    });
    // The innermost line of the program is in its own future.
    let place = trace.waits_of(0).next().map(|wait| wait.leaves[0]).unwrap();
    let chain: Vec<u32> = trace.site(place.site).chain().map(|frame| frame.place.line).collect();
    assert!(chain.contains(&lines.load(Ordering::Relaxed)) && place.inferred, "{chain:?}");
    assert_eq!(trace.site(place.site).cause, Cause::Other);
}

/// This future has no debug information here: something of Tokio's may have been inlined into it.
#[test]
fn a_future_that_cannot_be_looked_into_is_told_with_its_place() {
    let lines = Arc::new(AtomicU32::new(0));
    let told = lines.clone();
    let trace = on_virtual(async move {
        // Not generic, so its code is in a library that has no debug information.
        let (waker, sent) = (Arc::new(AtomicWaker::new()), Arc::new(AtomicBool::new(false)));
        let (at_end, sets) = (waker.clone(), sent.clone());
        let sends = spawn("sends", async move {
            sleep(10 * MS).await;
            sets.store(true, Ordering::Release);
            at_end.wake();
        });
        told.store(line!() + 2, Ordering::Relaxed);
        poll_fn(|cx| {
            waker.register(cx.waker());
            if sent.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        sends.await.unwrap();
    });
    assert_eq!(waits(&trace, "main")[0], [format!("not known {}", lines.load(Ordering::Relaxed))]);
}

#[test]
fn a_task_that_is_nothing_but_tokios_future_waits_where_it_was_spawned() {
    let trace = on_virtual(async {
        task::Builder::new().name("nap").spawn(sleep(10 * MS)).unwrap().await.unwrap();
    });
    let waits = waits(&trace, "nap");
    assert!(waits.len() == 1 && waits[0][0].starts_with("time ") && waits[0][0].ends_with('?'), "{waits:?}");
}

#[test]
fn the_chain_of_calls_leads_to_the_wait() {
    async fn outer() {
        inner().await;
    }
    async fn inner() {
        sleep(10 * MS).await;
    }
    let trace = on_virtual(outer());
    let leaf = trace.waits_of(0).next().unwrap().leaves[0];
    let chain: Vec<u32> = trace.site(leaf.site).chain().map(|frame| frame.place.line).collect();
    assert_eq!(chain.len(), 2, "{:?}", trace.site(leaf.site));
    assert_eq!(chain[1] - chain[0], 3);
}
