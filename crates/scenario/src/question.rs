//! The questions of a scenario: what a user predicts before a run.
//!
//! No question has an answer of its own. The run that follows decides which choice is right, so a
//! question holds at any parameters.

use crate::param::Values;
use crate::story::{Occurs, When};

/// A question that is asked before a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// What is asked. `{param:NAME}` is replaced by a parameter.
    pub asks: &'static str,
    /// How it is answered.
    pub answer: Answer,
    /// Why the answer is what it is. Figures of the run are replaced, as in the text of a stop: see
    /// [`Stop::FIGURES`](crate::story::Stop::FIGURES).
    pub why: &'static str,
    /// The moment of the stop that shows the answer.
    pub at: When,
    /// Where it is asked.
    pub occurs: Occurs,
}

/// How a question is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// One of several choices. The first whose condition holds is right, and the last holds always.
    Choice(&'static [Choice]),
    /// A number that the user types.
    Number {
        /// The right value, as in [`If`].
        is: &'static str,
        /// Values that people often take for it, each with what is wrong about it.
        typical: &'static [(&'static str, &'static str)],
    },
    /// A time that the user types.
    Time {
        /// The right value, as in [`If`].
        is: &'static str,
        /// Values that people often take for it, each with what is wrong about it.
        typical: &'static [(&'static str, &'static str)],
    },
}

/// A choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// Its text. `{param:NAME}` is replaced by a parameter, and `{param:A * param:B}` by their product.
    pub says: &'static str,
    /// When it is right.
    pub right: If,
}

/// A condition on a run. Each value is a figure as in [`Stop::FIGURES`](crate::story::Stop::FIGURES), a number, a word in
/// single quotes, or several numbers with ` + `, ` - `, ` * ` and ` / ` between them, worked out from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum If {
    /// Both values are equal. On the real clock, times may differ by as much as timers are late.
    Equal(&'static str, &'static str),
    /// The first value is smaller.
    Less(&'static str, &'static str),
    /// The first value is greater.
    More(&'static str, &'static str),
    /// The moment is in the run.
    Occurs(When),
    /// The check whose name begins with these words holds.
    Holds(&'static str),
    /// None of the choices before is right.
    Otherwise,
}

impl Question {
    /// A question that is always asked.
    pub const fn new(asks: &'static str, answer: Answer, at: When, why: &'static str) -> Self {
        Self { asks, answer, why, at, occurs: Occurs::Always }
    }

    /// It is asked only where the parameter has this value, as the user would type it.
    #[must_use]
    pub const fn only(self, param: &'static str, value: &'static str) -> Self {
        Self { occurs: Occurs::At(param, value), ..self }
    }

    /// It is asked only where the parameter has another value than this one.
    #[must_use]
    pub const fn unless(self, param: &'static str, value: &'static str) -> Self {
        Self { occurs: Occurs::NotAt(param, value), ..self }
    }

    /// Whether it is asked at these values.
    pub fn is_asked_at(&self, values: &Values) -> bool {
        self.occurs.is_at(values)
    }
}

impl Choice {
    /// A choice that is right if the condition holds.
    pub const fn new(says: &'static str, right: If) -> Self {
        Self { says, right }
    }
}
