//! Idle workers, and what they cannot take from a busy one.

use std::thread;
use std::time::Duration;

use recorder::Detail;
use tokio::sync::oneshot;
use trace::{State, Trace};

use super::observed::{self, On, find, observe};

const MS: Duration = Duration::from_millis(1);

/// A task wakes two others, one after the other, and then keeps its worker busy for a while.
fn keeps_its_worker() -> Trace {
    let (trace, _) = observe(On::TwoWorkers, Detail::Waits, |live| async move {
        let (wake_first, first) = oneshot::channel::<()>();
        let (wake_second, second) = oneshot::channel::<()>();
        let first = observed::spawn("first", async { first.await.unwrap() });
        let second = observed::spawn("second", async { second.await.unwrap() });
        live.until_waiting("first").await;
        live.until_waiting("second").await;
        let keeper = observed::spawn("keeper", async {
            wake_first.send(()).unwrap();
            wake_second.send(()).unwrap();
            thread::sleep(100 * MS);
        });
        for task in [keeper, first, second] {
            task.await.unwrap();
        }
    });
    trace
}

#[test]
fn the_task_that_was_woken_last_is_in_the_slot_of_the_worker_and_the_idle_one_takes_the_other() {
    let trace = keeps_its_worker();
    let (keeper, first, second) = (find(&trace, "keeper"), find(&trace, "first"), find(&trace, "second"));
    let keeps =
        trace.tasks[keeper as usize].segments.iter().find(|segment| matches!(segment.state, State::Running(_))).copied().unwrap();
    let within_ns = keeps.start_ns + 50_000_000;
    let slot = trace.slot_at(second, within_ns).unwrap();
    assert_eq!((State::Running(slot.worker), slot.behind), (keeps.state, keeper));
    assert_ne!(slot.idle, slot.worker);
    assert_eq!(trace.slot_at(first, within_ns), None, "the other worker has taken it");
    assert!(trace.tasks[first as usize].ended.unwrap().at_ns < within_ns);
}

#[test]
fn a_worker_has_a_lane_before_it_polls_anything_and_the_thread_that_started_it_all_has_none() {
    // One of the two workers polls the only task, until an event of the other arrives.
    let (trace, _) = observe(On::TwoWorkers, Detail::Waits, |live| async move {
        while live.trace().polling_threads().count() < 2 {
            thread::sleep(MS);
        }
    });
    assert_eq!(trace.polling_threads().filter(|thread| trace.polls_on(*thread).is_none()).count(), 1, "{:?}", trace.threads);
    let (trace, _) = observe(On::OneThread, Detail::Waits, |_| async {});
    assert_eq!(trace.polling_threads().count(), 1, "{:?}", trace.threads);
}
