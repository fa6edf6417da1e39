//! `list`: the catalogue, as text or JSON.

use std::collections::BTreeMap;
use std::fmt::Write;

use scenario::{Breaks, Clock, How, Kind, Param, Scenario, Values};
use scenarios::CATALOGUE;
use serde::Serialize;

use super::args::ListArgs;
use super::out;
use super::spec;
use super::stop::Stop;

/// Lists every scenario, or one with its parameters.
pub(super) fn list(args: &ListArgs) -> Result<(), Stop> {
    let picked = args.scenario.as_deref().map(spec::scenario).transpose()?;
    if args.json {
        return json(picked.map_or(CATALOGUE, std::slice::from_ref));
    }
    out::print(&picked.map_or_else(|| catalogue(CATALOGUE), parameters))
}

/// Every ID with its lesson, by group.
fn catalogue(scenarios: &[Scenario]) -> String {
    let width = scenarios.iter().map(|scenario| scenario.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    let mut group = None;
    for scenario in scenarios {
        if group.replace(scenario.group) != Some(scenario.group) {
            let gap = if text.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{gap}{}", scenario.group.title());
        }
        let _ = writeln!(text, "  {:width$}  {}", scenario.id, scenario.lesson);
        if !scenario.clocks.contains(&Clock::Virtual) {
            let _ = writeln!(text, "  {:width$}  Needs the real clock, because {}.", "", scenario.real_because);
        }
    }
    text
}

/// One scenario with its parameters.
fn parameters(scenario: &Scenario) -> String {
    let clocks: Vec<_> = scenario.clocks.iter().map(|clock| clock.name()).collect();
    let mut text = format!("{}: {}\nClocks: {}\n", scenario.id, scenario.lesson, clocks.join(", "));
    if !scenario.real_because.is_empty() {
        let extent =
            if scenario.clocks.contains(&Clock::Virtual) { "Partly needs the real clock" } else { "Needs the real clock" };
        let _ = writeln!(text, "{extent}, because {}.", scenario.real_because);
    }
    if !scenario.builds_on.is_empty() {
        let _ = writeln!(text, "Builds on: {}", scenario.builds_on.join(", "));
    }
    for breaks in scenario.breaks {
        let _ = writeln!(text, "{}", breaking(breaks));
    }
    text.push('\n');
    let rows: Vec<_> = scenario.params.iter().map(|p| (p.name, p.default().to_string(), spec::range(p), p.help)).collect();
    let widest = |cell: fn(&(&str, String, String, &str)) -> usize| rows.iter().map(cell).max().unwrap_or(0);
    let (name, default, range) = (widest(|r| r.0.len()), widest(|r| r.1.len()), widest(|r| r.2.len()));
    for row in &rows {
        let _ = writeln!(
            text,
            "  {:name$}  {:>default$}  {:range$}  {}",
            row.0,
            row.1,
            format!("({})", row.2),
            row.3,
            range = range + 2
        );
    }
    let _ = writeln!(text, "\nRun it: async-playground run {} -p NAME=VALUE", scenario.id);
    text
}

/// How a scenario goes wrong on purpose at a setting, in one line.
fn breaking(breaks: &Breaks) -> String {
    let setting: Vec<_> = breaks.setting.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let ends = match breaks.how {
        How::Checks(checks) => format!("check failed: {}", checks.join("; ")),
        How::Stalls => "stalls".to_owned(),
    };
    let seed = breaks.seed.map(|seed| format!(" --seed {seed}")).unwrap_or_default();
    let schedule = breaks.schedule.map(|schedule| format!(" --schedule {schedule}")).unwrap_or_default();
    format!("Breaks at: {}{seed}{schedule} ({ends})", setting.join(" "))
}

fn json(scenarios: &[Scenario]) -> Result<(), Stop> {
    let entries: Vec<_> = scenarios.iter().map(Entry::from).collect();
    let text = serde_json::to_string_pretty(&entries).map_err(|error| Stop::Failed(format!("cannot write JSON: {error}")))?;
    out::print(&format!("{text}\n"))
}

/// A scenario in `list --json`.
#[derive(Serialize)]
struct Entry {
    id: &'static str,
    title: &'static str,
    group: &'static str,
    lesson: &'static str,
    clocks: Vec<&'static str>,
    params: Vec<Knob>,
    patterns: &'static [&'static str],
    differs: &'static str,
    builds_on: &'static [&'static str],
    breaks: Vec<Fault>,
    real_because: &'static str,
}

/// A setting at which a scenario goes wrong on purpose, in `list --json`.
#[derive(Serialize)]
struct Fault {
    setting: BTreeMap<&'static str, &'static str>,
    /// `check` or `stall`.
    ends: &'static str,
    checks: &'static [&'static str],
    /// A seed that shows it; null if every seed does.
    seed: Option<u64>,
    /// A schedule that shows it; null if Tokio's own order does.
    schedule: Option<&'static str>,
    /// Whether the defaults are this setting.
    default: bool,
}

/// A parameter in `list --json`; fields that do not apply to its kind are null.
#[derive(Serialize)]
struct Knob {
    name: &'static str,
    kind: &'static str,
    default: Default,
    min: Option<u64>,
    max: Option<u64>,
    choices: Option<&'static [&'static str]>,
    unit: Option<&'static str>,
    help: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Default {
    Number(u64),
    Choice(&'static str),
}

impl From<&Scenario> for Entry {
    fn from(scenario: &Scenario) -> Self {
        Self {
            id: scenario.id,
            title: scenario.title,
            group: scenario.group.title(),
            lesson: scenario.lesson,
            clocks: scenario.clocks.iter().map(|clock| clock.name()).collect(),
            params: scenario.params.iter().map(Knob::from).collect(),
            patterns: scenario.patterns,
            differs: scenario.differs,
            builds_on: scenario.builds_on,
            breaks: scenario.breaks.iter().map(|breaks| Fault::of(breaks, scenario)).collect(),
            real_because: scenario.real_because,
        }
    }
}

impl Fault {
    fn of(breaks: &Breaks, scenario: &Scenario) -> Self {
        let (ends, checks) = match breaks.how {
            How::Checks(checks) => ("check", checks),
            How::Stalls => ("stall", &[] as &[_]),
        };
        let setting = breaks.setting.iter().copied().collect();
        let (seed, schedule) = (breaks.seed, breaks.schedule);
        Self { setting, ends, checks, seed, schedule, default: breaks.is_at(&Values::defaults(scenario.params)) }
    }
}

impl From<&Param> for Knob {
    fn from(param: &Param) -> Self {
        let (name, help) = (param.name, param.help);
        match param.kind {
            Kind::Number { default, min, max, unit } => Self {
                name,
                kind: "number",
                default: Default::Number(default),
                min: Some(min),
                max: Some(max),
                choices: None,
                unit: Some(unit),
                help,
            },
            Kind::Choice(choices) => Self {
                name,
                kind: "choice",
                default: Default::Choice(choices[0]),
                min: None,
                max: None,
                choices: Some(choices),
                unit: None,
                help,
            },
        }
    }
}
