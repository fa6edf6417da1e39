//! What a scenario is: its lesson, its parameters, its code and its outcome.
//!
//! A scenario is code that anyone would write in production. It gets its
//! parameters and its seed from a [`Context`], spawns named tasks on whatever
//! runtime it is called on, and returns an [`Outcome`]: figures, and checks
//! that can fail. It knows nothing of the program that watches it.
//!
//! A scenario uses `tracing`, as any program might, to report what a lane
//! cannot show by itself. Each of these takes one line:
//!
//! - a span names a phase whose await does not explain itself: `info_span!("backoff")`;
//! - `mark = "miss"` labels an event on the lane, in at most 8 columns. A mark covers what
//!   follows it, so do not put one where a span begins or just before a task ends;
//! - `moment = "cancel"` names a decisive moment of the run. Use 0 to 4 in a run. Add
//!   `moment_at_ms`, in milliseconds from the start, if the time is known in advance;
//! - `counter.depth = 3` records a number, and `state.breaker = "open"` a word.

use std::future::Future;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::time::Duration;

pub mod draw;
mod param;
pub mod question;
pub mod story;
pub mod testing;
mod unit;
mod ways;
pub mod work;

use question::Question;
use story::Stop;

pub use param::{Kind, Param, Value, ValueError, Values};
pub use testing::really;
pub use unit::unit_after;
pub use ways::{Breaks, How};

/// The imports that every scenario needs.
pub mod prelude {
    pub use crate::question::{Answer, Choice, If, Question};
    pub use crate::story::{For, How, Nth, Stop, When};
    pub use crate::{Breaks, Clock, Context, Group, Outcome, Param, Scenario, ValueError, Values, accept_all};
}

/// An error that ends a scenario early, with `?`.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// What a scenario's code returns.
pub type Result<T = Outcome> = std::result::Result<T, Error>;

/// The future that a scenario's `run` returns.
pub type Running = Pin<Box<dyn Future<Output = Result> + Send>>;

/// One entry of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// Its name on the command line: lower case, with dashes.
    pub id: &'static str,
    /// Its name on screen.
    pub title: &'static str,
    /// The part of the catalogue that it belongs to.
    pub group: Group,
    /// What it teaches, in one sentence.
    pub lesson: &'static str,
    /// The clocks it can run on; the first is the default.
    pub clocks: &'static [Clock],
    /// Its parameters, in the order of the form.
    pub params: &'static [Param],
    /// The patterns it shows, under their usual names.
    pub patterns: &'static [&'static str],
    /// How asyncio and Tokio differ in these patterns, in one sentence; empty if they do not.
    pub differs: &'static str,
    /// The ids of the scenarios to see first. All of them come earlier in the catalogue.
    pub builds_on: &'static [&'static str],
    /// The settings at which it fails on purpose, defaults included. At any other setting it succeeds.
    pub breaks: &'static [Breaks],
    /// Its story: the moments to look at, in order.
    pub story: &'static [Stop],
    /// What a user predicts before a run.
    pub questions: &'static [Question],
    /// Why it, or one of its variants, needs the real clock; empty if none does.
    pub real_because: &'static str,
    /// Its source file, as the code pane shows it. The `//!` text at its top is the long lesson.
    pub source: &'static str,
    /// The path of `source` in the repository, from `file!()`.
    pub path: &'static str,
    /// The source of its asyncio twin.
    pub twin: &'static str,
    /// Refuses a set of valid values that contradict each other or the clock.
    pub refuse: fn(&Values, Clock) -> std::result::Result<(), ValueError>,
    /// How many workers the runtime of a run gets, for its values, its clock and the number that the user has set. 0 is the
    /// current-thread runtime. Most scenarios run on whatever is set.
    pub workers: fn(&Values, Clock, usize) -> usize,
    /// Returns the future that the run spawns as its task *main*.
    pub run: fn(Context) -> Running,
}

impl Scenario {
    /// Defaults for the fields that most scenarios leave alone. Every entry sets the rest; a test checks that.
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
        story: &[],
        questions: &[],
        real_because: "",
        source: "",
        path: "",
        twin: "",
        refuse: accept_all,
        workers: |_, _, set| set,
        run: |_| Box::pin(async { Ok(Outcome::new()) }),
    };

    /// The long lesson: the `//!` text at the top of the source.
    pub fn text(&self) -> String {
        let lines = self.source.lines().take_while(|line| line.starts_with("//!"));
        lines.map(|line| line.trim_start_matches("//!").strip_prefix(' ').unwrap_or_default()).collect::<Vec<_>>().join("\n")
    }

    /// Finds a parameter by its name.
    pub fn param(&self, name: &str) -> Option<&'static Param> {
        self.params.iter().find(|param| param.name == name)
    }
}

/// A [`Scenario::refuse`] that accepts every combination.
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
    /// Start tasks, wait for them, end them.
    Basics,
    /// Limit how much is in flight.
    Limits,
    /// Pass data between tasks.
    Channels,
    /// Share data under locks, and see what can go wrong.
    SharedState,
    /// Release resources and shut services down.
    Resources,
    /// Cope with the failures of other services.
    Resilience,
    /// Run servers, clients and a database in one process.
    Real,
    /// Crates of the user, which are not in the catalogue.
    Sketches,
}

impl Group {
    /// Its heading in the list.
    pub const fn title(self) -> &'static str {
        match self {
            Group::Basics => "Basics",
            Group::Limits => "Limits",
            Group::Channels => "Channels and streams",
            Group::SharedState => "Shared state",
            Group::Resources => "Resources and shutdown",
            Group::Resilience => "Resilience",
            Group::Real => "Real I/O",
            Group::Sketches => "Sketches",
        }
    }
}

/// How time passes in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Clock {
    /// Time jumps forward when nothing can run. One thread; every run is identical.
    Virtual,
    /// Wall time, with true parallelism and real sockets.
    Real,
}

impl Clock {
    /// Its name on the command line and on screen.
    pub const fn name(self) -> &'static str {
        match self {
            Clock::Virtual => "virtual",
            Clock::Real => "real",
        }
    }
}

/// What a run gives its scenario: parameters, random draws and the clock.
#[derive(Debug, Clone)]
pub struct Context {
    values: Values,
    seed: u64,
    clock: Clock,
}

impl Context {
    /// Creates a context.
    pub fn new(values: Values, seed: u64, clock: Clock) -> Self {
        Self { values, seed, clock }
    }

    /// The clock of this run.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Compares a duration with the expected one: exactly on the virtual
    /// clock, within 15 % plus 50 ms on the real clock, where timers and
    /// schedulers may be late.
    pub fn on_time(&self, took: Duration, expected: Duration) -> bool {
        match self.clock {
            Clock::Virtual => took == expected,
            Clock::Real => took.abs_diff(expected) <= expected.mul_f64(0.15) + Duration::from_millis(50),
        }
    }

    /// The value of a numeric parameter.
    pub fn number(&self, param: Param) -> u64 {
        self.values.number(&param)
    }

    /// The value of a numeric parameter, as a `usize`.
    pub fn count(&self, param: Param) -> usize {
        usize::try_from(self.number(param)).unwrap_or(usize::MAX)
    }

    /// The value of a parameter in milliseconds, as a duration.
    pub fn duration(&self, param: Param) -> Duration {
        self.values.duration(&param)
    }

    /// The chosen word of a parameter.
    pub fn word(&self, param: Param) -> &'static str {
        self.values.word(&param)
    }

    /// Draws a number from the range. It depends only on the seed, `stream`
    /// and `index`, and not on any other draw.
    pub fn draw(&self, stream: &str, index: usize, range: RangeInclusive<u64>) -> u64 {
        draw::within(self.seed, stream, index as u64, &range)
    }

    /// Draws a duration between `base` and `base + jitter`, in whole milliseconds.
    pub fn jittered(&self, stream: &str, index: usize, base: Duration, jitter: Duration) -> Duration {
        base + Duration::from_millis(self.draw(stream, index, 0..=jitter.as_millis() as u64))
    }
}

/// The result of a run: figures to compare, and checks that passed or failed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// The figures, in the order shown.
    pub figures: Vec<Figure>,
    /// The invariants and whether each one held.
    pub checks: Vec<Check>,
}

/// One figure of an outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// The measured value; a whole number on the virtual clock.
    pub value: f64,
    /// The unit of the value.
    pub unit: &'static str,
}

/// An invariant that the scenario states and verifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The invariant, stated as true.
    pub name: String,
    /// True if it held in this run.
    pub holds: bool,
}

impl Outcome {
    /// Creates an outcome without figures or checks.
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

    /// The value of the figure with that name.
    pub fn value(&self, name: &str) -> Option<f64> {
        self.figures.iter().find(|figure| figure.name == name).map(|figure| figure.value)
    }

    /// Returns true if every check held.
    pub fn holds(&self) -> bool {
        self.checks.iter().all(|check| check.holds)
    }
}

/// A type that can be the value of a figure.
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
        // A single division rounds once, so whole milliseconds stay whole. `as_secs_f64() * 1e3` does not guarantee that.
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
