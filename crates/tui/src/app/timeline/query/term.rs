//! The terms of a query: conditions on a task.

use std::ops::Range;

use trace::{Cause, Family};

/// Why a query is invalid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryError {
    /// The byte range that is wrong.
    pub span: Range<usize>,
    /// What is wrong, and what would be right.
    pub reason: String,
}

/// One condition, possibly negated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    /// Whether the condition must not hold.
    pub(super) not: bool,
    pub(super) asks: Asks,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asks {
    /// The name contains this text, in lower case.
    Name(String),
    State(Doing),
    Cause(CauseIs),
    Line {
        file: Option<String>,
        line: u32,
    },
    Number {
        of: Figure,
        is: Compare,
        value: u64,
    },
}

/// The states that a query can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    Running,
    Ready,
    Waiting,
    Alive,
    Ended,
    Completed,
    Failed,
    Cancelled,
    Panicked,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CauseIs {
    One(Cause),
    Any(Family),
}

/// A figure of a task; times in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Figure {
    Wait,
    Duration,
    Spawned,
    Polls,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compare {
    Less,
    AtMost,
    Equal,
    AtLeast,
    More,
}

impl Compare {
    pub(super) fn holds(self, a: u64, b: u64) -> bool {
        match self {
            Self::Less => a < b,
            Self::AtMost => a <= b,
            Self::Equal => a == b,
            Self::AtLeast => a >= b,
            Self::More => a > b,
        }
    }
}

impl Asks {
    /// Whether this is a condition on one wait, not on the task.
    pub(super) fn is_of_a_wait(&self) -> bool {
        matches!(self, Self::Cause(_) | Self::Line { .. } | Self::Number { of: Figure::Wait, .. })
    }
}
