//! # Cache key: equal keys must mean equal results
//!
//! Four clients ask for prices through one cache. Three of them ask a bookshop: by the title
//! "1984", by the same title with a discount of 0, which is the default, and by the code 1984. The
//! fourth asks a cinema for the film "1984".
//!
//! **What you see.** With `key=text` the key is the text of the call: `price(1984)`. The second
//! client writes the same call in another way, so it misses, and the price is fetched twice. The
//! third and the fourth ask for something else, but their calls have the same text: they get the
//! price of the book with that title, and it is wrong. With `qualified` the text begins with the
//! module of the function, and only the cinema's prices are right. With `typed` the key is a value:
//! equal calls share an entry, and no others do.
//!
//! **Why.** A cache answers a call with the result of another one if their keys are equal. So keys
//! must be equal exactly if the results are. A text loses what the cache needs: which function of
//! that name, of what type an argument was, and which arguments were left out. A wrong miss only
//! costs time. A wrong hit is worse: it looks like an answer, nothing fails, and it stays.
//!
//! **Try.** Set `key` to `typed`: 9 fetches, one for each value, and no wrong price. With `text`
//! it is 6, and 12 of 24 answers are wrong. Set `key` to `qualified`: 9 fetches too, but 3 of them
//! are for values that were there already, and 6 answers are wrong. Set `articles` to 1: there is
//! one fetch for each way to write the key, and then only hits, right or wrong.
//!
//! **Pitfall.** The key must have everything that the result depends on. If the user or the
//! language is missing, one user gets the page of another. A hash of the text mends nothing: equal
//! texts have equal hashes.
//!
//! **Words.** asyncio: `inspect.signature(f).bind(…)` with `apply_defaults()` turns a call into its
//! arguments, defaults included; `functools.lru_cache` does not, so `f(1)` and `f(1, b=0)` are two
//! entries, and 1 and 1.0 are one unless `typed=True`. Tokio: a struct that derives `Hash` and `Eq`
//! as the key of a map with a `Mutex` or `OnceCell` for each entry, or the crate `moka`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{Instrument, info, info_span, warn};

use scenario::prelude::*;

const KEY: Param = Param::choice("key", &["text", "qualified", "typed"], "The text of the call, with its module, or a value.");
const CALLS: Param = Param::count("calls", 6, (1, 200), "calls", "How many prices each client asks for.");
const ARTICLES: Param = Param::count("articles", 3, (1, 100), "articles", "How many articles the clients ask for in turn.");
const FETCH: Param = Param::millis("fetch", 300, (1, 60_000), "How long a fetch from the shop takes.");
const EVERY: Param = Param::millis("every", 500, (1, 60_000), "How often each client asks.");

/// How much later than the client before it a client begins.
const STEP: Duration = Duration::from_millis(50);
/// The code of the first article, and its title too.
const FIRST: u64 = 1984;

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "cache-key",
    title: "Cache key",
    group: Group::Resilience,
    lesson: "Equal keys must mean equal results.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[KEY, CALLS, ARTICLES, FETCH, EVERY],
    patterns: &["cache key", "memoization", "key collision"],
    differs: "Python makes a key at run time, and `f(1)` and `f(1, b=0)` are two calls until it fills in defaults; in Rust the \
              type of the key says what is equal.",
    builds_on: &["cache"],
    breaks: &[
        Breaks::checks(&[("key", "text")], &[FETCHED_ONCE, VALUES_APART, FUNCTIONS_APART]),
        Breaks::checks(&[("key", "qualified")], &[FETCHED_ONCE, VALUES_APART]),
    ],
    story: &[
        Stop::at(
            When::Log(Nth::First, "fetches"),
            "{task} {text}: no entry has the key of this call yet, so it asks the shop.",
        ),
        Stop::at(
            When::Log(Nth::Number(2), "fetches"),
            "{task} writes the same call in another way, so its key is another text. It misses, and the shop is asked again.",
        )
        .unless("key", "typed"),
        Stop::at(
            When::Wait(Nth::First, "title, discount=0", For::Lock),
            "{task} writes the same call in another way. Its key is an equal value, so it finds the entry and waits until {holders} \
             has the price.",
        )
        .only("key", "typed"),
        Stop::at(
            When::Log(Nth::First, "nothing fails"),
            "{task} gets the price of something else, because the two calls have equal texts. Nothing fails, and nobody notices.",
        )
        .line("first wrong price")
        .unless("key", "typed"),
        Stop::at(
            When::Log(Nth::Last, "fetches"),
            "This is the last of {counter:fetches} fetches. From now on every call finds an entry with its key.",
        )
        .sometimes(),
        Stop::at(
            When::Over,
            "{figure:fetches} fetches, {figure:fetched twice} of them for a value that was there. Of {figure:answers} answers, \
             {figure:price of another article} have the price of another article and {figure:price of another function} that of \
             another function.",
        ),
    ],
    questions: &[
        Question::new(
            "One client asks for the title \"1984\", another for the article with the code 1984. With key={param:key}, what \
             does the second one get?",
            Answer::Choice(&[
                Choice::new("The price of the title", If::More("figure:price of another article", "0")),
                Choice::new(
                    "The price of the code, after a fetch of its own",
                    If::Equal("figure:price of another article", "0"),
                ),
                Choice::new("An error, because the types differ", If::Otherwise),
            ]),
            When::Over,
            "{figure:price of another article} of {figure:answers} answers had the price of another article. A text no longer \
             says if it was a title or a code.",
        ),
        Question::new(
            "Each of {param:articles} articles is asked for as title, title with discount=0 (the default), code and film. With \
             key={param:key}, how many fetches?",
            Answer::Number {
                is: "figure:fetches",
                typical: &[
                    ("param:articles * 4", "Some of these four ways to ask have equal keys."),
                    (
                        "param:articles * 3",
                        "That is one fetch for each value. But texts differ for equal calls, and not for others.",
                    ),
                    ("param:articles * 2", "That would be so if the key were only the text of the call."),
                    ("param:articles", "At least two of these four ways to ask have different keys."),
                ],
            },
            When::Over,
            "{figure:fetches} fetches made {figure:entries} entries, one for each key. {figure:fetched twice} of them fetched \
             a value that was there already.",
        ),
    ],
    source: include_str!("cache_key.rs"),
    path: file!(),
    twin: include_str!("cache_key.py"),
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

const FETCHED_ONCE: &str = "no value is fetched twice";
const VALUES_APART: &str = "values with equal text have their own entries";
const FUNCTIONS_APART: &str = "functions of one name have their own entries";

/// A function that can be called. Both have the name `price`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Function {
    Books,
    Films,
}

/// What an article is asked for by. The text of both is the same: there is a book with the title "1984".
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Article {
    Title(String),
    Code(u64),
}

impl fmt::Display for Article {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Article::Title(title) => title.fmt(f),
            Article::Code(code) => code.fmt(f),
        }
    }
}

/// A call of `price`, as the client writes it.
#[derive(Debug, Clone)]
struct Call {
    function: Function,
    article: Article,
    /// `None` if it is left out, which means 0.
    discount: Option<u64>,
}

/// A call by its values, with the default filled in. Two calls have the same result exactly if these are equal.
type Value = (Function, Article, u64);

impl Call {
    fn value(&self) -> Value {
        (self.function, self.article.clone(), self.discount.unwrap_or(0))
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "price({}", self.article)?;
        if let Some(discount) = self.discount {
            write!(f, ", discount={discount}")?;
        }
        f.write_str(")")
    }
}

/// The key of an entry.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Text(String),
    Value(Value),
}

/// A cache that fetches each entry once, whatever its key is.
struct Cache {
    key: &'static str,
    entries: Mutex<BTreeMap<Key, Arc<Entry>>>,
}

/// The price of an entry, once it is fetched. The task that fetches holds the lock.
type Entry = tokio::sync::Mutex<Option<Price>>;

/// A price, and what it is the price of.
#[derive(Debug, Clone)]
struct Price {
    of: Value,
    amount: u64,
}

impl Cache {
    fn key(&self, call: &Call) -> Key {
        match self.key {
            // The name of the function and the text of its arguments.
            "text" => Key::Text(call.to_string()),
            "qualified" => Key::Text(format!("{:?}::{call}", call.function)),
            _ => Key::Value(call.value()),
        }
    }

    /// Returns the price of a call; fetches it if there is no entry with its key.
    async fn price(&self, shop: &Shop, call: &Call) -> Price {
        // Find or make the entry under the lock, and let go of the lock before the await.
        let entry = locked(&self.entries).entry(self.key(call)).or_default().clone();
        // The first client fetches; the others wait for the lock, and then find the price.
        let mut entry = entry.lock().await;
        match &*entry {
            Some(price) => price.clone(),
            None => entry.insert(shop.fetch(call).await).clone(),
        }
    }
}

/// Where prices come from.
struct Shop {
    cx: Context,
    /// How often each value was fetched.
    fetched: Mutex<BTreeMap<Value, u64>>,
}

impl Shop {
    async fn fetch(&self, call: &Call) -> Price {
        let of = call.value();
        let fetches = {
            let mut fetched = locked(&self.fetched);
            *fetched.entry(of.clone()).or_default() += 1;
            fetched.values().sum::<u64>()
        };
        info!(counter.fetches = fetches, mark = "miss", "fetches {:?}::{call}", call.function);
        sleep(self.cx.duration(FETCH)).instrument(info_span!("fetches")).await;
        Price { amount: self.amount(&of), of }
    }

    /// The price in the shop's books: another one for each value.
    fn amount(&self, (function, article, discount): &Value) -> u64 {
        let (number, hundreds) = match (function, article) {
            (Function::Books, Article::Title(title)) => (title.parse().unwrap_or(0), 1),
            (Function::Books, Article::Code(code)) => (*code as usize, 2),
            (Function::Films, article) => (article.to_string().parse().unwrap_or(0), 3),
        };
        100 * hundreds + self.cx.draw("price", number, 0..=99) - discount
    }
}

/// The answers of all clients.
#[derive(Default)]
struct Tally {
    answers: u64,
    /// Prices of an article with the same text.
    other_value: u64,
    /// Prices of another function with the same name.
    other_function: u64,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let cache = Arc::new(Cache { key: cx.word(KEY), entries: Mutex::default() });
    let shop = Arc::new(Shop { cx: cx.clone(), fetched: Mutex::default() });
    let tally = Arc::new(Mutex::new(Tally::default()));

    let mut clients = JoinSet::new();
    for (i, name) in ["title", "title, discount=0", "code", "film"].into_iter().enumerate() {
        let begin = started + STEP * i as u32;
        let client = client(cx.clone(), i, begin, cache.clone(), shop.clone(), tally.clone());
        clients.build_task().name(name).spawn(client)?;
    }
    while let Some(ended) = clients.join_next().await {
        ended?;
    }

    let (tally, times) = (locked(&tally), locked(&shop.fetched));
    let fetches: u64 = times.values().sum();
    let twice = fetches - times.len() as u64;
    Ok(Outcome::new()
        .figure("answers", tally.answers, "answers")
        .figure("fetches", fetches, "fetches")
        .figure("fetched twice", twice, "fetches")
        .figure("price of another article", tally.other_value, "answers")
        .figure("price of another function", tally.other_function, "answers")
        .figure("entries", locked(&cache.entries).len(), "entries")
        .figure("total", started.elapsed(), "ms")
        .check(FETCHED_ONCE, twice == 0)
        .check(VALUES_APART, tally.other_value == 0)
        .check(FUNCTIONS_APART, tally.other_function == 0))
}

/// Asks for one article after the other, always in the same way.
async fn client(cx: Context, i: usize, begin: Instant, cache: Arc<Cache>, shop: Arc<Shop>, tally: Arc<Mutex<Tally>>) {
    for n in 0..cx.number(CALLS) {
        sleep_until(begin + cx.duration(EVERY) * n as u32).await;
        let call = call(i, FIRST + n % cx.number(ARTICLES));
        let price = cache.price(&shop, &call).instrument(info_span!("asks")).await;

        let mut tally = locked(&tally);
        tally.answers += 1;
        let wrong = price.of != call.value();
        if wrong && tally.other_value + tally.other_function == 0 {
            info!(moment = "first wrong price", "nothing fails, and nobody notices");
        }
        // An answer is wrong if it is the price of something else.
        tally.other_function += u64::from(price.of.0 != call.function);
        tally.other_value += u64::from(wrong && price.of.0 == call.function);
        let all = tally.other_value + tally.other_function;
        if wrong {
            let right = shop.amount(&call.value());
            warn!(counter.wrong = all, mark = "wrong", "gets {} for {:?}::{call}; it costs {right}", price.amount, call.function);
        } else {
            info!(counter.wrong = all, "gets {} for {:?}::{call}", price.amount, call.function);
        }
    }
}

/// How each client asks for an article.
fn call(client: usize, number: u64) -> Call {
    let title = Article::Title(number.to_string());
    match client {
        0 => Call { function: Function::Books, article: title, discount: None },
        // The same call, since 0 is the default.
        1 => Call { function: Function::Books, article: title, discount: Some(0) },
        // Another article, with a code that is written like the title.
        2 => Call { function: Function::Books, article: Article::Code(number), discount: None },
        // Another function, with the same name.
        _ => Call { function: Function::Films, article: title, discount: None },
    }
}

/// These locks are never held across an await, so a `std::sync::Mutex` is right.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text makes equal calls differ and different calls equal; a module mends one of three faults, and a value all.
    #[tokio::test(start_paused = true)]
    async fn only_a_typed_key_tells_calls_apart() -> scenario::Result<()> {
        for (key, turned, fetches, twice, other_value, other_function) in [
            ("text", &[] as &[_], 6.0, 3.0, 6.0, 6.0),
            ("qualified", &[], 9.0, 3.0, 6.0, 0.0),
            ("typed", &[], 9.0, 0.0, 0.0, 0.0),
            ("text", &[(ARTICLES, "1")], 2.0, 1.0, 6.0, 6.0),
            ("qualified", &[(ARTICLES, "1")], 3.0, 1.0, 6.0, 0.0),
            ("typed", &[(ARTICLES, "1")], 3.0, 0.0, 0.0, 0.0),
            // Also if fetches take long and clients come at the same time.
            ("typed", &[(FETCH, "5000"), (EVERY, "1")], 9.0, 0.0, 0.0, 0.0),
        ] {
            let outcome = run(Context::of(&SCENARIO, &[&[(KEY, key)], turned].concat())).await?;
            let names = ["answers", "fetches", "fetched twice", "price of another article", "price of another function"];
            let expected = [24.0, fetches, twice, other_value, other_function].map(Some);
            assert_eq!(names.map(|name| outcome.value(name)), expected, "{key} {turned:?}");
            assert_eq!(outcome.holds(), key == "typed", "{key} {turned:?}: {outcome:?}");
        }
        Ok(())
    }

    /// Equal texts are not equal calls, and equal calls do not have equal texts.
    #[test]
    fn keys_are_equal_exactly_if_the_results_are() {
        let cache = |key| Cache { key, entries: Mutex::default() };
        let equal = |key, a, b| cache(key).key(&call(a, FIRST)) == cache(key).key(&call(b, FIRST));
        for (key, default, code, film) in
            [("text", false, true, true), ("qualified", false, true, false), ("typed", true, false, false)]
        {
            assert_eq!([1, 2, 3].map(|other| equal(key, 0, other)), [default, code, film], "{key}");
        }
        assert_ne!(cache("typed").key(&call(0, 1)), cache("typed").key(&call(0, 2)), "another article");
    }
}
