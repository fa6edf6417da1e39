//! Findings about losses: messages, ticks, deadlines, halves of changes.

use std::thread;
use std::time::Duration;

use recorder::Detail;
use tokio::sync::broadcast::{self, Receiver, error::RecvError};
use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, interval_at, sleep, timeout};
use trace::FindingKind::{IntervalBurst, LaggedReceiver, LateTimeout};
use tracing::warn;

use super::observed::{self, On, observe};
use super::programs::{ALL, found};
use scenario::testing::in_a_calm_moment;

const MS: Duration = Duration::from_millis(1);

/// Receives messages and reports errors. If it is slow, it waits after the first one until all are sent.
async fn receive(mut news: Receiver<u32>, mut all_sent: watch::Receiver<bool>, slow: bool, goes_on: bool) {
    loop {
        match news.recv().await {
            Ok(0) if slow => _ = all_sent.wait_for(|all| *all).await,
            Ok(_) => {}
            Err(error) => {
                warn!(%error, "no message");
                if !goes_on || error == RecvError::Closed {
                    return;
                }
            }
        }
    }
}

#[test]
fn a_receiver_that_was_too_slow_has_lost_messages() {
    for on in ALL {
        let (trace, _) = observe(on, Detail::Waits, |live| async move {
            let (send, news) = broadcast::channel(4);
            let (finish, all_sent) = watch::channel(false);
            let tasks = [
                observed::spawn("gives up", receive(news, all_sent.clone(), true, false)),
                observed::spawn("goes on", receive(send.subscribe(), all_sent.clone(), true, true)),
            ];
            let (mut last, mut over) = (send.subscribe(), all_sent);
            let panics = observed::spawn("panics", async move {
                over.wait_for(|all| *all).await.unwrap();
                last.recv().await.unwrap();
            });
            for name in ["gives up", "goes on", "panics"] {
                live.until_waiting(name).await;
            }
            for n in 0..12 {
                send.send(n).unwrap();
                yield_now().await;
            }
            finish.send(true).unwrap();
            drop(send);
            for task in tasks {
                task.await.unwrap();
            }
            assert!(panics.await.is_err());
        });
        let found = found(&trace, LaggedReceiver);
        let [(name, receives)] = &found.iter().filter(|(name, _)| name != "panics").collect::<Vec<_>>()[..] else {
            panic!("{on:?}: {found:?}")
        };
        assert!(receives.text.starts_with(&format!("{name} reported that a broadcast receiver lost ")), "{receives:?}");
        assert!(["gives up", "goes on"].contains(&name.as_str()) && receives.tasks == 2, "{receives:?}");
        assert!(receives.text.ends_with(" messages; the same with 1 other task"), "{receives:?}");
        let line = receives.place.as_ref().map(|place| super::line_of(&place.file, place.line));
        assert_eq!(line.as_deref(), Some("match news.recv().await {"), "the line at which it receives");
        let panics = found.iter().find(|(name, _)| name == "panics").map(|(_, finding)| finding.text.as_str());
        assert_eq!(panics, Some("panics reported that a broadcast receiver lost 8 messages"), "{on:?}");
    }
}

/// A closed channel is not a loss, and other log lines may mention lagging.
#[test]
fn a_receiver_that_keeps_up_has_lost_nothing() {
    let (trace, _) = observe(On::Virtual, Detail::Waits, |_| async {
        let (send, news) = broadcast::channel(16);
        let (_sent, all_sent) = watch::channel(true);
        let receives = observed::spawn("receives", receive(news, all_sent, true, false));
        for n in 0..12 {
            sleep(MS).await;
            send.send(n).unwrap();
        }
        drop(send);
        receives.await.unwrap();
        warn!("it lagged a little");
    });
    assert_eq!(trace.findings().list, []);
}

/// Ticks, and pauses once for that long after the third tick.
async fn tick(mut ticks: Interval, away: Duration) {
    for n in 0..12 {
        ticks.tick().await;
        if n == 2 {
            sleep(away).await;
        }
    }
}

#[test]
fn an_interval_that_its_task_comes_late_to_ticks_all_at_once() {
    for on in ALL {
        let (trace, _) = observe(on, Detail::Waits, |_| async {
            let every = |behaviour| {
                let mut ticks = interval(20 * MS);
                ticks.set_missed_tick_behavior(behaviour);
                ticks
            };
            let later = interval_at(Instant::now() + 20 * MS, 20 * MS);
            let tasks = [
                observed::spawn("bursts", tick(interval(20 * MS), 130 * MS)),
                observed::spawn("bursts later", tick(later, 130 * MS)),
                observed::spawn("delays", tick(every(MissedTickBehavior::Delay), 130 * MS)),
                observed::spawn("skips", tick(every(MissedTickBehavior::Skip), 130 * MS)),
            ];
            for task in tasks {
                task.await.unwrap();
            }
        });
        let found = found(&trace, IntervalBurst);
        let [(name, finding)] = &found[..] else { panic!("{on:?}: {found:?}") };
        assert!(name.starts_with("bursts") && finding.tasks == 2, "{on:?}: {finding:?}");
        let line = finding.place.as_ref().map(|place| super::line_of(&place.file, place.line));
        assert_eq!(line.as_deref(), Some("ticks.tick().await;"), "{on:?}");
        if on == On::Virtual {
            let text = "bursts got 6 ticks of an interval at once, 130 ms after the previous tick; the same with 1 other task";
            assert_eq!((finding.text.as_str(), finding.at_ns), (text, 170_000_000));
        }
    }
}

/// The timer of a losing branch was already set: it fires late, and the ticks after it come at once.
#[test]
fn an_interval_in_a_branch_that_is_looked_at_late_ticks_all_at_once() {
    let (trace, _) = observe(On::Virtual, Detail::Waits, |_| async {
        let (send, mut jobs) = tokio::sync::mpsc::channel(1);
        let works = observed::spawn("works", async move {
            let mut ticks = interval(20 * MS);
            for _ in 0..8 {
                tokio::select! {
                    _ = ticks.tick() => {}
                    Some(job) = jobs.recv() => sleep(job).await,
                }
            }
        });
        sleep(30 * MS).await;
        send.send(95 * MS).await.unwrap();
        works.await.unwrap();
    });
    let found = found(&trace, IntervalBurst);
    let [(name, finding)] = &found[..] else { panic!("{found:?}") };
    assert!(name == "works" && finding.text.contains("got 5 ticks of an interval at once, 105 ms after"), "{finding:?}");
}

/// One interval that keeps up, one that never does, one finer than the timer, and one that began in the past.
#[test]
fn an_interval_that_is_not_late_or_never_in_time_does_not_burst() {
    let (trace, _) = observe(On::Virtual, Detail::Waits, |_| async {
        let slow = async {
            let mut ticks = interval(20 * MS);
            for _ in 0..20 {
                ticks.tick().await;
                sleep(30 * MS).await;
            }
        };
        let past = Instant::now();
        sleep(100 * MS).await;
        let tasks = [
            observed::spawn("in time", tick(interval(20 * MS), 10 * MS)),
            observed::spawn("fine", tick(interval(MS / 10), Duration::ZERO)),
            observed::spawn("from the past on", tick(interval_at(past, 10 * MS), Duration::ZERO)),
            observed::spawn("slow", slow),
        ];
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(found(&trace, IntervalBurst), []);
}

/// Waits a little, and then blocks its worker.
async fn blocks(first: Duration, then: Duration) -> &'static str {
    sleep(first).await;
    thread::sleep(then);
    "a value"
}

#[test]
fn a_deadline_that_passes_within_a_poll_is_not_kept() {
    for on in [On::OneThread, On::TwoWorkers] {
        // A busy machine may poll too late for the deadline to pass within the poll.
        in_a_calm_moment(|| {
            let (trace, _) = observe(on, Detail::Waits, |_| async {
                let late = async { timeout(30 * MS, blocks(5 * MS, 90 * MS)).await };
                assert_eq!(observed::spawn("late", late).await.unwrap(), Ok("a value"));
            });
            let found = found(&trace, LateTimeout);
            let [(name, finding)] = &found[..] else { panic!("{on:?}: {found:?}") };
            assert!(name == "late" && finding.text.contains(" ms after the deadline of its timeout"), "{on:?}: {finding:?}");
            let line = finding.place.as_ref().map(|place| super::line_of(&place.file, place.line));
            assert!(line.is_some_and(|line| line.contains("timeout(30 * MS, blocks(")), "{on:?}: {finding:?}");
        });
    }
}

/// Timely values, blocking on another thread, a branch that another one ended, and a timer that was reset.
async fn in_time() {
    let blocking = tokio::task::spawn_blocking(|| thread::sleep(300 * MS));
    assert!(timeout(20 * MS, blocking).await.is_err());
    assert_eq!(timeout(10_000 * MS, blocks(5 * MS, 60 * MS)).await, Ok("a value"));
    assert!(timeout(10 * MS, sleep(10_000 * MS)).await.is_err());
    tokio::select! {
        biased;
        value = blocks(5 * MS, 60 * MS) => assert_eq!(value, "a value"),
        _ = timeout(20 * MS, sleep(10_000 * MS)) => {}
    }
    let mut idle = std::pin::pin!(sleep(20 * MS));
    for _ in 0..3 {
        tokio::select! {
            biased;
            value = blocks(5 * MS, 30 * MS) => assert_eq!(value, "a value"),
            () = &mut idle => {}
        }
        idle.as_mut().reset(Instant::now() + 20 * MS);
    }
}

#[test]
fn a_timer_that_is_dropped_late_may_be_none_that_limits_anything() {
    for on in [On::OneThread, On::TwoWorkers] {
        let (trace, _) = observe(on, Detail::Waits, |_| async { observed::spawn("in time", in_time()).await.unwrap() });
        assert_eq!(found(&trace, LateTimeout), [], "{on:?}");
    }
}
