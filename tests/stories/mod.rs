//! Every story is walked in runs of every variant: what it declares is found, in order, and what it says is so.

mod questions;

use std::collections::BTreeSet;

use ::engine::story::{Told, story};
use ::engine::{Ending, Report, Spec};
use ::scenario::story::{Nth, Occurs, Stop, When};
use ::scenario::{Clock, Kind, Scenario, Values};
use ::trace::Trace;
use scenarios::CATALOGUE;

/// The seeds of the runs on the virtual clock.
const SEEDS: u64 = 10;

/// A run with its story.
struct Run {
    spec: Spec,
    trace: Trace,
    report: Report,
    told: Vec<Told>,
}

impl Run {
    fn of(scenario: &'static Scenario, values: Values, seed: u64, clock: Clock) -> Self {
        let spec = Spec { values, seed, clock, ..Spec::new(scenario) };
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
        Self::of(scenario, values, 0, clock)
    }

    fn name(&self) -> String {
        let values: Vec<String> = self.spec.values.iter().map(|(param, value)| format!("{}={value}", param.name)).collect();
        format!("{} {} seed {}", self.spec.scenario.id, values.join(" "), self.spec.seed)
    }

    fn finds(&self, place: usize) -> bool {
        self.told.iter().any(|told| told.place == place)
    }
}

/// Every variant of a scenario on the first of its clocks that allows it, with several seeds where they cost nothing.
fn runs(scenario: &'static Scenario) -> impl Iterator<Item = Run> {
    let of_clock = move |(place, clock): (usize, &'static Clock)| {
        let is_new =
            move |values: &Values| scenario.clocks[..place].iter().all(|before| (scenario.refuse)(values, *before).is_err());
        scenario.variants(*clock).into_iter().filter(is_new).map(|values| (values, *clock))
    };
    scenario.clocks.iter().enumerate().flat_map(of_clock).flat_map(move |(values, clock)| {
        let seeds = if clock == Clock::Virtual { SEEDS } else { 1 };
        (0..seeds).map(move |seed| Run::of(scenario, values.clone(), seed, clock))
    })
}

/// Runs at other numbers: one for each stop that depends on a number, and one for each way to fail.
fn runs_at_numbers(scenario: &'static Scenario) -> impl Iterator<Item = Run> {
    let is_at_number = |setting: &[(&str, String)]| setting.iter().any(|(name, _)| is_number(scenario, name));
    let fails = scenario.breaks.iter().map(|breaks| {
        let setting: Vec<_> = breaks.setting.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        (setting, breaks.seed.unwrap_or_default())
    });
    let stops = scenario.story.iter().filter_map(|stop| match stop.occurs {
        Occurs::At(name, value) => Some((vec![(name, value.to_owned())], 0)),
        Occurs::NotAt(name, value) => value.parse().ok().map(|number: u64| (vec![(name, (number + 1).to_string())], 0)),
        Occurs::Always | Occurs::Sometimes => None,
    });
    let settings: BTreeSet<_> = fails.chain(stops).filter(|(setting, _)| is_at_number(setting)).collect();
    settings.into_iter().map(move |(setting, seed)| {
        let mut values = Values::defaults(scenario.params);
        for (name, text) in setting {
            let param = scenario.param(name).expect("it has it");
            values.set(param, param.parse(&text).expect("it takes it"));
        }
        Run::of(scenario, values, seed, scenario.clocks[0])
    })
}

fn is_number(scenario: &Scenario, name: &str) -> bool {
    scenario.param(name).is_some_and(|param| matches!(param.kind, Kind::Number { .. }))
}

/// Whether a stop that is declared so has to be found in a run of these values.
fn must_occur(stop: &Stop, values: &Values) -> bool {
    stop.occurs != Occurs::Sometimes && stop.is_told_at(values)
}

/// Whether a stop that is declared so has to be found in a run of these values, which may be at other numbers.
fn must_occur_at_numbers(scenario: &Scenario, stop: &Stop, values: &Values) -> bool {
    let (Occurs::At(name, _) | Occurs::NotAt(name, _)) = stop.occurs else { return false };
    is_number(scenario, name) && stop.is_told_at(values)
}

/// Checks what a run's story has to be, and returns which stops it has.
fn walk(run: &Run, must_occur: impl Fn(&Stop) -> bool) -> Vec<bool> {
    let (name, story) = (run.name(), run.spec.scenario.story);
    let found: Vec<bool> = (0..story.len()).map(|place| run.finds(place)).collect();
    for (place, (stop, finds)) in story.iter().zip(&found).enumerate() {
        assert!(*finds || !must_occur(stop), "{name}: stop {place} is not found: {}", stop.says);
        assert!(!finds || stop.is_told_at(&run.spec.values), "{name}: stop {place} does not belong there");
    }
    let places: Vec<usize> = run.told.iter().map(|told| told.place).collect();
    assert!(places.is_sorted(), "{name}: the stops are found in the order {places:?}");
    assert!((3..=7).contains(&places.len()), "{name}: {} stops", places.len());
    questions::check(run);
    found
}

#[test]
fn every_stop_that_is_declared_is_found_and_they_are_in_order() {
    // These are thousands of runs, each on one thread.
    std::thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || CATALOGUE.iter().skip(half).step_by(2).for_each(walk_all));
        }
    });
}

/// Walks the story of a scenario in all its runs.
fn walk_all(scenario: &'static Scenario) {
    let defaults = runs(scenario).map(|run| walk(&run, |stop| must_occur(stop, &run.spec.values)));
    let numbers = runs_at_numbers(scenario).map(|run| walk(&run, |stop| must_occur_at_numbers(scenario, stop, &run.spec.values)));
    let found: Vec<Vec<bool>> = defaults.chain(numbers).collect();
    let never: Vec<usize> = (0..scenario.story.len()).filter(|place| !found.iter().any(|found| found[*place])).collect();
    assert!(never.is_empty(), "{never:?}, {}: these stops are never found", scenario.id);
}

#[test]
fn a_stop_is_within_the_run_and_points_at_what_exists() {
    for scenario in CATALOGUE {
        let run = Run::of(scenario, Values::defaults(scenario.params), 0, scenario.clocks[0]);
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
