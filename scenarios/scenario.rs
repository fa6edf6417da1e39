//! What a scenario is: its lesson, its parameters, its code, and what came out.
//!
//! A scenario is code that anyone would write in production. It gets its
//! parameters and its seed from a [`Context`], spawns named tasks on whatever
//! runtime it is called on, and returns an [`Outcome`]: figures, and checks
//! that can fail. It knows nothing of the program that watches it.
//!
//! What a lane cannot show by itself a scenario says with `tracing`, as any
//! program might, in one line each:
//!
//! - a span around a phase whose await does not say what it is: `info_span!("backoff")`;
//! - `mark = "miss"` on an event worth reading on the lane, in 8 columns at most. It covers
//!   what comes next, so there is none where a span begins, nor just before a task ends;
//! - `moment = "cancel"` at a decisive moment of the whole run, 0 to 4 in a run, with
//!   `moment_at_ms` beside it where it is known ahead, in milliseconds from the run's start;
//! - `counter.depth = 3` for a quantity, and `state.breaker = "open"` for one that has words.

use std::future::Future;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::time::Duration;

use crate::draw;
use crate::param::{Param, ValueError, Values};
use crate::ways::Breaks;

/// Anything that can end a scenario early, with `?`.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// What the code of a scenario returns.
pub type Result<T = Outcome> = std::result::Result<T, Error>;

/// The future that a scenario's `run` makes.
pub type Running = Pin<Box<dyn Future<Output = Result> + Send>>;

/// One entry of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// The word that picks it: lower case, with dashes.
    pub id: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// The part of the catalogue that it stands in.
    pub group: Group,
    /// What it teaches, in one sentence.
    pub lesson: &'static str,
    /// The clocks it can run on, the usual one first.
    pub clocks: &'static [Clock],
    /// Its knobs, in the order of the form.
    pub params: &'static [Param],
    /// The patterns it shows, in the field's words.
    pub patterns: &'static [&'static str],
    /// Where asyncio and Tokio differ in them, in one sentence; empty where they do not.
    pub differs: &'static str,
    /// The ids of those to have seen first: each stands earlier in the catalogue.
    pub builds_on: &'static [&'static str],
    /// Where it goes wrong on purpose, the defaults included; everywhere else it goes well.
    pub breaks: &'static [Breaks],
    /// Why it, or one of its variants, needs the real clock; empty if none does.
    pub real_because: &'static str,
    /// Its own source file: what the code pane shows. The `//!` text at its top is the long lesson.
    pub source: &'static str,
    /// Where `source` stands in the repository, as the compiler names it.
    pub path: &'static str,
    /// The same in asyncio.
    pub twin: &'static str,
    /// Refuses parameters that contradict each other, or the clock, although each one is within its range.
    pub refuse: fn(&Values, Clock) -> std::result::Result<(), ValueError>,
    /// Makes the future that the run spawns as its task *main*.
    pub run: fn(Context) -> Running,
}

impl Scenario {
    /// What most of them have in common, and nothing of what makes one: to be completed in each entry, which a test walks.
    pub const DEFAULTS: Self = Self {
        id: "",
        title: "",
        group: Group::Basics,
        lesson: "",
        clocks: &[Clock::Virtual, Clock::Real],
        params: &[],
        patterns: &[],
        differs: "",
        builds_on: &[],
        breaks: &[],
        real_because: "",
        source: "",
        path: "",
        twin: "",
        refuse: accept_all,
        run: |_| Box::pin(async { Ok(Outcome::new()) }),
    };

    /// The long lesson: the module documentation at the top of the source.
    pub fn text(&self) -> String {
        let lines = self.source.lines().take_while(|line| line.starts_with("//!"));
        lines.map(|line| line.trim_start_matches("//!").strip_prefix(' ').unwrap_or_default()).collect::<Vec<_>>().join("\n")
    }

    /// The parameter of that name.
    pub fn param(&self, name: &str) -> Option<&'static Param> {
        self.params.iter().find(|param| param.name == name)
    }
}

/// For [`Scenario::refuse`]: no combination is refused.
///
/// # Errors
///
/// Never.
pub fn accept_all(_: &Values, _: Clock) -> std::result::Result<(), ValueError> {
    Ok(())
}

/// A part of the catalogue, in teaching order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Tasks, waiting together, ending.
    Basics,
    /// Caps on what is in flight.
    Limits,
    /// Queues between tasks.
    Channels,
    /// Locks and what goes wrong with them.
    SharedState,
    /// What has to be given back, and how a service ends.
    Resources,
    /// What to do when others fail.
    Resilience,
    /// Servers, clients and a database, within the program.
    Real,
}

impl Group {
    /// The heading in the list.
    pub const fn title(self) -> &'static str {
        match self {
            Group::Basics => "Basics",
            Group::Limits => "Limits",
            Group::Channels => "Channels and streams",
            Group::SharedState => "Shared state",
            Group::Resources => "Resources and shutdown",
            Group::Resilience => "Resilience",
            Group::Real => "For real",
        }
    }
}

/// How time passes in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Clock {
    /// Time jumps when nothing can run: one thread, the same every time.
    Virtual,
    /// Wall time: true parallelism, real sockets.
    Real,
}

impl Clock {
    /// The word on the command line and on screen.
    pub const fn name(self) -> &'static str {
        match self {
            Clock::Virtual => "virtual",
            Clock::Real => "real",
        }
    }
}

/// What a run hands to its scenario: parameters, randomness, and which clock it runs on.
#[derive(Debug, Clone)]
pub struct Context {
    values: Values,
    seed: u64,
    clock: Clock,
}

impl Context {
    /// A context with these parameters, this seed and this clock.
    pub fn new(values: Values, seed: u64, clock: Clock) -> Self {
        Self { values, seed, clock }
    }

    /// How time passes in this run.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Whether something took as long as it should: exactly on the virtual
    /// clock; on the real one, where timers and schedulers are late, within
    /// 15 % and 50 ms.
    pub fn on_time(&self, took: Duration, expected: Duration) -> bool {
        match self.clock {
            Clock::Virtual => took == expected,
            Clock::Real => took.abs_diff(expected) <= expected.mul_f64(0.15) + Duration::from_millis(50),
        }
    }

    /// The number a parameter is turned to.
    pub fn number(&self, param: Param) -> u64 {
        self.values.number(&param)
    }

    /// The same, as a size.
    pub fn count(&self, param: Param) -> usize {
        usize::try_from(self.number(param)).unwrap_or(usize::MAX)
    }

    /// The duration a parameter is turned to.
    pub fn duration(&self, param: Param) -> Duration {
        self.values.duration(&param)
    }

    /// The word a parameter is turned to.
    pub fn word(&self, param: Param) -> &'static str {
        self.values.word(&param)
    }

    /// A number of the range, drawn from the seed: the same for the same
    /// `stream` and `index`, whatever else is drawn.
    pub fn draw(&self, stream: &str, index: usize, range: RangeInclusive<u64>) -> u64 {
        draw::within(self.seed, stream, index as u64, &range)
    }

    /// `base` plus a drawn part of `jitter`, in whole milliseconds.
    pub fn jittered(&self, stream: &str, index: usize, base: Duration, jitter: Duration) -> Duration {
        base + Duration::from_millis(self.draw(stream, index, 0..=jitter.as_millis() as u64))
    }
}

#[cfg(test)]
impl Context {
    /// For tests: the defaults of a scenario, but for the parameters named; seed 0, virtual clock.
    pub(crate) fn of(scenario: &Scenario, turned: &[(Param, &str)]) -> Self {
        let mut values = Values::defaults(scenario.params);
        for (param, text) in turned {
            values.set(param, param.parse(text).expect("a test turns parameters within their range"));
        }
        Self::new(values, 0, Clock::Virtual)
    }

    /// The same on the real clock.
    pub(crate) fn real(scenario: &Scenario, turned: &[(Param, &str)]) -> Self {
        Self { clock: Clock::Real, ..Self::of(scenario, turned) }
    }
}

/// Tests something on the real clock, where a busy machine may spoil it.
#[cfg(test)]
pub(crate) fn really(test: impl AsyncFn() -> Result<()>) {
    crate::calm::in_a_calm_moment(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(test()).expect("it goes well");
    });
}

/// What came out of a run: figures to compare, and checks that hold or do not.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// The figures, in the order in which they are shown.
    pub figures: Vec<Figure>,
    /// The invariants, each with whether it held.
    pub checks: Vec<Check>,
}

/// One figure of an outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// How much: a whole number on the virtual clock.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
}

/// An invariant that the scenario states and verifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The statement, as it reads when it holds.
    pub name: String,
    /// Whether it held in this run.
    pub holds: bool,
}

impl Outcome {
    /// An outcome without figures or checks.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a figure.
    #[must_use]
    pub fn figure(mut self, name: impl Into<String>, value: impl Measure, unit: &'static str) -> Self {
        self.figures.push(Figure { name: name.into(), value: value.measure(), unit });
        self
    }

    /// Adds a check.
    #[must_use]
    pub fn check(mut self, name: impl Into<String>, holds: bool) -> Self {
        self.checks.push(Check { name: name.into(), holds });
        self
    }

    /// The figure of that name.
    pub fn value(&self, name: &str) -> Option<f64> {
        self.figures.iter().find(|figure| figure.name == name).map(|figure| figure.value)
    }

    /// Whether every check held.
    pub fn holds(&self) -> bool {
        self.checks.iter().all(|check| check.holds)
    }
}

/// What can be the value of a figure.
pub trait Measure {
    /// The value as a number; a duration in milliseconds.
    fn measure(self) -> f64;
}

impl Measure for u64 {
    fn measure(self) -> f64 {
        self as f64
    }
}

impl Measure for usize {
    fn measure(self) -> f64 {
        self as f64
    }
}

impl Measure for Duration {
    fn measure(self) -> f64 {
        // One division rounds once: whole milliseconds come out whole, which `as_secs_f64() * 1e3` does not promise.
        self.as_nanos() as f64 / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_time_is_exact_on_the_virtual_clock_and_forgiving_on_the_real_one() {
        let ms = Duration::from_millis;
        let on = |clock| Context::new(Values::defaults(&[]), 0, clock);
        for (took, virtually, really) in [(2000, true, true), (2001, false, true), (2350, false, true), (2351, false, false)] {
            assert_eq!(on(Clock::Virtual).on_time(ms(took), ms(2000)), virtually, "{took} ms, virtual");
            assert_eq!(on(Clock::Real).on_time(ms(took), ms(2000)), really, "{took} ms, real");
        }
        assert!(!on(Clock::Real).on_time(ms(1649), ms(2000)), "too early is not on time either");
    }

    #[test]
    fn whole_milliseconds_are_measured_as_whole_numbers() {
        for ms in 0..10_000_u64 {
            assert_eq!(Some(Duration::from_millis(ms).measure()), Some(ms as f64));
        }
    }

    #[test]
    fn one_broken_check_breaks_the_outcome() {
        let outcome = Outcome::new().figure("taken", 3_u64, "items").check("sound", true);
        assert!(outcome.holds());
        assert_eq!(outcome.value("taken"), Some(3.0));
        assert_eq!(outcome.value("lost"), None);
        assert!(!outcome.check("unsound", false).holds());
    }
}
