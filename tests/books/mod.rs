//! Locks and permits of a random program, which records who takes and who releases them.
#![allow(dead_code, reason = "each test program uses a part of it")]
#![expect(clippy::unwrap_used, reason = "a helper of a test fails with the test")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as Books};

use tokio::sync::{Mutex, RwLock, Semaphore};
use tokio::time::Instant;

/// A resource: its kind, and its number within that kind.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Take {
    Lock(usize),
    Read(usize),
    Write(usize),
    Permits(usize, u32),
}

pub(crate) const MUTEXES: usize = 2;
pub(crate) const RWLOCKS: usize = 2;
/// The number of resources.
pub(crate) const COUNT: usize = MUTEXES + RWLOCKS + 2;

impl Take {
    /// Its number in creation order.
    pub(crate) fn resource(self) -> usize {
        match self {
            Take::Lock(i) => i,
            Take::Read(i) | Take::Write(i) => MUTEXES + i,
            Take::Permits(i, _) => MUTEXES + RWLOCKS + i,
        }
    }

    pub(crate) fn permits(self) -> i64 {
        if let Take::Permits(_, permits) = self { i64::from(permits) } else { 1 }
    }
}

/// When, which resource, which task, and how many permits more or fewer.
pub(crate) type Entry = (u128, usize, String, i64);

/// The resources in creation order, so that a number identifies the recorded one.
pub(crate) struct Shop {
    pub(crate) mutexes: [Arc<Mutex<()>>; MUTEXES],
    pub(crate) rwlocks: [Arc<RwLock<()>>; RWLOCKS],
    pub(crate) semaphores: [Arc<Semaphore>; 2],
    start: Instant,
    books: Books<Vec<Entry>>,
}

/// An owned guard and its holder. Dropping it releases it and records that in the books.
pub(crate) struct Taken {
    shop: Arc<Shop>,
    take: Take,
    by: String,
    guard: Option<Box<dyn Send>>,
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.guard.take();
        self.shop.write(self.take, &self.by, -self.take.permits());
    }
}

impl Taken {
    /// Another task has it now.
    pub(crate) fn moves_to(&mut self, by: &str) {
        self.shop.write(self.take, &self.by, -self.take.permits());
        self.shop.write(self.take, by, self.take.permits());
        by.clone_into(&mut self.by);
    }
}

impl Shop {
    pub(crate) fn new(permits: [usize; 2]) -> Self {
        Self {
            mutexes: Default::default(),
            rwlocks: Default::default(),
            semaphores: permits.map(|permits| Arc::new(Semaphore::new(permits))),
            start: Instant::now(),
            books: Books::default(),
        }
    }

    pub(crate) fn write(&self, take: Take, by: &str, change: i64) {
        let at = self.start.elapsed().as_millis();
        self.books.lock().unwrap().push((at, take.resource(), by.to_owned(), change));
    }

    /// The books, once everything is done.
    pub(crate) fn close_books(&self) -> Vec<Entry> {
        std::mem::take(&mut *self.books.lock().unwrap())
    }

    pub(crate) async fn take(self: &Arc<Self>, take: Take, by: &str) -> Taken {
        let guard: Box<dyn Send> = match take {
            Take::Lock(i) => Box::new(self.mutexes[i].clone().lock_owned().await),
            Take::Read(i) => Box::new(self.rwlocks[i].clone().read_owned().await),
            Take::Write(i) => Box::new(self.rwlocks[i].clone().write_owned().await),
            Take::Permits(i, permits) => Box::new(self.semaphores[i].clone().acquire_many_owned(permits).await.unwrap()),
        };
        self.taken(take, by, guard)
    }

    /// Records that a task has taken something.
    pub(crate) fn taken(self: &Arc<Self>, take: Take, by: &str, guard: Box<dyn Send>) -> Taken {
        self.write(take, by, take.permits());
        Taken { shop: self.clone(), take, by: by.to_owned(), guard: Some(guard) }
    }
}

/// The holder of the resource of that number according to the books, and how many permits it has.
pub(crate) fn by_the_books(books: &[Entry], resource: usize, at_ms: u128) -> BTreeMap<String, i64> {
    let mut held = BTreeMap::new();
    for (_, _, by, change) in books.iter().filter(|(at, of, ..)| *at <= at_ms && *of == resource) {
        *held.entry(by.clone()).or_insert(0) += change;
    }
    held.retain(|_, permits| *permits != 0);
    held
}
