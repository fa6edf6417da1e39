//! A run as one JSON object: the contract of `run --json`.
//!
//! The fields stand in the order in which they are declared here. A field that
//! is part of the contract is always there, empty or null when there is
//! nothing to tell.

use scenarios::{Check, Figure, Value, Values};
use serde::{Serialize, Serializer};

use crate::engine::{Ending, Report, Spec};
use crate::trace::{End, Ended, Trace};

/// So many tasks are named in a line of text.
const FEW: usize = 5;

/// A finished run as a JSON object on one line.
///
/// # Errors
///
/// When the serializer refuses, which it has no reason to.
pub fn json(spec: &Spec, trace: &Trace, report: &Report) -> serde_json::Result<String> {
    serde_json::to_string(&object(spec, trace, report))
}

#[derive(Serialize)]
struct Object<'a> {
    scenario: &'static str,
    params: Params<'a>,
    seed: u64,
    clock: &'static str,
    workers: usize,
    elapsed_ms: f64,
    outcome: Vec<Named<'a>>,
    checks: Vec<Checked<'a>>,
    tasks: Tasks,
    polls: Polls,
    events: Events,
    /// Causes and places of waits are not recorded yet, so none is told.
    waits: [(); 0],
    stall: Option<Stall<'a>>,
    /// A text, since 64 bits do not fit the numbers of every JSON reader.
    trace_hash: String,
}

/// The parameters as an object, in the order of declaration.
struct Params<'a>(&'a Values);

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
    #[serde(serialize_with = "number")]
    value: f64,
    unit: &'static str,
}

#[derive(Serialize)]
struct Checked<'a> {
    name: &'a str,
    holds: bool,
}

#[derive(Serialize)]
struct Tasks {
    spawned: u64,
    completed: u64,
    failed: u64,
    cancelled: u64,
    panicked: u64,
    alive: u64,
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

/// Nothing can ever run again. What the tasks hold and wait for is left out while it is not known.
#[derive(Serialize)]
struct Stall<'a> {
    kind: &'static str,
    tasks: Vec<Stuck<'a>>,
    text: String,
}

#[derive(Serialize)]
struct Stuck<'a> {
    task: &'a str,
}

impl Serialize for Params<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(param, value)| (param.name, Turned(value))))
    }
}

struct Turned(Value);

impl Serialize for Turned {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Number(n) => serializer.serialize_u64(n),
            Value::Choice(word) => serializer.serialize_str(word),
        }
    }
}

/// A whole number without a point: 20, not 20.0.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields over by reference")]
fn number<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    /// Every whole number up to here is a float of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT {
        serializer.serialize_i64(*value as i64)
    } else {
        serializer.serialize_f64(*value)
    }
}

fn object<'a>(spec: &'a Spec, trace: &'a Trace, report: &'a Report) -> Object<'a> {
    let (figures, checks): (&[Figure], &[Check]) = match &report.ending {
        Ending::Finished(outcome) => (&outcome.figures, &outcome.checks),
        _ => (&[], &[]),
    };
    let totals = trace.totals();
    Object {
        scenario: spec.scenario.id,
        params: Params(&spec.values),
        seed: spec.seed,
        clock: spec.clock.name(),
        workers: spec.workers,
        elapsed_ms: report.elapsed_ns as f64 / 1e6,
        outcome: figures.iter().map(|figure| Named { name: &figure.name, value: figure.value, unit: figure.unit }).collect(),
        checks: checks.iter().map(|check| Checked { name: &check.name, holds: check.holds }).collect(),
        tasks: Tasks {
            spawned: totals.spawned.into(),
            completed: totals.completed.into(),
            failed: totals.failed.into(),
            cancelled: totals.cancelled.into(),
            panicked: totals.panicked.into(),
            alive: totals.alive.into(),
        },
        polls: Polls { recorded: trace.polls, runtime: report.runtime_polls },
        events: Events { recorded: trace.recorded, lost: trace.lost },
        waits: [],
        stall: (report.ending == Ending::Stalled).then(|| stall(trace)),
        trace_hash: format!("{:016x}", trace.hash()),
    }
}

fn stall(trace: &Trace) -> Stall<'_> {
    let alive = |end: Option<Ended>| end.is_none_or(|end| end.how == End::Dropped);
    let tasks: Vec<_> = trace.tasks.iter().filter(|task| alive(task.ended)).map(|task| Stuck { task: &task.name }).collect();
    let named = tasks.iter().take(FEW).map(|stuck| stuck.task).collect::<Vec<_>>().join(", ");
    let more = if tasks.len() > FEW { format!(" and {} more", tasks.len() - FEW) } else { String::new() };
    Stall { kind: "unknown", text: format!("nothing can ever run again; still waiting: {named}{more}"), tasks }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Task;
    use scenarios::Outcome;

    fn spec() -> Spec {
        Spec::new(&scenarios::semaphore::SCENARIO)
    }

    fn report(ending: Ending) -> Report {
        Report { ending, elapsed_ns: 3_500_000_000, runtime_polls: None }
    }

    #[test]
    fn the_fields_stand_in_the_order_of_the_contract() -> serde_json::Result<()> {
        let outcome = Outcome::new().figure("completed", 20_u64, "requests").check("sound", true);
        let told = json(&spec(), &Trace::default(), &report(Ending::Finished(outcome)))?;
        let hash = format!("{:016x}", Trace::default().hash());
        let expected = [
            r#"{"scenario":"semaphore","params":{"requests":20,"permits":3,"latency":500,"jitter":0,"permits_each":1},"#,
            r#""seed":0,"clock":"virtual","workers":0,"elapsed_ms":3500.0,"#,
            r#""outcome":[{"name":"completed","value":20,"unit":"requests"}],"checks":[{"name":"sound","holds":true}],"#,
            r#""tasks":{"spawned":0,"completed":0,"failed":0,"cancelled":0,"panicked":0,"alive":0},"#,
            r#""polls":{"recorded":0,"runtime":null},"events":{"recorded":0,"lost":0},"#,
            r#""waits":[],"stall":null,"trace_hash":""#,
            &hash,
            r#""}"#,
        ];
        assert_eq!(told, expected.concat());
        Ok(())
    }

    #[test]
    fn a_figure_that_is_not_whole_keeps_its_fraction() -> serde_json::Result<()> {
        let figure = |value| serde_json::to_string(&Named { name: "n", value, unit: "ms" });
        assert_eq!(figure(1.5)?, r#"{"name":"n","value":1.5,"unit":"ms"}"#);
        assert_eq!(figure(-2.0)?, r#"{"name":"n","value":-2,"unit":"ms"}"#);
        assert_eq!(figure(1e300)?, r#"{"name":"n","value":1e+300,"unit":"ms"}"#);
        Ok(())
    }

    #[test]
    fn a_stall_names_the_tasks_that_are_still_there() -> serde_json::Result<()> {
        let task = |name: &str, how| Task {
            name: name.into(),
            ended: Some(Ended { at_ns: 5, how, inferred: false }),
            ..Task::default()
        };
        let mut trace = Trace::default();
        trace.tasks = vec![task("main", End::Dropped), task("done", End::Completed), task("stuck", End::Dropped)];
        let told = serde_json::to_value(object(&spec(), &trace, &report(Ending::Stalled)))?;
        assert_eq!(told["stall"]["kind"], "unknown");
        assert_eq!(told["stall"]["tasks"], serde_json::json!([{"task": "main"}, {"task": "stuck"}]));
        assert_eq!(told["stall"]["text"], "nothing can ever run again; still waiting: main, stuck");
        assert_eq!(told["outcome"], serde_json::json!([]));
        Ok(())
    }
}
