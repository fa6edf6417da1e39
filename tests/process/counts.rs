//! Polls by spans are Tokio's own polls.

use std::sync::Arc;

use facts::event::{LastPoll, What};
use proptest::prelude::*;
use tokio::sync::oneshot;
use tokio::task;

use super::books::Shop;
use super::observed::{On, spawn};
use super::workloads::{SEMAPHORES, Step, program, steps};
use super::{Part, Seen};

/// Runs a random program. Returns what was recorded and Tokio's count of polls.
fn run(on: On, hooks: bool, tasks: Vec<Vec<Step>>) -> (Seen, u64) {
    let part = Part::begin();
    let mut builder = on.builder();
    if hooks {
        recorder::observe(&mut builder);
    }
    part.run(on, builder, |runtime| {
        let main = async { program(tasks, Arc::new(Shop::new(SEMAPHORES))).await };
        runtime.block_on(async { spawn("main", main).await }).expect("main does not panic");
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn polls_agree_with_tokios_own_count(tasks in steps(), workers in any::<bool>(), hooks in prop::bool::weighted(0.2)) {
        let on = if workers { On::TwoWorkers } else { On::OneThread };
        let (seen, polls) = run(on, hooks, tasks);
        seen.check();
        prop_assert_eq!(seen.polls(), polls, "{:?} with hooks {}", on, hooks);
    }
}

/// Yields are polls without any event between them, which must not be taken for the drop of the future.
#[test]
fn a_task_that_only_yields_is_polled_as_often_as_it_yields() {
    for on in [On::OneThread, On::TwoWorkers] {
        let (seen, polls) = Part::begin().run(on, on.builder(), |runtime| {
            runtime.block_on(async {
                let yields = spawn("yields", async {
                    for _ in 0..1_000 {
                        task::yield_now().await;
                    }
                });
                yields.await.expect("does not panic");
            });
        });
        seen.check();
        assert_eq!((seen.polls(), seen.polls_of(seen.task("yields"))), (polls, 1_001), "{on:?}");
    }
}

#[test]
fn the_end_of_a_task_is_told_apart() {
    for on in [On::OneThread, On::TwoWorkers] {
        let (seen, polls) = Part::begin().run(on, on.builder(), |runtime| {
            runtime.block_on(async {
                spawn("returns", task::yield_now()).await.expect("does not panic");
                let waits = spawn("aborted", std::future::pending::<()>());
                task::yield_now().await;
                waits.abort();
                assert!(waits.await.expect_err("aborted").is_cancelled());
                let new = spawn("aborted at once", async {});
                new.abort();
                _ = new.await;
                let panics = spawn("panics", async { panic!("on purpose") });
                assert!(panics.await.expect_err("panics").is_panic());
                // At a shutdown Tokio may count a task that it finds to be gone already.
                let (polled, is_polled) = oneshot::channel();
                spawn("lives", async {
                    polled.send(()).expect("main waits");
                    std::future::pending::<()>().await;
                });
                is_polled.await.expect("it is polled");
            });
        });
        seen.check();
        assert_eq!(seen.polls(), polls, "{on:?} {:#?}", seen.told());
        let ends = seen.ends();
        let end = |name| ends[&seen.task(name)];
        assert_eq!(end("returns"), LastPoll::Polled, "{on:?}");
        // With two workers the abort may come within its poll.
        assert!(end("aborted") == LastPoll::Dropped || (on == On::TwoWorkers && end("aborted") == LastPoll::Polled), "{on:?}");
        assert_eq!(end("panics"), LastPoll::Polled, "{on:?}");
        // With two workers the runtime may shut down within the last poll.
        assert!(end("lives") == LastPoll::Shutdown || (on == On::TwoWorkers && end("lives") == LastPoll::Polled), "{on:?}");
        if on == On::OneThread {
            assert_eq!(end("lives"), LastPoll::Shutdown);
            assert_eq!(end("aborted at once"), LastPoll::Dropped);
            assert_eq!(seen.polls_of(seen.task("aborted at once")), 1, "Tokio counts the drop");
        }
        assert_eq!(seen.whats().filter(|what| matches!(what, What::Panic(_))).count(), 1);
    }
}

/// Nothing happens on its thread between its last poll and the drop of its future, and both are polls to Tokio.
#[test]
fn a_busy_task_that_is_aborted_is_not_taken_for_one_that_returns() {
    for round in 0..30 {
        let (seen, polls) = Part::begin().run(On::TwoWorkers, On::TwoWorkers.builder(), |runtime| {
            runtime.block_on(async {
                let busy = spawn("busy", async {
                    loop {
                        task::yield_now().await;
                    }
                });
                let counts = spawn("counts", async move {
                    for _ in 0..round {
                        task::yield_now().await;
                    }
                });
                counts.await.expect("does not panic");
                busy.abort();
                assert!(busy.await.expect_err("aborted").is_cancelled());
            });
        });
        seen.check();
        assert_eq!(seen.polls(), polls, "round {round}");
        let end = seen.ends()[&seen.task("busy")];
        // An abort from another thread may also come within a poll, after which the task is dropped at once.
        assert!(matches!(end, LastPoll::Dropped | LastPoll::Polled), "{end:?}");
    }
}
