//! The figures of a run that stories and questions name, and the texts that contain them.

use std::fmt::{self, Write as _};

use scenario::story::For;
use scenario::{Kind, Outcome, unit_after};
use trace::{Cause, Leaf, TaskIx, Trace, Waker};

use super::find::{self, Found};
use crate::{Ending, Report, Spec};

/// How many names of tasks a text lists at most.
const NAMES: usize = 3;

/// What figures are taken from: a run, at a moment.
pub(crate) struct Run<'a> {
    pub(crate) spec: &'a Spec,
    pub(crate) trace: &'a Trace,
    pub(crate) report: Option<&'a Report>,
    pub(crate) found: Found,
}

/// A figure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// A number without a unit.
    Number(f64),
    /// A time in nanoseconds.
    Time(f64),
    /// Names or words.
    Text(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(value) => f.write_str(&number(*value)),
            Self::Time(ns) => f.write_str(&time(*ns as u64)),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl Value {
    fn count(count: usize) -> Self {
        Self::Number(count as f64)
    }

    fn time(ns: u64) -> Self {
        Self::Time(ns as f64)
    }

    /// A number that was set or measured in this unit.
    fn of_unit(value: f64, unit: &str) -> Self {
        if unit == "ms" { Self::Time(value * 1e6) } else { Self::Number(value) }
    }

    /// Both together; `None` if that has no meaning, as for a time plus a number.
    fn combine(self, operator: char, other: Self) -> Option<Self> {
        use Value::{Number, Time};
        let calculated = |a: f64, b: f64| match operator {
            '+' => Some(a + b),
            '-' => Some(a - b),
            '*' => Some(a * b),
            _ => (b != 0.0).then(|| a / b),
        };
        match (self, operator, other) {
            (Time(a), '+' | '-', Time(b)) | (Time(a), '*' | '/', Number(b)) | (Number(a), '*', Time(b)) => {
                calculated(a, b).map(Time)
            }
            (Number(a), _, Number(b)) | (Time(a), '/', Time(b)) => calculated(a, b).map(Number),
            _ => None,
        }
    }
}

impl Run<'_> {
    /// The text with all figures; `None` if the run lacks one of them.
    pub(crate) fn fill(&self, text: &str) -> Option<String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, from)) = rest.split_once('{') {
            let (name, after) = from.split_once('}')?;
            filled.push_str(before);
            let value = self.value(name)?;
            let _ = write!(filled, "{value}");
            rest = if value == Value::Number(1.0) { after_one(&mut filled, after) } else { after };
        }
        filled.push_str(rest);
        Some(filled)
    }

    /// A figure, a number, a word in quotes, or several with operators between them, worked out from left to right.
    pub(crate) fn value(&self, text: &str) -> Option<Value> {
        let operator = |text: &str| text.match_indices([' ']).find_map(|(at, _)| operator_at(text, at).map(|found| (at, found)));
        let (mut left, mut rest) = match operator(text) {
            Some((at, _)) => (self.atom(&text[..at])?, &text[at..]),
            None => return self.atom(text),
        };
        while let Some(found) = operator_at(rest, 0) {
            rest = &rest[OPERATOR..];
            let end = operator(rest).map_or(rest.len(), |(at, _)| at);
            left = left.combine(found, self.atom(&rest[..end])?)?;
            rest = &rest[end..];
        }
        Some(left)
    }

    fn atom(&self, text: &str) -> Option<Value> {
        let quoted = || text.strip_prefix('\'')?.strip_suffix('\'').map(|word| Value::Text(word.to_owned()));
        text.parse().ok().map(Value::Number).or_else(quoted).or_else(|| self.figure(text))
    }

    fn figure(&self, name: &str) -> Option<Value> {
        let (trace, at_ns) = (self.trace, self.found.at_ns);
        if let Some((of, name)) = name.split_once(':') {
            return self.named(of, name);
        }
        match name {
            "time" => Some(Value::time(at_ns)),
            "length" => self.report.map(|report| Value::time(report.elapsed_ns)),
            "task" => self.found.task.map(|task| Value::Text(trace.tasks[task as usize].name.clone())),
            "by" => self.by().map(Value::Text),
            "lasted" => self.found.span.map(|(from_ns, to_ns)| Value::time(to_ns - from_ns)),
            "crowd" => self.crowd().map(Value::count),
            "holders" => self.holders().map(Value::Text),
            "queue" => self.queue(),
            "spawned" => Some(Value::count(self.others().count())),
            "alive" => Some(Value::count(self.others().filter(|(_, task)| task.end_at(at_ns).is_none()).count())),
            "ended" => Some(Value::count(self.others().filter(|(_, task)| task.end_at(at_ns).is_some()).count())),
            "cancelled" => {
                let cancelled = |end: Option<trace::Ended>| end.is_some_and(|end| end.how == trace::End::Cancelled);
                Some(Value::count(self.others().filter(|(_, task)| cancelled(task.end_at(at_ns))).count()))
            }
            "text" => self.found.line.map(|line| Value::Text(trace.log[line].message.clone())),
            "stuck" => {
                let stall = self.report?.stall(trace)?;
                Some(Value::Text(list(trace, stall.tasks.iter().map(|task| Some(task.task)))))
            }
            _ => None,
        }
    }

    /// A figure of this kind that has a name.
    fn named(&self, of: &str, name: &str) -> Option<Value> {
        let (trace, at_ns) = (self.trace, self.found.at_ns);
        let so_far = || find::named(trace, name).filter(|(_, task)| task.spawned_ns <= at_ns);
        match of {
            "count" => Some(Value::count(so_far().count())),
            "done" => Some(Value::count(so_far().filter(|(_, task)| task.end_at(at_ns).is_some()).count())),
            "counter" => {
                let counter = trace.counters.iter().find(|counter| counter.name == name)?;
                counter.at(at_ns).map(Value::Number)
            }
            "word" => {
                let points = &trace.words.iter().find(|words| words.name == name)?.points;
                points.iter().rfind(|(since_ns, _)| *since_ns <= at_ns).map(|(_, word)| Value::Text(word.to_string()))
            }
            "figure" => {
                let figure = outcome(self.report?)?.figures.iter().find(|figure| figure.name == name)?;
                Some(Value::of_unit(figure.value, figure.unit))
            }
            "param" => {
                let (param, value) = self.spec.values.iter().find(|(param, _)| param.name == name)?;
                Some(match param.kind {
                    Kind::Number { unit, .. } => Value::of_unit(self.spec.values.number(param) as f64, unit),
                    Kind::Choice(_) => Value::Text(value.to_string()),
                })
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

    fn queue(&self) -> Option<Value> {
        let resource = self.leaf()?.resource?;
        let waiting = self.trace.resources[resource as usize].at_with(self.found.at_ns, 0).waiting;
        Some(Value::Number(waiting.into()))
    }

    /// The task that ended the wait.
    fn by(&self) -> Option<String> {
        match find::wait_of(self.trace, &self.found)?.wake?.by {
            Waker::Task(by) => self.trace.tasks.get(by as usize).map(|by| by.name.clone()),
            Waker::Timer => Some("its timer".to_owned()),
            Waker::Scheduler | Waker::Budget | Waker::Schedule => Some("the scheduler".to_owned()),
            Waker::Io => Some("the socket".to_owned()),
            Waker::Blocking => Some("a blocking thread".to_owned()),
            Waker::Outside | Waker::Unknown => None,
        }
    }
}

/// The length of an operator with its spaces.
const OPERATOR: usize = 3;

/// The operator that begins with the space at this place.
fn operator_at(text: &str, at: usize) -> Option<char> {
    match text.as_bytes().get(at..at + OPERATOR)? {
        [b' ', operator @ (b'+' | b'-' | b'*' | b'/'), b' '] => Some(char::from(*operator)),
        _ => None,
    }
}

/// The outcome of a run that has one.
pub(crate) fn outcome(report: &Report) -> Option<&Outcome> {
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

/// Writes the noun that follows the number 1, which is in the plural in the text, in the singular. Returns the rest of the text.
fn after_one<'a>(filled: &mut String, after: &'a str) -> &'a str {
    const NO_NOUNS: [&str; 5] = ["fails", "has", "is", "its", "was"];
    let Some(from) = after.strip_prefix(' ') else { return after };
    let (noun, rest) = from.split_at(from.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(from.len()));
    if NO_NOUNS.contains(&noun) {
        return after;
    }
    filled.push(' ');
    filled.push_str(&unit_after(1.0, noun));
    rest
}

/// A number without needless decimals.
fn number(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

/// A time as people write it: `340 ms`, `3.5 s`.
pub fn time(ns: u64) -> String {
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
    fn a_noun_after_one_is_in_the_singular() {
        for (text, singular) in [
            (" workers share it", " worker share it"),
            (" fetches.", " fetch."),
            (" is left", " is left"),
            (", and two", ", and two"),
            (" ms", " ms"),
        ] {
            let mut filled = String::new();
            let rest = after_one(&mut filled, text);
            assert_eq!(format!("{filled}{rest}"), singular);
        }
    }

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
