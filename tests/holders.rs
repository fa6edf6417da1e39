//! Random programs keep their own books: the recorded holders and polls match them.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails with the test")]

mod books;
mod observed;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use books::{COUNT, MUTEXES, RWLOCKS, Shop, Take, by_the_books};
use observed::{On, observe, spawn};
use proptest::prelude::*;
use recorder::Detail;
use tokio::sync::mpsc;
use tokio::task;
use tokio::time::{sleep, timeout};
use trace::{End, ResourceKind, State, Trace};

const MS: Duration = Duration::from_millis(1);

/// An action of a random program's task.
#[derive(Debug, Clone)]
enum Step {
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
const SEMAPHORES: [usize; 2] = [1, 4];

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

async fn program(tasks: Vec<Vec<Step>>, resources: Arc<Shop>) {
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

fn steps() -> impl Strategy<Value = Vec<Vec<Step>>> {
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

/// The recorded holder of the resource of that number, and its permits; `None` where it is inferred.
fn as_recorded(trace: &Trace, resource: usize, at_ns: u64) -> Option<BTreeMap<String, i64>> {
    let holdings = trace.resources[resource].at(at_ns);
    let mut held = BTreeMap::new();
    for holder in &holdings.holders {
        let name = holder.task.map_or_else(String::new, |task| trace.tasks[task as usize].name.clone());
        *held.entry(name).or_insert(0) += i64::from(holder.permits);
    }
    (!holdings.inferred).then_some(held)
}

fn check_holders(tasks: Vec<Vec<Step>>) -> Result<(), TestCaseError> {
    let books = Arc::new(Mutex::new(Vec::new()));
    let kept = books.clone();
    let (trace, polls) = observe(On::Virtual, Detail::Waits, |_| async move {
        let resources = Arc::new(Shop::new(SEMAPHORES));
        program(tasks, resources.clone()).await;
        *kept.lock().unwrap() = resources.close_books();
    });
    check_lives(&trace, polls)?;
    let books = books.lock().unwrap();
    let of_books = |resource: &&trace::Resource| resource.kind != ResourceKind::Channel;
    prop_assert_eq!(trace.resources.iter().filter(of_books).count(), COUNT);
    let last = books.iter().map(|(at, ..)| *at).max().unwrap_or(0);
    for at_ms in 0..=last {
        for resource in 0..COUNT {
            // Everything happens on whole milliseconds, so half a millisecond later everything has been reported.
            let at_ns = at_ms as u64 * 1_000_000 + 500_000;
            if let Some(recorded) = as_recorded(&trace, resource, at_ns) {
                prop_assert_eq!(recorded, by_the_books(&books, resource, at_ms), "resource {} at {} ms", resource, at_ms);
            }
        }
    }
    for resource in &trace.resources {
        let end = resource.at(trace.end_ns);
        prop_assert!(end.holders.is_empty() && end.waiters.is_empty(), "{:?}", end);
    }
    Ok(())
}

/// The recorded polls match Tokio's count, and every ready task has been spawned or woken.
fn check_lives(trace: &Trace, polls: u64) -> Result<(), TestCaseError> {
    prop_assert_eq!(trace.polls, polls);
    prop_assert_eq!(trace.lost, 0);
    for (ix, task) in (0..).zip(&trace.tasks) {
        let readies = task.segments.iter().filter(|segment| segment.state == State::Ready).count();
        // A wake within what turns out to be the last poll makes no task ready.
        let ended_in = task.ended.and(task.segments.last()).filter(|last| matches!(last.state, State::Running(_)));
        let in_vain = ended_in.zip(task.wakes.last()).is_some_and(|(last, wake)| wake.at_ns >= last.start_ns);
        let answered = readies == task.wakes.len() + 1 || (in_vain && readies == task.wakes.len());
        prop_assert!(answered, "{}: {:?} {:?}", &task.name, &task.segments, &task.wakes);
        for (i, segment) in task.segments.iter().enumerate() {
            let before = i.checked_sub(1).map(|before| task.segments[before].state);
            let aborted = task.ended.is_some_and(|ended| ended.how != End::Completed) && i + 1 == task.segments.len();
            let answered = !matches!(segment.state, State::Running(_)) || before == Some(State::Ready) || aborted;
            prop_assert!(answered, "{}: a poll without a wake", &task.name);
        }
        let waits = task.segments.iter().filter(|segment| segment.state.is_waiting()).count();
        prop_assert_eq!(waits, trace.waits_of(ix).count());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn holders_agree_with_the_programs_own_books(tasks in steps()) {
        check_holders(tasks)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lives_agree_with_tokios_own_count(tasks in steps(), workers in any::<bool>()) {
        let on = if workers { On::TwoWorkers } else { On::OneThread };
        let (trace, polls) = observe(on, Detail::Waits, |_| async move { program(tasks, Arc::new(Shop::new(SEMAPHORES))).await });
        prop_assert_eq!((trace.polls, trace.lost), (polls, 0));
        check_lives(&trace, polls)?;
    }
}
