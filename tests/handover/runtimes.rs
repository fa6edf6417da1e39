//! Runtimes: every poll and wake of all workers, compared with the program's own count.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};

use facts::event::What;
use recorder::{OnFull, Recorder};
use tokio::sync::Semaphore;
use tokio::task;

use super::{Heard, a_little_later, new_recorder, runtime};

/// Yields, and counts its polls.
async fn yields(times: u32, polls: Arc<AtomicU64>) {
    let mut yielding = pin!(async {
        for _ in 0..times {
            task::yield_now().await;
        }
    });
    std::future::poll_fn(|cx: &mut Context<'_>| -> Poll<()> {
        polls.fetch_add(1, Ordering::Relaxed);
        yielding.as_mut().poll(cx)
    })
    .await;
}

#[test]
fn every_poll_of_several_runtimes_arrives() {
    let (recorder, mut reader) = new_recorder(OnFull::Wait);
    let polls = Arc::new(AtomicU64::new(0));
    let by_tokio = Arc::new(AtomicU64::new(0));
    let over = Arc::new(AtomicU64::new(0));
    let runs: Vec<_> = [0, 2, 2]
        .into_iter()
        .map(|workers| {
            let (recorder, polls, by_tokio, over) = (recorder.clone(), polls.clone(), by_tokio.clone(), over.clone());
            thread::spawn(move || {
                let runtime = runtime(&recorder, workers);
                let attached = recorder.attach("root");
                let before = polls.load(Ordering::Relaxed);
                runtime.block_on(async {
                    let tasks: Vec<_> = (0..20).map(|_| task::spawn(yields(1_000, polls.clone()))).collect();
                    for task in tasks {
                        task.await.unwrap();
                    }
                });
                assert!(polls.load(Ordering::Relaxed) - before >= 20 * 1_001);
                if workers == 0 {
                    by_tokio.store(runtime.metrics().worker_poll_count(0), Ordering::Relaxed);
                }
                drop(attached);
                // The workers end, and their last events count.
                drop(runtime);
                over.fetch_add(1, Ordering::Release);
            })
        })
        .collect();
    let heard = Heard::default().until(&recorder, &mut reader, |round| {
        if round % 4 == 3 {
            a_little_later(&recorder);
        }
        over.load(Ordering::Acquire) == 3
    });
    for run in runs {
        run.join().unwrap();
    }
    assert_eq!(heard.polls, polls.load(Ordering::Relaxed));
    assert_eq!(heard.polls, 3 * 20 * 1_001);
    assert_eq!(by_tokio.load(Ordering::Relaxed), 20 * 1_001);
    assert!(heard.polled.is_empty());
}

#[test]
fn runtimes_that_come_and_go_leave_every_poll_and_runs_do_not_mix() {
    let (one, mut of_one) = new_recorder(OnFull::Wait);
    let (other, mut of_other) = new_recorder(OnFull::Wait);
    let start = |recorder: &Recorder, times: u32| {
        let recorder = recorder.clone();
        thread::spawn(move || {
            for _ in 0..20 {
                let runtime = runtime(&recorder, 2);
                let polls = Arc::default();
                let tasks: Vec<_> = (0..8).map(|_| runtime.spawn(yields(times, Arc::clone(&polls)))).collect();
                runtime.block_on(async {
                    for task in tasks {
                        task.await.unwrap();
                    }
                });
            }
        })
    };
    let (runs_one, runs_other) = (start(&one, 10), start(&other, 30));
    let mut heard = [Heard::default(), Heard::default()];
    let mut over = false;
    while !over {
        over = runs_one.is_finished() && runs_other.is_finished();
        heard[0].drain(&one, &mut of_one, over);
        heard[1].drain(&other, &mut of_other, over);
    }
    runs_one.join().unwrap();
    runs_other.join().unwrap();
    assert_eq!(heard.map(|heard| heard.polls), [20 * 8 * 11, 20 * 8 * 31]);
    assert_eq!((one.threads(), other.threads()), (0, 0));
}

#[test]
fn wakes_from_threads_of_no_run_all_arrive() {
    let (recorder, mut reader) = new_recorder(OnFull::Wait);
    let runtime = runtime(&recorder, 2);
    // A task is identified by its waker if it is spawned on a thread of the run.
    let attached = recorder.attach("root");
    let done = Arc::new(AtomicBool::new(false));
    let waits = runtime.spawn({
        let done = done.clone();
        async move {
            let waker = std::future::poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
            let wakers: Vec<_> = (0..4)
                .map(|_| {
                    let waker = waker.clone();
                    thread::spawn(move || (0..1_000).for_each(|_| waker.wake_by_ref()))
                })
                .collect();
            for thread in wakers {
                thread.join().unwrap();
            }
            done.store(true, Ordering::Release);
        }
    });
    let mut heard = Heard::default().until(&recorder, &mut reader, |_| done.load(Ordering::Acquire));
    runtime.block_on(waits).unwrap();
    drop((runtime, attached));
    heard.drain(&recorder, &mut reader, true);
    assert_eq!(heard.wakes_from_outside, 4_000);
}

#[test]
fn a_site_is_told_before_it_is_named_whichever_thread_met_it_first() {
    recorder::install().unwrap();
    let (recorder, mut reader) = Recorder::new(OnFull::Wait);
    recorder.begin_real();
    let contend = |workers| {
        let recorder = recorder.clone();
        thread::spawn(move || {
            let runtime = runtime(&recorder, workers);
            let _attached = recorder.attach("root");
            runtime.block_on(async {
                let permits = Arc::new(Semaphore::new(1));
                let tasks: Vec<_> = (0..8)
                    .map(|_| {
                        let permits = permits.clone();
                        task::spawn(async move {
                            for _ in 0..200 {
                                let _permit = permits.acquire().await.unwrap();
                                task::yield_now().await;
                            }
                        })
                    })
                    .collect();
                for task in tasks {
                    task.await.unwrap();
                }
            });
        })
    };
    let runs = [contend(2), contend(2), contend(1)];
    let (mut told, mut pending, mut over) = (HashSet::new(), 0, false);
    while !over {
        over = runs.iter().all(JoinHandle::is_finished);
        reader.drain(over, |_, mut event| {
            if let What::Site(new) = &event.what {
                assert!(told.insert(new.id), "passed on once");
            }
            pending += u32::from(matches!(event.what, What::Pending { .. }));
            if let Some(site) = event.what.site_mut().filter(|site| site.0 != 0) {
                assert!(told.contains(site), "{site:?}");
            }
        });
    }
    for run in runs {
        run.join().unwrap();
    }
    assert!(pending >= 3 * 8 * 200, "each yield waits: {pending}");
}
