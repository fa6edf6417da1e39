//! A run as one JSON object: the contract of `run --json`.
//!
//! Fields are written in the order of their declaration here. Every field of the
//! contract is always present, empty or null if there is nothing to report.

use scenario::Values;
use serde::{Serialize, Serializer};

use super::values::{self, Checked, Named, Typed};
use engine::question;
use engine::story::Told;
use engine::{Report, Schedule, Spec};
use recording::Program;
use trace::{Finding, Place, Stall, Trace, WaitTotal};

/// A finished run as a JSON object on one line.
///
/// # Errors
///
/// If serialization fails, which should never happen.
pub fn json(spec: &Spec, trace: &Trace, report: &Report) -> serde_json::Result<String> {
    tui::json::to_string(&object(spec, trace, report))
}

/// A program as a JSON object on one line.
///
/// # Errors
///
/// See [`json`].
pub fn program_json(program: &Program, trace: &Trace, report: &Report) -> serde_json::Result<String> {
    tui::json::to_string(&ProgramObject {
        program,
        ended: report.ending.word(),
        since_ms: ms(trace.since_ns),
        elapsed_ms: ms(report.elapsed_ns),
        observed: observed(trace, report),
    })
}

#[derive(Serialize)]
pub(super) struct Object<'a> {
    scenario: &'static str,
    params: Params<'a>,
    seed: u64,
    /// A number, or a list as a text.
    schedule: serde_json::Value,
    clock: &'static str,
    workers: usize,
    /// The polls that the schedule cut. As a list, they are a schedule that gives the same run.
    preemptions: Vec<Cut>,
    elapsed_ms: f64,
    outcome: Vec<Named<'a>>,
    checks: Vec<Checked<'a>>,
    /// The stops of the scenario's story that occur in the run.
    story: Vec<ToldStop>,
    /// The scenario's questions that the run answers.
    questions: Vec<AnsweredQuestion>,
    #[serde(flatten)]
    observed: Observed<'a>,
}

/// A poll that the schedule cut.
#[derive(Serialize)]
struct Cut {
    /// Counted from 1.
    poll: u64,
    operations: u8,
    at_ms: f64,
    task: String,
    /// The line of the operation that it did not begin.
    place: Option<String>,
}

/// A program as a JSON object.
#[derive(Serialize)]
struct ProgramObject<'a> {
    program: &'a Program,
    /// `exited`, `cut off` or `lost`, or how the recorder said that it ended.
    ended: &'static str,
    /// From when on everything is known.
    since_ms: f64,
    elapsed_ms: f64,
    #[serde(flatten)]
    observed: Observed<'a>,
}

/// What was observed, of a scenario and of a program alike.
#[derive(Serialize)]
struct Observed<'a> {
    tasks: Tasks,
    polls: Polls,
    events: Events,
    /// What the build lacks, so that the lines of waits are unknown.
    missing: Vec<&'static str>,
    /// Sorted by total time, longest first.
    waits: Vec<Waited>,
    stall: Option<ToldStall<'a>>,
    /// The gravest kind first.
    findings: Vec<ToldFinding<'a>>,
    /// A string, because many JSON readers cannot represent 64-bit numbers.
    trace_hash: String,
    /// Null if wakes were not recorded.
    wake_hash: Option<String>,
}

/// A stop of the story.
#[derive(Serialize)]
struct ToldStop {
    at_ms: f64,
    /// The number of the task to look at.
    task: Option<u32>,
    /// The line of the scenario's source to look at, from 1, if the story names one.
    line: Option<u32>,
    text: String,
}

/// A question, and the answer of the run.
#[derive(Serialize)]
struct AnsweredQuestion {
    text: String,
    /// Empty if a number or a time is asked for.
    choices: Vec<String>,
    answer: String,
    why: String,
}

/// The parameters as an object, in the order of declaration.
struct Params<'a>(&'a Values);

#[derive(Serialize)]
struct Tasks {
    spawned: u64,
    completed: u64,
    failed: u64,
    cancelled: u64,
    panicked: u64,
    alive: u64,
    /// Tasks whose end is unknown. Omitted if zero, as in every run of the program itself.
    #[serde(skip_serializing_if = "is_zero")]
    unknown: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[derive(Serialize)]
struct Polls {
    recorded: u64,
    runtime: Option<u64>,
}

#[derive(Serialize)]
struct Events {
    recorded: u64,
    lost: u64,
}

/// All waits with one cause at one place.
#[derive(Serialize)]
struct Waited {
    cause: &'static str,
    /// `file:line`; null if no line of the program's own is known.
    place: Option<String>,
    count: u64,
    total_ms: f64,
    max_ms: f64,
}

/// Why tasks can never continue.
#[derive(Serialize)]
struct ToldStall<'a> {
    kind: &'static str,
    tasks: Vec<Stuck<'a>>,
    /// Whether any link between two tasks is inferred.
    inferred: bool,
    text: String,
}

/// One finding.
#[derive(Serialize)]
struct ToldFinding<'a> {
    kind: &'static str,
    /// The worst affected task.
    task: Option<&'a str>,
    /// How many tasks have the problem.
    tasks: u32,
    place: Option<String>,
    at_ms: f64,
    text: String,
    advice: &'static str,
    inferred: bool,
}

#[derive(Serialize)]
struct Stuck<'a> {
    task: &'a str,
    holds: Vec<ToldHeld>,
    /// Null if it was not recorded.
    waits: Option<ToldWait>,
}

#[derive(Serialize)]
struct ToldHeld {
    /// Its kind, and where it was created.
    resource: String,
    /// Where it was taken.
    place: Option<String>,
}

#[derive(Serialize)]
struct ToldWait {
    cause: &'static str,
    place: Option<String>,
    /// Null if it is neither a lock nor a semaphore, or unknown.
    resource: Option<String>,
}

impl Serialize for Params<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(param, value)| (param.name, Typed(value))))
    }
}

pub(super) fn object<'a>(spec: &'a Spec, trace: &'a Trace, report: &'a Report) -> Object<'a> {
    Object {
        scenario: spec.scenario.id,
        params: Params(&spec.values),
        seed: spec.seed,
        schedule: scheduled(&spec.schedule),
        clock: spec.clock.name(),
        workers: spec.workers,
        preemptions: trace.preemptions().iter().map(|preempted| cut(trace, preempted)).collect(),
        elapsed_ms: ms(report.elapsed_ns),
        outcome: values::figures(report),
        checks: values::checks(report),
        story: engine::story::story(spec, trace, Some(report)).into_iter().map(told_stop).collect(),
        questions: questions(spec, trace, report),
        observed: observed(trace, report),
    }
}

fn scheduled(schedule: &Schedule) -> serde_json::Value {
    match schedule {
        Schedule::Number(number) => (*number).into(),
        Schedule::List(_) => schedule.to_string().into(),
    }
}

fn cut(trace: &Trace, cut: &trace::Preempted) -> Cut {
    Cut {
        poll: cut.poll,
        operations: cut.operations,
        at_ms: ms(cut.at_ns),
        task: trace.tasks.get(cut.task as usize).map_or_else(String::new, |task| task.name.clone()),
        place: trace.site(cut.site).place.as_ref().map(ToString::to_string),
    }
}

fn questions(spec: &Spec, trace: &Trace, report: &Report) -> Vec<AnsweredQuestion> {
    let answered = |asked: question::Asked| {
        let answered = question::answer(spec, trace, report, asked.question)?;
        Some(AnsweredQuestion { text: asked.text, choices: asked.choices, answer: answered.text, why: answered.why })
    };
    question::ask(spec).into_iter().filter_map(answered).collect()
}

fn told_stop(stop: Told) -> ToldStop {
    ToldStop { at_ms: ms(stop.at_ns), task: stop.task, line: stop.line, text: stop.says }
}

fn observed<'a>(trace: &'a Trace, report: &Report) -> Observed<'a> {
    let totals = trace.totals();
    Observed {
        tasks: Tasks {
            spawned: totals.spawned.into(),
            completed: totals.completed.into(),
            failed: totals.failed.into(),
            cancelled: totals.cancelled.into(),
            panicked: totals.panicked.into(),
            alive: totals.alive.into(),
            unknown: totals.unknown.into(),
        },
        polls: Polls { recorded: trace.polls, runtime: report.runtime_polls },
        events: Events { recorded: trace.recorded, lost: trace.lost },
        missing: trace.missing.parts().map(|part| part.what).collect(),
        waits: trace.wait_totals().into_iter().map(waited).collect(),
        stall: report.stall(trace).map(|stall| told_stall(trace, stall)),
        findings: trace.findings().list.into_iter().map(|finding| told_finding(trace, finding)).collect(),
        trace_hash: format!("{:016x}", trace.hash()),
        wake_hash: trace.wake_hash().map(|hash| format!("{hash:016x}")),
    }
}

fn waited(total: WaitTotal) -> Waited {
    Waited {
        cause: total.cause.name(),
        place: total.place.map(|place| place.to_string()),
        count: total.count,
        total_ms: ms(total.total_ns),
        max_ms: ms(total.max_ns),
    }
}

fn told_stall(trace: &Trace, stall: Stall) -> ToldStall<'_> {
    let line = |place: &Option<Place>| place.as_ref().map(Place::to_string);
    let tasks = stall.tasks.into_iter().map(|stuck| Stuck {
        task: trace.tasks.get(stuck.task as usize).map_or("", |task| &task.name),
        holds: stuck
            .holds
            .into_iter()
            .map(|held| ToldHeld { resource: trace.resource_name(held.resource), place: line(&held.place) })
            .collect(),
        waits: stuck.waits.map(|waits| ToldWait {
            cause: waits.cause.name(),
            place: line(&waits.place),
            resource: waits.resource.map(|resource| trace.resource_name(resource)),
        }),
    });
    ToldStall { kind: stall.kind.name(), tasks: tasks.collect(), inferred: stall.inferred, text: stall.text }
}

fn told_finding(trace: &Trace, finding: Finding) -> ToldFinding<'_> {
    ToldFinding {
        kind: finding.kind.name(),
        task: finding.task.and_then(|task| trace.tasks.get(task as usize)).map(|task| &*task.name),
        tasks: finding.tasks,
        place: finding.place.map(|place| place.to_string()),
        at_ms: ms(finding.at_ns),
        text: finding.text,
        advice: finding.kind.advice(),
        inferred: finding.inferred,
    }
}

/// Divides rather than multiplies by 1e-6, which is not exactly representable, so whole milliseconds stay whole.
fn ms(ns: u64) -> f64 {
    ns as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::Ending;
    use scenario::Outcome;
    use trace::{Cause, FindingKind, StallKind, Stalled, StalledWait, Task};

    fn spec() -> Spec {
        Spec::new(&scenarios::semaphore::SCENARIO)
    }

    fn report(ending: Ending) -> Report {
        Report { ending, elapsed_ns: 3_500_000_000, runtime_polls: None }
    }

    #[test]
    fn the_fields_stand_in_the_order_of_the_contract() -> serde_json::Result<()> {
        let outcome =
            Outcome::new().figure("peak in flight", 3_u64, "requests").figure("total", 3_500_u64, "ms").check("sound", true);
        let told = json(&spec(), &Trace::default(), &report(Ending::Finished(outcome)))?;
        let hash = format!("{:016x}", Trace::default().hash());
        let wakes = format!("{:016x}", Trace::default().wake_hash().expect("wakes are recorded by default"));
        let expected = [
            r#"{"scenario":"semaphore","params":{"requests":20,"permits":3,"latency":500,"jitter":0,"permits_each":1},"#,
            r#""seed":0,"schedule":0,"clock":"virtual","workers":0,"preemptions":[],"elapsed_ms":3500.0,"#,
            r#""outcome":[{"name":"peak in flight","value":3,"unit":"requests"},{"name":"total","value":3500,"unit":"ms"}],"#,
            r#""checks":[{"name":"sound","holds":true}],"#,
            r#""story":[{"at_ms":3500.0,"task":null,"line":null,"#,
            r#""text":"The run took 3.5 s, and never more than 3 calls were in flight."}],"#,
            r#""questions":[{"text":"Each of the 20 calls takes about 500 ms. How long do all of them take?","#,
            r#""choices":["About as long as one call","As long as all calls one after the other","Something between"],"#,
            r#""answer":"Something between","why":"At most 3 calls were in flight at once, so the run took 3.5 s."}],"#,
            r#""tasks":{"spawned":0,"completed":0,"failed":0,"cancelled":0,"panicked":0,"alive":0},"#,
            r#""polls":{"recorded":0,"runtime":null},"events":{"recorded":0,"lost":0},"#,
            r#""missing":[],"waits":[],"stall":null,"findings":[],"trace_hash":""#,
            &hash,
            r#"","wake_hash":""#,
            &wakes,
            r#""}"#,
        ];
        assert_eq!(told, expected.concat());
        Ok(())
    }

    #[test]
    fn a_wait_is_told_to_the_exact_millisecond() -> serde_json::Result<()> {
        let place = Some(Place { file: "scenarios/a.rs".into(), line: 7 });
        let total = WaitTotal { cause: Cause::MpscRecv, place, count: 2, total_ns: 1_757_000_000, max_ns: 1_500_001 };
        let told = serde_json::to_string(&waited(total))?;
        let expected = r#"{"cause":"mpsc recv","place":"scenarios/a.rs:7","count":2,"total_ms":1757.0,"max_ms":1.500001}"#;
        assert_eq!(told, expected);
        Ok(())
    }

    #[test]
    fn a_finding_tells_its_task_by_name() -> serde_json::Result<()> {
        let mut trace = Trace::default();
        trace.tasks = vec![Task { name: "main".into(), bytes: 20_000, ..Task::default() }];
        let findings = serde_json::to_value(object(&spec(), &trace, &report(Ending::Stopped)).observed.findings)?;
        let expected = serde_json::json!([{
            "kind": "large-future",
            "task": "main",
            "tasks": 1,
            "place": null,
            "at_ms": 0.0,
            "text": "the future of main has 20000 bytes",
            "advice": FindingKind::LargeFuture.advice(),
            "inferred": false,
        }]);
        assert_eq!(findings, expected);
        Ok(())
    }

    #[test]
    fn a_stall_tells_of_each_task_what_it_holds_and_waits_for() -> serde_json::Result<()> {
        let mut trace = Trace::default();
        trace.tasks = vec![Task { name: "main".into(), ..Task::default() }, Task { name: "lost".into(), ..Task::default() }];
        let waits = Some(StalledWait { cause: Cause::Join, place: None, resource: None });
        let tasks = vec![Stalled { task: 1, holds: Vec::new(), waits }, Stalled { task: 0, holds: Vec::new(), waits: None }];
        let stall = Stall { kind: StallKind::Unknown, tasks, inferred: false, text: "so it is".to_owned() };
        let told = serde_json::to_value(told_stall(&trace, stall))?;
        let expected = serde_json::json!({
            "kind": "unknown",
            "tasks": [
                {"task": "lost", "holds": [], "waits": {"cause": "join", "place": null, "resource": null}},
                {"task": "main", "holds": [], "waits": null},
            ],
            "inferred": false,
            "text": "so it is",
        });
        assert_eq!(told, expected);
        Ok(())
    }
}
