//! Keys that expire, and the task that removes them.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::spawn;

/// The lifetime of a key.
const LIVES: Duration = Duration::from_millis(20);

/// A handle to what all connections share.
#[derive(Clone)]
pub(super) struct Db(Arc<Shared>);

struct Shared {
    keys: Mutex<BTreeMap<String, Instant>>,
    purge: Arc<Notify>,
}

impl Db {
    /// An empty store, with its task.
    pub(super) fn new() -> io::Result<Self> {
        let purge = Arc::new(Notify::new());
        let shared = Arc::new(Shared { keys: Mutex::default(), purge: purge.clone() });
        spawn("purge", purge_expired(Arc::downgrade(&shared), purge))?;
        Ok(Self(shared))
    }

    /// `set KEY`, or `get KEY`, which returns true if the key exists.
    pub(super) fn apply(&self, request: &str) -> String {
        let (verb, key) = request.split_once(' ').unwrap_or((request, ""));
        if verb == "set" {
            self.0.lock().insert(key.to_owned(), Instant::now() + LIVES);
            self.0.purge.notify_one();
        }
        self.0.lock().contains_key(key).to_string()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.purge.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Instant>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes expired keys. Returns when the next one expires.
    fn purge(&self) -> Option<Instant> {
        let mut keys = self.lock();
        keys.retain(|_, expires| *expires > Instant::now());
        keys.values().min().copied()
    }
}

/// Runs until the store is gone.
async fn purge_expired(shared: Weak<Shared>, purge: Arc<Notify>) {
    while let Some(next) = shared.upgrade().map(|shared| shared.purge()) {
        if let Some(when) = next {
            tokio::select! { // waits: time, notify
                () = sleep_until(when) => {}
                () = purge.notified() => {}
            }
        } else {
            purge.notified().await; // waits: notify
        }
    }
}
