//! Wakes in a task's own poll that the program did not cause: by Tokio's budget, and by fair libraries.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use recorder::Detail;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::{JoinSet, consume_budget, yield_now};
use tokio::time::{interval, sleep, timeout};
use trace::FindingKind::SelfWakes;
use trace::{Cause, Trace, Waker};

use super::observed::{self, find, observe};
use super::programs::{ALL, found};

/// Several times more than one poll can handle.
const MANY: usize = 2_000;

/// How often a task was woken because its budget ran out, and how often it woke itself.
fn turns(trace: &Trace, name: &str) -> (usize, usize) {
    let ix = find(trace, name);
    let count = |by: Waker| trace.tasks[ix as usize].wakes.iter().filter(|wake| wake.by == by).count();
    (count(Waker::Budget), count(Waker::Task(ix)))
}

/// The number of waits in which a task was out of budget.
fn put_off(trace: &Trace, name: &str) -> usize {
    let budget = |leaf: &trace::Leaf| trace.site(leaf.site).cause == Cause::Budget;
    trace.waits_of(find(trace, name)).filter(|wait| wait.leaves.iter().any(budget)).count()
}

#[test]
fn a_set_of_tasks_that_are_joined_one_after_the_other_costs_turns_and_is_no_busy_wait() {
    for on in ALL {
        let (trace, _) = observe(on, Detail::Waits, |_| async {
            observed::spawn("joins", async {
                let mut set = JoinSet::new();
                (0..MANY).for_each(|_| _ = set.spawn(async {}));
                sleep(Duration::from_millis(10)).await;
                while set.join_next().await.is_some() {}
            })
            .await
            .unwrap();
        });
        let (spent, own) = turns(&trace, "joins");
        // With several workers some of them may still be running.
        assert!((4..=MANY / 128 + 2).contains(&spent) && own == 0, "{on:?}: {spent} and {own}");
        assert_eq!(found(&trace, SelfWakes), [], "{on:?}");
    }
}

#[test]
fn one_who_takes_all_that_there_is_is_put_off_and_stands_in_no_line() {
    for on in ALL {
        let (trace, _) = observe(on, Detail::Waits, |_| async {
            let (send, mut receive) = mpsc::unbounded_channel();
            (0..MANY).for_each(|i| send.send(i).unwrap());
            drop(send);
            let receives = async move { while receive.recv().await.is_some() {} };
            observed::spawn("receives", receives).await.unwrap();
            let acquires = async {
                let permits = Semaphore::new(3);
                for _ in 0..MANY {
                    drop(permits.acquire().await.unwrap());
                }
            };
            observed::spawn("acquires", acquires).await.unwrap();
        });
        for name in ["receives", "acquires"] {
            let ((spent, own), waits) = (turns(&trace, name), put_off(&trace, name));
            assert!(spent >= MANY / 128 - 1 && own == 0 && waits >= spent, "{on:?} {name}: {spent}, {own}, {waits}");
        }
        assert_eq!(trace.contended().count(), 0, "{on:?}: permits were always available");
        let names = trace.wait_totals().iter().map(|total| total.cause.name()).collect::<Vec<_>>();
        assert!(names.contains(&"out of budget") && !names.contains(&"semaphore"), "{on:?}: {names:?}");
        assert_eq!(found(&trace, SelfWakes), [], "{on:?}");
    }
}

/// For a future within a set, Tokio reports that it was not ready, and the waker is the set's.
#[test]
fn futures_of_a_set_that_are_put_off_do_not_wait_for_what_they_ask_for() {
    for on in ALL {
        let (trace, _) = observe(on, Detail::Waits, |_| async {
            let acquires = async {
                let permits = Arc::new(Semaphore::new(MANY));
                let each = |_| permits.clone().acquire_owned();
                let mut set: FuturesUnordered<_> = (0..MANY).map(each).collect();
                while set.next().await.is_some() {}
            };
            observed::spawn("set", acquires).await.unwrap();
        });
        let (spent, own) = turns(&trace, "set");
        assert!(spent >= MANY / 128 - 2, "{on:?}: {spent} and {own}");
        assert_eq!(trace.contended().count(), 0, "{on:?}");
        assert_eq!(found(&trace, SelfWakes), [], "{on:?}");
    }
}

#[test]
fn a_library_that_is_fair_to_its_futures_is_no_busy_wait() {
    for on in ALL {
        let (trace, _) = observe(on, Detail::Waits, |_| async {
            // Each goes on at once, again and again, so the set has to yield to the others.
            let each = |_| async {
                let mut turns = 0;
                poll_fn(|cx| {
                    turns += 1;
                    if turns > 100 {
                        return Poll::Ready(());
                    }
                    cx.waker().wake_by_ref();
                    Poll::Pending
                })
                .await;
            };
            let mut set: FuturesUnordered<_> = (0..3).map(each).collect();
            let polls = async move { while set.next().await.is_some() {} };
            observed::spawn("set", polls).await.unwrap();
        });
        let ix = find(&trace, "set");
        assert!(turns(&trace, "set").1 > 16, "{on:?}: {:?}", turns(&trace, "set"));
        assert_eq!(trace.tasks[ix as usize].self_wakes, 0, "{on:?}");
        assert_eq!(found(&trace, SelfWakes), [], "{on:?}");
    }
}

/// A task that wakes itself does so on purpose, by whatever means.
#[test]
fn a_task_that_wakes_itself_is_told_with_the_line_where_it_does() {
    for on in ALL {
        let (trace, _) = observe(on, Detail::Waits, |_| async {
            let notify = tokio::sync::Notify::new();
            let mut looks = 0;
            let spins = poll_fn(move |cx| {
                looks += 1;
                cx.waker().wake_by_ref(); // Here.
                if looks > 100 { Poll::Ready(()) } else { Poll::Pending }
            });
            observed::spawn("spins", spins).await.unwrap();
            let tells = async move {
                for _ in 0..100 {
                    let mut news = Box::pin(notify.notified());
                    let mut told = false;
                    poll_fn(|cx| {
                        let news = news.as_mut().poll(cx);
                        if !std::mem::replace(&mut told, true) {
                            notify.notify_one();
                        }
                        news
                    })
                    .await;
                }
            };
            observed::spawn("tells itself", tells).await.unwrap();
        });
        let found = found(&trace, SelfWakes);
        let source = include_str!("turns.rs");
        let here = source.lines().position(|line| line.ends_with("// Here.")).unwrap() as u32 + 1;
        let lines: Vec<_> = found.iter().map(|(name, finding)| (name.as_str(), finding.place.as_ref().unwrap().line)).collect();
        assert!(lines.contains(&("spins", here)), "{on:?}: {lines:?}");
        assert!(lines.iter().any(|(name, _)| *name == "tells itself"), "{on:?}: {lines:?}");
    }
}

/// A busy wait counts even if it consists of Tokio's operations.
#[test]
fn one_who_lives_on_the_budget_and_never_waits_is_busy_in_order_to_wait() {
    let (trace, _) = observe(observed::On::TwoWorkers, Detail::Waits, |_| async {
        let (over, mut until) = oneshot::channel();
        let spins = async move {
            while until.try_recv().is_err() {
                consume_budget().await;
                // Some work, so that the recording does not fill up.
                (0..20).for_each(|_| std::hint::spin_loop());
            }
        };
        let spins = observed::spawn("spins", spins);
        // As much work, but with long pauses.
        let rests = async {
            let mut ticks = interval(Duration::from_millis(20));
            loop {
                ticks.tick().await;
                for _ in 0..MANY {
                    consume_budget().await;
                }
            }
        };
        let rests = timeout(Duration::from_millis(1_200), observed::spawn("rests", rests));
        assert!(rests.await.is_err());
        over.send(()).unwrap();
        spins.await.unwrap();
    });
    let found = found(&trace, SelfWakes);
    let [(name, finding)] = &found[..] else { panic!("{found:?}") };
    assert!(name == "spins" && finding.text.contains("out of budget"), "{finding:?}");
}

/// A yield still counts as a yield.
#[test]
fn one_who_yields_is_not_out_of_budget() {
    for on in ALL {
        let (trace, _) = observe(on, Detail::Waits, |_| async {
            let yields = async {
                for _ in 0..MANY {
                    yield_now().await;
                }
            };
            observed::spawn("yields", yields).await.unwrap();
        });
        assert_eq!((turns(&trace, "yields"), put_off(&trace, "yields")), ((0, 0), 0), "{on:?}");
        assert!(trace.tasks[find(&trace, "yields") as usize].wakes.iter().all(|wake| wake.by == Waker::Scheduler), "{on:?}");
    }
}
