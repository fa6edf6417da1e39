//! A run as the viewer in a page reads it: one JSON object.
//!
//! The lists that grow with a run are flat lists of numbers, and their times are differences to the time before. So a change of a
//! task's state takes about eight bytes. All times are whole nanoseconds since the run began. The viewer's `data.js` reads
//! this.

use serde::Serialize;

use super::tasks::{self, Told};
use crate::Exported;
use engine::{compare, story};
use scenario::unit_after;
use trace::{Family, Trace};

/// A run.
#[derive(Debug, Serialize)]
pub(super) struct Data<'a> {
    pub(super) title: String,
    /// The scenario; none for a program.
    id: Option<&'a str>,
    kind: &'static str,
    /// One sentence.
    pub(super) lesson: &'a str,
    /// Paragraphs, with code in backticks.
    text: String,
    /// The command that repeats the run; empty for a program.
    share: String,
    facts: Vec<(String, String)>,
    clock: &'static str,
    /// From when on everything is known.
    since: u64,
    end: u64,
    /// The stretch to show first.
    from: u64,
    to: u64,
    over: bool,
    pub(super) ending: Ending,
    pub(super) outcome: Vec<Figure<'a>>,
    pub(super) checks: Vec<Check<'a>>,
    knows_waits: bool,
    families: Vec<FamilyName>,
    threads: Vec<String>,
    #[serde(flatten)]
    told: Told<'a>,
    resources: Vec<Resource>,
    moments: Vec<(u64, &'a str)>,
    /// The polls that the schedule cut: the task, the time, and the line.
    preemptions: Vec<(u32, u64, Option<String>)>,
    counters: Vec<Counter>,
    words: Vec<Words<'a>>,
    queue: Option<Queue>,
    log: Vec<(u64, Option<u32>, &'static str, &'a str)>,
    pub(super) story: Vec<Stop>,
    pub(super) findings: Vec<Finding>,
    pub(super) stall: Option<Stall>,
    /// What decided how long the run took: tasks, each with the stretch that it decided.
    critical: Vec<(u32, u64, u64)>,
    pub(super) wait_table: Vec<Waited>,
    lost: u64,
    code: Vec<Code<'a>>,
    /// How asyncio and Tokio differ.
    differs: &'a str,
}

/// How a run ended.
#[derive(Debug, Serialize)]
pub(super) struct Ending {
    how: &'static str,
    pub(super) text: String,
    /// Whether it ended badly.
    pub(super) bad: bool,
}

/// A figure of the outcome.
#[derive(Debug, Serialize)]
pub(super) struct Figure<'a> {
    pub(super) name: &'a str,
    /// With its unit.
    pub(super) value: String,
}

/// A check of the outcome.
#[derive(Debug, Serialize)]
pub(super) struct Check<'a> {
    pub(super) name: &'a str,
    pub(super) holds: bool,
}

#[derive(Debug, Serialize)]
struct FamilyName {
    name: &'static str,
    word: &'static str,
}

#[derive(Debug, Serialize)]
struct Resource {
    name: String,
    kind: &'static str,
}

/// A quantity over time: times as differences, each with its value.
#[derive(Debug, Serialize)]
struct Counter {
    name: String,
    points: Vec<f64>,
}

#[derive(Debug, Serialize)]
struct Words<'a> {
    name: &'static str,
    points: Vec<(u64, &'a str)>,
}

/// The wait queue that tasks waited in longest.
#[derive(Debug, Serialize)]
struct Queue {
    name: String,
    points: Vec<u64>,
}

/// A stop of the story.
#[derive(Debug, Serialize)]
pub(super) struct Stop {
    pub(super) at: u64,
    task: Option<u32>,
    line: Option<u32>,
    pub(super) text: String,
}

/// A finding.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    kind: &'static str,
    pub(super) text: String,
    pub(super) advice: &'static str,
    at: u64,
    task: Option<u32>,
    place: Option<String>,
    inferred: bool,
}

/// Why tasks can never go on.
#[derive(Debug, Serialize)]
pub(super) struct Stall {
    pub(super) text: String,
    at: u64,
    tasks: Vec<u32>,
    inferred: bool,
}

/// All waits with one cause at one place.
#[derive(Debug, Serialize)]
pub(super) struct Waited {
    pub(super) cause: &'static str,
    pub(super) place: Option<String>,
    pub(super) count: u64,
    pub(super) total: u64,
    pub(super) max: u64,
}

#[derive(Debug, Serialize)]
struct Code<'a> {
    title: &'a str,
    lang: &'static str,
    text: &'a str,
}

impl<'a> Data<'a> {
    /// Collects what the viewer shows.
    pub(super) fn of(exported: &Exported<'a>) -> Self {
        let Exported { spec, trace, report, .. } = *exported;
        let scenario = spec.scenario;
        let is_scenario = exported.program.is_none();
        let outcome = report.and_then(compare::outcome);
        Self {
            title: exported.title(),
            id: is_scenario.then_some(scenario.id),
            kind: if is_scenario { "scenario" } else { "program" },
            lesson: scenario.lesson,
            text: scenario.text(),
            share: if is_scenario { spec.share() } else { String::new() },
            facts: exported.settings(),
            clock: spec.clock.name(),
            since: trace.since_ns,
            end: trace.end_ns,
            from: *exported.range_ns.start(),
            to: *exported.range_ns.end(),
            over: trace.closed,
            ending: ending(exported),
            outcome: outcome.map_or_else(Vec::new, |outcome| {
                let value = |figure: &scenario::Figure| {
                    format!("{} {}", (figure.value * 1e3).round() / 1e3, unit_after(figure.value, figure.unit))
                };
                let figure = |figure| Figure { value: value(figure).trim_end().to_owned(), name: &figure.name };
                outcome.figures.iter().map(figure).collect()
            }),
            checks: outcome.map_or_else(Vec::new, |outcome| {
                outcome.checks.iter().map(|check| Check { name: &check.name, holds: check.holds }).collect()
            }),
            knows_waits: trace.knows_ready(),
            families: Family::ALL.map(|family| FamilyName { name: family.name(), word: family.word() }).into(),
            threads: (0..trace.threads.len()).map(|thread| trace.thread_name(thread as u16)).collect(),
            told: tasks::told(trace, scenario.path),
            resources: (0..)
                .zip(&trace.resources)
                .map(|(ix, of)| Resource { name: trace.resource_name(ix), kind: of.kind.name() })
                .collect(),
            moments: trace.moments.iter().map(|moment| (moment.at_ns, &*moment.word)).collect(),
            preemptions: trace.preemptions().iter().map(|cut| (cut.task, cut.at_ns, place(trace, cut.site))).collect(),
            counters: trace.counters.iter().map(counter).collect(),
            words: trace.words.iter().map(words).collect(),
            queue: queue(trace),
            log: trace.log.iter().map(|line| (line.at_ns, line.task, line.level.name(), &*line.message)).collect(),
            story: story(exported),
            findings: trace.findings().list.into_iter().map(finding).collect(),
            stall: stall(exported),
            critical: critical(trace),
            wait_table: trace.wait_totals().into_iter().map(waited).collect(),
            lost: trace.lost,
            code: code(exported),
            differs: scenario.differs,
        }
    }
}

fn ending(exported: &Exported<'_>) -> Ending {
    let Some(report) = exported.report else {
        let (how, text) = if exported.trace.closed { ("cut off", "cut off before its end") } else { ("running", "goes on") };
        return Ending { how, text: text.to_owned(), bad: false };
    };
    let sound = compare::outcome(report).is_none_or(|outcome| outcome.checks.iter().all(|check| check.holds));
    let fine = matches!(report.ending, engine::Ending::Finished(_) | engine::Ending::Stopped | engine::Ending::Exited);
    let says = report.ending.says(exported.spec);
    let text = if sound { says } else { format!("{says}, but a check failed") };
    Ending { how: report.ending.word(), text, bad: !fine || !sound }
}

fn place(trace: &Trace, site: trace::SiteIx) -> Option<String> {
    trace.site(site).place.as_ref().map(ToString::to_string)
}

fn counter(counter: &trace::Counter) -> Counter {
    let mut before_ns = 0;
    let mut points = Vec::with_capacity(2 * counter.points.len());
    for (at_ns, value) in &counter.points {
        points.extend([(at_ns - before_ns) as f64, *value]);
        before_ns = *at_ns;
    }
    Counter { name: counter.name.replace('_', " "), points }
}

fn words(words: &trace::Words) -> Words<'_> {
    Words { name: words.name, points: words.points.iter().map(|(at_ns, word)| (*at_ns, &**word)).collect() }
}

fn queue(trace: &Trace) -> Option<Queue> {
    let ix = trace.longest_queue()?;
    let resource = &trace.resources[ix as usize];
    let mut before_ns = 0;
    let mut points = Vec::new();
    for (at_ns, length) in resource.queue_lengths() {
        points.extend([at_ns - before_ns, u64::from(*length)]);
        before_ns = *at_ns;
    }
    Some(Queue { name: format!("queued for {}", trace.resource_name(ix)), points })
}

fn story(exported: &Exported<'_>) -> Vec<Stop> {
    let stops = story::story(exported.spec, exported.trace, exported.report);
    stops.into_iter().map(|told| Stop { at: told.at_ns, task: told.task, line: told.line, text: told.says }).collect()
}

fn finding(finding: trace::Finding) -> Finding {
    Finding {
        kind: finding.kind.name(),
        advice: finding.kind.advice(),
        at: finding.at_ns,
        task: finding.task,
        place: finding.place.map(|place| place.to_string()),
        inferred: finding.inferred,
        text: finding.text,
    }
}

fn stall(exported: &Exported<'_>) -> Option<Stall> {
    let trace = exported.trace;
    let stall = match exported.report {
        Some(report) => report.stall(trace),
        None => trace.deadlock_at(trace.end_ns),
    }?;
    let at = trace.deadlocks.first().map_or(trace.end_ns, |(closed_ns, _)| *closed_ns);
    let tasks = stall.tasks.iter().map(|stuck| stuck.task).collect();
    Some(Stall { text: stall.text, at, tasks, inferred: stall.inferred })
}

fn critical(trace: &Trace) -> Vec<(u32, u64, u64)> {
    let Some((task, end_ns)) = trace.critical_end(trace.since_ns) else { return Vec::new() };
    let path = trace.critical_path(task, trace.since_ns, end_ns, end_ns);
    path.steps.iter().map(|step| (step.task, step.from_ns, step.to_ns)).collect()
}

fn waited(total: trace::WaitTotal) -> Waited {
    Waited {
        cause: total.cause.name(),
        place: total.place.map(|place| place.to_string()),
        count: total.count,
        total: total.total_ns,
        max: total.max_ns,
    }
}

fn code<'a>(exported: &Exported<'a>) -> Vec<Code<'a>> {
    let scenario = exported.spec.scenario;
    let rust = Code { title: scenario.path, lang: "rust", text: scenario.source };
    let python = Code { title: "asyncio", lang: "python", text: scenario.twin };
    [rust, python].into_iter().filter(|code| !code.text.is_empty()).collect()
}
