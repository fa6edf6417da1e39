//! # Cache: one miss should fetch once
//!
//! Eight clients ask for the same thing, five times a second each. Fetching it from its origin
//! takes 200 ms, so the cache keeps it for a second.
//!
//! **What you see.** With `variant=plain` the value expires and eight lanes miss it within the
//! same 200 ms: eight calls to the origin, for one value. With `single-flight` one lane
//! fetches, and the others wait for its result. With `early-refresh` nobody waits: a separate
//! task fetches the next value while the old one is still served.
//!
//! **Why.** Between the miss and the value there is an await, and meanwhile everybody else
//! misses too. The busier the key, the bigger the stampede, and it hits the origin at the
//! worst moment. A lock for each key lets the first client in; the others look again
//! afterwards and find the value. Fetching ahead of time moves the fetch out of everybody's
//! way.
//!
//! **Try.** Set `variant` to `single-flight`: 24 calls become 3. With 16 `clients` it
//! is 48 against 3. Set it to `early-refresh`: 5 calls, a few more, and once they have
//! their first answer nobody ever waits again. Set `keys` to 8: every client has a
//! key of its own, and `plain` does as well as the others. Set `clear_at` to 2000 with
//! `plain`: all values are gone at once, and it stampedes once more, 32 calls.
//!
//! **Pitfall.** One lock for the whole cache would make every miss wait for every fetch:
//! take one for each key. A value that nobody asks for again is never overwritten, and stays
//! until you clean up. And give different keys different lifetimes, or they all expire at
//! once.
//!
//! **Words.** asyncio: a dict and an `asyncio.Lock` for each key; `functools.cache` on a
//! coroutine keeps the coroutine, which can be awaited once. Tokio: a map and a `Mutex`
//! or `OnceCell` for each key, or the crate `moka`, whose `get_with` is single-flight.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::{Builder, JoinSet};
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{Instrument, info, info_span};

use crate::prelude::*;

const CLIENTS: Param = Param::count("clients", 8, (1, 1_000), "clients", "How many clients ask, each one for one key.");
const KEYS: Param = Param::count("keys", 1, (1, 100), "keys", "How many keys there are for them.");
const TTL: Param = Param::millis("ttl", 1_000, (1, 60_000), "How long a value is good for.");
const FETCH: Param = Param::millis("fetch", 200, (1, 60_000), "How long it takes to fetch one from the origin.");
const SECONDS: Param = Param::count("seconds", 4, (1, 60), "s", "How long clients go on asking.");
const CLEANUP_EVERY: Param = Param::millis("cleanup_every", 500, (10, 60_000), "How often expired values are thrown away.");
const CLEAR_AT: Param = Param::millis("clear_at", 0, (0, 60_000), "When all values are thrown away, good or not; 0 is never.");
const VARIANT: Param = Param::choice(
    "variant",
    &["plain", "single-flight", "early-refresh"],
    "Who fetches on a miss: everybody, the first one, or a task that does so before the value expires.",
);

/// How long a client rests between an answer and its next question.
const REST_MS: u64 = 190;
/// The early refresh starts when a value is good for less than so many fetches.
const AHEAD: u32 = 2;

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "cache",
    title: "Cache",
    group: Group::Resilience,
    lesson: "One miss should fetch once.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[CLIENTS, KEYS, TTL, FETCH, SECONDS, CLEANUP_EVERY, CLEAR_AT, VARIANT],
    patterns: &["cache", "cache stampede", "single flight", "time to live", "refresh ahead"],
    differs: "`functools.cache` on a coroutine keeps the coroutine, which can be awaited once; Tokio has `OnceCell`, which \
              keeps the value.",
    builds_on: &["lost-update"],
    breaks: &[Breaks::checks(&[("variant", "plain")], &["a key is fetched once each time"])],
    source: include_str!("cache.rs"),
    path: file!(),
    twin: include_str!("cache.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

type Key = usize;

/// Values by key, and how they are come by.
struct Cache {
    variant: &'static str,
    ttl: Duration,
    fetch: Duration,
    /// For each key, who may fetch: whoever holds it.
    fetching: Vec<tokio::sync::Mutex<()>>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// For each key, when its value was stored. The value itself says nothing here.
    stored: BTreeMap<Key, Instant>,
    /// Keys that a task fetches ahead of time.
    refreshing: Vec<Key>,
    /// For each key, how many calls to the origin are under way.
    under_way: BTreeMap<Key, u64>,
    tally: Tally,
}

#[derive(Default, Clone)]
struct Tally {
    hits: u64,
    misses: u64,
    /// Calls to the origin.
    fetches: u64,
    /// Those that were made while another call for the same key was under way.
    doubled: u64,
    /// The most calls for one key that were under way at once.
    most_under_way: u64,
    /// The most values that were held at once.
    most_held: usize,
    /// The longest that a value was held after it had expired.
    longest_expired: Duration,
}

impl Cache {
    fn new(cx: &Context) -> Self {
        Self {
            variant: cx.word(VARIANT),
            ttl: cx.duration(TTL),
            fetch: cx.duration(FETCH),
            fetching: (0..cx.count(KEYS)).map(|_| tokio::sync::Mutex::new(())).collect(),
            inner: Mutex::default(),
        }
    }

    /// Answers from what is held, or fetches it first.
    async fn get(self: &Arc<Self>, key: Key) -> scenario::Result<()> {
        if let Some(good_for) = self.look(key) {
            if self.variant == "early-refresh" && good_for < self.fetch * AHEAD {
                self.refresh(key)?;
            }
            return Ok(());
        }
        if self.variant == "plain" {
            self.fetch(key).await;
            return Ok(());
        }
        let _turn = self.fetching[key].lock().instrument(info_span!("waits its turn")).await;
        // Whoever was here before has fetched it.
        if self.held(key).is_none() {
            self.fetch(key).await;
        }
        Ok(())
    }

    /// For how long the value of that key is still good, if there is one that is good. Counts hits and misses.
    fn look(&self, key: Key) -> Option<Duration> {
        let good_for = self.held(key);
        let mut inner = self.inner();
        if good_for.is_none() {
            info!(mark = "miss", "key {key} is not there, or has expired");
            if inner.is_first_to_miss(key) && self.fetching.len() == 1 {
                info!(moment = "value expired", "nobody fetches it yet");
            }
        }
        let count = if good_for.is_some() { &mut inner.tally.hits } else { &mut inner.tally.misses };
        *count += 1;
        good_for
    }

    fn held(&self, key: Key) -> Option<Duration> {
        let stored = *self.inner().stored.get(&key)?;
        self.ttl.checked_sub(stored.elapsed()).filter(|good_for| !good_for.is_zero())
    }

    /// Asks the origin and stores what it says.
    async fn fetch(&self, key: Key) {
        self.inner().fetch_begins(key);
        sleep(self.fetch).instrument(info_span!("fetches", key)).await;
        self.inner().fetch_ends(key, self.ttl);
    }

    /// Fetches a value in a task of its own, unless that is being done.
    fn refresh(self: &Arc<Self>, key: Key) -> scenario::Result<()> {
        let mut inner = self.inner();
        if inner.refreshing.contains(&key) {
            return Ok(());
        }
        inner.refreshing.push(key);
        drop(inner);
        let cache = self.clone();
        Builder::new().name(&format!("refresh {key}")).spawn(async move {
            // In turn with those who miss, so that the origin is asked once.
            let _turn = cache.fetching[key].lock().await;
            cache.fetch(key).await;
            cache.inner().refreshing.retain(|other| *other != key);
        })?;
        Ok(())
    }

    /// Throws away what has expired, or everything.
    fn clean_up(&self, everything: bool) {
        let mut inner = self.inner();
        for stored in std::mem::take(&mut inner.stored) {
            let expired = stored.1.elapsed().checked_sub(self.ttl);
            inner.tally.longest_expired = inner.tally.longest_expired.max(expired.unwrap_or_default());
            if expired.is_none() && !everything {
                inner.stored.insert(stored.0, stored.1);
            }
        }
        info!(counter.held = inner.stored.len(), "cleans up");
    }

    /// No lock is held across an await, so none is ever waited for.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Whether there was a value, and nobody fetches another one yet.
    fn is_first_to_miss(&self, key: Key) -> bool {
        self.tally.fetches > 0 && self.under_way.get(&key).is_none_or(|calls| *calls == 0)
    }

    fn fetch_begins(&mut self, key: Key) {
        let under_way = self.under_way.entry(key).or_default();
        *under_way += 1;
        self.tally.most_under_way = self.tally.most_under_way.max(*under_way);
        self.tally.fetches += 1;
        self.tally.doubled += u64::from(*under_way > 1);
        let all: u64 = self.under_way.values().sum();
        info!(counter.to_origin = self.tally.fetches, counter.under_way = all, "asks the origin for key {key}");
    }

    fn fetch_ends(&mut self, key: Key, ttl: Duration) {
        *self.under_way.entry(key).or_default() -= 1;
        if let Some(replaced) = self.stored.insert(key, Instant::now()) {
            let expired = replaced.elapsed().saturating_sub(ttl);
            self.tally.longest_expired = self.tally.longest_expired.max(expired);
        }
        self.tally.most_held = self.tally.most_held.max(self.stored.len());
        let all: u64 = self.under_way.values().sum();
        info!(counter.held = self.stored.len(), counter.under_way = all, "stores key {key}");
    }
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let cache = Arc::new(Cache::new(&cx));
    let until = started + Duration::from_secs(cx.number(SECONDS));

    let janitor = Builder::new().name("janitor").spawn(janitor(cache.clone(), cx.duration(CLEANUP_EVERY)))?;
    let clearer = match cx.duration(CLEAR_AT) {
        Duration::ZERO => None,
        at => Some(Builder::new().name("clearer").spawn(clear(cache.clone(), started + at))?),
    };
    let mut clients = JoinSet::new();
    for i in 0..cx.count(CLIENTS) {
        // They do not start together: it takes no lockstep to stampede.
        let start = started + Duration::from_millis(REST_MS * i as u64 / cx.number(CLIENTS));
        let client = client(cache.clone(), i % cx.count(KEYS), start, until);
        clients.build_task().name(&format!("client {i}")).spawn(client)?;
    }
    let (mut first, mut later) = (Duration::ZERO, Duration::ZERO);
    while let Some(waited) = clients.join_next().await {
        let waited = waited??;
        first = first.max(waited.first);
        later = later.max(waited.later);
    }
    let total = started.elapsed();
    for task in [Some(janitor), clearer].into_iter().flatten() {
        task.abort();
    }

    let tally = cache.inner().tally.clone();
    let expected = cx.duration(CLEANUP_EVERY);
    Ok(Outcome::new()
        .figure("hits", tally.hits, "questions")
        .figure("misses", tally.misses, "questions")
        .figure("origin calls", tally.fetches, "calls")
        .figure("most at once for one key", tally.most_under_way, "calls")
        .figure("longest first wait", first, "ms")
        .figure("longest wait after that", later, "ms")
        .figure("most values held", tally.most_held, "values")
        .figure("total", total, "ms")
        .check("a key is fetched once each time", tally.doubled == 0)
        .check(
            "nothing stays after it expired for longer than to the next cleanup",
            tally.longest_expired <= expected || cx.on_time(tally.longest_expired, expected),
        ))
}

/// The longest that a client has waited.
#[derive(Default)]
struct Waited {
    /// For its first answer: somebody has to fetch it.
    first: Duration,
    /// For any answer after that.
    later: Duration,
}

/// Asks for one key, again and again.
async fn client(cache: Arc<Cache>, key: Key, start: Instant, until: Instant) -> scenario::Result<Waited> {
    let mut waited = Waited::default();
    let mut asked = 0_u64;
    sleep_until(start).await;
    while Instant::now() < until {
        let at = Instant::now();
        cache.get(key).await?;
        let longest = if asked == 0 { &mut waited.first } else { &mut waited.later };
        *longest = at.elapsed().max(*longest);
        asked += 1;
        sleep(Duration::from_millis(REST_MS)).await;
    }
    Ok(waited)
}

/// Throws away what has expired, at each tick.
async fn janitor(cache: Arc<Cache>, every: Duration) {
    loop {
        sleep(every).await;
        cache.clean_up(false);
    }
}

/// Throws everything away, once.
async fn clear(cache: Arc<Cache>, at: Instant) {
    sleep_until(at).await;
    info!(moment = "clear", "clears the cache");
    cache.clean_up(true);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without a guard every client that misses asks the origin; with one, one of them does.
    #[tokio::test(start_paused = true)]
    async fn one_miss_fetches_once() -> scenario::Result<()> {
        for (variant, turned, calls, at_once, later) in [
            ("plain", &[] as &[_], 24.0, 8.0, 200.0),
            ("plain", &[(CLIENTS, "16")], 48.0, 16.0, 200.0),
            ("plain", &[(KEYS, "8")], 24.0, 1.0, 200.0),
            ("plain", &[(CLEAR_AT, "2000")], 32.0, 8.0, 200.0),
            ("single-flight", &[], 3.0, 1.0, 200.0),
            ("single-flight", &[(CLIENTS, "16")], 3.0, 1.0, 200.0),
            ("single-flight", &[(KEYS, "8")], 24.0, 1.0, 200.0),
            ("early-refresh", &[], 5.0, 1.0, 0.0),
            ("early-refresh", &[(CLIENTS, "16")], 5.0, 1.0, 0.0),
        ] {
            let all = [&[(VARIANT, variant)], turned].concat();
            let outcome = run(Context::of(&SCENARIO, &all)).await?;
            let figures = ["origin calls", "most at once for one key", "longest wait after that"].map(|name| outcome.value(name));
            assert_eq!(figures, [Some(calls), Some(at_once), Some(later)], "{all:?}");
            assert_eq!(outcome.holds(), at_once < 2.0, "{all:?}: {outcome:?}");
        }
        Ok(())
    }

    /// The second check can fail, too: a value that nobody threw away in time is found.
    #[tokio::test(start_paused = true)]
    async fn a_value_that_outstays_its_time_is_noticed() {
        let cache = Cache::new(&Context::of(&SCENARIO, &[]));
        cache.fetch(0).await;
        sleep(Duration::from_millis(1700)).await;
        cache.clean_up(false);
        let inner = cache.inner();
        assert_eq!(inner.tally.longest_expired, Duration::from_millis(700));
        assert!(inner.stored.is_empty());
    }
}
