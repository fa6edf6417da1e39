//! Asks a scenario's questions before a run, and answers them from the run.
//!
//! The scenario has no answer: it says which figure of the run is asked for, and which values are often taken for it. So an
//! answer holds for whatever parameters, seed and clock the run had.

use std::cmp::Ordering;

use scenario::Clock;
use scenario::question::{Answer, Choice, If, Question};
use scenario::story::When;
use trace::Trace;

pub use crate::story::figures::time;
use crate::story::figures::{Run, Value, outcome};
use crate::story::find::{self, Found};
use crate::story::{Told, story};
use crate::{Ending, Report, Spec};

/// A question, as it is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The question.
    pub question: &'static Question,
    /// Its text.
    pub text: String,
    /// What there is to choose from, in order; empty if a number is asked for.
    pub choices: Vec<String>,
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Given {
    /// The choice with this index.
    Choice(usize),
    /// A number.
    Number(f64),
    /// A time in nanoseconds.
    Time(u64),
}

/// The answer of a run to a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// The right answer.
    pub right: Given,
    /// The right answer as text.
    pub text: String,
    /// Why it is right.
    pub why: String,
    /// The stop of the story that shows it, by its place in the scenario's story; `None` if the run has no such stop.
    pub place: Option<usize>,
    /// When it can be seen, in nanoseconds since the run began.
    pub at_ns: u64,
    /// Answers that people often give, and what is wrong about each.
    typical: Vec<(Given, &'static str)>,
    clock: Clock,
}

/// The questions for a run with this spec.
pub fn ask(spec: &Spec) -> Vec<Asked> {
    let trace = Trace::default();
    let run = Run { spec, trace: &trace, report: None, found: Found::at(0, None) };
    let fill = |text: &str| run.fill(text).unwrap_or_else(|| text.to_owned());
    let asked = |question: &'static Question| {
        let choices = match question.answer {
            Answer::Choice(choices) => choices.iter().map(|choice| fill(choice.says)).collect(),
            Answer::Number { .. } | Answer::Time { .. } => Vec::new(),
        };
        Asked { question, text: fill(question.asks), choices }
    };
    spec.scenario.questions.iter().filter(|question| question.is_asked_at(&spec.values)).map(asked).collect()
}

/// What a run that is over answers to a question; `None` if it has no answer, because it was stopped, for example.
pub fn answer(spec: &Spec, trace: &Trace, report: &Report, question: &Question) -> Option<Answered> {
    let stop = stop(&story(spec, trace, Some(report)), spec, question.at);
    let found = find::find(trace, Some(report), question.at).unwrap_or(Found::at(report.elapsed_ns, None));
    let run = Run { spec, trace, report: Some(report), found };
    let given = |text: &str| run.value(text).and_then(|value| given(&value));
    let (right, text, typical) = match question.answer {
        Answer::Choice(choices) => {
            let right = choices.iter().position(|choice| holds(&run, choice))?;
            // Without an outcome nothing may be right, and the last choice would be.
            if choices[right].right == If::Otherwise && !is_decided(report) {
                return None;
            }
            (Given::Choice(right), run.fill(choices[right].says)?, Vec::new())
        }
        Answer::Number { is, typical } | Answer::Time { is, typical } => {
            let typical = typical.iter().filter_map(|(value, wrong)| Some((given(value)?, *wrong))).collect();
            (given(is)?, run.value(is)?.to_string(), typical)
        }
    };
    let why = run.fill(question.why).unwrap_or_default();
    // How long something lasts can be seen when it ends.
    let lasts = matches!(question.at, When::LongestWait(..) | When::LongestPoll(_));
    let at_ns = found.span.filter(|_| lasts).map_or(found.at_ns, |(_, end_ns)| end_ns);
    Some(Answered { right, text, why, place: stop, at_ns, typical, clock: spec.clock })
}

impl Answered {
    /// Whether an answer is right. A time may be a tenth too long or too short.
    pub fn is_right(&self, given: Given) -> bool {
        match (self.right, given) {
            (Given::Time(right), Given::Time(given)) => {
                let late = if self.clock == Clock::Real { LATE_NS } else { 0 };
                right.abs_diff(given) <= right / 10 + late
            }
            (right, given) => right == given,
        }
    }

    /// What is wrong about an answer that people often give.
    pub fn mistake(&self, given: Given) -> Option<&'static str> {
        self.typical.iter().find(|(typical, _)| *typical == given && !self.is_right(given)).map(|(_, wrong)| *wrong)
    }
}

/// How late timers and schedulers may be on the real clock, in nanoseconds.
const LATE_NS: u64 = 50_000_000;

fn given(value: &Value) -> Option<Given> {
    match value {
        Value::Number(number) => Some(Given::Number(*number)),
        Value::Time(ns) => Some(Given::Time(*ns as u64)),
        Value::Text(_) => None,
    }
}

/// The stop with this moment that is in a story.
fn stop(story: &[Told], spec: &Spec, at: When) -> Option<usize> {
    story.iter().map(|told| told.place).find(|place| spec.scenario.story[*place].when == at)
}

/// Whether a run shows all that a question can be about: it has an outcome, or can never have one.
fn is_decided(report: &Report) -> bool {
    outcome(report).is_some() || report.ending == Ending::Stalled
}

fn holds(run: &Run<'_>, choice: &Choice) -> bool {
    let compare = |a: &str, b: &str| run.value(a).zip(run.value(b)).and_then(|(a, b)| compare(&a, &b, run.spec.clock));
    match choice.right {
        If::Equal(a, b) => compare(a, b).is_some_and(Ordering::is_eq),
        If::Less(a, b) => compare(a, b).is_some_and(Ordering::is_lt),
        If::More(a, b) => compare(a, b).is_some_and(Ordering::is_gt),
        If::Occurs(when) => find::find(run.trace, run.report, when).is_some(),
        If::Holds(name) => {
            let outcome = run.report.and_then(outcome);
            outcome.is_some_and(|outcome| outcome.checks.iter().any(|check| check.name.starts_with(name) && check.holds))
        }
        If::Otherwise => true,
    }
}

/// Compares two figures. On the real clock, times are equal if timers and schedulers can be the reason that they differ.
fn compare(a: &Value, b: &Value, clock: Clock) -> Option<Ordering> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.partial_cmp(b),
        (Value::Time(a), Value::Time(b)) => {
            let late = if clock == Clock::Real { b * 0.15 + LATE_NS as f64 } else { 0.0 };
            if (a - b).abs() <= late { Some(Ordering::Equal) } else { a.partial_cmp(b) }
        }
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        _ => None,
    }
}
