//! Findings that no scenario has: small programs that show each problem, and its fix.

use std::future::poll_fn;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use recorder::Detail;
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};
use trace::{Finding, FindingKind, Trace};

use super::observed::{self, On, find, observe};

pub(crate) const ALL: [On; 3] = [On::Virtual, On::OneThread, On::TwoWorkers];

/// The findings of that kind, with the name of the task.
pub(crate) fn found(trace: &Trace, kind: FindingKind) -> Vec<(String, Finding)> {
    let named =
        |finding: Finding| (finding.task.map_or_else(String::new, |task| trace.tasks[task as usize].name.clone()), finding);
    trace.findings().list.into_iter().filter(|finding| finding.kind == kind).map(named).collect()
}

/// Waits for something that becomes ready after so many polls: by polling again at once, or after its turn.
async fn until(looks: u32, wakes_itself: bool) {
    let seen = Arc::new(AtomicU32::new(0));
    if !wakes_itself {
        while seen.fetch_add(1, Ordering::Relaxed) < looks {
            yield_now().await;
        }
        return;
    }
    poll_fn(move |cx| {
        if seen.fetch_add(1, Ordering::Relaxed) >= looks {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[test]
fn a_task_that_mostly_wakes_itself() {
    for on in ALL {
        for (looks, wakes_itself, told) in [(100, true, true), (100, false, false), (3, true, false)] {
            let (trace, _) = observe(on, Detail::Waits, move |_| async move {
                observed::spawn("spinner", until(looks, wakes_itself)).await.unwrap();
            });
            let found = found(&trace, FindingKind::SelfWakes);
            let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, if told { vec!["spinner"] } else { vec![] }, "{on:?} {looks} {wakes_itself}");
            assert!(found.iter().all(|(_, finding)| finding.text.contains("woke itself 100 of the 100 times")), "{found:?}");
        }
    }
}

#[test]
fn a_task_that_waits_with_no_waker_anywhere() {
    for on in ALL {
        for keeps in [false, true] {
            let (trace, _) = observe(on, Detail::Waits, move |_| async move {
                let kept = Mutex::new(None);
                let waits = poll_fn(move |cx| {
                    if keeps {
                        *kept.lock().unwrap() = Some(cx.waker().clone());
                    }
                    Poll::<()>::Pending
                });
                let _lost = observed::spawn("lost", waits);
                // The same loop under a timeout is no fault: the timer has a waker.
                let bounded = observed::spawn("bounded", timeout(Duration::from_secs(60), std::future::pending::<()>()));
                sleep(Duration::from_millis(20)).await;
                drop(bounded);
            });
            let found = found(&trace, FindingKind::LostWaker);
            let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, if keeps { vec![] } else { vec!["lost"] }, "{on:?}");
        }
    }
}

/// Without causes, nobody knows what a task waits on.
#[test]
fn no_waker_is_missed_where_wakers_are_not_recorded() {
    let (trace, _) = observe(On::Virtual, Detail::Polls, |_| async {
        let _lost = observed::spawn("lost", std::future::pending::<()>());
        sleep(Duration::from_millis(20)).await;
    });
    assert_eq!(trace.findings().list, []);
}

#[test]
fn a_future_that_is_very_large() {
    async fn carries<const BYTES: usize>() -> usize {
        let load = [1_u8; BYTES];
        yield_now().await;
        load.iter().map(|byte| usize::from(*byte)).sum()
    }
    for on in ALL {
        let (trace, _) = observe(on, Detail::Polls, |_| async {
            observed::spawn("small", carries::<1_000>()).await.unwrap();
            observed::spawn("large", carries::<40_000>()).await.unwrap();
            observed::spawn("boxed", Box::pin(carries::<40_000>())).await.unwrap();
        });
        let found = found(&trace, FindingKind::LargeFuture);
        let [(name, finding)] = &found[..] else { panic!("{on:?}: {found:?}") };
        let bytes = trace.tasks[find(&trace, "large") as usize].bytes;
        assert!(name == "large" && bytes >= 40_000 && finding.text.contains(&bytes.to_string()), "{finding:?}");
        assert!((1_000..10_000).contains(&trace.tasks[find(&trace, "small") as usize].bytes));
    }
}

/// A notification meant for all, after which all go on or all wait again, is no herd.
#[test]
fn news_for_everybody_is_no_herd() {
    let (trace, _) = observe(On::Virtual, Detail::Waits, |_| async {
        let news = Arc::new(tokio::sync::Notify::new());
        let listens = |news: Arc<tokio::sync::Notify>| async move {
            for _ in 0..10 {
                news.notified().await;
            }
        };
        let listeners: Vec<_> = (0..8).map(|i| observed::spawn(&format!("listener {i}"), listens(news.clone()))).collect();
        for _ in 0..10 {
            sleep(Duration::from_millis(10)).await;
            news.notify_waiters();
        }
        for listener in listeners {
            listener.await.unwrap();
        }
    });
    assert_eq!(trace.findings().list, []);
}

/// The task with a failed child's handle learns of the failure, even if it is not the parent.
#[test]
#[expect(clippy::async_yields_async, reason = "the handle is what is handed on")]
fn a_handle_that_was_handed_on_is_heard() {
    for awaits in [true, false] {
        let (trace, _) = observe(On::Virtual, Detail::Waits, move |_| async move {
            let parent = observed::spawn("parent", async {
                observed::spawn("child", async {
                    sleep(Duration::from_millis(50)).await;
                    tracing::error!(error = "no luck", "fails");
                })
            });
            let child = parent.await.unwrap();
            if awaits {
                child.await.unwrap();
            }
            sleep(Duration::from_millis(100)).await;
        });
        let found = found(&trace, FindingKind::FailedUnheard);
        assert_eq!(found.len(), usize::from(!awaits), "{found:?}");
        assert!(found.iter().all(|(name, finding)| name == "child" && finding.inferred));
    }
}
