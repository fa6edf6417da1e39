//! Twins and scenarios at random settings.
//!
//! `TWIN_SETTINGS` is the number of settings, shared evenly by all scenarios, and `TWIN_SEED` draws them. Every difference must be
//! at a setting where the scenario's `differs` says so.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::iter;
use std::ops::RangeInclusive;
use std::sync::{Mutex, PoisonError};
use std::thread;

use serde_json::Value as Json;

use super::python::{python_is_here, twin};
use super::{but_for_times, in_floats, is_virtual, report_unless_stalled};
use scenario::{Kind, Param, Scenario, Value, Values, draw};
use scenarios::CATALOGUE;

/// Concurrent comparisons on virtual time, which compute, and on the real clock, which wait.
const AT_ONCE: [usize; 2] = [3, 8];

/// How often a comparison on the real clock is made before it counts as a difference: a busy machine may spoil one.
const ATTEMPTS: usize = 3;

/// The seeds of the runs.
const SEEDS: u64 = 20;

/// The parameters of a setting, as typed.
type Typed = BTreeMap<&'static str, String>;

/// A declared difference: the scenario, the settings at which it may occur, and what it may change besides the times.
type Declared = (&'static str, fn(&Typed) -> bool, &'static [&'static str]);

/// Each has a sentence in the scenario's `differs`, and figures in `differences.rs` if it is on virtual time.
const DECLARED: &[Declared] = &[
    ("blocking", |at| at["variant"] == "yield", &["tasks with a late tick", "worst tick late by", "report took"]),
    ("cache", |_| true, &["hits", "misses", "origin calls", "most at once for one key"]),
    ("chat", |at| at["variant"] == "gather" && at["leaving"] == "broken" && at["slow"] != "0", &["each message reaches"]),
    ("check-then-act", |at| at["room"] != "100" || at["charge"] == "0", &["sold", "overbooked", "turned away"]),
    ("fairness", |at| at["variant"] == "yield", &["longest wait for hogs"]),
    ("fairness", |at| at["variant"] == "budget", &["longest wait for hogs", "no task waits"]),
    ("futurelock", |at| at["variant"] == "select-ref", &["only the scenario stalls"]),
    ("lock-contention", |at| at["hold"] == "0", &["most at work at once"]),
    ("lost-update", |at| at["gap"] == "0", &["number", "lost", "no update is lost"]),
    ("philosophers", |_| true, &["longest hunger", "forks put back"]),
    ("philosophers", |at| at["eat"] == "0", &["most eating at once"]),
    ("pipeline", |at| ["first", "second", "third"].iter().any(|stage| at[&*format!("{stage}_workers")] != "1"), &["stage"]),
    ("producer-consumer", |at| at["capacity"] != "0", &["most blocked producer"]),
    ("producer-consumer", |at| at["end"] == "sentinel-each", &["only the twin stalls"]),
    ("resource", |at| at["variant"] == "scope", &["opened", "closed"]),
    ("rwlock", |_| true, &["longest wait of a"]),
    ("rwlock", |at| at["read"] == "0", &["most readers at once"]),
    ("semaphore", |at| at["latency"] == "0", &["peak in flight"]),
    (
        "shutdown",
        |_| true,
        &["finished", "lost", "accepted", "accepted after the signal", "reported lost", "from the signal to the end"],
    ),
    ("timeout", |at| at["work"] == at["deadline"], &["timed out"]),
    ("workers", |at| at["mix"] != "0" && at["mix"] != "100", &["predicted"]),
];

/// Figures that any difference in order may change.
const TIMES: &[&str] = &["elapsed_ms", "total"];

fn number(name: &str, usually: u64) -> u64 {
    std::env::var(name).map_or(usually, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a whole number")))
}

/// A setting to compare.
struct Random {
    scenario: &'static Scenario,
    values: Values,
    seed: u64,
}

impl Random {
    /// The setting with this number.
    fn new(number: u64, seed: u64) -> Self {
        let scenario = &CATALOGUE[number as usize % CATALOGUE.len()];
        let drawn = |attempt: u64| {
            let mut values = Values::defaults(scenario.params);
            for param in scenario.params {
                let drawn =
                    |stream: &str, range| draw::within(seed, &format!("{stream} {}", param.name), number * 100 + attempt, &range);
                // Half of the parameters stay at their defaults, or the settings would have nothing in common with the lessons.
                if drawn("turns", 0..=1) == 1 {
                    values.set(param, some(param, is_virtual(scenario), drawn));
                }
            }
            values
        };
        let valid = |values: &Values| (scenario.refuse)(values, scenario.clocks[0]).is_ok() && is_steady(scenario, values);
        let values = (0..100).map(drawn).find(valid).unwrap_or_else(|| Values::defaults(scenario.params));
        Self { scenario, values, seed: draw::within(seed, "seed", number, &(0..=SEEDS)) }
    }

    fn args(&self) -> Vec<String> {
        let turned = self.values.iter().filter(|(param, value)| *value != param.default());
        let mut args: Vec<_> = turned.map(|(param, value)| format!("{}={value}", param.name)).collect();
        args.push(format!("seed={}", self.seed));
        args
    }

    fn typed(&self) -> Typed {
        self.values.iter().map(|(param, value)| (param.name, value.to_string())).collect()
    }

    fn name(&self) -> String {
        format!("{} {}", self.scenario.id, self.args().join(" "))
    }

    /// What differs: for each part of the report the twin's value, and ours. Empty if nothing differs.
    fn differences(&self) -> Vec<String> {
        let (theirs, ours) = thread::scope(|scope| {
            let theirs = scope.spawn(|| self.theirs());
            let ours = report_unless_stalled(self.scenario, self.values.clone(), self.seed);
            (theirs.join().expect("Python starts"), ours)
        });
        match (theirs, ours) {
            (Some(theirs), Some(ours)) => {
                let comparable = if is_virtual(self.scenario) { in_floats } else { but_for_times };
                unequal("", &comparable(theirs), &comparable(ours))
            }
            (None, None) => Vec::new(),
            (None, Some(_)) => vec!["only the twin stalls".to_owned()],
            (Some(_), None) => vec!["only the scenario stalls".to_owned()],
        }
    }

    /// True if each of these differences is declared at this setting.
    fn are_declared(&self, differences: &[String]) -> bool {
        let (id, typed) = (self.scenario.id, self.typed());
        let here: Vec<_> = DECLARED.iter().filter(|(of, at, _)| *of == id && at(&typed)).collect();
        let parts = || here.iter().flat_map(|(.., parts)| parts.iter()).chain(TIMES);
        !here.is_empty() && differences.iter().all(|difference| parts().any(|part| difference.starts_with(part)))
    }

    /// The twin's report; `None` if it stalls.
    fn theirs(&self) -> Option<Json> {
        let output = twin(self.scenario, self.args());
        let errors = String::from_utf8_lossy(&output.stderr);
        if errors.contains("nothing can ever run again") {
            return None;
        }
        Some(serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{}: {error}\n{errors}", self.name())))
    }
}

/// False where the machine decides what happens (a page that comes just as its request times out), and where a run on the real
/// clock would take minutes: a file in thousands of chunks.
fn is_steady(scenario: &Scenario, values: &Values) -> bool {
    let set = |name: &str| scenario.param(name).map_or(0, |param| values.number(param));
    match scenario.id {
        // Pages take no time at all, 600 ms to 800 ms, or five seconds.
        "scrape" => (100..=500).contains(&set("timeout")) || set("timeout") >= 1_000,
        "chunk-stream" => set("bytes") / set("chunk").max(1) <= 100,
        _ => true,
    }
}

/// A value of this parameter. Numbers are near the default: on the real clock lower ones, so that the runs are short.
fn some(param: &Param, is_virtual: bool, draw: impl Fn(&str, RangeInclusive<u64>) -> u64) -> Value {
    match param.kind {
        Kind::Choice(words) => Value::Choice(words[draw("word", 0..=words.len() as u64 - 1) as usize]),
        Kind::Number { default, min, max, unit } => {
            let least = if unit == "ms" { 1_000 } else { 10 };
            let times = if is_virtual { 3 } else { 1 };
            let most = (default * times).max(if is_virtual { min + least } else { min }).min(max);
            // The lower end has the settings that nobody thinks of.
            Value::Number(if draw("end", 0..=9) == 0 { min } else { draw("number", min..=most) })
        }
    }
}

/// The parts of two reports that differ.
fn unequal(path: &str, theirs: &Json, ours: &Json) -> Vec<String> {
    match (theirs, ours) {
        (Json::Array(theirs), Json::Array(ours)) if theirs.len() == ours.len() => {
            let parts = theirs.iter().zip(ours).flat_map(|(theirs, ours)| {
                let name = ours["name"].as_str().unwrap_or_default();
                unequal(name, theirs, ours)
            });
            parts.collect()
        }
        (Json::Object(theirs), Json::Object(ours)) if theirs.keys().eq(ours.keys()) => {
            let parts = theirs.iter().zip(ours.values());
            parts.flat_map(|((key, theirs), ours)| unequal(&format!("{path} {key}"), theirs, ours)).collect()
        }
        _ if theirs == ours => Vec::new(),
        _ => vec![format!("{}: {theirs} there, {ours} here", path.trim())],
    }
}

/// The differences at a setting, on the real clock only those that every attempt finds.
fn differences(random: &Random) -> Vec<String> {
    let mut found = random.differences();
    if !is_virtual(random.scenario) {
        for _ in 1..ATTEMPTS {
            if found.is_empty() {
                break;
            }
            found = random.differences();
        }
    }
    found
}

#[test]
fn outcomes_agree_at_random_settings() {
    if !python_is_here() {
        return;
    }
    let (settings, seed) = (number("TWIN_SETTINGS", CATALOGUE.len() as u64), number("TWIN_SEED", 0));
    let all = (0..settings).map(|number| Random::new(number, seed));
    let (on_virtual, real): (Vec<_>, Vec<_>) = all.partition(|random| is_virtual(random.scenario));
    let (on_virtual, real) = (Mutex::new(on_virtual.into_iter()), Mutex::new(real.into_iter()));
    let found: Mutex<Vec<(Random, Vec<String>)>> = Mutex::default();
    let compare = |queue: &Mutex<std::vec::IntoIter<Random>>| {
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        for random in iter::from_fn(next) {
            let differences = differences(&random);
            found.lock().unwrap_or_else(PoisonError::into_inner).push((random, differences));
        }
    };
    thread::scope(|scope| {
        for (queue, at_once) in [(&on_virtual, AT_ONCE[0]), (&real, AT_ONCE[1])] {
            for _ in 0..at_once {
                scope.spawn(|| compare(queue));
            }
        }
    });
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut counts: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    let mut undeclared = String::new();
    for (random, differences) in &found {
        let count = counts.entry(random.scenario.id).or_default();
        count[0] += 1;
        if !differences.is_empty() {
            count[1] += 1;
            let declared = random.are_declared(differences);
            let line = format!("{}: {}", random.name(), differences.join("; "));
            println!("{} {line}", if declared { "declared:" } else { "undeclared:" });
            if !declared {
                let _ = writeln!(undeclared, "{line}");
            }
        }
    }
    for (id, [settings, different]) in &counts {
        println!("{id}: {settings} settings, {different} of them differ");
    }
    assert!(undeclared.is_empty(), "where no `differs` says so:\n{undeclared}");
}
