//! Every story is walked in runs of every variant: what it declares is found, in order, and what it says is so.

mod questions;

use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

use ::engine::story::{Told, story};
use ::engine::{Ending, Report, Schedule, Spec};
use ::scenario::story::{Nth, Occurs, Stop, When};
use ::scenario::{Clock, Kind, Scenario, Values};
use ::trace::Trace;
use scenarios::CATALOGUE;

/// The seeds of the runs on the virtual clock.
const SEEDS: u64 = 10;

/// How many runs on the real clock there are at once: they wait more than they compute.
const REAL_AT_ONCE: usize = 8;

/// How many runs on the virtual clock there are at once: they only compute.
const VIRTUAL_AT_ONCE: usize = 2;

/// A run with its story.
struct Run {
    spec: Spec,
    trace: Trace,
    report: Report,
    told: Vec<Told>,
}

impl Run {
    fn of(spec: Spec) -> Self {
        let (trace, report) = super::run(&spec);
        let told = story(&spec, &trace, Some(&report));
        Self { spec, trace, report, told }
    }

    /// A run with these numbers set.
    fn with(scenario: &'static Scenario, numbers: &[(&str, u64)], clock: Clock) -> Self {
        let mut values = Values::defaults(scenario.params);
        for (name, number) in numbers {
            let param = scenario.param(name).expect("it has it");
            values.set(param, param.parse(&number.to_string()).expect("it is a number"));
        }
        Self::of(Spec { values, clock, ..Spec::new(scenario) })
    }

    fn name(&self) -> String {
        let values: Vec<String> = self.spec.values.iter().map(|(param, value)| format!("{}={value}", param.name)).collect();
        let Spec { scenario, seed, schedule, .. } = &self.spec;
        format!("{} {} seed {seed} schedule {schedule}", scenario.id, values.join(" "))
    }

    fn finds(&self, place: usize) -> bool {
        self.told.iter().any(|told| told.place == place)
    }
}

/// A run to make, and which stops it must have.
struct Planned {
    spec: Spec,
    must_occur: fn(&Spec, &Stop) -> bool,
}

/// Every variant of a scenario on the first of its clocks that allows it, with several seeds where they cost nothing.
fn variants(scenario: &'static Scenario) -> impl Iterator<Item = Planned> {
    let of_clock = move |(place, clock): (usize, &'static Clock)| {
        let is_new =
            move |values: &Values| scenario.clocks[..place].iter().all(|before| (scenario.refuse)(values, *before).is_err());
        scenario.variants(*clock).into_iter().filter(is_new).map(|values| (values, *clock))
    };
    scenario.clocks.iter().enumerate().flat_map(of_clock).flat_map(move |(values, clock)| {
        let seeds = if clock == Clock::Virtual { SEEDS } else { 1 };
        (0..seeds).map(move |seed| {
            let spec = Spec { values: values.clone(), seed, clock, ..Spec::new(scenario) };
            Planned { spec, must_occur }
        })
    })
}

/// Runs at other numbers or under a schedule: one for each stop that depends on a number, and one for each way to fail.
fn at_numbers(scenario: &'static Scenario) -> impl Iterator<Item = Planned> {
    let is_at_number = |setting: &[(&str, String)]| setting.iter().any(|(name, _)| is_number(scenario, name));
    let fails = scenario.breaks.iter().map(|breaks| {
        let setting: Vec<_> = breaks.setting.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        (setting, breaks.seed.unwrap_or_default(), breaks.schedule)
    });
    let stops = scenario.story.iter().filter_map(|stop| match stop.occurs {
        Occurs::At(name, value) => Some((vec![(name, value.to_owned())], 0, None)),
        Occurs::NotAt(name, value) => value.parse().ok().map(|number: u64| (vec![(name, (number + 1).to_string())], 0, None)),
        Occurs::Always | Occurs::Sometimes => None,
    });
    let settings: BTreeSet<_> =
        fails.chain(stops).filter(|(setting, _, schedule)| schedule.is_some() || is_at_number(setting)).collect();
    settings.into_iter().map(move |(setting, seed, schedule)| {
        let mut values = Values::defaults(scenario.params);
        for (name, text) in setting {
            let param = scenario.param(name).expect("it has it");
            values.set(param, param.parse(&text).expect("it takes it"));
        }
        let schedule = schedule.map_or_else(Schedule::default, |text| text.parse().expect("it is a schedule"));
        let spec = Spec { values, seed, schedule, clock: scenario.clocks[0], ..Spec::new(scenario) };
        Planned { spec, must_occur: must_occur_at_numbers }
    })
}

fn is_number(scenario: &Scenario, name: &str) -> bool {
    scenario.param(name).is_some_and(|param| matches!(param.kind, Kind::Number { .. }))
}

/// Whether a stop that is declared so has to be found in this run.
fn must_occur(spec: &Spec, stop: &Stop) -> bool {
    stop.occurs != Occurs::Sometimes && stop.is_told_at(&spec.values)
}

/// Whether a stop that is declared so has to be found in this run, which may be at other numbers.
fn must_occur_at_numbers(spec: &Spec, stop: &Stop) -> bool {
    let (Occurs::At(name, _) | Occurs::NotAt(name, _)) = stop.occurs else { return false };
    is_number(spec.scenario, name) && stop.is_told_at(&spec.values)
}

/// Makes a run, checks its story, and returns which stops it has.
fn walk(Planned { spec, must_occur }: Planned) -> Vec<bool> {
    let run = Run::of(spec);
    let (name, story) = (run.name(), run.spec.scenario.story);
    let found: Vec<bool> = (0..story.len()).map(|place| run.finds(place)).collect();
    for (place, (stop, finds)) in story.iter().zip(&found).enumerate() {
        assert!(*finds || !must_occur(&run.spec, stop), "{name}: stop {place} is not found: {}", stop.says);
        assert!(!finds || stop.is_told_at(&run.spec.values), "{name}: stop {place} does not belong there");
    }
    let places: Vec<usize> = run.told.iter().map(|told| told.place).collect();
    assert!(places.is_sorted(), "{name}: the stops are found in the order {places:?}");
    assert!((3..=7).contains(&places.len()), "{name}: {} stops", places.len());
    points_at_what_exists(&run);
    questions::check(&run);
    found
}

/// Each stop is within the run, and its task, its line and its sentences are there.
fn points_at_what_exists(run: &Run) {
    let scenario = run.spec.scenario;
    let lines = scenario.source.lines().count() as u32;
    for told in &run.told {
        let name = format!("{}, {}", run.name(), told.says);
        assert!(told.at_ns <= run.trace.end_ns.max(run.report.elapsed_ns), "{name}");
        assert!(told.task.is_none_or(|task| (task as usize) < run.trace.tasks.len()), "{name}");
        let names_a_line = !scenario.story[told.place].line.is_empty();
        assert_eq!(told.line.is_some_and(|line| line <= lines), names_a_line, "{name}: its line");
        assert!(!told.says.contains(['{', '}']), "{name}");
        let sentences = told.says.matches(". ").count() + 1;
        assert!(told.says.ends_with('.') && sentences <= 3 && told.says.len() <= 220, "{name}: {} bytes", told.says.len());
    }
}

/// Walks these stories, so many at once. Returns which stops each has, with its scenario.
fn walk_all(runs: Vec<Planned>, at_once: usize) -> Vec<(&'static str, Vec<bool>)> {
    let runs = Mutex::new(runs.into_iter());
    let next = || runs.lock().unwrap_or_else(PoisonError::into_inner).next();
    let some = || std::iter::from_fn(next).map(|run| (run.spec.scenario.id, walk(run))).collect::<Vec<_>>();
    thread::scope(|scope| {
        let parts: Vec<_> = (0..at_once).map(|_| scope.spawn(some)).collect();
        parts.into_iter().flat_map(|part| part.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

#[test]
fn every_stop_that_is_declared_is_found_in_order_and_points_at_what_exists() {
    let runs = CATALOGUE.iter().flat_map(|scenario| variants(scenario).chain(at_numbers(scenario)));
    let (real, on_virtual): (Vec<_>, Vec<_>) = runs.partition(|run| run.spec.clock == Clock::Real);
    let found = thread::scope(|scope| {
        let real = scope.spawn(|| walk_all(real, REAL_AT_ONCE));
        let mut found = walk_all(on_virtual, VIRTUAL_AT_ONCE);
        found.extend(real.join().unwrap_or_else(|panic| resume_unwind(panic)));
        found
    });
    for scenario in CATALOGUE {
        let is_found = |place: &usize| found.iter().any(|(id, found)| *id == scenario.id && found[*place]);
        let never: Vec<usize> = (0..scenario.story.len()).filter(|place| !is_found(place)).collect();
        assert!(never.is_empty(), "{never:?}, {}: these stops are never found", scenario.id);
    }
}

/// Whether a figure with this name is documented.
fn is_known(name: &str) -> bool {
    Stop::FIGURES.iter().any(|(figure, _)| {
        *figure == name || name.split_once(':').is_some_and(|(of, _)| figure.starts_with(of) && figure.contains(':'))
    })
}

/// Only names that are documented are used.
#[test]
fn a_text_names_figures_that_exist() {
    for (scenario, stop) in CATALOGUE.iter().flat_map(|scenario| scenario.story.iter().map(move |stop| (scenario, stop))) {
        for name in stop.says.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name) {
            assert!(is_known(name), "{}: {{{name}}}", scenario.id);
        }
    }
}

/// The figures in the story of `semaphore` are counted again, by other means than the story's.
#[test]
fn what_the_story_of_the_semaphore_says_is_its_own_arithmetic() {
    let scenario = &scenarios::semaphore::SCENARIO;
    for (permits, requests) in [(1_u64, 4_u64), (3, 20), (5, 7)] {
        let run = Run::with(scenario, &[("permits", permits), ("requests", requests)], Clock::Virtual);
        let text = |wanted: fn(&When) -> bool| {
            let place = scenario.story.iter().position(|stop| wanted(&stop.when)).expect("there is such a stop");
            run.told.iter().find(|told| told.place == place).expect("it is found").says.clone()
        };
        assert!(text(|when| matches!(when, When::Spawn(..))).starts_with(&format!("All {requests} requests")));
        let first = text(|when| matches!(when, When::Wait(Nth::First, ..)));
        assert!(first.starts_with(&format!("request {permits} finds no free permit")), "{first}");
        assert!(first.contains(&format!("a queue of {} tasks", requests - permits)), "{first}");
        let waves = requests.div_ceil(permits);
        let total = waves as f64 * 0.5;
        assert!(text(|when| *when == When::Over).starts_with(&format!("The run took {total} s")), "{permits} permits");
        assert!(matches!(run.report.ending, Ending::Finished(_)));
    }
}

/// On the virtual clock a wait can end when it began, and the next wait of the task begins then, too.
#[test]
fn a_wait_without_length_has_its_own_waker() {
    let scenario = &scenarios::producer_consumer::SCENARIO;
    let run = Run::with(scenario, &[("producers", 4)], Clock::Virtual);
    let says: Vec<&str> = run.told.iter().map(|told| told.says.as_str()).collect();
    assert!(says.contains(&"consumer 0 takes an item, and so makes room. producer 3 goes on after 0 ms."), "{says:?}");
}
