//! Random programs that move guards between their tasks and keep their own books: no observed holder is wrong, and no cycle is
//! found, since locks are taken in one order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use recorder::Detail;
use tokio::sync::mpsc;
use tokio::time::sleep;
use trace::{ResourceKind, Trace};

use super::MS;
use super::observed::{On, observe, spawn};
use super::shop::{COUNT, Entry, Shop, Take, Taken, by_the_books};

const PERMITS: [usize; 2] = [1, 3];

/// What happens to a guard.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// It stays with its task, borrowed or owned, and is released after some milliseconds.
    Stays { owned: bool, ms: u8 },
    /// A child gets it at once, and the task goes on.
    Child(u8),
    /// The task keeps it for some milliseconds, and then a child gets it.
    LateChild(u8, u8),
    /// It is sent to a task that keeps what it gets.
    Sent(u8),
    /// The task takes the lower-numbered lock, and waits for this one while it holds that; both are owned.
    WithLower(Option<u8>, u8),
    /// Something is taken without waiting, if possible. It goes to a child, or the task keeps it.
    Tried { kept: bool, ms: u8 },
}

/// The additional actions of these programs.
trait Moves {
    fn try_take(self: &Arc<Self>, take: Take, by: &str) -> Option<Taken>;
    async fn borrow(&self, take: Take, by: &str, ms: u8);
}

impl Moves for Shop {
    fn try_take(self: &Arc<Self>, take: Take, by: &str) -> Option<Taken> {
        let guard: Box<dyn Send> = match take {
            Take::Lock(i) => Box::new(self.mutexes[i].clone().try_lock_owned().ok()?),
            Take::Read(i) => Box::new(self.rwlocks[i].clone().try_read_owned().ok()?),
            Take::Write(i) => Box::new(self.rwlocks[i].clone().try_write_owned().ok()?),
            Take::Permits(i, permits) => Box::new(self.semaphores[i].clone().try_acquire_many_owned(permits).ok()?),
        };
        Some(self.taken(take, by, guard))
    }

    /// Takes something with a borrowed guard, and releases it.
    async fn borrow(&self, take: Take, by: &str, ms: u8) {
        let (mutex, rwlock, semaphore);
        let guard: Box<dyn Send + '_> = match take {
            Take::Lock(i) => {
                mutex = self.mutexes[i].clone();
                Box::new(mutex.lock().await)
            }
            Take::Read(i) => {
                rwlock = self.rwlocks[i].clone();
                Box::new(rwlock.read().await)
            }
            Take::Write(i) => {
                rwlock = self.rwlocks[i].clone();
                Box::new(rwlock.write().await)
            }
            Take::Permits(i, permits) => {
                semaphore = self.semaphores[i].clone();
                Box::new(semaphore.acquire_many(permits).await.unwrap())
            }
        };
        self.write(take, by, take.permits());
        sleep(MS * u32::from(ms)).await;
        drop(guard);
        self.write(take, by, -take.permits());
    }
}

fn give_to_child(mut taken: Taken, name: &str, ms: u8) {
    taken.moves_to(name);
    spawn(name, async move {
        sleep(MS * u32::from(ms)).await;
        drop(taken);
    });
}

async fn perform(steps: Vec<(Take, Way)>, name: String, shop: Arc<Shop>, keeper: mpsc::UnboundedSender<(Taken, u8)>) {
    for (n, (take, way)) in steps.into_iter().enumerate() {
        let child = format!("{name} child {n}");
        match way {
            Way::Stays { owned: false, ms } => shop.borrow(take, &name, ms).await,
            Way::Stays { owned: true, ms } => {
                let _taken = shop.take(take, &name).await;
                sleep(MS * u32::from(ms)).await;
            }
            Way::Child(ms) => give_to_child(shop.take(take, &name).await, &child, ms),
            Way::LateChild(own, ms) => {
                let taken = shop.take(take, &name).await;
                sleep(MS * u32::from(own)).await;
                give_to_child(taken, &child, ms);
            }
            Way::Sent(ms) => _ = keeper.send((shop.take(take, &name).await, ms)),
            Way::WithLower(gives, ms) => {
                let lower = (take.resource() > 0).then_some(Take::Lock(0));
                let first = if let Some(lower) = lower { Some(shop.take(lower, &name).await) } else { None };
                let _second = shop.take(take, &name).await;
                match (first, gives) {
                    (Some(first), Some(gives)) => give_to_child(first, &child, gives),
                    (first, _) => drop(first),
                }
                sleep(MS * u32::from(ms)).await;
            }
            Way::Tried { kept, ms } => match shop.try_take(take, &name) {
                Some(_taken) if kept => sleep(MS * u32::from(ms)).await,
                Some(taken) => give_to_child(taken, &child, ms),
                None => {}
            },
        }
    }
}

async fn program(tasks: Vec<Vec<(Take, Way)>>, shop: Arc<Shop>) {
    let (keeper, mut kept) = mpsc::unbounded_channel::<(Taken, u8)>();
    let keeps = spawn("keeper", async move {
        while let Some((mut taken, ms)) = kept.recv().await {
            taken.moves_to("keeper");
            sleep(MS * u32::from(ms)).await;
        }
    });
    let spawned: Vec<_> = tasks
        .into_iter()
        .enumerate()
        .map(|(i, steps)| spawn(&format!("worker {i}"), perform(steps, format!("worker {i}"), shop.clone(), keeper.clone())))
        .collect();
    drop(keeper);
    for task in spawned {
        task.await.unwrap();
    }
    keeps.await.unwrap();
    sleep(20 * MS).await;
}

fn programs() -> impl Strategy<Value = Vec<Vec<(Take, Way)>>> {
    let take = prop_oneof![
        (0..2_usize).prop_map(Take::Lock),
        (0..2_usize).prop_map(Take::Read),
        (0..2_usize).prop_map(Take::Write),
        (0..2_usize, 1..=3_u32).prop_map(|(i, n)| Take::Permits(i, n.min(PERMITS[i] as u32))),
    ];
    let way = prop_oneof![
        2 => (any::<bool>(), 0..6_u8).prop_map(|(owned, ms)| Way::Stays { owned, ms }),
        3 => (0..6_u8).prop_map(Way::Child),
        1 => (0..4_u8, 0..6_u8).prop_map(|(own, ms)| Way::LateChild(own, ms)),
        1 => (0..6_u8).prop_map(Way::Sent),
        2 => (prop::option::of(0..6_u8), 0..4_u8).prop_map(|(gives, ms)| Way::WithLower(gives, ms)),
        1 => (any::<bool>(), 0..6_u8).prop_map(|(kept, ms)| Way::Tried { kept, ms }),
    ];
    prop::collection::vec(prop::collection::vec((take, way), 1..6), 1..7)
}

/// Each observed holder has that much at that time, according to the books.
fn check(trace: &Trace, books: &[Entry]) -> Result<(), TestCaseError> {
    let mut made = trace.resources.iter().filter(|resource| resource.kind != ResourceKind::Channel);
    let last = books.iter().map(|(at, ..)| *at).max().unwrap_or(0);
    for number in 0..COUNT {
        let Some(resource) = made.next() else { break };
        for at_ms in 0..=last {
            let held = by_the_books(books, number, at_ms);
            let holdings = resource.at(at_ms as u64 * 1_000_000 + 500_000);
            let mut observed: BTreeMap<&str, i64> = BTreeMap::new();
            for holder in holdings.holders.iter().filter(|holder| !holder.inferred) {
                let name = holder.task.map_or("nobody", |task| trace.tasks[task as usize].name.as_str());
                *observed.entry(name).or_insert(0) += i64::from(holder.permits);
            }
            for (name, permits) in observed {
                let known = held.get(name).copied().unwrap_or(0);
                prop_assert!(permits <= known, "{} ms: {} has {} of {}, by the books {:?}", at_ms, name, permits, number, held);
            }
        }
        let end = resource.at(trace.end_ns);
        prop_assert!(end.holders.is_empty() && end.waiters.is_empty(), "{}: {:?}", number, end);
    }
    prop_assert!(trace.deadlocks.is_empty(), "{:?}", trace.deadlocks);
    prop_assert!(trace.findings().list.iter().all(|found| found.kind.name() != "possible-deadlock"));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_observed_holder_is_wrong_and_no_circle_is_false(tasks in programs()) {
        let books = Arc::new(Mutex::new(Vec::new()));
        let kept = books.clone();
        let (trace, _) = observe(On::Virtual, Detail::Waits, |_| async move {
            let shop = Arc::new(Shop::new(PERMITS));
            program(tasks, shop.clone()).await;
            *kept.lock().unwrap() = shop.close_books();
        });
        check(&trace, &books.lock().unwrap())?;
    }
}
