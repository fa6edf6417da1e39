//! Random programs for the tests: tasks that sleep, yield, take and release things, spawn, abort and send.
#![allow(dead_code, reason = "each test program uses a part of it")]
#![expect(clippy::unwrap_used, reason = "a helper of a test fails with the test")]

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use tokio::sync::mpsc;
use tokio::task;
use tokio::time::{sleep, timeout};

use super::books::{MUTEXES, RWLOCKS, Shop, Take};
use super::observed::spawn;

const MS: Duration = Duration::from_millis(1);

/// An action of a random program's task.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Yield,
    Sleep(u8),
    /// Takes something, keeps it for some milliseconds, and releases it.
    Take(Take, u8),
    /// Takes one thing, then another, and releases both. The order is always the same, so nothing deadlocks.
    TakeBoth(Take, Take, u8),
    /// Takes something, and another task releases it.
    TakeAndPass(Take, u8),
    /// Tries for some milliseconds to take something.
    TryFor(Take, u8),
    /// Spawns a task and waits for it, or aborts it.
    Child {
        naps: u8,
        abort: bool,
    },
    Message,
}

/// The permits of each semaphore.
pub(crate) const SEMAPHORES: [usize; 2] = [1, 4];

fn ms(n: u8) -> Duration {
    MS * u32::from(n)
}

async fn perform(steps: Vec<Step>, name: String, resources: Arc<Shop>) {
    for step in steps {
        match step {
            Step::Yield => task::yield_now().await,
            Step::Sleep(n) => sleep(ms(n)).await,
            Step::Take(take, keep) => {
                let _taken = resources.take(take, &name).await;
                sleep(ms(keep)).await;
            }
            Step::TakeBoth(one, other, keep) => {
                let (first, second) = if one.resource() < other.resource() { (one, other) } else { (other, one) };
                let _first = resources.take(first, &name).await;
                if first.resource() != second.resource() {
                    let _second = resources.take(second, &name).await;
                    sleep(ms(keep)).await;
                }
            }
            Step::TakeAndPass(take, keep) => {
                let taken = resources.take(take, &name).await;
                task::spawn(async move {
                    sleep(ms(keep)).await;
                    drop(taken);
                });
            }
            Step::TryFor(take, patience) => {
                if let Ok(_taken) = timeout(ms(patience), resources.take(take, &name)).await {
                    sleep(MS).await;
                }
            }
            Step::Child { naps, abort } => {
                let child = task::spawn(async move {
                    for _ in 0..naps {
                        sleep(MS).await;
                    }
                });
                if abort {
                    task::yield_now().await;
                    child.abort();
                }
                _ = child.await;
            }
            Step::Message => {
                let (send, mut receive) = mpsc::channel(1);
                task::spawn(async move { send.send(()).await });
                receive.recv().await;
            }
        }
    }
}

pub(crate) async fn program(tasks: Vec<Vec<Step>>, resources: Arc<Shop>) {
    let spawned = tasks.into_iter().enumerate().map(|(i, steps)| {
        let name = format!("worker {i}");
        spawn(&name.clone(), perform(steps, name, resources.clone()))
    });
    for task in spawned.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    // Every task that was handed a guard has released it by then.
    sleep(30 * MS).await;
}

fn takes() -> impl Strategy<Value = Take> {
    prop_oneof![
        (0..MUTEXES).prop_map(Take::Lock),
        (0..RWLOCKS).prop_map(Take::Read),
        (0..RWLOCKS).prop_map(Take::Write),
        (0..SEMAPHORES.len(), 1..=4_u32).prop_map(|(i, n)| Take::Permits(i, n.min(SEMAPHORES[i] as u32))),
    ]
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Vec<Step>>> {
    let step = prop_oneof![
        1 => Just(Step::Yield),
        1 => (0..4_u8).prop_map(Step::Sleep),
        4 => (takes(), 0..4_u8).prop_map(|(take, keep)| Step::Take(take, keep)),
        2 => (takes(), takes(), 0..4_u8).prop_map(|(one, other, keep)| Step::TakeBoth(one, other, keep)),
        1 => (takes(), 0..4_u8).prop_map(|(take, keep)| Step::TakeAndPass(take, keep)),
        2 => (takes(), 0..4_u8).prop_map(|(take, patience)| Step::TryFor(take, patience)),
        1 => (0..3_u8, any::<bool>()).prop_map(|(naps, abort)| Step::Child { naps, abort }),
        1 => Just(Step::Message),
    ];
    prop::collection::vec(prop::collection::vec(step, 1..6), 1..8)
}
