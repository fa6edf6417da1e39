//! Predictions as plain data: the questions, the user's answers, and what the run showed.

use std::collections::BTreeMap;

use engine::Spec;
use engine::question::{Answered, Asked, Given};
use scenario::{Kind, Param, Value};

use crate::app::session::Entry;

/// What is known about predictions.
#[derive(Debug, Default)]
pub struct Predict {
    /// Whether questions are asked before a run.
    pub on: bool,
    /// The questions of the run that is asked for, or that is on screen.
    pub prediction: Option<Prediction>,
    /// The last results, by scenario ID.
    pub scores: BTreeMap<&'static str, Score>,
}

/// How many predictions about a scenario were right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    /// The right ones.
    pub right: usize,
    /// All that were made.
    pub made: usize,
}

/// The questions about a run, with the user's answers.
#[derive(Debug)]
pub struct Prediction {
    /// The questions.
    pub questions: Vec<Asked>,
    /// The answers so far; fewer than questions if the user skipped the rest.
    pub given: Vec<Given>,
    /// The run that they are about.
    pub(super) spec: Spec,
    pub(super) entry: Entry,
    pub(super) state: State,
}

#[derive(Debug)]
pub(super) enum State {
    /// The questions are on screen, or the run has not started.
    Asking,
    /// The run goes on.
    Running,
    /// The run is over. The results are in order of time.
    Over(Vec<Compared>),
}

/// A prediction and what the run showed.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The user's answer as text.
    pub said: String,
    /// What the run answers.
    pub answered: Answered,
    /// Whether that is the same.
    pub is_right: bool,
    /// What is wrong about an answer that people often give.
    pub mistake: Option<&'static str>,
    /// Whether the cursor has stopped there.
    pub(super) is_shown: bool,
}

impl Prediction {
    /// The question that is to be answered next.
    pub fn current(&self) -> Option<&Asked> {
        self.questions.get(self.given.len())
    }

    /// The settings of the run in words: the numbers, the clock, the threads, and for each choice what it is about.
    pub fn values(&self) -> String {
        let all = || self.spec.values.iter();
        let number = |(param, value): (&Param, Value)| match param.kind {
            Kind::Number { unit: unit @ ("ms" | "%"), .. } => Some(format!("{} `{value} {unit}`", param.name.replace('_', " "))),
            Kind::Number { .. } => Some(format!("{} `{value}`", param.name.replace('_', " "))),
            Kind::Choice(_) => None,
        };
        let choice = |(param, value): (&Param, Value)| {
            matches!(param.kind, Kind::Choice(_)).then(|| format!("- {} `{value}`: {}", param.name.replace('_', " "), param.help))
        };
        let threads = match self.spec.workers {
            0 => "one thread".to_owned(),
            1 => "one worker".to_owned(),
            workers => format!("{workers} workers"),
        };
        let runs_on = format!("{} clock, {threads}", self.spec.clock.name());
        let numbers = all().filter_map(number).chain([runs_on]).collect::<Vec<_>>().join(", ");
        std::iter::once(numbers).chain(all().filter_map(choice)).collect::<Vec<_>>().join("\n")
    }

    /// The results, once the run is over.
    pub fn compared(&self) -> &[Compared] {
        if let State::Over(compared) = &self.state { compared } else { &[] }
    }
}
