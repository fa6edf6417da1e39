//! Replaces the names in the text of a stop by figures of the run.

use std::fmt::Write as _;

use scenario::story::For;
use scenario::{Kind, Outcome};
use trace::{Cause, Leaf, TaskIx, Trace, Waker};

use super::find::{self, Found};
use crate::{Ending, Report, Spec};

/// How many names of tasks a text lists at most.
const NAMES: usize = 3;

/// The text with all figures; `None` if the run lacks one of them.
pub(super) fn fill(spec: &Spec, trace: &Trace, report: Option<&Report>, found: Found, text: &str) -> Option<String> {
    let run = Run { spec, trace, report, found };
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('{') {
        let (name, after) = from.split_once('}')?;
        filled.push_str(before);
        filled.push_str(&run.figure(name)?);
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}

/// What figures are taken from.
struct Run<'a> {
    spec: &'a Spec,
    trace: &'a Trace,
    report: Option<&'a Report>,
    found: Found,
}

impl Run<'_> {
    fn figure(&self, name: &str) -> Option<String> {
        let (trace, at_ns) = (self.trace, self.found.at_ns);
        if let Some((of, name)) = name.split_once(':') {
            return self.named(of, name);
        }
        match name {
            "time" => Some(time(at_ns)),
            "length" => self.report.map(|report| time(report.elapsed_ns)),
            "task" => self.found.task.map(|task| trace.tasks[task as usize].name.clone()),
            "by" => self.by(),
            "lasted" => self.found.span.map(|(from_ns, to_ns)| time(to_ns - from_ns)),
            "crowd" => Some(self.crowd()?.to_string()),
            "holders" => self.holders(),
            "queue" => self.queue(),
            "spawned" => Some(self.others().count().to_string()),
            "alive" => Some(self.others().filter(|(_, task)| task.end_at(at_ns).is_none()).count().to_string()),
            "ended" => Some(self.others().filter(|(_, task)| task.end_at(at_ns).is_some()).count().to_string()),
            "cancelled" => {
                let cancelled = |end: Option<trace::Ended>| end.is_some_and(|end| end.how == trace::End::Cancelled);
                Some(self.others().filter(|(_, task)| cancelled(task.end_at(at_ns))).count().to_string())
            }
            "text" => self.found.line.map(|line| trace.log[line].message.clone()),
            "stuck" => {
                let stall = self.report?.stall(trace)?;
                Some(list(trace, stall.tasks.iter().map(|task| Some(task.task))))
            }
            _ => None,
        }
    }

    /// A figure of this kind that has a name.
    fn named(&self, of: &str, name: &str) -> Option<String> {
        let (trace, at_ns) = (self.trace, self.found.at_ns);
        let so_far = || find::named(trace, name).filter(|(_, task)| task.spawned_ns <= at_ns);
        match of {
            "count" => Some(so_far().count().to_string()),
            "done" => Some(so_far().filter(|(_, task)| task.end_at(at_ns).is_some()).count().to_string()),
            "counter" => Some(number(trace.counters.iter().find(|counter| counter.name == name)?.at(at_ns)?)),
            "word" => {
                let points = &trace.words.iter().find(|words| words.name == name)?.points;
                points.iter().rfind(|(since_ns, _)| *since_ns <= at_ns).map(|(_, word)| word.to_string())
            }
            "figure" => {
                let outcome = outcome(self.report?)?;
                let figure = outcome.figures.iter().find(|figure| figure.name == name)?;
                Some(if figure.unit == "ms" { time((figure.value * 1e6) as u64) } else { number(figure.value) })
            }
            "param" => {
                let (param, value) = self.spec.values.iter().find(|(param, _)| param.name == name)?;
                let is_time = matches!(param.kind, Kind::Number { unit: "ms", .. });
                Some(if is_time { time(self.spec.values.number(param).saturating_mul(1_000_000)) } else { value.to_string() })
            }
            _ => None,
        }
    }

    /// The tasks that have been spawned so far, without main.
    fn others(&self) -> impl Iterator<Item = (TaskIx, &trace::Task)> {
        let at_ns = self.found.at_ns;
        find::named(self.trace, "").filter(move |(ix, task)| *ix != 0 && task.spawned_ns <= at_ns)
    }

    /// The leaf that the task waits for at the moment, or waited for until then.
    fn leaf(&self) -> Option<Leaf> {
        let wait = match self.found.span {
            Some(_) => find::wait_of(self.trace, &self.found),
            None => self.trace.wait_at(self.found.task?, self.found.at_ns),
        };
        wait?.leaves.first().copied()
    }

    fn cause(&self) -> Option<Cause> {
        self.leaf().map(|leaf| self.trace.site(leaf.site).cause)
    }

    /// How many tasks wait for the same as the task.
    fn crowd(&self) -> Option<usize> {
        let kinds = [
            For::Time,
            For::Permit,
            For::Lock,
            For::Room,
            For::Message,
            For::Signal,
            For::Join,
            For::Io,
            For::Blocking,
            For::Turn,
        ];
        let cause = self.cause()?;
        let what = kinds.into_iter().find(|what| find::matches(cause, *what))?;
        let waits = |task: TaskIx| {
            let wait = self.trace.wait_at(task, self.found.at_ns);
            wait.is_some_and(|wait| wait.leaves.iter().any(|leaf| find::matches(self.trace.site(leaf.site).cause, what)))
        };
        Some((0..self.trace.tasks.len() as TaskIx).filter(|task| waits(*task)).count())
    }

    fn holders(&self) -> Option<String> {
        let resource = self.leaf()?.resource?;
        let holders = self.trace.resources[resource as usize].at_with(self.found.at_ns, 0).holders;
        (!holders.is_empty()).then(|| list(self.trace, holders.iter().map(|holder| holder.task)))
    }

    fn queue(&self) -> Option<String> {
        let resource = self.leaf()?.resource?;
        Some(self.trace.resources[resource as usize].at_with(self.found.at_ns, 0).waiting.to_string())
    }

    /// The task that ended the wait.
    fn by(&self) -> Option<String> {
        match find::wait_of(self.trace, &self.found)?.wake?.by {
            Waker::Task(by) => self.trace.tasks.get(by as usize).map(|by| by.name.clone()),
            Waker::Timer => Some("its timer".to_owned()),
            Waker::Scheduler | Waker::Budget => Some("the scheduler".to_owned()),
            Waker::Io => Some("the socket".to_owned()),
            Waker::Blocking => Some("a blocking thread".to_owned()),
            Waker::Outside | Waker::Unknown => None,
        }
    }
}

/// The outcome of a run that has one.
fn outcome(report: &Report) -> Option<&Outcome> {
    match &report.ending {
        Ending::Finished(outcome) => Some(outcome),
        _ => None,
    }
}

/// The names of some tasks, the first of them in full.
fn list(trace: &Trace, tasks: impl ExactSizeIterator<Item = Option<TaskIx>>) -> String {
    let all = tasks.len();
    let name = |task: Option<TaskIx>| {
        task.and_then(|task| trace.tasks.get(task as usize)).map_or("code outside all tasks", |task| task.name.as_str())
    };
    let shown = if all > NAMES + 1 { NAMES } else { all };
    let names: Vec<&str> = tasks.take(shown).map(name).collect();
    let mut text = String::new();
    for (at, name) in names.iter().enumerate() {
        let last = at + 1 == all;
        let between = match at {
            0 => "",
            _ if last => " and ",
            _ => ", ",
        };
        let _ = write!(text, "{between}{name}");
    }
    if all > shown {
        let _ = write!(text, " and {} others", all - shown);
    }
    text
}

/// A number without needless decimals.
fn number(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

/// A time as people write it: `340 ms`, `3.5 s`.
fn time(ns: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs"), (1, "ns")];
    let (unit_ns, unit) = UNITS.into_iter().find(|(unit_ns, _)| ns >= *unit_ns).unwrap_or((1_000_000, "ms"));
    let value = ns as f64 / unit_ns as f64;
    let text = match unit {
        "s" => format!("{value:.3}"),
        _ if value >= 100.0 => format!("{value:.0}"),
        _ => format!("{value:.2}"),
    };
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_people_write_them() {
        for (ns, text) in [
            (0, "0 ms"),
            (340_000_000, "340 ms"),
            (3_500_000_000, "3.5 s"),
            (12_000, "12 µs"),
            (6_001_400_000, "6.001 s"),
            (7, "7 ns"),
            (150_300_000, "150 ms"),
        ] {
            assert_eq!(time(ns), text);
        }
    }

    #[test]
    fn few_tasks_are_listed_and_many_are_counted() {
        let mut trace = Trace::default();
        trace.tasks = (0..9).map(|n| trace::Task { name: format!("task {n}"), ..trace::Task::default() }).collect();
        let of = |count: u32| list(&trace, (0..count).map(Some).collect::<Vec<_>>().into_iter());
        assert_eq!(of(1), "task 0");
        assert_eq!(of(2), "task 0 and task 1");
        assert_eq!(of(4), "task 0, task 1, task 2 and task 3");
        assert_eq!(of(9), "task 0, task 1, task 2 and 6 others");
    }
}
