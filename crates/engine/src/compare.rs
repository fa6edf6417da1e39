//! How runs of one scenario differ: in settings, endings, figures, checks and lanes.
//!
//! The command line and the screen show the same differences, so they are found here. Runs are compared with the first of them.
//! Figures, checks and lanes are matched by name; a name that holds a number which depends on the settings, such as "never more
//! than 3 in flight", is matched by its words.

use std::collections::HashMap;

use scenario::{Clock, Outcome};
use trace::{State, Task, TaskIx, Trace};

use crate::{Detail, Ending, Report, Spec};

/// A setting in which runs differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name: of a parameter, or of a flag without its dashes.
    pub name: &'static str,
    /// The unit of a parameter; empty for others.
    pub unit: &'static str,
    /// Its value in each run.
    pub values: Vec<String>,
}

/// A figure in each run.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Its name; where the names differ in their numbers, with all of them: `3/5`.
    pub name: String,
    /// Its unit, in the plural.
    pub unit: &'static str,
    /// Its value in each run; `None` in a run without this figure.
    pub values: Vec<Option<f64>>,
}

/// A check in each run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The invariant; where the names differ in their numbers, with all of them: `3/5`.
    pub name: String,
    /// Whether it held in each run; `None` in a run without this check.
    pub holds: Vec<Option<bool>>,
}

/// Where the lanes of a run differ from those of another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lanes {
    /// For each task of the run, the task of the other run with its name: the first has the first one's.
    pub of: Vec<Option<TaskIx>>,
    /// The tasks of the other run that have no counterpart in this one.
    pub alone: Vec<TaskIx>,
    /// For each task of the run, when its lane begins to differ, in nanoseconds; `None` if it does not.
    pub since_ns: Vec<Option<u64>>,
    /// When the runs first differ, in nanoseconds, with the name of the task.
    pub first: Option<(u64, String)>,
}

impl Figure {
    /// How much more this run has than the first; `None` if either lacks the figure.
    pub fn difference(&self, run: usize) -> Option<f64> {
        Some((*self.values.get(run)?)? - (*self.values.first()?)?)
    }

    /// How many times as much this run has as the first; `None` if either lacks the figure, or the first has 0.
    pub fn ratio(&self, run: usize) -> Option<f64> {
        let (of, first) = ((*self.values.get(run)?)?, (*self.values.first()?)?);
        (first != 0.0).then_some(of / first)
    }

    /// Whether the runs differ.
    pub fn differs(&self) -> bool {
        self.values.windows(2).any(|two| two[0] != two[1])
    }
}

impl Check {
    /// Whether the runs differ.
    pub fn differs(&self) -> bool {
        self.holds.windows(2).any(|two| two[0] != two[1])
    }
}

/// The outcome of a run, if main returned one.
pub fn outcome(report: &Report) -> Option<&Outcome> {
    match &report.ending {
        Ending::Finished(outcome) => Some(outcome),
        _ => None,
    }
}

/// The settings in which these runs of one scenario differ, the parameters first.
pub fn settings(specs: &[&Spec]) -> Vec<Setting> {
    let Some(first) = specs.first() else { return Vec::new() };
    let mut all: Vec<Setting> = Vec::new();
    for (param, _) in first.values.iter() {
        let unit = match param.kind {
            scenario::Kind::Number { unit, .. } => unit,
            scenario::Kind::Choice(_) => "",
        };
        let values = specs.iter().map(|spec| spec.values.get(param).to_string()).collect();
        all.push(Setting { name: param.name, unit, values });
    }
    let mut other = |name, of: &dyn Fn(&Spec) -> String| {
        all.push(Setting { name, unit: "", values: specs.iter().map(|spec| of(spec)).collect() });
    };
    other("seed", &|spec| spec.seed.to_string());
    other("schedule", &|spec| spec.schedule.to_string());
    other("clock", &|spec| spec.clock.name().to_owned());
    other("workers", &|spec| spec.workers.to_string());
    other("limit", &|spec| format!("{} ms", spec.limit.as_millis()));
    other("detail", &|spec| if spec.detail == Detail::Waits { "waits" } else { "polls" }.to_owned());
    other("stall-after", &|spec| format!("{} ms", spec.stall_after.as_millis()));
    all.retain(|setting| setting.values.windows(2).any(|two| two[0] != two[1]));
    all
}

/// The figures of these runs, in the order of the first run that has them.
pub fn figures(outcomes: &[Option<&Outcome>]) -> Vec<Figure> {
    let lists = outcomes.iter().map(|outcome| outcome.map_or(&[][..], |outcome| &outcome.figures));
    let rows = aligned(lists, |figure| &figure.name);
    let unit = |row: &Row<&scenario::Figure>| row.of.iter().flatten().next().map_or("", |figure| figure.unit);
    let figure = |row: Row<&scenario::Figure>| Figure {
        unit: unit(&row),
        values: row.of.iter().map(|figure| figure.map(|figure| figure.value)).collect(),
        name: row.name,
    };
    rows.into_iter().map(figure).collect()
}

/// The checks of these runs, in the order of the first run that has them.
pub fn checks(outcomes: &[Option<&Outcome>]) -> Vec<Check> {
    let lists = outcomes.iter().map(|outcome| outcome.map_or(&[][..], |outcome| &outcome.checks));
    let check = |row: Row<&scenario::Check>| Check {
        holds: row.of.iter().map(|check| check.map(|check| check.holds)).collect(),
        name: row.name,
    };
    aligned(lists, |check| &check.name).into_iter().map(check).collect()
}

/// Things of the same name, one of each run.
struct Row<T> {
    name: String,
    /// The name without its numbers.
    words: String,
    of: Vec<Option<T>>,
}

/// Puts the things of each run that have the same name into one row, then those that have the same words.
fn aligned<'a, T: 'a>(lists: impl Iterator<Item = &'a [T]>, name: impl Fn(&T) -> &String) -> Vec<Row<&'a T>> {
    let lists: Vec<_> = lists.collect();
    let mut rows: Vec<Row<&T>> = Vec::new();
    let mut named: HashMap<&str, usize> = HashMap::new();
    for (run, list) in lists.iter().enumerate() {
        let mut left = Vec::new();
        for thing in *list {
            match named.get(&**name(thing)).filter(|row| rows[**row].of[run].is_none()) {
                Some(row) => rows[*row].of[run] = Some(thing),
                None => left.push(thing),
            }
        }
        for thing in left {
            let words = words(name(thing));
            let row = rows.iter().position(|row| row.of[run].is_none() && row.words == words).unwrap_or_else(|| {
                rows.push(Row { name: String::new(), words, of: vec![None; lists.len()] });
                rows.len() - 1
            });
            rows[row].of[run] = Some(thing);
            named.entry(name(thing)).or_insert(row);
        }
    }
    for row in &mut rows {
        row.name = common(&row.of.iter().flatten().map(|thing| &**name(thing)).collect::<Vec<_>>());
    }
    rows
}

/// A name without its numbers.
fn words(name: &str) -> String {
    let mut words = String::with_capacity(name.len());
    for (part, is_number) in parts(name) {
        words.push_str(if is_number { "#" } else { part });
    }
    words
}

/// One name for names that differ in their numbers only: each number that differs is replaced by all of them.
fn common(names: &[&str]) -> String {
    let all: Vec<Vec<_>> = names.iter().map(|name| parts(name)).collect();
    let Some(first) = all.first() else { return String::new() };
    let mut common = String::new();
    for (at, (part, _)) in first.iter().enumerate() {
        let of: Vec<&str> = all.iter().filter_map(|parts| parts.get(at)).map(|part| part.0).collect();
        if of.iter().all(|other| other == part) { common.push_str(part) } else { common.push_str(&of.join("/")) }
    }
    common
}

/// The runs of digits in a name, and what is between them.
fn parts(name: &str) -> Vec<(&str, bool)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let is_number = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != is_number).unwrap_or(rest.len());
        parts.push((&rest[..end], is_number));
        rest = &rest[end..];
    }
    parts
}

/// Whether lanes of these runs can be compared: on the real clock no two runs have the same times.
pub fn have_equal_times(specs: &[&Spec]) -> bool {
    specs.iter().all(|spec| spec.clock == Clock::Virtual)
}

/// Compares the lanes of a run with those of another, up to a time in nanoseconds.
pub fn lanes(first: &Trace, run: &Trace, until_ns: u64) -> Lanes {
    let mut others: HashMap<(&str, usize), TaskIx> = HashMap::new();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (at, task) in (0..).zip(&first.tasks) {
        let nth = seen.entry(&task.name).and_modify(|nth| *nth += 1).or_default();
        others.insert((&task.name, *nth), at);
    }
    seen.clear();
    let mut lanes = Lanes::default();
    for task in &run.tasks {
        let nth = seen.entry(&task.name).and_modify(|nth| *nth += 1).or_default();
        let ix = others.remove(&(&*task.name, *nth));
        lanes.of.push(ix);
        let other = ix.and_then(|ix| first.tasks.get(ix as usize));
        let since_ns = other.map_or(Some(task.spawned_ns), |other| differ_since(other, task));
        let since_ns = since_ns.filter(|since_ns| *since_ns <= until_ns);
        lanes.note(since_ns, task);
        lanes.since_ns.push(since_ns);
    }
    // What is left has no counterpart in the run.
    lanes.alone = others.into_values().collect();
    lanes.alone.sort_unstable();
    for ix in lanes.alone.clone() {
        let task = &first.tasks[ix as usize];
        lanes.note(Some(task.spawned_ns).filter(|since_ns| *since_ns <= until_ns), task);
    }
    lanes
}

impl Lanes {
    /// Keeps the earliest difference, and of several at one time the first.
    fn note(&mut self, since_ns: Option<u64>, task: &Task) {
        let Some(since_ns) = since_ns else { return };
        if self.first.as_ref().is_none_or(|first| since_ns < first.0) {
            self.first = Some((since_ns, task.name.clone()));
        }
    }
}

/// When two tasks begin to differ, in nanoseconds; `None` if they do not.
fn differ_since(one: &Task, other: &Task) -> Option<u64> {
    let states = one.segments.iter().zip(&other.segments);
    let unequal = states.clone().find(|(a, b)| a.start_ns != b.start_ns || !is_alike(a.state, b.state));
    let since_ns = unequal.map(|(a, b)| a.start_ns.min(b.start_ns)).or_else(|| {
        let longer = if one.segments.len() > other.segments.len() { one } else { other };
        longer.segments.get(states.len()).map(|extra| extra.start_ns)
    });
    let end = |task: &Task| task.ended.map(|ended| (ended.at_ns, ended.how));
    let ends = [end(one), end(other)];
    let ended_ns = (ends[0] != ends[1]).then(|| ends.iter().flatten().map(|end| end.0).min()).flatten();
    [since_ns, ended_ns].into_iter().flatten().min()
}

/// Whether two states are the same, on whichever thread.
fn is_alike(one: State, other: State) -> bool {
    match (one, other) {
        (State::Running(_), State::Running(_)) => true,
        _ => one == other,
    }
}

#[cfg(test)]
mod tests;
