//! # Cache: one miss should fetch once
//!
//! Eight clients ask for the same value, each five times a second. Fetching it from its
//! origin takes 200 ms, so the cache keeps it for a second.
//!
//! **What you see.** With `variant=plain`, the value expires and eight clients miss it
//! within the same 200 ms: eight calls to the origin for one value. With `single-flight`,
//! one client fetches and the others wait for its result. With `early-refresh` nobody
//! waits: a separate task fetches the next value while the cache still serves the old
//! one.
//!
//! **Why.** Between the miss and the new value there is an await, and until it ends every
//! other client misses too. The busier the key, the bigger the stampede, and it hits the
//! origin at the worst moment. With a lock for each key, only the first client fetches;
//! the others look again after it and find the value. Fetching ahead of time takes the
//! wait away altogether.
//!
//! **Try.** Set `variant` to `single-flight`: 3 calls instead of 24. With 16 `clients`,
//! it is 3 instead of 48. Set it to `early-refresh`: 5 calls, a few more, but after its
//! first answer no client ever waits again. Set `keys` to 8: every client has its own
//! key, and `plain` is as good as the others. Set `clear_at` to 2000 with `plain`: all
//! values vanish at once, and the clients stampede once more, with 32 calls.
//!
//! **Pitfall.** With one lock for the whole cache, every miss would wait for every fetch:
//! use one lock for each key. A value that is never asked for again is never overwritten,
//! and stays until you clean up. Give keys different lifetimes, or they all expire at
//! once. And a refresh may fail: if the note that it is running stays, no other refresh
//! ever starts. Take it back in `Drop`, which also runs after a panic or an abort.
//!
//! **Words.** asyncio: a dict and an `asyncio.Lock` for each key; `functools.cache` on a
//! coroutine function caches the coroutine, which you can await only once. Tokio: a map
//! and a `Mutex` or `OnceCell` for each key, or the crate `moka`, whose `get_with` is
//! single-flight.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::{Builder, JoinSet};
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{Instrument, info, info_span};

use scenario::prelude::*;

const CLIENTS: Param = Param::count("clients", 8, (1, 1_000), "clients", "How many clients ask, each for one key.");
const KEYS: Param = Param::count("keys", 1, (1, 100), "keys", "How many keys the clients share.");
const TTL: Param = Param::millis("ttl", 1_000, (1, 60_000), "How long a value stays valid.");
const FETCH: Param = Param::millis("fetch", 200, (1, 60_000), "How long a fetch from the origin takes.");
const SECONDS: Param = Param::count("seconds", 4, (1, 60), "s", "How long clients keep asking.");
const CLEANUP_EVERY: Param = Param::millis("cleanup_every", 500, (10, 60_000), "How often expired values are removed.");
const CLEAR_AT: Param = Param::millis("clear_at", 0, (0, 60_000), "When to remove all values; 0 is never.");
const VARIANT: Param =
    Param::choice("variant", &["plain", "single-flight", "early-refresh"], "Fetch on every miss, once, or in advance.");

/// How long a client rests before it asks again.
const REST_MS: u64 = 190;
/// An early refresh starts when a value expires within this many fetch times.
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
    differs: "`functools.cache` on a coroutine function caches the coroutine, which you can await only once; Tokio's \
              `OnceCell` keeps the value. If a fetch ends in the millisecond in which another client asks, that client may hit \
              in one and miss in the other.",
    builds_on: &["lost-update"],
    breaks: &[Breaks::checks(&[("variant", "plain")], &["no key is fetched twice at once"])],
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "client"),
            "{count:client} clients ask the cache again and again. A value stays valid for {param:ttl}, and fetching it takes \
             {param:fetch}.",
        )
        .line("cache.get(key).await"),
        Stop::at(
            When::Highest("under_way"),
            "{counter:under_way} fetches run at the same time. Until a value is there, every client that asks for it misses and \
             fetches it too: up to {figure:most at once for one key} at once.",
        )
        .only("variant", "plain"),
        Stop::at(
            When::Wait(Nth::First, "client", For::Lock),
            "{task} misses the value too, but does not fetch: it waits for {holders}, which fetches it already.",
        )
        .only("variant", "single-flight"),
        Stop::at(
            When::Resume(Nth::First, "client", For::Lock),
            "{by} has stored the value and releases the lock. {task} looks again before it would fetch, because the value may be \
             there now.",
        )
        .only("variant", "single-flight"),
        Stop::at(
            When::Spawn(Nth::First, "refresh"),
            "The value will expire soon, so a task of its own, {task}, fetches the next one. The cache serves the old one \
             meanwhile.",
        )
        .only("variant", "early-refresh"),
        Stop::at(
            When::End(Nth::First, "refresh", How::Well),
            "{task} has stored the next value, after {lasted}. Clients that asked meanwhile got the old one, as long as it was \
             valid.",
        )
        .only("variant", "early-refresh"),
        Stop::at(
            When::Log(Nth::First, "no client fetches it yet"),
            "{task} is the first that misses the value again, and nobody fetches it yet. Every client that asks before it is \
             there misses it, too.",
        )
        .sometimes(),
        Stop::at(
            When::Over,
            "{figure:origin calls} calls went to the origin, for {figure:hits} hits and {figure:misses} misses. After its first \
             answer no client waited longer than {figure:longest wait after that}.",
        ),
    ],
    questions: &[
        Question::new(
            "{param:clients} clients ask every 190 ms (keys: {param:keys}), and a fetch takes {param:fetch}. With \
             {param:variant}, how many fetches for one key run at once at most?",
            Answer::Number {
                is: "figure:most at once for one key",
                typical: &[
                    ("1", "Until the value is there, every client that asks for it misses it, and fetches it, too."),
                    ("param:clients", "That would be so if all clients shared one key, and each one that misses it fetched it."),
                ],
            },
            When::Over,
            "{figure:origin calls} calls went to the origin, and at most {figure:most at once for one key} at once for one \
             key. A client that misses can fetch too, or wait for the fetch that runs.",
        ),
        Question::new(
            "A value is valid for {param:ttl}, and a fetch takes {param:fetch}. After its first answer, how long does a client \
             wait at most, with {param:variant}?",
            Answer::Choice(&[
                Choice::new("Not at all", If::Equal("figure:longest wait after that", "param:fetch * 0")),
                Choice::new(
                    "Longer than a fetch, because clients queue up",
                    If::More("figure:longest wait after that", "param:fetch"),
                ),
                Choice::new("As long as a fetch takes, or less", If::Otherwise),
            ]),
            When::Over,
            "The longest wait was {figure:longest wait after that}. Nobody has to wait if the next value is there before the \
             old one expires.",
        ),
    ],
    source: include_str!("cache.rs"),
    path: file!(),
    twin: include_str!("cache.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

type Key = usize;

/// A cache with one fetch lock for each key.
struct Cache {
    variant: &'static str,
    ttl: Duration,
    fetch: Duration,
    /// One lock for each key. A task must hold it to fetch, except in `plain`.
    fetching: Vec<tokio::sync::Mutex<()>>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// When each key's value was stored. The value itself does not matter here.
    stored: BTreeMap<Key, Instant>,
    /// Keys that a task is refreshing ahead of time.
    refreshing: Vec<Key>,
    /// How many calls to the origin are in flight for each key.
    under_way: BTreeMap<Key, u64>,
    tally: Tally,
}

#[derive(Default, Clone)]
struct Tally {
    hits: u64,
    misses: u64,
    /// Calls to the origin.
    fetches: u64,
    /// Calls made while another call for the same key was in flight.
    doubled: u64,
    /// The most calls in flight at once for one key.
    most_under_way: u64,
    /// The most values held at once.
    most_held: usize,
    /// The longest time that a value stayed after it had expired.
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

    /// Returns when the value is there; fetches it if necessary.
    async fn get(self: &Arc<Self>, key: Key) -> scenario::Result<()> {
        if let Some(good_for) = self.look(key) {
            // A hit never waits. If the value expires soon, a separate task fetches the next one.
            if self.variant == "early-refresh" && good_for < self.fetch * AHEAD {
                self.refresh(key)?;
            }
            return Ok(());
        }
        if self.variant == "plain" {
            // Every client that misses during this await fetches too.
            self.fetch(key).await;
            return Ok(());
        }
        let _turn = self.fetching[key].lock().instrument(info_span!("waits its turn")).await;
        // Look again: another client may have fetched the value while we waited for the lock.
        if self.held(key).is_none() {
            self.fetch(key).await;
        }
        Ok(())
    }

    /// Looks a key up and counts a hit or a miss; returns how long its value stays valid.
    fn look(&self, key: Key) -> Option<Duration> {
        let good_for = self.held(key);
        let mut inner = self.inner();
        if good_for.is_none() {
            info!(mark = "miss", "key {key} is missing or expired");
            if inner.is_first_to_miss(key) && self.fetching.len() == 1 {
                info!(moment = "value expired", "no client fetches it yet");
            }
        }
        let count = if good_for.is_some() { &mut inner.tally.hits } else { &mut inner.tally.misses };
        *count += 1;
        good_for
    }

    /// How long the key's value stays valid; `None` if it is missing or expired.
    fn held(&self, key: Key) -> Option<Duration> {
        let stored = *self.inner().stored.get(&key)?;
        self.ttl.checked_sub(stored.elapsed()).filter(|good_for| !good_for.is_zero())
    }

    /// Fetches a value from the origin and stores it.
    async fn fetch(&self, key: Key) {
        self.inner().fetch_begins(key);
        let call = OriginCall { cache: self, key };
        sleep(self.fetch).instrument(info_span!("fetches", key)).await;
        drop(call);
        self.inner().store(key, self.ttl);
    }

    /// Spawns a task that fetches a value, unless one is running already.
    fn refresh(self: &Arc<Self>, key: Key) -> scenario::Result<()> {
        let mut inner = self.inner();
        if inner.refreshing.contains(&key) {
            return Ok(());
        }
        inner.refreshing.push(key);
        drop(inner);
        let refresh = Refresh { cache: self.clone(), key };
        Builder::new().name(&format!("refresh {key}")).spawn(async move {
            // Take the lock as a client does on a miss, so that only one of them asks the origin.
            let _turn = refresh.cache.fetching[key].lock().await;
            refresh.cache.fetch(key).await;
            // The lock is released first, then `refresh` ends.
        })?;
        Ok(())
    }

    /// Removes expired values, or all values.
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

    /// This lock is never held across an await, so a `std::sync::Mutex` is right.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A refresh that is running. It ends when this is dropped: when the task is done, panics or is aborted.
struct Refresh {
    cache: Arc<Cache>,
    key: Key,
}

impl Drop for Refresh {
    fn drop(&mut self) {
        self.cache.inner().refreshing.retain(|key| *key != self.key);
    }
}

/// A call to the origin in flight. It ends when this is dropped: at the answer, or when the client gives up.
struct OriginCall<'a> {
    cache: &'a Cache,
    key: Key,
}

impl Drop for OriginCall<'_> {
    fn drop(&mut self) {
        *self.cache.inner().under_way.entry(self.key).or_default() -= 1;
    }
}

impl Inner {
    /// Returns true if values were fetched before and no call for this key is in flight.
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

    fn store(&mut self, key: Key, ttl: Duration) {
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

    // Two background tasks: one removes expired values, the other removes all values once.
    let janitor = Builder::new().name("janitor").spawn(janitor(cache.clone(), cx.duration(CLEANUP_EVERY)))?;
    let clearer = match cx.duration(CLEAR_AT) {
        Duration::ZERO => None,
        at => Some(Builder::new().name("clearer").spawn(clear(cache.clone(), started + at))?),
    };
    let mut clients = JoinSet::new();
    for i in 0..cx.count(CLIENTS) {
        // Start the clients at different times: a stampede does not need them in step.
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
    // These two would run for ever.
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
        .check("no key is fetched twice at once", tally.doubled == 0)
        .check(
            "no expired value outlasts the next cleanup",
            tally.longest_expired <= expected || cx.on_time(tally.longest_expired, expected),
        ))
}

/// How long a client waited at most.
#[derive(Default)]
struct Waited {
    /// For its first answer, which no cache can have yet.
    first: Duration,
    /// For any later answer.
    later: Duration,
}

/// Asks for one key until `until`.
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

/// Removes expired values at regular intervals.
async fn janitor(cache: Arc<Cache>, every: Duration) {
    loop {
        sleep(every).await;
        cache.clean_up(false);
    }
}

/// Removes all values, once.
async fn clear(cache: Arc<Cache>, at: Instant) {
    sleep_until(at).await;
    info!(moment = "clear", "removes all values");
    cache.clean_up(true);
}

#[cfg(test)]
mod tests {
    mod parts;

    use super::*;

    /// In `plain`, every client that misses asks the origin; in the other variants only one does.
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
}
