//! # Philosophers: break one of the four conditions
//!
//! Five philosophers sit around a table, with one fork between any two neighbours. They think, get
//! hungry, take the fork on the left and then the fork on the right, eat, and put both back.
//!
//! **What you see.** All five get hungry at about the same time. Each takes the fork on the left
//! and waits for the fork on the right, which is the left fork of a neighbour. The waits form a
//! cycle, and no philosopher will ever eat. With `strategy=ordered` two eat while the others think
//! or wait, until all are fed.
//!
//! **Why.** A deadlock needs four conditions at once: forks cannot be shared; philosophers hold one
//! fork while they wait for another; a fork cannot be taken away; and the waits form a cycle. Break
//! one of them, and no deadlock is possible. `ordered` prevents the cycle: if everybody takes the
//! fork with the lower number first, the waits cannot close a cycle. `waiter` prevents it too: one
//! chair stays empty, so at least one philosopher can get both forks. `try` breaks *hold and wait*:
//! a philosopher who finds the second fork taken puts the first one back.
//!
//! **Try.** Run `naive` with other seeds: none of the seeds 0 to 199 ends. With each of the other
//! three strategies all of them end. Back with `naive`, set `jitter` to 300: 170 end. Set it to
//! 400: 189 end. The fault is still there; the random pauses only hide it. With that, set `n` to 2:
//! two are enough for a cycle, and 73 end.
//!
//! Now hide the fault completely: set `n` to 2, `jitter` to 0 and `reach` to 0. Everybody takes both
//! forks in one poll, and every run ends. `async-playground hunt philosophers -p n=2 -p jitter=0 -p
//! reach=0` finds the fault within seconds: one philosopher is preempted with one fork. docs/schedules.md says
//! what such schedules cover.
//!
//! **Pitfall.** Freedom from deadlock does not mean that everybody eats. `try` can go on for ever
//! without a meal if all philosophers try again in step. So it waits for a random time, from a
//! range that doubles, and skips the meal after 16 attempts: then the check fails, but the run does
//! not hang. `waiter` needs one queue that everybody goes through. `ordered` costs nothing.
//!
//! **Words.** asyncio: `asyncio.Lock` for a fork, `asyncio.Semaphore(n - 1)` for the waiter. Tokio:
//! `Mutex`, `Semaphore::new(n - 1)`, `try_lock`. Neither detects the cycle.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info, info_span};

use scenario::prelude::*;

const N: Param = Param::count("n", 5, (2, 100), "philosophers", "How many philosophers, and how many forks.");
const EAT: Param = Param::millis("eat", 200, (0, 60_000), "How long a meal takes.");
const THINK: Param = Param::millis("think", 200, (0, 60_000), "Shortest time that a philosopher thinks.");
const JITTER: Param = Param::millis("jitter", 50, (0, 60_000), "How much longer a philosopher may think.");
const REACH: Param = Param::millis("reach", 100, (0, 60_000), "How long a philosopher with one fork reaches for the other.");
const MEALS: Param = Param::count("meals", 3, (1, 1_000), "meals", "How many meals each philosopher wants.");
const STRATEGY: Param =
    Param::choice("strategy", &["naive", "ordered", "waiter", "try"], "Left first, lower first, one empty chair, or back off.");

/// How many times a philosopher tries to get both forks before skipping the meal.
const ATTEMPTS: u32 = 16;
/// How many times the range of the pause after a failed attempt doubles.
const DOUBLINGS: u32 = 6;

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "philosophers",
    title: "Philosophers",
    group: Group::SharedState,
    lesson: "Break one of the four conditions of a deadlock.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[N, EAT, THINK, JITTER, REACH, MEALS, STRATEGY],
    patterns: &["dining philosophers", "deadlock", "lock ordering", "resource hierarchy", "try lock"],
    differs: "If a fork is put back in the same millisecond in which another philosopher reaches for it, asyncio and Tokio may \
              run the two in a different order, and later meals differ. A meal that takes no time lets others run in asyncio only.",
    builds_on: &["deadlock"],
    breaks: &[
        Breaks::stalls(&[("strategy", "naive")]),
        Breaks::stalls(&[("n", "2"), ("jitter", "0"), ("reach", "0")]).with_schedule("4:1"),
    ],
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "philosopher"),
            "{count:philosopher} philosophers share {param:n} forks, one between any two neighbours. A meal takes two forks, and \
             each wants to eat {param:meals} times.",
        ),
        Stop::at(When::Log(Nth::First, "takes fork"), "{task} {text} and holds it, while it reaches for its second fork.")
            .line("takes fork"),
        Stop::at(
            When::Wait(Nth::First, "philosopher", For::Permit),
            "{task} finds no free chair: there is one fewer than there are philosophers. So at least one of the seated can get \
             both forks, and no cycle can close.",
        )
        .line("table.chairs.acquire")
        .only("strategy", "waiter"),
        Stop::at(
            When::Log(Nth::First, "fork "),
            "{task} does not wait with a fork in its hand: {text}. So the waits cannot form a cycle.",
        )
        .line("try_lock")
        .only("strategy", "try"),
        Stop::at(
            When::Wait(Nth::First, "philosopher", For::Lock),
            "{task} has to wait for a fork that {holders} holds. A fork cannot be shared, and nobody takes it away.",
        )
        .only("strategy", "naive"),
        Stop::at(
            When::Wait(Nth::First, "philosopher", For::Lock),
            "{task} waits for a fork that {holders} holds. Everybody takes the lower number first, so the waits form a chain \
             with an end, never a cycle.",
        )
        .line("left.min(right)")
        .only("strategy", "ordered"),
        Stop::at(
            When::OverOrStall,
            "{task} asks for the fork that closes the cycle: {stuck} each hold one fork and wait for a neighbour's. None of them \
             ever eats again.",
        )
        .only("strategy", "naive"),
        Stop::at(
            When::Log(Nth::First, "has eaten"),
            "{task} has eaten and puts both forks back, so its neighbours can take them.",
        )
        .sometimes(),
        Stop::at(
            When::OverOrStall,
            "{figure:meals} meals were eaten in {figure:total}. The longest hunger before a meal was {figure:longest hunger}, \
             and forks were put back {figure:forks put back} times.",
        )
        .sometimes(),
    ],
    questions: &[
        Question::new(
            "{param:n} philosophers get hungry at about the same time, and each takes one fork, then another. With \
             strategy={param:strategy}, how does it end?",
            Answer::Choice(&[
                Choice::new("Each holds one fork and waits for ever", If::Occurs(When::Stall)),
                Choice::new("All are fed, and no fork is put back before a meal", If::Equal("figure:forks put back", "0")),
                Choice::new("All are fed, but forks are put back before meals", If::Holds("everybody is fed")),
                Choice::new("Some have to skip a meal", If::Otherwise),
            ]),
            When::OverOrStall,
            "If everybody holds the left fork, no fork is free. One rule is enough against that: an order of the forks, an \
             empty chair, or a fork put back.",
        ),
        Question::new(
            "{param:n} philosophers share {param:n} forks, and a meal takes two. With strategy={param:strategy}, how many eat \
             at the same time at most?",
            Answer::Choice(&[
                Choice::new("Only one", If::Equal("figure:most eating at once", "1")),
                Choice::new("All but one", If::More("figure:most eating at once", "param:n / 2")),
                Choice::new("More than one, but at most half of them", If::Otherwise),
            ]),
            When::OverOrStall,
            "{figure:most eating at once} at most ate at the same time. Neighbours share a fork, and one who waits with a fork \
             in hand holds up a neighbour, too.",
        )
        .unless("strategy", "naive"),
    ],
    source: include_str!("philosophers.rs"),
    path: file!(),
    twin: include_str!("philosophers.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// The state that all philosophers share.
struct Table {
    /// Fork `i` lies to the left of philosopher `i`.
    forks: Vec<Mutex<()>>,
    /// The waiter's chairs: one fewer than there are philosophers.
    chairs: Semaphore,
    /// Which philosophers eat now.
    eating: Vec<AtomicBool>,
    /// The most philosophers that ate at the same time.
    most_eating: AtomicUsize,
    /// Set if two neighbours ever ate at the same time.
    shared_a_fork: AtomicBool,
    /// How many meals all of them have eaten so far.
    meals: AtomicU64,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let n = cx.count(N);
    let table = Arc::new(Table {
        forks: (0..n).map(|_| Mutex::new(())).collect(),
        chairs: Semaphore::new(n - 1),
        eating: (0..n).map(|_| AtomicBool::new(false)).collect(),
        most_eating: AtomicUsize::new(0),
        shared_a_fork: AtomicBool::new(false),
        meals: AtomicU64::new(0),
    });

    // Start all philosophers at once.
    let mut philosophers = JoinSet::new();
    for i in 0..n {
        let philosopher = Philosopher::new(&cx, i);
        philosophers.build_task().name(&format!("philosopher {i}")).spawn(philosopher.live(table.clone()))?;
    }
    // Join them. In a deadlock, with `naive`, none of them ends, and this waits for ever.
    let (mut fed, mut longest, mut put_back) = (0, Duration::ZERO, 0);
    while let Some(philosopher) = philosophers.join_next().await {
        let philosopher = philosopher??;
        fed += u64::from(philosopher.meals == cx.number(MEALS));
        longest = longest.max(philosopher.longest_hunger);
        put_back += philosopher.put_back;
    }

    Ok(Outcome::new()
        .figure("meals", table.meals.load(Ordering::Relaxed), "meals")
        .figure("longest hunger", longest, "ms")
        .figure("forks put back", put_back, "times")
        .figure("most eating at once", table.most_eating.load(Ordering::Relaxed), "philosophers")
        .figure("total", started.elapsed(), "ms")
        .check("everybody is fed", fed == cx.number(N))
        .check("no two neighbours eat at once", !table.shared_a_fork.load(Ordering::Relaxed)))
}

struct Philosopher {
    cx: Context,
    i: usize,
    /// The fork to take first.
    first: usize,
    /// The fork to take while holding the first.
    second: usize,
    /// How many meals this philosopher has eaten so far.
    meals: u64,
    /// The longest time between getting hungry and eating.
    longest_hunger: Duration,
    /// How many times the philosopher has put the first fork back.
    put_back: usize,
}

impl Philosopher {
    fn new(cx: &Context, i: usize) -> Self {
        let (left, right) = (i, (i + 1) % cx.count(N));
        let (first, second) = match cx.word(STRATEGY) {
            // One order for all: the last philosopher takes the right fork first, and no cycle can form.
            "ordered" => (left.min(right), left.max(right)),
            _ => (left, right),
        };
        Self { cx: cx.clone(), i, first, second, meals: 0, longest_hunger: Duration::ZERO, put_back: 0 }
    }

    /// Thinks and dines, once for each meal.
    async fn live(mut self, table: Arc<Table>) -> scenario::Result<Self> {
        for meal in 0..self.cx.count(MEALS) {
            let stream = format!("thoughts of {}", self.i);
            let think = self.cx.jittered(&stream, meal, self.cx.duration(THINK), self.cx.duration(JITTER));
            sleep(think).instrument(info_span!("thinks")).await;
            info!("is hungry");
            self.dine(&table).await?;
        }
        Ok(self)
    }

    /// Takes both forks and eats; skips the meal if it cannot get them.
    async fn dine(&mut self, table: &Table) -> scenario::Result<()> {
        let hungry = Instant::now();
        // With `waiter`, sit down first. Dropping the permit at the end of the meal frees the chair.
        let _chair = match self.cx.word(STRATEGY) {
            "waiter" => Some(table.chairs.acquire().await?),
            _ => None,
        };
        for attempt in 0..ATTEMPTS {
            let Some(_forks) = self.take_forks(table).await else {
                self.pause(attempt).await;
                continue;
            };
            self.longest_hunger = self.longest_hunger.max(hungry.elapsed());
            self.eat(table).await;
            return Ok(());
        }
        info!("skips the meal");
        Ok(())
    }

    /// Takes one fork, then the other. Returns `None` if the second was taken; the first is then back on the table.
    async fn take_forks<'a>(&self, table: &'a Table) -> Option<(MutexGuard<'a, ()>, MutexGuard<'a, ()>)> {
        let first = table.forks[self.first].lock().await;
        info!("takes fork {}", self.first);
        let reach = self.cx.duration(REACH);
        if !reach.is_zero() {
            sleep(reach).instrument(info_span!("has", fork = self.first)).await;
        }
        let second = if self.cx.word(STRATEGY) == "try" {
            // Never wait while holding a fork: on failure, returning drops the first guard.
            table.forks[self.second].try_lock().ok()?
        } else {
            // Hold one fork and wait for the other: if all do so at once, none gets a second one.
            let wants = info_span!("has", fork = self.first, wants = self.second);
            table.forks[self.second].lock().instrument(wants).await
        };
        Some((first, second))
    }

    async fn eat(&mut self, table: &Table) {
        let n = table.eating.len();
        let neighbours = [(self.i + n - 1) % n, (self.i + 1) % n];
        table.eating[self.i].store(true, Ordering::Relaxed);
        let eating = table.eating.iter().filter(|eats| eats.load(Ordering::Relaxed)).count();
        table.most_eating.fetch_max(eating, Ordering::Relaxed);
        if neighbours.iter().any(|neighbour| table.eating[*neighbour].load(Ordering::Relaxed)) {
            table.shared_a_fork.store(true, Ordering::Relaxed);
        }
        sleep(self.cx.duration(EAT)).instrument(info_span!("eats")).await;
        table.eating[self.i].store(false, Ordering::Relaxed);
        self.meals += 1;
        let meals = table.meals.fetch_add(1, Ordering::Relaxed) + 1;
        info!(counter.meals = meals, "has eaten");
    }

    /// Waits for a random time, holding nothing, so that no two philosophers try again in step.
    async fn pause(&mut self, attempt: u32) {
        info!(mark = "back", "fork {} is taken; puts fork {} back", self.second, self.first);
        let longest = (self.cx.number(EAT) + self.cx.number(REACH)).max(1) << attempt.min(DOUBLINGS);
        let range: RangeInclusive<u64> = 1..=longest;
        let pause = self.cx.draw(&format!("pauses of {}", self.i), self.put_back, range);
        self.put_back += 1;
        sleep(Duration::from_millis(pause)).instrument(info_span!("backs off")).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;
    use scenario::Value;

    /// Far more virtual time than any of these runs takes. It passes only if no task can ever run again.
    const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 3600);

    /// Left fork first deadlocks unless chance prevents it; each of the other strategies feeds everybody.
    #[tokio::test(start_paused = true)]
    async fn each_broken_condition_is_enough() -> scenario::Result<()> {
        for strategy in ["naive", "ordered", "waiter", "try"] {
            for jitter in [100, 400] {
                let mut values = Values::defaults(SCENARIO.params);
                values.set(&STRATEGY, Value::Choice(strategy));
                values.set(&JITTER, Value::Number(jitter));
                let ended = timeout(FOR_EVER, run(Context::new(values, 0, Clock::Virtual))).await;
                assert_eq!(ended.is_ok(), strategy != "naive" || jitter == 400, "{strategy}, jitter {jitter}");
                if let Ok(outcome) = ended {
                    assert!(outcome?.holds(), "{strategy}, jitter {jitter}");
                }
            }
        }
        Ok(())
    }

    /// With `try`, a fork that is never given back costs meals but does not block the philosopher for ever.
    #[tokio::test(start_paused = true)]
    async fn whoever_tries_in_vain_goes_without() -> scenario::Result<()> {
        let cx = Context::of(&SCENARIO, &[(STRATEGY, "try"), (N, "2")]);
        let table = Table {
            forks: vec![Mutex::new(()), Mutex::new(())],
            chairs: Semaphore::new(1),
            eating: vec![AtomicBool::new(false), AtomicBool::new(false)],
            most_eating: AtomicUsize::new(0),
            shared_a_fork: AtomicBool::new(false),
            meals: AtomicU64::new(0),
        };
        let _kept = table.forks[1].lock().await;
        let mut philosopher = Philosopher::new(&cx, 0);
        philosopher.dine(&table).await?;
        assert_eq!((philosopher.meals, philosopher.put_back), (0, 16));
        assert!(table.forks[0].try_lock().is_ok(), "the fork is back on the table");
        Ok(())
    }

    /// The range doubles with each attempt, six times: the longest of many pauses is near its end and never beyond.
    #[tokio::test(start_paused = true)]
    async fn the_range_of_the_pause_doubles() {
        let mut philosopher = Philosopher::new(&Context::of(&SCENARIO, &[(STRATEGY, "try")]), 0);
        for (attempt, end) in [(0, 300), (1, 600), (2, 1200), (6, 300 * 64), (15, 300 * 64)] {
            let end = Duration::from_millis(end);
            let mut longest = Duration::ZERO;
            for _ in 0..200 {
                let before = Instant::now();
                philosopher.pause(attempt).await;
                longest = longest.max(before.elapsed());
            }
            assert!(end.mul_f64(0.9) < longest && longest <= end, "attempt {attempt}: {longest:?}");
        }
    }
}
