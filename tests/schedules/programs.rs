//! Small programs without a sleep, whose outcome depends on the order of their tasks' polls.
//!
//! Each says how it came out in the name of its only check, so that outcomes can be counted.

use std::sync::{Arc, Mutex as Std, PoisonError};
use std::time::Duration;

use scenario::prelude::*;
use tokio::sync::{Mutex, RwLock, mpsc};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// The programs, in the order in which figures are printed.
pub(crate) static PROGRAMS: [Scenario; 7] = [
    program("opposite-locks", |_| Box::pin(opposite_locks())),
    program("two-locks", |_| Box::pin(two_locks())),
    program("tickers", |_| Box::pin(tickers())),
    program("bounded-channel", |_| Box::pin(bounded_channel())),
    program("select", |_| Box::pin(select())),
    program("join-set", |_| Box::pin(join_set())),
    program("rwlock", |_| Box::pin(rwlock())),
];

const fn program(id: &'static str, run: fn(Context) -> scenario::Running) -> Scenario {
    Scenario { id, title: id, run, ..Scenario::DEFAULTS }
}

/// The order in which tasks did something.
#[derive(Clone, Default)]
struct Order(Arc<Std<String>>);

impl Order {
    fn add(&self, what: impl std::fmt::Display) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += &what.to_string();
    }

    fn outcome(&self) -> scenario::Result {
        outcome(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is what a scenario returns")]
fn outcome(how: &str) -> scenario::Result {
    Ok(Outcome::new().check(how, true))
}

/// Two tasks take two locks in opposite order.
async fn opposite_locks() -> scenario::Result {
    let (x, y) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
    let mut tasks = JoinSet::new();
    for (first, second) in [(x.clone(), y.clone()), (y, x)] {
        tasks.spawn(async move {
            let _first = first.lock().await;
            let _second = second.lock().await;
        });
    }
    while tasks.join_next().await.is_some() {}
    outcome("no deadlock")
}

/// Three tasks add to a number: each time they read it under one lock and write it under the next.
async fn two_locks() -> scenario::Result {
    let number = Arc::new(Mutex::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..3 {
        let number = number.clone();
        tasks.spawn(async move {
            for _ in 0..3 {
                let read = *number.lock().await;
                *number.lock().await = read + 1;
            }
        });
    }
    while tasks.join_next().await.is_some() {}
    let sum = *number.lock().await;
    outcome(&format!("sum {sum}"))
}

/// Three tasks tick twice at the same times.
async fn tickers() -> scenario::Result {
    let order = Order::default();
    let mut tasks = JoinSet::new();
    for name in ['a', 'b', 'c'] {
        let order = order.clone();
        tasks.spawn(async move {
            for _ in 0..2 {
                sleep(Duration::from_millis(10)).await;
                order.add(name);
            }
        });
    }
    while tasks.join_next().await.is_some() {}
    order.outcome()
}

/// Three tasks send two messages each into a channel with room for one.
async fn bounded_channel() -> scenario::Result {
    let (sender, mut receiver) = mpsc::channel(1);
    for name in ['a', 'b', 'c'] {
        let sender = sender.clone();
        tokio::spawn(async move {
            for _ in 0..2 {
                let _ = sender.send(name).await;
            }
        });
    }
    drop(sender);
    let order = Order::default();
    while let Some(name) = receiver.recv().await {
        order.add(name);
    }
    order.outcome()
}

/// A receiver with a deadline gets messages that are sent at the deadline.
async fn select() -> scenario::Result {
    let (sender, mut receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        for name in ['a', 'b', 'c'] {
            sleep(Duration::from_millis(10)).await;
            let _ = sender.send(name).await;
        }
    });
    let order = Order::default();
    for _ in 0..4 {
        tokio::select! {
            biased;
            name = receiver.recv() => order.add(name.unwrap_or('-')),
            () = sleep(Duration::from_millis(10)) => order.add('t'),
        }
    }
    order.outcome()
}

/// Four tasks pass a lock twice, and main sees the order in which they end.
async fn join_set() -> scenario::Result {
    let lock = Arc::new(Mutex::new(()));
    let mut tasks = JoinSet::new();
    for name in ['a', 'b', 'c', 'd'] {
        let lock = lock.clone();
        tasks.spawn(async move {
            drop(lock.lock().await);
            drop(lock.lock().await);
            name
        });
    }
    let order = Order::default();
    while let Some(ended) = tasks.join_next().await {
        order.add(ended?);
    }
    order.outcome()
}

/// Two readers and a writer: what do the readers see?
async fn rwlock() -> scenario::Result {
    let value = Arc::new(RwLock::new(0));
    let order = Order::default();
    let mut tasks = JoinSet::new();
    for name in ['a', 'b'] {
        let (value, order) = (value.clone(), order.clone());
        tasks.spawn(async move {
            for _ in 0..2 {
                order.add(format_args!("{name}{}", *value.read().await));
            }
        });
    }
    let writer = value.clone();
    tasks.spawn(async move {
        for _ in 0..2 {
            *writer.write().await += 1;
        }
    });
    while tasks.join_next().await.is_some() {}
    order.outcome()
}
